//! Carries a plan out: wave by wave, everything staged before anything is exposed, the index last.

use super::{
    Run,
    canonical::{canonical, record},
    prove::prove,
    waves::Ahead,
};
use crate::{
    channels::{Channel, ExposeError},
    charts::ChartVersion,
    doors::away::guarded,
    holdings::{Attachment, ChannelId, Exposure, Holding, Kind, Record, Standing},
    packages::Package,
    plan::{Plan, Planned, Refusal, Step},
    problem::Problem,
    report::{Event, Outcome, Released, Report},
};
use futures::{StreamExt, stream};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// One chart version on its way through the channels.
struct Work {
    planned: Planned,
    /// What is published; `None` when not even that could be found.
    record: Option<Record>,
    /// What lies beside its package, for the channels that lack only this.
    provenance: Option<bytes::Bytes>,
    outcomes: BTreeMap<ChannelId, Outcome>,
    failed: bool,
}

/// Does what the plan says. What fails stops only itself, its younger versions and its dependents.
pub async fn publish(run: &Run<'_>, plan: Plan) -> Report {
    let barred = prove(run, &plan).await;
    let (mut ahead, settled) = Ahead::of(&plan);
    let mut outcomes: BTreeMap<ChartVersion, BTreeMap<ChannelId, Outcome>> =
        settled.into_iter().map(|planned| (planned.is.clone(), as_planned(&planned))).collect();
    let mut released = BTreeMap::new();
    loop {
        if (run.stop)() {
            break;
        }
        let wave = ahead.next_wave();
        let last = wave.is_empty();
        // Somebody who stops a run does not wait for long: what is staged is finished, and nothing else begun.
        let begin = async |planned| match (run.stop)() {
            true => None,
            false => Some(stage(run, planned, &barred).await),
        };
        let begun: Vec<Option<Work>> = stream::iter(wave).map(begin).buffered(run.at_once).collect().await;
        let mut works: Vec<Work> = begun.into_iter().flatten().collect();
        expose(run, &mut works).await;
        attach(run, &mut works).await;
        for work in works {
            if work.failed {
                ahead.failed(&work.planned.is);
            }
            released.extend(work.released(run).map(|of_it| (work.planned.is.clone(), of_it)));
            outcomes.insert(work.planned.is, work.outcomes);
        }
        if last {
            break; // an empty wave: the channels cleared away what was left half-way
        }
    }
    for (planned, waits_for) in ahead.held_back() {
        let why = format!("waits for {waits_for}");
        outcomes.insert(planned.is.clone(), not_tried(&planned, &why));
    }
    let versions = plan.versions.into_iter().map(|planned| {
        let outcomes = outcomes
            .remove(&planned.is)
            .unwrap_or_else(|| not_tried(&planned, "the run was stopped before its turn: run again"));
        (planned, outcomes)
    });
    Report {
        versions: versions.collect(),
        missed: plan.missed,
        notices: plan.notices,
        problems: plan.problems,
        released,
        afterwards: Vec::new(),
    }
}

/// The outcomes of a version for which nothing is written.
fn as_planned(planned: &Planned) -> BTreeMap<ChannelId, Outcome> {
    not_tried(planned, "another channel has to be solved first")
}

fn not_tried(planned: &Planned, why: &str) -> BTreeMap<ChannelId, Outcome> {
    let outcome = |step: &Step| match step {
        Step::Keep(holding) => Outcome::Kept(holding.reference.clone()),
        Step::Omit => Outcome::Omitted,
        Step::Refuse(refusal) => Outcome::Refused(refusal.clone()),
        Step::Stop(problem) => Outcome::Stopped(problem.clone()),
        Step::Put | Step::Finish(_) | Step::Attach(..) => Outcome::HeldBack(why.to_owned()),
    };
    planned.steps.iter().map(|(channel, step)| (channel.clone(), outcome(step))).collect()
}

impl Work {
    /// This version cannot go on: said in the channel where it was found, and held back in the others.
    fn fail(&mut self, run: &Run<'_>, channel: Option<&ChannelId>, outcome: Outcome) {
        if let Outcome::Stopped(problem) = &outcome {
            run.watch.saw(Event::Stopped(&self.planned.is, problem));
        }
        self.failed = true;
        for (id, step) in &self.planned.steps {
            if step.writes() && !self.outcomes.contains_key(id) {
                let held_back = || Outcome::HeldBack("an earlier channel failed".to_owned());
                let here = channel.is_none_or(|channel| channel == id);
                self.outcomes.insert(id.clone(), if here { outcome.clone() } else { held_back() });
            }
        }
    }

    /// What this run made public of it, if anything.
    fn released(&self, run: &Run<'_>) -> Option<Released> {
        let record = self.record.as_ref()?;
        let news = |outcome: &Outcome| matches!(outcome, Outcome::Published(_) | Outcome::Attached(_));
        if !self.outcomes.values().any(news) {
            return None;
        }
        let public = |channel: &&Arc<dyn Channel>| {
            let outcome = self.outcomes.get(channel.id());
            outcome.is_some_and(|outcome| news(outcome) || matches!(outcome, Outcome::Kept(_)))
        };
        let install = run.channels.iter().filter(public).filter_map(|channel| {
            let command = channel.install(&self.planned.is)?;
            Some((channel.id().clone(), command))
        });
        Some(Released {
            package: record.package.digest,
            provenance: record.provenance.map(|blob| blob.digest),
            install: install.collect(),
        })
    }

    fn writes_to(&self, channel: &ChannelId) -> bool {
        matches!(self.planned.steps.get(channel), Some(Step::Put | Step::Finish(_)))
    }

    /// Tells the record where the release is, for the channels that point to it.
    fn see_releases(&mut self, run: &Run<'_>) {
        let releases = run.channels.iter().filter(|channel| channel.exposure() == Exposure::Release);
        let public = |channel: &Arc<dyn Channel>| match self.outcomes.get(channel.id())? {
            Outcome::Published(reference) | Outcome::Kept(reference) => Some(reference.clone()),
            _ => None,
        };
        let released = releases.into_iter().find_map(public);
        if let Some(record) = &mut self.record {
            record.released = released;
        }
    }
}

/// The canonical package of a version into every channel that lacks it; nothing of it is visible yet.
async fn stage(run: &Run<'_>, planned: Planned, barred: &BTreeMap<ChannelId, Problem>) -> Work {
    let mut work = Work { outcomes: kept(&planned), planned, record: None, provenance: None, failed: false };
    let writes_to = |channel| work.planned.steps.get(channel).is_some_and(Step::writes);
    if let Some((channel, problem)) = barred.iter().find(|(channel, _)| writes_to(channel)) {
        work.fail(run, Some(channel), Outcome::Stopped(problem.clone()));
        return work;
    }
    let doing = format!("publishing {}", work.planned.is);
    let package = match guarded(&doing, canonical(run, &work.planned)).await {
        Ok(package) => package,
        Err(problem) => {
            work.fail(run, None, Outcome::Stopped(problem));
            return work;
        }
    };
    if run.keep {
        keep(run, &package).await;
    }
    let record = record(run, &work.planned, &package);
    work.record = Some(record.clone());
    for channel in run.channels {
        let id = channel.id().clone();
        if !work.writes_to(&id) {
            continue;
        }
        match stage_in(channel.as_ref(), &record, &package).await {
            Ok(()) => run.watch.saw(Event::Staged(&record.is, &id)),
            Err(outcome) => {
                work.fail(run, Some(&id), outcome);
                break;
            }
        }
    }
    work.provenance = package.provenance;
    work
}

/// Puts on the shelf what is published, wherever it came from. Nothing is stopped when that fails: what the shelf lacks
/// is told when it is asked for.
async fn keep(run: &Run<'_>, package: &Package) {
    for bytes in std::iter::once(&package.bytes).chain(&package.provenance) {
        if let Err(problem) = run.shelve(bytes.clone()).await {
            tracing::warn!("cannot keep {} for this run: {}", package.is, problem.what);
        }
    }
}

/// What belongs beside packages that are published: seen at once, so it comes last.
async fn attach(run: &Run<'_>, works: &mut [Work]) {
    for work in works.iter_mut() {
        for (id, step) in work.planned.steps.clone() {
            let channel = run.channels.iter().find(|channel| *channel.id() == id);
            let (Step::Attach(holding, kinds), Some(channel), false) = (step, channel, work.failed) else {
                continue;
            };
            match attach_in(channel.as_ref(), work, kinds).await {
                Ok(()) => {
                    run.watch.saw(Event::Attached(&work.planned.is, &id));
                    work.outcomes.insert(id, Outcome::Attached(holding.reference));
                }
                Err(problem) => work.fail(run, Some(&id), Outcome::Stopped(problem)),
            }
        }
    }
}

fn kept(planned: &Planned) -> BTreeMap<ChannelId, Outcome> {
    let keeps = |(id, step): (&ChannelId, &Step)| match step {
        Step::Keep(holding) => Some((id.clone(), Outcome::Kept(holding.reference.clone()))),
        Step::Omit => Some((id.clone(), Outcome::Omitted)),
        _ => None,
    };
    planned.steps.iter().filter_map(keeps).collect()
}

async fn stage_in(channel: &dyn Channel, record: &Record, package: &Package) -> Result<(), Outcome> {
    let staged: Holding = channel.stage(record, package).await.map_err(Outcome::Stopped)?;
    match staged.package {
        Some(digest) if digest == record.package.digest => Ok(()),
        // It was not there, or not known to be there, when everybody was asked.
        Some(_) if staged.standing == Standing::Served => Err(taken(channel.id(), record, &staged)),
        other => {
            let other = other.map_or_else(|| "nothing".to_owned(), |digest| digest.to_string());
            let sent = record.package.digest;
            let what = format!("{} has {other} after {sent} was brought to it", channel.id());
            Err(Outcome::Stopped(Problem::new(what).passing()))
        }
    }
}

async fn attach_in(channel: &dyn Channel, work: &Work, kinds: BTreeSet<Kind>) -> Result<(), Problem> {
    let gone = || Problem::new(format!("the provenance of {} is not there any more", work.planned.is));
    for kind in kinds {
        let Kind::Provenance = kind;
        let (Some(record), Some(bytes)) = (&work.record, work.provenance.clone()) else {
            return Err(gone().passing());
        };
        channel.attach(record, &Attachment { kind, bytes }).await?;
    }
    Ok(())
}

/// What readers follow, channel by channel in the order of rule 5; a version that failed in one goes no further.
async fn expose(run: &Run<'_>, works: &mut [Work]) {
    let mut channels: Vec<&Arc<dyn Channel>> = run.channels.iter().collect();
    channels.sort_by_key(|channel| channel.exposure());
    for channel in channels {
        let id = channel.id();
        let going = |work: &&mut Work| !work.failed && work.writes_to(id);
        let mut going: Vec<&mut Work> = works.iter_mut().filter(going).collect();
        going.iter_mut().for_each(|work| work.see_releases(run));
        let records: Vec<Record> = going.iter().filter_map(|work| work.record.clone()).collect();
        // Also with nothing to expose: the channel ends what it began for the wave.
        let exposed = channel.expose(&records).await;
        for (work, exposed) in going.iter_mut().zip(exposed) {
            match exposed {
                Ok(reference) => {
                    run.watch.saw(Event::Exposed(&work.planned.is, id));
                    work.outcomes.insert(id.clone(), Outcome::Published(reference));
                }
                Err(ExposeError::Failed(problem)) => work.fail(run, Some(id), Outcome::Stopped(problem)),
                Err(ExposeError::Taken(holding)) => {
                    if let Some(record) = work.record.clone() {
                        work.fail(run, Some(id), taken(id, &record, &holding));
                    }
                }
            }
        }
    }
}

/// Somebody was faster, with other bytes: theirs are published now, and ours never will be.
fn taken(channel: &ChannelId, record: &Record, holding: &Holding) -> Outcome {
    match holding.package {
        Some(theirs) => Outcome::Refused(Refusal::OtherContent {
            channel: channel.clone(),
            ours: Some(record.package.digest),
            theirs,
            files: Vec::new(),
        }),
        None => Outcome::Stopped(Problem::new(format!("{channel} has another package of {}", record.is))),
    }
}
