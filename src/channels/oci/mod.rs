//! A channel `oci://host/path`: a repository for each chart in an OCI registry, as `helm push` makes it.

use super::{Channel, ExposeError, Fetched};
use crate::{
    charts::{ChartName, ChartVersion},
    doors::{credentials::Credentials, http},
    holdings::{Attachment, ChannelId, Exposure, Held, Holding, Record, Reference},
    packages::Package,
    problem::Problem,
};
use async_trait::async_trait;

/// What the channel has to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The registry, with its port where it has one: `ghcr.io`.
    pub host: String,
    /// What the charts' repositories begin with, in lower case: `acme/charts`.
    pub path: String,
    /// Speak HTTP, not HTTPS.
    pub plain_http: bool,
    /// Who we are, where the configuration says it; otherwise Docker's and Helm's files are asked.
    pub credentials: Option<Credentials>,
    /// How calls are made.
    pub http: http::Settings,
}

/// The channel.
pub struct Oci {
    id: ChannelId,
    settings: Settings,
}

impl Oci {
    /// The channel that the configuration calls so.
    ///
    /// # Errors
    /// The settings do not fit together.
    pub fn new(id: ChannelId, settings: Settings) -> Result<Self, Problem> {
        Ok(Self { id, settings })
    }
}

#[async_trait]
impl Channel for Oci {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn exposure(&self) -> Exposure {
        Exposure::Tag
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
