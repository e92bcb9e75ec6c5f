//! The document `action/checksums.txt`: what the Action compares a downloaded program with.

use std::collections::HashSet;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail, ensure};
use semver::Version;

use crate::targets::{TARGETS, archive};

/// What the file says of itself, for those who read it.
pub const HEAD: &str = "\
# The checksums of the released program, which action/install compares with what it downloads.
# Written by `cargo run -p chart-release-shipping -- checksums`; never by hand.
#
#   version X.Y.Z                            one line, the first; the release is tagged vX.Y.Z
#   TARGET ARCHIVE BINARY FILE               one line for each target, parted by one space:
#     TARGET    the Rust target: {x86_64,aarch64}-{unknown-linux-musl,apple-darwin,pc-windows-msvc}
#     ARCHIVE   sha256 of the archive, 64 lower-case hex digits
#     BINARY    sha256 of the program inside it, likewise
#     FILE      the archive's name in the release: chart-release-X.Y.Z-TARGET.tar.gz, on every system; at its top lies
#               chart-release (Windows: chart-release.exe)
#
# Lines that begin with # say nothing. Where only such lines are, nothing was released yet.
";

/// One version's archives, in the order of [`TARGETS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksums {
    pub version: Version,
    pub archives: Vec<Archive>,
}

/// One target's archive; the sums are sha256, 64 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    pub target: String,
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
            ensure!(seen.insert(&archive.target), "{} stands there twice", archive.target);
        }
        Ok(Self { version, archives })
    }

    /// The document, head and all.
    pub fn written(&self) -> String {
        let mut text = format!("{HEAD}version {}\n", self.version);
        for Archive { target, archive, binary, file } in &self.archives {
            let _ = writeln!(text, "{target} {archive} {binary} {file}");
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

fn read_line(line: &str, version: &Version) -> Result<Archive> {
    let [target, sum, binary, file] = line.split(' ').collect::<Vec<_>>()[..] else {
        bail!("`{line}` does not have four words");
    };
    ensure!(TARGETS.contains(&target), "`{target}` is not one of our targets");
    ensure!(is_sum(sum) && is_sum(binary), "`{line}` does not have two sha256 of 64 lower-case hex digits");
    ensure!(file == archive(version, target), "`{file}` should be {}", archive(version, target));
    Ok(Archive { target: target.into(), archive: sum.into(), binary: binary.into(), file: file.into() })
}

fn is_sum(word: &str) -> bool {
    word.len() == 64 && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: &str = "x86_64-unknown-linux-musl";

    fn document() -> String {
        let (one, two) = ("1".repeat(64), "2".repeat(64));
        format!("{HEAD}version 1.2.3\n{LINUX} {one} {two} chart-release-1.2.3-{LINUX}.tar.gz\n")
    }

    #[test]
    fn what_is_written_is_what_was_read() {
        let read = Checksums::read(&document()).expect("a document");
        assert_eq!(read.version, Version::new(1, 2, 3));
        assert_eq!(read.archives[0].binary, "2".repeat(64));
        assert_eq!(read.written(), document());
        assert_eq!(read.sums(), format!("{}  chart-release-1.2.3-{LINUX}.tar.gz\n", "1".repeat(64)));
        assert_eq!(read.missing(), TARGETS[1..]);
    }

    #[test]
    fn the_committed_document_has_the_head_and_can_be_read_or_says_that_nothing_was_released() {
        let committed = include_str!("../../action/checksums.txt");
        assert!(committed.starts_with(HEAD));
        if committed != HEAD {
            let read = Checksums::read(committed).expect("a document");
            assert_eq!(read.missing(), [""; 0]);
            assert_eq!(read.written(), committed);
        }
    }

    #[test]
    fn what_the_action_could_not_use_is_refused() {
        let good = document();
        for (old, new, reason) in [
            ("version 1.2.3\n", "", "not a version line"),
            ("version 1.2.3", "version 1.2", "not a version"),
            ("version 1.2.3", "version 1.2.4", "should be chart-release-1.2.4"),
            ("1111 ", "1111  ", "four words"),
            ("1111 ", "111G ", "two sha256"),
            ("1111 ", "111 ", "two sha256"),
            ("\nx86_64-unknown-linux-musl", "\nx86_64-unknown-linux-gnu", "not one of our targets"),
            ("release-1.2.3-x86_64", "release-1.2.3-../x86_64", "should be"),
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
