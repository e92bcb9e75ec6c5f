//! With which key packages are signed, and where it is.

use super::*;

const KEY: (&str, &str) = ("CHART_RELEASE_SIGNING_KEY", "bWFya2VkLWtleQ==");
const PASSPHRASE: (&str, &str) = ("CHART_RELEASE_SIGNING_PASSPHRASE", " marked passphrase ");

fn signing(typed: &str, environment: &[(&str, &str)], file: &str) -> Option<Signing> {
    config(typed, environment, file).signing
}

fn file(path: &str) -> Option<Source> {
    Some(Source::File(path.into()))
}

fn variable((name, value): (&str, &str)) -> Option<Source> {
    Some(Source::Variable { told: name.into(), value: Secret::any(value) })
}

#[test]
fn packages_are_signed_when_somebody_says_so_or_gives_a_key() {
    assert_eq!(signing("publish", &[], ""), None);
    let nothing = Signing { key: None, name: None, passphrase: None };
    assert_eq!(signing("publish --sign", &[], ""), Some(nothing.clone()));
    assert_eq!(signing("plan", &[], "sign: true\n"), Some(nothing.clone()));
    assert_eq!(signing("package", &[("CHART_RELEASE_SIGN", "yes")], ""), Some(nothing.clone()));
    let given = Signing { key: variable(KEY), passphrase: variable(PASSPHRASE), ..nothing };
    assert_eq!(signing("publish", &[KEY, PASSPHRASE], ""), Some(given.clone()));
    assert_eq!(signing("publish", &[KEY, PASSPHRASE, ("HOME", "/home/demo")], "sign: true\n"), Some(given));
    // A passphrase alone may be there for other programs.
    assert_eq!(signing("publish", &[PASSPHRASE], ""), None);
}

#[test]
fn the_key_is_in_the_file_that_is_named_or_where_helm_looks() {
    let home = ("HOME", "/home/demo");
    let key = |environment: &[(&str, &str)], text: &str| signing("publish", environment, text).unwrap().key;
    assert_eq!(key(&[home], "sign: true\n"), file("/home/demo/.gnupg/pubring.gpg"));
    assert_eq!(key(&[home, ("GNUPGHOME", "/keys")], "sign: true\n"), file("/keys/pubring.gpg"));
    assert_eq!(key(&[home], "sign: true\nkeyring: keys/a.gpg\n"), file("repository/keys/a.gpg"));
    assert_eq!(key(&[home], "sign: true\nkeyring: ~/a.gpg\n"), file("/home/demo/a.gpg"));
    let typed = "publish --sign --key Demo --keyring a.gpg --passphrase-file b";
    let given = Signing { key: file("a.gpg"), name: Some("Demo".into()), passphrase: file("b") };
    assert_eq!(signing(typed, &[home], "keyring: c.gpg\n"), Some(given));
}

#[test]
fn of_a_file_and_a_variable_the_stronger_counts_and_of_two_alike_none() {
    let (from_file, in_variable) = ("keyring: a.gpg\npassphrase-file: b\n", [KEY, PASSPHRASE]);
    let given = signing("publish", &in_variable, from_file).unwrap();
    assert_eq!((given.key, given.passphrase), (variable(KEY), variable(PASSPHRASE)));
    let given = signing("publish --keyring c.gpg --passphrase-file d", &in_variable, "").unwrap();
    assert_eq!((given.key, given.passphrase), (file("c.gpg"), file("d")));
    let both = [KEY, PASSPHRASE, ("CHART_RELEASE_KEYRING", "e"), ("CHART_RELEASE_PASSPHRASE_FILE", "f")];
    let told: Vec<_> = problems("publish", &both, "").into_iter().map(|problem| problem.what).collect();
    assert_eq!(
        told,
        [
            "CHART_RELEASE_KEYRING: CHART_RELEASE_SIGNING_KEY is given, too",
            "CHART_RELEASE_PASSPHRASE_FILE: CHART_RELEASE_SIGNING_PASSPHRASE is given, too",
        ]
    );
}

#[test]
fn what_has_no_effect_is_told_once_and_changes_nothing() {
    let notices = |typed: &str, environment: &[(&str, &str)], file: &str| {
        let config = config(typed, environment, file);
        assert_eq!(config.signing, None);
        config.notices.into_iter().map(|notice| notice.what).collect::<Vec<_>>()
    };
    let in_vain = ["CHART_RELEASE_SIGNING_KEY has no effect: `sign` is false"];
    assert_eq!(notices("publish", &[KEY], "sign: false\n"), in_vain);
    assert_eq!(notices("publish --keyring a", &[], ""), ["--keyring: has no effect: nothing is signed"]);
    assert_eq!(notices("publish", &[], "keyring: a\nkey: b\npassphrase-file: '-'\n"), [""; 0]);
}

#[test]
fn no_passphrase_is_read_from_the_standard_input() {
    let told = problems("publish --sign --passphrase-file -", &[], "");
    assert_eq!(told[0].what, "--passphrase-file: nothing is read from the standard input");
    let told = lines("sign: true\npassphrase-file: '-'\n");
    assert_eq!(told, ["chart-release.yaml:2 passphrase-file: nothing is read from the standard input"]);
}

#[test]
fn neither_key_nor_passphrase_is_printed_with_the_configuration() {
    let config = config("publish", &[KEY, PASSPHRASE], "");
    let known: Vec<_> = config.secrets.iter().map(Secret::expose).collect();
    assert_eq!(known, [KEY.1, "marked-key", PASSPHRASE.1.trim()]);
    let printed = format!("{config:?}");
    assert!(!printed.contains("marked") && !printed.contains(KEY.1), "{printed}");
}
