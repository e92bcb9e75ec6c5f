//! What chart-releaser and its Action are told, and what becomes of it here: honoured, told as a notice, or refused.
//!
//! A key can stand in a `cr.yaml`, in a variable (`CR_…`), or be an input of the Action. The strongest of them is
//! judged, once. What is honoured becomes a word of one of our options, as strong as it was.

use super::options::{self, Layer, Layers, Origin, Said, Word};
use crate::{
    charts::yaml::{Node, Value},
    problem::{Problem, nearest},
};
use std::{collections::BTreeMap, path::Path};

/// What the names of its variables begin with.
const PREFIX: &str = "CR_";

/// Where its configuration is at the root of the repository: the first that is there is read.
pub(super) const FILES: [&str; 3] = ["cr.json", "cr.yaml", "cr.yml"];

/// Kinds of files that it can read, and this program cannot.
const UNREAD: [&str; 9] = ["toml", "hcl", "tfvars", "properties", "props", "prop", "ini", "env", "dotenv"];

/// What becomes of a key.
#[derive(Clone, Copy, Debug)]
enum Becomes {
    /// The option of this name, which means the same.
    Option(&'static str),
    /// Nothing: why, and what to do instead.
    Nothing(&'static str, &'static str),
    /// Nothing, and true is what happens anyway: why, and what to do instead.
    AlwaysTrue(&'static str, &'static str),
    /// A refusal when it is true: why, and what to do instead.
    Refused(&'static str, &'static str),
    /// No release is the latest one, when it is false.
    MarkAsLatest,
    /// No channel `pages`, when it is true.
    WithoutPages,
    /// A part of the repository's name, which the workflow knows: the owner, or what comes after.
    Repository(usize),
    /// The address of GitHub, which the workflow knows.
    GitHub,
    /// The remote with the pages branch; `origin` means what happens anyway.
    Remote,
    /// A secret, at a place for everybody's eyes.
    Token,
}

/// A key of chart-releaser, or an input of its Action.
#[derive(Debug)]
struct Term {
    /// As in its file. Its variable is the same in upper case.
    key: Option<&'static str>,
    /// Its input, where that has another name than an input of ours.
    input: Option<&'static str>,
    becomes: Becomes,
}

const fn key(key: &'static str, becomes: Becomes) -> Term {
    Term { key: Some(key), input: None, becomes }
}

const fn input(input: &'static str, becomes: Becomes) -> Term {
    Term { key: None, input: Some(input), becomes }
}

const fn both(key: &'static str, input: &'static str, becomes: Becomes) -> Term {
    Term { key: Some(key), input: Some(input), becomes }
}

/// The whole vocabulary, but for `config`, `charts_dir`, `install_dir` and `install_only`, which mean here what they mean
/// there.
const TERMS: [Term; 27] = [
    key("owner", Becomes::Repository(0)),
    key("git-repo", Becomes::Repository(1)),
    key("git-base-url", Becomes::GitHub),
    key("git-upload-url", Becomes::GitHub),
    key("token", Becomes::Token),
    both(
        "charts-repo",
        "charts_repo_url",
        Becomes::Nothing(
            "as in chart-releaser since 2022",
            "take it out; `pages_url` says where the index is served, where that is not known",
        ),
    ),
    key("index-path", Becomes::Nothing("the index is written on the pages branch only", "take it out")),
    key("package-path", Becomes::Option("packages")),
    key("sign", Becomes::Option("sign")),
    key("key", Becomes::Option("key")),
    key("keyring", Becomes::Option("keyring")),
    key("passphrase-file", Becomes::Option("passphrase-file")),
    key("commit", Becomes::Nothing("a release is made at the commit that its chart is from", "take it out")),
    key("pages-branch", Becomes::Option("pages-branch")),
    key("pages-index-path", Becomes::Option("pages-index-path")),
    key(
        "push",
        Becomes::AlwaysTrue("the index is always pushed", "name `channels` without `pages` to have none"),
    ),
    key(
        "pr",
        Becomes::Refused(
            "the index is pushed, not proposed in a pull request",
            "take `pr` out, or name `channels` without `pages`",
        ),
    ),
    key("remote", Becomes::Remote),
    key("release-name-template", Becomes::Option("release-name-template")),
    key("release-notes-file", Becomes::Option("release-notes-file")),
    key("generate-release-notes", Becomes::Option("generate-release-notes")),
    key("packages-with-index", Becomes::Option("packages-with-index")),
    both("make-release-latest", "mark_as_latest", Becomes::MarkAsLatest),
    both(
        "skip-existing",
        "skip_existing",
        Becomes::AlwaysTrue(
            "what is published is always kept",
            "take it out; `strict: true` refuses a chart that changed while its version stayed",
        ),
    ),
    input("skip_upload", Becomes::WithoutPages),
    input(
        "skip_packaging",
        Becomes::Refused(
            "packages of earlier steps are not published: this program makes them itself",
            "take it out, and the steps that make packages; files that steps generate are packaged",
        ),
    ),
    input(
        "version",
        Becomes::Nothing(
            "the version of chart-releaser has no meaning here",
            "take it out: the Action brings its own program",
        ),
    ),
];

/// Its inputs, where they are no inputs for an option of ours.
pub(super) fn inputs() -> impl Iterator<Item = &'static str> {
    TERMS.iter().filter_map(|term| term.input)
}

/// What chart-releaser was told.
#[derive(Clone, Debug, Default)]
pub(super) struct Terms {
    /// By the place of the term in the vocabulary: the strongest word about it.
    spoken: BTreeMap<usize, (Layer, Word)>,
    notices: Vec<Problem>,
}

/// What becomes of it.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub notices: Vec<Problem>,
    pub problems: Vec<Problem>,
    /// Who said that there shall be no index.
    pub without_pages: Option<Word>,
}

impl Terms {
    /// What inputs and variables say.
    pub fn new(environment: &BTreeMap<String, String>) -> Self {
        let mut terms = Self::default();
        for (name, rest) in environment.keys().filter_map(|name| Some((name, name.strip_prefix(PREFIX)?))) {
            let Some(text) = options::value(environment, name) else { continue };
            let variable = |term: &Term| term.key.map(variable);
            match TERMS.iter().position(|term| variable(term).as_deref() == Some(name)) {
                // It is read where tokens are.
                Some(term) if matches!(TERMS[term].becomes, Becomes::Token) => {}
                Some(term) => {
                    let word = Word { text: text.into(), origin: Origin::Releaser(name.clone()) };
                    terms.spoken.insert(term, (Layer::TheirVariables, word));
                }
                None => terms.notices.push(unknown_variable(name, rest)),
            }
        }
        for (term, input) in TERMS.iter().enumerate().filter_map(|(at, term)| Some((at, term.input?))) {
            let Some(text) = options::value(environment, &options::input_variable(input)) else { continue };
            // What is true by default says nothing against a variable or a file, as in chart-releaser-action.
            if matches!(TERMS[term].becomes, Becomes::MarkAsLatest) && options::on_or_off(text) == Some(true)
            {
                continue;
            }
            let word = Word { text: text.into(), origin: Origin::Input(input.into()) };
            terms.spoken.insert(term, (Layer::Said, word));
        }
        terms
    }

    /// What a file says of a key. False for a key that chart-releaser does not have.
    ///
    /// # Errors
    /// The value cannot be one of this key: the line, and why.
    pub fn hear(&mut self, key: &str, value: &Node, name: &str) -> Result<bool, (usize, &'static str)> {
        // It reads keys in any case.
        let key = key.to_lowercase();
        let Some(term) = TERMS.iter().position(|term| term.key == Some(key.as_str())) else {
            return Ok(false);
        };
        let text = match value.coerced() {
            Some(text) => text.trim().to_owned(),
            None if value.value == Value::Null => return Ok(true),
            None => return Err((value.line, "must be one text, number, true or false")),
        };
        if !text.is_empty() {
            let origin = Origin::File { name: name.into(), line: value.line };
            let word = (Layer::TheirFile, Word { text, origin });
            self.spoken.entry(term).or_insert(word);
        }
        Ok(true)
    }

    /// What becomes of all that. What is honoured is added to the layers, each at its own.
    pub fn judge(self, layers: &mut Layers, variables: &BTreeMap<String, String>) -> Verdict {
        let mut verdict = Verdict { notices: self.notices, ..Verdict::default() };
        for (term, (layer, word)) in self.spoken {
            let term = &TERMS[term];
            let name = term.name();
            match term.becomes {
                Becomes::Option(option) => {
                    layers.entry(layer).or_default().entry(option.into()).or_insert(vec![word]);
                }
                Becomes::Token => verdict.problems.push(
                    word.problem(name, "a token stands in a file for everybody's eyes")
                        .next("take it out and revoke it; put a new one into a secret, and give that as the input `token`"),
                ),
                Becomes::Nothing(..) | Becomes::Remote | Becomes::Repository(_) | Becomes::GitHub => {
                    let told = no_effect(term.becomes, &word.text, layers, variables);
                    verdict.notices.extend(told.map(|(why, next)| {
                        word.problem(name, format!("has no effect: {why}")).next(next)
                    }));
                }
                Becomes::AlwaysTrue(..)
                | Becomes::Refused(..)
                | Becomes::MarkAsLatest
                | Becomes::WithoutPages => verdict.switch(term, layer, word, layers),
            }
        }
        verdict
    }
}

impl Term {
    /// As problems call it.
    fn name(&self) -> &'static str {
        self.key.or(self.input).unwrap_or_default()
    }
}

impl Verdict {
    /// Of what is either true or false.
    fn switch(&mut self, term: &Term, layer: Layer, word: Word, layers: &mut Layers) {
        let name = term.name();
        let Some(on) = options::on_or_off(&word.text) else {
            let what = format!("`{}` is neither true nor false", word.text);
            self.problems.push(word.problem(name, what).next("write true or false"));
            return;
        };
        match (term.becomes, on) {
            (Becomes::AlwaysTrue(why, next), false) => {
                let what = format!("`{}` has no effect: {why}", word.text);
                self.notices.push(word.problem(name, what).next(next));
            }
            (Becomes::Refused(why, next), true) => self.problems.push(word.problem(name, why).next(next)),
            (Becomes::WithoutPages, true) => self.without_pages = Some(word),
            (Becomes::MarkAsLatest, false) => {
                self.problems.extend(none_is_latest(layers.entry(layer).or_default(), name, word));
            }
            _ => {}
        }
    }
}

/// Why this word has no effect, and what to do instead; `None` where it says what is so anyway.
fn no_effect(
    becomes: Becomes,
    text: &str,
    layers: &Layers,
    variables: &BTreeMap<String, String>,
) -> Option<(String, &'static str)> {
    match becomes {
        Becomes::Nothing(why, next) => Some((why.into(), next)),
        Becomes::Remote if text != "origin" => Some((
            "the pages branch is in the repository on GitHub".into(),
            "take it out; `pages_remote` names another repository by its URL",
        )),
        Becomes::Repository(part) => {
            let repository = repository(layers, variables);
            let known = repository.as_deref().and_then(|whole| whole.split('/').nth(part));
            let differs = !known.is_some_and(|known| known.eq_ignore_ascii_case(text));
            let whole = repository.as_deref().unwrap_or("the repository of the workflow");
            differs.then(|| {
                (
                    format!("this run publishes to {whole}"),
                    "take it out; `github_repository: OWNER/NAME` names another repository",
                )
            })
        }
        Becomes::GitHub if !is_this_github(text, variables) => Some((
            "GitHub is where the workflow runs".into(),
            "take it out; GITHUB_API_URL and GITHUB_SERVER_URL say where that is",
        )),
        _ => None,
    }
}

/// All keys that a file can have.
pub(super) fn keys() -> impl Iterator<Item = &'static str> {
    TERMS.iter().filter_map(|term| term.key)
}

/// Whether this is a file of chart-releaser that this program cannot read.
pub(super) fn is_unread(file: &Path) -> bool {
    let ending = file.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
    ending.is_some_and(|ending| UNREAD.contains(&ending.as_str()))
}

/// Its files at the root of a repository that would be read there, and are not read here.
pub(super) fn unread() -> impl Iterator<Item = String> {
    UNREAD.iter().map(|ending| format!("cr.{ending}"))
}

/// `make-release-latest: false`, unless the same source says which chart is the latest.
fn none_is_latest(said: &mut Said, name: &str, word: Word) -> Option<Problem> {
    match said.get("latest-chart").and_then(|words| words.last()) {
        Some(other) if other.text != "none" => {
            let what = format!("no release is the latest, and `{}` shall be it", other.text);
            Some(word.problem(name, what).next("leave out one of them"))
        }
        _ => {
            said.insert("latest-chart".into(), vec![Word { text: "none".into(), origin: word.origin }]);
            None
        }
    }
}

/// The repository that this run publishes to, as far as it is known before anything is checked.
fn repository(layers: &Layers, variables: &BTreeMap<String, String>) -> Option<String> {
    let said = layers.values().rev().find_map(|said| said.get("github-repository")?.last());
    let workflow = || options::value(variables, "GITHUB_REPOSITORY").map(str::to_owned);
    said.map(|word| word.text.clone()).or_else(workflow)
}

/// Whether this address is of the GitHub that the workflow runs on: its API, or where it takes uploads.
fn is_this_github(address: &str, variables: &BTreeMap<String, String>) -> bool {
    let plain = |text: &str| text.trim_end_matches('/').to_lowercase();
    let api = options::value(variables, "GITHUB_API_URL").map_or("https://api.github.com".into(), plain);
    let server = options::value(variables, "GITHUB_SERVER_URL").map(plain);
    let uploads = match (&*api, server) {
        ("https://api.github.com", _) => Some("https://uploads.github.com".to_owned()),
        (_, Some(server)) => Some(format!("{server}/api/uploads")),
        _ => None,
    };
    let address = plain(address);
    address == api || Some(address) == uploads
}

fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('-', "_").to_uppercase())
}

fn unknown_variable(name: &str, rest: &str) -> Problem {
    let problem = Problem::new(format!("{name} has no effect: chart-releaser has no such option"));
    let known: Vec<String> = keys().map(variable).collect();
    match nearest(rest, known.iter().filter_map(|known| known.strip_prefix(PREFIX))) {
        Some(near) => problem.next(format!("did you mean {PREFIX}{near}?")),
        None => problem.next("take it out, unless another program reads it"),
    }
}
