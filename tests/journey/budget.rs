//! More to publish than GitHub lets anybody write in an hour.

use crate::world::online::Online;
use std::collections::BTreeSet;

/// Every version that is released is in the index and the registry, nothing else is, and nothing is begun.
fn is_right(world: &Online, versions: usize) {
    let entries: BTreeSet<String> =
        world.entries().into_iter().map(|entry| format!("{}-{}", entry.chart, entry.version)).collect();
    let releases: BTreeSet<String> = world
        .github
        .releases()
        .into_iter()
        .map(|release| {
            assert!(!release.draft, "{} was begun and not finished", release.tag);
            release.tag
        })
        .collect();
    assert_eq!(entries, releases);
    assert_eq!(world.registry.names().len(), versions);
    assert_eq!(entries.len(), versions);
}

#[test]
fn two_hundred_charts_take_two_hours_and_the_index_is_right_after_each() {
    let mut world = Online::new();
    for number in 0..200 {
        let name = format!("chart-{number:03}");
        world.chart(&format!("charts/{name}"), &name, "1.0.0");
    }
    world.commit_and_push("Add two hundred charts");
    let limits = ["--github-writes-per-hour", "450", "--github-writes-per-minute", "100000"];

    world.publish(&limits).ends_with(4).says("450 writes an hour").says("run again in");

    let writes: usize = world.github.writes().values().sum();
    assert!(writes <= 450, "{writes}");
    // A draft, its package and its publication are three writes.
    is_right(&world, 150);
    world.publish(&limits).ends_with(0);
    is_right(&world, 200);
}

#[test]
fn a_secondary_limit_is_waited_for() {
    let mut world = Online::new();
    for number in 0..4 {
        let name = format!("chart-{number}");
        world.chart(&format!("charts/{name}"), &name, "1.0.0");
    }
    world.commit_and_push("Add charts");
    world.github.set(|switches| switches.secondary_limit = Some((5, std::time::Duration::from_millis(300))));

    world.publish(&["--retries", "5"]).ends_with(0);

    is_right(&world, 4);
}
