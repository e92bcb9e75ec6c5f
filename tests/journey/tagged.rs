//! Runs that a tag started: the version that is released under it was asked for, all others are as in a sweep.

use crate::world::World;

/// Two charts that were published and then worked on without a new version, and a third that is new.
fn moved_on() -> World {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.2.0");
    world.chart("charts/other", "other", "1.2.0");
    world.commit("Add two charts");
    world.publish(&[]).ends_with(0);
    for chart in ["demo", "other"] {
        world.write(&format!("charts/{chart}/values.yaml"), "greeting: good evening\n");
    }
    world.chart("charts/third", "third", "0.1.0");
    world.commit("Work on them, and add a third");
    world
}

const THIRD: [&str; 3] = ["index.yaml: third-0.1.0.tgz", "oci/third: 0.1.0", "third-0.1.0.tgz"];

#[test]
fn other_content_is_refused_of_the_version_that_is_released_under_the_tag_and_of_no_other() {
    for tag in ["demo-1.2.0", "refs/tags/demo-1.2.0"] {
        let world = moved_on();
        let before = world.stored();
        let told = world.run(&["plan", "--tag", tag]).ends_with(3).says("other content");
        assert_eq!(told.out.matches("unreleased changes since 1.2.0").count(), 2, "{}", told.out);

        world.publish(&["--tag", tag]).ends_with(3).says("raise `version` in charts/demo/Chart.yaml");

        let new: Vec<String> = world.stored().into_iter().filter(|line| !before.contains(line)).collect();
        assert_eq!(new, THIRD, "what nobody has anything against is published");
    }
}

#[test]
fn a_tag_of_something_else_changes_nothing() {
    for tag in ["v1.2.3", "1.2.0", "demo-1.3.0", "other"] {
        let world = moved_on();
        let told =
            world.publish(&["--tag", tag]).ends_with(0).says("unreleased changes since 1.2.0 (1 file)");
        assert!(!told.out.contains("raise `version`"), "{}", told.out);
        assert!(THIRD.iter().all(|line| world.stored().contains(&(*line).to_owned())));
    }
}

#[test]
fn a_version_that_is_as_it_was_published_is_kept_under_its_tag() {
    let world = World::with_a_chart();
    world.publish(&["--tag", "demo-1.0.0"]).ends_with(0);
    let before = world.bytes();
    world.publish(&["--tag", "demo-1.0.0"]).ends_with(0).says("nothing to do");
    assert_eq!(world.bytes(), before);
}

#[test]
fn the_template_says_which_version_a_tag_means_also_without_releases() {
    let mut world = moved_on();
    world.write(
        "charts/other/Chart.yaml",
        "apiVersion: v2\nname: other\nversion: 1.2.0\nappVersion: \"7\"\nannotations: {team: blue}\n",
    );
    world.commit("Say of what it is");
    let tagged =
        |template: &str, tag: &str| world.run(&["plan", "--release-name-template", template, "--tag", tag]);
    tagged("charts/{{ .Name }}/v{{ .Version }}", "charts/other/v1.2.0").ends_with(3);
    tagged("charts/{{ .Name }}/v{{ .Version }}", "other-1.2.0").ends_with(0);
    // What only the Chart.yaml knows.
    tagged("{{ .Name }}-{{ .AppVersion }}", "other-7").ends_with(3).says("charts/other");
    tagged("{{ .Name }}-{{ .AppVersion }}", "other-8").ends_with(0);
    tagged("{{ .Annotations.team }}-{{ .Version }}", "blue-1.2.0").ends_with(3).says("charts/other");
    tagged("{{ .Name", "other-7").ends_with(2).says("the release name template");
}
