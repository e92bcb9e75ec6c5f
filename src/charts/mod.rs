//! A chart: its name, version, metadata and files, read as Helm reads them.

mod constraint;
pub(crate) mod go_json;
mod lock;
mod metadata;
mod names;
pub(crate) mod time;
mod version;
pub mod yaml;

pub use constraint::Constraint;
pub use lock::Lock;
pub use metadata::{Dependency, Maintainer, Metadata};
pub use names::{ChartName, ChartVersion, Files, Version};
pub use version::Parts;
