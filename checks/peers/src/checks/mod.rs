//! The checks, in the order in which a chart version meets its readers.

mod adoption;
mod channels;
pub mod contents;
mod examples;
mod image;
pub mod index;
pub mod lasting;
pub mod layout;
mod provenance;
pub mod reading;

use crate::{
    damage,
    published::Published,
    registry::{Access, Registry, Software},
    report::Report,
    repository::Repository,
    world::World,
};
use anyhow::{Context, Result};

/// One published folder, as its readers reach it.
pub struct Stage<'a> {
    pub world: &'a World,
    pub repository: &'a Repository,
    pub published: Published,
    /// The folder over HTTP.
    pub url: String,
    pub registry: &'a Registry,
}

impl<'a> Stage<'a> {
    pub fn open(
        world: &'a World,
        repository: &'a Repository,
        published: Published,
        registry: &'a Registry,
    ) -> Result<Self> {
        let url = crate::served::serve(published.0.clone())?;
        Ok(Self { world, repository, published, url, registry })
    }
}

/// Runs them all. An error: something that later groups of checks need could not be had.
pub fn run(world: &World, report: &mut Report) -> Result<()> {
    let helm = world.peers.newest_helm();
    let repository = Repository::with_all_charts(world, helm).context("could not make the repository")?;
    let registry =
        Registry::start(&world.peers, Software::Distribution2, Access::Anybody, &world.folder("registry")?)?;
    let published = Published(world.folder("published")?);
    world.program.publish(&repository.folder, &published.0)?;
    let stage = Stage::open(world, &repository, published, &registry)?;

    report.heading("The sample charts");
    examples::check(&stage, report)?;
    report.heading("What is in the packages");
    contents::check(&stage, report)?;
    report.heading("What Helm says of them");
    reading::check(&stage, report)?;
    report.heading("The index");
    index::check(&stage, report)?;
    report.heading("The image layouts");
    layout::check(&stage, report)?;
    report.heading("Provenance");
    provenance::check(&stage, report)?;
    report.heading("Damage is noticed");
    damage::check(&stage, report)?;
    report.heading("Published again, and with newer versions");
    lasting::check(&stage, report)?;
    report.heading("A folder that Helm made");
    adoption::check(world, &registry, report)?;
    channels::check(world, report)?;
    report.heading("The container image");
    image::check(world, report)
}
