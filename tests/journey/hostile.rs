//! What people do to a program that they do not trust: odd folders, odd names, odd moments.

use crate::world::{DEMO, World, send, stored};
use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStderr, Stdio},
};

#[cfg(unix)]
#[test]
fn one_folder_under_two_names_is_told_and_does_not_wait_for_itself() {
    let world = World::with_a_chart();
    std::os::unix::fs::symlink("published", world.repository().join("link")).expect("a link");
    std::fs::create_dir(world.repository().join("published")).expect("a folder");
    for other in ["folder:./published", "folder:link", "folder:missing/../published"] {
        for command in ["plan", "publish"] {
            world
                .run(&[command, "--channel", "folder:published", "--channel", other])
                .ends_with(2)
                .says("the same folder");
        }
    }
    assert_eq!(world.stored(), [""; 0]);
    assert!(!world.repository().join("missing").exists());
}

#[test]
fn two_folders_in_any_order_are_the_same_folders() {
    let world = World::with_a_chart();
    let run = |first: &str, second: &str| {
        let mut command = world.program();
        command.args(["publish", "--channel", first, "--channel", second]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("it starts")
    };
    // A run that held the lock of one folder while it waits for the other's would wait for ever.
    let runs: Vec<_> = (0..8)
        .map(|turn| if turn % 2 == 0 { run("folder:a", "folder:b") } else { run("folder:b", "folder:a") })
        .collect();
    for mut one in runs {
        assert!(one.wait().expect("it ends").success());
    }
    assert_eq!(stored(&world.repository().join("a")), DEMO);
    assert_eq!(stored(&world.repository().join("b")), DEMO);
}

#[test]
fn two_versions_whose_packages_would_have_one_name() {
    let mut world = World::new();
    world.chart("charts/a", "a", "1.0.0-2.0.0");
    world.chart("charts/b", "a-1.0.0", "2.0.0");
    world.commit("Add two charts");
    world.publish(&[]).ends_with(3).says("refused");
    let once = world.bytes();
    assert_eq!(world.stored(), ["a-1.0.0-2.0.0.tgz", "index.yaml: a-1.0.0-2.0.0.tgz", "oci/a: 1.0.0-2.0.0"]);
    world.publish(&[]).ends_with(3);
    assert_eq!(world.bytes(), once);
}

#[test]
fn a_folder_named_like_a_package() {
    let world = World::with_a_chart();
    world.write("published/demo-1.0.0.tgz/README.md", "somebody's");
    for command in ["plan", "publish"] {
        world.run(&[command]).ends_with(1).says("is no file").says("published/demo-1.0.0.tgz");
    }
    assert_eq!(world.stored(), ["demo-1.0.0.tgz/README.md"]);
}

#[test]
fn a_package_that_the_layout_contradicts_is_not_entered_in_the_index() {
    let world = World::with_a_chart();
    world.publish(&[]).ends_with(0);
    let mut other = world.copy();
    other.remove("published");
    other.write("charts/demo/values.yaml", "greeting: other\n");
    other.commit("Change it");
    other.publish(&[]).ends_with(0);
    let package = std::fs::read(other.repository().join("published/demo-1.0.0.tgz")).expect("a package");
    world.write("published/demo-1.0.0.tgz", package);
    world.remove("published/index.yaml");
    for command in ["plan", "publish"] {
        world.run(&[command]).ends_with(1).says("two packages of demo@1.0.0");
    }
    assert!(!world.repository().join("published/index.yaml").exists());
}

#[cfg(unix)]
#[test]
fn an_index_that_is_a_link_stays_one() {
    let world = World::with_a_chart();
    std::fs::create_dir(world.repository().join("published")).expect("a folder");
    let link = world.repository().join("published/index.yaml");
    std::os::unix::fs::symlink("../shared/index.yaml", &link).expect("a link");
    // What it leads to is not there yet: that is not an empty index.
    world.publish(&[]).ends_with(1).says("index.yaml");
    world.write("shared/index.yaml", "# ours\napiVersion: v1\nentries: {}\n");
    world.publish(&[]).ends_with(0);
    assert!(link.is_symlink());
    assert!(world.index().starts_with("# ours\n"));
    assert_eq!(world.stored(), DEMO);
}

#[test]
fn a_folder_with_subfolders_is_taken_over_where_its_packages_are() {
    let world = World::with_a_chart();
    world.publish(&[]).ends_with(0);
    let package = world.bytes()["demo-1.0.0.tgz"].clone();
    world.write("published/old/keep.txt", "");
    let [from, to] =
        ["demo-1.0.0.tgz", "old/demo-1.0.0.tgz"].map(|path| world.repository().join("published").join(path));
    std::fs::rename(from, to).expect("it moves");
    world.write("published/old/demo-1.0.0.tgz.prov", "signed");
    world.write("published/index.yaml", world.index().replace("- demo-1.0.0.tgz", "- ./old/demo-1.0.0.tgz"));
    world.remove("published/oci");
    world
        .publish(&["--channel", "folder:published", "--channel", "folder:copy"])
        .ends_with(0)
        .says("published/old/demo-1.0.0.tgz");
    assert_eq!(world.bytes()["old/demo-1.0.0.tgz"], package);
    assert!(!world.bytes().contains_key("demo-1.0.0.tgz"));
    let copied = |file: &str| std::fs::read(world.repository().join("copy").join(file)).expect("a file");
    assert_eq!(chart_release::digest::Digest::of(&copied("demo-1.0.0.tgz")).to_string(), package);
    assert_eq!(copied("demo-1.0.0.tgz.prov"), b"signed");
}

#[test]
fn a_plan_does_not_promise_what_publishing_would_not_do() {
    let world = World::with_a_chart();
    world.publish(&[]).ends_with(0);
    world.remove("published/oci");
    world.write("published/demo-1.0.0.tgz", "somebody wrote over it");
    for command in ["plan", "publish"] {
        world.run(&[command]).ends_with(1).says("was changed");
    }
}

#[test]
fn packages_are_not_written_over_those_that_people_install() {
    let mut world = World::with_a_chart();
    world.publish(&[]).ends_with(0);
    let once = world.bytes();
    world.run(&["package", "--into", "published"]).ends_with(0);
    world.write("charts/demo/values.yaml", "greeting: changed\n");
    world.commit("Change it");
    world
        .run(&["package", "--into", "published"])
        .ends_with(1)
        .says("published/demo-1.0.0.tgz")
        .says("--into");
    assert_eq!(world.bytes(), once);
    // Without an index it is a folder of packages: made as often as somebody likes.
    world.run(&["package"]).ends_with(0);
    world.write("charts/demo/values.yaml", "greeting: changed again\n");
    world.run(&["package"]).ends_with(0);
}

#[test]
fn a_version_of_a_plan_that_is_gone_is_told() {
    let mut world = World::with_a_chart();
    world.bump("charts/demo", "1.1.0");
    world.commit("Bump it");
    let plan = world.run(&["plan", "--since", "HEAD~1", "--json"]).ends_with(0).out;
    std::fs::write(world.path("plan.json"), plan).expect("a file");
    world.bump("charts/demo", "1.2.0");
    world.commit("Bump it");
    world.publish(&["--only", "../plan.json"]).ends_with(1).says("chart-release publish demo@1.1.0");
    assert_eq!(world.stored(), [""; 0]);
    world.publish(&["--only", "../plan.json", "--since", "HEAD~1"]).ends_with(1);
    world.publish(&["--only", "../plan.json", "--since", "HEAD~2"]).ends_with(0);
    assert_eq!(world.stored(), ["demo-1.1.0.tgz", "index.yaml: demo-1.1.0.tgz", "oci/demo: 1.1.0"]);
}

#[test]
fn as_many_at_once_as_somebody_likes() {
    let world = World::with_a_chart();
    world.publish(&["--jobs", &usize::MAX.to_string()]).ends_with(0);
    assert_eq!(world.stored(), DEMO);
}

/// The program, its stderr read as far as the line that has this text.
fn started_until(world: &World, arguments: &[&str], text: &str) -> (Child, BufReader<ChildStderr>) {
    let mut command = world.program();
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut told = BufReader::new(child.stderr.take().expect("stderr"));
    let mut line = String::new();
    while !line.contains(text) {
        line.clear();
        assert_ne!(told.read_line(&mut line).expect("stderr is text"), 0, "it never says {text:?}");
    }
    (child, told)
}

#[test]
fn who_waits_for_another_run_is_told() {
    use chart_release::doors::disk;
    let world = World::with_a_chart();
    let lock = disk::lock(&world.repository().join("published/.chart-release.lock"), || ()).expect("a lock");
    let (mut child, told) = started_until(&world, &["publish"], "waiting for another run");
    drop(lock);
    assert!(child.wait().expect("it ends").success());
    drop(told);
    assert_eq!(world.stored(), DEMO);
}

#[cfg(unix)]
#[test]
fn a_run_that_has_written_nothing_ends_at_the_first_signal() {
    let world = World::with_a_chart();
    std::fs::create_dir(world.repository().join("published")).expect("a folder");
    // Reading it never ends.
    let status = world.command("mkfifo").arg(world.repository().join("published/index.yaml")).status();
    assert!(status.expect("mkfifo runs").success());
    for (command, signal) in [("plan", "-INT"), ("publish", "-TERM")] {
        let (mut child, mut told) = started_until(&world, &[command], "found 1 chart");
        send(signal, &child);
        assert_eq!(child.wait().expect("it ends").code(), Some(4));
        let mut rest = String::new();
        told.read_to_string(&mut rest).expect("stderr is text");
        assert!(rest.contains("stopped by a signal before anything was published"), "{rest}");
    }
}

#[test]
fn a_misspelt_folder_of_charts_is_told() {
    let world = World::with_a_chart();
    world.publish(&["--charts", "chart"]).ends_with(0).says("there is no chart below chart");
    world.publish(&[]).ends_with(0).never_says("there is no chart");
    world.publish(&[]).ends_with(0).never_says("there is no chart");
}

#[cfg(unix)]
#[test]
fn a_configuration_that_is_a_link_to_nowhere_is_not_taken_for_none() {
    let world = World::with_a_chart();
    std::os::unix::fs::symlink("nowhere", world.repository().join("chart-release.yaml")).expect("a link");
    world.publish(&[]).ends_with(2).says("chart-release.yaml");
    assert_eq!(world.stored(), [""; 0]);
}

#[test]
fn a_secret_in_a_name_or_within_base64_refuses_the_chart() {
    let secret = "ghs_0123456789abcdefghijklmnop";
    let mut world = World::new();
    world.chart("charts/named", "named", "1.0.0");
    world.write(&format!("charts/named/{secret}.txt"), "text");
    world.chart("charts/registry", "registry", "1.0.0");
    // base64 of `user:` and the secret, as a registry's configuration holds it.
    let encoded = "dXNlcjpnaHNfMDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3A=";
    world.write("charts/registry/values.yaml", format!("auth: {encoded}\n"));
    world.commit("Add charts with leaks");
    World::end(world.program().args(["publish", "-v"]).env("GITHUB_TOKEN", secret))
        .ends_with(1)
        .says("the name of a file holds the value of a secret")
        .says("charts/registry/values.yaml:1")
        .never_says(secret);
    assert_eq!(world.stored(), [""; 0]);
}

#[test]
fn a_folder_in_the_way_of_a_package_leaves_nothing_behind() {
    let world = World::with_a_chart();
    world.write("packages/demo-1.0.0.tgz/README.md", "somebody's");
    world.run(&["package"]).ends_with(1).says("demo-1.0.0.tgz");
    assert_eq!(stored(&world.repository().join("packages")), ["demo-1.0.0.tgz/README.md"]);
    world.write("file", "");
    world.run(&["package", "--into", "file"]).ends_with(1).says("cannot make the folder file");
}

#[test]
fn an_index_that_cannot_be_extended_is_named_with_its_folder() {
    let world = World::with_a_chart();
    let index = "apiVersion: v1\nentries: {demo: [{name: demo, version: 0.9.0, urls: [x]}]}\n";
    world.write("published/index.yaml", index);
    world.publish(&[]).ends_with(1).says("in: folder:published/index.yaml").says("block style");
    assert_eq!(world.index(), index);
    assert!(!world.repository().join("published/demo-1.0.0.tgz").exists());
    assert!(!world.repository().join("published/oci").exists());
}

#[test]
fn a_layout_that_no_registry_would_read_is_not_mended_by_guessing() {
    let world = World::with_a_chart();
    for index in ["{}", "[]", r#"{"schemaVersion":2,"manifests":"all of them"}"#] {
        world.write("published/oci/demo/index.json", index);
        for command in ["plan", "publish"] {
            world.run(&[command]).ends_with(1).says("it is not an OCI image index");
        }
        let path = world.repository().join("published/oci/demo/index.json");
        assert_eq!(std::fs::read_to_string(path).expect("a file"), index);
    }
}
