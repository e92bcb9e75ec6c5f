//! Walks the first-parent line from the head back, and shows it to a trace.

use super::{
    Inner, NoSurvey,
    search::{self, Memory},
};
use crate::{
    changes::{ChartAt, End, Snapshot, Trace, Tracked},
    charts::ChartName,
    doors::git::{Before, Commit, Id, Open},
    problem::Problem,
};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

/// What a walk back saw.
pub struct History {
    /// The commits of the first-parent line, as far as it was walked, head first.
    pub commits: Vec<Commit>,
    /// What was found out.
    pub tracked: Vec<Tracked>,
    /// The walk ended where the clone does, not where it had found all.
    pub is_cut_off: bool,
    /// The walk went past the range.
    pub has_left_range: bool,
    /// Charts whose Chart.yaml a commit in the range broke: the folder, and that commit.
    pub broken: BTreeMap<String, Id>,
}

/// Which commits to gather introduced versions from.
pub enum Range<'a> {
    /// None.
    Nothing,
    /// These.
    These(HashSet<Id>),
    /// All, until each of these charts has as many.
    Until {
        /// As many of each chart.
        at_most_each: usize,
        /// The charts.
        of: &'a [ChartName],
    },
}

/// Walks from `head` for as long as the trace wants more.
pub fn walk(
    inner: &Inner,
    git: &Open,
    memory: &mut Memory,
    head: Option<Id>,
    mut trace: Trace,
    range: &Range<'_>,
) -> Result<History, Problem> {
    let mut history = History {
        commits: Vec::new(),
        tracked: Vec::new(),
        is_cut_off: false,
        has_left_range: false,
        broken: BTreeMap::new(),
    };
    let mut end = Some(End::Beginning);
    let mut next = head;
    let mut newer: Option<(Id, bool, Snapshot)> = None;
    while let Some(id) = next {
        let commit = git.commit(id)?;
        let charts = search::snapshot(&inner.commits(git).view(commit.tree), &inner.roots, memory)?;
        let in_range = match range {
            Range::Nothing => false,
            Range::These(commits) => commits.contains(&id),
            Range::Until { .. } => true,
        };
        if let Some((newer, true, had)) = &newer {
            broken(&mut history.broken, *newer, had, &charts);
        }
        trace.step(in_range, charts.clone());
        history.has_left_range |= !in_range;
        history.commits.push(commit);
        let enough = match range {
            Range::Until { at_most_each, of } => {
                of.iter().all(|name| trace.introduced(name) >= *at_most_each)
            }
            _ => !trace.wants_more(),
        };
        if enough {
            end = None;
            break;
        }
        newer = Some((id, in_range, charts));
        next = match commit.before {
            Before::Parent(parent) => Some(parent),
            Before::Nothing => None,
            Before::NotFetched => {
                end = Some(End::NotFetched);
                None
            }
        };
    }
    history.is_cut_off = end == Some(End::NotFetched);
    history.tracked = trace.end(end);
    Ok(history)
}

/// Notes the charts that were broken by a commit, seen against the one before it.
fn broken(broken: &mut BTreeMap<String, Id>, commit: Id, had: &Snapshot, before: &Snapshot) {
    let unreadable = |chart: &&Arc<ChartAt>| chart.is.is_none();
    for chart in had.iter().filter(unreadable) {
        let as_before = before.iter().any(|older| older == chart);
        if !as_before {
            broken.entry(chart.path.clone()).or_insert(commit);
        }
    }
}

/// The commits after `since` up to the head.
///
/// # Errors
/// The clone does not have `since`, or a commit after it.
pub fn since(git: &Open, since: &str, head: Option<Id>) -> Result<HashSet<Id>, NoSurvey> {
    let known = git.resolve(since).map_err(NoSurvey::NotThere)?;
    Ok(head.map_or(Ok(HashSet::new()), |head| git.between(known, head))?)
}
