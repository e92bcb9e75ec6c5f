//! What GitHub tells of the changes, below what the chart says of itself: compared with the same chart's release before.

use crate::world::{
    front::Fault,
    github::Release,
    online::Online,
    trials::{Beginning, publish},
};
use chart_release::release::Mark;

const GENERATE: &str = "--generate-release-notes";

fn body(world: &Online, tag: &str) -> String {
    let [release] = &world.github.tagged(tag)[..] else { panic!("one release {tag}") };
    release.body.clone()
}

/// `demo` and `other` are released, `other` last; then `demo` goes on.
fn two_charts() -> Online {
    let mut world = Online::with_a_chart();
    world.publish_to(&["releases"], &[]).ends_with(0);
    world.chart("charts/other", "other", "5.0.0");
    world.commit_and_push("Add another chart");
    world.publish_to(&["releases"], &[]).ends_with(0);
    world
        .write("charts/demo/Chart.yaml", "apiVersion: v2\nname: demo\nversion: 1.1.0\ndescription: A demo\n");
    world.commit_and_push("Greet everybody");
    world
}

#[test]
fn they_stand_below_the_description_and_begin_at_the_release_before_of_the_same_chart() {
    let world = two_charts();

    world.publish_to(&["releases"], &[GENERATE]).ends_with(0);

    let body = body(&world, "demo-1.1.0");
    let parts =
        ["A demo\n", "```sh\nhelm install demo", "## What's Changed\n", "* Greet everybody", "compare/"];
    let places: Vec<usize> = parts.iter().map(|part| body.find(part).expect(part)).collect();
    assert!(places.is_sorted(), "{body}");
    assert!(body.contains("compare/demo-1.0.0...demo-1.1.0"), "{body}");
    let mark = body.trim_end().lines().last().and_then(Mark::find).expect("the mark is last");
    assert_eq!(mark.is.to_string(), "demo@1.1.0");
    assert_eq!(world.front.count("POST", "/generate-notes"), 1);
    world.publish_to(&["releases"], &[GENERATE]).ends_with(0).says("nothing to do");
    assert_eq!(world.front.count("POST", "/generate-notes"), 1, "nothing to do costs nothing");
}

#[test]
fn the_release_before_is_the_highest_lower_version_whenever_it_was_made() {
    let mut world = Online::with_a_chart();
    let first = world.commit_and_push("Begin");
    world.publish_to(&["releases"], &[GENERATE]).ends_with(0);
    // By itself GitHub begins at the beginning.
    assert!(body(&world, "demo-1.0.0").contains("/commits/demo-1.0.0"));

    for version in ["1.1.0", "2.0.0"] {
        world.bump("charts/demo", version);
        world.commit_and_push(version);
    }
    world.publish_to(&["releases"], &[GENERATE, "--since", &first]).ends_with(0);
    assert!(body(&world, "demo-1.1.0").contains("compare/demo-1.0.0...demo-1.1.0"));
    assert!(body(&world, "demo-2.0.0").contains("compare/demo-1.1.0...demo-2.0.0"), "of the same run");

    world.bump("charts/demo", "1.1.1");
    world.commit_and_push("Mend the old line");
    world.publish_to(&["releases"], &[GENERATE]).ends_with(0);
    assert!(body(&world, "demo-1.1.1").contains("compare/demo-1.1.0...demo-1.1.1"));
}

#[test]
fn the_release_before_is_found_beyond_the_newest_hundred_without_listing_them() {
    let mut world = Online::with_a_chart();
    for version in ["0.1.0", "0.2.0"] {
        let release = Release::published(&format!("demo-{version}"));
        world.github.seed(release.asset(&format!("demo-{version}.tgz"), version));
    }
    world.github.seed(Release::published("demo-extra-0.9.0").asset("demo-extra-0.9.0.tgz", "another chart"));
    world.github.seed_years(&["other"], 120, |tag| tag.as_bytes().to_vec());
    // Somebody's wish for a release, which was never made.
    world.git_in(world.git.repository(), &["tag", "demo-0.9.0", "main"]);
    world.write("charts/demo/values.yaml", "greeting: good evening\n");
    world.commit_and_push("Greet later");

    world.publish_to(&["releases"], &[GENERATE]).ends_with(0);

    assert!(body(&world, "demo-1.0.0").contains("compare/demo-0.2.0...demo-1.0.0"));
    assert_eq!(world.front.count("GET", "/releases?"), 1);
    assert_eq!(world.front.count("GET", "/matching-refs/"), 1);
}

#[test]
fn a_draft_that_was_left_is_finished_with_the_text_of_one_clean_run() {
    let beginning = Beginning::after(&[("demo", "1.0.0")], &[("demo", "1.1.0")]);
    let clean = beginning.world();
    publish(&clean, &[GENERATE]).ends_with(0);
    let world = beginning.world();
    world.front.at_nth("PATCH", "/releases/", 1, Fault::KillBefore);
    publish(&world, &[GENERATE]).was_killed();
    world.front.heal();
    let draft = world.github.tagged("demo-1.1.0").remove(0);
    assert!(draft.draft && draft.body.contains("compare/demo-1.0.0...demo-1.1.0"), "{}", draft.body);
    let mark = Mark::find(&draft.body).expect("ours").line();
    world.github.change(draft.id, |release| release.body = format!("Somebody's words\n{mark}\n"));

    publish(&world, &[GENERATE]).ends_with(0);

    assert_eq!(world.published(), clean.published());
}

#[test]
fn where_github_cannot_tell_nothing_is_begun() {
    for (fault, code) in [(Fault::Status(502), 4), (Fault::Status(403), 1)] {
        let world = Online::with_a_chart();
        world.front.always("POST", "/generate-notes", fault);
        world.publish(&[GENERATE]).ends_with(code).says("generate-notes");
        assert_eq!(world.listed(), [""; 0]);
        world.front.heal();
        world.publish(&[GENERATE]).ends_with(0);
        assert_eq!(world.entries().len(), 1);
    }
}

#[test]
fn they_count_as_a_write() {
    let mut world = Online::with_a_chart();
    world.chart("charts/other", "other", "1.0.0");
    world.commit_and_push("Add another chart");
    // Each version takes the notes, a draft, its package and its publication.
    let seven = [GENERATE, "--github-writes-per-hour", "7", "--github-writes-per-minute", "100"];

    world.publish_to(&["releases"], &seven).ends_with(4).says("7 writes an hour");

    assert_eq!(world.github.releases().len(), 1);
    world.publish_to(&["releases"], &seven).ends_with(0);
    assert_eq!(world.github.releases().len(), 2);
}
