//! The channel `releases`: a GitHub Release for each chart version, with the package as its asset.

use super::{Channel, ExposeError, Fetched};
use crate::{
    charts::{ChartName, ChartVersion},
    doors::http,
    holdings::{Attachment, ChannelId, Exposure, Held, Holding, Record, Reference},
    packages::Package,
    problem::Problem,
    secret::Secret,
};
use async_trait::async_trait;

/// What the channel has to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The repository whose releases they are, as `owner/name`.
    pub repository: String,
    /// Where the API is, without a `/` at the end: `https://api.github.com`.
    pub api_url: String,
    /// Where people look at it, without a `/` at the end: `https://github.com`.
    pub server_url: String,
    /// Who we are. Without it everything can be looked at that is public, and nothing can be written.
    pub token: Option<Secret>,
    /// The tag and name of a release, as a Go template over the fields of the Chart.yaml: `{{ .Name }}-{{ .Version }}`.
    pub name_template: String,
    /// A file of the package whose text describes the release.
    pub notes_file: Option<String>,
    /// The one chart whose highest stable version is the repository's latest release.
    pub latest: Option<ChartName>,
    /// The most writes that the API takes, where it says so.
    pub budget: Option<Budget>,
    /// How calls are made.
    pub http: http::Settings,
}

/// How many writes are made, so that GitHub does not lock us out: bursts up to the hour's number are free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// In a minute.
    pub per_minute: u32,
    /// In an hour.
    pub per_hour: u32,
}

/// The channel.
pub struct Releases {
    id: ChannelId,
    settings: Settings,
}

impl Releases {
    /// The channel that the configuration calls so.
    ///
    /// # Errors
    /// The settings do not fit together.
    pub fn new(id: ChannelId, settings: Settings) -> Result<Self, Problem> {
        Ok(Self { id, settings })
    }
}

#[async_trait]
impl Channel for Releases {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn exposure(&self) -> Exposure {
        Exposure::Release
    }

    fn install(&self, _is: &ChartVersion) -> Option<String> {
        todo!()
    }

    async fn look(&self, _wanted: &[ChartVersion]) -> Vec<Held> {
        todo!()
    }

    async fn in_use(&self, _charts: &[ChartName]) -> Result<bool, Problem> {
        todo!()
    }

    async fn prove(&self, _charts: &[ChartName]) -> Result<(), Problem> {
        todo!()
    }

    async fn fetch(&self, _is: &ChartVersion, _holding: &Holding) -> Result<Fetched, Problem> {
        todo!()
    }

    async fn stage(&self, _record: &Record, _package: &Package) -> Result<Holding, Problem> {
        todo!()
    }

    async fn attach(&self, _to: &Record, _attachment: &Attachment) -> Result<(), Problem> {
        todo!()
    }

    async fn expose(&self, _staged: &[Record]) -> Vec<Result<Reference, ExposeError>> {
        todo!()
    }
}
