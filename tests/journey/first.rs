//! The first publish, and then nothing to do.

use crate::world::World;

#[test]
fn the_first_publish_brings_packages_index_and_layouts() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.chart("charts/other", "other", "0.3.1+build.7");
    world.commit("Add two charts");

    world.publish(&[]).ends_with(0).says("demo").says("published/other-0.3.1+build.7.tgz");

    assert_eq!(
        world.stored(),
        [
            "demo-1.0.0.tgz",
            "index.yaml: demo-1.0.0.tgz",
            "index.yaml: other-0.3.1+build.7.tgz",
            "oci/demo: 1.0.0",
            "oci/other: 0.3.1_build.7",
            "other-0.3.1+build.7.tgz",
        ]
    );
}

#[test]
fn publishing_again_changes_nothing_and_packages_nothing() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.commit("Add a chart");
    world.publish(&["-v"]).ends_with(0).says("packaged demo@1.0.0");
    let before = world.bytes();

    // The events are told line by line: `packaged demo@1.0.0 (…)` was one of the first run's.
    world.publish(&["-v"]).ends_with(0).says("nothing to do").never_says("packaged");

    assert_eq!(world.bytes(), before);
    assert_eq!(world.stored(), ["demo-1.0.0.tgz", "index.yaml: demo-1.0.0.tgz", "oci/demo: 1.0.0"]);
}

#[test]
fn a_new_version_adds_its_lines_to_the_index_and_leaves_the_others() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.commit("Add a chart");
    world.publish(&[]).ends_with(0);
    let before = world.index();
    world.bump("charts/demo", "1.1.0");
    world.commit("Bump it");

    world.publish(&[]).ends_with(0);

    let after = world.index();
    let kept = |line: &&str| !line.starts_with("generated:");
    let mut lines = after.lines();
    for line in before.lines().filter(kept) {
        assert!(lines.any(|other| other == line), "the line {line:?} was lost from\n{after}");
    }
    assert_eq!(
        world.stored(),
        [
            "demo-1.0.0.tgz",
            "demo-1.1.0.tgz",
            "index.yaml: demo-1.0.0.tgz",
            "index.yaml: demo-1.1.0.tgz",
            "oci/demo: 1.0.0",
            "oci/demo: 1.1.0",
        ]
    );
}

#[test]
fn a_plan_tells_the_same_and_writes_nothing() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.commit("Add a chart");

    world.run(&["plan"]).ends_with(0).says("demo").says("put");
    let json = world.run(&["plan", "--json"]).ends_with(0);

    let document: serde_json::Value = serde_json::from_str(&json.out).expect("stdout is data only");
    assert_eq!(document["schema"], "chart-release/plan/1");
    assert_eq!(world.stored(), [""; 0]);
    assert!(!world.repository().join("published").exists(), "a plan made a folder");
}

#[test]
fn a_plan_selects_what_is_published_and_is_decided_again() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.commit("Add a chart");
    let plan = world.run(&["plan", "--json"]).ends_with(0);
    world.chart("charts/other", "other", "1.0.0");
    world.commit("Add another one, after the plan");
    std::fs::write(world.path("plan.json"), plan.out).expect("the plan is kept");

    let file = world.path("plan.json");
    world.publish(&["--only", &file.to_string_lossy()]).ends_with(0);

    assert_eq!(world.stored(), ["demo-1.0.0.tgz", "index.yaml: demo-1.0.0.tgz", "oci/demo: 1.0.0"]);
}

#[test]
fn packages_without_a_channel() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.chart("charts/other", "other", "1.0.0");
    world.commit("Add two charts");
    world.publish(&["demo"]).ends_with(0);

    world.run(&["package", "--into", "here"]).ends_with(0);

    let made = crate::world::files(&world.repository().join("here"));
    assert_eq!(made.keys().collect::<Vec<_>>(), ["demo-1.0.0.tgz", "other-1.0.0.tgz"]);
    let published = crate::world::files(&world.repository().join("published"));
    assert_eq!(made["demo-1.0.0.tgz"], published["demo-1.0.0.tgz"], "one version, one digest");
}

#[test]
fn packages_are_not_made_inside_a_chart() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.commit("Add a chart");
    world.run(&["package", "--into", "charts/demo/out"]).ends_with(2).says("charts/demo");
    assert!(!world.repository().join("charts/demo/out").exists());
}
