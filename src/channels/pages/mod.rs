//! The channel `pages`: the `index.yaml` on a branch that a web server publishes, and the packages beside it where
//! there is no release to point to.

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
    /// The URL of the git repository: `https://…`, `ssh://…`, `git@host:path` or `file://…`.
    pub remote: String,
    /// Who we are, for https.
    pub token: Option<Secret>,
    /// The branch.
    pub branch: String,
    /// Where the index is on the branch, with `/`.
    pub index_path: String,
    /// Where people find the folder of the index, where that is known: `https://acme.github.io/charts`.
    pub url: Option<String>,
    /// Who commits.
    pub author: Author,
    /// Whether commits say `Signed-off-by`.
    pub sign_off: bool,
    /// How calls are made.
    pub http: http::Settings,
}

/// A person, or a program, who commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// The channel.
pub struct Pages {
    id: ChannelId,
    settings: Settings,
}

impl Pages {
    /// The channel that the configuration calls so.
    ///
    /// # Errors
    /// The settings do not fit together.
    pub fn new(id: ChannelId, settings: Settings) -> Result<Self, Problem> {
        Ok(Self { id, settings })
    }
}

#[async_trait]
impl Channel for Pages {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn exposure(&self) -> Exposure {
        Exposure::Index
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
