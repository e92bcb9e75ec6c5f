//! Packages beside the index though there are releases: what private repositories need, where Helm gets no asset.

use crate::world::{front::Fault, online::Online};

const BOTH: [&str; 2] = ["releases", "pages"];

#[test]
fn packages_lie_beside_the_index_with_the_bytes_of_the_releases() {
    let mut world = Online::with_a_chart();
    world.chart("charts/other", "other", "0.3.1-rc.1+build.7");
    world.commit_and_push("Add another chart");

    world.publish(&["--packages-with-index"]).ends_with(0);

    assert_eq!(
        world.listed(),
        [
            "index.yaml: demo 1.0.0",
            "index.yaml: other 0.3.1-rc.1+build.7",
            "oci demo: 1.0.0",
            "oci other: 0.3.1-rc.1_build.7",
            "pages demo-1.0.0.tgz",
            "pages other-0.3.1-rc.1+build.7.tgz",
            "release demo-1.0.0: demo-1.0.0.tgz",
            "release other-0.3.1-rc.1+build.7: other-0.3.1-rc.1+build.7.tgz",
            "tag demo-1.0.0",
            "tag other-0.3.1-rc.1+build.7",
        ]
    );
    assert_eq!(world.pages_commits(), 2, "packages and entries come together");
    let pages = world.pages();
    for entry in world.entries() {
        let file = format!("{}-{}.tgz", entry.chart, entry.version);
        assert_eq!(entry.url, file);
        let release = world.github.tagged(file.trim_end_matches(".tgz")).remove(0);
        assert_eq!(pages[&file], release.assets[0].bytes);
    }
    world.publish(&["--packages-with-index"]).ends_with(0).says("nothing to do");
    world.publish(&[]).ends_with(0).says("nothing to do");
}

#[test]
fn entries_that_lead_to_releases_stay_when_packages_come_beside_the_index() {
    let mut world = Online::with_a_chart();
    world.publish_to(&BOTH, &[]).ends_with(0);
    let asset = world.asset_url("demo-1.0.0", "demo-1.0.0.tgz");
    world.publish_to(&BOTH, &["--packages-with-index"]).ends_with(0).says("nothing to do");
    world.bump("charts/demo", "1.1.0");
    world.write("chart-release.yaml", "packages-with-index: true\n");
    world.commit_and_push("Bump it");

    world.publish_to(&BOTH, &[]).ends_with(0);

    let urls: Vec<(String, String)> =
        world.entries().into_iter().map(|entry| (entry.version, entry.url)).collect();
    assert_eq!(urls, [("1.1.0".into(), "demo-1.1.0.tgz".into()), ("1.0.0".into(), asset)]);
    let packages: Vec<String> = world.pages().into_keys().filter(|path| path.ends_with(".tgz")).collect();
    assert_eq!(packages, ["demo-1.1.0.tgz"]);
}

#[test]
fn a_run_that_died_after_the_release_is_finished_with_the_bytes_of_its_asset() {
    let mut world = Online::with_a_chart();
    world.front.at_nth("PATCH", "/releases/", 1, Fault::KillAfter);
    world.publish_to(&BOTH, &["--packages-with-index"]).was_killed();
    world.front.heal();
    assert_eq!(world.listed(), ["release demo-1.0.0: demo-1.0.0.tgz", "tag demo-1.0.0"]);
    world.bump("charts/demo", "1.1.0");
    world.commit_and_push("Bump it");

    world.publish_to(&BOTH, &["--packages-with-index"]).ends_with(0);

    let asset = world.github.tagged("demo-1.0.0").remove(0).assets.remove(0);
    assert_eq!(world.pages()["demo-1.0.0.tgz"], asset.bytes);
    assert_eq!(world.entries().len(), 2);
}
