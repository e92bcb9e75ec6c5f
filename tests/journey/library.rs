//! What only the library can be asked: a source of packages that panics, a signal at a certain moment.

use crate::world::World;
use async_trait::async_trait;
use chart_release::{
    changes::{Candidate, Earlier, Selection},
    channels::{Channel, folder::Folder},
    charts::{ChartName, Metadata},
    dependencies::{self, Dependencies, Siblings},
    doors::{http, patience::Patience, shelf::Shelf},
    packages::Package,
    problem::Problem,
    publish::{self, AskedFor, AtHand, Packing, Run, Source},
    repo::{Repo, Settings},
    report::{Event, Report, Watch},
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Packages every chart but one, which is a fault in this program.
struct Faulty(Packing);

#[async_trait]
impl Source for Faulty {
    async fn package(
        &self,
        candidate: &Candidate,
        siblings: &dyn Siblings,
    ) -> Result<(Package, Vec<Problem>), Problem> {
        assert_ne!(candidate.is.name.as_str(), "strange", "a fault");
        self.0.package(candidate, siblings).await
    }

    async fn at_hand(&self, candidate: &Candidate) -> Result<AtHand, Problem> {
        self.0.at_hand(candidate).await
    }

    async fn metadata(&self, candidate: &Candidate) -> Result<Metadata, Problem> {
        self.0.metadata(candidate).await
    }

    async fn earlier(
        &self,
        charts: Vec<ChartName>,
        at_most: usize,
    ) -> Result<BTreeMap<ChartName, Vec<Earlier>>, Problem> {
        self.0.earlier(charts, at_most).await
    }
}

struct Nobody;

impl Watch for Nobody {
    fn saw(&self, _: Event<'_>) {}
}

/// A publish to the folder `published`, with a signal where `stop` says so.
async fn published(world: &World, stop: &(dyn Fn() -> bool + Sync)) -> Report {
    let repo = Repo::open(&world.repository(), &Settings::default()).expect("a repository");
    let survey = repo.survey(Selection::Sweep { since: None }).await.expect("a survey");
    let dependencies = Dependencies::new(dependencies::Settings {
        mode: Some(dependencies::Mode::Vendored),
        cache: None,
        logins: BTreeMap::new(),
        plain_http: Vec::new(),
        environment: BTreeMap::new(),
        http: http::Settings {
            call: Duration::ZERO,
            patience: Patience { again: 0, pause: Duration::ZERO, longest: Duration::ZERO },
        },
    });
    let dependencies = dependencies.expect("nothing to be wrong");
    let packing = Packing { repo, dependencies, secrets: Arc::default(), epoch: None };
    let channels: [Arc<dyn Channel>; 1] =
        [Arc::new(Folder::new("folder:published", world.repository().join("published")))];
    let run = Run {
        channels: &channels,
        source: &Faulty(packing),
        shelf: &Arc::new(Shelf::new().expect("a shelf")),
        watch: &Nobody,
        sweep: true,
        asked: AskedFor::Nothing,
        only: None,
        backfill: false,
        head: None,
        at_once: 1,
        source_url: None,
        signer: None,
        keep: false,
        stop,
    };
    let plan = publish::plan(&run, survey).await;
    publish::publish(&run, plan).await
}

#[tokio::test]
async fn a_panic_in_one_chart_is_a_failure_of_that_chart() {
    let mut world = World::new();
    world.chart("charts/strange", "strange", "1.0.0");
    world.chart("charts/demo", "demo", "1.0.0");
    world.commit("Add two charts");
    let report = published(&world, &|| false).await;
    assert_eq!(report.exit_code().number(), 1);
    assert_eq!(world.stored(), ["demo-1.0.0.tgz", "index.yaml: demo-1.0.0.tgz", "oci/demo: 1.0.0"]);
}

#[tokio::test]
async fn a_run_that_is_stopped_finishes_what_it_has_begun_and_begins_nothing_else() {
    let mut world = World::new();
    for name in ["one", "other", "third"] {
        world.chart(&format!("charts/{name}"), name, "1.0.0");
    }
    world.commit("Add three charts");
    // Asked before the wave, and before each of its charts: the signal comes while the first one is packaged.
    let asked = AtomicUsize::new(0);
    let report = published(&world, &|| asked.fetch_add(1, Ordering::Relaxed) >= 2).await;
    assert_eq!(report.exit_code().number(), 4);
    assert_eq!(world.stored(), ["index.yaml: one-1.0.0.tgz", "oci/one: 1.0.0", "one-1.0.0.tgz"]);
    let report = published(&world, &|| false).await;
    assert_eq!(report.exit_code().number(), 0);
    assert_eq!(world.stored().len(), 9);
}

/// Whoever embeds a run may put it on any thread.
#[test]
fn runs_can_be_sent_to_other_threads() {
    fn sendable<T: Send>(_: fn(&'static Run<'static>, chart_release::plan::Plan) -> T) {}
    sendable(|run, plan| publish::publish(run, plan));
}
