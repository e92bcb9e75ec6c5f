//! What is there × what we have → steps, or the one fact still needed.

mod decide;

pub use decide::{decide, stopped};

use crate::{
    charts::{ChartName, ChartVersion, find},
    digest::Digest,
    holdings::{ChannelId, Held, Holding, Kind},
    packages::Contents,
    problem::{Place, Problem},
};
use std::collections::{BTreeMap, BTreeSet};

/// All that is known of one chart version so far. Grows until [`decide`] has enough.
#[derive(Clone, Debug)]
pub struct Case {
    /// The chart version.
    pub is: ChartVersion,
    /// Somebody asked for this version: by name, by its tag, or in strict mode. Other content is refused, not told.
    pub asked: bool,
    /// It is no chart of the repository now: a channel told that an earlier run began it. The bytes that are there are
    /// finished as they are, without ours.
    pub trusted: bool,
    /// Channels that are spared a version which readers can fetch elsewhere already.
    pub spared: BTreeSet<ChannelId>,
    /// What the channels answered, in the order in which their bytes count (rule 3: the first holder wins).
    pub held: Vec<(ChannelId, Held)>,
    /// What belongs beside a package, and is made where nobody has it.
    pub wanted: BTreeSet<Kind>,
    /// What the chart makes, once it was needed.
    pub ours: Option<Ours>,
    /// What its package contains with everything that is fetched for it, where `ours` leaves something open and a signature
    /// depends on it.
    pub whole: Option<Contents>,
    /// The packages that channels hold, as far as they were needed.
    pub theirs: BTreeMap<ChannelId, Facts>,
}

/// What a decision needs to know of the chart in the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ours {
    /// Of its package; `None` where none was made, because not everything that belongs into it is at hand.
    pub digest: Option<Digest>,
    /// What its package unpacks to.
    pub contents: Contents,
}

/// What a decision needs to know of a package that a channel holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Of the `.tgz`.
    pub digest: Digest,
    /// What it unpacks to.
    pub contents: Contents,
    /// What lies beside it.
    pub attached: BTreeSet<Kind>,
}

/// The answer of [`decide`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask again with this fact.
    Need(Need),
    /// Nothing more has to be known.
    Decided(Decision),
}

/// The one fact that decides, cheapest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Read the chart, as far as the repository alone says what its package contains.
    OurContents,
    /// Package the chart, with everything that it depends on: nobody has bytes of it.
    OurPackage,
    /// The same of a version that somebody has, to know what of it `ours` leaves open: a signature vouches for all of it.
    OurWholePackage,
    /// Read the package that this channel holds.
    TheirPackage(ChannelId),
}

/// What is done for one chart version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Which bytes are the package (rule 3).
    pub bytes: Bytes,
    /// What is made for these bytes, because nobody has it: a provenance, signed.
    pub made: BTreeSet<Kind>,
    /// One step for each channel.
    pub steps: BTreeMap<ChannelId, Step>,
    /// What a reader of the plan should know besides.
    pub notes: Vec<String>,
}

/// Which bytes are the package of a chart version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Bytes {
    /// Those packaged now.
    Ours(Digest),
    /// Those that this channel holds.
    Theirs(ChannelId, Digest),
    /// Nothing is written, so it does not matter.
    #[default]
    None,
}

impl Bytes {
    /// The digest, where there are bytes.
    pub fn digest(&self) -> Option<Digest> {
        match self {
            Self::Ours(digest) | Self::Theirs(_, digest) => Some(*digest),
            Self::None => None,
        }
    }
}

/// What is done in one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is absent: publish it.
    Put,
    /// An earlier run began it: finish it.
    Finish(Holding),
    /// It is there, without something that another channel has beside the same bytes, or that is made for them now.
    Attach(Holding, BTreeSet<Kind>),
    /// It is there.
    Keep(Holding),
    /// It is not there, and not brought there, because readers can fetch it elsewhere already: `--backfill` would.
    Omit,
    /// Other content is published under this version (exit code 3).
    Refuse(Refusal),
    /// Something has to be solved first.
    Stop(Problem),
}

impl Step {
    /// How a stop begins that only waits for the answer of another channel.
    pub const WAITS: &str = "waits until it is known what";

    /// Whether this step writes to its channel.
    pub fn writes(&self) -> bool {
        matches!(self, Self::Put | Self::Finish(_) | Self::Attach(..))
    }

    /// Whether a person, or another run, has to do something before this version can go on.
    pub fn blocks(&self) -> bool {
        matches!(self, Self::Refuse(_) | Self::Stop(_))
    }
}

/// Why a chart version is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The channel holds a package with other files.
    OtherContent {
        /// Who holds it.
        channel: ChannelId,
        /// Of our package; `None` where it was not made, because its own files are enough to tell.
        ours: Option<Digest>,
        /// Of the package that is published; what it unpacks to differs.
        theirs: Digest,
        /// The files that differ, are missing or are new, sorted. Empty where the published bytes are gone.
        files: Vec<String>,
    },
    /// Channels hold packages of different content, so there is no telling which one to publish elsewhere.
    ChannelsDisagree(Vec<(ChannelId, Digest)>),
}

/// One chart version, and what is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Which.
    pub is: ChartVersion,
    /// The chart's folder in the repository, with `/`.
    pub path: String,
    /// The line of its Chart.yaml with the version, counted from 1, where the chart has changed since.
    pub version_line: Option<usize>,
    /// The commit it is packaged from; `None` is the working tree.
    pub commit: Option<String>,
    /// The time it is published under, in seconds since 1970.
    pub created: i64,
    /// The commit that its artifacts name as their source, where there is one.
    pub revision: Option<String>,
    /// The charts of this run that it depends on, as far as they had to be known.
    pub depends_on: Vec<ChartName>,
    /// Which bytes are the package.
    pub bytes: Bytes,
    /// What is made for these bytes, because nobody has it: a provenance, signed.
    pub made: BTreeSet<Kind>,
    /// Of the package, where it is known.
    pub package: Option<Digest>,
    /// For each channel.
    pub steps: BTreeMap<ChannelId, Step>,
    /// What is worth knowing and changes nothing: `unreleased changes since 1.2.0 (3 files)`.
    pub notes: Vec<String>,
}

impl Planned {
    /// How every note of unreleased changes begins.
    pub const UNRELEASED: &str = "unreleased changes since";

    /// Where its version is said.
    pub fn place(&self) -> Place {
        Place { file: find::join(&self.path, find::CHART_YAML), line: self.version_line }
    }

    /// The note that the chart has moved on since this version was published, where it has.
    pub fn unreleased_changes(&self) -> Option<&str> {
        self.notes.iter().map(String::as_str).find(|note| note.starts_with(Self::UNRELEASED))
    }
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
