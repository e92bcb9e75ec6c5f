//! `chart-release verify`: files on disk against a keyring on disk.

use super::{arguments::Verify, print};
use crate::{
    doors::disk,
    problem::Problem,
    progress,
    provenance::{self, Keyring, Verified},
    report::{ExitCode, documents, text, verified},
    secret::Redaction,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

/// Checks what was named, tells what it found, and gives the exit code.
pub(super) fn verify(asked: &Verify, environment: &BTreeMap<String, String>, redaction: &Redaction) -> u8 {
    let tell = |told: &str| progress::tell(redaction, told);
    let keyring = match keyring(asked.keyring.as_deref(), environment) {
        Ok(keyring) => keyring,
        Err(problem) => {
            tell(&text::error(&problem));
            return ExitCode::Usage.number();
        }
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let of_file = |file: &PathBuf| {
        let name = file.display().to_string();
        let found = check(&keyring, file, now);
        (
            name.clone(),
            found.map_err(|problem| if problem.place.is_none() { problem.in_file(name) } else { problem }),
        )
    };
    let files: Vec<_> = asked.files.iter().map(of_file).collect();
    verified::problems(&files).iter().for_each(|told| tell(told));
    let data = match asked.json {
        true => documents::json(&verified::document(&files)),
        false => verified::text(&files),
    };
    match print(redaction, &data) {
        Ok(()) => verified::exit_code(&files).number(),
        Err(problem) => {
            tell(&text::error(&problem));
            ExitCode::of(&problem).number()
        }
    }
}

fn check(keyring: &Keyring, file: &Path, now: i64) -> Result<Verified, Problem> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    if !file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tgz")) {
        return Err(Problem::new("only packages can be verified, and their names end with .tgz"));
    }
    let package = disk::read(file)?.ok_or_else(|| Problem::new("there is no such file"))?;
    let beside = PathBuf::from(format!("{}.prov", file.display()));
    let provenance = disk::read(&beside)?.ok_or_else(|| {
        Problem::new(format!("the package has no provenance: there is no {name}.prov beside it"))
            .next("fetch it from where the package is from: `helm pull --prov`; not every package has one")
    })?;
    provenance::verify(keyring, &name, &package, &provenance, now)
}

/// The keyring that was named, or the one of GnuPG as Helm 4.3 takes it: `pubring.gpg`, also where it is empty, else
/// `pubring.kbx`.
fn keyring(named: Option<&Path>, environment: &BTreeMap<String, String>) -> Result<Keyring, Problem> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => {
            let set = |name: &str| environment.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
            let home = || Some(set("HOME").or_else(|| set("USERPROFILE"))?.join(".gnupg"));
            let folder = set("GNUPGHOME").or_else(home).ok_or_else(|| {
                Problem::new("there is no keyring: neither GNUPGHOME nor HOME is set").next(NAME_ONE)
            })?;
            let old = folder.join("pubring.gpg");
            if disk::exists(&old)? { old } else { folder.join("pubring.kbx") }
        }
    };
    let told = path.display().to_string();
    let bytes = disk::read(&path)?
        .ok_or_else(|| Problem::new(format!("there is no keyring {told}")).next(NAME_ONE))?;
    Keyring::read(&bytes).map_err(|problem| problem.in_file(told))
}

const NAME_ONE: &str = "name a file with the public key of the publisher: --keyring FILE";
