//! `check`: what a branch would refuse or spoil, told where its author looks.

use crate::world::{Run, World};
use serde_json::Value;

/// Every finding of a check as `severity rule chart file:line`.
pub fn found(world: &World, arguments: &[&str]) -> (i32, Vec<String>) {
    let run = world.run(&[&["check", "--json"], arguments].concat());
    (run.code, findings(&run))
}

#[track_caller]
pub fn findings(run: &Run) -> Vec<String> {
    let document: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| {
        panic!("no document: {error}\n--- stdout\n{}\n--- stderr\n{}", run.out, run.err)
    });
    assert_eq!(document["schema"], "chart-release/check/1");
    assert_eq!(document["exit_code"], run.code);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let told = document["findings"].as_array().expect("findings").iter().map(|finding| {
        let line = finding["line"].as_u64().map(|line| format!(":{line}")).unwrap_or_default();
        let named = match (&finding["chart"], &finding["version"]) {
            (Value::String(chart), Value::String(version)) => format!("{chart}@{version}"),
            _ => text(&finding["path"]),
        };
        format!(
            "{} {} {named} {}{line}",
            text(&finding["severity"]),
            text(&finding["rule"]),
            text(&finding["file"])
        )
    });
    told.collect()
}

/// A repository with a chart on `main`, as a clone of it has it: `origin/main` is where it is now. On a new branch.
fn branch() -> World {
    let world = World::with_a_chart();
    branch_off(&world);
    world
}

/// What is committed becomes `origin/main`, and the branch `topic` begins.
fn branch_off(world: &World) {
    world.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    world.git(&["checkout", "--quiet", "-B", "topic"]);
}

#[test]
fn content_that_changes_under_a_version_that_stays_is_an_error_at_its_line() {
    let mut world = branch();
    assert_eq!(found(&world, &[]), (0, vec![]));
    world.write("charts/demo/values.yaml", "greeting: good day\n");
    world.commit("Be polite");
    assert_eq!(
        found(&world, &[]),
        (1, vec!["error version_stays demo@1.0.0 charts/demo/Chart.yaml:3".into()])
    );
    let run = world.run(&["check"]).ends_with(1);
    run.says("values.yaml changes").says("raise `version` in charts/demo/Chart.yaml").says("origin/main");
    world.bump("charts/demo", "1.1.0");
    world.commit("Raise it");
    assert_eq!(found(&world, &[]), (0, vec![]));
    world.run(&["check"]).ends_with(0).says("What a merge would publish").says("1.1.0");
    assert!(!world.repository().join("published").exists(), "a check writes nothing");
}

#[test]
fn other_content_of_a_published_version_is_refused() {
    let mut world = branch();
    world.publish(&[]).ends_with(0);
    world.write("charts/demo/values.yaml", "greeting: good day\n");
    world.commit("Be polite");
    let before = world.bytes();
    assert_eq!(
        found(&world, &[]),
        (3, vec!["error version_stays demo@1.0.0 charts/demo/Chart.yaml:3".into()])
    );
    assert_eq!(world.bytes(), before);
    // Raised to a version that somebody published from another branch.
    world.git(&["checkout", "--quiet", "-b", "other", "origin/main"]);
    world.bump("charts/demo", "1.1.0");
    world.commit("Publish another 1.1.0");
    world.publish(&[]).ends_with(0);
    world.git(&["checkout", "--quiet", "topic"]);
    world.bump("charts/demo", "1.1.0");
    world.commit("Raise it");
    let expected = "error version_published demo@1.1.0 charts/demo/Chart.yaml:3".into();
    assert_eq!(found(&world, &[]), (3, vec![expected]));
}
