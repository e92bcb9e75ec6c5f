//! The folder with the files of a release: made by the builds, or downloaded from the draft.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use flate2::read::GzDecoder;
use semver::Version;
use sha2::{Digest as _, Sha256};

use crate::checksums::{Archive, Checksums};
use crate::targets::{TARGETS, archive, program};

/// The sums of all archives, for people with `sha256sum`.
pub const SUMS: &str = "SHA256SUMS";

/// The checksums of the archives in `folder`. Fails where it holds something else than archives of this version (and
/// [`SUMS`]), or an archive that is not what the Action unpacks.
pub fn checksums(folder: &Path, version: &Version) -> Result<Checksums> {
    let mut names = names(folder)?;
    names.remove(SUMS);
    let mut archives = Vec::new();
    for target in TARGETS {
        let file = archive(version, target);
        if names.remove(&file) {
            let path = folder.join(&file);
            let (archive, binary) =
                sums(&path, program(target)).with_context(|| path.display().to_string())?;
            archives.push(Archive { target, archive, binary, file });
        }
    }
    ensure!(names.is_empty(), "{} holds what is no archive of {version}: {}", folder.display(), list(&names));
    ensure!(!archives.is_empty(), "{} holds no archive of {version}", folder.display());
    Ok(Checksums { version: version.clone(), archives })
}

/// Makes sure that `folder` holds exactly the files of the release that `promised` tells of, to the byte.
pub fn verify(folder: &Path, promised: &Checksums) -> Result<()> {
    let expected: BTreeSet<String> =
        promised.archives.iter().map(|one| one.file.clone()).chain([SUMS.to_owned()]).collect();
    let names = names(folder)?;
    let missing: BTreeSet<String> = expected.difference(&names).cloned().collect();
    let foreign: BTreeSet<String> = names.difference(&expected).cloned().collect();
    ensure!(missing.is_empty(), "missing: {}", list(&missing));
    ensure!(foreign.is_empty(), "nobody expects: {}", list(&foreign));
    let found = checksums(folder, &promised.version)?;
    for (promised, found) in promised.archives.iter().zip(&found.archives) {
        ensure!(
            promised == found,
            "{} differs: {} was promised, and {} is there",
            promised.file,
            promised.archive,
            found.archive
        );
    }
    ensure!(fs::read_to_string(folder.join(SUMS))? == promised.sums(), "{SUMS} tells of other files");
    Ok(())
}

/// The files in the folder; folders in it are no part of a release.
fn names(folder: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            names.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

fn list(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The sha256 of the archive, and of the program at its root or in one folder.
fn sums(path: &Path, program: &str) -> Result<(String, String)> {
    let mut file = File::open(path)?;
    let whole = sum(&mut file)?;
    file.rewind()?;
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        let name = name.strip_prefix("./").unwrap_or(&name);
        if name == program || name.split_once('/').is_some_and(|(_, name)| name == program) {
            ensure!(entry.header().entry_type().is_file(), "{program} in it is not a file");
            return Ok((whole, sum(&mut entry)?));
        }
    }
    bail!("it has no {program} at its root or in one folder")
}

fn sum(bytes: &mut impl Read) -> Result<String> {
    let mut hasher = Sha256::new();
    io::copy(bytes, &mut Writing(&mut hasher))?;
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What is written is summed up.
struct Writing<'a>(&'a mut Sha256);

impl io::Write for Writing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tempfile::TempDir;

    use super::*;

    const VERSION: Version = Version::new(1, 2, 3);

    fn pack(folder: &Path, target: &str, entry: &str, bytes: &[u8]) {
        let file = File::create(folder.join(archive(&VERSION, target))).expect("a file");
        let mut builder = tar::Builder::new(GzEncoder::new(file, Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o755);
        builder.append_data(&mut header, entry, bytes).expect("an entry");
        builder.into_inner().expect("an archive").finish().expect("a stream");
    }

    fn built() -> (TempDir, Checksums) {
        let folder = TempDir::new().expect("a folder");
        for target in TARGETS {
            pack(folder.path(), target, program(target), target.as_bytes());
        }
        let checksums = checksums(folder.path(), &VERSION).expect("checksums");
        fs::write(folder.path().join(SUMS), checksums.sums()).expect("a file");
        (folder, checksums)
    }

    fn refusal(folder: &Path, promised: &Checksums) -> String {
        format!("{:#}", verify(folder, promised).expect_err("a refusal"))
    }

    #[test]
    fn the_sums_are_those_that_other_programs_tell() {
        let (folder, checksums) = built();
        assert_eq!(checksums.missing(), [""; 0]);
        // printf x86_64-unknown-linux-musl | sha256sum
        assert_eq!(
            checksums.archives[0].binary,
            "11a7f97d7c53e609ba9fb10d25657f4474d2bfc81353533ddaec0ab2ca688e9c"
        );
        verify(folder.path(), &checksums).expect("the same files");
        let written = Checksums::read(&checksums.written("# Head.\n")).expect("a document");
        assert_eq!(written, checksums);
    }

    #[test]
    fn another_byte_in_an_archive_is_found() {
        let (folder, checksums) = built();
        pack(folder.path(), TARGETS[3], program(TARGETS[3]), b"something else");
        assert!(refusal(folder.path(), &checksums).contains("aarch64-apple-darwin.tar.gz differs"));
    }

    #[test]
    fn a_missing_and_a_foreign_file_are_found() {
        let (folder, checksums) = built();
        fs::write(folder.path().join("notes.txt"), "").expect("a file");
        assert!(refusal(folder.path(), &checksums).contains("nobody expects: notes.txt"));
        fs::remove_file(folder.path().join("notes.txt")).expect("it is there");
        fs::remove_file(folder.path().join(archive(&VERSION, TARGETS[5]))).expect("it is there");
        assert!(
            refusal(folder.path(), &checksums).contains("missing: chart-release-1.2.3-aarch64-pc-windows")
        );
    }

    #[test]
    fn sums_of_other_files_are_found() {
        let (folder, checksums) = built();
        fs::write(folder.path().join(SUMS), "").expect("a file");
        assert!(refusal(folder.path(), &checksums).contains("SHA256SUMS tells of other files"));
    }

    #[test]
    fn an_archive_without_the_program_where_it_is_looked_for_is_refused() {
        let (folder, _) = built();
        pack(folder.path(), TARGETS[0], "chart-release-1.2.3/bin/chart-release", b"deeper");
        let said = format!("{:#}", checksums(folder.path(), &VERSION).expect_err("a refusal"));
        assert!(said.contains("no chart-release at its root"), "{said}");
    }

    #[test]
    fn archives_of_another_version_are_refused() {
        let (folder, _) = built();
        let said = checksums(folder.path(), &Version::new(1, 2, 4)).expect_err("a refusal").to_string();
        assert!(
            said.contains("no archive of 1.2.4: chart-release-1.2.3-aarch64-apple-darwin.tar.gz"),
            "{said}"
        );
    }
}
