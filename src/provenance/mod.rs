//! The `.prov` of a package: an OpenPGP signature over its metadata and digest, as Helm writes and reads it.
//!
//! What is signed is a text of two parts: the package's Chart.yaml, and the sha256 of its file. What may sign, and whose
//! signature counts, follows Helm 3.22.0 and 4.3.1; where GnuPG or we are stricter, it is said.

mod certificate;
mod choice;
mod cleartext;
mod key;
mod keyring;
mod packets;
mod text;
mod verify;

pub use key::Key;
pub use keyring::Keyring;
pub use verify::{Verified, verify};

/// A day, for people: seconds since 1970 as `2024-01-02`.
fn day(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    time.strftime("%Y-%m-%d").to_string()
}
