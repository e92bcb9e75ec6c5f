//! Provenances of others in every channel, and what GitHub's limits do to a run of the program.

use crate::world::{front::Fault, github::Release, online::Online};
use chart_release::{charts::ChartVersion, digest::Digest, release::Mark};
use std::{fs, time::Duration};

const SIGNED: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----\nsigned\n";
const FILE: &str = "demo-1.0.0.tgz";
const PROVENANCE: &str = "demo-1.0.0.tgz.prov";

/// The bytes that this program packages, as somebody else published them.
fn packaged(world: &Online) -> Vec<u8> {
    world.run(&["package", "demo", "--into", "../packages"]).ends_with(0);
    fs::read(world.path("packages").join(FILE)).expect("a package")
}

fn index(package: &[u8]) -> String {
    let digest = Digest::of(package);
    format!(
        "apiVersion: v1\nentries:\n  demo:\n  - apiVersion: v2\n    created: \"2023-01-01T00:00:00Z\"\n    \
         digest: {}\n    name: demo\n    urls:\n    - {FILE}\n    version: 1.0.0\n\
         generated: \"2023-01-01T00:00:00Z\"\n",
        digest.hex()
    )
}

/// The layers of the chart in the registry, in their order.
fn layers(world: &Online) -> Vec<String> {
    let manifest = world.registry.manifest("acme/charts/demo", "1.0.0").expect("it is there").json();
    let layers = manifest["layers"].as_array().expect("layers").iter();
    layers.map(|layer| layer["digest"].as_str().expect("a digest").to_owned()).collect()
}

fn both(package: &[u8]) -> [String; 2] {
    [package, SIGNED].map(|bytes| Digest::of(bytes).to_string())
}

#[test]
fn a_provenance_on_the_pages_goes_along_to_the_registry_and_into_a_release() {
    let world = Online::with_a_chart();
    let package = packaged(&world);
    let index = index(&package);
    world.hold_pages(&[("index.yaml", index.as_bytes()), (FILE, &package), (PROVENANCE, SIGNED)]);

    world.publish(&[]).ends_with(0);
    assert_eq!(layers(&world), both(&package));
    assert!(world.github.releases().is_empty(), "it is public already");

    world.publish(&["--backfill"]).ends_with(0);
    let release = world.github.tagged("demo-1.0.0").remove(0);
    let assets: Vec<_> = release.assets.iter().map(|asset| (asset.name.as_str(), &asset.bytes[..])).collect();
    assert_eq!(assets, [(FILE, &package[..]), (PROVENANCE, SIGNED)]);
    assert_eq!(world.index(), index);
    world.publish(&["--backfill"]).ends_with(0).says("nothing to do");
}

#[test]
fn a_provenance_in_a_folder_goes_along_to_the_registry() {
    let world = Online::with_a_chart();
    let package = packaged(&world);
    world.write("published/index.yaml", index(&package));
    world.write(&format!("published/{FILE}"), &package);
    world.write(&format!("published/{PROVENANCE}"), SIGNED);
    world.publish_to(&["folder:published", &world.oci()], &[]).ends_with(0);
    assert_eq!(layers(&world), both(&package));
}

#[test]
fn a_provenance_in_a_release_goes_along_and_is_nothing_to_do_the_next_time() {
    let world = Online::with_a_chart();
    let package = packaged(&world);
    let release = Release::published("demo-1.0.0").asset(FILE, package.clone());
    world.github.seed(release.asset(PROVENANCE, SIGNED));
    world.hold_pages(&[("README.md", b"Charts")]);
    world.publish(&[]).ends_with(0);
    assert_eq!(layers(&world), both(&package));
    let url = &world.entries()[0].url;
    assert_eq!(world.download(&format!("{url}.prov")).as_deref(), Some(SIGNED));
    world.front.clear();
    world.publish(&[]).ends_with(0).says("nothing to do");
    assert_eq!(world.front.count("", "/objects/"), 0);
}

#[test]
fn a_release_gets_the_provenance_that_it_lacks_unless_it_is_immutable() {
    for immutable in [false, true] {
        let world = Online::with_a_chart();
        let package = packaged(&world);
        world
            .github
            .seed(Release { immutable, ..Release::published("demo-1.0.0").asset(FILE, package.clone()) });
        world.hold_pages(&[
            ("index.yaml", index(&package).as_bytes()),
            (FILE, &package),
            (PROVENANCE, SIGNED),
        ]);
        // What is seen at once comes last: not when another channel fails.
        world.front.always("POST", "/v2/", Fault::Status(403));
        world.publish(&[]).ends_with(1);
        assert_eq!(world.github.tagged("demo-1.0.0")[0].assets.len(), 1);
        world.front.heal();
        world.publish(&[]).ends_with(0);
        assert_eq!(world.github.tagged("demo-1.0.0")[0].assets.len(), if immutable { 1 } else { 2 });
        assert_eq!(layers(&world), both(&package));
        world.publish(&[]).ends_with(0).says("nothing to do");
    }
}

#[test]
fn a_used_up_hour_counts_provenances_too_and_the_next_run_completes() {
    let mut world = Online::with_a_chart();
    let package = packaged(&world);
    world.hold_pages(&[("index.yaml", index(&package).as_bytes()), (FILE, &package), (PROVENANCE, SIGNED)]);
    world.chart("charts/other", "other", "1.0.0");
    world.commit("Add another");
    world.push();
    // A draft, two files and its publication; then a draft, one file and its publication.
    let arguments = ["--backfill", "--jobs", "1", "--github-writes-per-hour", "6"];
    world.publish(&arguments).ends_with(4).says("6 writes an hour").says("run again in");
    let releases = world.github.releases();
    assert_eq!(releases.iter().filter(|release| !release.draft).count(), 1, "{releases:?}");
    assert!(releases.iter().all(|release| !release.draft), "none was begun that cannot be finished");
    world.publish(&arguments).ends_with(0);
    assert_eq!(world.github.releases().len(), 2);
    assert_eq!(world.entries().len(), 2);
}

#[test]
fn whoever_published_other_bytes_under_the_tag_is_told_and_nothing_else_is_made() {
    let world = Online::with_a_chart();
    let github = world.github.clone();
    let mut there = false;
    world.front.plan(move |request| {
        if request.method == "PATCH" && !std::mem::replace(&mut there, true) {
            github.seed(Release::published("demo-1.0.0").asset(FILE, &b"other bytes"[..]));
        }
        None
    });
    world.publish(&[]).ends_with(3).says("releases");
    assert_eq!(world.listed(), ["release demo-1.0.0: demo-1.0.0.tgz", "tag demo-1.0.0"]);
}

#[test]
fn notes_that_are_not_there_are_told() {
    let world = Online::with_a_chart();
    world.publish(&["--release-notes-file", "NOTES.md"]).ends_with(0).says("demo@1.0.0 has no NOTES.md");
}

#[test]
fn a_limit_that_does_not_pass_ends_the_run_which_the_next_one_completes() {
    for (method, part) in [
        ("GET", "/releases?"),
        ("GET", "/git/ref/"),
        ("POST", "/charts/releases"),
        ("POST", "/assets"),
        ("GET", "/releases/1"),
        ("GET", "/releases/latest"),
        ("PATCH", "/releases/"),
    ] {
        let world = Online::with_a_chart();
        world.front.always(method, part, Fault::TooMany(0));
        world.publish(&[]).ends_with(4).says("429");
        world.front.heal();
        world.publish(&[]).ends_with(0);
        assert_eq!(world.listed().len(), 4, "{method} {part}");
    }
}

#[test]
fn a_secondary_limit_in_the_middle_is_waited_for_when_it_is_short() {
    let world = Online::with_a_chart();
    world.github.set(|switches| switches.secondary_limit = Some((1, Duration::from_millis(300))));
    world.publish(&[]).ends_with(0);
    assert_eq!(world.listed().len(), 4);

    let world = Online::with_a_chart();
    world.github.set(|switches| switches.secondary_limit = Some((1, Duration::from_secs(600))));
    world.publish(&[]).ends_with(4).says("asks to wait 600 s");
    world.github.set(|switches| switches.secondary_limit = None);
    world.publish(&[]).ends_with(0);
    assert_eq!(world.listed().len(), 4);
}

#[test]
fn silence_is_not_waited_for_for_ever() {
    let world = Online::with_a_chart();
    world.front.always("GET", "/releases?", Fault::Hang);
    world.publish(&["--timeout", "1", "--retries", "0"]).ends_with(4).says("no answer in time");
    world.front.heal();
    world.publish(&[]).ends_with(0);
}

#[test]
fn a_version_that_was_begun_twice_is_finished_once() {
    let mut world = Online::with_a_chart();
    let mark = Mark {
        is: ChartVersion::new("demo", "1.0.0"),
        package: Digest::of(&packaged(&world)),
        path: "charts/demo".into(),
        commit: Some(world.git(&["rev-parse", "HEAD"]).trim().to_owned()),
        revision: None,
        created: 1_700_000_060,
    };
    world.bump("charts/demo", "1.1.0");
    world.commit("Bump it");
    world.push();
    for _ in 0..2 {
        world.github.seed(Release { body: mark.line(), ..Release::draft("demo-1.0.0") });
    }
    let run = world.publish(&[]).ends_with(0);
    assert_eq!(
        run.err.matches("demo@1.0.0 in pages").count(),
        run.err.matches("demo@1.1.0 in pages").count()
    );
    assert_eq!(world.listed().len(), 8, "{:?}", world.listed());
    assert!(world.github.releases().iter().all(|release| !release.draft));
}
