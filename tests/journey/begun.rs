//! What an earlier run began, or somebody else: finished where it is ours, told where it is not.

use crate::world::{
    front::Fault,
    github::{READ_TOKEN, Release},
    online::Online,
};

const DONE: [&str; 4] =
    ["index.yaml: demo 1.0.0", "oci demo: 1.0.0", "release demo-1.0.0: demo-1.0.0.tgz", "tag demo-1.0.0"];

/// A run that died when it was about to publish the draft of its release.
fn drafted() -> Online {
    let world = Online::with_a_chart();
    world.front.at_nth("PATCH", "/releases/", 1, Fault::KillBefore);
    world.publish(&[]).was_killed();
    world.front.heal();
    assert_eq!(world.listed(), ["draft demo-1.0.0: demo-1.0.0.tgz"]);
    world
}

#[test]
fn what_was_begun_is_finished_though_a_newer_version_is_public() {
    for fault in [Fault::KillBefore, Fault::KillAfter] {
        let mut world = Online::with_a_chart();
        world.front.at_nth("PATCH", "/releases/", 1, fault);
        world.publish(&[]).was_killed();
        world.front.heal();
        let begun = world.listed();
        world.bump("charts/demo", "1.1.0");
        world.commit_and_push("Bump it");
        world.publish(&["demo@1.1.0"]).ends_with(0);
        assert!(begun.iter().all(|line| world.listed().contains(line)), "{begun:?}");
        assert!(!world.listed().contains(&"oci demo: 1.0.0".to_owned()));

        world.publish(&["-v"]).ends_with(0).never_says("packaged");

        assert_eq!(
            world.listed(),
            [
                "index.yaml: demo 1.0.0",
                "index.yaml: demo 1.1.0",
                "oci demo: 1.0.0",
                "oci demo: 1.1.0",
                "release demo-1.0.0: demo-1.0.0.tgz",
                "release demo-1.1.0: demo-1.1.0.tgz",
                "tag demo-1.0.0",
                "tag demo-1.1.0",
            ],
            "{fault:?}"
        );
        assert_eq!(world.github.latest().as_deref(), Some("demo-1.1.0"), "{fault:?}");
    }
}

#[test]
fn a_draft_of_ours_gets_other_bytes_as_long_as_nothing_is_public() {
    let mut world = drafted();
    let before = world.github.releases().remove(0);
    world.write("charts/demo/values.yaml", "greeting: a better one\n");
    let head = world.commit_and_push("Improve it before anybody has it");

    world.publish(&[]).ends_with(0);

    assert_eq!(world.listed(), DONE);
    let after = world.github.releases().remove(0);
    assert_eq!(after.id, before.id, "mended, not made again");
    assert_ne!(after.assets[0].sha256(), before.assets[0].sha256());
    assert_eq!(world.github.tags()["demo-1.0.0"], head);
}

#[test]
fn the_draft_of_somebody_else_is_neither_touched_nor_doubled() {
    let mut world = Online::with_a_chart();
    world.chart("charts/other", "other", "1.0.0");
    world.commit_and_push("Add another chart");
    world.github.seed(Release::draft("demo-1.0.0").asset("demo-1.0.0.tgz", "theirs"));
    let before = world.github.releases();

    world
        .publish(&[])
        .ends_with(1)
        .says("a draft release demo-1.0.0 exists that this program did not make")
        .says("publish it or delete it");

    assert_eq!(world.github.tagged("demo-1.0.0"), before);
    assert_eq!(
        world.listed(),
        [
            "draft demo-1.0.0: demo-1.0.0.tgz",
            "index.yaml: other 1.0.0",
            "oci other: 1.0.0",
            "release other-1.0.0: other-1.0.0.tgz",
            "tag other-1.0.0",
        ]
    );
}

#[test]
fn two_drafts_of_ours_become_one_release() {
    let world = drafted();
    let draft = world.github.releases().remove(0);
    world.github.seed(draft.clone());
    world.github.seed(Release { assets: Vec::new(), ..draft });
    assert_eq!(world.github.releases().len(), 3);

    world.publish(&[]).ends_with(0);

    assert_eq!(world.listed(), DONE);
}

#[test]
fn half_an_upload_is_mended() {
    let world = Online::with_a_chart();
    world.github.set(|switches| switches.broken_uploads = 1);
    world.front.at_nth("POST", "/assets", 1, Fault::KillAfter);
    world.publish(&[]).was_killed();
    world.front.heal();
    assert_eq!(world.listed(), ["draft demo-1.0.0: demo-1.0.0.tgz (starter)"]);

    world.publish(&[]).ends_with(0);

    assert_eq!(world.listed(), DONE);
}

#[test]
fn a_ruleset_that_forbids_the_tag_leaves_nothing_public_and_the_next_run_finishes() {
    let world = Online::with_a_chart();
    world.github.set(|switches| switches.no_new_tags = true);

    world
        .publish(&[])
        .ends_with(1)
        .says("a rule of the repository forbids its tag")
        .says("let the rulesets for tags allow demo-1.0.0");

    assert_eq!(world.listed(), ["draft demo-1.0.0: demo-1.0.0.tgz"]);
    world.github.set(|switches| switches.no_new_tags = false);
    world.publish(&[]).ends_with(0);
    assert_eq!(world.listed(), DONE);
}

#[test]
fn a_commit_that_may_not_be_tagged_is_told_with_the_command_that_helps() {
    let mut world = Online::with_a_chart();
    let older = world.git(&["rev-parse", "HEAD"]).trim().to_owned();
    world.bump("charts/demo", "1.1.0");
    world.commit_and_push("Bump it");
    world.github.set(|switches| switches.only_newest_target = true);

    let command = format!("git tag 'demo-1.0.0' {older}");
    world.publish(&["demo@1.0.0"]).ends_with(1).says(&command);
    assert_eq!(world.listed(), ["draft demo-1.0.0: demo-1.0.0.tgz"]);

    world.git.run(&["tag", "demo-1.0.0", &older]);
    world.publish(&["demo@1.0.0"]).ends_with(0);
    assert_eq!(world.listed(), DONE);
}

#[test]
fn immutable_releases_are_published_whole_and_once() {
    let world = Online::with_a_chart();
    world.github.set(|switches| switches.immutable = true);
    world.publish_to(&["releases", "pages"], &[]).ends_with(0);
    world.publish(&[]).ends_with(0);
    assert_eq!(world.listed(), DONE);
    assert!(world.github.releases()[0].immutable);
    world.publish(&[]).ends_with(0).says("nothing to do");
}

#[test]
fn a_release_that_lacks_its_package_is_completed_unless_it_is_immutable() {
    for (immutable, code) in [(false, 0), (true, 1)] {
        let world = Online::with_a_chart();
        world.github.seed(Release { immutable, ..Release::published("demo-1.0.0") });
        let run = world.publish(&[]).ends_with(code);
        if immutable {
            run.says("it can never be completed").says("raise the version of demo");
            assert_eq!(world.listed(), ["release demo-1.0.0:", "tag demo-1.0.0"]);
        } else {
            assert_eq!(world.listed(), DONE);
        }
    }
}

#[test]
fn the_tag_of_an_immutable_release_that_was_deleted_is_told_to_be_burned() {
    let world = Online::with_a_chart();
    world.github.set(|switches| switches.immutable = true);
    world.publish_to(&["releases"], &[]).ends_with(0);
    world.github.forget(world.github.releases()[0].id);
    world.git.run(&["tag", "--delete", "demo-1.0.0"]);

    world.publish(&[]).ends_with(1).says("can never be used again").says("raise the version of demo");

    assert_eq!(world.listed(), ["draft demo-1.0.0: demo-1.0.0.tgz"], "no tag and no index line");
}

#[test]
fn as_long_as_the_releases_are_unknown_nothing_is_published_anywhere() {
    let world = Online::with_a_chart();
    world.front.always("GET", "/api/v3/repos/acme/charts/releases", Fault::Status(500));

    world
        .publish(&[])
        .ends_with(4)
        .says("500")
        .says("waits until it is known what releases holds")
        .says("Unfinished: run again");

    assert_eq!(world.listed(), [""; 0]);
    world.nothing_was_written();
    world.front.heal();
    world.publish(&[]).ends_with(0);
    assert_eq!(world.listed(), DONE);
}

#[test]
fn who_may_not_write_to_github_is_told_before_anything_is_written() {
    let world = Online::with_a_chart();
    world.git.token(READ_TOKEN, false);
    let oci = world.oci();
    let publish = ["publish", "--channel", "releases", "--channel", "pages", "--channel", &oci];

    world.run_with(&[("GITHUB_TOKEN", READ_TOKEN)], &publish).ends_with(1).says("contents: write");

    world.nothing_was_written();
    assert_eq!(world.registry.open_uploads(), 0);
    world.run(&publish).ends_with(0);
    assert_eq!(world.listed(), DONE);
}

#[test]
fn who_may_not_write_to_the_registry_is_told_before_anything_is_written() {
    let world = Online::with_a_chart();
    world.registry.user("reader", "marked-password-of-a-reader", false);
    let (oci, user) = (world.oci(), format!("{}=reader", world.front.host()));
    let reader = [
        ("CHART_RELEASE_REGISTRY_USER", user.as_str()),
        ("CHART_RELEASE_REGISTRY_PASSWORD", "marked-password-of-a-reader"),
    ];
    let publish = ["publish", "--channel", "releases", "--channel", "pages", "--channel", &oci];

    world
        .run_with(&reader, &publish)
        .ends_with(1)
        .says("write_package")
        .says("check user, password and rights");

    world.nothing_was_written();
}

#[test]
fn a_protected_pages_branch_is_told_and_finished_when_it_is_open_again() {
    let mut world = Online::with_a_chart();
    world.publish(&[]).ends_with(0);
    world.bump("charts/demo", "1.1.0");
    world.commit_and_push("Bump it");
    world.git.refuse_pushes("GH013: Repository rule violations found");
    world.publish(&[]).ends_with(1).says("GH013").says("--pages-branch");
    assert!(!world.listed().contains(&"index.yaml: demo 1.1.0".to_owned()));
    world.git.no_hook("pre-receive");

    world.publish(&[]).ends_with(0);

    assert!(world.listed().contains(&"index.yaml: demo 1.1.0".to_owned()));
    assert_eq!(world.github.releases().len(), 2);
}
