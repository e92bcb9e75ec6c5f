//! Whether packages are signed: with which key, and what opens it.

use super::{
    meant::Meant,
    options::{self, Layer, Origin, Word},
    secrets::{SIGNING_KEYS, SIGNING_PASSPHRASES},
};
use crate::{problem::Problem, secret::Secret};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// How packages are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signing {
    /// Where the key is. `None` when nobody says it, and there is no home folder either.
    pub key: Option<Source>,
    /// A name, an e-mail address or a fingerprint that chooses one of several keys.
    pub name: Option<String>,
    /// Where that is which opens the key.
    pub passphrase: Option<Source>,
}

/// Where something secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In this file.
    File(PathBuf),
    /// In a variable.
    Variable {
        /// Its name, or that of the input which it brings.
        told: String,
        /// What it holds, which is not empty.
        value: Secret,
    },
}

/// What GnuPG and Helm call the keyring that Helm takes when nobody names another one.
const KEYRING: &str = "pubring.gpg";

/// How packages are signed, where somebody wants them to be; and what is worth knowing about it.
pub(super) fn signing(
    meant: &mut Meant<'_>,
    variables: &BTreeMap<String, String>,
    in_workflow: bool,
    notices: &mut Vec<Problem>,
) -> Option<Signing> {
    let names = |names: [&'static str; 2]| if in_workflow { names } else { [names[1], names[1]] };
    let (keys, passphrases) = (names(SIGNING_KEYS), names(SIGNING_PASSPHRASES));
    let said = meant.said.contains_key("sign");
    let wanted = meant.switch("sign");
    let (name, keyring, file) = (meant.text("key"), meant.text("keyring"), meant.text("passphrase-file"));
    let given = given(variables, keys);
    let sign = if said { wanted } else { given.is_some() };
    if !sign {
        notices.extend(without_effect(said, given.as_ref(), &[("key", &name), ("keyring", &keyring)]));
        return None;
    }
    let home = home(variables);
    let opens_later = file.as_ref().filter(|word| word.text.trim() == "-");
    if let Some(word) = opens_later {
        let problem = word.problem("passphrase-file", "nothing is read from the standard input");
        meant
            .problems
            .push(problem.next("name a file, or put the passphrase into CHART_RELEASE_SIGNING_PASSPHRASE"));
    }
    let passphrase = self::given(variables, passphrases);
    let mut source = |key: &str, word: Option<Word>, given: Option<Given>| match (word, given) {
        (Some(word), Some(given)) if layer(&word.origin) == given.layer => {
            let told = options::told(given.name);
            let problem = word.problem(key, format!("{told} is given, too"));
            meant.problems.push(problem.next("leave out one of them"));
            None
        }
        (Some(word), given) if given.as_ref().is_none_or(|given| layer(&word.origin) > given.layer) => {
            let path = at_home(word.text.trim(), home.as_deref());
            Some(Source::File(meant.resolved(&path, &word.origin)))
        }
        (_, given) => given.map(|given| Source::Variable {
            told: options::told(given.name),
            value: Secret::any(given.value),
        }),
    };
    let key = source("keyring", keyring, given);
    let passphrase = source("passphrase-file", file, passphrase);
    Some(Signing {
        key: key.or_else(|| default_keyring(variables, home.as_deref()).map(Source::File)),
        name: name.map(|word| word.text.trim().to_owned()),
        passphrase,
    })
}

/// What a variable holds, and how strong its word is.
struct Given<'a> {
    name: &'static str,
    value: &'a str,
    layer: Layer,
}

/// The first of these variables that is set.
fn given<'a>(variables: &'a BTreeMap<String, String>, names: [&'static str; 2]) -> Option<Given<'a>> {
    let name = names.into_iter().find(|name| options::value(variables, name).is_some())?;
    let layer = if name.starts_with(options::INPUT) { Layer::Said } else { Layer::OurVariables };
    // A passphrase may begin or end with spaces.
    Some(Given { name, value: variables.get(name)?, layer })
}

fn layer(origin: &Origin) -> Layer {
    match origin {
        Origin::Flag | Origin::Input(_) => Layer::Said,
        Origin::Environment => Layer::OurVariables,
        Origin::Releaser(_) => Layer::TheirVariables,
        Origin::File { .. } => Layer::OurFile,
        Origin::Event => Layer::Event,
    }
}

/// What somebody gave in vain, because nothing is signed. A file or a job may hold a key for other runs.
fn without_effect(said: bool, key: Option<&Given<'_>>, words: &[(&str, &Option<Word>)]) -> Option<Problem> {
    let next = "say --sign, or leave it out";
    if let Some(key) = key.filter(|_| said) {
        let what = format!("{} has no effect: `sign` is false", options::told(key.name));
        return Some(Problem::new(what).next(next));
    }
    let typed = |word: &Word| layer(&word.origin) == Layer::Said;
    words.iter().find_map(|(option, word)| {
        let word = word.as_ref().filter(|word| typed(word))?;
        Some(word.problem(option, "has no effect: nothing is signed").next(next))
    })
}

fn default_keyring(variables: &BTreeMap<String, String>, home: Option<&Path>) -> Option<PathBuf> {
    let folder = options::value(variables, "GNUPGHOME").map(PathBuf::from);
    Some(folder.or_else(|| home.map(|home| home.join(".gnupg")))?.join(KEYRING))
}

/// The home folder of whoever runs the program.
pub(super) fn home(variables: &BTreeMap<String, String>) -> Option<PathBuf> {
    ["HOME", "USERPROFILE"].iter().find_map(|name| options::value(variables, name)).map(PathBuf::from)
}

/// A path that may begin with `~`, which no shell has read: in a file or an input.
pub(super) fn at_home(path: &str, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~/"), home) {
        (Some(below), Some(home)) => home.join(below),
        _ => path.into(),
    }
}
