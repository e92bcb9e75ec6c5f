//! The places that users install from, behind one set of verbs, in the order in which a chart version meets them.

pub mod folder;
pub mod oci;
pub mod pages;
pub mod releases;

use crate::{
    charts::{ChartName, ChartVersion},
    holdings::{Attachment, ChannelId, Exposure, Held, Holding, Record, Reference, Unfinished},
    packages::Package,
    problem::Problem,
};
use async_trait::async_trait;
use bytes::Bytes;

/// A place that users install from. Every verb starts from what is there, so it can be called again after a crash.
#[async_trait]
pub trait Channel: Send + Sync {
    /// What the configuration calls it.
    fn id(&self) -> &ChannelId;

    /// When it is exposed, compared with other channels.
    fn exposure(&self) -> Exposure;

    /// The command by which people install a version from here, where it can be known.
    fn install(&self, is: &ChartVersion) -> Option<String>;

    /// How a Chart.yaml names it as the repository of a dependency, where it is known: the URL that `helm repo add` takes,
    /// or `oci://host/path`.
    fn repository(&self) -> Option<String> {
        None
    }

    /// One answer for each version asked, in order. Never fails: what cannot be known is [`Held::Unknown`].
    async fn look(&self, wanted: &[ChartVersion]) -> Vec<Held>;

    /// The versions that earlier runs of this program began or published here, newest first, as far as the channel
    /// tells them from others' without a listing of everything. Asked after [`look`](Self::look).
    ///
    /// # Errors
    /// The channel could not answer.
    async fn unfinished(&self) -> Result<Vec<Unfinished>, Problem> {
        Ok(Vec::new())
    }

    /// What to tell when the place itself does not exist, and other channels are in use: then this one was probably
    /// misspelt. `None` where it exists, or needs nothing to. Asked after [`look`](Self::look).
    async fn missing(&self) -> Option<Problem> {
        None
    }

    /// Whether it holds any version of these charts, published by anybody. Asked only when another channel is missing.
    ///
    /// # Errors
    /// The channel could not answer.
    async fn in_use(&self, charts: &[ChartName]) -> Result<bool, Problem>;

    /// Proves that this run may write here, for these charts, before anything is written anywhere. A place that is
    /// missing is made.
    ///
    /// # Errors
    /// What is not allowed, with the line to paste.
    async fn prove(&self, charts: &[ChartName]) -> Result<(), Problem>;

    /// The bytes of what it holds, verified against the digest that it says.
    async fn fetch(&self, is: &ChartVersion, holding: &Holding) -> Result<Fetched, Problem>;

    /// Brings everything that readers do not follow yet, and reads it back: the answer is what the other side has,
    /// not what we sent.
    async fn stage(&self, record: &Record, package: &Package) -> Result<Holding, Problem>;

    /// Adds what belongs beside a version that is published.
    async fn attach(&self, to: &Record, attachment: &Attachment) -> Result<(), Problem>;

    /// Changes what readers follow: all of a wave at once, since an index is one document. One answer for each, in
    /// order. With nothing to expose it only clears away what it, or a dead run, left half-way.
    async fn expose(&self, staged: &[Record]) -> Vec<Result<Reference, ExposeError>>;
}

/// A package as a channel holds it.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The `.tgz`.
    pub bytes: Bytes,
    /// What lies beside it.
    pub attached: Vec<Attachment>,
    /// The time it was published under, in seconds since 1970, where a look does not say it.
    pub created: Option<i64>,
}

/// Why a version could not be exposed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ExposeError {
    /// Somebody was faster, with these other bytes.
    #[error("other bytes were published meanwhile")]
    Taken(Box<Holding>),
    /// Something went wrong.
    #[error(transparent)]
    Failed(#[from] Problem),
}
