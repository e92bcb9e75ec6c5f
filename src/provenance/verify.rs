//! Checking a package against its provenance.

use super::{
    certificate::{Certificate, check_signature_time, hex, is_by, primary, seconds},
    cleartext::{Cleartext, hashed},
    keyring::Keyring,
    text::SignedText,
};
use crate::{digest::Digest, packages, problem::Problem};
use bytes::Bytes;
use pgp::{
    crypto::hash::HashAlgorithm,
    packet::{Signature, SignatureType, SubpacketData},
};

/// Who signed a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The identities of the key, the primary one first.
    pub signed_by: Vec<String>,
    /// Of the primary key, in upper-case hex, as Helm tells it, also where a subkey signed.
    pub fingerprint: String,
    /// When, in seconds since 1970, as the signature says.
    pub signed_at: i64,
    /// Of the package.
    pub package: Digest,
    /// What is signed beside the digest and is not so.
    pub notes: Vec<Problem>,
}

/// Checks that this provenance was signed by a key of the keyring that is good `now` (seconds since 1970), and says of
/// the file `file` what these bytes are.
///
/// It takes what `helm verify` takes, and a little less: no signature with MD5, SHA-1 or RIPEMD-160, and no RSA or DSA
/// key below 2048 bits. It takes a primary key without flags, as GnuPG does and Helm does not. As in Helm the first
/// signature whose key is in the keyring decides, and a key that has expired or was revoked since does not count.
///
/// # Errors
/// Which of it is not so.
pub fn verify(
    keyring: &Keyring,
    file: &str,
    package: &[u8],
    provenance: &[u8],
    now: i64,
) -> Result<Verified, Problem> {
    let message = Cleartext::read(provenance)?;
    let (certificate, signature) = signed_by(keyring, &message, now)?;
    let text = SignedText::read(&message.text)?;
    let digest = Digest::of(package);
    text.check(file, digest)?;
    let notes = match packages::unpack(Bytes::copy_from_slice(package)) {
        Ok(package) => text.differing(&package.metadata),
        Err(problem) => Some(Problem {
            what: format!("the package is the one that was signed, and cannot be read: {}", problem.what),
            ..problem
        }),
    };
    Ok(Verified {
        signed_by: certificate.signed_names(),
        fingerprint: certificate.fingerprint(),
        signed_at: seconds(signature),
        package: digest,
        notes: notes.into_iter().collect(),
    })
}

/// Whose signature the message has.
fn signed_by<'a>(
    keyring: &'a Keyring,
    message: &'a Cleartext,
    now: i64,
) -> Result<(&'a Certificate, &'a Signature), Problem> {
    let hashed = hashed(&message.text);
    for signature in &message.signatures {
        let mut why = None;
        for certificate in &keyring.certificates.readable {
            match check(certificate, signature, &hashed, now) {
                Checked::NotTheirs => {}
                Checked::Good => return Ok((certificate, signature)),
                Checked::Wrong(problem) => why = Some(problem),
            }
        }
        if let Some(problem) = why {
            return Err(problem);
        }
    }
    Err(unknown(keyring, message))
}

enum Checked {
    NotTheirs,
    Good,
    Wrong(Problem),
}

/// Whether a key of this certificate made the signature, and may have.
fn check(certificate: &Certificate, signature: &Signature, hashed: &[u8], now: i64) -> Checked {
    let key = primary(certificate);
    let told = |problem: Result<(), Problem>| problem.map_or_else(Checked::Wrong, |()| Checked::Good);
    if is_by(signature, key) {
        let good = || {
            check_kind(signature)?;
            signature.verify(key, hashed).map_err(|_| changed(certificate))?;
            match certificate.check(now) {
                Ok(Some(flags)) if !flags.sign() => Err(of_key(certificate, "is not for signing")),
                Ok(_) => in_time(signature, now),
                Err(reason) => Err(of_key(certificate, &reason)),
            }
        };
        return told(good());
    }
    let Some(subkey) = certificate.public.public_subkeys.iter().find(|subkey| is_by(signature, &subkey.key))
    else {
        return Checked::NotTheirs;
    };
    let good = || {
        check_kind(signature)?;
        signature.verify(&subkey.key, hashed).map_err(|_| changed(certificate))?;
        certificate.check(now).map_err(|reason| of_key(certificate, &reason))?;
        certificate.check_subkey(subkey, now).map_err(|reason| {
            of_key(certificate, &format!("has the subkey {}, which {reason}", hex(&subkey.key)))
        })?;
        in_time(signature, now)
    };
    told(good())
}

/// Checks that a signature is of a kind that may stand below a text.
fn check_kind(signature: &Signature) -> Result<(), Problem> {
    let refused =
        |what: String| Err(Problem::new(what).next("ask the publisher for a provenance made by Helm"));
    let Some(config) = signature.config() else {
        return refused("the signature is of a version of OpenPGP that is not known".into());
    };
    if !matches!(config.typ(), SignatureType::Text | SignatureType::Binary) {
        return refused(format!("the signature is not that of a text: {:?}", config.typ()));
    }
    use HashAlgorithm as Hash;
    if matches!(config.hash_alg, Hash::Md5 | Hash::Sha1 | Hash::Ripemd160) {
        return refused(format!("the signature is made with {}, which can be forged", config.hash_alg));
    }
    let unknown = |data: &SubpacketData| {
        matches!(
            data,
            SubpacketData::Notation(_) | SubpacketData::Other(..) | SubpacketData::Experimental(..)
        )
    };
    if config.hashed_subpackets().any(|packet| packet.is_critical && unknown(&packet.data)) {
        return refused("the signature has a condition that is not known".into());
    }
    Ok(())
}

fn in_time(signature: &Signature, now: i64) -> Result<(), Problem> {
    check_signature_time(signature, now).map_err(|reason| {
        Problem::new(format!("the signature {reason}"))
            .next("check the clock; else ask the publisher to sign again")
    })
}

fn of_key(certificate: &Certificate, reason: &str) -> Problem {
    Problem::new(format!("the key {} {reason}", certificate.shown()))
        .next("get the publisher's key as it is today; a key that was prolonged counts again")
}

fn changed(certificate: &Certificate) -> Problem {
    Problem::new(format!(
        "the provenance is not what the key {} signed: it was changed, or is damaged",
        certificate.shown()
    ))
    .next("do not use the package; fetch both anew, and ask the publisher if it stays so")
}

fn unknown(keyring: &Keyring, message: &Cleartext) -> Problem {
    let made_by = message.signatures.iter().filter_map(|signature| {
        let fingerprint =
            signature.issuer_fingerprint().first().map(|fingerprint| format!("{fingerprint:X}"));
        fingerprint.or_else(|| signature.issuer_key_id().first().map(|id| id.to_string().to_uppercase()))
    });
    let made_by: Vec<_> = made_by.collect();
    if message.signatures.is_empty() {
        return Problem::new("the provenance has no signature");
    }
    let unreadable = match keyring.certificates.unreadable {
        0 => String::new(),
        1 => "; one key of the keyring cannot be read".into(),
        many => format!("; {many} keys of the keyring cannot be read"),
    };
    Problem::new(format!(
        "signed with the key {}, which is not in the keyring{unreadable}",
        made_by.join(", ")
    ))
    .next("if it is the publisher's, add their public key to the keyring, or name another with --keyring")
}
