//! Which key of a keyring somebody means, and with which of its keys it signs.

use super::{
    certificate::{Certificate, Reason, check_kind},
    packets::Certificates,
};
use crate::problem::Problem;
use pgp::{
    composed::{SignedSecretKey, SignedSecretSubKey},
    packet::SecretKey,
    types::{KeyDetails, S2kParams, SecretParams, StringToKey},
};
use std::cmp::Reverse;

/// A key that signs, still locked.
#[derive(Clone, Copy)]
pub(super) enum Signer<'a> {
    /// The primary key, which Helm takes always.
    Primary(&'a SecretKey),
    /// Where the primary key is not for signing, or lies elsewhere: what Helm then writes with the primary key, or fails
    /// to write, nobody can verify, and this all can.
    Subkey(&'a SignedSecretSubKey),
}

/// The certificate that `wanted` means, and its key that signs.
///
/// # Errors
/// None or several that are meant, and one that cannot sign.
pub(super) fn choose<'a>(
    keyring: &'a Certificates,
    wanted: Option<&str>,
    now: i64,
) -> Result<(&'a Certificate, Signer<'a>), Problem> {
    let wanted = wanted.map(str::trim).filter(|wanted| !wanted.is_empty());
    let all: Vec<&Certificate> = keyring.readable.iter().collect();
    let meant = match wanted {
        None => all.clone(),
        Some(wanted) => meant_by(&all, wanted),
    };
    let called = wanted.map_or(String::new(), |wanted| format!(" for `{wanted}`"));
    if meant.is_empty() {
        return Err(Problem::new(format!("the keyring has no key{called}; it has {}", listed(&all)))
            .next("name one of them: its e-mail address, or its fingerprint"));
    }
    let mut secret: Vec<(&Certificate, &SignedSecretKey)> =
        meant.iter().filter_map(|one| Some((*one, one.secret.as_ref()?))).collect();
    secret.sort_by_key(|(certificate, _)| certificate.fingerprint());
    secret.dedup_by_key(|(certificate, _)| certificate.fingerprint());
    if secret.is_empty() {
        let what =
            format!("the keyring has no secret key{called}, only the public part of {}", listed(&meant));
        return Err(Problem::new(what)
            .next("to sign takes a secret key: write it with `gpg --export-secret-keys --armor NAME`"));
    }
    let tried: Vec<_> =
        secret.iter().map(|(certificate, key)| (*certificate, signer(certificate, key, now))).collect();
    let mut able =
        tried.iter().filter_map(|(certificate, signer)| Some((*certificate, signer.clone().ok()?)));
    match (able.next(), able.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => {
            let able: Vec<_> =
                tried.iter().filter(|(_, signer)| signer.is_ok()).map(|(one, _)| *one).collect();
            Err(Problem::new(format!("the keyring has several keys{called}: {}", listed(&able)))
                .next("name one by its fingerprint"))
        }
        (None, _) => {
            let why = tried.iter().filter_map(|(certificate, signer)| {
                Some(format!("the key {} {}", certificate.shown(), signer.as_ref().err()?))
            });
            Err(Problem::new(why.collect::<Vec<_>>().join("; "))
                .next("sign with another key, or export this one again after it was put right"))
        }
    }
}

/// Those that somebody means, by the first of these that any fits: the whole identity, a fingerprint or key ID, the
/// whole e-mail address, a part of the identity. The first and the last are Helm's.
fn meant_by<'a>(all: &[&'a Certificate], wanted: &str) -> Vec<&'a Certificate> {
    let by = |fits: &dyn Fn(&Certificate) -> bool| -> Option<Vec<&'a Certificate>> {
        let meant: Vec<_> = all.iter().copied().filter(|certificate| fits(certificate)).collect();
        (!meant.is_empty()).then_some(meant)
    };
    let named = |fits: &dyn Fn(&str) -> bool| {
        by(&|certificate: &Certificate| certificate.names().iter().any(|name| fits(name)))
    };
    let digits = hex_digits(wanted);
    named(&|name| name == wanted)
        .or_else(|| {
            let digits = digits.as_deref()?;
            by(&|certificate| certificate.fingerprints().any(|fingerprint| fingerprint.ends_with(digits)))
        })
        .or_else(|| {
            named(&|name| {
                name.strip_suffix('>')
                    .and_then(|name| name.rsplit_once('<'))
                    .is_some_and(|(_, mail)| mail == wanted)
            })
        })
        .or_else(|| named(&|name| name.contains(wanted)))
        .unwrap_or_default()
}

/// The digits of a fingerprint or key ID, which people write with spaces, with `0x`, and in lower case.
fn hex_digits(text: &str) -> Option<String> {
    let text: String = text.split_whitespace().collect();
    let text = text.strip_prefix("0x").or(text.strip_prefix("0X")).unwrap_or(&text);
    let text = text.strip_suffix('!').unwrap_or(text);
    (text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_ascii_uppercase())
}

fn listed(certificates: &[&Certificate]) -> String {
    const MOST: usize = 10;
    let mut shown: Vec<_> = certificates.iter().take(MOST).map(|certificate| certificate.shown()).collect();
    if certificates.len() > MOST {
        shown.push(format!("and {} more", certificates.len() - MOST));
    }
    shown.join(", ")
}

/// The key of a certificate that signs: the primary key where it may, else the newest subkey that may.
fn signer<'a>(
    certificate: &Certificate,
    secret: &'a SignedSecretKey,
    now: i64,
) -> Result<Signer<'a>, Reason> {
    let flags = certificate.check(now)?;
    let primary = &secret.primary_key;
    let why = match flags {
        // Helm finds no signer then; GnuPG would take it.
        None => "does not say what it is for".to_owned(),
        Some(flags) if !flags.sign() => "is not for signing".to_owned(),
        Some(_) if is_elsewhere(primary.secret_params()) => "has its secret part elsewhere".to_owned(),
        Some(_) => {
            check_kind(primary)?;
            return Ok(Signer::Primary(primary));
        }
    };
    let mut subkeys: Vec<_> = secret.secret_subkeys.iter().collect();
    subkeys.sort_by_key(|subkey| {
        Reverse((subkey.key.created_at().as_secs(), subkey.key.fingerprint().as_bytes().to_vec()))
    });
    let may = subkeys.into_iter().find(|subkey| {
        !is_elsewhere(subkey.key.secret_params())
            && check_kind(&subkey.key).is_ok()
            && certificate.check_subkey(&subkey.signed_public_key(), now).is_ok()
    });
    may.map(Signer::Subkey).ok_or_else(|| format!("{why}, and no subkey of it can sign"))
}

/// Whether only the place of the secret key is there: on a card, or on another machine.
fn is_elsewhere(params: &SecretParams) -> bool {
    let SecretParams::Encrypted(locked) = params else { return false };
    match locked.string_to_key_params() {
        S2kParams::Cfb { s2k, .. } | S2kParams::MalleableCfb { s2k, .. } | S2kParams::Aead { s2k, .. } => {
            matches!(
                s2k,
                StringToKey::Private { .. } | StringToKey::Other { .. } | StringToKey::Reserved { .. }
            )
        }
        S2kParams::Unprotected | S2kParams::LegacyCfb { .. } => false,
    }
}
