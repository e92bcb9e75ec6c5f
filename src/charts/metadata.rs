//! What a Chart.yaml says, as Helm understands it.

mod altered;
mod check;
mod fields;
mod read;
mod write;

pub(super) use fields::{Fields, Slot};
pub(super) use read::{Rules, decode};
pub(super) use write::{dependency_json, dependency_value};

use super::ChartVersion;
use std::collections::BTreeMap;

/// The fields of a Chart.yaml, coerced and sanitised as Helm does when it loads one. A text that is empty is one that
/// the file does not say; Helm does not tell the two apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The chart's name: the top folder of its package, and a part of its file name, tag and index key.
    pub name: String,
    /// URL of the project's home page.
    pub home: String,
    /// URLs of the source code; the first becomes the `source` annotation of an OCI artifact.
    pub sources: Vec<String>,
    /// The version of the chart, as it is written: SemVer, read loosely ([`Version`](super::Version)).
    pub version: String,
    /// One sentence for people.
    pub description: String,
    /// Words to be found by.
    pub keywords: Vec<String>,
    /// Whom to ask.
    pub maintainers: Vec<Maintainer>,
    /// URL of an SVG or PNG image.
    pub icon: String,
    /// `v1` (dependencies are in a requirements.yaml) or `v2`. A Chart.yaml without one is `v1`.
    pub api_version: String,
    /// The path of a value that switches the chart on, where it is a subchart.
    pub condition: String,
    /// Tags that switch it on, with commas, where it is a subchart.
    pub tags: String,
    /// The version of what the chart installs: any text.
    pub app_version: String,
    /// Helm still installs it, and searches do not show it.
    pub deprecated: bool,
    /// Anything else. An OCI artifact repeats them, except those for its title and version.
    pub annotations: BTreeMap<String, String>,
    /// The versions of Kubernetes that it is for, as a constraint; checked when it is installed.
    pub kube_version: String,
    /// The charts that it needs; of a v1 chart those of its requirements.yaml.
    pub dependencies: Vec<Dependency>,
    /// `type`: `application`, `library` (cannot be installed) or empty, which is an application.
    pub kind: String,
}

/// One of a chart's maintainers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintainer {
    /// A person or an organisation.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// URL of a page about them.
    pub url: String,
}

/// A chart that a chart needs, or, in a lock, the one that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependency {
    /// The name of the chart.
    pub name: String,
    /// The versions that will do, as a [`Constraint`](super::Constraint); in a lock the one that was found.
    pub version: String,
    /// `https://…` of an index, `oci://…`, `file://…`, or the `@name` or `alias:name` of a repository that Helm has
    /// been told. Empty: the chart lies in `charts/`.
    pub repository: String,
    /// Paths of values, with commas; the first that is a bool switches the dependency on or off.
    pub condition: String,
    /// It is on where a value `tags.<tag>` of one of these is true, unless `condition` decides.
    pub tags: Vec<String>,
    /// Written by Helm for itself, and carried along.
    pub enabled: bool,
    /// Values of the subchart that become the parent's: keys, or maps of `child` and `parent`.
    pub import_values: Vec<serde_json::Value>,
    /// The name under which the parent's values know it, where that is not `name`.
    pub alias: String,
}

impl Metadata {
    /// Which chart version this is.
    pub fn chart_version(&self) -> ChartVersion {
        ChartVersion::new(&self.name, &self.version)
    }
}
