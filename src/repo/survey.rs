//! Puts together which chart versions are candidates: what is there now, and what the walk back found.

use super::{
    Inner, NoSurvey, folder_at,
    history::{self, History, Range},
    packaged,
    search::{self, Here, Memory, Skipped},
    state::{State, Worktree},
    view::{CommitView, View},
};
use crate::{
    changes::{
        About, Because, Candidate, CreatedFrom, Earlier, Origin, Selection, Sighting, Snapshot, Survey,
        Touched, Trace, Tracked,
    },
    charts::{Chart, ChartName, ChartVersion, Files, Metadata, find::CHART_YAML},
    doors::git::{FETCH_EVERYTHING, Id, Open, is_missing},
    problem::{Problem, nearest},
};
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
            let view = CommitView { git, tree: git.commit(head)?.tree };
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
        (None, Some(head)) => now(inner, &CommitView { git, tree: git.commit(head)?.tree }, memory)?.snapshot,
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

fn now<V: View>(inner: &Inner, view: &V, memory: &mut Memory) -> Result<Now, Problem> {
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

struct Surveying<'a, V> {
    inner: &'a Inner,
    git: &'a Open,
    memory: &'a mut Memory,
    head: Option<Id>,
    view: &'a V,
    now: Now,
}

/// What is asked for, found in what is there.
struct Asked {
    current: BTreeSet<ChartVersion>,
    older: BTreeSet<ChartVersion>,
    is_sweep: bool,
    since: Option<String>,
}

impl<V: View> Surveying<'_, V> {
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
        let mut survey = Survey::default();
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

    fn asked(&self, selection: &Selection) -> Result<Asked, NoSurvey> {
        let mut asked =
            Asked { current: BTreeSet::new(), older: BTreeSet::new(), is_sweep: true, since: None };
        let names = match selection {
            Selection::Sweep { since } => {
                asked.current = self.now.named.keys().cloned().collect();
                asked.since = since.clone().filter(|since| !since.bytes().all(|byte| byte == b'0'));
                return Ok(asked);
            }
            Selection::Named(names) => names,
        };
        asked.is_sweep = false;
        for text in names {
            let (name, version) = text.rsplit_once('@').map_or((text.as_str(), None), |(n, v)| (n, Some(v)));
            let of_name = self.now.named.keys().filter(|is| is.name.as_str() == name);
            let current: Vec<_> =
                of_name.filter(|is| version.is_none_or(|v| is.version.as_str() == v)).cloned().collect();
            match version {
                Some(version) if current.is_empty() => {
                    asked.older.insert(ChartVersion::new(name, version));
                }
                None if current.is_empty() => return Err(self.unknown(name)),
                _ => asked.current.extend(current),
            }
        }
        Ok(asked)
    }

    /// A name that no chart has.
    fn unknown(&self, name: &str) -> NoSurvey {
        let folder_name = |path: &str| path.rsplit('/').next() == Some(name);
        if let Some((_, problem)) = self.now.unreadable.iter().find(|(path, _)| folder_name(path)) {
            return NoSurvey::Unreadable(problem.clone());
        }
        let problem = Problem::new(format!("there is no chart named `{name}`"));
        NoSurvey::NotThere(match nearest(name, self.now.named.keys().map(|is| is.name.as_str())) {
            Some(near) => problem.next(format!("did you mean `{near}`?")),
            None => {
                problem.next("name a chart as its Chart.yaml does, and see that `charts` covers its folder")
            }
        })
    }

    /// A version that no commit has.
    fn not_in_history(&self, is: &ChartVersion, history: &History) -> NoSurvey {
        let problem = Problem::new(format!("no commit on the first-parent line of the head has {is}"));
        if history.is_cut_off {
            return NoSurvey::NotThere(problem.next(FETCH_EVERYTHING));
        }
        let of_name = self.now.named.keys().filter(|known| known.name == is.name);
        let current: Vec<_> = of_name.map(|known| format!("`{known}`")).collect();
        if current.is_empty() {
            return self.unknown(is.name.as_str());
        }
        NoSurvey::NotThere(problem.next(format!("the chart is now {}", current.join(" and "))))
    }

    fn tell_what_is_left_out(&self, survey: &mut Survey, history: &History, asked: &Asked) {
        let unreadable = self.now.unreadable.iter();
        survey
            .problems
            .extend(unreadable.map(|(path, problem)| (About::Folder(path.clone()), problem.clone())));
        let has_charts = !self.now.snapshot.is_empty();
        for skipped in &self.now.skipped {
            match skipped {
                Skipped::NotUtf8 { path } => {
                    let problem = Problem::new(format!("the folder {path} has a name that is not UTF-8"));
                    survey
                        .problems
                        .push((About::Folder(path.clone()), problem.in_file(path).next("rename it")));
                }
                Skipped::Submodule { path, repository } => survey.notices.push(
                    Problem::new(format!(
                        "the chart in {path} belongs to another repository, checked out at {repository}"
                    ))
                    .in_file(path)
                    .next("publish it from its own repository"),
                ),
                Skipped::Link { path } => survey.notices.push(
                    Problem::new(format!(
                        "{path} is a link to a chart; charts are published from where they lie"
                    ))
                    .in_file(path)
                    .next("name the folder that it leads to with `charts`"),
                ),
                Skipped::Unreadable { path, problem } => {
                    survey.problems.push((About::Folder(path.clone()), problem.clone()));
                }
                Skipped::Root if !has_charts => survey.notices.push(
                    Problem::new("the chart at the repository root is not among the configured ones")
                        .in_file("Chart.yaml")
                        .next("set `charts` to `.`"),
                ),
                Skipped::Root => {}
            }
        }
        let is_now =
            |path: &String| self.now.snapshot.iter().any(|chart| chart.path == *path && chart.is.is_some());
        for (path, commit) in history.broken.iter().filter(|(path, _)| is_now(path)) {
            let what = format!(
                "{path} cannot be read at {}: a version that it introduced is not published",
                commit.short()
            );
            survey.notices.push(Problem::new(what).in_file(path));
        }
        let unknown =
            |tracked: &Tracked| !tracked.settled && matches!(tracked.because, Because::Introduced { .. });
        if let Some(since) = &asked.since
            && history.is_cut_off
            && (!history.has_left_range || history.tracked.iter().any(unknown))
        {
            let what = format!(
                "history is too shallow to know all versions that the commits since {since} introduced"
            );
            survey.notices.push(Problem::new(what).next(FETCH_EVERYTHING));
        }
    }

    fn worktree(&self, asked: &Asked) -> Result<Worktree, Problem> {
        let folders = asked.current.iter().filter_map(|is| self.now.named.get(is)).flatten();
        let folders: Vec<_> = folders.map(|here| here.folder.path.as_str()).collect();
        Worktree::of(self.git, &folders)
    }

    fn current(
        &mut self,
        tracked: &Tracked,
        history: &History,
        worktree: Option<&Worktree>,
        generated: &mut BTreeMap<ChartVersion, Vec<String>>,
    ) -> Result<Candidate, Problem> {
        let is = &tracked.is;
        let folders = self.now.named.get(is).map_or(&[][..], Vec::as_slice);
        let Some(here) = folders.first() else { return Err(Problem::new(format!("{is} has no folder"))) };
        let paths: Vec<_> = folders.iter().map(|here| here.folder.path.as_str()).collect();
        one_content(is, &paths, |index| packaged::read(self.view, &folders[index].folder))?;
        let path = &here.folder.path;
        let introduced = tracked.oldest.as_ref().filter(|_| tracked.settled);
        let state = State::of(self.git, self.view, here, worktree, history, introduced)?;
        generated.insert(is.clone(), state.generated());
        state.refuse_unknown_at_the_root(is, path, &self.inner.generated)?;
        let origin = match (worktree, history.commits.first()) {
            (None, Some(head)) => Origin::Commit { path: path.clone(), commit: head.id.to_string() },
            _ => Origin::WorkingTree { path: path.clone() },
        };
        Ok(self.candidate(tracked, history, origin, state.touched(tracked), state.ungitted()))
    }

    /// A version from history: as the commit that introduced it has it, so that it has one content whichever way it is
    /// asked for. One that is named and cannot be read there is taken from a later commit.
    fn older(
        &mut self,
        tracked: &Tracked,
        history: &History,
        notices: &mut Vec<Problem>,
    ) -> Result<Candidate, Problem> {
        let (Some(oldest), Some(newest)) = (&tracked.oldest, &tracked.newest) else {
            return Err(Problem::new(format!("no commit has {}", tracked.is)));
        };
        let introduced = Some(oldest).filter(|_| tracked.settled);
        let problem = match self.taken_from(oldest, &tracked.is, history) {
            Ok(origin) => {
                let touched = match introduced {
                    Some(_) => Touched::Untouched,
                    None => Touched::HistoryTooShallow,
                };
                return Ok(self.candidate(tracked, history, origin, touched, Vec::new()));
            }
            // What this clone lacks must not decide which content is published.
            Err(problem) if tracked.because != Because::Named || is_missing(&problem) => return Err(problem),
            Err(problem) => problem,
        };
        for position in newest.position..oldest.position {
            let view = CommitView { git: self.git, tree: history.commits[position].tree };
            let charts = search::snapshot(&view, &self.inner.roots, self.memory)?;
            let has_it = charts.iter().filter(|chart| chart.is.as_ref() == Some(&tracked.is));
            let paths: Vec<_> = has_it.map(|chart| chart.path.clone()).collect();
            if paths.is_empty() {
                continue;
            }
            let Ok(origin) = self.taken_from(&Sighting { position, paths }, &tracked.is, history) else {
                continue;
            };
            let touched = match introduced {
                Some(introduced) => {
                    let folder = folder_at(&view, origin.path())?;
                    super::state::between(self.git, history, introduced, &view, &folder)?
                }
                None => Touched::HistoryTooShallow,
            };
            let what = format!(
                "{} is taken from {}, the newest commit where it can be read: {}",
                tracked.is,
                history.commits[position].id.short(),
                problem.what
            );
            notices.push(Problem { what, ..problem });
            return Ok(self.candidate(tracked, history, origin, touched, Vec::new()));
        }
        Err(problem)
    }

    /// A version as the commit of this sighting has it.
    ///
    /// # Errors
    /// No chart can be made of it there.
    fn taken_from(
        &self,
        sighting: &Sighting,
        is: &ChartVersion,
        history: &History,
    ) -> Result<Origin, Problem> {
        let commit = &history.commits[sighting.position];
        let view = CommitView { git: self.git, tree: commit.tree };
        let paths: Vec<_> = sighting.paths.iter().map(String::as_str).collect();
        let read = |index: usize| packaged::read(&view, &folder_at(&view, paths[index])?);
        one_content(is, &paths, read).and_then(|()| read(0)).and_then(|(files, _)| readable(files)).map_err(
            |problem| Problem { what: format!("at {}, {}", commit.id.short(), problem.what), ..problem },
        )?;
        Ok(Origin::Commit { path: paths[0].to_owned(), commit: commit.id.to_string() })
    }

    fn candidate(
        &self,
        tracked: &Tracked,
        history: &History,
        origin: Origin,
        touched: Touched,
        ungitted: Vec<String>,
    ) -> Candidate {
        let oldest = tracked.oldest.as_ref().and_then(|oldest| history.commits.get(oldest.position));
        let (created, created_from) = match (oldest, history.commits.first()) {
            (Some(commit), _) if tracked.settled => (commit.time, CreatedFrom::Introduction),
            (Some(_), Some(head)) => (head.time, CreatedFrom::HistoryTooShallow),
            (None, Some(head)) => (head.time, CreatedFrom::Uncommitted),
            (_, None) => (0, CreatedFrom::NoCommit),
        };
        let introduced_by = oldest.filter(|_| tracked.settled).map(|commit| commit.id.to_string());
        Candidate { is: tracked.is.clone(), origin, created, created_from, introduced_by, touched, ungitted }
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

/// One chart version in several folders: equal files are one.
fn one_content(
    is: &ChartVersion,
    paths: &[&str],
    read: impl Fn(usize) -> Result<(Files, Vec<Problem>), Problem>,
) -> Result<(), Problem> {
    if paths.len() < 2 {
        return Ok(());
    }
    let first = read(0)?.0;
    for (index, path) in paths.iter().enumerate().skip(1) {
        if read(index)?.0 != first {
            let what = format!("{is} is in {} and in {path}, with different files", paths[0]);
            return Err(Problem::new(what)
                .in_file(*path)
                .next("give one of them another version, or exclude its folder"));
        }
    }
    Ok(())
}

/// Whether a chart can be made of these files. Of one with dependencies, only the first page: they are fetched when it
/// is packaged, and until then Helm's reader finds them missing.
fn readable(files: Files) -> Result<(), Problem> {
    let no_chart = || Problem::new("Chart.yaml is not among the packaged files");
    let requirements = files.0.get("requirements.yaml").map(|bytes| &bytes[..]);
    let chart_yaml = files.0.get(CHART_YAML).ok_or_else(no_chart)?;
    let metadata = Metadata::read_with_requirements(CHART_YAML, chart_yaml, requirements)?;
    if metadata.dependencies.is_empty() { Chart::read(files).map(drop) } else { Ok(()) }
}

fn needs_generated(is: &ChartVersion, files: &[String]) -> Problem {
    let what = format!(
        "{is} is not published: the chart in the working tree has generated files that git lacks, such as {}",
        files.first().map_or("", String::as_str)
    );
    Problem::new(what)
        .next(format!("check out the commit that introduced it, generate its files, and publish `{is}`"))
}
