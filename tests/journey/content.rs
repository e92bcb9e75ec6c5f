//! Other content under a version that is published: refused when asked for, kept and told in a sweep.

use crate::world::World;
use std::fs;

fn published_and_moved_on() -> World {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.2.0");
    world.commit("Add a chart");
    world.publish(&[]).ends_with(0);
    world.write("charts/demo/values.yaml", "greeting: good evening\n");
    world.write("charts/demo/templates/service.yaml", "kind: Service\n");
    world.commit("Work on it");
    world
}

const STORED: [&str; 3] = ["demo-1.2.0.tgz", "index.yaml: demo-1.2.0.tgz", "oci/demo: 1.2.0"];

#[test]
fn a_sweep_keeps_what_is_published_and_tells_what_is_new() {
    let world = published_and_moved_on();
    let before = world.bytes();
    world.publish(&[]).ends_with(0).says("unreleased changes since 1.2.0 (2 files)");
    assert_eq!(world.bytes(), before);
    assert_eq!(world.stored(), STORED);
}

#[test]
fn a_file_that_a_step_makes_anew_before_each_run_is_a_change_only_when_it_differs() {
    let world = World::with_a_chart();
    let made = "charts/demo/generated.yaml";
    world.write(made, "made: once\n");
    world.publish(&[]).ends_with(0).says("published 1");
    world.write(made, "made: once\n");
    let told = world.publish(&[]).ends_with(0);
    assert!(!told.out.contains("unreleased changes"), "{}", told.out);
    world.write(made, "made: twice\n");
    world.publish(&[]).ends_with(0).says("unreleased changes since 1.0.0 (1 file)");
}

#[test]
fn asking_for_the_version_is_refused_with_the_files_that_differ() {
    let world = published_and_moved_on();
    let before = world.bytes();
    for arguments in [["demo"], ["demo@1.2.0"], ["--strict"]] {
        world.publish(&arguments).ends_with(3).says("templates/service.yaml").says("values.yaml");
        world.run(&[&["plan"], &arguments[..]].concat()).ends_with(3).says("refuse");
    }
    assert_eq!(world.bytes(), before);
    assert_eq!(world.stored(), STORED);
}

#[test]
fn changes_that_are_not_packaged_are_no_changes() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.2.0");
    world.write("charts/demo/.helmignore", "*.md\n");
    world.commit("Add a chart");
    world.publish(&[]).ends_with(0);
    world.write("charts/demo/README.md", "Not packaged.\n");
    world.commit("Write about it");
    world.publish(&[]).ends_with(0).never_says("unreleased");
    world.publish(&["demo"]).ends_with(0);
    assert_eq!(world.stored(), STORED);
}

#[test]
fn the_same_content_in_other_bytes_is_kept() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.2.0");
    world.commit("Add a chart");
    world.run(&["package", "--into", "../elsewhere"]).ends_with(0);
    // Somebody else's packager: the same files, other compression, other time.
    let ours = fs::read(world.path("elsewhere/demo-1.2.0.tgz")).expect("a package");
    let mut tar = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&ours[..]), &mut tar).expect("gzip");
    let mut encoder = flate2::GzBuilder::new().mtime(77).write(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, &tar).expect("gzip");
    let theirs = encoder.finish().expect("gzip");
    assert_ne!(theirs, ours);
    let digest = chart_release::digest::Digest::of(&theirs).hex();
    world.write("published/demo-1.2.0.tgz", &theirs);
    let entry = format!(
        "apiVersion: v1\nentries:\n  demo:\n  # written by hand\n  - apiVersion: v2\n    created: \"2020-01-01T00:00:00Z\"\n    digest: {digest}\n    name: demo\n    urls:\n    - demo-1.2.0.tgz\n    version: 1.2.0\ngenerated: \"2020-01-01T00:00:00Z\"\n"
    );
    world.write("published/index.yaml", &entry);

    world.publish(&["demo"]).ends_with(0);

    assert_eq!(world.index(), entry, "the entry of the first publisher stands");
    assert_eq!(fs::read(world.repository().join("published/demo-1.2.0.tgz")).expect("a package"), theirs);
    assert_eq!(world.stored(), STORED, "and only the layout was added");
}

#[test]
fn a_second_channel_gets_the_published_bytes_and_their_provenance() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.2.0");
    world.commit("Add a chart");
    world.publish(&["--channel", "folder:first"]).ends_with(0);
    world.write("first/demo-1.2.0.tgz.prov", "a provenance\n");

    world.publish(&["--channel", "folder:first", "--channel", "folder:second"]).ends_with(0);

    let read = |path: &str| fs::read(world.repository().join(path)).expect(path);
    assert_eq!(read("first/demo-1.2.0.tgz"), read("second/demo-1.2.0.tgz"));
    assert_eq!(read("second/demo-1.2.0.tgz.prov"), b"a provenance\n");
    assert_eq!(
        crate::world::stored(&world.repository().join("second")),
        ["demo-1.2.0.tgz", "demo-1.2.0.tgz.prov", "index.yaml: demo-1.2.0.tgz", "oci/demo: 1.2.0"]
    );
}

#[test]
fn a_provenance_that_came_later_is_attached_where_it_is_missing() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.2.0");
    world.commit("Add a chart");
    let both = ["--channel", "folder:first", "--channel", "folder:second"];
    world.publish(&both).ends_with(0);
    world.write("second/demo-1.2.0.tgz.prov", "a provenance\n");

    world.publish(&both).ends_with(0).says("attach");

    assert!(world.repository().join("first/demo-1.2.0.tgz.prov").is_file());
    world.publish(&both).ends_with(0).says("nothing to do");
}

#[test]
fn a_missing_channel_is_not_filled_with_what_the_chart_is_no_more() {
    let world = published_and_moved_on();
    world
        .publish(&["--channel", "folder:published", "--channel", "folder:second"])
        .ends_with(3)
        .says("templates/service.yaml");
    assert_eq!(world.stored(), STORED);
    assert_eq!(crate::world::stored(&world.repository().join("second")), [""; 0]);
}

#[test]
fn a_package_that_was_changed_on_disk_is_not_passed_on() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.2.0");
    world.commit("Add a chart");
    world.publish(&[]).ends_with(0);
    world.write("published/demo-1.2.0.tgz", "something else");
    world
        .publish(&["--channel", "folder:published", "--channel", "folder:second"])
        .ends_with(1)
        .says("was changed");
    assert_eq!(crate::world::stored(&world.repository().join("second")), [""; 0]);
}

#[test]
fn an_index_that_helm_cannot_read_is_an_error_with_its_line() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.2.0");
    world.commit("Add a chart");
    let broken = "apiVersion: v1\nentries:\n  other:\n  - name: other\n    version: 1.10\n    urls: [other-1.10.tgz]\n";
    world.write("published/index.yaml", broken);
    world.publish(&[]).ends_with(1).says("index.yaml:5");
    assert_eq!(world.index(), broken);
}

#[test]
fn nothing_leads_to_a_name_that_something_else_has() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.2.0");
    world.commit("Add a chart");
    world.write("published/demo-1.2.0.tgz/notes.txt", "a folder with the name of the package\n");
    world.publish(&[]).ends_with(1).says("demo-1.2.0.tgz");
    assert_eq!(world.stored(), ["demo-1.2.0.tgz/notes.txt"]);
}
