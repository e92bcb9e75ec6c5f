//! From what was given to what is meant.

use super::{
    ChannelChoice, Config, FILE, channel,
    chart_releaser::Terms,
    dependencies, file, github,
    meant::Meant,
    options::{self, Layer, Layers, NAMES, Options, Origin, Said, Word},
    pages, registry, secrets, signing, workflow,
};
use crate::{
    doors::{disk, http, patience::Patience},
    problem::Problem,
    repo::Base,
    secret::Secret,
};
use clap::{ArgMatches, Command};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read as _},
    num::{NonZeroU32, NonZeroUsize},
    path::{Path, PathBuf},
    time::Duration,
};

/// Most of the time is spent waiting for the network.
const JOBS: NonZeroUsize = NonZeroUsize::new(16).unwrap();

/// The longest wait that another side may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// No configuration has so many bytes; a device has more.
const LARGEST: u64 = 1 << 20;

/// What was typed and set.
pub struct Given {
    pub(super) options: Options,
    pub(super) layers: Layers,
    pub(super) names: Vec<String>,
    pub(super) repository: Option<PathBuf>,
    pub(super) config: Option<PathBuf>,
    pub(super) problems: Vec<Problem>,
    pub(super) notices: Vec<Problem>,
    source_date_epoch: Option<String>,
    secrets: Vec<Secret>,
    /// The command goes to channels.
    pub(super) to_channels: bool,
    /// Nothing is written: a password that is not there is no error.
    reads_only: bool,
    pub(super) variables: BTreeMap<String, String>,
    /// What chart-releaser was told, which only the Action hears.
    pub(super) chart_releaser: Option<Terms>,
}

/// Why there is no configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoConfig {
    /// Everything that is wrong, each with its flag, input, variable, or file and line.
    pub problems: Vec<Problem>,
    /// What is worth knowing besides.
    pub notices: Vec<Problem>,
}

/// Where a configuration file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    /// Relative to the current folder, or absolute.
    pub path: PathBuf,
    /// How problems name it.
    pub name: String,
    /// Somebody named it: it has to be there.
    pub named: bool,
    /// It may be one of chart-releaser, with the keys of both programs.
    pub(super) of_chart_releaser: bool,
}

/// A configuration file that was read.
#[derive(Clone, Copy, Debug)]
pub struct ConfigText<'a> {
    /// How problems name it.
    pub name: &'a str,
    /// What is in it.
    pub bytes: &'a [u8],
    /// It may be one of chart-releaser, with the keys of both programs.
    pub(super) of_chart_releaser: bool,
}

impl ConfigFile {
    /// What is in it; `None` for a file that nobody named and that is not there. `root` is that of the repository: a file
    /// in it is no link that leads out of it. What it led to would be told line by line, as far as it is not understood.
    ///
    /// # Errors
    /// It was named and is not there, or it cannot be read.
    pub fn read(&self, root: &Path) -> Result<Option<Vec<u8>>, Problem> {
        let refused = |what: String| {
            let next = "name a file that can be read, or leave `config` out";
            Problem::new(what).in_file(&self.name).next(next)
        };
        let leads_out = disk::leads_out(&self.path, root).map_err(|error| refused(error.to_string()))?;
        if leads_out && self.path.exists() {
            return Err(refused("the configuration is a link that leads out of the repository".into()));
        }
        // Whoever names a pipe means it; in a repository it would be waited for without end.
        if !self.named && fs::metadata(&self.path).is_ok_and(|there| !there.is_file()) {
            return Err(refused("the configuration is no file".into()));
        }
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
        match read {
            Ok(_) if bytes.len() as u64 > LARGEST => {
                Err(refused(format!("the configuration has more than {LARGEST} bytes")))
            }
            Ok(_) => Ok(Some(bytes)),
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && !self.named && !self.path.is_symlink() =>
            {
                Ok(None)
            }
            Err(error) => Err(refused(format!("cannot read the configuration: {error}"))),
        }
    }

    /// The same, with what is in it.
    pub fn holding<'a>(&'a self, bytes: &'a [u8]) -> ConfigText<'a> {
        ConfigText { name: &self.name, bytes, of_chart_releaser: self.of_chart_releaser }
    }
}

impl Given {
    /// From the definition of the command line, what was typed after the name of a command, and the environment.
    pub fn new(command: &Command, typed: &ArgMatches, environment: &BTreeMap<String, String>) -> Self {
        let mut given = Self::in_environment(command, environment);
        given.layers.insert(Layer::Said, options::from_flags(&given.options, typed));
        given.names =
            typed.try_get_many::<String>(NAMES).ok().flatten().into_iter().flatten().cloned().collect();
        let place = |key: &str| typed.try_get_one::<String>(key).ok().flatten().map(PathBuf::from);
        given.repository = place("repository").or(given.repository);
        given.config = place("config").or(given.config);
        given.to_channels = typed.try_contains_id("channel").is_ok();
        given
    }

    /// What the environment says alone.
    pub(super) fn in_environment(command: &Command, environment: &BTreeMap<String, String>) -> Self {
        let options = options::of(command);
        let (said, problems) = options::from_environment(&options, environment);
        let place = |key: &str| options::value(environment, &options::variable(key)).map(PathBuf::from);
        Self {
            layers: [(Layer::OurVariables, said)].into(),
            names: Vec::new(),
            repository: place("repository"),
            config: place("config"),
            problems,
            notices: Vec::new(),
            source_date_epoch: options::value(environment, "SOURCE_DATE_EPOCH").map(str::to_owned),
            secrets: secrets::unpackaged(environment),
            to_channels: true,
            reads_only: false,
            variables: environment.clone(),
            chart_releaser: None,
            options,
        }
    }

    /// The folder that was named as the repository; without one, it is the repository around the current folder.
    pub fn repository(&self) -> Option<&Path> {
        self.repository.as_deref()
    }

    /// Nothing is written: where a password is missing, as in a pull request from a fork, everybody's answer will do.
    pub fn without_passwords(&mut self) {
        self.reads_only = true;
    }

    /// The configuration file of the repository with this root.
    pub fn file(&self, root: &Path) -> ConfigFile {
        let (path, name) = match &self.config {
            Some(path) => (path.clone(), path.display().to_string()),
            None => (root.join(FILE), FILE.to_owned()),
        };
        ConfigFile { path, name, named: self.config.is_some(), of_chart_releaser: false }
    }

    /// Flags over environment over file, checked. `file` is the file's name in problems and its bytes, where there is
    /// one; `processors` is the default of `--jobs`, when it is more than 16.
    ///
    /// # Errors
    /// Everything that is wrong, each with its flag, variable, or file and line.
    pub fn check(
        self,
        root: &Path,
        file: Option<(&str, &[u8])>,
        processors: NonZeroUsize,
    ) -> Result<Config, Vec<Problem>> {
        let file = file.map(|(name, bytes)| ConfigText { name, bytes, of_chart_releaser: false });
        self.check_files(root, file.as_slice(), processors).map_err(|none| none.problems)
    }

    /// The same with several files.
    ///
    /// # Errors
    /// Likewise.
    pub fn check_files(
        mut self,
        root: &Path,
        files: &[ConfigText<'_>],
        processors: NonZeroUsize,
    ) -> Result<Config, NoConfig> {
        let in_workflow = self.chart_releaser.is_some();
        let (tokens, place) = match in_workflow {
            true => (github::TOKENS_OF_THE_ACTION, "input names: "),
            false => (github::TOKENS, ""),
        };
        let said = self.merged(files);
        let mut meant = Meant { said, problems: self.problems, root };
        let named = !self.names.is_empty();
        for name in &self.names {
            let wrong = wrong_name(name);
            let told = |problem: Problem| Problem { what: format!("{place}{}", problem.what), ..problem };
            meant.problems.extend(wrong.map(told));
        }
        if self.reads_only {
            self.notices.extend(registry::drop_users_without_password(&mut meant, &self.variables));
        }
        let plainly = registry::plain_http(&mut meant);
        let plain_http: Vec<String> = plainly.iter().map(|(host, _)| host.clone()).collect();
        let mut github = github::context(&mut meant, &self.variables, &plain_http);
        let channels = channel::channels(&mut meant, &github, self.to_channels);
        let away =
            self.to_channels && channels.iter().any(|one| !matches!(one, ChannelChoice::Folder { .. }));
        // Who never leaves this machine needs no token, not even a good one.
        if away {
            github.token = github::token(&mut meant, &self.variables, tokens);
        }
        let hosts = registry::hosts(&channels, self.to_channels);
        let signing = signing::signing(&mut meant, &self.variables, in_workflow, &mut self.notices);
        let config = Config {
            repository: root.into(),
            releases: github::release_options(&mut meant, &github),
            pages: pages::options(&mut meant, &plain_http),
            registries: registry::registries(
                &mut meant,
                &self.variables,
                &github,
                plainly,
                &hosts,
                in_workflow,
            ),
            http: calls(&mut meant),
            dependencies: dependencies::mode(&mut meant),
            cache: dependencies::cache(&mut meant, &self.variables),
            signing,
            channels,
            github,
            charts: meant.globs("charts").unwrap_or_else(|| vec!["charts".into()]),
            exclude: meant.globs("exclude").unwrap_or_default(),
            // Names are more explicit than what a file or the environment says for every run.
            since: meant.text("since").filter(|_| !named).map(|word| word.text),
            tag: meant.parsed("tag", "write the name of a tag, such as demo-1.1.0", tag).filter(|_| !named),
            base: meant.text("base").map(base).unwrap_or_default(),
            only: meant.path("only").filter(|_| !named),
            generated: meant.globs("generated").unwrap_or_default(),
            strict: meant.switch("strict"),
            backfill: meant.switch("backfill"),
            jobs: meant.number("jobs").unwrap_or(processors.max(JOBS)),
            into: meant.path("into").unwrap_or_else(|| root.join("packages")),
            // Whoever types `package` says --into.
            packages: meant.path("packages").filter(|_| self.to_channels || in_workflow),
            names: self.names,
            json: meant.switch("json"),
            quiet: meant.switch("quiet"),
            verbose: meant.number("verbose").unwrap_or_default(),
            color: meant.color(),
            source_date_epoch: self.source_date_epoch,
            environment: options::of_others(&self.variables),
            secrets: self.secrets,
            notices: self.notices,
        };
        match meant.problems.is_empty() {
            true => Ok(config),
            false => Err(NoConfig { problems: meant.problems, notices: config.notices }),
        }
    }

    /// What the strongest source says of each option, the files among them.
    fn merged(&mut self, files: &[ConfigText<'_>]) -> Said {
        for file in files {
            let theirs = self.chart_releaser.as_mut().filter(|_| file.of_chart_releaser);
            let layer = if file.of_chart_releaser { Layer::TheirFile } else { Layer::OurFile };
            match file::read(&self.options, file.name, file.bytes, theirs) {
                Ok(said) => drop(self.layers.insert(layer, said)),
                Err(problems) => self.problems.extend(problems),
            }
        }
        let without_pages = self.judge_chart_releaser();
        let mut merged: Said = std::mem::take(&mut self.layers).into_values().flatten().collect();
        if let Some(word) = without_pages {
            self.problems.extend(workflow::without_pages(&mut merged, &word));
        }
        merged
    }
}

/// What a branch is compared with. Who names it has to name what is there; an event knows nothing of the clone.
fn base(word: Word) -> Base {
    match word.origin {
        Origin::Event => Base::Event(word.text),
        _ => Base::Named(word.text),
    }
}

/// A tag by its name; `GITHUB_REF` calls it `refs/tags/…`.
fn tag(text: &str) -> Result<String, String> {
    match text.strip_prefix("refs/tags/").unwrap_or(text) {
        name if name.is_empty() || name.starts_with("refs/") => Err(format!("`{text}` is not a tag")),
        name => Ok(name.to_owned()),
    }
}

/// How calls are made.
fn calls(meant: &mut Meant<'_>) -> http::Settings {
    let seconds = meant.number::<NonZeroU32>("timeout").map_or(60, NonZeroU32::get);
    let again = meant.number::<u16>("retries").map_or(5, usize::from);
    let pause = meant.number::<u32>("retry-pause").unwrap_or(500);
    http::Settings {
        call: Duration::from_secs(seconds.into()),
        patience: Patience { again, pause: Duration::from_millis(pause.into()), longest: LONGEST_WAIT },
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
