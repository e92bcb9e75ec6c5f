//! What is to be done, decided before anything is done: chart versions × channels → steps.

use crate::{
    charts::ChartVersion,
    digest::Digest,
    holdings::{ChannelId, Holding, Kind},
    problem::Problem,
};
use std::collections::{BTreeMap, BTreeSet};

/// What is to be done about one chart version in one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The channel has nothing: publish the package there.
    Put,
    /// An earlier run stopped half-way: complete what is there.
    Finish(Holding),
    /// The package is there; these things beside it are not.
    Attach(Holding, BTreeSet<Kind>),
    /// It is there, and stays.
    Keep(Holding),
    /// Other content is there: nothing may be done.
    Refuse(Refusal),
    /// It is not known what to do.
    Stop(Problem),
}

/// Why a version is not published: what is public under its name is something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A channel holds other content than the repository.
    OtherContent {
        /// The channel.
        channel: ChannelId,
        /// Of the package made from the repository.
        ours: Digest,
        /// Of the package in the channel.
        theirs: Digest,
        /// Paths in the chart that differ, sorted.
        files: Vec<String>,
    },
    /// The channels hold different packages.
    ChannelsDisagree(Vec<(ChannelId, Digest)>),
}

/// One chart version, and what is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Which.
    pub is: ChartVersion,
    /// The chart's folder in the repository, with `/`.
    pub path: String,
    /// The commit it is packaged from; `None` is the working tree.
    pub commit: Option<String>,
    /// The time it is published under, in seconds since 1970.
    pub created: i64,
    /// Of the package, where it had to be known.
    pub package: Option<Digest>,
    /// For each channel.
    pub steps: BTreeMap<ChannelId, Step>,
    /// What is worth knowing and changes nothing: `unreleased changes since 1.2.0 (3 files)`.
    pub notes: Vec<String>,
}

/// An older version that was never published. It is told, not published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Which.
    pub is: ChartVersion,
    /// The command that publishes it.
    pub command: String,
}

/// A chart that could not be read, so that no version of it is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its name, or its folder where the name is not known.
    pub chart: String,
    /// Why.
    pub problem: Problem,
}

/// All that is to be done. A value: it can be printed, compared and carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Chart by chart; of one chart the oldest first.
    pub versions: Vec<Planned>,
    /// Versions that a sweep leaves out.
    pub missed: Vec<Missed>,
    /// What is worth knowing about the run.
    pub notices: Vec<Problem>,
    /// Charts that are left out.
    pub problems: Vec<Failure>,
}
