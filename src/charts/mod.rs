//! A chart: its name, version, metadata and files, read as Helm reads them.

pub mod find;
mod glob;
pub mod helmignore;
mod metadata;
mod names;

pub use metadata::{Dependency, Maintainer, Metadata};
pub use names::{ChartName, ChartVersion, Files, Version};
