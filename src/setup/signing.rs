//! The key that packages are signed with, from where the configuration says it is.

use crate::{
    config::{Config, Signing, Source, key_bytes},
    doors::away::blocking,
    problem::Problem,
    provenance::Key,
    secret::Secret,
};
use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// No key and no passphrase is larger; a device is.
const LARGEST: u64 = 1 << 24;

/// What signs, and what must not be packaged because of it.
pub(super) struct Signer {
    pub key: Key,
    passphrase: Option<Secret>,
}

impl Signer {
    /// The passphrase, where it is long enough to be told from ordinary text.
    pub fn passphrase(&self) -> Option<Secret> {
        Secret::new(self.passphrase.as_ref()?.expose()).ok()
    }
}

/// The key that is configured, opened. `None` when nothing is signed.
///
/// # Errors
/// It is not there, cannot be read or opened, or is not the one key that is meant.
pub(super) async fn signer(config: &Config) -> Result<Option<Signer>, Problem> {
    let Some(signing) = config.signing.clone() else { return Ok(None) };
    blocking("reading the key that signs", move || read(&signing)).await.map(Some)
}

/// The files with the key and with what opens it: they are never packaged.
pub(super) fn files(config: &Config) -> impl Iterator<Item = &Path> {
    let sources = config.signing.iter().flat_map(|signing| [&signing.key, &signing.passphrase]);
    sources.flatten().filter_map(|source| match source {
        Source::File(path) => Some(path.as_path()),
        Source::Variable { .. } => None,
    })
}

fn read(signing: &Signing) -> Result<Signer, Problem> {
    let passphrase = signing.passphrase.as_ref().map(passphrase).transpose()?;
    let Some(source) = &signing.key else { return Err(no_key("nobody says where it is")) };
    let keyring = match source {
        Source::File(path) => {
            let missing = || of(source, no_key("its file is not there"));
            bytes(path, "the key that signs")?.ok_or_else(missing)?
        }
        Source::Variable { value, .. } => key_bytes(value.expose()).ok_or_else(|| {
            of(source, Problem::new("this is neither an armoured key nor Base64")).next(
                "set it to what `gpg --armor --export-secret-keys` writes, from its first to its last line",
            )
        })?,
    };
    let now = jiff::Timestamp::now().as_second();
    let key = Key::read(&keyring, signing.name.as_deref(), passphrase.as_ref(), now)
        .map_err(|problem| of(source, problem))?;
    Ok(Signer { key, passphrase })
}

/// A problem with what is in a file or a variable.
fn of(source: &Source, problem: Problem) -> Problem {
    match source {
        Source::File(path) => problem.in_file(path.display().to_string()),
        Source::Variable { told, .. } => Problem { what: format!("{told}: {}", problem.what), ..problem },
    }
}

/// The first line of a file, as Helm reads it, or of a variable.
fn passphrase(source: &Source) -> Result<Secret, Problem> {
    let text = match source {
        Source::Variable { value, .. } => value.expose().to_owned(),
        Source::File(path) => {
            let wrong = |what: &str| {
                of(source, Problem::new(format!("the file with the passphrase {what}")))
                    .next("let --passphrase-file be a file with the passphrase in its first line")
            };
            let bytes = bytes(path, "the passphrase")?.ok_or_else(|| wrong("is not there"))?;
            String::from_utf8(bytes).map_err(|_| wrong("is no text"))?
        }
    };
    Ok(Secret::any(text.lines().next().unwrap_or_default()))
}

fn no_key(why: &str) -> Problem {
    Problem::new(format!("the packages are to be signed, and there is no key: {why}"))
        .next("name its file with --keyring FILE, or put the key itself into CHART_RELEASE_SIGNING_KEY")
}

/// What is in a file, which may be a pipe; `None` when it is not there.
fn bytes(path: &Path, what: &str) -> Result<Option<Vec<u8>>, Problem> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    let refused = |why: &str| {
        let problem = Problem::new(format!("cannot read {what}: {why}"));
        Err(problem.in_file(path.display().to_string()).next("name a file that can be read"))
    };
    match read {
        Ok(_) if bytes.len() as u64 > LARGEST => refused(&format!("it has more than {LARGEST} bytes")),
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => refused(&error.to_string()),
    }
}
