//! Which variables hold secrets, and what of their values must not be seen.

use super::options::{PREFIX, REGISTRY_PASSWORD};
use crate::secret::Secret;
use base64::{Engine, engine::general_purpose::STANDARD};
use std::collections::BTreeMap;

/// The variables with a key that signs: our own, and the input of the Action.
pub(super) const SIGNING_KEYS: [&str; 2] = ["INPUT_SIGNING_KEY", "CHART_RELEASE_SIGNING_KEY"];

/// The variables with what opens it.
pub(super) const SIGNING_PASSPHRASES: [&str; 2] =
    ["INPUT_SIGNING_PASSPHRASE", "CHART_RELEASE_SIGNING_PASSPHRASE"];

/// Variables of others that hold secrets. `CR_PAT` and `CR_PASSWORD` are not read: people keep tokens of registries there.
const SECRETS: [&str; 9] = [
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "CR_TOKEN",
    "CR_PAT",
    "CR_PASSWORD",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "INPUT_TOKEN",
    "INPUT_OCI_PASSWORD",
];

/// The secrets in the environment that nothing may print, without those that are too short to be told from ordinary
/// text. A key of many lines is as many secrets: it may be printed with anything between them.
pub fn secrets(environment: &BTreeMap<String, String>) -> Vec<Secret> {
    of_variables(environment, |lines| lines)
}

/// The secrets in the environment that no package may hold.
pub(super) fn unpackaged(environment: &BTreeMap<String, String>) -> Vec<Secret> {
    // The first lines of a secret key are those of the public key, too, which a chart may well bring along.
    of_variables(environment, |mut lines| lines.split_off(lines.len() / 2))
}

/// Whether a variable of this name holds a secret.
pub fn is_secret(name: &str) -> bool {
    let ours = name.starts_with(PREFIX)
        && ["_TOKEN", "_PASSWORD", "_PASSPHRASE"].iter().any(|end| name.ends_with(end));
    let of_registry = name.strip_prefix(REGISTRY_PASSWORD).is_some_and(|rest| rest.starts_with('_'));
    let signs = [SIGNING_KEYS, SIGNING_PASSPHRASES].concat().contains(&name);
    ours || of_registry || signs || SECRETS.contains(&name)
}

/// The bytes of a key that stands in a variable: as it is, when it is armoured, else from Base64. `None` for what is
/// neither.
pub fn key_bytes(value: &str) -> Option<Vec<u8>> {
    if value.contains(ARMOUR) {
        return Some(value.as_bytes().to_vec());
    }
    let base64: String = value.split_whitespace().collect();
    STANDARD.decode(base64).ok().filter(|bytes| !bytes.is_empty())
}

/// How the first line of an armoured key begins.
const ARMOUR: &str = "-----BEGIN PGP ";

/// The secrets in these variables; of the lines of a key those that `choose` leaves.
fn of_variables(
    environment: &BTreeMap<String, String>,
    choose: impl Fn(Vec<String>) -> Vec<String>,
) -> Vec<Secret> {
    let values = environment.iter().filter(|(name, _)| is_secret(name)).flat_map(|(name, value)| {
        match SIGNING_KEYS.contains(&name.as_str()) {
            true => {
                // What is in the Base64 may be armoured again.
                let decoded = key_bytes(value).and_then(|bytes| String::from_utf8(bytes).ok());
                let decoded = decoded.filter(|decoded| decoded != value);
                let mut lines = choose(key_lines(value));
                lines.extend(choose(decoded.as_deref().map(key_lines).unwrap_or_default()));
                lines
            }
            false => vec![value.trim().to_owned()],
        }
    });
    values.filter_map(|value| Secret::new(value).ok()).collect()
}

/// The lines of a key that are its own: all but those that armour has around it.
fn key_lines(key: &str) -> Vec<String> {
    let around = |line: &str| line.starts_with("-----") || line.starts_with('=') || line.contains(": ");
    key.lines().map(str::trim).filter(|line| !line.is_empty() && !around(line)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: [&str; 4] = [
        "lQPGBGmarked1stLineOfTheKeyThatIsAlsoInThePublicKey+++++++++++++",
        "marked2ndLineOfTheKey+++++++++++++++++++++++++++++++++++++++++++",
        "marked3rdLineOfTheKey+++++++++++++++++++++++++++++++++++++++++++",
        "marked4thLine+==",
    ];

    fn armoured() -> String {
        format!(
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\r\nComment: of a story\r\n\r\n{}\r\n=AbCd\r\n\
             -----END PGP PRIVATE KEY BLOCK-----\r\n",
            LINES.join("\r\n")
        )
    }

    fn shown(secrets: &[Secret]) -> Vec<&str> {
        secrets.iter().map(Secret::expose).collect()
    }

    #[test]
    fn every_line_of_a_key_is_a_secret_and_what_armour_has_around_it_is_not() {
        for name in SIGNING_KEYS {
            let environment = [(name.to_owned(), armoured())].into();
            assert_eq!(shown(&secrets(&environment)), LINES);
            assert_eq!(shown(&unpackaged(&environment)), LINES[2..]);
        }
    }

    #[test]
    fn a_key_as_base64_is_a_secret_as_it_is_and_as_it_means() {
        let binary = STANDARD.encode([0x95, 0xff, 0xfe, 0x80, 0x81, 0x82, 0x83]);
        let armoured = armoured();
        let wrapped = STANDARD.encode(&armoured);
        for (value, expected, meant) in [
            (binary.as_str(), vec![binary.as_str()], &b"\x95\xff\xfe\x80\x81\x82\x83"[..]),
            (&wrapped, [&[wrapped.as_str()][..], &LINES].concat(), armoured.as_bytes()),
        ] {
            let environment = [("CHART_RELEASE_SIGNING_KEY".to_owned(), value.to_owned())].into();
            assert_eq!(shown(&secrets(&environment)), expected);
            assert_eq!(key_bytes(&format!("  {}\n{}\n", &value[..8], &value[8..])).as_deref(), Some(meant));
        }
        assert_eq!(key_bytes(&armoured).as_deref(), Some(armoured.as_bytes()));
        assert_eq!(key_bytes("/home/demo/secring.gpg"), None);
    }
}
