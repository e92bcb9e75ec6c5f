//! The `.prov` of a package: an OpenPGP signature over its metadata and digest, as Helm writes and reads it.

use crate::{digest::Digest, packages::Package, problem::Problem, secret::Secret};
use bytes::Bytes;

/// A secret key that signs packages.
#[derive(Clone, Debug)]
pub struct Key {}

impl Key {
    /// The key of this keyring, armoured or binary, that `wanted` (a name, an e-mail address or a fingerprint) means; the
    /// only one there is without it.
    ///
    /// # Errors
    /// What is no keyring, no key or several that are meant, one that cannot sign, a wrong passphrase.
    pub fn read(
        _keyring: &[u8],
        _wanted: Option<&str>,
        _passphrase: Option<&Secret>,
    ) -> Result<Self, Problem> {
        Err(Problem::new("signing is not there yet"))
    }

    /// The `.prov` of this package, signed at `created` (seconds since 1970): equal input gives equal bytes. Computes
    /// for a while.
    ///
    /// # Errors
    /// Metadata that cannot be written, a key that cannot sign any more.
    pub fn sign(&self, _package: &Package, _created: i64) -> Result<Bytes, Problem> {
        Err(Problem::new("signing is not there yet"))
    }
}

/// Public keys that signatures are checked against.
#[derive(Clone, Debug)]
pub struct Keyring {}

impl Keyring {
    /// Reads a keyring: binary, armoured, or a keybox of GnuPG.
    ///
    /// # Errors
    /// What is none of them.
    pub fn read(_bytes: &[u8]) -> Result<Self, Problem> {
        Err(Problem::new("verifying is not there yet"))
    }
}

/// Who signed a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The identities of the key.
    pub signed_by: Vec<String>,
    /// Of the key, in upper-case hex.
    pub fingerprint: String,
    /// Of the package.
    pub package: Digest,
}

/// Checks that this provenance was signed by a key of the keyring, and says of the file `file` what these bytes are.
///
/// # Errors
/// Which of it is not so.
pub fn verify(
    _keyring: &Keyring,
    _file: &str,
    _package: &[u8],
    _provenance: &[u8],
) -> Result<Verified, Problem> {
    Err(Problem::new("verifying is not there yet"))
}
