//! Releases, pages and a registry at once: the same bytes in each, and nothing done twice.

use crate::world::online::Online;

fn two_charts() -> Online {
    let mut world = Online::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.chart("charts/other", "other", "0.3.1-rc.1+build.7");
    world.commit("Add two charts");
    world.push();
    world
}

#[test]
fn one_publish_brings_every_version_to_every_channel() {
    let world = two_charts();

    world.publish(&[]).ends_with(0).says("demo").says("other");

    assert_eq!(
        world.listed(),
        [
            "index.yaml: demo 1.0.0",
            "index.yaml: other 0.3.1-rc.1+build.7",
            "oci demo: 1.0.0",
            "oci other: 0.3.1-rc.1_build.7",
            "release demo-1.0.0: demo-1.0.0.tgz",
            "release other-0.3.1-rc.1+build.7: other-0.3.1-rc.1+build.7.tgz",
            "tag demo-1.0.0",
            "tag other-0.3.1-rc.1+build.7",
        ]
    );
    assert_eq!(world.pages_commits(), 2, "one that makes the branch, and one for the wave");
    let releases = world.github.releases();
    assert!(releases.iter().all(|release| release.prerelease == release.tag.contains("-rc.")));
    // One time everywhere: that of the commit.
    let index = world.index();
    assert_eq!(index.matches("created: \"2023-11-14T22:14:20Z\"").count(), 2, "{index}");
    for name in world.registry.names() {
        for tag in world.registry.tags(&name).into_keys() {
            let manifest = world.registry.manifest(&name, &tag).expect("a manifest").json();
            assert_eq!(manifest["annotations"]["org.opencontainers.image.created"], "2023-11-14T22:14:20Z");
        }
    }
    assert_eq!(world.registry.open_uploads(), 0, "what proved that it may write was cancelled");
    // As a person's Helm does: over the index to the bytes, following redirects.
    for entry in world.entries() {
        let package = world.download(&entry.url).expect("the index leads to a package");
        assert_eq!(chart_release::digest::Digest::of(&package).hex(), entry.digest);
    }
}

#[test]
fn with_nothing_to_do_it_asks_once_and_does_nothing() {
    let world = two_charts();
    world.publish(&[]).ends_with(0);
    let before = world.published();
    world.front.clear();

    world.publish(&["-v"]).ends_with(0).says("nothing to do").never_says("packaged");

    let calls: Vec<String> = world.front.requests().iter().map(|request| request.call()).collect();
    let count = |method, part| world.front.count(method, part);
    // The pages branch is fetched once: where it is, how deep, and its objects.
    assert_eq!(count("GET", "/acme/charts.git/info/refs?service=git-upload-pack"), 1, "{calls:#?}");
    assert!(count("POST", "/acme/charts.git/git-upload-pack") <= 2, "{calls:#?}");
    assert_eq!(count("", "git-receive-pack"), 0, "{calls:#?}");
    // One page of releases, and nothing that grows with their number.
    assert_eq!(count("GET", "/api/v3/repos/acme/charts/releases?"), 1, "{calls:#?}");
    assert_eq!(count("", "/api/"), 1, "{calls:#?}");
    // One HEAD for each chart in the registry.
    assert_eq!(count("HEAD", "/v2/acme/charts/demo/manifests/1.0.0"), 1, "{calls:#?}");
    assert_eq!(count("HEAD", "/v2/acme/charts/other/manifests/0.3.1-rc.1_build.7"), 1, "{calls:#?}");
    assert_eq!(count("", "/manifests/") + count("", "/blobs/"), 2, "{calls:#?}");
    // Nothing is written, and nothing downloaded.
    for method in ["PUT", "PATCH", "DELETE"] {
        assert_eq!(count(method, ""), 0, "{calls:#?}");
    }
    assert_eq!(count("POST", ""), count("POST", "/git-upload-pack"), "{calls:#?}");
    assert_eq!(count("", "/releases/download/") + count("", "/objects/"), 0, "{calls:#?}");
    assert_eq!(world.published(), before);
}

#[test]
fn a_new_version_is_added_to_what_is_there() {
    let mut world = two_charts();
    world.publish(&[]).ends_with(0);
    let before = world.listed();
    let commits = world.pages_commits();
    world.bump("charts/demo", "1.1.0");
    world.commit("Bump it");
    world.push();

    world.publish(&[]).ends_with(0);

    let after = world.listed();
    let new: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
    assert_eq!(
        new,
        ["index.yaml: demo 1.1.0", "oci demo: 1.1.0", "release demo-1.1.0: demo-1.1.0.tgz", "tag demo-1.1.0"]
    );
    assert_eq!(after.len(), before.len() + 4);
    assert_eq!(world.pages_commits(), commits + 1, "one commit for a wave");
}

#[test]
fn two_worlds_with_the_same_history_publish_the_same() {
    let [one, other] = [two_charts(), two_charts()];
    one.publish(&[]).ends_with(0);
    other.publish(&["--jobs", "4"]).ends_with(0);
    assert_eq!(one.published(), other.published());
}

#[test]
fn a_plan_asks_and_writes_nothing() {
    let world = two_charts();
    let oci = world.oci();
    world.run(&["plan", "--channel", "releases", "--channel", "pages", "--channel", &oci]).ends_with(0);
    for method in ["PUT", "PATCH", "DELETE"] {
        assert_eq!(world.front.count(method, ""), 0, "{method}");
    }
    assert_eq!(world.front.count("POST", ""), world.front.count("POST", "/git-upload-pack"));
    assert_eq!(world.published(), [""; 0]);
}
