//! Puts together which chart versions are candidates: what is there now, and what the walk back found.

mod asked;
mod candidates;
mod left_out;

use super::{
    Inner, NoSurvey,
    history::{self, Range},
    search::{self, Here, Memory, Skipped},
    state::Worktree,
    view::{Commits, View},
};
use crate::{
    changes::{About, Because, Candidate, Earlier, Selection, Snapshot, Survey, Trace, Tracked},
    charts::{ChartName, ChartVersion},
    doors::git::{Id, Open},
    problem::Problem,
};
use asked::Asked;
use left_out::needs_generated;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The charts as they are now.
pub struct Now {
    /// Folders by chart version: more than one only by mistake, or for a copy.
    pub named: BTreeMap<ChartVersion, Vec<Arc<Here>>>,
    unreadable: Vec<(String, Problem)>,
    skipped: Vec<Skipped>,
    snapshot: Snapshot,
}

/// See [`super::Repo::survey`].
pub fn survey(
    inner: &Inner,
    git: &Open,
    memory: &mut Memory,
    selection: &Selection,
) -> Result<Survey, NoSurvey> {
    let head = inner.head(git)?;
    let worktree = inner.working_tree(git)?;
    match (&worktree, head) {
        (Some(view), _) => {
            let now = now(inner, view, memory)?;
            Surveying { inner, git, memory, head, view, now }.run(selection, true)
        }
        (None, Some(head)) => {
            let view = inner.commits(git).view(git.commit(head)?.tree);
            let now = now(inner, &view, memory)?;
            Surveying { inner, git, memory, head: Some(head), view: &view, now }.run(selection, false)
        }
        // A bare repository without a commit has nothing at all.
        (None, None) => Ok(Survey::default()),
    }
}

/// See [`super::Repo::earlier`].
pub fn earlier(
    inner: &Inner,
    git: &Open,
    memory: &mut Memory,
    charts: &[ChartName],
    at_most: usize,
) -> Result<BTreeMap<ChartName, Vec<Earlier>>, Problem> {
    let head = inner.head(git)?;
    let current = match (inner.working_tree(git)?, head) {
        (Some(view), _) => now(inner, &view, memory)?.snapshot,
        (None, Some(head)) => now(inner, &inner.commits(git).view(git.commit(head)?.tree), memory)?.snapshot,
        (None, None) => return Ok(BTreeMap::new()),
    };
    let trace = Trace::new(current, |is| charts.contains(&is.name), BTreeSet::new());
    let range = Range::Until { at_most_each: at_most, of: charts };
    let history = history::walk(inner, git, memory, head, trace, &range)?;
    let mut found: BTreeMap<ChartName, Vec<(usize, Earlier)>> = BTreeMap::new();
    for tracked in history.tracked.iter().filter(|tracked| tracked.is_swept_up()) {
        let Some(commit) = tracked
            .oldest
            .as_ref()
            .and_then(|oldest| Some((oldest.position, history.commits.get(oldest.position)?)))
        else {
            continue;
        };
        let (position, commit) = commit;
        let version =
            Earlier { is: tracked.is.clone(), introduced_by: commit.id.to_string(), created: commit.time };
        found.entry(tracked.is.name.clone()).or_default().push((position, version));
    }
    let newest_first = found.into_iter().map(|(name, mut versions)| {
        versions.sort_by_key(|(position, _)| *position);
        (name, versions.into_iter().take(at_most).map(|(_, version)| version).collect())
    });
    Ok(newest_first.collect())
}

/// The charts of this state of the repository.
pub fn now<V: View>(inner: &Inner, view: &V, memory: &mut Memory) -> Result<Now, Problem> {
    let found = search::search(view, &inner.roots, memory)?;
    let mut now = Now {
        named: BTreeMap::new(),
        unreadable: Vec::new(),
        skipped: found.skipped.clone(),
        snapshot: Arc::new([]),
    };
    let mut snapshot = Vec::new();
    for here in &found.charts {
        let named = match search::name(view, here, memory) {
            Ok(named) => named,
            // A file that may not be read is that chart's; an object that is missing is the clone's.
            Err(problem) if here.folder.tree.is_none() => Err(problem),
            Err(problem) => return Err(problem),
        };
        snapshot.push(here.named(named.as_ref().ok().cloned()));
        match named {
            Ok(is) => now.named.entry(is).or_default().push(here.clone()),
            Err(problem) => now.unreadable.push((here.folder.path.clone(), problem)),
        }
    }
    now.snapshot = snapshot.into();
    Ok(now)
}

impl Now {
    /// The one chart that is there. None where another one cannot be read: it may be one more.
    fn only_chart(&self) -> Option<ChartName> {
        let names: BTreeSet<&ChartName> = self.named.keys().map(|is| &is.name).collect();
        let only = *names.first()?;
        (names.len() == 1 && self.unreadable.is_empty()).then(|| only.clone())
    }
}

struct Surveying<'a, V> {
    inner: &'a Inner,
    git: &'a Open,
    memory: &'a mut Memory,
    head: Option<Id>,
    view: &'a V,
    now: Now,
}

impl<'a, V: View> Surveying<'a, V> {
    fn commits(&self) -> Commits<'a> {
        self.inner.commits(self.git)
    }

    fn run(mut self, selection: &Selection, is_working_tree: bool) -> Result<Survey, NoSurvey> {
        let asked = self.asked(selection)?;
        let range = match &asked.since {
            Some(since) => Range::These(history::since(self.git, since, self.head)?),
            None => Range::Nothing,
        };
        let follows = |is: &ChartVersion| asked.current.contains(is);
        let trace = Trace::new(self.now.snapshot.clone(), follows, asked.older.clone());
        let history = history::walk(self.inner, self.git, self.memory, self.head, trace, &range)?;
        let found = |is: &&ChartVersion| history.tracked.iter().any(|tracked| tracked.is == **is);
        if let Some(is) = asked.older.iter().find(|is| !found(is)) {
            return Err(self.not_in_history(is, &history));
        }
        let mut survey = Survey { only_chart: self.now.only_chart(), ..Survey::default() };
        if asked.is_sweep {
            self.tell_what_is_left_out(&mut survey, &history, &asked);
        }
        let worktree = is_working_tree.then(|| self.worktree(&asked)).transpose()?;
        let mut lanes: BTreeMap<ChartName, Vec<(usize, Candidate)>> = BTreeMap::new();
        // What git lacks of the current charts decides about their older versions.
        let mut generated: BTreeMap<ChartVersion, Vec<String>> = BTreeMap::new();
        for tracked in &history.tracked {
            if tracked.because != Because::Current || !asked.current.contains(&tracked.is) {
                continue;
            }
            let candidate = self.current(tracked, &history, worktree.as_ref(), &mut generated);
            match candidate {
                Err(problem) => survey.problems.push((About::Version(tracked.is.clone()), problem)),
                Ok(_) if asked.is_sweep && tracked.is.version.is_placeholder() => {
                    survey.placeholders.push(tracked.is.clone())
                }
                Ok(candidate) => {
                    lanes.entry(tracked.is.name.clone()).or_default().push((age(tracked), candidate));
                }
            }
        }
        for tracked in &history.tracked {
            let named = asked.older.contains(&tracked.is);
            if !named && !tracked.is_swept_up() {
                continue;
            }
            if let Because::Introduced { current, .. } = &tracked.because
                && let Some(files) = generated.get(current).filter(|files| !files.is_empty())
            {
                survey.notices.push(needs_generated(&tracked.is, files));
                continue;
            }
            match self.older(tracked, &history, &mut survey.notices) {
                Ok(candidate) => {
                    lanes.entry(tracked.is.name.clone()).or_default().push((age(tracked), candidate))
                }
                Err(problem) if named => survey.problems.push((About::Version(tracked.is.clone()), problem)),
                Err(mut problem) => {
                    problem.what = format!("{} is not published: {}", tracked.is, problem.what);
                    survey.notices.push(problem);
                }
            }
        }
        survey.lanes = lanes.into_iter().map(|(name, lane)| (name, oldest_first(lane))).collect();
        Ok(survey)
    }

    fn worktree(&self, asked: &Asked) -> Result<Worktree, Problem> {
        let folders = asked.current.iter().filter_map(|is| self.now.named.get(is)).flatten();
        let folders: Vec<_> = folders.map(|here| here.folder.path.as_str()).collect();
        Worktree::of(self.git, &folders)
    }
}

/// How long ago a version was introduced, in commits: the larger, the older.
fn age(tracked: &Tracked) -> usize {
    match &tracked.oldest {
        Some(oldest) if tracked.settled => oldest.position + 1,
        Some(_) => usize::MAX,
        None => 0,
    }
}

fn oldest_first(mut lane: Vec<(usize, Candidate)>) -> Vec<Candidate> {
    lane.sort_by(|(age, one), (other_age, other)| {
        other_age.cmp(age).then_with(|| one.is.version.precedence(&other.is.version))
    });
    lane.into_iter().map(|(_, candidate)| candidate).collect()
}
