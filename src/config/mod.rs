//! Files + environment + flags, or the inputs of a workflow → one checked value.
//!
//! It takes two steps, because the file lies in the repository that the flags name: [`Given`] is what was typed and
//! set, and knows where to look; [`Given::check`] adds the file and gives the [`Config`].

mod channel;
mod chart_releaser;
mod dependencies;
mod file;
mod github;
mod given;
mod meant;
mod options;
mod pages;
mod registry;
mod secrets;
mod signing;
#[cfg(test)]
mod tests;
mod workflow;

pub use channel::ChannelChoice;
pub use github::{GitHub, Latest, ReleaseOptions};
pub use given::{ConfigFile, ConfigText, Given, NoConfig};
pub use options::NAMES;
pub use pages::{PagesOptions, site_of};
pub use registry::Registries;
pub use secrets::{is_secret, key_bytes, secrets};
pub use signing::{Signing, Source};
pub use workflow::{input, input_list, inputs, options_and_inputs};

use crate::{dependencies::Mode, doors::http, problem::Problem, repo::Base, secret::Secret};
use std::{collections::BTreeMap, num::NonZeroUsize, path::PathBuf};

/// The file at the root of a repository that is read when no other is named.
pub const FILE: &str = "chart-release.yaml";

/// What the program is asked to do, checked. Nothing below reads flags, environment or file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The root of the repository.
    pub repository: PathBuf,
    /// Globs of the folders to search for charts, from the root; `.` is the root itself. Valid, without `./` before and
    /// `/` behind.
    pub charts: Vec<String>,
    /// Globs of the folders whose charts are left out, likewise.
    pub exclude: Vec<String>,
    /// Where to publish: at least one, none twice, in the order of the configuration.
    pub channels: Vec<ChannelChoice>,
    /// What is known of GitHub.
    pub github: GitHub,
    /// How the channel `releases` makes releases.
    pub releases: ReleaseOptions,
    /// How the channel `pages` writes its branch.
    pub pages: PagesOptions,
    /// How registries are spoken to.
    pub registries: Registries,
    /// How calls over the network are made.
    pub http: http::Settings,
    /// Which versions of dependencies are fetched; `None` leaves it to what lies in `charts/`, and to the lock.
    pub dependencies: Option<Mode>,
    /// Where fetched packages are kept for later runs; `None` where nobody says a place.
    pub cache: Option<PathBuf>,
    /// How packages are signed, where they are.
    pub signing: Option<Signing>,
    /// Also the versions that the commits after this one introduced.
    pub since: Option<String>,
    /// The tag that started the run, without `refs/tags/`.
    pub tag: Option<String>,
    /// What `check` compares with.
    pub base: Base,
    /// A plan document whose versions are the only ones.
    pub only: Option<PathBuf>,
    /// Globs of files that may be packaged though git does not have them.
    pub generated: Vec<String>,
    /// Refuse a chart that changed while its version stayed.
    pub strict: bool,
    /// Also make what a channel is spared because it is public elsewhere.
    pub backfill: bool,
    /// How many charts are worked on at once.
    pub jobs: NonZeroUsize,
    /// The folder for the packages of `package`.
    pub into: PathBuf,
    /// The folder where `publish` leaves the packages that it published; in the Action, `package` those that it made.
    pub packages: Option<PathBuf>,
    /// `name` or `name@version`; empty is a sweep.
    pub names: Vec<String>,
    /// Print a document, not text.
    pub json: bool,
    /// Show no progress.
    pub quiet: bool,
    /// How much more to tell: 0, 1 or more.
    pub verbose: u8,
    /// When to use colours.
    pub color: Color,
    /// What `SOURCE_DATE_EPOCH` says, unread.
    pub source_date_epoch: Option<String>,
    /// The environment without our own variables and without secrets: where other programs' files are, is said there.
    pub environment: BTreeMap<String, String>,
    /// Secrets that must stand in no package.
    pub secrets: Vec<Secret>,
    /// What is worth knowing about the configuration, and changes nothing.
    pub notices: Vec<Problem>,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Also in a pipe.
    Always,
    /// Nowhere.
    Never,
}
