//! `publish --packages FOLDER`: what a run published, as files for the steps after it.

use crate::world::{World, files, front::Fault, online::Online};
use std::{collections::BTreeMap, fs};

const FOLDER: &[&str] = &["--packages", ".packages"];

/// A world whose git does not see the folder.
fn online() -> Online {
    let world = Online::with_a_chart();
    world.write(".git/info/exclude", "/published/\n/.packages/\n");
    world
}

fn left(world: &World) -> BTreeMap<String, Vec<u8>> {
    files(&world.repository().join(".packages"))
}

fn names(world: &World) -> Vec<String> {
    left(world).into_keys().collect()
}

#[test]
fn the_folder_holds_what_this_run_published_and_an_idle_run_leaves_it() {
    let mut world = online();
    for old in
        ["old-0.1.0.tgz", "old-0.1.0.tgz.prov", ".old-0.2.0.tgz.partial", "notes.txt", "sub/old-0.1.0.tgz"]
    {
        world.write(&format!(".packages/{old}"), "old");
    }
    let before = left(&world);
    world.run(&["plan", "--channel", &world.oci()]).ends_with(0);
    assert_eq!(left(&world), before, "a plan leaves it alone");

    world.publish(FOLDER).ends_with(0);
    assert_eq!(names(&world), ["demo-1.0.0.tgz", "notes.txt", "sub/old-0.1.0.tgz"]);
    let asset = world.github.tagged("demo-1.0.0").remove(0).assets.remove(0);
    assert_eq!(left(&world)["demo-1.0.0.tgz"], asset.bytes);

    world.publish(FOLDER).ends_with(0).says("nothing to do");
    assert_eq!(names(&world), ["demo-1.0.0.tgz", "notes.txt", "sub/old-0.1.0.tgz"]);

    world.bump("charts/demo", "1.1.0");
    world.commit_and_push("Bump it");
    world.publish(FOLDER).ends_with(0);
    assert_eq!(names(&world), ["demo-1.1.0.tgz", "notes.txt", "sub/old-0.1.0.tgz"]);
}

#[test]
fn the_bytes_are_those_that_another_channel_had_before_with_their_provenance() {
    const SIGNED: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----\nsigned\n";
    let world = online();
    let package = world.packed_by_others("demo");
    let release = crate::world::github::Release::published("demo-1.0.0")
        .asset("demo-1.0.0.tgz", package.clone())
        .asset("demo-1.0.0.tgz.prov", SIGNED);
    world.github.seed(release);
    world.publish_to(&["releases", &world.oci()], FOLDER).ends_with(0);
    let expected: BTreeMap<_, _> =
        [("demo-1.0.0.tgz".to_owned(), package), ("demo-1.0.0.tgz.prov".to_owned(), SIGNED.to_vec())].into();
    assert_eq!(left(&world), expected);
}

#[test]
fn what_a_dead_run_began_is_left_by_the_one_that_finishes_it() {
    let world = online();
    world.front.at_nth("PATCH", "/releases/", 1, Fault::KillAfter);
    world.publish(FOLDER).was_killed();
    world.front.heal();
    assert!(left(&world).is_empty());
    let asset = world.github.tagged("demo-1.0.0").remove(0).assets.remove(0);

    world.publish(FOLDER).ends_with(0);
    assert_eq!(left(&world)["demo-1.0.0.tgz"], asset.bytes);
}

#[test]
fn a_version_that_is_public_only_in_part_is_left_and_told() {
    let world = online();
    world.front.at_nth("PUT", "/manifests/1.0.0", 1, Fault::Status(405));
    let run = world.publish(FOLDER);
    assert_ne!(run.code, 0, "{}", run.out);
    let release = world.github.tagged("demo-1.0.0").remove(0);
    assert_eq!(left(&world)["demo-1.0.0.tgz"], release.assets[0].bytes);
}

#[test]
fn what_cannot_be_left_is_told_after_everything_is_published() {
    let world = World::with_a_chart();
    world.write(".packages/demo-1.0.0.tgz/a-folder", "in the way");
    let run = world.publish(&[FOLDER, &["--json"]].concat()).ends_with(1);
    assert_eq!(world.stored(), crate::world::DEMO);
    let document: serde_json::Value = serde_json::from_str(&run.out).expect("a document");
    assert_eq!(document["afterwards"].as_array().expect("a list").len(), 1);
    assert_eq!(document["counts"]["published"], 1);

    let world = World::with_a_chart();
    world.write(".packages/demo-1.0.0.tgz/a-folder", "in the way");
    world.publish(FOLDER).ends_with(1).says("the packages are published, but were not left as files");
}

#[test]
fn a_folder_that_must_not_be_cleared_is_refused_before_anything_is_written() {
    let world = World::with_a_chart();
    for (folder, why) in [
        ("charts/demo/packages", "lies in the chart charts/demo"),
        ("charts", "holds the charts"),
        (".", "holds the charts"),
        ("..", "holds the charts"),
        ("published", "lies in the channel folder:published"),
        ("published/packages", "lies in the channel folder:published"),
    ] {
        world.publish(&["--packages", folder]).ends_with(2).says(why);
    }
    world.write("site/index.yaml", "apiVersion: v1\nentries: {}\n");
    world.publish(&["--packages", "site"]).ends_with(2).says("there is an index.yaml");
    assert!(world.stored().is_empty());
}

#[test]
fn a_chart_at_the_root_never_packages_the_folder() {
    let mut world = World::new();
    world.chart(".", "demo", "1.0.0");
    world.commit("Add a chart");
    let arguments = ["--charts", ".", "--packages", ".packages"];
    world.publish(&arguments).ends_with(0);
    assert_eq!(names(&world), ["demo-1.0.0.tgz"]);
    let published = fs::read(world.repository().join("published/demo-1.0.0.tgz")).expect("published");
    assert_eq!(left(&world)["demo-1.0.0.tgz"], published);
    world.publish(&arguments).ends_with(0).says("nothing to do");
}
