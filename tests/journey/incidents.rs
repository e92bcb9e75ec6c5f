//! What happened to others, played again. Of the twelve incidents that this program was built against:
//!
//! 1. Generated files changed under one version, and an older tag of the application made the chart look new:
//!    `generated_files_that_changed_under_a_version_move_nothing`.
//! 2. A crash after the release, and every later run said "release exists":
//!    `a_run_that_died_behind_the_release_is_finished_in_the_registry`.
//! 3. Pushed, and the signature failed: waits for signatures.
//! 4. A lookup that failed was taken for "not there": `a_registry_that_does_not_answer_is_not_pushed_to`.
//! 5. Immutable releases, drafts made twice, burned tags: `begun::immutable_releases_are_published_whole_and_once`,
//!    `begun::a_release_that_lacks_its_package_is_completed_unless_it_is_immutable`,
//!    `begun::the_tag_of_an_immutable_release_that_was_deleted_is_told_to_be_burned`,
//!    `begun::two_drafts_of_ours_become_one_release`.
//! 6. A registry that answers 401 for a new name when a token may only pull:
//!    `a_registry_that_hides_new_names_gets_them`.
//! 7. An index of referrers that holds somebody's attestation: waits for attestations; until then
//!    `what_others_attached_to_a_chart_stays` shows that nothing of it is touched.
//! 8. One commit packed on two machines: `two_machines_make_the_same_of_one_commit`.
//! 9. An annotation that Artifact Hub rejects for ever: waits for the checks of Artifact Hub's annotations.
//! 10. A provenance whose digest sorts before the chart's: `the_chart_is_the_first_layer_whatever_its_digest`.
//! 11. Images of several dependencies, of which the last won: waits for image lists.
//! 12. Two images with one base name: waits for image lists.

use crate::world::{
    front::Fault,
    github::Release,
    online::{Online, PASSWORD},
};
use chart_release::digest::Digest;
use serde_json::json;

const DONE: [&str; 4] =
    ["index.yaml: demo 1.0.0", "oci demo: 1.0.0", "release demo-1.0.0: demo-1.0.0.tgz", "tag demo-1.0.0"];

#[test]
fn generated_files_that_changed_under_a_version_move_nothing() {
    let mut world = Online::new();
    world.write("main.go", "package main\n");
    let application = world.commit("An application");
    world.chart("charts/demo", "demo", "1.0.0");
    world.write("charts/demo/.gitignore", "/crds/\n");
    world.commit_and_push("A chart");
    // The newest tag is the application's, and older than the chart.
    world.git(&["tag", "v0.16.2", &application]);
    world.git.run(&["tag", "v0.16.2", &application]);
    let crd = |served: bool| format!("apiVersion: v1\nkind: CustomResourceDefinition\nserved: {served}\n");
    world.write("charts/demo/crds/store.yaml", crd(true));
    world.publish_to(&["releases", "pages"], &[]).ends_with(0).says("crds/store.yaml");
    let before = world.published();
    world.write("main.go", "package main // and more\n");
    world.commit_and_push("Go on");
    world.write("charts/demo/crds/store.yaml", crd(false));

    world.publish_to(&["releases", "pages"], &[]).ends_with(0);
    assert_eq!(world.published(), before);
    for arguments in [["demo"], ["--strict"]] {
        world.publish_to(&["releases", "pages"], &arguments).ends_with(3).says("crds/store.yaml differs");
        assert_eq!(world.published(), before);
    }
    // Nor does another package come to a channel that lacks the version.
    world.publish(&[]).ends_with(3).says("crds/store.yaml differs");
    assert_eq!(world.published(), before);
}

#[test]
fn a_run_that_died_behind_the_release_is_finished_in_the_registry() {
    let world = Online::with_a_chart();
    world.front.at_nth("PATCH", "/releases/", 1, Fault::KillAfter);
    world.publish(&[]).was_killed();
    world.front.heal();
    assert_eq!(world.listed(), ["release demo-1.0.0: demo-1.0.0.tgz", "tag demo-1.0.0"]);
    let writes = world.github.writes();

    world.publish(&[]).ends_with(0);

    assert_eq!(world.listed(), DONE);
    assert_eq!(world.github.writes(), writes);
}

#[test]
fn a_registry_that_does_not_answer_is_not_pushed_to() {
    for (fault, code) in [
        (Fault::Status(500), 4),
        (Fault::Status(503), 4),
        (Fault::Status(403), 1),
        (Fault::Reset, 4),
        (Fault::SignInPage, 1),
    ] {
        let mut world = Online::with_a_chart();
        world.publish(&[]).ends_with(0);
        let before = world.published();
        let pushes = world.registry.pushes();
        world.write("README.md", format!("{fault:?}\n"));
        world.commit_and_push("Touch something else");
        world.front.always("HEAD", "/manifests/", fault);
        world.front.always("GET", "/manifests/", fault);

        world.publish(&[]).ends_with(code).says("oci://");

        assert_eq!(world.registry.pushes(), pushes, "{fault:?}");
        assert_eq!(world.published(), before, "{fault:?}");
    }
}

#[test]
fn a_registry_that_hides_new_names_gets_them() {
    let world = Online::with_a_chart();
    world.registry.habits(|habits| habits.hides_new_names = true);
    world.publish(&[]).ends_with(0);
    assert_eq!(world.listed(), DONE);
}

#[test]
fn what_others_attached_to_a_chart_stays() {
    let mut world = Online::with_a_chart();
    world.publish(&[]).ends_with(0);
    let name = "acme/charts/demo";
    let subject = world.registry.tags(name)["1.0.0"].clone();
    let attestation = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": Digest::of(b"{}").to_string(), "size": 2 },
        "layers": [],
    });
    let fallback = subject.replace(':', "-");
    world.registry.hold(name, &fallback, &attestation, &[b"{}"]);
    let there = world.registry.tags(name);
    world.bump("charts/demo", "1.1.0");
    world.commit_and_push("Bump it");

    world.publish(&[]).ends_with(0);

    let after = world.registry.tags(name);
    assert!(there.iter().all(|(tag, digest)| after.get(tag) == Some(digest)), "{after:?}");
    assert_eq!(after.len(), 3);
}

#[test]
fn two_machines_make_the_same_of_one_commit() {
    let publish = |variables: &[(&str, &str)]| {
        let world = Online::with_a_chart();
        let oci = world.oci();
        let channels = ["publish", "--channel", "releases", "--channel", "pages", "--channel", &oci];
        world.run_with(variables, &channels).ends_with(0);
        world.published()
    };
    let one = publish(&[("TZ", "Pacific/Kiritimati"), ("LC_ALL", "tr_TR.UTF-8"), ("USER", "one")]);
    let other = publish(&[("TZ", "America/St_Johns"), ("LC_ALL", "C"), ("LANG", "zh_CN"), ("USER", "other")]);
    assert_eq!(one, other);
}

#[test]
fn the_chart_is_the_first_layer_whatever_its_digest() {
    let world = Online::with_a_chart();
    let package = world.packed_by_others("demo");
    let chart = Digest::of(&package).to_string();
    let before = |text: &String| Digest::of(text.as_bytes()).to_string() < chart;
    let provenance = (0..).map(|number| format!("a provenance, signed {number} times\n")).find(before);
    let provenance = provenance.expect("one of them");
    let release = Release::published("demo-1.0.0").asset("demo-1.0.0.tgz", package);
    world.github.seed(release.asset("demo-1.0.0.tgz.prov", provenance.clone()));

    world.publish_to(&["releases", &world.oci()], &[]).ends_with(0);

    let manifest = world.registry.manifest("acme/charts/demo", "1.0.0").expect("a manifest").json();
    let layers: Vec<&str> = manifest["layers"]
        .as_array()
        .expect("layers")
        .iter()
        .filter_map(|layer| layer["digest"].as_str())
        .collect();
    assert_eq!(layers, [chart, Digest::of(provenance.as_bytes()).to_string()]);
}

#[test]
fn a_password_in_a_chart_is_never_published() {
    let mut world = Online::with_a_chart();
    world.chart("charts/other", "other", "1.0.0");
    world.commit("Add another chart");
    // Only where nobody else sees it: what is committed would be in the origin.
    world.write(".git/info/exclude", "/charts/demo/secret.txt\n");
    world.write("charts/demo/secret.txt", PASSWORD);
    world.push();
    world.publish(&[]).ends_with(1).says("charts/demo/secret.txt");
    world.remove("charts/demo/secret.txt");
    assert!(world.listed().iter().all(|line| !line.contains("demo")), "{:?}", world.listed());
}
