//! From what was given to what is meant.

use super::{
    ChannelChoice, Color, Config, FILE, file,
    options::{self, NAMES, Options, Origin, Said, Word},
};
use crate::{holdings::ChannelId, problem::Problem, secret::Secret};
use clap::{ArgMatches, Command, ValueEnum};
use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

/// What was typed and set.
pub struct Given {
    options: Options,
    flags: Said,
    environment: Said,
    names: Vec<String>,
    repository: Option<PathBuf>,
    config: Option<PathBuf>,
    problems: Vec<Problem>,
    source_date_epoch: Option<String>,
    secrets: Vec<Secret>,
}

/// Where the configuration file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    /// Relative to the current folder, or absolute.
    pub path: PathBuf,
    /// How problems name it.
    pub name: String,
    /// Somebody named it: it has to be there.
    pub named: bool,
}

impl Given {
    /// From the definition of the command line, what was typed after the name of a command, and the environment.
    pub fn new(command: &Command, typed: &ArgMatches, environment: &BTreeMap<String, String>) -> Self {
        let options = options::of(command);
        let flags = options::from_flags(&options, typed);
        let (said, problems) = options::from_environment(&options, environment);
        let names =
            typed.try_get_many::<String>(NAMES).ok().flatten().into_iter().flatten().cloned().collect();
        let place = |key: &str| {
            let flag = typed.try_get_one::<String>(key).ok().flatten().map(String::as_str);
            flag.or_else(|| options::value(environment, &options::variable(key))).map(PathBuf::from)
        };
        Self {
            flags,
            environment: said,
            names,
            repository: place("repository"),
            config: place("config"),
            problems,
            source_date_epoch: options::value(environment, "SOURCE_DATE_EPOCH").map(str::to_owned),
            secrets: options::secrets(environment),
            options,
        }
    }

    /// The folder that was named as the repository; without one, it is the repository around the current folder.
    pub fn repository(&self) -> Option<&Path> {
        self.repository.as_deref()
    }

    /// The configuration file of the repository with this root.
    pub fn file(&self, root: &Path) -> ConfigFile {
        match &self.config {
            Some(path) => ConfigFile { path: path.clone(), name: path.display().to_string(), named: true },
            None => ConfigFile { path: root.join(FILE), name: FILE.into(), named: false },
        }
    }

    /// The secrets that must not be printed.
    pub fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// Flags over environment over file, checked. `file` is the file's name in problems and its bytes, where there is
    /// one; `processors` is the default of `--jobs`.
    ///
    /// # Errors
    /// Everything that is wrong, each with its flag, variable, or file and line.
    pub fn check(
        self,
        root: &Path,
        file: Option<(&str, &[u8])>,
        processors: NonZeroUsize,
    ) -> Result<Config, Vec<Problem>> {
        let mut merged = match file {
            Some((name, bytes)) => file::read(&self.options, name, bytes)?,
            None => Said::new(),
        };
        merged.extend(self.environment);
        merged.extend(self.flags);
        let mut meant = Meant { said: merged, problems: self.problems, root };
        let named = !self.names.is_empty();
        for name in &self.names {
            meant.problems.extend(wrong_name(name));
        }
        let config = Config {
            repository: root.into(),
            charts: meant.globs("charts").unwrap_or_else(|| vec!["charts".into()]),
            exclude: meant.globs("exclude").unwrap_or_default(),
            channels: meant.channels(),
            // Names are more explicit than what a file or the environment says for every run.
            since: meant.text("since").filter(|_| !named).map(|word| word.text),
            only: meant.path("only").filter(|_| !named),
            generated: meant.globs("generated").unwrap_or_default(),
            strict: meant.switch("strict"),
            backfill: meant.switch("backfill"),
            jobs: meant.number("jobs").unwrap_or(processors),
            into: meant.path("into").unwrap_or_else(|| root.join("packages")),
            names: self.names,
            json: meant.switch("json"),
            quiet: meant.switch("quiet"),
            verbose: meant.number("verbose").unwrap_or_default(),
            color: meant.color(),
            source_date_epoch: self.source_date_epoch,
            secrets: self.secrets,
        };
        if meant.problems.is_empty() { Ok(config) } else { Err(meant.problems) }
    }
}

/// What was said, being read; and what is wrong with it.
struct Meant<'a> {
    said: Said,
    problems: Vec<Problem>,
    root: &'a Path,
}

impl Meant<'_> {
    fn list(&mut self, key: &str) -> Option<Vec<Word>> {
        self.said.remove(key)
    }

    fn text(&mut self, key: &str) -> Option<Word> {
        let word = self.said.remove(key)?.into_iter().next_back()?;
        // Only a flag can be empty: a shell variable that nobody set. To go on without it would surprise.
        if word.text.trim().is_empty() {
            self.problems.push(word.problem(key, "is empty").next("give it a value, or leave it out"));
            return None;
        }
        Some(word)
    }

    fn switch(&mut self, key: &str) -> bool {
        let Some(word) = self.text(key) else { return false };
        match word.text.to_lowercase().as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            other => {
                self.problems.push(word.problem(key, format_args!("`{other}` is neither true nor false")));
                false
            }
        }
    }

    fn number<N: std::str::FromStr>(&mut self, key: &str) -> Option<N> {
        let word = self.text(key)?;
        let number = word.text.parse().ok();
        if number.is_none() {
            let what = format_args!("`{}` is not a number that can stand here", word.text);
            self.problems.push(word.problem(key, what).next("write a small whole number"));
        }
        number
    }

    fn color(&mut self) -> Color {
        let Some(word) = self.text("color") else { return Color::Auto };
        Color::from_str(&word.text, true).unwrap_or_else(|_| {
            let what = format_args!("`{}` is neither auto nor always nor never", word.text);
            self.problems.push(word.problem("color", what));
            Color::Auto
        })
    }

    fn path(&mut self, key: &str) -> Option<PathBuf> {
        self.text(key).map(|word| self.resolved(&word.text, &word.origin))
    }

    /// Paths in the file start from the root of the repository, others from the current folder.
    fn resolved(&self, path: &str, origin: &Origin) -> PathBuf {
        match origin {
            Origin::File { .. } => self.root.join(path),
            Origin::Flag | Origin::Environment => path.into(),
        }
    }

    fn globs(&mut self, key: &str) -> Option<Vec<String>> {
        let words = self.list(key)?;
        let mut globs = vec![];
        for word in words {
            match glob(&word.text) {
                Ok(glob) => globs.push(glob),
                Err(what) => self.problems.push(
                    word.problem(key, what)
                        .next("write a glob from the root of the repository, with `/`: `charts/*`"),
                ),
            }
        }
        Some(globs)
    }

    fn channels(&mut self) -> Vec<ChannelChoice> {
        let Some(words) = self.list("channel") else {
            return vec![ChannelChoice::Folder {
                id: ChannelId("folder:published".into()),
                path: self.root.join("published"),
            }];
        };
        let mut channels: Vec<ChannelChoice> = vec![];
        for word in words {
            match word.text.strip_prefix("folder:") {
                Some(path) if !path.trim().is_empty() => {
                    let path = self.resolved(path, &word.origin);
                    let known = |channel: &ChannelChoice| {
                        let ChannelChoice::Folder { path: other, .. } = channel;
                        *other == path
                    };
                    if !channels.iter().any(known) {
                        channels.push(ChannelChoice::Folder { id: ChannelId(word.text.into()), path });
                    }
                }
                _ => self.problems.push(
                    word.problem("channel", format_args!("`{}` is not a channel", word.text))
                        .next("the channels are: `folder:PATH`, a folder with packages and an index.yaml"),
                ),
            }
        }
        channels
    }
}

/// A glob without the parts of a path that mean nothing: `./charts/` is `charts`, and the root is `.`.
fn glob(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("an empty glob matches nothing".into());
    }
    let parts: Vec<_> = text.split('/').filter(|part| !["", "."].contains(part)).collect();
    if text.starts_with('/') || parts.contains(&"..") {
        return Err(format!("`{text}` leads out of the repository"));
    }
    let glob = if parts.is_empty() { ".".to_owned() } else { parts.join("/") };
    match globset::Glob::new(&glob) {
        Ok(_) => Ok(glob),
        Err(error) => Err(format!("`{text}` is not a glob: {}", error.kind())),
    }
}

/// What is wrong with a chart that was named: it must be `name` or `name@version`.
fn wrong_name(text: &str) -> Option<Problem> {
    let (name, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
    let plain = |text: &str| {
        !text.is_empty() && !text.contains(['/', '\\', '@']) && !text.contains(char::is_whitespace)
    };
    if plain(name) && name != "." && name != ".." && version.is_none_or(plain) {
        return None;
    }
    let problem = Problem::new(format!("`{text}` is not the name of a chart"));
    Some(problem.next("write the `name` of its Chart.yaml, alone or with a version: `demo`, `demo@1.1.0`"))
}
