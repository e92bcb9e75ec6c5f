//! The words that everything else is said in: chart name, version, chart version, files.

use bytes::Bytes;
use serde::{Serialize, Serializer};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// The `name` of a Chart.yaml. Not the folder's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChartName(Arc<str>);

/// A version as it is written: equal only when the text is equal.
///
/// Precedence is [`Version::precedence`], not `Ord`: `1.0.0`, `v1.0.0` and `1.0.0+x` are three versions of one
/// precedence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(Arc<str>);

/// `name@version`: what is published, and never changes afterwards.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChartVersion {
    /// The chart.
    pub name: ChartName,
    /// Its version.
    pub version: Version,
}

/// The files below a chart's root by their path with `/`: links followed, `.helmignore` applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files(pub BTreeMap<String, Bytes>);

impl ChartName {
    /// Takes a name as it stands in a Chart.yaml that was validated, or in a channel.
    pub fn new(name: impl AsRef<str>) -> Self {
        Self(name.as_ref().into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Version {
    /// Takes a version as it stands in a Chart.yaml that was validated, or in a channel.
    pub fn new(version: impl AsRef<str>) -> Self {
        Self(version.as_ref().into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ChartVersion {
    /// `name@version` from its two texts.
    pub fn new(name: impl AsRef<str>, version: impl AsRef<str>) -> Self {
        Self { name: ChartName::new(name), version: Version::new(version) }
    }

    /// The file name of its package, as `helm package` names it: the version verbatim, `+` and `v` included.
    pub fn package_file(&self) -> String {
        format!("{}-{}.tgz", self.name, self.version)
    }
}

impl fmt::Display for ChartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for ChartVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}@{}", self.name, self.version))
    }
}

impl Serialize for ChartName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
