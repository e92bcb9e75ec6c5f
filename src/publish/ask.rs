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

/// The versions that an earlier run began and that are none of these any more, with what the channels hold of them; and
/// the channels that could not tell.
pub(super) async fn begun_before(
    run: &Run<'_>,
    wanted: &[ChartVersion],
    answers: &[Answer],
) -> (Vec<(Candidate, Answer)>, Vec<Problem>) {
    let mut found: Vec<Unfinished> = Vec::new();
    let mut silent = Vec::new();
    for channel in run.channels {
        match channel.unfinished().await {
            Ok(told) => found.extend(told),
            Err(problem) => silent.push(problem),
        }
    }
    // What stops a version is told with it.
    let told = |silent: &Problem| {
        let stops =
            |(_, held): &(ChannelId, Held)| matches!(held, Held::Unknown(problem) if problem == silent);
        answers.iter().flatten().any(stops)
    };
    silent.retain(|problem| !told(problem));
    found.retain(|one| !wanted.contains(&one.is));
    found.retain(|one| run.only.is_none_or(|only| only.contains(&one.is)));
    let published: Vec<&ChartVersion> = found.iter().filter(|one| one.published).map(|one| &one.is).collect();
    let others = run.channels.iter().filter(|channel| channel.exposure() != Exposure::Release);
    let lacking = join_all(others.map(|channel| lacking(channel.as_ref(), &published, wanted, answers)));
    let lacking: BTreeSet<ChartVersion> = lacking.await.into_iter().flatten().collect();
    found.retain(|one| !one.published || lacking.contains(&one.is));
    // One version may have been begun twice.
    let mut told = BTreeSet::new();
    found.retain(|one| told.insert(one.is.clone()));
    // The newest stands first, and the eldest goes out first.
    found.reverse();
    let begun: Vec<ChartVersion> = found.iter().map(|one| one.is.clone()).collect();
    let mut answers = ask(run, &begun).await;
    mistrust_missing(run, &begun, &mut answers).await;
    (found.into_iter().map(candidate).zip(answers).collect(), silent)
}

/// Of the versions that we published elsewhere (newest first), those that this channel lacks.
///
/// An index answers for all of them at once. Elsewhere a question costs a call, so each chart is asked back from its
/// newest version to the first that is there: the elders of a version go out before it, so they are there too.
async fn lacking(
    channel: &dyn Channel,
    published: &[&ChartVersion],
    wanted: &[ChartVersion],
    answers: &[Answer],
) -> Vec<ChartVersion> {
    if channel.exposure() == Exposure::Index {
        let published: Vec<ChartVersion> = published.iter().copied().cloned().collect();
        let held = channel.look(&published).await;
        let lacks = published.into_iter().zip(held).filter(|(_, held)| !matches!(held, Held::Present(_)));
        return lacks.map(|(is, _)| is).collect();
    }
    let is_here = |(id, held): &(ChannelId, Held)| id == channel.id() && matches!(held, Held::Present(_));
    let here = |answer: &Answer| answer.iter().any(is_here);
    let whole: BTreeSet<&ChartName> =
        wanted.iter().zip(answers).filter(|(_, answer)| here(answer)).map(|(is, _)| &is.name).collect();
    let mut charts: BTreeMap<&ChartName, Vec<&ChartVersion>> = BTreeMap::new();
    for is in published.iter().filter(|is| !whole.contains(&is.name)) {
        charts.entry(&is.name).or_default().push(is);
    }
    join_all(charts.into_values().map(|versions| back_to_the_first(channel, versions)))
        .await
        .into_iter()
        .flatten()
        .collect()
}

async fn back_to_the_first(channel: &dyn Channel, newest_first: Vec<&ChartVersion>) -> Vec<ChartVersion> {
    let mut lacking = Vec::new();
    for is in newest_first {
        if let Some(Held::Present(_)) = channel.look(std::slice::from_ref(is)).await.pop() {
            break;
        }
        lacking.push(is.clone());
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
        version_line: None,
    }
}
