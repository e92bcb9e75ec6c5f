//! The checked value → doors, channels, a run; and its answer.

mod channels;
mod check;
mod package;
mod published;
mod selection;
mod signals;
mod signing;

use crate::{
    changes::{Selection, Survey},
    config::{ChannelChoice, Config},
    dependencies::{self, Dependencies},
    doors::{cache, disk, shelf::Shelf},
    packages,
    plan::Plan,
    problem::Problem,
    publish::{self, Packing, Run},
    repo::{self, NoSurvey, Repo},
    report::{Event, ExitCode, Packages, Report, Watch, check::Check},
};
use selection::{asked_for, no_charts, only_those, selected};
use signals::Signals;
use signing::Signer;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// What a run is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Show what would be done.
    Plan,
    /// Do it.
    Publish,
    /// Tell what of a branch would refuse or spoil a release.
    Check,
    /// Make the packages only.
    Package,
}

impl Asked {
    /// Whether somebody wants files or releases of it, and not only to know.
    fn writes(self) -> bool {
        matches!(self, Self::Publish | Self::Package)
    }
}

/// What a run gives back: it is printed, and says the exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To [`Asked::Plan`].
    Plan(Plan),
    /// To [`Asked::Publish`].
    Report(Report),
    /// To [`Asked::Check`].
    Check(Check),
    /// To [`Asked::Package`].
    Packages(Packages),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAnswer {
    /// What the program ends with.
    pub code: ExitCode,
    /// At least one.
    pub problems: Vec<Problem>,
}

impl NoAnswer {
    /// Wrong usage or configuration, found before anything was written.
    pub fn usage(problems: Vec<Problem>) -> Self {
        Self { code: ExitCode::Usage, problems }
    }
}

impl From<Problem> for NoAnswer {
    fn from(problem: Problem) -> Self {
        Self { code: ExitCode::of(&problem), problems: vec![problem] }
    }
}

impl From<NoSurvey> for NoAnswer {
    fn from(none: NoSurvey) -> Self {
        match none {
            NoSurvey::NotThere(problem) => Self::usage(vec![problem]),
            NoSurvey::Unreadable(problem) => problem.into(),
        }
    }
}

/// The root of the repository that this folder lies in: of its working tree, or of itself when it is bare.
///
/// # Errors
/// There is no repository.
pub fn root(folder: &Path) -> Result<PathBuf, Problem> {
    Repo::root(folder)
}

/// The most threads that wait for doors, however many charts are worked on at once.
const MOST_THREADS: usize = 16;

/// Does what is asked for, from the beginning to the end.
///
/// # Errors
/// What stops everything. What stops single charts is in the answer.
pub fn run(config: &Config, asked: Asked, watch: &dyn Watch) -> Result<Answer, NoAnswer> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // Work that blocks or computes has threads of its own.
        .worker_threads(config.jobs.get().clamp(2, MOST_THREADS))
        .enable_all()
        .build()
        .map_err(|error| Problem::new(format!("cannot start: {error}")))?;
    let answer = runtime.block_on(answer(config, asked, watch));
    // After a signal, somebody waits for the end, and not for what nobody will read any more.
    runtime.shutdown_background();
    answer
}

async fn answer(config: &Config, asked: Asked, watch: &dyn Watch) -> Result<Answer, NoAnswer> {
    let signals = Signals::listen();
    let usage = |problem| NoAnswer::usage(vec![problem]);
    let epoch = match config.source_date_epoch.as_deref().map(packages::parse_epoch) {
        Some(epoch) => epoch.map_err(usage)?,
        None => None,
    };
    let repo = Repo::open(&config.repository, &repository_settings(config)?).map_err(usage)?;
    let facts = repo.facts().await?;
    let asked_for = asked_for(config).map_err(usage)?;
    // Twice: what is wrong with them is told before anything is read, and which chart may be the latest is known after.
    if matches!(asked, Asked::Plan | Asked::Publish) {
        channels::channels(config, &facts, None).map_err(usage)?;
    }
    published::may_be_cleared(config).map_err(usage)?;
    let (signer, unsigned) = match signals.interrupt(signing::signer(config)).await? {
        Ok(signer) => (signer, None),
        Err(problem) if asked.writes() => return Err(usage(problem)),
        // Who only looks may have no key, as a pull request from a fork.
        Err(problem) => (None, Some(problem)),
    };
    let mut survey = signals.interrupt(surveyed(config, asked, &repo)).await??;
    survey.notices.extend(unsigned);
    let only = config.only.as_deref().map(selected).transpose().map_err(usage)?;
    if let Some(wanted) = &only {
        only_those(wanted, &mut survey);
    }
    watch.saw(Event::Surveyed { charts: survey.lanes.len() });
    let dependencies = Dependencies::new(dependencies::Settings {
        mode: config.dependencies,
        cache: config.cache.clone(),
        logins: config.registries.credentials.clone(),
        plain_http: config.registries.plain_http.clone(),
        environment: config.environment.clone(),
        http: config.http.clone(),
    })?;
    let passphrase = signer.iter().filter_map(Signer::passphrase);
    let secrets = config.secrets.iter().cloned().chain(passphrase).collect();
    let signer = signer.as_ref().map(|signer| &signer.key);
    let packing = Packing { repo, dependencies, secrets, epoch };
    if asked == Asked::Package {
        let packages = package::into_folder(config, &packing, signer, survey, watch);
        return Ok(Answer::Packages(signals.interrupt(packages).await??));
    }
    let channels = match channels::channels(config, &facts, survey.only_chart.as_ref()) {
        // The rest of a check needs none.
        Err(problem) if asked == Asked::Check => {
            survey.notices.push(check::no_channels(problem));
            Vec::new()
        }
        channels => channels.map_err(usage)?,
    };
    let task = check::task(config, &facts, &packing);
    if let Some(packages) = &config.packages {
        published::outside_charts("--packages", packages, config, &survey).map_err(usage)?;
    }
    let shelf = Arc::new(Shelf::new().map_err(|error| Problem::new(format!("{error:#}")))?);
    let run = Run {
        channels: &channels,
        source: &packing,
        shelf: &shelf,
        watch,
        sweep: config.names.is_empty() && config.only.is_none(),
        only: only.as_ref(),
        backfill: config.backfill,
        head: facts.head,
        asked: asked_for,
        at_once: config.jobs.get(),
        source_url: config.github.repository_url().or(facts.origin),
        signer,
        keep: config.packages.is_some(),
        stop: &|| signals.came(),
    };
    if asked == Asked::Check {
        return Ok(Answer::Check(signals.interrupt(crate::check::check(&task, run, survey)).await??));
    }
    let plan = signals.interrupt(publish::plan(&run, survey)).await?;
    Ok(match asked {
        Asked::Publish => {
            let mut report = publish::publish(&run, plan).await;
            if let Some(packages) = &config.packages {
                published::leave(packages, Arc::clone(&shelf), &mut report).await;
            }
            Answer::Report(report)
        }
        Asked::Plan | Asked::Check | Asked::Package => Answer::Plan(plan),
    })
}

/// Which charts the repository has, and in which versions.
async fn surveyed(config: &Config, asked: Asked, repo: &Repo) -> Result<Survey, NoAnswer> {
    let selection = match config.names.is_empty() {
        // Only the charts as they are now would be merged.
        _ if asked == Asked::Check => Selection::Sweep { since: None },
        true => Selection::Sweep { since: config.since.clone() },
        false => Selection::Named(config.names.clone()),
    };
    let mut survey = repo.survey(selection).await?;
    survey.notices.extend(no_charts(config, &survey));
    survey.notices.splice(0..0, config.notices.iter().cloned());
    Ok(survey)
}

fn repository_settings(config: &Config) -> Result<repo::Settings, Problem> {
    let folder = |channel: &'_ ChannelChoice| match channel {
        ChannelChoice::Folder { path, .. } => Some(path.clone()),
        _ => None,
    };
    // The folder that packages go to when nobody says another one can be where somebody has charts.
    let root = disk::absolute(&config.repository)?;
    let into = disk::absolute(&config.into)?;
    let holds_charts = config.charts.iter().any(|charts| root.join(charts).starts_with(&into));
    let folders = config.channels.iter().filter_map(folder).chain((!holds_charts).then_some(into));
    let folders =
        folders.chain(config.packages.clone()).chain(config.cache.as_deref().map(cache::packages_in));
    // Nobody packages the key that signs, wherever it lies.
    let folders = folders.chain(signing::files(config).map(Path::to_owned));
    let own_outputs = folders.map(|path| disk::absolute(&path)).collect::<Result<Vec<_>, _>>()?;
    Ok(repo::Settings {
        charts: config.charts.clone(),
        exclude: config.exclude.clone(),
        generated: config.generated.clone(),
        own_outputs,
        head: None,
    })
}
