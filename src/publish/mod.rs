//! The run: ask the channels, decide, and carry the plan out wave by wave.
//!
//! Knows all the stations and none of the technology behind them.

mod ask;
mod asked;
mod canonical;
mod carry_out;
mod family;
mod missed;
mod packing;
mod prove;
mod settle;
mod waves;

pub use asked::AskedFor;
pub use carry_out::publish;
pub use packing::Packing;
pub(crate) use packing::below;
pub use settle::plan;

use crate::{
    changes::{Candidate, Earlier},
    channels::{Channel, Fetched},
    charts::{ChartName, ChartVersion, Metadata},
    dependencies::Siblings,
    digest::Digest,
    doors::{away::blocking, shelf::Shelf},
    holdings::{ChannelId, Holding},
    packages::{Contents, Package},
    problem::Problem,
    provenance::Key,
    report::Watch,
};
use async_trait::async_trait;
use bytes::Bytes;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Everything a run needs.
#[derive(Clone)]
pub struct Run<'a> {
    /// In the order in which their bytes count (rule 3).
    pub channels: &'a [Arc<dyn Channel>],
    /// Where packages come from.
    pub source: &'a dyn Source,
    /// Keeps the packages of this run.
    pub shelf: &'a Arc<Shelf>,
    /// Is told what happens.
    pub watch: &'a dyn Watch,
    /// All charts of the repository are meant: what was missed is told.
    pub sweep: bool,
    /// The only versions that are meant, where somebody chose them from a plan.
    pub only: Option<&'a BTreeSet<ChartVersion>>,
    /// Which versions somebody asked for: other content is refused, not told.
    pub asked: AskedFor,
    /// Every channel gets every version, also those that are spared what is public elsewhere.
    pub backfill: bool,
    /// The head commit in hex: what is packaged from the working tree belongs to it.
    pub head: Option<String>,
    /// How many versions are worked on together.
    pub at_once: usize,
    /// Where the charts' source is, for `org.opencontainers.image.source`.
    pub source_url: Option<String>,
    /// Signs what has no provenance yet.
    pub signer: Option<&'a Key>,
    /// The packages that are published, and their provenances, are wanted afterwards: the shelf keeps them all.
    pub keep: bool,
    /// Whether the run should end once it has finished what it has begun.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// Where the packages of candidates come from.
#[async_trait]
pub trait Source: Send + Sync {
    /// The package of a candidate, with everything that it depends on, and what is worth knowing about it.
    async fn package(
        &self,
        candidate: &Candidate,
        siblings: &dyn Siblings,
    ) -> Result<(Package, Vec<Problem>), Problem>;

    /// A candidate as far as the repository alone says what its package contains: nothing is fetched.
    async fn at_hand(&self, candidate: &Candidate) -> Result<AtHand, Problem>;

    /// The Chart.yaml of a candidate.
    async fn metadata(&self, candidate: &Candidate) -> Result<Metadata, Problem>;

    /// The versions that these charts had before their current ones, newest first, at most so many of each.
    async fn earlier(
        &self,
        charts: Vec<ChartName>,
        at_most: usize,
    ) -> Result<BTreeMap<ChartName, Vec<Earlier>>, Problem>;
}

/// A chart as it lies in the repository.
#[derive(Clone, Debug)]
pub struct AtHand {
    /// Of its package, where everything that belongs into it is at hand.
    pub digest: Option<Digest>,
    /// What its package contains, as far as it is known.
    pub contents: Contents,
    /// Its Chart.yaml.
    pub metadata: Metadata,
    /// What is worth knowing about it.
    pub notices: Vec<Problem>,
}

impl Run<'_> {
    /// What the channel of this name holds, from the channel.
    async fn fetch(
        &self,
        id: &ChannelId,
        is: &ChartVersion,
        holding: Option<&Holding>,
    ) -> Result<Fetched, Problem> {
        match (self.channels.iter().find(|channel| channel.id() == id), holding) {
            (Some(channel), Some(holding)) => channel.fetch(is, holding).await,
            _ => Err(Problem::new(format!("{id} has no package of {is}"))),
        }
    }

    /// Keeps these bytes for the length of the run.
    async fn shelve(&self, bytes: Bytes) -> Result<Digest, Problem> {
        let shelf = Arc::clone(self.shelf);
        let put = move || shelf.put(&bytes).map_err(|error| Problem::new(format!("{error:#}")));
        blocking("keeping a package", put).await
    }

    /// The bytes of this digest, which were kept before.
    async fn shelved(&self, digest: Digest) -> Result<Bytes, Problem> {
        let shelf = Arc::clone(self.shelf);
        let get = move || shelf.get(digest).map_err(|error| Problem::new(format!("{error:#}")));
        blocking("taking a kept package", get).await
    }
}
