//! The document `action/checksums.txt`: what the Action compares a downloaded program with.

use std::collections::HashSet;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail, ensure};
use semver::Version;

use crate::targets::{TARGETS, archive};

/// One version's archives, in the order of [`TARGETS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksums {
    pub version: Version,
    pub archives: Vec<Archive>,
}

/// One target's archive; the sums are sha256, 64 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    pub target: &'static str,
    pub archive: String,
    pub binary: String,
    pub file: String,
}

impl Checksums {
    /// Reads the document, and refuses what the Action could not use.
    pub fn read(text: &str) -> Result<Self> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let first = lines.next().context("there is no line with a version: nothing was released yet")?;
        let version =
            first.strip_prefix("version ").with_context(|| format!("`{first}` is not a version line"))?;
        let version: Version = version.parse().with_context(|| format!("`{version}` is not a version"))?;
        let archives: Vec<Archive> = lines.map(|line| read_line(line, &version)).collect::<Result<_>>()?;
        let mut seen = HashSet::new();
        for archive in &archives {
            ensure!(seen.insert(archive.target), "{} stands there twice", archive.target);
        }
        Ok(Self { version, archives })
    }

    /// The document below `head`: what it says of itself, which stays as it is.
    pub fn written(&self, head: &str) -> String {
        let mut text = format!("{head}version {}\n", self.version);
        for Archive { archive, binary, file, .. } in &self.archives {
            let _ = writeln!(text, "{archive} {binary} {file}");
        }
        text
    }

    /// The same sums of the archives as `sha256sum --check` reads them: the file SHA256SUMS of the release.
    pub fn sums(&self) -> String {
        self.archives.iter().fold(String::new(), |mut text, Archive { archive, file, .. }| {
            let _ = writeln!(text, "{archive}  {file}");
            text
        })
    }

    /// The targets that have no archive here.
    pub fn missing(&self) -> Vec<&'static str> {
        TARGETS.into_iter().filter(|target| !self.archives.iter().any(|one| one.target == *target)).collect()
    }
}

/// What a document says of itself for those who read it: its first lines that begin with `#`.
pub fn head(text: &str) -> &str {
    let lines = text.split_inclusive('\n').take_while(|line| line.starts_with('#'));
    &text[..lines.map(str::len).sum()]
}

fn read_line(line: &str, version: &Version) -> Result<Archive> {
    let [sum, binary, file] = line.split(' ').collect::<Vec<_>>()[..] else {
        bail!("`{line}` does not have three words");
    };
    ensure!(is_sum(sum) && is_sum(binary), "`{line}` does not have two sha256 of 64 lower-case hex digits");
    let target = TARGETS.into_iter().find(|target| file == archive(version, target));
    let target = target.with_context(|| format!("`{file}` is not the name of an archive of {version}"))?;
    Ok(Archive { target, archive: sum.into(), binary: binary.into(), file: file.into() })
}

fn is_sum(word: &str) -> bool {
    word.len() == 64 && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# What this is.\n#\n# More of it.\n";
    const LINUX: &str = "x86_64-unknown-linux-musl";

    fn document() -> String {
        let (one, two) = ("1".repeat(64), "2".repeat(64));
        format!("{HEAD}version 1.2.3\n{one} {two} chart-release-1.2.3-{LINUX}.tar.gz\n")
    }

    #[test]
    fn what_is_written_is_what_was_read() {
        let read = Checksums::read(&document()).expect("a document");
        assert_eq!(read.version, Version::new(1, 2, 3));
        assert_eq!(read.archives[0].binary, "2".repeat(64));
        assert_eq!(read.written(head(&document())), document());
        assert_eq!(read.sums(), format!("{}  chart-release-1.2.3-{LINUX}.tar.gz\n", "1".repeat(64)));
        assert_eq!(read.missing(), TARGETS[1..]);
    }

    #[test]
    fn the_committed_document_can_be_read_or_says_that_nothing_was_released() {
        let committed = include_str!("../../action/checksums.txt");
        assert!(head(committed).contains("version VERSION"));
        if committed != head(committed) {
            let read = Checksums::read(committed).expect("a document");
            assert_eq!(read.missing(), [""; 0]);
            assert_eq!(read.written(head(committed)), committed);
        }
    }

    #[test]
    fn what_the_action_could_not_use_is_refused() {
        let good = document();
        for (old, new, reason) in [
            ("version 1.2.3\n", "", "not a version line"),
            ("version 1.2.3", "version 1.2", "not a version"),
            ("version 1.2.3", "version 1.2.4", "not the name of an archive of 1.2.4"),
            ("1111 ", "1111  ", "three words"),
            ("1111 ", "111G ", "two sha256"),
            ("1111 ", "111 ", "two sha256"),
            ("linux-musl", "linux-gnu", "not the name of an archive"),
            ("chart-release-1.2.3", "../chart-release-1.2.3", "not the name of an archive"),
        ] {
            let damaged = good.replacen(old, new, 1);
            assert_ne!(damaged, good, "{old}");
            let said = format!("{:#}", Checksums::read(&damaged).expect_err(new));
            assert!(said.contains(reason), "{said}");
        }
        let line = good.lines().last().expect("a line");
        let said = Checksums::read(&format!("{good}{line}\n")).expect_err("twice").to_string();
        assert!(said.contains("twice"), "{said}");
        let said = Checksums::read(HEAD).expect_err("nothing").to_string();
        assert!(said.contains("nothing was released yet"), "{said}");
    }
}
