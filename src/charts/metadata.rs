//! What a Chart.yaml says, as Helm understands it.

mod altered;
mod check;
mod read;
mod write;

pub(super) use read::{Fields, Rules, Slot, decode};
pub(super) use write::{dependency_json, dependency_value};

use super::ChartVersion;

/// The fields of a Chart.yaml, coerced and sanitised as Helm does when it loads one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    pub name: String,
    pub home: String,
    pub sources: Vec<String>,
    pub version: String,
    pub description: String,
    pub keywords: Vec<String>,
    pub maintainers: Vec<Maintainer>,
    pub icon: String,
    pub api_version: String,
    pub condition: String,
    pub tags: String,
    pub app_version: String,
    pub deprecated: bool,
    pub annotations: std::collections::BTreeMap<String, String>,
    pub kube_version: String,
    pub dependencies: Vec<Dependency>,
    /// `application`, `library` or empty.
    pub kind: String,
}

/// One of a chart's maintainers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintainer {
    pub name: String,
    pub email: String,
    pub url: String,
}

/// A chart that a chart needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependency {
    pub name: String,
    pub version: String,
    pub repository: String,
    pub condition: String,
    pub tags: Vec<String>,
    pub enabled: bool,
    /// Anything that YAML can say.
    pub import_values: Vec<serde_json::Value>,
    pub alias: String,
}

impl Metadata {
    /// Which chart version this is.
    pub fn chart_version(&self) -> ChartVersion {
        ChartVersion::new(&self.name, &self.version)
    }
}
