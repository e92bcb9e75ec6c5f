//! Packages that are signed: with their release, later where that is possible, and always in the same bytes.

use crate::world::{
    Run,
    front::Fault,
    github::{READ_TOKEN, Release},
    online::Online,
};
use chart_release::{digest::Digest, provenance};
use std::fs;

/// A key that was made for these stories, in the year 2020.
const SECRET_KEY: &str = include_str!("keys/test.secret.asc");
const PUBLIC_KEY: &[u8] = include_bytes!("keys/test.public.asc");
const PASSPHRASE: &str = "marked passphrase of a test key";
const FILE: &str = "demo-1.0.0.tgz";
const PROVENANCE: &str = "demo-1.0.0.tgz.prov";

const KEY: [(&str, &str); 2] =
    [("CHART_RELEASE_SIGNING_KEY", SECRET_KEY), ("CHART_RELEASE_SIGNING_PASSPHRASE", PASSPHRASE)];

/// Whatever a run says, it does not say who could sign in our name.
#[track_caller]
fn keeps_the_secret(run: Run) -> Run {
    let body = SECRET_KEY.lines().filter(|line| line.len() > 30 && !line.starts_with("---"));
    body.fold(run.never_says(PASSPHRASE), Run::never_says)
}

#[track_caller]
fn publish_to(world: &Online, channels: &[&str], arguments: &[&str]) -> Run {
    let channels: Vec<&str> = channels.iter().flat_map(|channel| ["--channel", channel]).collect();
    let arguments = [&["publish"], channels.as_slice(), arguments].concat();
    keeps_the_secret(world.run_with(&KEY, &arguments))
}

#[track_caller]
fn publish(world: &Online, arguments: &[&str]) -> Run {
    publish_to(world, &["releases", "pages", &world.oci()], arguments)
}

/// A file of the release.
fn asset(world: &Online, name: &str) -> Option<Vec<u8>> {
    let release = world.github.tagged("demo-1.0.0").into_iter().find(|release| !release.draft)?;
    release.assets.iter().find(|asset| asset.name == name).map(|asset| asset.bytes.to_vec())
}

/// The digest of the second layer in the registry.
fn layer(world: &Online) -> Option<String> {
    let manifest = world.registry.manifest("acme/charts/demo", "1.0.0")?.json();
    manifest["layers"][1]["digest"].as_str().map(ToOwned::to_owned)
}

#[track_caller]
fn is_signed(package: &[u8], provenance: &[u8]) {
    let now = jiff::Timestamp::now().as_second();
    let keyring = provenance::Keyring::read(PUBLIC_KEY).expect("a keyring");
    let verified = provenance::verify(&keyring, FILE, package, provenance, now).expect("a good signature");
    assert_eq!(verified.package, Digest::of(package));
}

#[test]
fn a_signed_version_has_one_provenance_in_every_channel() {
    let world = Online::with_a_chart();
    let channels = ["releases", "pages", &world.oci(), "folder:published"];
    publish_to(&world, &channels, &[]).ends_with(0);
    let [package, signature] = [FILE, PROVENANCE].map(|name| asset(&world, name).expect("an asset"));
    is_signed(&package, &signature);
    assert_eq!(layer(&world), Some(Digest::of(&signature).to_string()));
    assert_eq!(fs::read(world.repository().join("published").join(PROVENANCE)).expect("a file"), signature);
    let url = &world.entries()[0].url;
    assert_eq!(world.download(&format!("{url}.prov")), Some(signature));

    world.front.clear();
    publish_to(&world, &channels, &[]).ends_with(0).says("nothing to do");
    assert_eq!(world.downloads(), 0);
}

#[test]
fn a_provenance_lies_beside_its_package_on_the_pages() {
    let world = Online::with_a_chart();
    publish_to(&world, &["pages"], &[]).ends_with(0);
    let [package, signature] = [FILE, PROVENANCE].map(|name| world.git.page(name).expect("a page"));
    is_signed(&package, &signature);
    publish_to(&world, &["pages"], &[]).ends_with(0).says("nothing to do");
}

#[test]
fn a_run_that_is_killed_is_finished_with_the_same_signature() {
    let clean = Online::with_a_chart();
    publish(&clean, &["--jobs", "1"]).ends_with(0);
    let requests = clean.front.requests().len();
    let signature = asset(&clean, PROVENANCE).expect("an asset");
    for number in (2..=requests).step_by(3) {
        let world = Online::with_a_chart();
        world.front.at(number, if number % 2 == 0 { Fault::KillAfter } else { Fault::KillBefore });
        publish(&world, &["--jobs", "1"]).was_killed();
        world.front.heal();
        publish(&world, &["--jobs", "1"]).ends_with(0);
        assert_eq!(asset(&world, PROVENANCE).as_ref(), Some(&signature), "killed at {number}");
        assert_eq!(layer(&world), Some(Digest::of(&signature).to_string()), "killed at {number}");
        publish(&world, &[]).ends_with(0).says("nothing to do");
    }
}

#[test]
fn signing_that_begins_later_reaches_what_can_still_take_it() {
    let world = Online::with_a_chart();
    world.publish(&[]).ends_with(0);
    assert_eq!(asset(&world, PROVENANCE), None);
    let plan = ["plan", "--channel", "releases", "--channel", "pages", "--channel", &world.oci()];
    keeps_the_secret(world.run_with(&KEY, &plan)).ends_with(0).says("attach").says("without its provenance");
    publish(&world, &[]).ends_with(0).says("attached");
    let [package, signature] = [FILE, PROVENANCE].map(|name| asset(&world, name).expect("an asset"));
    is_signed(&package, &signature);
    assert_eq!(layer(&world), None, "a tag never moves");
    world.front.clear();
    publish(&world, &[]).ends_with(0).says("nothing to do");
    assert_eq!(world.downloads(), 0);

    let world = Online::with_a_chart();
    world.publish_to(&["pages", "folder:published"], &[]).ends_with(0);
    publish_to(&world, &["pages", "folder:published"], &[]).ends_with(0).says("attached");
    let signature = world.git.page(PROVENANCE).expect("a page");
    is_signed(&world.git.page(FILE).expect("a page"), &signature);
    assert_eq!(fs::read(world.repository().join("published").join(PROVENANCE)).expect("a file"), signature);
    publish_to(&world, &["pages", "folder:published"], &[]).ends_with(0).says("nothing to do");
}

#[test]
fn a_run_that_only_attaches_and_is_killed_is_finished_with_the_same_signature() {
    let unsigned = || {
        let world = Online::with_a_chart();
        world.publish(&[]).ends_with(0);
        world.front.clear();
        world
    };
    let clean = unsigned();
    publish(&clean, &[]).ends_with(0);
    let requests = clean.front.requests().len();
    let signature = asset(&clean, PROVENANCE).expect("an asset");
    for number in (1..=requests).step_by(2) {
        let world = unsigned();
        world.front.at(number, if number % 4 == 1 { Fault::KillBefore } else { Fault::KillMiddle });
        publish(&world, &[]).was_killed();
        world.front.heal();
        publish(&world, &[]).ends_with(0);
        assert_eq!(asset(&world, PROVENANCE).as_ref(), Some(&signature), "killed at {number}");
    }
}

#[test]
fn what_cannot_take_a_provenance_any_more_costs_nothing() {
    let world = Online::with_a_chart();
    world.github.set(|switches| switches.immutable = true);
    world.publish(&[]).ends_with(0);
    world.front.clear();
    publish(&world, &["-v"]).ends_with(0).says("nothing to do").never_says("packaged");
    assert_eq!(world.downloads(), 0);
    assert_eq!(asset(&world, PROVENANCE), None);
}

#[test]
fn other_content_is_not_signed_in_our_name() {
    let world = Online::with_a_chart();
    let package = world.packed_with_values("charts/demo", "demo", "greeting: from somebody else\n");
    world.github.seed(Release::published("demo-1.0.0").asset(FILE, package));
    publish_to(&world, &["releases"], &[])
        .ends_with(0)
        .says("not signed: other content is published, values.yaml differs");
    assert_eq!(asset(&world, PROVENANCE), None);
}

#[test]
fn what_is_signed_later_is_compared_with_its_subcharts() {
    let needing_redis = || {
        let mut world = Online::with_a_chart();
        world.others.hold("redis", "1.0.0");
        let repository = format!("{}/others", world.front.url());
        let chart_yaml = format!(
            "apiVersion: v2\nname: demo\nversion: 1.0.0\ndependencies:\n- name: redis\n  version: ^1.0.0\n  repository: {repository}\n"
        );
        world.write("charts/demo/Chart.yaml", chart_yaml);
        world.commit_and_push("Need another chart");
        world.publish_to(&["releases"], &[]).ends_with(0);
        world
    };
    let world = needing_redis();
    publish_to(&world, &["releases"], &[]).ends_with(0).says("attached");
    is_signed(&asset(&world, FILE).expect("an asset"), &asset(&world, PROVENANCE).expect("an asset"));

    // What the chart makes now has another subchart: nobody vouches for the one that is published.
    let world = needing_redis();
    world.others.hold("redis", "1.1.0");
    publish_to(&world, &["releases"], &[]).ends_with(0).says("not signed").says("charts/redis/");
    assert_eq!(asset(&world, PROVENANCE), None);
}

#[test]
fn the_same_content_in_other_bytes_is_signed_as_it_is_published() {
    let world = Online::with_a_chart();
    let package = world.packed_by_others("demo");
    world.github.seed(Release::published("demo-1.0.0").asset(FILE, package.clone()));
    publish_to(&world, &["releases"], &[]).ends_with(0);
    is_signed(&package, &asset(&world, PROVENANCE).expect("an asset"));
    publish_to(&world, &["releases"], &[]).ends_with(0).says("nothing to do");
}

#[test]
fn a_provenance_that_is_in_the_registry_only_is_not_made_again() {
    let world = Online::with_a_chart();
    publish_to(&world, &[&world.oci()], &[]).ends_with(0);
    let package = world.packed_at("demo", 318_211_200);
    assert_eq!(
        world.registry.manifest("acme/charts/demo", "1.0.0").expect("a manifest").json()["layers"][0]["digest"],
        Digest::of(&package).to_string()
    );
    world.github.seed(Release::published("demo-1.0.0").asset(FILE, package));
    publish_to(&world, &["releases", &world.oci()], &[]).ends_with(0).says("attached");
    let signature = asset(&world, PROVENANCE).expect("an asset");
    assert_eq!(layer(&world), Some(Digest::of(&signature).to_string()));
}

#[test]
fn who_may_not_attach_is_told_before_anything_is_written() {
    let world = Online::with_a_chart();
    world.publish_to(&["releases"], &[]).ends_with(0);
    let before = world.github.writes();
    let reader = [KEY.as_slice(), &[("GITHUB_TOKEN", READ_TOKEN)]].concat();
    world.git.token(READ_TOKEN, false);
    world.run_with(&reader, &["publish", "--channel", "releases"]).ends_with(1).says("contents: write");
    assert_eq!(world.github.writes(), before);
}

#[test]
fn what_was_begun_without_a_signature_is_finished_with_one() {
    let mut world = Online::with_a_chart();
    world.front.at_nth("PATCH", "/releases/", 1, Fault::KillBefore);
    world.publish(&[]).was_killed();
    world.front.heal();
    world.bump("charts/demo", "1.1.0");
    world.commit_and_push("Bump it");
    publish(&world, &[]).ends_with(0);
    is_signed(&asset(&world, FILE).expect("an asset"), &asset(&world, PROVENANCE).expect("an asset"));
    assert_eq!(world.github.tagged("demo-1.1.0")[0].assets.len(), 2);
}
