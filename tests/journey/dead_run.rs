//! Runs that stop anywhere, and two at once: the world afterwards is that of one clean run.

use crate::world::World;
use std::{
    process::Stdio,
    sync::atomic::{AtomicUsize, Ordering},
};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt};

/// Counts the effects on disk, and dies without a word before the one that it was told.
struct Death {
    before: usize,
    seen: AtomicUsize,
}

impl<S: tracing::Subscriber> Layer<S> for Death {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "outside" && self.seen.fetch_add(1, Ordering::SeqCst) == self.before {
            std::process::abort();
        }
    }
}

#[test]
#[ignore = "the process that dies: the story below starts it"]
fn dying() {
    let before =
        std::env::var("JOURNEY_DIES_BEFORE").expect("the story says where").parse().expect("a number");
    let death = Death { before, seen: AtomicUsize::new(0) };
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(death))
        .expect("the only one");
    let arguments = ["chart-release", "publish", "--quiet"].map(std::ffi::OsString::from);
    let code = chart_release::cli::main(arguments, &std::env::vars().collect());
    assert_eq!(code, 0);
}

/// Publishes in a process that dies before its n-th effect on disk; whether it lived to the end.
fn publish_dying(world: &World, before: usize) -> bool {
    publish_to_dying(world, "folder:published", before)
}

fn publish_to_dying(world: &World, channels: &str, before: usize) -> bool {
    let program = std::env::current_exe().expect("this test");
    let status = world
        .command(&program.to_string_lossy())
        .current_dir(world.repository())
        .args(["--exact", "dead_run::dying", "--ignored"])
        .env("JOURNEY_DIES_BEFORE", before.to_string())
        .env("CHART_RELEASE_CHANNEL", channels)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the process starts");
    status.success()
}

fn two_charts_and_an_old_version() -> World {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.commit("Add a chart");
    world.publish(&[]).ends_with(0);
    world.bump("charts/demo", "1.1.0");
    world.chart("charts/other", "other", "1.0.0");
    world.commit("Bump it and add another one");
    world
}

#[test]
fn a_run_that_dies_before_any_effect_on_disk_is_finished_by_the_next() {
    let begin = two_charts_and_an_old_version();
    let clean = begin.copy();
    clean.publish(&[]).ends_with(0);

    let mut effects = 0;
    loop {
        let world = begin.copy();
        let lived = publish_dying(&world, effects);
        world.publish(&[]).ends_with(0);
        assert_eq!(world.bytes(), clean.bytes(), "after a death before effect {effects}");
        if lived {
            break;
        }
        effects += 1;
    }

    assert!(effects > 20, "only {effects} effects were seen: the deaths did not happen");
    assert_eq!(
        clean.stored(),
        [
            "demo-1.0.0.tgz",
            "demo-1.1.0.tgz",
            "index.yaml: demo-1.0.0.tgz",
            "index.yaml: demo-1.1.0.tgz",
            "index.yaml: other-1.0.0.tgz",
            "oci/demo: 1.0.0",
            "oci/demo: 1.1.0",
            "oci/other: 1.0.0",
            "other-1.0.0.tgz",
        ]
    );
}

#[test]
fn a_run_that_dies_while_it_takes_over_a_folder_is_finished_too() {
    const CHANNELS: &str = "folder:published,folder:second";
    // One channel has a version with a provenance and no layout, as Helm leaves it; the other has nothing.
    let mut begin = World::new();
    begin.chart("charts/demo", "demo", "1.0.0");
    begin.commit("Add a chart");
    begin.publish(&[]).ends_with(0);
    begin.remove("published/oci");
    begin.write("published/demo-1.0.0.tgz.prov", "a provenance\n");
    begin.chart("charts/other", "other", "1.0.0");
    begin.commit("Add another one");
    let publish = |world: &World| {
        World::end(world.program().args(["publish"]).env("CHART_RELEASE_CHANNEL", CHANNELS)).ends_with(0);
    };
    let stored = |world: &World| {
        ["published", "second"].map(|folder| crate::world::files(&world.repository().join(folder)))
    };
    let clean = begin.copy();
    publish(&clean);

    let mut effects = 0;
    while !{
        let world = begin.copy();
        let lived = publish_to_dying(&world, CHANNELS, effects);
        publish(&world);
        assert!(stored(&world) == stored(&clean), "after a death before effect {effects}");
        lived
    } {
        effects += 1;
    }

    assert!(effects > 30, "only {effects} effects were seen: the deaths did not happen");
    let all = [
        "demo-1.0.0.tgz",
        "demo-1.0.0.tgz.prov",
        "index.yaml: demo-1.0.0.tgz",
        "index.yaml: other-1.0.0.tgz",
    ];
    let all: Vec<_> =
        all.into_iter().chain(["oci/demo: 1.0.0", "oci/other: 1.0.0", "other-1.0.0.tgz"]).collect();
    assert_eq!(clean.stored(), all);
    assert_eq!(crate::world::stored(&clean.repository().join("second")), all);
}

#[test]
fn a_run_that_dies_twice_in_different_places_is_finished_too() {
    let begin = two_charts_and_an_old_version();
    let clean = begin.copy();
    clean.publish(&[]).ends_with(0);
    for (first, second) in [(3, 9), (12, 2), (16, 7), (19, 1)] {
        let world = begin.copy();
        assert!(!publish_dying(&world, first));
        publish_dying(&world, second);
        world.publish(&[]).ends_with(0);
        assert_eq!(world.bytes(), clean.bytes(), "after deaths before effects {first} and {second}");
    }
}

#[test]
fn readers_never_see_an_index_that_leads_nowhere() {
    let begin = two_charts_and_an_old_version();
    for effects in 0.. {
        let world = begin.copy();
        let lived = publish_dying(&world, effects);
        let published = world.repository().join("published");
        for line in world.index().lines().filter_map(|line| line.trim().strip_prefix("- ")) {
            if line.ends_with(".tgz") {
                assert!(published.join(line).is_file(), "the index leads to {line} before effect {effects}");
            }
        }
        if lived {
            break;
        }
    }
}

#[test]
fn two_runs_with_their_channels_in_another_order_do_not_wait_for_each_other_for_ever() {
    let mut world = World::new();
    for number in 0..8 {
        world.chart(&format!("charts/chart-{number}"), &format!("chart-{number}"), "1.0.0");
    }
    world.commit("Add charts");
    let start = |first: &str, second: &str| {
        let mut program = world.program();
        program.args(["publish", "--quiet", "--channel", first, "--channel", second]);
        program.stdout(Stdio::null()).spawn().expect("it starts")
    };
    let mut runs = [start("folder:first", "folder:second"), start("folder:second", "folder:first")];
    for run in &mut runs {
        assert!(run.wait().expect("it ends").success());
    }
    let stored = |folder: &str| crate::world::stored(&world.repository().join(folder));
    assert_eq!(stored("first").len(), 24);
    assert_eq!(stored("first"), stored("second"));
}

#[test]
fn two_runs_at_once_end_like_one() {
    let begin = two_charts_and_an_old_version();
    let clean = begin.copy();
    clean.publish(&[]).ends_with(0);
    for _ in 0..8 {
        let world = begin.copy();
        let start =
            || world.program().args(["publish", "--quiet"]).stdout(Stdio::null()).spawn().expect("it starts");
        let mut runs = [start(), start(), start()];
        for run in &mut runs {
            assert!(run.wait().expect("it ends").success());
        }
        assert_eq!(world.bytes(), clean.bytes());
    }
}
