//! Which chart versions are candidates, and why: what the repository has now, and what its commits introduced.
//!
//! Nothing here reads the repository. The station `repo` shows a [`Trace`] one state after the other, from the
//! working tree back along first parents, for as long as the trace [wants more](Trace::wants_more).

use crate::{
    charts::{ChartName, ChartVersion, Version},
    problem::Problem,
};
use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    sync::Arc,
};

/// Where the files of a chart version come from. Paths are from the repository root, with `/`; `""` is the root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The checkout as it lies there, generated files included.
    WorkingTree {
        /// The chart's folder.
        path: String,
    },
    /// A commit, by its id in hex.
    Commit {
        /// The chart's folder.
        path: String,
        /// The commit that is packaged.
        commit: String,
    },
}

impl Origin {
    /// The chart's folder.
    pub fn path(&self) -> &str {
        match self {
            Self::WorkingTree { path } | Self::Commit { path, .. } => path,
        }
    }

    /// The commit that is packaged; `None` for the working tree.
    pub fn commit(&self) -> Option<&str> {
        match self {
            Self::WorkingTree { .. } => None,
            Self::Commit { commit, .. } => Some(commit),
        }
    }
}

/// A chart version that this run may have to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What it is.
    pub is: ChartVersion,
    /// Where its files come from.
    pub origin: Origin,
    /// When it came to be, in seconds since 1970: a committer time. `created_from` says whose.
    pub created: i64,
    /// Whose time `created` is.
    pub created_from: CreatedFrom,
    /// The commit that introduced it, in hex; `None` where that is not known, or not committed yet.
    pub introduced_by: Option<String>,
    /// What has changed in the chart since then.
    pub touched: Touched,
    /// The packaged files, relative to the chart, that git does not have as they are: untracked, ignored, changed.
    pub ungitted: Vec<String>,
}

/// Whose time a candidate was created at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreatedFrom {
    /// The commit that introduced the version.
    Introduction,
    /// The head commit: the version is in the working tree only.
    Uncommitted,
    /// The head commit: history is too shallow to know the one that introduced the version.
    HistoryTooShallow,
    /// Nobody's: the branch has no commit. `created` is 0.
    NoCommit,
}

/// What has changed in the files of a chart since its version was introduced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    /// Nothing that is packaged.
    Untouched,
    /// These packaged files, relative to the chart.
    Files(Vec<String>),
    /// History is too shallow to know.
    HistoryTooShallow,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All charts of the repository, and with `since` what the commits after it introduced. A `since` of zeros, which
    /// is what a push event says of a new branch, is none.
    Sweep {
        /// A branch, tag or commit.
        since: Option<String>,
    },
    /// These: `name` for its current version, `name@version` for any version that the history has.
    Named(Vec<String>),
}

/// The candidates of a run, and what there is to say about the others.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Per chart, oldest first.
    pub lanes: BTreeMap<ChartName, Vec<Candidate>>,
    /// Current versions `0.0.0…`, which no sweep publishes.
    pub placeholders: Vec<ChartVersion>,
    /// What somebody should know, though nothing fails.
    pub notices: Vec<Problem>,
    /// What stops one chart or one chart version.
    pub problems: Vec<(About, Problem)>,
}

/// What a problem stops.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A chart whose name and version could not be read, by its folder.
    Folder(String),
    /// A chart version.
    Version(ChartVersion),
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => f.pad(folder),
            Self::Version(is) => is.fmt(f),
        }
    }
}

/// An older version of a chart: what the commits of its line introduced before the current version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// What it is.
    pub is: ChartVersion,
    /// The commit that introduced it, in hex.
    pub introduced_by: String,
    /// The committer time of that commit.
    pub created: i64,
}

/// All charts of one state of the repository, by path. States share what they have in common.
pub type Snapshot = Arc<[Arc<ChartAt>]>;

/// One chart of one state of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartAt {
    /// Its folder.
    pub path: String,
    /// What it is; `None` where its Chart.yaml cannot be read.
    pub is: Option<ChartVersion>,
    /// The id of its tree; `None` in the working tree.
    pub tree: Option<Arc<str>>,
}

/// Why the first-parent line has no further commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// History begins there.
    Beginning,
    /// The clone is shallow.
    NotFetched,
}

/// Follows the charts of the repository back in time. See the module.
pub struct Trace {
    seen: usize,
    lines: Vec<Line>,
    tracked: HashMap<ChartVersion, Tracked>,
    wanted: BTreeSet<ChartVersion>,
    newer: Snapshot,
    left_range: bool,
}

/// A chart as it goes through time: one name, in a folder that may move.
struct Line {
    current: ChartVersion,
    /// Its folder in the oldest state seen; `None` before it began.
    path: Option<String>,
    /// Its version in the oldest state that could be read.
    version: Version,
    /// The lowest version that it had so far, from now back.
    lowest: Version,
}

/// One version that was seen.
#[derive(Clone, Debug)]
pub struct Tracked {
    /// What it is.
    pub is: ChartVersion,
    /// Why it is looked at.
    pub because: Because,
    /// The newest commit that had it, and where; `None` where only the working tree has it.
    pub newest: Option<Sighting>,
    /// The oldest commit that had it without a break, and where.
    pub oldest: Option<Sighting>,
    /// Whether `oldest` is known to be the commit that introduced it.
    pub settled: bool,
}

/// Why a version is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because {
    /// A chart has it now.
    Current,
    /// It was asked for by name and version.
    Named,
    /// A commit in the range introduced it, in the line of the chart whose version is now `current`.
    Introduced {
        /// What the chart is now.
        current: ChartVersion,
        /// A later commit of the line had a lower version.
        lowered: bool,
    },
}

/// A commit that has a version, and the folders that it has it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The position of the commit on the first-parent line, from the head: 0 is the head.
    pub position: usize,
    /// One folder, most often.
    pub paths: Vec<String>,
}

impl Trace {
    /// Starts from what the repository has now. Only the lines of the charts that `follows` says yes to are followed;
    /// `wanted` are versions to look for in all of history.
    pub fn new(
        current: Snapshot,
        follows: impl Fn(&ChartVersion) -> bool,
        wanted: BTreeSet<ChartVersion>,
    ) -> Self {
        let named = current.iter().filter_map(|chart| Some((chart.is.clone()?, chart.path.clone())));
        let lines = named.filter(|(is, _)| follows(is)).map(|(is, path)| Line {
            path: Some(path),
            version: is.version.clone(),
            lowest: is.version.clone(),
            current: is,
        });
        let lines: Vec<_> = lines.collect();
        let tracked = lines.iter().map(|line| {
            let is = line.current.clone();
            let tracked = Tracked {
                is: is.clone(),
                because: Because::Current,
                newest: None,
                oldest: None,
                settled: false,
            };
            (is, tracked)
        });
        Self { tracked: tracked.collect(), seen: 0, lines, wanted, newer: current, left_range: false }
    }

    /// Whether an older commit could still change the answer.
    pub fn wants_more(&self) -> bool {
        !self.left_range
            || self.tracked.values().any(|tracked| !tracked.settled)
            || self.wanted.iter().any(|wanted| !self.tracked.contains_key(wanted))
    }

    /// Shows the next commit of the first-parent line, from the head back, and the charts that it has.
    /// `in_range`: it is among the commits whose introduced versions are asked for (`REF..HEAD`).
    pub fn step(&mut self, in_range: bool, charts: Snapshot) {
        let position = self.seen;
        self.seen += 1;
        self.left_range |= !in_range;
        if position > 0 && Arc::ptr_eq(&self.newer, &charts) {
            self.step_without_change(position, in_range);
            return;
        }
        for line in &mut self.lines {
            line.path =
                line.path.take().and_then(|path| follow(&line.current.name, &path, &self.newer, &charts));
        }
        self.look_for_tracked(position, in_range, &charts);
        self.look_for_new(position, in_range, &charts);
        self.look_for_wanted(position, &charts);
        self.newer = charts;
    }

    /// How many versions of a chart a sweep would take up, of what was seen so far.
    pub fn introduced(&self, chart: &ChartName) -> usize {
        self.tracked.values().filter(|tracked| tracked.is.name == *chart && tracked.is_swept_up()).count()
    }

    /// Ends the walk; `end` says why, where it was history that ended it.
    pub fn end(mut self, end: Option<End>) -> Vec<Tracked> {
        if end == Some(End::Beginning) {
            self.tracked.values_mut().for_each(|tracked| tracked.settled = true);
        }
        let mut tracked: Vec<_> = self.tracked.into_values().collect();
        tracked.sort_by(|a, b| a.is.cmp(&b.is));
        tracked
    }

    /// The commit after this one changed no chart: what was there is there.
    fn step_without_change(&mut self, position: usize, in_range: bool) {
        self.tracked.retain(|_, tracked| match &mut tracked.oldest {
            Some(oldest) if !tracked.settled && oldest.position + 1 == position => {
                oldest.position = position;
                in_range || !matches!(tracked.because, Because::Introduced { .. })
            }
            _ => true,
        });
    }

    /// Each tracked version that this commit lacks was introduced by the commit after it.
    fn look_for_tracked(&mut self, position: usize, in_range: bool, charts: &Snapshot) {
        let unreadable = |path: &str| charts.iter().any(|chart| chart.path == path && chart.is.is_none());
        let lines = &self.lines;
        self.tracked.retain(|is, tracked| {
            if tracked.settled {
                return true;
            }
            if let Some(sighting) = sighting(position, charts, is) {
                tracked.newest.get_or_insert_with(|| sighting.clone());
                tracked.oldest = Some(sighting);
                // Older than the range: nothing in the range introduced it.
                return in_range || !matches!(tracked.because, Because::Introduced { .. });
            }
            // A Chart.yaml that cannot be read says neither yes nor no: the commits before it do.
            let at = |path: &String| unreadable(path);
            let waits = match &tracked.oldest {
                Some(sighting) => sighting.paths.iter().any(at),
                None => false,
            } || lines.iter().any(|line| {
                line.current.name == is.name && line.version == is.version && line.path.iter().any(at)
            });
            tracked.settled = !waits;
            true
        });
    }

    fn look_for_new(&mut self, position: usize, in_range: bool, charts: &Snapshot) {
        for line in &mut self.lines {
            let Some(path) = &line.path else { continue };
            let here = charts.iter().find(|chart| chart.path == *path).and_then(|chart| chart.is.as_ref());
            let Some(is) = here.filter(|is| is.version != line.version) else { continue };
            let lowered = line.lowest.precedence(&is.version) == Ordering::Less;
            line.version = is.version.clone();
            if is.version.precedence(&line.lowest) == Ordering::Less {
                line.lowest = is.version.clone();
            }
            if in_range && !self.tracked.contains_key(is) {
                let sighting = sighting(position, charts, is);
                let because = Because::Introduced { current: line.current.clone(), lowered };
                let tracked = Tracked {
                    is: is.clone(),
                    because,
                    newest: sighting.clone(),
                    oldest: sighting,
                    settled: false,
                };
                self.tracked.insert(is.clone(), tracked);
            }
        }
    }

    fn look_for_wanted(&mut self, position: usize, charts: &Snapshot) {
        for is in &self.wanted {
            if self.tracked.contains_key(is) {
                continue;
            }
            if let Some(sighting) = sighting(position, charts, is) {
                let tracked = Tracked {
                    is: is.clone(),
                    because: Because::Named,
                    newest: Some(sighting.clone()),
                    oldest: Some(sighting),
                    settled: false,
                };
                self.tracked.insert(is.clone(), tracked);
            }
        }
    }
}

impl Tracked {
    /// Whether a sweep takes up this version that a commit introduced: not one that was lowered or reverted again, no
    /// prerelease unless the chart is at one now, no placeholder, and none whose introduction is not known.
    pub fn is_swept_up(&self) -> bool {
        let Because::Introduced { current, lowered } = &self.because else { return false };
        let version = &self.is.version;
        self.settled
            && !lowered
            && !version.is_placeholder()
            && (!version.is_prerelease() || current.version.is_prerelease())
    }
}

fn sighting(position: usize, charts: &Snapshot, is: &ChartVersion) -> Option<Sighting> {
    let here = charts.iter().filter(|chart| chart.is.as_ref() == Some(is));
    let paths: Vec<_> = here.map(|chart| chart.path.clone()).collect();
    (!paths.is_empty()).then_some(Sighting { position, paths })
}

/// Where the chart that lies in `path` in the newer state lay in the older one: in the same folder, or in one that
/// the newer state no longer has.
fn follow(name: &ChartName, path: &str, newer: &Snapshot, older: &Snapshot) -> Option<String> {
    let has_name = |chart: &&Arc<ChartAt>| chart.is.as_ref().is_some_and(|is| is.name == *name);
    if let Some(same) = older.iter().find(|chart| chart.path == path)
        && (same.is.is_none() || has_name(&same))
    {
        return Some(path.to_owned());
    }
    let stayed = |path: &str| newer.iter().any(|chart| chart.path == path && has_name(&chart));
    let moved: Vec<_> = older.iter().filter(has_name).filter(|chart| !stayed(&chart.path)).collect();
    let now = newer.iter().find(|chart| chart.path == path)?;
    let alike = |same: &dyn Fn(&ChartAt) -> bool| moved.iter().find(|chart| same(chart)).copied();
    let from = alike(&|chart| chart.tree.is_some() && chart.tree == now.tree)
        .or_else(|| alike(&|chart| chart.is == now.is))
        .or_else(|| if let [only] = moved[..] { Some(only) } else { None })?;
    Some(from.path.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A state of the repository: `folder=name@version`, or `folder=?` for a Chart.yaml that cannot be read.
    fn state(charts: &[&str]) -> Snapshot {
        let read = |text: &&str| {
            let (path, is) = text.split_once('=').unwrap();
            let is = is.split_once('@').map(|(name, version)| ChartVersion::new(name, version));
            Arc::new(ChartAt { path: path.to_owned(), tree: None, is })
        };
        charts.iter().map(read).collect()
    }

    /// Traces states from the newest back, of which so many are in the range; what a sweep would take up beside the
    /// current versions, and the position of the commit that introduced each.
    fn swept_up(in_range: usize, end: End, states: &[&[&str]]) -> Vec<String> {
        let states: Vec<_> = states.iter().map(|charts| state(charts)).collect();
        let mut trace = Trace::new(states[0].clone(), |_| true, BTreeSet::new());
        for (position, charts) in states.iter().enumerate() {
            trace.step(position < in_range, charts.clone());
        }
        let tracked = trace.end(Some(end)).into_iter().filter(Tracked::is_swept_up);
        tracked
            .map(|tracked| format!("{} {}", tracked.is.version, tracked.oldest.unwrap().position))
            .collect()
    }

    #[test]
    fn a_sweep_takes_up_what_the_range_introduced() {
        let one: [&[&str]; 5] =
            [&["a=a@1.3.0"], &["a=a@1.2.0"], &["a=a@1.1.0"], &["a=a@1.1.0"], &["a=a@1.0.0"]];
        assert_eq!(swept_up(4, End::Beginning, &one), ["1.1.0 3", "1.2.0 1"]);
        assert_eq!(swept_up(3, End::Beginning, &one), ["1.2.0 1"], "1.1.0 was there before the range");
        assert_eq!(swept_up(5, End::Beginning, &one), ["1.0.0 4", "1.1.0 3", "1.2.0 1"]);
        assert_eq!(
            swept_up(5, End::NotFetched, &one),
            ["1.1.0 3", "1.2.0 1"],
            "1.0.0 may be older than the clone"
        );
    }

    #[test]
    fn a_version_that_is_elsewhere_already_is_not_introduced() {
        let copied: [&[&str]; 3] = [&["a=a@1.2.0", "b=a@2.0.0"], &["a=a@1.1.0", "b=a@2.0.0"], &["b=a@1.1.0"]];
        assert_eq!(swept_up(2, End::Beginning, &copied), [""; 0]);
    }

    #[test]
    fn a_line_goes_on_through_moves_and_broken_files_and_ends_where_the_name_does() {
        let moved: [&[&str]; 4] = [&["c=a@1.3.0"], &["b=a@1.2.0", "x=x@9.0.0"], &["b=?"], &["a=a@1.1.0"]];
        assert_eq!(swept_up(4, End::Beginning, &moved[..2]), ["1.2.0 1"]);
        assert_eq!(swept_up(4, End::Beginning, &moved[..3]), ["1.2.0 1"]);
        let renamed: [&[&str]; 3] = [&["a=new@1.1.0"], &["a=new@1.0.0"], &["a=old@5.0.0"]];
        assert_eq!(swept_up(3, End::Beginning, &renamed), ["1.0.0 1"]);
    }

    #[test]
    fn no_more_history_is_asked_for_than_is_needed() {
        let mut trace = Trace::new(state(&["a=a@1.1.0"]), |_| true, BTreeSet::new());
        assert!(trace.wants_more());
        trace.step(false, state(&["a=a@1.1.0"]));
        assert!(trace.wants_more(), "an older commit may have introduced it");
        trace.step(false, state(&["a=a@1.0.0"]));
        assert!(!trace.wants_more());
    }
}
