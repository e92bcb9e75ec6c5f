//! The bare git repository behind the fake GitHub, asked with the program `git`.

use std::{collections::BTreeMap, path::PathBuf, process::Command};

pub struct Git {
    bare: PathBuf,
}

/// What a tag's name leads to.
pub struct Object {
    pub sha: String,
    /// `commit`, or `tag` for an annotated one.
    pub kind: String,
}

impl Git {
    pub fn new(bare: PathBuf) -> Self {
        Self { bare }
    }

    /// What git prints; nothing when it fails.
    pub fn ask(&self, arguments: &[&str]) -> Option<Vec<u8>> {
        let mut command = Command::new("git");
        command.env_remove("GIT_DIR").env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        let output = command.arg("--git-dir").arg(&self.bare).args(arguments).output().expect("git runs");
        output.status.success().then_some(output.stdout)
    }

    pub fn text(&self, arguments: &[&str]) -> Option<String> {
        let text = String::from_utf8(self.ask(arguments)?).expect("git prints text");
        Some(text.trim_end().to_owned())
    }

    pub fn default_branch(&self) -> String {
        self.text(&["symbolic-ref", "--short", "HEAD"]).unwrap_or_else(|| "main".into())
    }

    /// The commit at the end of the default branch.
    pub fn newest(&self) -> Option<String> {
        self.text(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
    }

    /// The commit that a release's target means: a branch, or a whole commit id; the default branch when it is empty.
    pub fn target(&self, target: &str) -> Option<String> {
        if target.is_empty() {
            return self.newest();
        }
        let commit = |name: String| {
            self.text(&[
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                &format!("{name}^{{commit}}"),
            ])
        };
        let whole = target.len() == 40 && target.bytes().all(|byte| byte.is_ascii_hexdigit());
        match whole {
            true => commit(target.to_owned()),
            false => commit(format!("refs/heads/{}", target.trim_start_matches("refs/heads/"))),
        }
    }

    pub fn tag_commit(&self, tag: &str) -> Option<String> {
        self.text(&["rev-parse", "--verify", "--quiet", &format!("refs/tags/{tag}^{{commit}}")])
    }

    /// Makes a tag where there is none.
    pub fn make_tag(&self, tag: &str, commit: &str) {
        let made = self.ask(&["update-ref", &format!("refs/tags/{tag}"), commit, ""]);
        assert!(made.is_some(), "the tag {tag} can be made");
    }

    pub fn is_tag_name(&self, tag: &str) -> bool {
        self.ask(&["check-ref-format", &format!("refs/tags/{tag}")]).is_some()
    }

    /// The references below a prefix, by their full names.
    pub fn references(&self, prefix: &str) -> BTreeMap<String, Object> {
        let format = "--format=%(objectname) %(objecttype) %(refname)";
        let listed = self.text(&["for-each-ref", format]).unwrap_or_default();
        let lines = listed.lines().filter_map(|line| {
            let mut words = line.splitn(3, ' ').map(ToOwned::to_owned);
            Some((words.next()?, words.next()?, words.next()?))
        });
        lines
            .filter(|(_, _, name)| name.starts_with(prefix))
            .map(|(sha, kind, name)| (name, Object { sha, kind }))
            .collect()
    }

    /// The tags and their commits.
    pub fn tags(&self) -> BTreeMap<String, String> {
        let names = self.references("refs/tags/").into_keys();
        names
            .filter_map(|name| {
                let tag = name.strip_prefix("refs/tags/")?.to_owned();
                let commit = self.tag_commit(&tag)?;
                Some((tag, commit))
            })
            .collect()
    }

    /// The committer's time, in seconds.
    pub fn time(&self, commit: &str) -> i64 {
        let time = self.text(&["show", "--no-patch", "--format=%ct", commit]).expect("a commit");
        time.parse().expect("a number")
    }
}
