//! A secret key that signs packages.

use super::{
    certificate::hex,
    choice::{Signer, choose},
    cleartext::{Cleartext, hashed},
    keyring, text,
};
use crate::{packages::Package, problem::Problem, secret::Secret};
use bytes::Bytes;
use pgp::{
    crypto::hash::HashAlgorithm,
    packet::{SecretKey, SecretSubkey, Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData},
    types::{Password, SecretParams, SigningKey, Timestamp, VerifyingKey},
};
use std::{fmt, sync::Arc};

/// A secret key that signs packages. Cheap to clone; prints as its fingerprint.
#[derive(Clone)]
pub struct Key {
    unlocked: Arc<Unlocked>,
    names: Vec<String>,
    fingerprint: String,
}

enum Unlocked {
    Primary(SecretKey),
    Subkey(SecretSubkey),
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.fingerprint).finish()
    }
}

impl Key {
    /// The key of this keyring, armoured or binary, that `wanted` (a name, an e-mail address or a fingerprint) means; the
    /// only one there is without it. `now`, in seconds since 1970, is when it has to be good: Helm takes no signature of
    /// a key that has expired since. Unlocking computes for a while.
    ///
    /// As in Helm it is the primary key that signs. A subkey does where the primary key is not for signing or not there;
    /// Helm and GnuPG verify both.
    ///
    /// # Errors
    /// What is no keyring, no key or several that are meant, one that cannot sign (public only, expired, revoked, weak,
    /// of a kind that Helm or GnuPG cannot verify), a wrong passphrase.
    pub fn read(
        keyring: &[u8],
        wanted: Option<&str>,
        passphrase: Option<&Secret>,
        now: i64,
    ) -> Result<Self, Problem> {
        let keyring = keyring::certificates(keyring)?;
        let (certificate, signer) = choose(&keyring, wanted, now)?;
        let name = certificate.shown();
        let password = password(signer, passphrase, &name)?;
        let wrong = |_| {
            Problem::new(format!("the passphrase is not that of the key {name}"))
                .next("check that it is whole, and without a line ending")
        };
        let unlocked = match signer {
            Signer::Primary(key) => {
                let mut key = key.clone();
                key.remove_password(&password).map_err(wrong)?;
                Unlocked::Primary(key)
            }
            Signer::Subkey(subkey) => {
                let mut key = subkey.key.clone();
                key.remove_password(&password).map_err(wrong)?;
                Unlocked::Subkey(key)
            }
        };
        let key = Self {
            unlocked: Arc::new(unlocked),
            names: certificate.signed_names(),
            fingerprint: certificate.fingerprint(),
        };
        // What is damaged is told now, and not after the first package was published.
        key.signature("", 0)?;
        Ok(key)
    }

    /// The identities of the key, the primary one first.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Of its certificate, in upper-case hex.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The `.prov` of this package, signed at `created` (seconds since 1970), or when the key was made, if that is later:
    /// GnuPG takes no signature that is older than its key. Equal input gives equal bytes. Computes for a while.
    ///
    /// # Errors
    /// Metadata that cannot be written, a time that no signature can have, a key that is damaged.
    pub fn sign(&self, package: &Package, created: i64) -> Result<Bytes, Problem> {
        let text = text::write(package)?;
        let signature = self.signature(&text, created)?;
        Ok(Cleartext::write(&text, signature)?.into())
    }

    fn signature(&self, text: &str, created: i64) -> Result<Signature, Problem> {
        match &*self.unlocked {
            Unlocked::Primary(key) => self.signature_of(key, key.public_key(), text, created),
            Unlocked::Subkey(key) => self.signature_of(key, key.public_key(), text, created),
        }
    }

    fn signature_of(
        &self,
        key: &impl SigningKey,
        public: &impl VerifyingKey,
        text: &str,
        created: i64,
    ) -> Result<Signature, Problem> {
        let hashed = hashed(text.as_bytes());
        let at = u32::try_from(created.max(0)).map_err(|_| {
            Problem::new(format!(
                "{created} seconds after 1970 is no time that an OpenPGP signature can have"
            ))
        })?;
        let at = at.max(key.created_at().as_secs());
        let signed = || -> pgp::errors::Result<Signature> {
            let mut config = SignatureConfig::v4(SignatureType::Text, key.algorithm(), HashAlgorithm::Sha512);
            let fingerprint = SubpacketData::IssuerFingerprint(key.fingerprint());
            let time = SubpacketData::SignatureCreationTime(Timestamp::from_secs(at));
            config.hashed_subpackets = vec![Subpacket::regular(fingerprint)?, Subpacket::regular(time)?];
            let id = SubpacketData::IssuerKeyId(key.legacy_key_id());
            config.unhashed_subpackets = vec![Subpacket::regular(id)?];
            let signature = config.sign(key, &Password::empty(), &hashed[..])?;
            // A key whose parts do not fit each other signs what nobody can verify.
            signature.verify(public, &hashed[..])?;
            Ok(signature)
        };
        signed().map_err(|error| {
            Problem::new(format!("the key {} cannot sign: {error}", hex(key)))
                .next("check it with `gpg --sign`, and export it again")
        })
    }
}

/// What unlocks the key.
fn password(signer: Signer<'_>, passphrase: Option<&Secret>, name: &str) -> Result<Password, Problem> {
    let params = match signer {
        Signer::Primary(key) => key.secret_params(),
        Signer::Subkey(subkey) => subkey.key.secret_params(),
    };
    match (params, passphrase) {
        (SecretParams::Plain(_), _) => Ok(Password::empty()),
        (SecretParams::Encrypted(_), Some(passphrase)) => Ok(passphrase.expose().into()),
        (SecretParams::Encrypted(_), None) => {
            Err(Problem::new(format!("the key {name} is locked, and there is no passphrase"))
                .next("give it with --passphrase-file, or in CHART_RELEASE_SIGNING_PASSPHRASE"))
        }
    }
}
