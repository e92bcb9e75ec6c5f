//! Which chart versions are candidates, and why: what the repository has now, and what its commits introduced.
//!
//! Nothing here reads the repository. The station `repo` shows a [`Trace`] one state after the other, from the
//! working tree back along first parents, for as long as the trace [wants more](Trace::wants_more).

mod trace;

pub use trace::{Because, Sighting, Trace, Tracked};

use crate::{
    charts::{ChartName, ChartVersion},
    problem::Problem,
};
use std::{collections::BTreeMap, fmt, sync::Arc};

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
    /// The line of the Chart.yaml with the version, counted from 1, where somebody may have to raise it: the current
    /// version of a chart that has changed.
    pub version_line: Option<usize>,
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
    /// The one chart of the repository, where it has exactly one, whatever was asked for.
    pub only_chart: Option<ChartName>,
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
