//! What happened, told: as text, as JSON documents, as an exit code; and events while it happens.

pub mod annotations;
pub mod check;
pub mod documents;
mod exit;
mod findings;
mod markdown;
pub mod summary;
pub mod text;
pub mod verified;
mod words;

pub use exit::ExitCode;

use crate::{
    charts::ChartVersion,
    digest::Digest,
    holdings::{ChannelId, Reference},
    plan::{Failure, Missed, Planned, Refusal},
    problem::Problem,
};
use std::collections::BTreeMap;

/// What became of one chart version in one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was there, and stays.
    Kept(Reference),
    /// It is not there, and stays away: readers can fetch it elsewhere.
    Omitted,
    /// This run made it public: put, or finished.
    Published(Reference),
    /// It was there; this run added what belongs beside it.
    Attached(Reference),
    /// Other content is there.
    Refused(Refusal),
    /// It could not be done.
    Stopped(Problem),
    /// It was not tried, because of this.
    HeldBack(String),
}

/// What a run did. The same order as in its plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What was planned for each version, and what became of it.
    pub versions: Vec<(Planned, BTreeMap<ChannelId, Outcome>)>,
    /// Versions that a sweep left out.
    pub missed: Vec<Missed>,
    /// What is worth knowing about the run.
    pub notices: Vec<Problem>,
    /// Charts that were left out.
    pub problems: Vec<Failure>,
    /// Of the versions that this run made public anywhere, or attached something to.
    pub released: BTreeMap<ChartVersion, Released>,
    /// What failed when everything was published already.
    pub afterwards: Vec<Problem>,
}

/// What this run made public of a version, or what it attached something to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    /// Of the package.
    pub package: Digest,
    /// Of its provenance, where it has one.
    pub provenance: Option<Digest>,
    /// The command by which people install it, for each channel that has it now and knows one.
    pub install: BTreeMap<ChannelId, String>,
}

/// What `package` made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packages {
    /// In the order of the charts.
    pub made: Vec<Made>,
    /// What is worth knowing about the run.
    pub notices: Vec<Problem>,
    /// Charts that were left out.
    pub problems: Vec<Failure>,
}

/// A package that lies in a folder now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Of this version.
    pub is: ChartVersion,
    /// The file, as a path that the caller can open.
    pub file: String,
    /// Of its bytes.
    pub package: Digest,
}

/// Something that happens, for eyes only: the [`Report`] is the truth.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The repository was read.
    Surveyed {
        /// Charts that have a version to be decided about.
        charts: usize,
    },
    /// A channel answered for so many versions.
    Looked(&'a ChannelId, usize),
    /// The plan stands.
    Decided {
        /// Versions with something to do.
        versions: usize,
        /// How often [`Event::Exposed`] or [`Event::Attached`] comes when all goes well.
        writes: usize,
    },
    /// A package was made, of so many bytes.
    Packed(&'a ChartVersion, u64),
    /// The package is in the channel, and readers do not see it yet.
    Staged(&'a ChartVersion, &'a ChannelId),
    /// Readers of the channel see it.
    Exposed(&'a ChartVersion, &'a ChannelId),
    /// What belongs beside the package was added in the channel.
    Attached(&'a ChartVersion, &'a ChannelId),
    /// A version could not be published.
    Stopped(&'a ChartVersion, &'a Problem),
}

/// Somebody who is told what happens. Called from many tasks at once: it must neither block nor wait.
pub trait Watch: Send + Sync {
    /// This happened.
    fn saw(&self, event: Event<'_>);
}
