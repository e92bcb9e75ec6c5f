//! What a merge would publish: the plan, as far as the channels can be asked.

use super::Case;
use crate::{
    changes::{Candidate, Earlier, Survey},
    channels::Channel,
    charts::{ChartName, ChartVersion, Metadata},
    dependencies::{NoSiblings, Siblings},
    digest::Digest,
    holdings::ChannelId,
    packages::Package,
    plan::{Planned, Step},
    problem::Problem,
    publish::{self, AtHand, Run, Source},
    report::check::Rule,
};
use async_trait::async_trait;
use bytes::Bytes;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

/// What the channels answered.
#[derive(Default)]
pub(super) struct Told {
    pub versions: Vec<Planned>,
    /// Charts that turned out to be none that can be packaged, and why.
    pub unpackaged: Vec<(ChartVersion, Problem)>,
    /// What is worth knowing, and which channels could not be asked.
    pub notices: Vec<Problem>,
}

/// Packages as far as nothing has to be fetched for them. Nothing is published of a check: where dependencies are lacking,
/// a package without bytes stands for the one that a merge would make.
struct Unfetched<'a> {
    source: &'a dyn Source,
    /// What could not be packaged: no channel is the reason.
    failed: Mutex<BTreeMap<ChartVersion, Problem>>,
}

impl Unfetched<'_> {
    fn noted<T>(&self, candidate: &Candidate, made: Result<T, Problem>) -> Result<T, Problem> {
        made.inspect_err(|problem| {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            failed.insert(candidate.is.clone(), problem.clone());
        })
    }

    fn failure(&self, is: &ChartVersion) -> Option<Problem> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get(is).cloned()
    }
}

#[async_trait]
impl Source for Unfetched<'_> {
    async fn package(
        &self,
        candidate: &Candidate,
        _: &dyn Siblings,
    ) -> Result<(Package, Vec<Problem>), Problem> {
        let AtHand { digest, contents, metadata, notices } = self.at_hand(candidate).await?;
        if digest.is_some() {
            return self.noted(candidate, self.source.package(candidate, &NoSiblings).await);
        }
        let bytes = Bytes::new();
        let (is, digest) = (candidate.is.clone(), Digest::of(&bytes));
        Ok((Package { is, bytes, digest, metadata, contents, provenance: None }, notices))
    }

    async fn at_hand(&self, candidate: &Candidate) -> Result<AtHand, Problem> {
        self.noted(candidate, self.source.at_hand(candidate).await)
    }

    async fn metadata(&self, candidate: &Candidate) -> Result<Metadata, Problem> {
        self.source.metadata(candidate).await
    }

    async fn earlier(
        &self,
        charts: Vec<ChartName>,
        at_most: usize,
    ) -> Result<BTreeMap<ChartName, Vec<Earlier>>, Problem> {
        self.source.earlier(charts, at_most).await
    }
}

/// Plans what can be packaged. A channel that does not answer for a version is left out for it, and told once: the others
/// may know that other content is published.
pub(super) async fn ask(run: Run<'_>, mut survey: Survey, cases: &[Case]) -> Told {
    let cannot = |is: &ChartVersion| {
        let of_it = cases.iter().filter(|case| case.chart.is == *is);
        let mut faults = of_it.flat_map(|case| &case.now.faults);
        faults.any(|fault| matches!(fault.rule, Rule::NoPackage | Rule::NotForRegistries))
    };
    keep(&mut survey, |is| !cannot(is));
    let mut told = Told::default();
    let mut silent: BTreeMap<ChannelId, Problem> = BTreeMap::new();
    let mut channels: Vec<Arc<dyn Channel>> = run.channels.to_vec();
    let source = Unfetched { source: run.source, failed: Mutex::default() };
    while !channels.is_empty() {
        let run = Run { channels: &channels, source: &source, ..run.clone() };
        let plan = publish::plan(&run, survey.clone()).await;
        let (stopped, settled): (Vec<Planned>, Vec<Planned>) =
            plan.versions.into_iter().partition(|planned| stops(planned).next().is_some());
        told.versions.extend(settled);
        told.notices.extend(plan.notices);
        let mut unasked = Vec::new();
        for planned in stopped {
            match source.failure(&planned.is) {
                Some(problem) => told.unpackaged.push((planned.is, problem)),
                None => unasked.push(planned),
            }
        }
        if unasked.is_empty() {
            break;
        }
        let mut now_silent = BTreeSet::new();
        for (channel, problem) in unasked.iter().flat_map(stops) {
            now_silent.insert(channel.clone());
            silent.entry(channel.clone()).or_insert_with(|| problem.clone());
        }
        // Once more without those that did not answer; the notices were told.
        channels.retain(|channel| !now_silent.contains(channel.id()));
        let again: BTreeSet<ChartVersion> = unasked.into_iter().map(|planned| planned.is).collect();
        keep(&mut survey, |is| again.contains(is));
        survey = Survey { lanes: survey.lanes, ..Survey::default() };
    }
    told.versions.sort_by(|one, other| one.is.name.cmp(&other.is.name));
    told.notices.extend(silent.into_iter().map(|(channel, problem)| {
        let what = format!("{channel} could not be asked: {}", problem.what);
        Problem { what, passing: false, ..problem }
    }));
    told
}

/// Whether a merge would make it public anywhere, or add something to it.
pub(super) fn is_published_by_a_merge(planned: &Planned) -> bool {
    planned.steps.values().any(Step::writes)
}

fn keep(survey: &mut Survey, wanted: impl Fn(&ChartVersion) -> bool) {
    survey.lanes.values_mut().for_each(|lane| lane.retain(|candidate| wanted(&candidate.is)));
    survey.lanes.retain(|_: &ChartName, lane| !lane.is_empty());
}

/// The channels that stop a version, and why; not those that only wait for them.
fn stops(planned: &Planned) -> impl Iterator<Item = (&ChannelId, &Problem)> {
    planned.steps.iter().filter_map(|(channel, step)| match step {
        Step::Stop(problem) if !problem.what.starts_with(Step::WAITS) => Some((channel, problem)),
        _ => None,
    })
}
