//! A chart: its name, version, metadata and files, read as Helm reads them.

mod metadata;
mod names;

pub use metadata::{Dependency, Maintainer, Metadata};
pub use names::{ChartName, ChartVersion, Files, Version};
