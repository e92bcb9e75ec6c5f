//! A provenance, and the keyring that it is checked against.

use chart_release::{
    digest::Digest,
    provenance::{Keyring, verify},
};
use std::sync::LazyLock;

/// The package that the seeds are signed for.
const PACKAGE: &[u8] = include_bytes!("../../tests/provenance/signed/demo-1.2.0.tgz");
const FILE: &str = "demo-1.2.0.tgz";
/// Its provenance, made with the RSA key.
const SIGNED: &[u8] = include_bytes!("../../tests/provenance/signed/ours/rsa.prov");
/// In January 2027: when all keys that have not expired exist.
const NOW: i64 = 1_800_000_000;

static KEYRING: LazyLock<Keyring> = LazyLock::new(|| {
    let keys = [
        &include_bytes!("../../tests/provenance/keys/rsa.asc")[..],
        include_bytes!("../../tests/provenance/keys/p256.asc"),
        include_bytes!("../../tests/provenance/keys/subkey.asc"),
        include_bytes!("../../tests/provenance/keys/expired.asc"),
        include_bytes!("../../tests/provenance/keys/revoked.asc"),
        include_bytes!("../../tests/provenance/keys/weak.asc"),
    ];
    Keyring::read(&keys.join(&b'\n')).expect("the keyring of the seeds")
});

/// Behind the letter `p` stands a provenance, behind any other a keyring.
pub fn provenance(data: &[u8]) {
    match data.split_first() {
        Some((b'p', provenance)) => is_not_forged(provenance),
        Some((_, keyring)) => says_nothing_of_another_package(keyring),
        None => {}
    }
}

/// A fuzzer forges no signature: whatever is accepted says what was signed.
fn is_not_forged(provenance: &[u8]) {
    let Ok(verified) = verify(&KEYRING, FILE, PACKAGE, provenance, NOW) else { return };
    assert_eq!(verified.package, Digest::of(PACKAGE));
    assert_eq!(verified.notes, []);
    assert_eq!(said(provenance), said(SIGNED), "other words than those that were signed");
    assert!(verify(&KEYRING, FILE, b"another package", provenance, NOW).is_err());
    assert!(verify(&KEYRING, "demo-1.2.1.tgz", PACKAGE, provenance, NOW).is_err());
    assert!(verify(&KEYRING, FILE, PACKAGE, provenance, 0).is_err(), "before the key was made");
}

/// Whoever brings a keyring changes whose signature counts, and not what it says.
fn says_nothing_of_another_package(keyring: &[u8]) {
    let Ok(keyring) = Keyring::read(keyring) else { return };
    if let Ok(verified) = verify(&keyring, FILE, PACKAGE, SIGNED, NOW) {
        assert_eq!(verified.package, Digest::of(PACKAGE));
        assert!(verify(&keyring, FILE, b"another package", SIGNED, NOW).is_err());
    }
}

/// The lines that are signed, without white space at their ends, which nobody signs. There are signers that add an empty
/// line.
fn said(provenance: &[u8]) -> Vec<&[u8]> {
    let lines = provenance.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let text = lines
        .skip_while(|line| *line != b"-----BEGIN PGP SIGNED MESSAGE-----")
        .skip_while(|line| !line.is_empty())
        .take_while(|line| *line != b"-----BEGIN PGP SIGNATURE-----");
    let mut lines: Vec<_> =
        text.map(|line| line.strip_prefix(b"- ").unwrap_or(line).trim_ascii_end()).collect();
    lines.pop_if(|line| line.is_empty());
    lines
}
