//! Which chart versions a run publishes, and what it tells of the others.

use crate::world::World;

#[test]
fn three_merges_in_one_push_are_three_versions() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    let before = world.commit("Add a chart");
    world.publish(&[]).ends_with(0);
    for version in ["1.1.0", "1.2.0", "1.3.0"] {
        world.git(&["switch", "--quiet", "--create", version]);
        world.write(&format!("charts/demo/templates/{version}.yaml"), "kind: ConfigMap\n");
        world.bump("charts/demo", version);
        world.commit("Work");
        world.git(&["switch", "--quiet", "main"]);
        world.git_later(&["merge", "--quiet", "--no-ff", "--message", "Merge", version]);
    }

    world.publish(&["--since", &before]).ends_with(0);

    assert_eq!(
        world.stored(),
        [
            "demo-1.0.0.tgz",
            "demo-1.1.0.tgz",
            "demo-1.2.0.tgz",
            "demo-1.3.0.tgz",
            "index.yaml: demo-1.0.0.tgz",
            "index.yaml: demo-1.1.0.tgz",
            "index.yaml: demo-1.2.0.tgz",
            "index.yaml: demo-1.3.0.tgz",
            "oci/demo: 1.0.0",
            "oci/demo: 1.1.0",
            "oci/demo: 1.2.0",
            "oci/demo: 1.3.0",
        ]
    );
}

#[test]
fn a_push_of_three_is_the_same_as_three_pushes() {
    let mut one = World::new();
    one.chart("charts/demo", "demo", "1.0.0");
    let before = one.commit("Add a chart");
    one.publish(&[]).ends_with(0);
    let mut three = one.copy();
    for version in ["1.1.0", "1.2.0", "1.3.0"] {
        for world in [&mut one, &mut three] {
            world.bump("charts/demo", version);
            world.commit("Bump it");
        }
        three.publish(&[]).ends_with(0);
    }
    one.publish(&["--since", &before]).ends_with(0);
    assert_eq!(one.bytes(), three.bytes());
}

#[test]
fn a_reverted_bump_is_not_published() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    let before = world.commit("Add a chart");
    world.publish(&[]).ends_with(0);
    world.bump("charts/demo", "2.0.0");
    world.commit("Bump it");
    world.bump("charts/demo", "1.0.0");
    world.commit("Revert that");

    world.publish(&["--since", &before]).ends_with(0).never_says("2.0.0");

    assert_eq!(world.stored(), ["demo-1.0.0.tgz", "index.yaml: demo-1.0.0.tgz", "oci/demo: 1.0.0"]);
}

#[test]
fn a_missed_version_is_told_with_the_command_that_publishes_it() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.commit("Add a chart");
    world.publish(&[]).ends_with(0);
    for version in ["1.1.0", "1.2.0"] {
        world.write("charts/demo/values.yaml", format!("greeting: {version}\n"));
        world.bump("charts/demo", version);
        world.commit("Bump it");
    }

    world.publish(&[]).ends_with(0).says("chart-release publish demo@1.1.0");
    world.publish(&["demo@1.1.0"]).ends_with(0);

    let package = std::fs::read(world.repository().join("published/demo-1.1.0.tgz")).expect("it is there");
    let files = chart_release::archive::read(&package, &chart_release::archive::Limits::default())
        .expect("a package");
    let values = files.iter().find(|(path, _)| path == "values.yaml").expect("values.yaml");
    assert_eq!(&values.1[..], b"greeting: 1.1.0\n", "packaged as it was, not as it is");
    assert!(world.stored().contains(&"oci/demo: 1.1.0".to_owned()));
    let versions: Vec<_> = world
        .index()
        .lines()
        .filter_map(|line| line.trim().strip_prefix("version: ").map(str::to_owned))
        .collect();
    assert_eq!(versions, ["1.2.0", "1.1.0", "1.0.0"], "the newest first");
}

#[test]
fn placeholders_are_never_published_by_a_sweep() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "0.0.0");
    world.chart("charts/other", "other", "0.0.0-dev");
    world.commit("Add two charts whose versions are set at release");
    world.publish(&[]).ends_with(0);
    assert_eq!(world.stored(), [""; 0]);

    world.publish(&["demo"]).ends_with(0);
    assert_eq!(world.stored(), ["demo-0.0.0.tgz", "index.yaml: demo-0.0.0.tgz", "oci/demo: 0.0.0"]);
}

#[test]
fn a_moved_chart_stays_what_it_was() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    let before = world.commit("Add a chart");
    world.publish(&[]).ends_with(0);
    let bytes = world.bytes();
    world.git(&["mv", "charts/demo", "charts/renamed"]);
    world.commit("Move it");

    world.publish(&["--since", &before]).ends_with(0).says("nothing to do").never_says("unreleased");

    assert_eq!(world.bytes(), bytes);
    assert_eq!(world.stored(), ["demo-1.0.0.tgz", "index.yaml: demo-1.0.0.tgz", "oci/demo: 1.0.0"]);
}

#[test]
fn the_same_version_in_two_folders_is_one_when_the_files_are_equal() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.chart("charts/copy", "demo", "1.0.0");
    world.commit("Add a chart twice");
    world.publish(&[]).ends_with(0);
    assert_eq!(world.stored(), ["demo-1.0.0.tgz", "index.yaml: demo-1.0.0.tgz", "oci/demo: 1.0.0"]);
}

#[test]
fn the_same_version_in_two_folders_stops_when_the_files_differ() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.chart("charts/copy", "demo", "1.0.0");
    world.write("charts/copy/values.yaml", "greeting: from the copy\n");
    world.chart("charts/other", "other", "1.0.0");
    world.commit("Add a chart twice, and another one");
    world.publish(&[]).ends_with(1).says("charts/demo").says("charts/copy");
    assert_eq!(world.stored(), ["index.yaml: other-1.0.0.tgz", "oci/other: 1.0.0", "other-1.0.0.tgz"]);
}

#[test]
fn two_maintained_lines_of_one_chart_do_not_disturb_each_other() {
    let mut world = World::new();
    world.chart("charts/demo-1", "demo", "1.0.0");
    world.chart("charts/demo-2", "demo", "2.0.0");
    let before = world.commit("Add two lines of a chart");
    world.publish(&[]).ends_with(0);
    world.bump("charts/demo-2", "2.1.0");
    world.commit("Bump the new line");
    world.bump("charts/demo-1", "1.0.1");
    world.commit("Bump the old line");

    world.publish(&["--since", &before]).ends_with(0).never_says("unreleased");

    let packages: Vec<_> = world.stored().into_iter().filter(|line| line.starts_with("demo-")).collect();
    assert_eq!(packages, ["demo-1.0.0.tgz", "demo-1.0.1.tgz", "demo-2.0.0.tgz", "demo-2.1.0.tgz"]);
}

#[test]
fn a_prerelease_on_the_way_is_not_published_unless_it_is_current() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    let before = world.commit("Add a chart");
    world.publish(&[]).ends_with(0);
    world.bump("charts/demo", "1.1.0-rc.1");
    world.commit("A candidate");
    let candidate = world.copy();
    world.bump("charts/demo", "1.1.0");
    world.commit("The release");

    world.publish(&["--since", &before]).ends_with(0);
    candidate.publish(&["--since", &before]).ends_with(0);

    let has = |world: &World, file: &str| world.stored().contains(&file.to_owned());
    assert!(has(&world, "demo-1.1.0.tgz") && !has(&world, "demo-1.1.0-rc.1.tgz"));
    assert!(has(&candidate, "demo-1.1.0-rc.1.tgz"));
}

#[test]
fn unrelated_tags_change_nothing() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.commit("Add a chart");
    world.git(&["tag", "demo-1.0.0"]);
    world.git(&["tag", "v9.9.9"]);
    world.publish(&[]).ends_with(0);
    assert_eq!(world.stored(), ["demo-1.0.0.tgz", "index.yaml: demo-1.0.0.tgz", "oci/demo: 1.0.0"]);
}

#[test]
fn an_unknown_name_is_an_error_with_the_nearest_one() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.commit("Add a chart");
    world.publish(&["demmo"]).ends_with(2).says("demo");
    world.publish(&["--since", "no-such-ref"]).ends_with(2).says("no-such-ref");
    assert_eq!(world.stored(), [""; 0]);
}
