//! The Action among people who mean harm, people with bad luck, and broken runners.

use crate::{
    action::{NOTHING, Step, everywhere, outputs},
    world::{front::Fault, online::Online},
};
use std::{fs, os::unix::fs::symlink, process::Command};

#[test]
fn a_configuration_is_a_file_of_the_repository_and_no_link_or_pipe() {
    let world = Online::with_a_chart();
    let base = world.git(&["rev-parse", "HEAD"]).trim().to_owned();
    fs::write(world.path("outside.yaml"), "line-of-another-file: 1\n").expect("a file can be written");
    let plan = || Step::pull_request(&world, &base);
    for name in ["chart-release.yaml", "cr.yaml"] {
        let file = world.repository().join(name);
        for (leads, told) in [
            ("../outside.yaml", "is a link that leads out of the repository"),
            ("/dev/zero", "is a link that leads out of the repository"),
        ] {
            symlink(leads, &file).expect("a link can be made");
            plan().run().ends_with(2).says(told).never_says("line-of-another-file");
            let named = plan().with("config", name).run();
            named.ends_with(2).says(told).never_says("line-of-another-file");
            fs::remove_file(&file).expect("it can be removed");
        }
        assert!(Command::new("mkfifo").arg(&file).status().expect("mkfifo runs").success());
        plan().run().ends_with(2).says("the configuration is no file");
        fs::remove_file(&file).expect("it can be removed");
        world.write(name, format!("# {}\n", "x".repeat(1 << 20)));
        plan().run().ends_with(2).says("the configuration has more than 1048576 bytes");
        world.remove(name);
        // Inside of the repository a link is as good as a file.
        world.write(".github/ours.yaml", "retries: 1\n");
        symlink(".github/ours.yaml", &file).expect("a link can be made");
        plan().run().ends_with(0);
        fs::remove_file(&file).expect("it can be removed");
    }
    world.nothing_was_written();
}

#[test]
fn packages_are_left_in_a_folder_of_the_repository_and_behind_no_link() {
    for (leads, told) in [
        (Some("../outside"), "is a link that leads out of the repository"),
        (Some("../nowhere"), "is no folder"),
        (None, "is no folder"),
    ] {
        let world = Online::with_a_chart();
        fs::create_dir(world.path("outside")).expect("a folder can be made");
        fs::write(world.path("outside/somebody-elses.tgz"), "kept").expect("a file can be written");
        let packages = world.repository().join(".cr-release-packages");
        match leads {
            Some(leads) => symlink(leads, &packages).expect("a link can be made"),
            None => fs::write(&packages, "in the way").expect("a file can be written"),
        }
        for command in ["auto", "package"] {
            Step::push(&world, NOTHING).with("command", command).run().ends_with(2).says(told);
        }
        assert_eq!(world.front.requests(), []);
        assert!(world.path("outside/somebody-elses.tgz").exists());
        fs::remove_file(packages).expect("it can be removed");
    }
}

#[test]
fn a_job_that_is_killed_has_outputs_and_the_next_one_finishes() {
    let world = Online::with_a_chart();
    world.front.at_nth("POST", "/releases", 1, Fault::KillAfter);
    Step::push(&world, NOTHING).with("channels", &everywhere(&world)).run().ends_with(-1);
    let told = outputs(&world);
    assert_eq!((told.len(), &*told["released"], &*told["command"]), (9, "[]", ""));
    world.front.heal();
    Step::push(&world, NOTHING).with("channels", &everywhere(&world)).run().ends_with(0);
    let told = outputs(&world);
    assert_eq!((&*told["chart_version"], &*told["command"]), ("1.0.0", "publish"));
}

#[test]
fn a_name_that_github_would_change_is_told_before_a_release_is_begun() {
    let mut world = Online::with_a_chart();
    for (folder, name) in
        [("one", "d\u{e9}mo"), ("other", "de\u{301}mo"), ("ship", "\u{1f6a2}"), ("turned", "d\u{202e}c")]
    {
        world.write(
            &format!("charts/{folder}/Chart.yaml"),
            format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n"),
        );
    }
    world.commit_and_push("Bring names of other languages");
    let run = Step::push(&world, NOTHING).run().ends_with(1);
    run.says("under another name, because of its characters").never_says("draft");
    // Helm reads no characters that cannot be seen.
    let published = ["dc", "demo"].map(|name| format!("release {name}-1.0.0: {name}-1.0.0.tgz"));
    let mut releases = world.listed();
    releases.retain(|line| line.starts_with("release ") || line.starts_with("draft "));
    assert_eq!(releases, published);
}

#[test]
fn packages_that_somebody_committed_are_no_part_of_a_chart_at_the_root() {
    let mut world = Online::with_a_chart();
    world.chart(".", "root", "1.0.0");
    world.write(".cr-release-packages/old-0.1.0.tgz", "committed by accident");
    world.write(".cr-release-packages/notes.txt", "likewise");
    let before = world.commit_and_push("Add a chart");
    let push = |world: &Online, before: &str| {
        let step = Step::push(world, before).with("charts_dir", ".").with("exclude", "charts");
        step.run().ends_with(0).never_says("unreleased changes");
    };
    push(&world, NOTHING);
    push(&world, NOTHING);
    // What is taken from a commit has no more in it than what is taken from the checkout.
    for version in ["1.1.0", "1.2.0"] {
        world.bump(".", version);
        world.commit_and_push(version);
    }
    push(&world, &before);
    for version in ["1.1.0", "1.2.0"] {
        let package = world.repository().join(format!(".cr-release-packages/root-{version}.tgz"));
        let listed = Command::new("tar").arg("-tzf").arg(package).output().expect("tar runs");
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        assert!(listed.contains("root/Chart.yaml") && !listed.contains(".cr-release-packages"), "{listed}");
    }
}
