//! What a channel says it holds of a chart version.

use crate::{
    charts::{ChartVersion, Metadata},
    digest::Digest,
    problem::Problem,
};
use serde::Serialize;
use std::{collections::BTreeSet, fmt, sync::Arc};

/// A channel as it is written in the configuration: `folder:published`, later `releases`, `oci://ghcr.io/acme/charts`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ChannelId(pub Arc<str>);

/// What makes a version visible, in the order of exposing: uncertain first, the index last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exposure {
    /// A release: rules of its repository and names that were used before can refuse it for ever.
    Release,
    /// A tag of a registry, which can be taken by somebody who was faster.
    Tag,
    /// An index that people's Helm reads.
    Index,
}

/// A channel's answer for one chart version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// The channel knows that it has nothing under this name.
    Absent,
    /// Something is there that readers do not follow yet, or only in part: an earlier run stopped.
    Begun(Holding),
    /// Readers can install it.
    Present(Holding),
    /// The channel could not answer. Never the same as absent.
    Unknown(Problem),
}

impl Held {
    /// What is there, where something is.
    pub fn holding(&self) -> Option<&Holding> {
        match self {
            Self::Begun(holding) | Self::Present(holding) => Some(holding),
            Self::Absent | Self::Unknown(_) => None,
        }
    }
}

/// What a channel has of a chart version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// How far the bytes are.
    pub standing: Standing,
    /// Of the `.tgz`; `None` where the channel does not say.
    pub package: Option<Digest>,
    /// What lies beside the package.
    pub attached: BTreeSet<Kind>,
    /// Nothing can be added beside it: it lies in another place, or cannot be changed any more.
    pub closed: bool,
    /// The time it was published under, in seconds since 1970; the other channels repeat it.
    pub created: Option<i64>,
    /// Where people find it.
    pub reference: Reference,
}

/// How far the bytes of a chart version are in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// A digest is said, and nobody serves bytes that have it: a claim.
    Claimed,
    /// Bytes lie where only their owner sees them, and may still be replaced: an unpublished draft.
    Drafted,
    /// Bytes lie where readers will find them, and nothing leads there yet.
    Placed,
    /// Readers can fetch them: durable, as rule 3 of the design says.
    Served,
}

/// Where people find a chart version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// URL or path of the package.
    pub url: String,
    /// Digest of the `.tgz`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The tag of the release, or in the registry, that leads there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Digest of the manifest in a registry: what a signature is made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
}

impl Reference {
    /// A package that is found without a tag.
    pub fn new(url: impl Into<String>, digest: Option<Digest>) -> Self {
        Self { url: url.into(), digest, tag: None, manifest: None }
    }
}

/// Something that belongs to a package and is stored beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The `.prov` file.
    Provenance,
}

/// A chart version that an earlier run began to publish, as the channel where it began tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Which.
    pub is: ChartVersion,
    /// The chart's folder in the repository, with `/`.
    pub path: String,
    /// The commit that it was packaged from, in hex.
    pub commit: Option<String>,
    /// The commit that its artifacts name as their source, in hex.
    pub revision: Option<String>,
    /// The time it is published under, in seconds since 1970.
    pub created: i64,
    /// Readers can see it here already.
    pub published: bool,
}

/// What is published of a chart version: its metadata, digests and time, the same in every channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The chart version.
    pub is: ChartVersion,
    /// The chart's folder in the repository, with `/`; `""` is the root.
    pub path: String,
    /// The commit that is packaged, in hex (the head for a working tree): what its release's tag points to.
    pub commit: Option<String>,
    /// Its package's Chart.yaml.
    pub metadata: Metadata,
    /// Its package.
    pub package: Blob,
    /// Its provenance, where there is one.
    pub provenance: Option<Blob>,
    /// The time it is published under, in seconds since 1970.
    pub created: i64,
    /// Where its source is, for artifacts whose chart does not say it.
    pub source: Option<String>,
    /// The commit it comes from, likewise.
    pub revision: Option<String>,
    /// Its published release, once there is one: what an index can point to.
    pub released: Option<Reference>,
    /// How people install it, a command for each channel.
    pub install: Vec<String>,
}

/// Bytes that are known by their digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Their sha256.
    pub digest: Digest,
    /// How many there are.
    pub size: u64,
}

impl Blob {
    /// The digest and size of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { digest: Digest::of(bytes), size: bytes.len() as u64 }
    }
}

/// The bytes of something that is stored beside a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// What it is.
    pub kind: Kind,
    /// Its bytes.
    pub bytes: bytes::Bytes,
}

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
