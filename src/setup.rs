//! The checked value → doors, channels, a run; and its answer.

use crate::{
    changes::{Candidate, Selection},
    channels::{Channel, folder::Folder},
    charts::ChartVersion,
    config::{ChannelChoice, Config},
    doors::{disk, shelf::Shelf},
    packages::{self, Package},
    plan::{Failure, Plan},
    problem::Problem,
    publish::{self, Packing, Run, Source},
    repo::{self, Repo},
    report::{Event, ExitCode, Made, Packages, Report, Watch, documents},
    secret::Secret,
};
use futures::{StreamExt as _, stream};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// What a run is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Show what would be done.
    Plan,
    /// Do it.
    Publish,
    /// Make the packages only.
    Package,
}

/// What a run gives back: it is printed, and says the exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To [`Asked::Plan`].
    Plan(Plan),
    /// To [`Asked::Publish`].
    Report(Report),
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

/// The root of the repository that this folder lies in: of its working tree, or of itself when it is bare.
///
/// # Errors
/// There is no repository.
pub fn root(folder: &Path) -> Result<PathBuf, Problem> {
    Repo::root(folder)
}

/// Does what is asked for, from the beginning to the end.
///
/// # Errors
/// What stops everything. What stops single charts is in the answer.
pub fn run(config: &Config, asked: Asked, watch: &dyn Watch) -> Result<Answer, NoAnswer> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(config.jobs.get().max(2))
        .enable_all()
        .build()
        .map_err(|error| Problem::new(format!("cannot start: {error}")))?;
    runtime.block_on(answer(config, asked, watch))
}

async fn answer(config: &Config, asked: Asked, watch: &dyn Watch) -> Result<Answer, NoAnswer> {
    let usage = |problem| NoAnswer::usage(vec![problem]);
    let epoch = match config.source_date_epoch.as_deref().map(packages::parse_epoch) {
        Some(epoch) => epoch.map_err(usage)?,
        None => None,
    };
    let repo = Repo::open(&config.repository, &repository_settings(config)?).map_err(usage)?;
    let facts = repo.facts().await?;
    let selection = match config.names.is_empty() {
        true => Selection::Sweep { since: config.since.clone() },
        false => Selection::Named(config.names.clone()),
    };
    let mut survey = repo.survey(selection).await.map_err(usage)?;
    if let Some(only) = &config.only {
        let wanted = selected(only).map_err(usage)?;
        for lane in survey.lanes.values_mut() {
            lane.retain(|candidate| wanted.contains(&candidate.is));
        }
    }
    watch.saw(Event::Surveyed { charts: survey.lanes.len() });
    let secrets = config.secrets.iter().filter_map(|secret| Secret::new(secret.value()).ok());
    let packing = Packing { repo, secrets: secrets.collect(), epoch };
    if asked == Asked::Package {
        let candidates = survey.lanes.into_values().flatten();
        let problems =
            survey.problems.into_iter().map(|(about, problem)| Failure { chart: about.to_string(), problem });
        let packages = Packages { made: Vec::new(), notices: survey.notices, problems: problems.collect() };
        return Ok(Answer::Packages(package_into(config, &packing, candidates, packages, watch).await));
    }
    let channels = config.channels.iter().map(channel).collect::<Result<Vec<_>, _>>()?;
    let stopped = stop_at_signal();
    let run = Run {
        channels: &channels,
        source: &packing,
        shelf: &Shelf::new().map_err(|error| Problem::new(format!("{error:#}")))?,
        watch,
        sweep: config.names.is_empty() && config.only.is_none(),
        asked: config.strict || !config.names.is_empty(),
        at_once: config.jobs.get(),
        source_url: facts.origin,
        stop: &|| stopped.load(Ordering::Relaxed),
    };
    let plan = publish::plan(&run, survey).await;
    Ok(match asked {
        Asked::Publish => Answer::Report(publish::publish(&run, plan).await),
        Asked::Plan | Asked::Package => Answer::Plan(plan),
    })
}

fn repository_settings(config: &Config) -> Result<repo::Settings, Problem> {
    let folders = config.channels.iter().map(|ChannelChoice::Folder { path, .. }| path).chain([&config.into]);
    let own_outputs = folders.map(|path| disk::absolute(path)).collect::<Result<Vec<_>, _>>()?;
    Ok(repo::Settings {
        charts: config.charts.clone(),
        exclude: config.exclude.clone(),
        generated: config.generated.clone(),
        own_outputs,
        head: None,
    })
}

fn channel(choice: &ChannelChoice) -> Result<Arc<dyn Channel>, Problem> {
    let ChannelChoice::Folder { id, path } = choice;
    Ok(Arc::new(Folder::new(&id.0, disk::absolute(path)?)))
}

/// The versions of a plan document.
fn selected(file: &Path) -> Result<BTreeSet<ChartVersion>, Problem> {
    let shown = file.display().to_string();
    let bytes = disk::read(file)?.ok_or_else(|| {
        Problem::new("there is no such plan")
            .in_file(&shown)
            .next("write one: chart-release plan --json > FILE")
    })?;
    Ok(documents::selected(&shown, &bytes)?.into_iter().collect())
}

/// Set by the first SIGINT or SIGTERM: the wave that is under way is finished, and no other begun. A second one ends
/// the program at once; running again finishes what it began.
fn stop_at_signal() -> Arc<AtomicBool> {
    let stopped = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stopped);
    tokio::spawn(async move {
        if signal().await {
            told.store(true, Ordering::Relaxed);
            if signal().await {
                std::process::exit(130);
            }
        }
    });
    stopped
}

/// Waits for SIGINT or SIGTERM; `false` where neither can be heard.
async fn signal() -> bool {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else { return false };
        tokio::select! {
            interrupt = tokio::signal::ctrl_c() => interrupt.is_ok(),
            _ = terminate.recv() => true,
        }
    }
    #[cfg(not(unix))]
    {
        tokio::signal::ctrl_c().await.is_ok()
    }
}

/// The packages of the selected charts as files, without any channel. A chart that fails does not stop the others.
async fn package_into(
    config: &Config,
    packing: &Packing,
    candidates: impl Iterator<Item = Candidate>,
    mut packages: Packages,
    watch: &dyn Watch,
) -> Packages {
    let mut all = stream::iter(candidates)
        .map(async |candidate| {
            let packed = packing.package(&candidate).await;
            (candidate, packed)
        })
        .buffered(config.jobs.get())
        // A second stage: the next charts are packaged while these wait for the disk.
        .map(async |(candidate, packed)| match packed {
            Ok((package, notices)) => {
                watch.saw(Event::Packed(&candidate.is, package.bytes.len() as u64));
                (candidate, write_package(&config.into, package).await.map(|made| (made, notices)))
            }
            Err(problem) => (candidate, Err(problem)),
        })
        .buffered(config.jobs.get());
    while let Some((candidate, made)) = all.next().await {
        match made {
            Ok((made, notices)) => {
                packages.notices.extend(notices);
                packages.made.push(made);
            }
            Err(problem) => {
                watch.saw(Event::Stopped(&candidate.is, &problem));
                packages.problems.push(Failure { chart: candidate.is.to_string(), problem });
            }
        }
    }
    packages
}

/// Writes a package as a file of this folder.
async fn write_package(into: &Path, package: Package) -> Result<Made, Problem> {
    let file = into.join(package.is.package_file());
    let scratch = into.join(format!(".{}.partial", package.is.package_file()));
    let made = Made { is: package.is, file: file.display().to_string(), package: package.digest };
    let write =
        move || disk::write_scratch(&scratch, &package.bytes).and_then(|()| disk::replace(&scratch, &file));
    match tokio::task::spawn_blocking(write).await {
        Ok(written) => written.map(|()| made).map_err(Problem::from),
        Err(stopped) => Err(Problem::new(format!("writing {} stopped: {stopped}", made.file))),
    }
}
