//! A provenance, and the keyring that it is checked against.

use chart_release::{
    digest::Digest,
    provenance::{Keyring, verify},
};
use std::sync::LazyLock;

/// The package that the seeds are signed for, its name, and who signed: any of the keys in the seeds.
const PACKAGE: &[u8] = include_bytes!("../keys/demo-1.2.0.tgz");
const FILE: &str = "demo-1.2.0.tgz";
const PUBLIC: &[u8] = include_bytes!("../keys/public.asc");
/// 2026-01-01, when the keys are good.
const NOW: i64 = 1_767_225_600;

static KEYRING: LazyLock<Keyring> = LazyLock::new(|| Keyring::read(PUBLIC).expect("the keyring of the seeds"));

/// What starts as a provenance does is one, checked against the key that signed the seeds. Everything else is a keyring.
pub fn provenance(data: &[u8]) {
    if data.first() == Some(&b'p') {
        of_a_package(&data[1..]);
    } else if let Ok(keyring) = Keyring::read(data) {
        // Whoever brings a keyring can sign for it, but not for another package.
        let other = verify(&keyring, FILE, b"another package", SIGNED, NOW);
        assert!(other.is_err());
        if let Ok(verified) = verify(&keyring, FILE, PACKAGE, SIGNED, NOW) {
            assert_eq!(verified.package, Digest::of(PACKAGE));
        }
    }
}

/// A provenance of the seeds.
const SIGNED: &[u8] = include_bytes!("../keys/demo-1.2.0.tgz.prov");

/// A fuzzer forges no signature: whatever is accepted says what was signed.
fn of_a_package(provenance: &[u8]) {
    assert!(verify(&KEYRING, FILE, b"another package", provenance, NOW).is_err());
    assert!(verify(&KEYRING, "demo-1.2.1.tgz", PACKAGE, provenance, NOW).is_err());
    assert!(verify(&KEYRING, FILE, PACKAGE, provenance, 0).is_err(), "before the key was made");
    if let Ok(verified) = verify(&KEYRING, FILE, PACKAGE, provenance, NOW) {
        assert_eq!(verified.package, Digest::of(PACKAGE));
        assert_eq!(verified.notes, []);
        assert_eq!(said(provenance), said(SIGNED), "other words than those that were signed");
    }
}

/// The words of the signed text, without white space at the ends of lines, which nobody signs.
fn said(provenance: &[u8]) -> Vec<Vec<u8>> {
    let lines = provenance.split(|byte| *byte == b'\n').map(|line| line.trim_ascii_end());
    let text = lines.skip_while(|line| *line != b"-----BEGIN PGP SIGNED MESSAGE-----").skip_while(|line| !line.is_empty());
    let text = text.take_while(|line| *line != b"-----BEGIN PGP SIGNATURE-----");
    text.map(|line| line.strip_prefix(b"- ").unwrap_or(line).trim_ascii_end().to_vec()).collect()
}
