//! What never gets into a package.

use crate::world::World;
use std::process::Stdio;

fn packaged(world: &World, package: &str) -> Vec<String> {
    let bytes = std::fs::read(world.repository().join("published").join(package)).expect("a package");
    let files =
        chart_release::archive::read(&bytes, &chart_release::archive::Limits::default()).expect("a package");
    let mut paths: Vec<String> = files.into_iter().map(|(path, _)| path).collect();
    paths.sort();
    paths
}

#[test]
fn a_generated_file_is_packaged_and_told() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.write(".gitignore", "crds/\n");
    world.commit("Add a chart");
    world.write("charts/demo/crds/generated.yaml", "kind: CustomResourceDefinition\n");
    world.publish(&[]).ends_with(0).says("crds/generated.yaml");
    assert!(packaged(&world, "demo-1.0.0.tgz").contains(&"crds/generated.yaml".to_owned()));
    assert_eq!(world.stored(), ["demo-1.0.0.tgz", "index.yaml: demo-1.0.0.tgz", "oci/demo: 1.0.0"]);
}

#[test]
fn a_secret_in_a_file_refuses_the_chart_and_is_not_printed() {
    let secret = "ghs_0123456789abcdefghijklmnop";
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.write("charts/demo/files/leak.txt", format!("first line\ntoken={secret}\n"));
    world.chart("charts/other", "other", "1.0.0");
    world.commit("Add a chart with a leak");
    World::end(world.program().args(["publish", "-vvv"]).env("GITHUB_TOKEN", secret))
        .ends_with(1)
        .says("charts/demo/files/leak.txt")
        .never_says(secret);
    assert_eq!(world.stored(), ["index.yaml: other-1.0.0.tgz", "oci/other: 1.0.0", "other-1.0.0.tgz"]);
}

#[test]
fn a_chart_at_the_root_is_packaged_without_git_and_without_our_own_output() {
    let mut world = World::new();
    world.chart(".", "demo", "1.0.0");
    world.write("chart-release.yaml", "charts: .\n");
    world.write(".helmignore", "chart-release.yaml\n.gitignore\n");
    world.write(".gitignore", "published\n");
    world.commit("Add a chart at the root");
    world.publish(&[]).ends_with(0);
    world.bump(".", "1.1.0");
    world.commit("Bump it");
    world.publish(&[]).ends_with(0);
    assert_eq!(
        packaged(&world, "demo-1.1.0.tgz"),
        [".helmignore", "Chart.yaml", "templates/configmap.yaml", "values.yaml"]
    );
    assert_eq!(
        world.stored(),
        [
            "demo-1.0.0.tgz",
            "demo-1.1.0.tgz",
            "index.yaml: demo-1.0.0.tgz",
            "index.yaml: demo-1.1.0.tgz",
            "oci/demo: 1.0.0",
            "oci/demo: 1.1.0",
        ]
    );
}

#[test]
fn a_chart_at_the_root_refuses_untracked_files_that_nobody_named() {
    let mut world = World::new();
    world.chart(".", "demo", "1.0.0");
    world.write("chart-release.yaml", "charts: .\n");
    world.commit("Add a chart at the root");
    world.write("notes.txt", "lying around");
    world.publish(&[]).ends_with(1).says("notes.txt").says("--generated");
    assert_eq!(world.stored(), [""; 0]);
    world.publish(&["--generated", "notes.txt"]).ends_with(0);
    assert!(packaged(&world, "demo-1.0.0.tgz").contains(&"notes.txt".to_owned()));
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_repository_refuses_the_chart() {
    let mut world = World::new();
    std::fs::write(world.path("outside.txt"), "not yours").expect("a file");
    world.chart("charts/demo", "demo", "1.0.0");
    std::os::unix::fs::symlink("../../../outside.txt", world.repository().join("charts/demo/outside.txt"))
        .expect("a link");
    world.chart("charts/linked", "linked", "1.0.0");
    world.write("shared/notes.txt", "shared by charts");
    std::os::unix::fs::symlink("../../shared", world.repository().join("charts/linked/shared"))
        .expect("a link");
    world.commit("Add links");
    world.publish(&[]).ends_with(1).says("charts/demo/outside.txt");
    assert_eq!(world.stored(), ["index.yaml: linked-1.0.0.tgz", "linked-1.0.0.tgz", "oci/linked: 1.0.0"]);
    assert!(packaged(&world, "linked-1.0.0.tgz").contains(&"shared/notes.txt".to_owned()));
}

#[test]
fn a_secret_key_refuses_the_chart() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.write("charts/demo/keys/secring.gpg", [0x95, 0x01, 0x02]);
    world.commit("Add a keyring");
    world.publish(&[]).ends_with(1).says("secring.gpg");
    assert_eq!(world.stored(), [""; 0]);
}

#[test]
fn a_file_that_old_helms_cannot_read_is_refused() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.write("charts/demo/files/large.bin", vec![b'x'; 5 * 1024 * 1024 + 1]);
    world.commit("Add a large file");
    world.publish(&[]).ends_with(1).says("files/large.bin").says("5 MiB");
    assert_eq!(world.stored(), [""; 0]);
}

#[cfg(unix)]
#[test]
fn a_package_depends_on_the_files_alone() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.write("charts/demo/templates/z.yaml", "last: true\n");
    world.write("charts/demo/files/ünïcode.txt", "text\n");
    world.commit("Add a chart");
    world.publish(&[]).ends_with(0);
    let other = World::new();
    // The same files, written in another order, at another time, with other permissions, in another surrounding.
    for path in [
        "charts/demo/files/ünïcode.txt",
        "charts/demo/templates/z.yaml",
        "charts/demo/values.yaml",
        "charts/demo/templates/configmap.yaml",
        "charts/demo/Chart.yaml",
    ] {
        other.write(path, std::fs::read(world.repository().join(path)).expect("a file"));
        let file = std::fs::File::open(other.repository().join(path)).expect("a file");
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("another time");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(other.repository().join(path), mode).expect("other permissions");
    }
    let mut other = other;
    other.commit("The same");
    let status = other
        .command("sh")
        .current_dir(other.repository())
        .args(["-c", "umask 077; exec \"$0\" publish", env!("CARGO_BIN_EXE_chart-release")])
        .envs([("TZ", "Asia/Kolkata"), ("LC_ALL", "tr_TR.UTF-8"), ("LANG", "C")])
        .stdout(Stdio::null())
        .status()
        .expect("it runs");
    assert!(status.success());
    let package = |world: &World| world.bytes()["demo-1.0.0.tgz"].clone();
    assert_eq!(package(&world), package(&other));
}

#[test]
fn the_epoch_of_the_surroundings_is_the_time_in_the_package() {
    let mut world = World::new();
    world.chart("charts/demo", "demo", "1.0.0");
    world.commit("Add a chart");
    let run = |into: &str, epoch: &str| {
        let output = world
            .program()
            .args(["package", "--into", into])
            .env("SOURCE_DATE_EPOCH", epoch)
            .output()
            .expect("it runs");
        output.status.code()
    };
    assert_eq!(run("one", "1700000000"), Some(0));
    assert_eq!(run("two", ""), Some(0));
    assert_eq!(run("three", "yesterday"), Some(2));
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(
        std::fs::File::open(world.repository().join("one/demo-1.0.0.tgz")).expect("a package"),
    ));
    for entry in archive.entries().expect("entries") {
        assert_eq!(entry.expect("an entry").header().mtime().expect("a time"), 1_700_000_000);
    }
    assert!(!world.repository().join("three").exists());
}

#[test]
fn a_secret_is_printed_nowhere_not_even_as_the_name_of_a_chart() {
    let secret = "ghs-0123456789abcdefghijklmnop";
    let mut world = World::new();
    world.chart("charts/demo", secret, "1.0.0");
    world.commit("Somebody pasted into the wrong field");
    for arguments in [&["plan"][..], &["plan", "--json"], &["publish", "--quiet", "no-such-chart"]] {
        World::end(world.program().args(arguments).env("GITHUB_TOKEN", secret)).never_says(secret);
    }
    assert_eq!(world.stored(), [""; 0]);
}
