//! Several charts in one run: a bad one stops only itself, and what depends on another comes after it.

use crate::world::{World, send};
use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

#[test]
fn a_broken_chart_stops_only_itself() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.chart("charts/broken", "broken", "not a version");
    world.chart("charts/other", "other", "1.0.0");
    world.write("charts/other/values.schema.json", "{ not json");
    world.commit("Add three charts");

    world
        .publish(&[])
        .ends_with(1)
        .says("charts/broken/Chart.yaml")
        .says("charts/other/values.schema.json")
        .says("published/demo-1.0.0.tgz");

    assert_eq!(world.stored(), ["demo-1.0.0.tgz", "index.yaml: demo-1.0.0.tgz", "oci/demo: 1.0.0"]);
}

#[test]
fn a_version_that_yaml_takes_for_a_number_is_told() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.10");
    world.commit("Add a chart");
    world.publish(&[]).ends_with(0).says("published as `1.1`").says("charts/demo/Chart.yaml:3");
    assert_eq!(world.stored(), ["demo-1.1.tgz", "index.yaml: demo-1.1.tgz", "oci/demo: 1.1"]);
}

#[test]
fn a_requirements_file_does_not_give_a_chart_another_version() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.write("charts/demo/requirements.yaml", "version: 9.9.9\n");
    world.commit("Add a chart");
    world.publish(&[]).ends_with(1).says("requirements.yaml makes demo@9.9.9 of demo@1.0.0");
    assert_eq!(world.stored(), [""; 0]);
}

#[test]
fn a_missing_dependency_is_named() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.write(
        "charts/demo/Chart.yaml",
        "apiVersion: v2\nname: demo\nversion: 1.0.0\ndependencies:\n- name: database\n  version: 1.x.x\n  repository: https://charts.example.com\n",
    );
    world.commit("Add a chart that needs another one");
    world.publish(&["--dependencies", "vendored"]).ends_with(1).says("database");
    assert_eq!(world.stored(), [""; 0]);
}

#[test]
fn what_depends_on_a_chart_that_failed_waits_for_it() {
    let mut world = World::new();
    world.chart("charts/library", "library", "1.0.0");
    world.write("charts/library/values.schema.json", "{ not json");
    world.chart("charts/demo", "demo", "1.0.0");
    world.write(
        "charts/demo/Chart.yaml",
        "apiVersion: v2\nname: demo\nversion: 1.0.0\ndependencies:\n- name: library\n  version: 1.0.0\n",
    );
    world.chart("charts/demo/charts/library", "library", "1.0.0");
    world.chart("charts/other", "other", "1.0.0");
    world.commit("Add a chart and what it depends on");

    world.publish(&[]).ends_with(1).says("waits for library@1.0.0");

    assert_eq!(world.stored(), ["index.yaml: other-1.0.0.tgz", "oci/other: 1.0.0", "other-1.0.0.tgz"]);
    world.write("charts/library/values.schema.json", "{}");
    world.publish(&[]).ends_with(0);
    assert_eq!(
        world.stored(),
        [
            "demo-1.0.0.tgz",
            "index.yaml: demo-1.0.0.tgz",
            "index.yaml: library-1.0.0.tgz",
            "index.yaml: other-1.0.0.tgz",
            "library-1.0.0.tgz",
            "oci/demo: 1.0.0",
            "oci/library: 1.0.0",
            "oci/other: 1.0.0",
            "other-1.0.0.tgz",
        ]
    );
}

#[test]
fn many_charts_in_one_run() {
    let mut world = World::new();
    for number in 0..120 {
        world.chart(&format!("charts/chart-{number}"), &format!("chart-{number}"), "1.0.0");
    }
    world.commit("Add many charts");
    world.publish(&[]).ends_with(0);
    assert_eq!(world.stored().len(), 360);
    world.publish(&[]).ends_with(0).says("nothing to do");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_run_after_what_it_has_begun_and_the_next_run_goes_on() {
    let mut world = World::new();
    for number in 0..120 {
        world.chart(&format!("charts/chart-{number}"), &format!("chart-{number}"), "1.0.0");
    }
    world.commit("Add many charts");
    let mut run = world
        .program()
        .arg("publish")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(run.stderr.take().expect("its stderr")).lines();
    // The first of three waves is under way once it packages.
    lines
        .find(|line| line.as_ref().is_ok_and(|line| line.starts_with("packaged")))
        .expect("a package")
        .expect("text");
    send("-INT", &run);
    lines.for_each(drop);
    assert_eq!(run.wait().expect("it ends").code(), Some(4), "unfinished, and nothing is wrong");
    let begun = world.stored().len();
    assert!(begun < 360, "the signal came too late to show anything");

    world.publish(&[]).ends_with(0);
    assert_eq!(world.stored().len(), 360);
}
