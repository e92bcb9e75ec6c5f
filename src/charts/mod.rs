//! A chart: its name, version, metadata and files, read as Helm reads them.

pub mod artifacthub;
mod chart;
mod constraint;
pub mod find;
mod glob;
pub(crate) mod go_json;
pub mod helmignore;
mod lock;
mod metadata;
mod names;
pub mod repository;
pub(crate) mod time;
mod values;
mod version;
mod wanted;
pub mod yaml;

pub use chart::Chart;
pub(crate) use chart::DEEPEST_SUBCHART;
pub use constraint::Constraint;
pub use lock::Lock;
pub use metadata::{Dependency, Maintainer, Metadata};
pub use names::{ChartName, ChartVersion, Files, Version};
pub use version::Parts;
pub use wanted::{Aliases, Arrival, Completed, Request, Supply, Wanted, lock_fits};
