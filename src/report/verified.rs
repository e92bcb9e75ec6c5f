//! What `verify` found, for people and as the JSON document `chart-release/verify/1`.

use super::{
    ExitCode,
    documents::{Told, told},
    text::{self, GOOD, QUIET, painted, shown},
};
use crate::{charts::time::rfc_3339, digest::Digest, problem::Problem, provenance::Verified};
use serde::Serialize;

/// The `schema` of the document.
pub const VERIFY: &str = "chart-release/verify/1";

/// A file, and what was found.
pub type Checked = (String, Result<Verified, Problem>);

/// 0 when all are what was signed, else 1.
pub fn exit_code(files: &[Checked]) -> ExitCode {
    match files.iter().all(|(_, found)| found.is_ok()) {
        true => ExitCode::Done,
        false => ExitCode::Act,
    }
}

/// The files that are what was signed, and by whom.
pub fn text(files: &[Checked]) -> String {
    let good = files.iter().filter_map(|(file, found)| Some((file, found.as_ref().ok()?)));
    good.map(|(file, verified)| {
        let mut lines = vec![format!("{} {}", painted(GOOD, "verified"), shown(file))];
        let mut tell =
            |key: &str, value: &str| lines.push(format!("  {} {}", painted(QUIET, key), shown(value)));
        verified.signed_by.iter().for_each(|name| tell("signed by:", name));
        tell("with the key:", &verified.fingerprint);
        tell("at:", &rfc_3339(verified.signed_at).unwrap_or_default());
        tell("digest:", &verified.package.to_string());
        lines.join("\n") + "\n"
    })
    .collect()
}

/// What somebody has to know of them: for stderr.
pub fn problems(files: &[Checked]) -> Vec<String> {
    let of_file = |(file, found): &Checked| match found {
        Ok(verified) => {
            verified.notes.iter().map(|note| text::notice(&note.clone().in_file(file))).collect::<Vec<_>>()
        }
        Err(problem) => vec![text::error(problem)],
    };
    files.iter().flat_map(of_file).collect()
}

/// `chart-release verify --json`.
#[derive(Debug, Serialize)]
pub struct VerifyDocument {
    /// `chart-release/verify/1`.
    pub schema: &'static str,
    /// The exit code of the command.
    pub exit_code: u8,
    /// In the order in which they were named.
    pub files: Vec<CheckedFile>,
}

/// One package.
#[derive(Debug, Serialize)]
pub struct CheckedFile {
    /// As it was named.
    pub file: String,
    /// Whether it is what somebody of the keyring signed.
    pub verified: bool,
    /// The identities of the key, the primary one first.
    pub signed_by: Vec<String>,
    /// Of the primary key, in upper-case hex.
    pub fingerprint: Option<String>,
    /// RFC 3339, as the signature says.
    pub signed_at: Option<String>,
    /// Of the package.
    pub digest: Option<Digest>,
    /// What is signed beside the digest and is not so.
    pub notes: Vec<Told>,
    /// Why it is not verified.
    pub problem: Option<Told>,
}

/// The document of what was found.
pub fn document(files: &[Checked]) -> VerifyDocument {
    let of_file = |(file, found): &Checked| {
        let verified = found.as_ref().ok();
        CheckedFile {
            file: file.clone(),
            verified: verified.is_some(),
            signed_by: verified.map(|one| one.signed_by.clone()).unwrap_or_default(),
            fingerprint: verified.map(|one| one.fingerprint.clone()),
            signed_at: verified.and_then(|one| rfc_3339(one.signed_at)),
            digest: verified.map(|one| one.package),
            notes: verified.map(|one| one.notes.iter().map(told).collect()).unwrap_or_default(),
            problem: found.as_ref().err().map(told),
        }
    };
    VerifyDocument {
        schema: VERIFY,
        exit_code: exit_code(files).number(),
        files: files.iter().map(of_file).collect(),
    }
}
