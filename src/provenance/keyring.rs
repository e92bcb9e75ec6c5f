//! Keyrings: binary, armoured, and the keybox of GnuPG.

use super::packets::{self, Certificates};
use crate::problem::Problem;
use pgp::armor::BlockType;

/// Public keys that signatures are checked against.
#[derive(Clone, Debug)]
pub struct Keyring {
    pub(super) certificates: std::sync::Arc<Certificates>,
}

impl Keyring {
    /// Reads a keyring: binary, armoured in any number of blocks, or a keybox of GnuPG, told apart by their first
    /// bytes. Secret keys in it are taken for their public ones; keys that cannot be read are passed over.
    ///
    /// # Errors
    /// What is none of them, and a keyring without a single key that can be read.
    pub fn read(bytes: &[u8]) -> Result<Self, Problem> {
        Ok(Self { certificates: certificates(bytes)?.into() })
    }
}

const ARMOUR: &[u8] = b"-----BEGIN PGP ";

/// What is in a keyring of any form.
pub(super) fn certificates(bytes: &[u8]) -> Result<Certificates, Problem> {
    let mut certificates = Certificates::default();
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    if is_keybox(bytes) {
        keybox(bytes, &mut certificates)?;
    } else if text.is_empty() {
        return Err(Problem::new("the keyring is empty").next(EXPORT));
    } else if text[0] & 0x80 != 0 {
        certificates.read(bytes).map_err(|error| {
            Problem::new(format!("the keyring is damaged: {error}")).next("export it again")
        })?;
    } else {
        armoured(text, &mut certificates)?;
    }
    match (certificates.readable.len(), certificates.unreadable) {
        (0, 0) => Err(Problem::new("the keyring holds no key").next(EXPORT)),
        (0, _) => {
            Err(Problem::new("no key of the keyring can be read: they are damaged, or of an unknown kind")
                .next("export them again; RSA and Ed25519 keys of OpenPGP version 4 can be read"))
        }
        _ => Ok(certificates),
    }
}

const EXPORT: &str = "write one with `gpg --export --armor NAME`, or with `--export-secret-keys` to sign";

/// Every block of armour, one below the other.
fn armoured(text: &[u8], certificates: &mut Certificates) -> Result<(), Problem> {
    let mut rest = text;
    let mut any = false;
    while let Some(begin) = memchr::memmem::find(rest, ARMOUR) {
        any = true;
        let block = &rest[begin..];
        const END: &[u8] = b"\n-----END PGP ";
        let end = memchr::memmem::find(block, END).ok_or_else(|| {
            Problem::new("the armour of the keyring has no end").next("check that it is whole")
        })?;
        let after = &block[end + END.len()..];
        let end = block.len() - after.len() + memchr::memchr(b'\n', after).unwrap_or(after.len());
        let wrong = |error| {
            Problem::new(format!("the armour of the keyring cannot be read: {error}"))
                .next("check that its lines are as they were written")
        };
        let (kind, bytes) = packets::dearmoured(&block[..end]).map_err(wrong)?;
        if !matches!(kind, BlockType::PublicKey | BlockType::PrivateKey) {
            return Err(Problem::new(format!("a keyring holds keys, and this one a {kind}")).next(EXPORT));
        }
        certificates.read(&bytes).map_err(wrong)?;
        rest = &block[end..];
    }
    match any {
        true => Ok(()),
        false => Err(Problem::new("this is no OpenPGP keyring: neither binary, nor armoured, nor a keybox")
            .next(EXPORT)),
    }
}

/// Told by the magic of its first blob, as Helm 4.3 does.
fn is_keybox(bytes: &[u8]) -> bool {
    bytes.get(4) == Some(&1) && bytes.get(8..12) == Some(b"KBXf")
}

/// The keyblocks of a keybox: blobs with a length, a kind, flags, and the place of the keyblock in them. See
/// `kbx/keybox-blob.c` of GnuPG.
fn keybox(bytes: &[u8], certificates: &mut Certificates) -> Result<(), Problem> {
    const OPENPGP: u8 = 2;
    const EPHEMERAL: u16 = 2;
    let damaged = || Problem::new("the keybox is damaged").next("export the keys: `gpg --export NAME`");
    let number = |blob: &[u8], at: usize| -> Option<usize> {
        let bytes = blob.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(bytes)).ok()
    };
    let mut rest = bytes;
    while !rest.is_empty() {
        let length = number(rest, 0).filter(|length| *length >= 5).ok_or_else(damaged)?;
        let blob = rest.get(..length).ok_or_else(damaged)?;
        rest = &rest[length..];
        if blob[4] != OPENPGP {
            continue;
        }
        let flags = blob.get(6..8).ok_or_else(damaged)?;
        if u16::from_be_bytes([flags[0], flags[1]]) & EPHEMERAL != 0 {
            continue;
        }
        let (from, long) = (number(blob, 8).ok_or_else(damaged)?, number(blob, 12).ok_or_else(damaged)?);
        let keyblock = from.checked_add(long).and_then(|to| blob.get(from..to)).ok_or_else(damaged)?;
        certificates.read(keyblock).map_err(|_| damaged())?;
    }
    Ok(())
}
