//! A certificate: a primary key, whose it is, its subkeys, and what of all that holds at a time.
//!
//! Nothing that stands in a certificate is believed without the signature of its primary key. Signatures of others, and
//! revocations by others, are not looked at, as in Helm.

use super::day;
use pgp::{
    composed::{SignedPublicKey, SignedPublicSubKey, SignedSecretKey},
    crypto::public_key::PublicKeyAlgorithm,
    packet::{KeyFlags, PublicKey, Signature, SignatureType, SubpacketData},
    ser::Serialize,
    types::{KeyDetails, KeyVersion, PublicParams, Tag},
};

/// A primary key with what belongs to it.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) public: SignedPublicKey,
    pub(super) secret: Option<SignedSecretKey>,
}

impl From<SignedPublicKey> for Certificate {
    fn from(public: SignedPublicKey) -> Self {
        Self { public, secret: None }
    }
}

impl From<SignedSecretKey> for Certificate {
    fn from(secret: SignedSecretKey) -> Self {
        Self { public: secret.to_public_key(), secret: Some(secret) }
    }
}

/// Why a key does not count, as what follows "the key … ": "expired on 2024-01-02".
pub(super) type Reason = String;

/// The strength below which keys are refused, in bits of RSA and DSA.
const WEAKEST: u16 = 2047;

impl Certificate {
    /// Of the primary key, in upper-case hex.
    pub(super) fn fingerprint(&self) -> String {
        hex(&self.public.primary_key)
    }

    /// Of the primary key and all subkeys.
    pub(super) fn fingerprints(&self) -> impl Iterator<Item = String> {
        std::iter::once(self.fingerprint()).chain(self.public.public_subkeys.iter().map(|sub| hex(&sub.key)))
    }

    /// As they are written, whether they hold or not: what somebody may call the certificate by.
    pub(super) fn names(&self) -> Vec<String> {
        let users = self.public.details.users.iter();
        users.map(|user| String::from_utf8_lossy(user.id.id()).into_owned()).collect()
    }

    /// The fingerprint, and a name where there is one: for people.
    pub(super) fn shown(&self) -> String {
        match self.names().first() {
            Some(name) => format!("{} ({name})", self.fingerprint()),
            None => self.fingerprint(),
        }
    }

    /// The identities that the primary key has signed and not revoked, the primary one first, each with the signature
    /// that counts.
    fn identities(&self) -> Vec<(String, &Signature)> {
        let key = &self.public.primary_key;
        let mut identities = Vec::new();
        for user in &self.public.details.users {
            let own = |signature: &&Signature| {
                is_by(signature, key) && signature.verify_certification(key, Tag::UserId, &user.id).is_ok()
            };
            let (revocations, certifications): (Vec<_>, Vec<_>) = user
                .signatures
                .iter()
                .partition(|signature| signature.typ() == Some(SignatureType::CertRevocation));
            let Some(counts) = newest(certifications, own) else { continue };
            if newest(revocations, own).is_none_or(|revoked| seconds(revoked) < seconds(counts)) {
                identities.push((String::from_utf8_lossy(user.id.id()).into_owned(), counts));
            }
        }
        identities
            .sort_by_key(|(_, signature)| std::cmp::Reverse((signature.is_primary(), seconds(signature))));
        identities
    }

    /// The signature of the primary key that says what it is for, and until when: that of the primary identity, where
    /// there is one, as in Helm.
    fn self_signature(&self) -> Option<&Signature> {
        let key = &self.public.primary_key;
        let direct = || {
            let direct = self.public.details.direct_signatures.iter();
            let direct = direct.filter(|signature| signature.typ() == Some(SignatureType::Key)).collect();
            newest(direct, |signature| is_by(signature, key) && signature.verify_key(key).is_ok())
        };
        match key.version() {
            KeyVersion::V6 => direct(),
            _ => self.identities().first().map(|(_, signature)| *signature).or_else(direct),
        }
    }

    /// Who the primary key says that it is.
    pub(super) fn signed_names(&self) -> Vec<String> {
        self.identities().into_iter().map(|(name, _)| name).collect()
    }

    /// Checks that the certificate counts at this time, and gives the flags of its primary key, where it has any.
    pub(super) fn check(&self, now: i64) -> Result<Option<KeyFlags>, Reason> {
        let key = &self.public.primary_key;
        let mut revocations = self.public.details.revocation_signatures.iter();
        if revocations.any(|signature| is_by(signature, key) && signature.verify_key(key).is_ok()) {
            return Err("is revoked".into());
        }
        let signature = self.self_signature().ok_or("has no identity that it signed")?;
        check_time(key, signature, now)?;
        check_strength(key)?;
        Ok(flags(signature))
    }

    /// Checks that this subkey of the certificate may sign at this time.
    pub(super) fn check_subkey(&self, subkey: &SignedPublicSubKey, now: i64) -> Result<(), Reason> {
        let key = &self.public.primary_key;
        let own = |signature: &&Signature| {
            is_by(signature, key) && signature.verify_subkey_binding(key, &subkey.key).is_ok()
        };
        let (revocations, bindings): (Vec<_>, Vec<_>) = subkey
            .signatures
            .iter()
            .partition(|signature| signature.typ() == Some(SignatureType::SubkeyRevocation));
        if newest(revocations, own).is_some() {
            return Err("is revoked".into());
        }
        let binding = newest(bindings, own).ok_or("does not belong to its certificate")?;
        if !flags(binding).is_some_and(|flags| flags.sign()) {
            return Err("is not for signing".into());
        }
        // Or somebody could make another's subkey their own.
        let back = binding.embedded_signature().ok_or("has not agreed to its certificate")?;
        back.verify_primary_key_binding(&subkey.key, key).map_err(|_| "has not agreed to its certificate")?;
        check_time(&subkey.key, binding, now)?;
        check_strength(&subkey.key)
    }
}

/// The fingerprint in upper-case hex.
pub(super) fn hex(key: &impl KeyDetails) -> String {
    format!("{:X}", key.fingerprint())
}

/// Whether a signature says that this key made it. It may say nothing.
pub(super) fn is_by(signature: &Signature, key: &impl KeyDetails) -> bool {
    let (ids, fingerprints) = (signature.issuer_key_id(), signature.issuer_fingerprint());
    ids.iter().any(|id| **id == key.legacy_key_id())
        || fingerprints.iter().any(|fingerprint| **fingerprint == key.fingerprint())
        || (ids.is_empty() && fingerprints.is_empty())
}

/// When a signature was made, in seconds since 1970.
pub(super) fn seconds(signature: &Signature) -> i64 {
    signature.created().map_or(0, |time| time.as_secs().into())
}

/// Checks that a signature counts at this time.
pub(super) fn check_signature_time(signature: &Signature, now: i64) -> Result<(), Reason> {
    let made = seconds(signature);
    if made > now {
        return Err(format!("is from the future: it was made on {}", day(made)));
    }
    match signature.signature_expiration_time().map(|long| i64::from(long.as_secs())) {
        Some(long) if long > 0 && made + long < now => Err(format!("expired on {}", day(made + long))),
        _ => Ok(()),
    }
}

/// What a signature says that its key is for; `None` where it does not say.
fn flags(signature: &Signature) -> Option<KeyFlags> {
    let said = |data: &SubpacketData| matches!(data, SubpacketData::KeyFlags(_));
    let any = signature.config()?.hashed_subpackets().any(|packet| said(&packet.data));
    any.then(|| signature.key_flags())
}

/// The newest of these signatures that is good. The signatures of a certificate can be many, and to check one takes long.
fn newest(mut signatures: Vec<&Signature>, is_good: impl Fn(&&Signature) -> bool) -> Option<&Signature> {
    signatures.sort_by_key(|signature| std::cmp::Reverse(seconds(signature)));
    signatures.into_iter().find(|signature| is_good(signature))
}

fn check_time(key: &impl KeyDetails, binding: &Signature, now: i64) -> Result<(), Reason> {
    let created = i64::from(key.created_at().as_secs());
    if created > now {
        return Err(format!("is from the future: it was made on {}", day(created)));
    }
    match binding.key_expiration_time().map(|long| i64::from(long.as_secs())) {
        Some(long) if long > 0 && created + long < now => Err(format!("expired on {}", day(created + long))),
        _ => check_signature_time(binding, now).map_err(|reason| format!("has an identity that {reason}")),
    }
}

fn check_strength(key: &impl KeyDetails) -> Result<(), Reason> {
    let params = key.public_params();
    let bits = match params {
        // Both begin with the number that is hard to take apart, and numbers with their length in bits.
        PublicParams::RSA(rsa) => first_number(rsa),
        PublicParams::DSA(dsa) => first_number(dsa),
        _ => return Ok(()),
    };
    match bits {
        Some(bits) if bits >= WEAKEST => Ok(()),
        Some(bits) => Err(format!("is too weak: it has {bits} bits, and 2048 are the least")),
        None => Err("cannot be read".into()),
    }
}

fn first_number(params: &impl Serialize) -> Option<u16> {
    let bytes = params.to_bytes().ok()?;
    Some(u16::from_be_bytes(*bytes.first_chunk()?))
}

/// Checks that Helm and GnuPG know what this key signs, and that it signs the same text in the same way each time.
pub(super) fn check_kind(key: &impl KeyDetails) -> Result<(), Reason> {
    match key.version() {
        KeyVersion::V4 => {}
        version => {
            return Err(format!(
                "is of OpenPGP version {}, whose signatures GnuPG cannot check, or are never twice the same",
                u8::from(version)
            ));
        }
    }
    use PublicKeyAlgorithm as Kind;
    match key.algorithm() {
        // Those with numbers drawn by lot draw them from the text (RFC 6979), in the crate that signs.
        Kind::RSA | Kind::RSASign | Kind::EdDSALegacy | Kind::Ed25519 | Kind::ECDSA | Kind::DSA => Ok(()),
        other => Err(format!("is of the kind {other:?}, which cannot sign")),
    }
}

/// The primary key, as what a signature is checked against.
pub(super) fn primary(certificate: &Certificate) -> &PublicKey {
    &certificate.public.primary_key
}
