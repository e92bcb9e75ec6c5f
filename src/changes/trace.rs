//! The walk back along first parents, one state of the repository after the other.

use super::{ChartAt, End, Snapshot};
use crate::charts::{ChartName, ChartVersion, Version};
use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

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
        let here = State::of(&charts);
        for line in &mut self.lines {
            line.path =
                line.path.take().and_then(|path| follow(&line.current.name, &path, &self.newer, &here));
        }
        self.look_for_tracked(position, in_range, &here);
        self.look_for_new(position, in_range, &here);
        self.look_for_wanted(position, &here);
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
    fn look_for_tracked(&mut self, position: usize, in_range: bool, here: &State<'_>) {
        let lines = &self.lines;
        self.tracked.retain(|is, tracked| {
            if tracked.settled {
                return true;
            }
            if let Some(sighting) = here.sighting(position, is) {
                tracked.newest.get_or_insert_with(|| sighting.clone());
                tracked.oldest = Some(sighting);
                // Older than the range: nothing in the range introduced it.
                return in_range || !matches!(tracked.because, Because::Introduced { .. });
            }
            // A Chart.yaml that cannot be read says neither yes nor no: the commits before it do.
            let at = |path: &String| here.at(path).is_some_and(|chart| chart.is.is_none());
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

    fn look_for_new(&mut self, position: usize, in_range: bool, here: &State<'_>) {
        for line in &mut self.lines {
            let Some(path) = &line.path else { continue };
            let found = here.at(path).and_then(|chart| chart.is.as_ref());
            let Some(is) = found.filter(|is| is.version != line.version) else { continue };
            let lowered = line.lowest.precedence(&is.version) == Ordering::Less;
            line.version = is.version.clone();
            if is.version.precedence(&line.lowest) == Ordering::Less {
                line.lowest = is.version.clone();
            }
            if in_range && !self.tracked.contains_key(is) {
                let sighting = here.sighting(position, is);
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

    fn look_for_wanted(&mut self, position: usize, here: &State<'_>) {
        for is in &self.wanted {
            if self.tracked.contains_key(is) {
                continue;
            }
            if let Some(sighting) = here.sighting(position, is) {
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

/// One state of the repository, to be asked for each of many charts.
struct State<'s> {
    charts: &'s [Arc<ChartAt>],
    by_path: HashMap<&'s str, &'s ChartAt>,
    by_version: HashMap<&'s ChartVersion, Vec<&'s str>>,
}

impl<'s> State<'s> {
    fn of(charts: &'s [Arc<ChartAt>]) -> Self {
        let by_path = charts.iter().map(|chart| (chart.path.as_str(), &**chart)).collect();
        let mut by_version: HashMap<_, Vec<&str>> = HashMap::with_capacity(charts.len());
        for chart in charts {
            if let Some(is) = &chart.is {
                by_version.entry(is).or_default().push(&chart.path);
            }
        }
        Self { charts, by_path, by_version }
    }

    fn at(&self, path: &str) -> Option<&'s ChartAt> {
        self.by_path.get(path).copied()
    }

    fn sighting(&self, position: usize, is: &ChartVersion) -> Option<Sighting> {
        let paths = self.by_version.get(is)?.iter().map(|path| (*path).to_owned()).collect();
        Some(Sighting { position, paths })
    }
}

/// Where the chart that lies in `path` in the newer state lay in the older one: in the same folder, or in one that
/// the newer state no longer has.
fn follow(name: &ChartName, path: &str, newer: &Snapshot, older: &State<'_>) -> Option<String> {
    let has_name = |chart: &ChartAt| chart.is.as_ref().is_some_and(|is| is.name == *name);
    if let Some(same) = older.at(path)
        && (same.is.is_none() || has_name(same))
    {
        return Some(path.to_owned());
    }
    let stayed = |path: &str| newer.iter().any(|chart| chart.path == path && has_name(chart));
    let moved: Vec<_> = older.charts.iter().filter(|chart| has_name(chart) && !stayed(&chart.path)).collect();
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
