//! What charts depend on: fetched once, packaged, never fetched for what is published; and charts of one run that depend
//! on each other.

use crate::world::{
    front::Fault,
    online::Online,
    others::{Others, package},
};
use chart_release::packages;

/// The files of a package, by their path in the chart.
fn contents(package: &[u8]) -> Vec<String> {
    let package = packages::unpack(package.to_vec().into()).expect("a package");
    package.contents.files.into_keys().collect()
}

fn asset(world: &Online, tag: &str) -> Vec<u8> {
    let release = world.github.tagged(tag).into_iter().find(|release| !release.draft).expect("a release");
    release.assets.iter().find(|asset| asset.name.ends_with(".tgz")).expect("a package").bytes.to_vec()
}

/// A world in which others publish `redis` on a web server, and `cache` in the registry.
fn with_others() -> (Online, Others) {
    let world = Online::new();
    let others = world.others.clone();
    others.hold("redis", "1.0.0");
    others.hold("redis", "1.1.0");
    others.hold("redis", "2.0.0");
    world.registry.hold_package(
        "others/charts/cache",
        "3.0.0",
        &package("cache", "3.0.0"),
        "2025-01-01T00:00:00Z",
    );
    (world, others)
}

/// Writes a chart that depends on these: name, version and repository.
fn depending(world: &Online, name: &str, version: &str, on: &[(&str, &str, &str)]) {
    let path = format!("charts/{name}");
    world.chart(&path, name, version);
    let on: String = on
        .iter()
        .map(|(name, version, repository)| {
            format!("- name: {name}\n  version: {version}\n  repository: \"{repository}\"\n")
        })
        .collect();
    world.write(
        &format!("{path}/Chart.yaml"),
        format!("apiVersion: v2\nname: {name}\nversion: {version}\ndependencies:\n{on}"),
    );
}

fn add_demo(world: &mut Online) {
    let others = format!("{}/others", world.front.url());
    let registry = format!("oci://{}/others/charts", world.front.host());
    depending(world, "demo", "1.0.0", &[("redis", "^1.0.0", &others), ("cache", "3.0.0", &registry)]);
    world.commit_and_push("Add a chart that needs two others");
}

/// How many requests went to others.
fn asked(world: &Online) -> usize {
    world.front.count("", "/others/")
}

#[test]
fn what_a_chart_depends_on_is_fetched_once_and_is_the_same_in_every_channel() {
    let (mut world, others) = with_others();
    add_demo(&mut world);
    world.run(&["plan", "--channel", "pages"]).ends_with(0);
    world.publish(&[]).ends_with(0);
    let files = contents(&asset(&world, "demo-1.0.0"));
    for path in
        ["charts/redis/values.yaml", "charts/cache/values.yaml", "charts/cache/ci/key.asc", "Chart.lock"]
    {
        assert!(files.iter().any(|file| file == path), "{path}: {files:?}");
    }
    assert_eq!(
        world.entries()[0].digest,
        chart_release::digest::Digest::of(&asset(&world, "demo-1.0.0")).hex()
    );
    world.check();

    // Whatever others publish now, nobody asks them.
    others.hold("redis", "1.9.0");
    world.front.clear();
    world.publish(&[]).ends_with(0).says("nothing to do");
    world.publish(&["demo"]).ends_with(0).says("nothing to do");
    world.write("charts/demo/values.yaml", "greeting: another\n");
    world.commit_and_push("Go on");
    world.publish(&[]).ends_with(0).says("unreleased changes since 1.0.0");
    world.publish(&["demo"]).ends_with(3).says("values.yaml differs").never_says("charts/redis");
    assert_eq!(asked(&world), 0, "{:?}", world.front.requests());
}

#[test]
fn a_missing_channel_is_filled_without_asking_others() {
    let (mut world, others) = with_others();
    add_demo(&mut world);
    world.publish_to(&["releases", "pages"], &[]).ends_with(0);
    others.hold("redis", "1.9.0");
    world.front.clear();
    world.publish(&[]).ends_with(0);
    assert!(world.listed().contains(&"oci demo: 1.0.0".to_owned()));
    assert_eq!(asked(&world), 0, "{:?}", world.front.requests());
}

#[test]
fn a_lock_that_does_not_fit_stops_one_chart_only() {
    let (mut world, _) = with_others();
    add_demo(&mut world);
    let lock = "dependencies: []\ndigest: sha256:0000\ngenerated: \"2024-01-01T00:00:00Z\"\n";
    world.write("charts/demo/Chart.lock", lock);
    world.chart("charts/other", "other", "1.0.0");
    world.commit_and_push("Forget the lock");
    world.publish(&[]).ends_with(1).says("charts/demo/Chart.lock").says("helm dependency update");
    assert_eq!(world.entries().len(), 1);
    assert_eq!(asked(&world), 0);
}

/// A library and a chart that needs it from the pages, or from the registry, both new.
fn with_library(repository: impl Fn(&Online) -> String) -> Online {
    let mut world = Online::new();
    world.chart("charts/library", "library", "1.0.0");
    depending(&world, "app", "1.0.0", &[("library", "^1.0.0", &repository(&world))]);
    world.commit_and_push("Add a chart and what it needs");
    world
}

fn from_the_pages(world: &Online) -> String {
    format!("{}/", world.pages_url())
}

fn position(world: &Online, what: &str) -> usize {
    let requests = world.front.requests();
    requests.iter().position(|request| request.path.contains(what)).unwrap_or_else(|| panic!("no {what}"))
}

#[test]
fn a_chart_is_published_after_the_one_of_the_same_run_that_it_needs() {
    for repository in [from_the_pages, Online::oci] {
        let world = with_library(repository);
        world
            .run(&["plan", "--channel", "releases", "--channel", "pages", "--channel", &world.oci()])
            .ends_with(0);
        world.publish(&[]).ends_with(0);
        assert_eq!(world.entries().len(), 2);
        // The draft of the second is not begun before the first is in the index.
        assert!(position(&world, "library-1.0.0.tgz") < position(&world, "app-1.0.0.tgz"));
        let library = packages::unpack(asset(&world, "library-1.0.0").into()).expect("a package");
        let app = packages::unpack(asset(&world, "app-1.0.0").into()).expect("a package");
        let inside = &app.contents.files["charts/library/values.yaml"];
        assert_eq!(inside, &library.contents.files["values.yaml"]);
        world.publish(&[]).ends_with(0).says("nothing to do");
    }
}

#[test]
fn what_failed_holds_back_what_needs_it_before_its_release_is_begun() {
    for repository in [from_the_pages, Online::oci] {
        let world = with_library(repository);
        world.front.always("POST", "name=library-1.0.0.tgz", Fault::Status(403));
        world.publish(&[]).ends_with(1).says("waits for library@1.0.0");
        assert!(world.github.tagged("app-1.0.0").is_empty());
        assert!(!world.listed().iter().any(|line| line.contains("app")), "{:?}", world.listed());
        world.front.heal();
        world.publish(&[]).ends_with(0);
        assert_eq!(world.entries().len(), 2);
    }
}

#[test]
fn what_was_published_of_a_library_goes_into_the_charts_that_need_it() {
    let mut world = with_library(from_the_pages);
    world.remove("charts/app");
    world.commit_and_push("The library alone");
    world.publish(&[]).ends_with(0);
    // The working tree has moved on, the version has not.
    world.write("charts/library/values.yaml", "greeting: work in progress\n");
    depending(&world, "app", "1.0.0", &[("library", "1.0.0", &from_the_pages(&world))]);
    world.commit_and_push("Add the chart that needs it");
    world.publish(&[]).ends_with(0).says("unreleased changes since 1.0.0");
    let library = packages::unpack(asset(&world, "library-1.0.0").into()).expect("a package");
    let app = packages::unpack(asset(&world, "app-1.0.0").into()).expect("a package");
    assert_eq!(app.contents.files["charts/library/values.yaml"], library.contents.files["values.yaml"]);
}

#[test]
fn an_older_version_of_a_library_is_taken_from_where_it_is_published() {
    let mut world = with_library(from_the_pages);
    world.publish(&[]).ends_with(0);
    world.bump("charts/library", "2.0.0");
    world.write("charts/library/values.schema.json", "{ not json");
    world.bump("charts/app", "1.0.1");
    world.commit_and_push("Go on with both");
    // The new library fails, and nobody needs it: the old one is still there.
    world.publish(&[]).ends_with(1).never_says("waits for");
    assert!(world.listed().contains(&"index.yaml: app 1.0.1".to_owned()), "{:?}", world.listed());
}

#[test]
fn a_public_chart_that_is_called_like_one_of_ours_holds_nothing_back() {
    let (mut world, _) = with_others();
    add_demo(&mut world);
    world.chart("charts/redis", "redis", "0.1.0");
    world.write("charts/redis/values.schema.json", "{ not json");
    world.commit_and_push("Add a broken one");
    world.publish(&[]).ends_with(1).never_says("waits for");
    assert_eq!(world.entries().len(), 1);
}

#[test]
fn charts_that_need_each_other_are_told_and_stop_nothing_else() {
    let mut world = Online::new();
    let pages = world.pages_url();
    depending(&world, "one", "1.0.0", &[("two", "1.0.0", &pages)]);
    depending(&world, "two", "1.0.0", &[("one", "1.0.0", &pages)]);
    world.chart("charts/demo", "demo", "1.0.0");
    world.commit_and_push("Add a circle");
    world.publish(&[]).ends_with(1).says("the charts depend on each other");
    assert_eq!(world.entries().len(), 1);
}
