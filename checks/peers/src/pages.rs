//! A pages branch: a bare repository that is pushed to, and a clone by real git, which is served.

use crate::{
    commands::{git, run},
    published::Published,
    world::World,
};
use anyhow::{Context, Result, ensure};
use std::{fs, path::PathBuf};

pub const BRANCH: &str = "gh-pages";

pub struct Pages {
    remote: PathBuf,
    /// What the branch holds, after [`Pages::fetch`].
    pub files: Published,
    /// What people give to `helm repo add`.
    pub url: String,
    home: PathBuf,
}

impl Pages {
    /// An empty repository, without the branch.
    pub fn new(world: &World) -> Result<Self> {
        let pages = Self {
            remote: world.folder("pages-remote")?,
            files: Published(world.folder("pages")?),
            url: String::new(),
            home: world.folder("pages-home")?,
        };
        run(git(&pages.remote, &pages.home).args(["init", "--quiet", "--bare", "--initial-branch=main"]))?;
        pages.git(&["init", "--quiet", "--initial-branch=main"])?;
        pages.git(&["remote", "add", "origin", &pages.remote()])?;
        let served = pages.files.0.clone();
        Ok(Self { url: crate::served::serve(served)?, ..pages })
    }

    /// Where the program pushes to.
    pub fn remote(&self) -> String {
        format!("file://{}", self.remote.display())
    }

    /// The commit of the branch; none where there is no branch.
    pub fn tip(&self) -> Result<Option<String>> {
        let said = self.git(&["ls-remote", "origin", &format!("refs/heads/{BRANCH}")])?;
        Ok(said.split_whitespace().next().map(str::to_owned))
    }

    /// Checks out what the branch holds now. A branch that does not go on from what it held is an error.
    pub fn fetch(&self) -> Result<()> {
        self.git(&["fetch", "--quiet", "origin", BRANCH])?;
        self.git(&["checkout", "--quiet", "-B", BRANCH])?;
        self.git(&["merge", "--quiet", "--ff-only", "FETCH_HEAD"])?;
        self.git(&["fsck", "--strict"])?;
        Ok(())
    }

    /// A commit by somebody else, who changes the checked-out files.
    pub fn commit_by_somebody(
        &self,
        message: &str,
        change: impl FnOnce(&Published) -> Result<()>,
    ) -> Result<()> {
        self.git(&["checkout", "--quiet", "-B", BRANCH])?;
        change(&self.files)?;
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message", message])?;
        self.git(&["push", "--quiet", "origin", BRANCH])?;
        Ok(())
    }

    /// A clone by real git, in a new folder.
    pub fn cloned(&self, world: &World) -> Result<Published> {
        let clone = world.folder("clone")?;
        run(git(&clone, &self.home).args(["clone", "--quiet", "--branch", BRANCH, &self.remote(), "."]))?;
        fs::remove_dir_all(clone.join(".git"))?;
        Ok(Published(clone))
    }

    /// Fails when a commit after the first, or after `since`, takes away a line, a file or a package's bytes.
    pub fn only_adds(&self, since: Option<&str>) -> Result<()> {
        let commits = self.git(&["rev-list", "--reverse", BRANCH])?;
        let commits: Vec<&str> = commits.lines().collect();
        let first = since.or_else(|| commits.first().copied()).context("no commits")?;
        let range = format!("{first}..{BRANCH}");
        let log = self.git(&["log", "--patch", "--format=commit %s", "--no-renames", &range])?;
        ensure!(log.lines().any(|line| line.starts_with('+')), "no diffs in {range}");
        // With `--- ` an old file's name begins. The time of the index is no line of a version, and an empty index says
        // that it is empty.
        let spared = |line: &str| {
            line.starts_with("--- ") || line.starts_with("-generated: ") || line == "-entries: {}"
        };
        let gone: Vec<&str> = log.lines().filter(|line| line.starts_with('-') && !spared(line)).collect();
        ensure!(gone.is_empty(), "lines have gone:\n{}", gone.join("\n"));
        let changed = self.git(&["log", "--name-status", "--format=", "--no-renames", &range])?;
        for line in changed.lines().filter(|line| !line.is_empty()) {
            ensure!(line.starts_with('A') || line == "M\tindex.yaml", "more than added: {line}");
        }
        Ok(())
    }

    pub fn git(&self, words: &[&str]) -> Result<String> {
        Ok(String::from_utf8(run(git(&self.files.0, &self.home).args(words))?)?)
    }
}
