//! The text that is signed: what a package says of itself, and its digest.

use crate::{
    charts::{Metadata, yaml},
    digest::Digest,
    packages::Package,
    problem::Problem,
};
use serde_json::json;
use std::borrow::Cow;

/// Parts the metadata from the digests. `---` cannot stand in a signed message.
const SEPARATOR: &[u8] = b"\n...\n";
/// What a problem names.
const FILE: &str = "the signed text";

/// The text of a package, as Helm writes it: its Chart.yaml, for apiVersion v1 with the dependencies of its
/// requirements.yaml, and the digest of its file.
pub(super) fn write(package: &Package) -> Result<String, Problem> {
    let metadata = package.metadata.to_yaml()?;
    let files = yaml::write(&json!({"files": {package.is.package_file(): package.digest.to_string()}}))?;
    Ok(format!("{metadata}\n...\n{files}"))
}

/// A text that was signed.
#[derive(Debug)]
pub(super) struct SignedText<'a> {
    metadata: &'a [u8],
    /// Names of files, and what is said of their digests.
    files: Vec<(String, String)>,
}

impl<'a> SignedText<'a> {
    /// Reads what anybody signed, as Helm does: the second part counts, what comes after another separator does not.
    pub(super) fn read(text: &'a [u8]) -> Result<Self, Problem> {
        let parted = memchr::memmem::find(text, SEPARATOR);
        let Some(at) = parted else {
            return Err(Problem::new("the signed text is not that of a chart: it has no part with digests")
                .next("check that this is the .prov file of the package"));
        };
        let rest = &text[at + SEPARATOR.len()..];
        let rest = &rest[..memchr::memmem::find(rest, SEPARATOR).unwrap_or(rest.len())];
        let document = yaml::read(FILE, rest)?;
        let files = document.get("files").map(yaml::Node::entries).unwrap_or_default();
        let of = |node: &yaml::Node| node.coerced().map(Cow::into_owned);
        let files = files.iter().filter_map(|(name, digest)| Some((of(name)?, of(digest)?))).collect();
        Ok(Self { metadata: &text[..at], files })
    }

    /// Checks that this is the digest of the file of this name.
    pub(super) fn check(&self, file: &str, digest: Digest) -> Result<(), Problem> {
        // As in a map, the last one of a name counts.
        let Some((_, said)) = self.files.iter().rev().find(|(name, _)| name == file) else {
            let names: Vec<_> = self.files.iter().map(|(name, _)| format!("`{name}`")).collect();
            let names = if names.is_empty() { "no file".to_owned() } else { names.join(", ") };
            return Err(Problem::new(format!("the provenance is that of {names}, and not of `{file}`"))
                .next("give the package the name under which it was published"));
        };
        if *said == digest.to_string() {
            return Ok(());
        }
        Err(Problem::new(format!(
            "the package is not the one that was signed: it has {digest}, and signed is {said}"
        ))
        .next("do not use it; fetch package and provenance anew, and ask the publisher if they still differ"))
    }

    /// What is signed of the package and is not so, though its bytes are those that were signed. Helm does not look.
    pub(super) fn differing(&self, metadata: &Metadata) -> Option<Problem> {
        let next =
            "tell the publisher: who reads the provenance is told something else than who installs the chart";
        match Metadata::read(FILE, self.metadata) {
            Err(problem) => {
                Some(Problem::new(format!("the signed metadata cannot be read: {problem}")).next(next))
            }
            Ok(signed) if signed == *metadata => None,
            Ok(signed) => {
                let (signed, packaged) = (signed.to_value(), metadata.to_value());
                let keys = signed.keys().chain(packaged.keys().filter(|key| !signed.contains_key(*key)));
                let keys: Vec<&str> =
                    keys.filter(|key| signed.get(*key) != packaged.get(*key)).map(String::as_str).collect();
                let what =
                    format!("the signed metadata is not that of the package: {} differ", keys.join(", "));
                Some(Problem::new(what).next(next))
            }
        }
    }
}
