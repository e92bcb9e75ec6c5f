//! The checked value → doors, channels, a run; and its answer.

use crate::{
    changes::{About, Selection, Survey},
    channels::{Channel, folder::Folder},
    charts::ChartVersion,
    config::{ChannelChoice, Config},
    digest::Digest,
    doors::{disk, shelf::Shelf},
    holdings::ChannelId,
    packages,
    plan::{Failure, Plan},
    problem::Problem,
    publish::{self, Packing, Run, Source},
    repo::{self, Repo},
    report::{Event, ExitCode, Made, Packages, Report, Watch, documents},
    secret::Secret,
};
use std::{
    collections::{BTreeMap, BTreeSet},
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
    let usage = |problem| NoAnswer::usage(vec![problem]);
    let epoch = match config.source_date_epoch.as_deref().map(packages::parse_epoch) {
        Some(epoch) => epoch.map_err(usage)?,
        None => None,
    };
    let channels = channels(&config.channels).map_err(usage)?;
    let repo = Repo::open(&config.repository, &repository_settings(config)?).map_err(usage)?;
    let facts = repo.facts().await?;
    let selection = match config.names.is_empty() {
        true => Selection::Sweep { since: config.since.clone() },
        false => Selection::Named(config.names.clone()),
    };
    let mut survey = interruptible(repo.survey(selection)).await?.map_err(usage)?;
    survey.notices.extend(no_charts(config, &survey));
    if let Some(only) = &config.only {
        let wanted = selected(only).map_err(usage)?;
        only_those(wanted, &mut survey);
    }
    watch.saw(Event::Surveyed { charts: survey.lanes.len() });
    let secrets = config.secrets.iter().filter_map(|secret| Secret::new(secret.value()).ok());
    let packing = Packing { repo, secrets: secrets.collect(), epoch };
    if asked == Asked::Package {
        let candidates = survey.lanes.into_values().flatten();
        let problems =
            survey.problems.into_iter().map(|(about, problem)| Failure { chart: about.to_string(), problem });
        let packages = Packages { made: Vec::new(), notices: survey.notices, problems: problems.collect() };
        let packages = interruptible(package_into(config, &packing, candidates, packages, watch)).await?;
        return Ok(Answer::Packages(packages));
    }
    let stopped = Arc::new(AtomicBool::new(false));
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
    let plan = interruptible(publish::plan(&run, survey)).await?;
    Ok(match asked {
        Asked::Publish => {
            stop_at_signal(Arc::clone(&stopped));
            Answer::Report(publish::publish(&run, plan).await)
        }
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

/// Folders stand in the order of their paths, however they were named: a run takes the lock of each in that order, so
/// that two runs never wait for each other. For the same reason none stands there twice.
fn channels(choices: &[ChannelChoice]) -> Result<Vec<Arc<dyn Channel>>, Problem> {
    let mut folders = BTreeMap::new();
    for ChannelChoice::Folder { id, path } in choices {
        if let Some(other) = folders.insert(disk::absolute(path)?, id) {
            return Err(Problem::new(format!("{other} and {id} are the same folder")).next("leave out one"));
        }
    }
    let channel = |(path, id): (PathBuf, &ChannelId)| Arc::new(Folder::new(&id.0, path)) as Arc<dyn Channel>;
    Ok(folders.into_iter().map(channel).collect())
}

/// A folder that was misspelt looks like one whose charts are all published.
fn no_charts(config: &Config, survey: &Survey) -> Option<Problem> {
    let nothing = survey.lanes.is_empty() && survey.placeholders.is_empty() && survey.problems.is_empty();
    nothing.then(|| {
        Problem::new(format!("there is no chart below {}", config.charts.join(", ")))
            .next("say with --charts where they are, and see that --exclude leaves some")
    })
}

/// Leaves only these candidates, and tells which of these are none.
fn only_those(wanted: BTreeSet<ChartVersion>, survey: &mut Survey) {
    let mut gone = wanted.clone();
    for lane in survey.lanes.values_mut() {
        lane.retain(|candidate| wanted.contains(&candidate.is));
        lane.iter().for_each(|candidate| {
            gone.remove(&candidate.is);
        });
    }
    let told: BTreeSet<String> = survey.problems.iter().map(|(about, _)| about.to_string()).collect();
    for is in gone.into_iter().filter(|is| !told.contains(&is.to_string())) {
        let problem = Problem::new(format!("the plan has {is}, and it is no candidate of this run")).next(
            format!("repeat the --since that the plan was made with, or run `chart-release publish {is}`"),
        );
        survey.problems.push((About::Version(is), problem));
    }
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
fn stop_at_signal(stopped: Arc<AtomicBool>) {
    tokio::spawn(async move {
        if signal().await {
            stopped.store(true, Ordering::Relaxed);
            if signal().await {
                std::process::exit(130);
            }
        }
    });
}

/// Does something that writes to no channel, and leaves it at the first SIGINT or SIGTERM.
async fn interruptible<T>(work: impl Future<Output = T>) -> Result<T, NoAnswer> {
    tokio::select! {
        done = work => Ok(done),
        true = signal() => {
            Err(Problem::new("stopped by a signal before anything was published").next("run again").passing().into())
        }
    }
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
    candidates: impl Iterator<Item = crate::changes::Candidate>,
    mut packages: Packages,
    watch: &dyn Watch,
) -> Packages {
    for candidate in candidates {
        let made = match packing.package(&candidate).await {
            Ok((package, notices)) => {
                watch.saw(Event::Packed(&candidate.is, package.bytes.len() as u64));
                packages.notices.extend(notices);
                let file = config.into.join(candidate.is.package_file());
                let scratch = config.into.join(format!(".{}.partial", candidate.is.package_file()));
                let written = unserved(&config.into, &file, package.digest).and_then(|()| {
                    disk::write_scratch(&scratch, &package.bytes)?;
                    Ok(disk::replace(&scratch, &file)?)
                });
                written.map(|()| Made {
                    is: candidate.is.clone(),
                    file: file.display().to_string(),
                    package: package.digest,
                })
            }
            Err(problem) => Err(problem),
        };
        match made {
            Ok(made) => packages.made.push(made),
            Err(problem) => {
                watch.saw(Event::Stopped(&candidate.is, &problem));
                packages.problems.push(Failure { chart: candidate.is.to_string(), problem });
            }
        }
    }
    packages
}

/// A package that people install is not written over, by no command.
fn unserved(folder: &Path, file: &Path, package: Digest) -> Result<(), Problem> {
    disk::make_folder(folder)?;
    match disk::read(file)?.map(|bytes| Digest::of(&bytes)) {
        Some(there) if there != package && disk::exists(&folder.join("index.yaml"))? => Err(Problem::new(
            "another package of this name is there, and the index.yaml beside it may lead to it",
        )
        .in_file(file.display().to_string())
        .next("let --into be another folder")),
        _ => Ok(()),
    }
}
