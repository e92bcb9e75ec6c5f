//! What a workflow gives the Action: inputs, and what chart-releaser and its Action were given in their names.

use super::{
    Given,
    chart_releaser::{self, Terms},
    given::ConfigFile,
    options::{self, Layer, Origin, Said, Word},
};
use crate::{problem::Problem, secret::Secret};
use clap::Command;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Inputs that are no options: where and what, who may, secrets, and a registry in the names that chart-releaser-action
/// may have for it one day. Those of the installation are read by its script.
const INPUTS: [&str; 14] = [
    "command",
    "branches",
    "names",
    "config",
    "working_directory",
    "token",
    "oci_registry_url",
    "oci_username",
    "oci_password",
    "signing_key",
    "signing_passphrase",
    "binary",
    "binary_url",
    "install_dir",
];

/// What the name of our own configuration file is, wherever it lies.
const OURS: [&str; 2] = ["chart-release.yaml", "chart-release.yml"];

/// Where packages are left, as by chart-releaser-action.
const PACKAGES: &str = ".cr-release-packages";

/// Every input that the program reads, and those of the installation: for the definition of the Action, sorted.
pub fn inputs(definition: &Command) -> Vec<String> {
    let options = options::of(definition);
    let mut inputs: Vec<String> = options.keys().filter_map(|key| options::input(key)).collect();
    inputs.extend(INPUTS.iter().chain(&["install_only"]).map(|input| (*input).to_owned()));
    inputs.extend(chart_releaser::inputs().map(str::to_owned));
    inputs.sort();
    inputs
}

/// The options that are inputs, each with the name of its input.
pub fn options_and_inputs(definition: &Command) -> Vec<(String, String)> {
    let options = options::of(definition);
    options.into_keys().filter_map(|key| options::input(&key).map(|input| (key, input))).collect()
}

/// An input that was given, as it was written.
pub fn input<'a>(environment: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    options::value(environment, &options::input_variable(name))
}

/// The items of an input that is a list.
pub fn input_list<'a>(environment: &'a BTreeMap<String, String>, name: &str) -> Vec<&'a str> {
    input(environment, name).map(options::split).unwrap_or_default()
}

impl Given {
    /// As the Action has it: from the inputs, our variables, and those of chart-releaser.
    pub fn in_workflow(definition: &Command, environment: &BTreeMap<String, String>) -> Self {
        let mut given = Self::in_environment(definition, environment);
        given.layers.insert(Layer::Said, options::from_inputs(&given.options, environment));
        given.names = input_list(environment, "names").into_iter().map(str::to_owned).collect();
        given.repository = input(environment, "working_directory").map(PathBuf::from).or(given.repository);
        given.chart_releaser = Some(Terms::new(environment));
        given.assume("packages", PACKAGES);
        // Nothing is left in the other folder, so it is none of our outputs: there may be charts in it.
        given.assume("into", PACKAGES);
        if options::value(environment, "RUNNER_DEBUG") == Some("1") {
            given.assume("verbose", "2");
        }
        given
    }

    /// Whether charts are named: then no event says which versions are meant.
    pub fn is_sweep(&self) -> bool {
        self.names.is_empty()
    }

    /// Only the packages are made: what channels lack is no error.
    pub fn without_channels(&mut self) {
        self.to_channels = false;
    }

    /// What holds when nobody says otherwise.
    pub fn assume(&mut self, key: &str, text: &str) {
        let word = Word { text: text.into(), origin: Origin::Event };
        self.layers.entry(Layer::Event).or_default().insert(key.into(), vec![word]);
    }

    /// Something that is worth knowing, and changes nothing.
    pub fn notice(&mut self, notice: Problem) {
        self.notices.push(notice);
    }

    /// Something that is wrong: there will be no configuration.
    pub fn refuse(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The configuration files of the repository with this root: the one that is named, or ours and chart-releaser's.
    pub fn files(&mut self, root: &Path) -> Vec<ConfigFile> {
        let named = input(&self.variables, "config").map(|path| (root.join(path), path.to_owned()));
        let exported = self.config.as_ref().map(|path| (path.clone(), path.display().to_string()));
        if let Some((path, name)) = named.or(exported) {
            if chart_releaser::is_unread(&path) {
                let problem = Problem::new("the configuration is in a format that this program cannot read");
                self.refuse(
                    problem.in_file(name).next("write it as YAML or JSON, in a file named .yaml or .json"),
                );
                return Vec::new();
            }
            let of_chart_releaser =
                !path.file_name().is_some_and(|file| OURS.iter().any(|ours| file == *ours));
            return vec![ConfigFile { path, name, named: true, of_chart_releaser }];
        }
        for name in chart_releaser::unread().filter(|name| root.join(name).is_file()) {
            let problem = Problem::new(format!("{name} is not read: this program reads YAML and JSON only"));
            self.notices.push(problem.in_file(&name).next("write it as cr.yaml, or as chart-release.yaml"));
        }
        let mut files = vec![self.file(root)];
        let theirs = chart_releaser::FILES.iter().find(|name| root.join(name).exists());
        files.extend(theirs.map(|name| ConfigFile {
            path: root.join(name),
            name: (*name).to_owned(),
            named: false,
            of_chart_releaser: true,
        }));
        files
    }

    /// What chart-releaser was told becomes ours; the word that takes the pages away is given back.
    pub(super) fn judge_chart_releaser(&mut self) -> Option<Word> {
        let verdict = self.chart_releaser.take()?.judge(&mut self.layers, &self.variables);
        self.notices.extend(verdict.notices);
        self.problems.extend(verdict.problems);
        self.registry();
        verdict.without_pages
    }

    /// The registry in the names that chart-releaser-action may have for it: one more channel, a user and a password.
    fn registry(&mut self) {
        let read = |name: &str| input(&self.variables, name).map(str::to_owned);
        let word = |name: &str, text: String| Word { text, origin: Origin::Input(name.into()) };
        let (url, user, password) = (read("oci_registry_url"), read("oci_username"), read("oci_password"));
        let problem =
            |name: &str, what: &str, next: &str| word(name, String::new()).problem("", what).next(next);
        let Some(url) = url else {
            for (name, value) in [("oci_username", user), ("oci_password", password)] {
                if value.is_some() {
                    let next = "name it: `oci_registry_url: oci://HOST/PATH`";
                    self.problems.push(problem(name, "no registry is named", next));
                }
            }
            return;
        };
        let url = if url.contains("://") { url } else { format!("oci://{url}") };
        let host = url.trim_start_matches("oci://").split('/').next().unwrap_or_default().to_lowercase();
        match (user, password) {
            (Some(user), Some(password)) => {
                if password.chars().any(char::is_control) || Secret::new(password.as_str()).is_err() {
                    self.problems.push(problem(
                        "oci_password",
                        "this is no password: it has fewer than 8 characters, or more than one line",
                        "set it to the one line that was given to you",
                    ));
                }
                let mut users = self.strongest("registry-user").unwrap_or_default();
                users.push(word("oci_username", format!("{host}={user}")));
                self.layers.entry(Layer::Said).or_default().insert("registry-user".into(), users);
                self.variables.insert(super::registry::variable(&host), password);
            }
            (Some(_), None) => {
                let next = "give `oci_password`, from a secret";
                self.problems.push(problem("oci_username", "there is no password for it", next));
            }
            (None, Some(_)) => {
                let what = "there is no user for it";
                self.problems.push(problem("oci_password", what, "give `oci_username`"));
            }
            (None, None) => {}
        }
        let channel = word("oci_registry_url", url);
        let mut channels = self.strongest("channel").unwrap_or_else(|| {
            ["releases", "pages"].map(|text| Word { text: text.into(), origin: Origin::Event }).into()
        });
        channels.push(channel);
        self.layers.entry(Layer::Said).or_default().insert("channel".into(), channels);
    }

    /// What the strongest source says of an option that is a list.
    fn strongest(&self, key: &str) -> Option<Vec<Word>> {
        self.layers.values().rev().find_map(|said| said.get(key)).cloned()
    }
}

/// `skip_upload: true`: releases, and no index.
pub(super) fn without_pages(merged: &mut Said, word: &Word) -> Option<Problem> {
    let releases = || vec![Word { text: "releases".into(), origin: word.origin.clone() }];
    let channels = merged.entry("channel".into()).or_insert_with(releases);
    let chosen = |channel: &Word| channel.text.trim() == "pages" && channel.origin != Origin::Event;
    if channels.iter().any(chosen) {
        let problem = word.problem("skip_upload", "there shall be no index, and the channels name `pages`");
        return Some(problem.next("leave out one of them"));
    }
    channels.retain(|channel| channel.text != "pages");
    None
}

#[cfg(test)]
mod tests;
