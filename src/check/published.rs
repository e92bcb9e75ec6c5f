//! What a merge would publish: the plan, as far as the channels can be asked.

use super::Case;
use crate::{
    changes::Survey,
    channels::Channel,
    charts::{ChartName, ChartVersion},
    holdings::ChannelId,
    plan::{Planned, Step},
    problem::Problem,
    publish::{self, Run},
    report::check::Rule,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What the channels answered.
#[derive(Default)]
pub(super) struct Told {
    pub versions: Vec<Planned>,
    /// What is worth knowing, and which channels could not be asked.
    pub notices: Vec<Problem>,
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
    while !channels.is_empty() {
        let run = Run { channels: &channels, ..run.clone() };
        let plan = publish::plan(&run, survey.clone()).await;
        let (stopped, settled): (Vec<Planned>, Vec<Planned>) =
            plan.versions.into_iter().partition(|planned| stops(planned).next().is_some());
        told.versions.extend(settled);
        told.notices.extend(plan.notices);
        if stopped.is_empty() {
            break;
        }
        let mut now_silent = BTreeSet::new();
        for (channel, problem) in stopped.iter().flat_map(stops) {
            now_silent.insert(channel.clone());
            silent.entry(channel.clone()).or_insert_with(|| problem.clone());
        }
        // Once more without those that did not answer; the notices were told.
        channels.retain(|channel| !now_silent.contains(channel.id()));
        let again: BTreeSet<ChartVersion> = stopped.into_iter().map(|planned| planned.is).collect();
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
