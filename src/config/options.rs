//! The options, and what flags and environment say of them.
//!
//! Which options exist, and what each takes, is read from the definition of the command line. So an option is added in
//! one place, and file, environment and flags cannot drift apart.

use super::secrets::is_secret;
use crate::problem::{Problem, nearest};
use clap::{ArgAction, ArgMatches, Command};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// How the command line calls the charts that are named. They are no option: no file and no variable holds them.
pub const NAMES: &str = "names";

/// What the names of our variables begin with.
pub(super) const PREFIX: &str = "CHART_RELEASE_";

/// What the help calls the value of an option exactly when it is a number.
const NUMBERS: [&str; 3] = ["N", "SECONDS", "MILLISECONDS"];

/// What the names of variables with the password of one registry begin with.
pub(super) const REGISTRY_PASSWORD: &str = "CHART_RELEASE_REGISTRY_PASSWORD";

/// What the inputs of the Action are called in the environment.
pub(super) const INPUT: &str = "INPUT_";

/// Options that are no inputs, because the Action says them itself or because they make no sense in a workflow.
const NO_INPUTS: [&str; 6] = ["color", "into", "json", "only", "quiet", "retry-pause"];

/// Options whose inputs have another name: in the plural, and as chart-releaser-action has it.
const RENAMED: [(&str, &str); 2] = [("channel", "channels"), ("charts", "charts_dir")];

/// Every option by its name without dashes.
pub(super) type Options = BTreeMap<String, Takes>;

/// What one source says: for each option that it names, one word or several.
pub(super) type Said = BTreeMap<String, Vec<Word>>;

/// What all sources say.
pub(super) type Layers = BTreeMap<Layer, Said>;

/// Who says something, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    /// What started the workflow.
    Event,
    /// A `cr.yaml`.
    TheirFile,
    /// A `chart-release.yaml`.
    OurFile,
    /// `CR_…`.
    TheirVariables,
    /// `CHART_RELEASE_…`.
    OurVariables,
    /// The flags of the command line, or the inputs of the Action.
    Said,
}

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Text,
    List,
    Switch,
    Number,
}

/// A value as it was written, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub text: String,
    pub origin: Origin,
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Flag,
    Environment,
    File {
        name: String,
        line: usize,
    },
    /// An input of the Action.
    Input(String),
    /// A variable of chart-releaser.
    Releaser(String),
    /// What started the workflow.
    Event,
}

impl Origin {
    /// Whether relative paths start from the root of the repository, as in its file. The steps of a workflow know no
    /// other place. What is typed or exported starts from the current folder.
    pub fn starts_at_root(&self) -> bool {
        !matches!(self, Self::Flag | Self::Environment)
    }
}

impl Word {
    /// A problem with this value of the option `key`.
    pub fn problem(&self, key: &str, what: impl fmt::Display) -> Problem {
        match &self.origin {
            Origin::Flag => Problem::new(format!("--{key}: {what}")),
            Origin::Environment => Problem::new(format!("{}: {what}", variable(key))),
            Origin::File { name, line } => Problem::new(format!("{key}: {what}")).at(name, *line),
            Origin::Input(name) => Problem::new(format!("input {name}: {what}")),
            Origin::Releaser(name) => Problem::new(format!("{name}: {what}")),
            Origin::Event => Problem::new(format!("the event: {what}")),
        }
    }
}

/// The options of a command line, but for those that say where the file is.
pub(super) fn of(command: &Command) -> Options {
    let below = command.get_subcommands().flat_map(Command::get_arguments);
    let options = command.get_arguments().chain(below).filter_map(|argument| {
        let takes = match argument.get_action() {
            ArgAction::Append => Takes::List,
            ArgAction::SetTrue => Takes::Switch,
            ArgAction::Count => Takes::Number,
            ArgAction::Set
                if argument.get_value_names().is_some_and(|names| NUMBERS.contains(&&*names[0])) =>
            {
                Takes::Number
            }
            ArgAction::Set => Takes::Text,
            _ => return None,
        };
        let key = argument.get_long()?;
        (!["repository", "config"].contains(&key)).then(|| (key.to_owned(), takes))
    });
    options.collect()
}

/// What the flags say.
pub(super) fn from_flags(options: &Options, matches: &ArgMatches) -> Said {
    let word = |text: String| Word { text, origin: Origin::Flag };
    // The definition calls an argument as its field is called.
    let id = |key: &str| key.replace('-', "_");
    let given = |key: &str| {
        let key = &id(key);
        // Not every command has every option; and the default of a switch is not something that was said.
        matches.try_contains_id(key).unwrap_or(false)
            && matches.value_source(key) == Some(clap::parser::ValueSource::CommandLine)
    };
    let said = options.iter().filter(|(key, _)| given(key)).map(|(key, takes)| {
        let argument = &id(key);
        let words = match takes {
            Takes::Switch => vec![matches.get_flag(argument).to_string()],
            Takes::Number if matches.try_get_one::<u8>(argument).is_ok() => {
                vec![matches.get_count(argument).to_string()]
            }
            _ => matches
                .get_raw(argument)
                .into_iter()
                .flatten()
                .map(|text| text.to_string_lossy().into_owned())
                .collect(),
        };
        (key.clone(), words.into_iter().map(word).collect())
    });
    said.collect()
}

/// What the environment says, and what is wrong with it: variables of ours that nothing reads. An empty variable is not set:
/// GitHub Actions passes inputs that nobody gave as empty.
pub(super) fn from_environment(
    options: &Options,
    environment: &BTreeMap<String, String>,
) -> (Said, Vec<Problem>) {
    let mut said = Said::new();
    let mut known: BTreeSet<String> = ["repository", "config"].map(variable).into();
    for (key, takes) in options {
        let name = variable(key);
        if let Some(text) = value(environment, &name) {
            let words: Vec<_> = match takes {
                Takes::List => split(text),
                Takes::Text | Takes::Switch | Takes::Number => vec![text],
            };
            let word = |text: &str| Word { text: text.into(), origin: Origin::Environment };
            if !words.is_empty() {
                said.insert(key.clone(), words.into_iter().map(word).collect());
            }
        }
        known.insert(name);
    }
    let unread = environment.keys().filter(|name| {
        let ours = name.starts_with(PREFIX) && !is_secret(name);
        ours && !known.contains(name.as_str()) && value(environment, name).is_some()
    });
    let problems = unread.map(|name| {
        let problem = Problem::new(format!("{name} is set, and there is no such option"));
        let said = name.strip_prefix(PREFIX).unwrap_or(name);
        match nearest(said, known.iter().filter_map(|known| known.strip_prefix(PREFIX))) {
            Some(near) => problem.next(format!("did you mean {PREFIX}{near}?")),
            None => problem.next("`chart-release --help` lists the options"),
        }
    });
    (said, problems.collect())
}

/// The input of the Action for an option.
pub(super) fn input(key: &str) -> Option<String> {
    if let Some((_, input)) = RENAMED.iter().find(|(option, _)| *option == key) {
        return Some((*input).to_owned());
    }
    (!NO_INPUTS.contains(&key)).then(|| key.replace('-', "_"))
}

/// The variable in which the runner brings an input.
pub(super) fn input_variable(input: &str) -> String {
    format!("{INPUT}{}", input.to_uppercase())
}

/// What the inputs say of the options. An empty one was not given.
pub(super) fn from_inputs(options: &Options, environment: &BTreeMap<String, String>) -> Said {
    let said = options.iter().filter_map(|(key, takes)| {
        let input = input(key)?;
        let text = value(environment, &input_variable(&input))?;
        let words = match takes {
            Takes::List => split(text),
            Takes::Text | Takes::Switch | Takes::Number => vec![text],
        };
        let word = |text: &str| Word { text: text.into(), origin: Origin::Input(input.clone()) };
        (!words.is_empty()).then(|| (key.clone(), words.into_iter().map(word).collect()))
    });
    said.collect()
}

/// What a switch means.
pub(super) fn on_or_off(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

/// A variable as people know it: the input of the Action that it brings, or its name.
pub(super) fn told(variable: &str) -> String {
    match variable.strip_prefix(INPUT) {
        Some(input) => format!("input {}", input.to_lowercase()),
        None => variable.to_owned(),
    }
}

/// The items of a list in a variable: its lines, or what its commas part. The commas of `{a,b}` belong to a glob.
pub(super) fn split(text: &str) -> Vec<&str> {
    let mut braces = 0_usize;
    let part = |character: char| match character {
        '{' => {
            braces += 1;
            false
        }
        '}' => {
            braces = braces.saturating_sub(1);
            false
        }
        character => character == '\n' || (character == ',' && braces == 0),
    };
    text.split(part).map(str::trim).filter(|item| !item.is_empty()).collect()
}

/// The value of a variable, where it is set and not empty.
pub(super) fn value<'a>(environment: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    environment.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// The variables that are none of ours and hold no secret.
pub(super) fn of_others(environment: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let of_others = |name: &str| !name.starts_with(PREFIX) && !name.starts_with(INPUT) && !is_secret(name);
    let variables = environment.iter().filter(|(name, _)| of_others(name));
    variables.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// `CHART_RELEASE_SINCE` of `since`.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('-', "_").to_uppercase())
}
