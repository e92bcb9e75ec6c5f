//! What a channel says it holds of a chart version.

use crate::{digest::Digest, problem::Problem};
use serde::Serialize;
use std::{collections::BTreeSet, fmt, sync::Arc};

/// A channel as it is written in the configuration: `folder:published`, later `releases`, `oci://ghcr.io/acme/charts`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ChannelId(pub Arc<str>);

/// What makes a version visible, in the order of exposing: uncertain first, the index last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exposure {
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

/// What a channel has of a chart version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Of the `.tgz`; `None` where the channel does not say.
    pub package: Option<Digest>,
    /// What lies beside the package.
    pub attached: BTreeSet<Kind>,
    /// The time it was published under, in seconds since 1970; the other channels repeat it.
    pub created: Option<i64>,
    /// Where people find it.
    pub reference: Reference,
}

/// Where people find a chart version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// URL or path of the package.
    pub url: String,
    /// Digest of the `.tgz`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// Something that belongs to a package and is stored beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The `.prov` file.
    Provenance,
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
