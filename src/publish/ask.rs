//! What the channels are asked before anything is decided: what they hold, and what earlier runs began there.

use super::Run;
use crate::{
    changes::{Candidate, CreatedFrom, Origin, Touched},
    channels::Channel,
    charts::{ChartName, ChartVersion},
    holdings::{ChannelId, Exposure, Held, Unfinished},
    problem::Problem,
};
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};

/// What the channels hold of one version, in their order.
pub(super) type Answer = Vec<(ChannelId, Held)>;

/// What every channel holds of these versions: one answer for each version.
pub(super) async fn ask(run: &Run<'_>, wanted: &[ChartVersion]) -> Vec<Answer> {
    let mut answers = vec![Vec::with_capacity(run.channels.len()); wanted.len()];
    if wanted.is_empty() {
        return answers;
    }
    let looks = join_all(run.channels.iter().map(|channel| channel.look(wanted))).await;
    for (channel, held) in run.channels.iter().zip(looks) {
        for (answer, held) in answers.iter_mut().zip(held) {
            answer.push((channel.id().clone(), held));
        }
    }
    answers
}

/// A channel whose place does not exist is made only where no channel holds anything: beside others that are in use, it
/// was probably misspelt, and what it would hold is unknown.
pub(super) async fn mistrust_missing(run: &Run<'_>, wanted: &[ChartVersion], answers: &mut [Answer]) {
    for channel in run.channels {
        let Some(problem) = channel.missing().await else { continue };
        match in_use(run, channel.as_ref(), wanted, answers).await {
            Ok(None) => {}
            Ok(Some(other)) => {
                let what = format!("{}, and {other} holds charts already", problem.what);
                doubt(channel.id(), &Problem { what, ..problem }, answers);
            }
            Err(problem) => doubt(channel.id(), &problem, answers),
        }
    }
}

fn doubt(channel: &ChannelId, problem: &Problem, answers: &mut [Answer]) {
    let here = answers.iter_mut().flatten().filter(|(id, _)| id == channel);
    here.for_each(|(_, held)| *held = Held::Unknown(problem.clone()));
}

/// Another channel that holds something.
async fn in_use(
    run: &Run<'_>,
    missing: &dyn Channel,
    wanted: &[ChartVersion],
    answers: &[Answer],
) -> Result<Option<ChannelId>, Problem> {
    let present = answers.iter().flatten().find(|(_, held)| matches!(held, Held::Present(_)));
    if let Some((id, _)) = present {
        return Ok(Some(id.clone()));
    }
    let charts: BTreeSet<ChartName> = wanted.iter().map(|is| is.name.clone()).collect();
    let charts: Vec<ChartName> = charts.into_iter().collect();
    for other in run.channels.iter().filter(|other| other.id() != missing.id()) {
        if other.missing().await.is_none() && other.in_use(&charts).await? {
            return Ok(Some(other.id().clone()));
        }
    }
    Ok(None)
}

/// The versions that an earlier run began and that are none of these any more, with what the channels hold of them.
pub(super) async fn begun_before(
    run: &Run<'_>,
    known: &BTreeMap<ChartVersion, bool>,
) -> (Vec<(Candidate, Answer)>, Vec<Problem>) {
    let mut found: Vec<Unfinished> = Vec::new();
    let mut notices = Vec::new();
    for channel in run.channels {
        match channel.unfinished().await {
            Ok(told) => found.extend(told),
            Err(problem) => notices.push(problem),
        }
    }
    found.retain(|one| !known.contains_key(&one.is));
    found.retain(|one| run.only.is_none_or(|only| only.contains(&one.is)));
    let (published, mut begun): (Vec<_>, Vec<_>) = found.into_iter().partition(|one| one.published);
    begun.extend(not_everywhere(run, published, known).await);
    let wanted: Vec<ChartVersion> = begun.iter().map(|one| one.is.clone()).collect();
    let answers = ask(run, &wanted).await;
    (begun.into_iter().map(candidate).zip(answers).collect(), notices)
}

/// Of the versions that we published in one channel, those that never came to the last one. A version comes to the last
/// channel when it is in all others; and the elders of one that is everywhere are everywhere.
async fn not_everywhere(
    run: &Run<'_>,
    published: Vec<Unfinished>,
    known: &BTreeMap<ChartVersion, bool>,
) -> Vec<Unfinished> {
    let Some(last) = run.channels.iter().max_by_key(|channel| channel.exposure()) else { return Vec::new() };
    if last.exposure() == Exposure::Index {
        // One document answers for all of them.
        let wanted: Vec<ChartVersion> = published.iter().map(|one| one.is.clone()).collect();
        let held = last.look(&wanted).await;
        let lacking = published.into_iter().zip(held).filter(|(_, held)| !matches!(held, Held::Present(_)));
        return lacking.map(|(one, _)| one).collect();
    }
    let mut whole: BTreeSet<ChartName> =
        known.iter().filter(|(_, everywhere)| **everywhere).map(|(is, _)| is.name.clone()).collect();
    let mut lacking = Vec::new();
    for one in published {
        if whole.contains(&one.is.name) {
            continue;
        }
        match last.look(std::slice::from_ref(&one.is)).await.pop() {
            Some(Held::Present(_)) => {
                whole.insert(one.is.name.clone());
            }
            _ => lacking.push(one),
        }
    }
    lacking
}

fn candidate(begun: Unfinished) -> Candidate {
    let path = begun.path;
    let origin = match begun.commit {
        Some(commit) => Origin::Commit { path, commit },
        None => Origin::WorkingTree { path },
    };
    Candidate {
        is: begun.is,
        origin,
        created: begun.created,
        created_from: CreatedFrom::Introduction,
        introduced_by: begun.revision,
        touched: Touched::Untouched,
        ungitted: Vec::new(),
    }
}
