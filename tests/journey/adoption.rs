//! Repositories that others have published from for years: what is there counts, whoever brought it, and only what
//! is missing is brought.

use crate::world::{github::Release, online::Online};
use chart_release::digest::Digest;

/// `demo` and `other`, both at their 150th version, which is in the index and in a release as all before it.
fn years() -> Online {
    let mut world = Online::new();
    world.chart("charts/demo", "demo", "0.150.0");
    world.chart("charts/other", "other", "0.150.0");
    world.commit_and_push("Years of work");
    let current = [world.packed_by_others("demo"), world.packed_by_others("other")];
    let package = |tag: &str| match tag {
        "demo-0.150.0" => current[0].clone(),
        "other-0.150.0" => current[1].clone(),
        old => old.as_bytes().to_vec(),
    };
    world.github.seed_years(&["demo", "other"], 150, package);
    let mut held = Vec::new();
    for chart in ["demo", "other"] {
        for number in (1..=150).rev() {
            let version = format!("0.{number}.0");
            let tag = format!("{chart}-{version}");
            held.push((chart, version, world.asset_url(&tag, &format!("{tag}.tgz")), package(&tag)));
        }
    }
    let held: Vec<(&str, &str, &str, &[u8])> = held
        .iter()
        .map(|(chart, version, url, package)| (*chart, version.as_str(), url.as_str(), package.as_slice()))
        .collect();
    world.hold_index(&held);
    world
}

#[test]
fn after_years_with_other_tools_only_the_new_channel_is_filled() {
    let world = years();
    let (releases, commits) = (world.github.releases(), world.pages_commits());

    world.publish(&[]).ends_with(0);

    assert_eq!(world.registry.names(), ["acme/charts/demo", "acme/charts/other"]);
    for name in world.registry.names() {
        let tags: Vec<String> = world.registry.tags(&name).into_keys().collect();
        assert_eq!(tags, ["0.150.0"], "only what is current");
        let manifest = world.registry.manifest(&name, "0.150.0").expect("a manifest").json();
        let created = &manifest["annotations"]["org.opencontainers.image.created"];
        assert_eq!(created, "2021-03-04T05:06:07Z", "what the index says");
    }
    assert_eq!(world.github.releases(), releases);
    assert_eq!(world.github.writes(), [].into());
    assert_eq!(world.pages_commits(), commits);
    assert_eq!(world.front.count("GET", "/releases?"), 1, "not one page of releases more");

    world.front.clear();
    world.publish(&["-v"]).ends_with(0).says("nothing to do").never_says("packaged");
    assert_eq!(world.downloads(), 0);
}

/// A chart that is in the index, beside its package, and has no release.
fn on_pages() -> Online {
    let world = Online::with_a_chart();
    let package = world.packed_by_others("demo");
    world.hold_index(&[("demo", "1.0.0", "demo-1.0.0.tgz", &package)]);
    world
}

#[test]
fn a_release_is_made_of_a_public_version_only_when_somebody_asks_for_it() {
    let world = on_pages();
    let commits = world.pages_commits();

    world.publish(&[]).ends_with(0);
    let there = ["index.yaml: demo 1.0.0", "oci demo: 1.0.0", "pages demo-1.0.0.tgz"];
    assert_eq!(world.listed(), there);
    assert_eq!(world.github.writes(), [].into());

    world.publish(&["--backfill"]).ends_with(0);
    assert_eq!(
        world.listed(),
        [there.as_slice(), &["release demo-1.0.0: demo-1.0.0.tgz", "tag demo-1.0.0"]].concat()
    );
    assert_eq!(world.pages_commits(), commits);
}

#[test]
fn the_plan_says_how_to_get_the_release_that_is_left_out() {
    let world = on_pages();
    let oci = world.oci();
    world
        .run(&["plan", "--channel", "releases", "--channel", "pages", "--channel", &oci])
        .ends_with(0)
        .says("omit")
        .says("`backfill` makes it");
}

#[test]
fn a_channel_that_is_added_later_is_filled_from_the_assets_of_the_releases() {
    let mut world = Online::with_a_chart();
    world.chart("charts/other", "other", "0.3.0");
    world.commit_and_push("Add another chart");
    world.publish_to(&["releases", "pages"], &[]).ends_with(0);
    world.bump("charts/demo", "1.1.0");
    world.commit_and_push("Bump it");
    world.publish_to(&["releases", "pages"], &[]).ends_with(0);
    world.remove("charts/other");
    world.commit_and_push("Another repository has it now");
    let (before, writes, commits) = (world.listed(), world.github.writes(), world.pages_commits());
    world.front.clear();

    // What is not in the working tree as it was cannot have been packaged.
    world.publish(&["-v"]).ends_with(0).never_says("packaged demo@1.0.0").never_says("packaged other");

    let mut there = before;
    there.extend(["oci demo: 1.0.0", "oci demo: 1.1.0", "oci other: 0.3.0"].map(str::to_owned));
    there.sort();
    assert_eq!(world.listed(), there);
    assert_eq!(world.github.writes(), writes);
    assert_eq!(world.pages_commits(), commits);
    assert_eq!(world.downloads(), 3, "each package once");
}

#[test]
fn another_name_template_makes_no_second_release() {
    let world = Online::with_a_chart();
    world.publish(&[]).ends_with(0);
    let before = world.published();

    world.publish(&["--release-name-template", "v{{ .Version }}"]).ends_with(0).says("nothing to do");
    let second = format!("{}/acme/second", world.oci().trim_end_matches("/acme/charts"));
    world
        .publish_to(&["releases", &second], &["--release-name-template", "{{ .Name }}/{{ .Version }}"])
        .ends_with(0);

    let after: Vec<String> = world.published();
    let new: Vec<&String> = after.iter().filter(|line| !before.contains(line)).collect();
    assert!(matches!(new.as_slice(), [one] if one.starts_with("oci acme/second/demo: 1.0.0")), "{new:?}");
}

#[test]
fn a_release_of_another_name_that_is_long_ago_is_not_made_again() {
    let mut world = years();
    world.chart("charts/third", "third", "1.0.0");
    world.commit_and_push("A chart that nobody touches");
    let package = world.packed_by_others("third");
    // Older than the newest hundred, and under a name that nobody would guess.
    let id = world.github.seed(Release::published("third/v1").asset("third-1.0.0.tgz", package.clone()));
    world.github.change(id, |release| release.created = 1);
    let url = world.asset_url("third/v1", "third-1.0.0.tgz");
    let index = world.index().replace(
        "generated:",
        &format!(
            "  third:\n  - apiVersion: v2\n    created: \"2021-03-04T05:06:07Z\"\n    digest: {}\n    name: third\n    urls:\n    - {url}\n    version: 1.0.0\ngenerated:",
            Digest::of(&package).hex()
        ),
    );
    world.hold_pages(&[("index.yaml", index.as_bytes())]);

    world.publish(&[]).ends_with(0);

    assert_eq!(world.github.writes(), [].into());
    assert!(world.listed().contains(&"oci third: 1.0.0".to_owned()));
}

#[test]
fn holders_that_differ_in_content_fill_nothing_and_are_both_told() {
    let mut world = Online::with_a_chart();
    world.chart("charts/other", "other", "1.0.0");
    world.commit_and_push("Add another chart");
    world.allow_differing("demo-1.0.0.tgz");
    let [one, two] = ["a: 1\n", "a: 2\n"].map(|text| world.packed_with_values("charts/demo", "demo", text));
    world.github.seed(Release::published("demo-1.0.0").asset("demo-1.0.0.tgz", one.clone()));
    world.hold_index(&[("demo", "1.0.0", "demo-1.0.0.tgz", &two)]);

    world
        .publish(&[])
        .ends_with(3)
        .says(&Digest::of(&one).to_string())
        .says(&Digest::of(&two).to_string())
        .says("raise `version` in charts/demo/Chart.yaml");

    assert_eq!(
        world.listed(),
        [
            "index.yaml: demo 1.0.0",
            "index.yaml: other 1.0.0",
            "oci other: 1.0.0",
            "pages demo-1.0.0.tgz",
            "release demo-1.0.0: demo-1.0.0.tgz",
            "release other-1.0.0: other-1.0.0.tgz",
            "tag demo-1.0.0",
            "tag other-1.0.0",
        ]
    );
}

#[test]
fn holders_that_differ_in_bytes_only_are_a_note_and_the_release_counts() {
    let mut world = Online::with_a_chart();
    world.allow_differing("demo-1.0.0.tgz");
    let [one, two] = [1_500_000_000, 1_600_000_000].map(|time| world.packed_at("demo", time));
    world.github.seed(Release::published("demo-1.0.0").asset("demo-1.0.0.tgz", one.clone()));
    world.hold_index(&[("demo", "1.0.0", "demo-1.0.0.tgz", &two)]);

    let [one, two] = [one, two].map(|package| Digest::of(&package).to_string());
    world.publish(&[]).ends_with(0).says(&format!("releases holds {one}, pages holds {two}"));

    let manifest = world.registry.manifest("acme/charts/demo", "1.0.0").expect("a manifest").json();
    assert_eq!(manifest["layers"][0]["digest"], one);
}

#[test]
fn a_version_that_is_refused_does_not_hold_up_other_charts() {
    let mut world = on_pages();
    world.write("charts/demo/values.yaml", "greeting: something else\n");
    world.chart("charts/other", "other", "1.0.0");
    world.commit_and_push("Change one chart, and add another");

    world.publish(&[]).ends_with(3).says("values.yaml differs").says("published other@1.0.0");

    assert_eq!(
        world.listed(),
        [
            "index.yaml: demo 1.0.0",
            "index.yaml: other 1.0.0",
            "oci other: 1.0.0",
            "pages demo-1.0.0.tgz",
            "release other-1.0.0: other-1.0.0.tgz",
            "tag other-1.0.0",
        ]
    );
}

#[test]
fn a_pages_branch_that_is_missing_beside_channels_in_use_is_told_and_nothing_is_written() {
    let mut world = Online::with_a_chart();
    world.publish_to(&["releases", &world.oci()], &[]).ends_with(0);
    world.bump("charts/demo", "1.1.0");
    world.commit_and_push("Bump it");
    let before = world.published();
    let writes = world.github.writes();

    world
        .publish(&["--pages-branch", "hg-pages"])
        .ends_with(1)
        .says("the branch hg-pages does not exist")
        .says("holds charts already")
        .says("git push origin hg-pages");

    assert_eq!(world.published(), before);
    assert_eq!(world.github.writes(), writes);
    assert!(world.git.moves().is_empty());
}

#[test]
fn a_version_has_one_manifest_in_several_registries_at_once_and_in_one_added_later() {
    let mut world = Online::with_a_chart();
    let host = world.front.host();
    let [one, two, three] = ["one", "two", "three/deep"].map(|path| format!("oci://{host}/{path}"));
    world.publish_to(&[&one, &two], &[]).ends_with(0);
    world.remove("charts/demo/templates");
    world.bump("charts/demo", "2.0.0");
    world.commit_and_push("Go on");
    world.publish_to(&[&one, &two, &three], &[]).ends_with(0);

    assert_eq!(
        world.listed(),
        [
            "oci one/demo: 1.0.0",
            "oci one/demo: 2.0.0",
            "oci three/deep/demo: 2.0.0",
            "oci two/demo: 1.0.0",
            "oci two/demo: 2.0.0",
        ]
    );
    let digests =
        ["one/demo", "two/demo", "three/deep/demo"].map(|name| world.registry.tags(name)["2.0.0"].clone());
    assert_eq!(digests[0], digests[1]);
    assert_eq!(digests[0], digests[2]);
    // A version from its commit, from the registry that has it.
    world.publish_to(&[&one, &three], &["demo@1.0.0"]).ends_with(0);
    assert_eq!(world.registry.tags("three/deep/demo")["1.0.0"], world.registry.tags("one/demo")["1.0.0"]);
}

#[test]
fn a_git_tag_without_a_release_is_a_wish_that_is_granted() {
    let mut world = Online::with_a_chart();
    let wished = world.git(&["rev-parse", "HEAD"]);
    world.write("README.md", "Charts\n");
    world.commit_and_push("Tell what this is");
    world.git.run(&["tag", "demo-1.0.0", wished.trim()]);

    world.publish(&[]).ends_with(0);

    assert_eq!(
        world.listed(),
        ["index.yaml: demo 1.0.0", "oci demo: 1.0.0", "release demo-1.0.0: demo-1.0.0.tgz", "tag demo-1.0.0"]
    );
    assert_eq!(world.github.tags()["demo-1.0.0"], wished.trim());
}

#[test]
fn a_git_tag_at_a_commit_with_another_version_is_told() {
    let mut world = Online::new();
    world.chart("charts/demo", "demo", "0.9.0");
    let other = world.commit("Begin");
    world.bump("charts/demo", "1.0.0");
    world.commit_and_push("The first version");
    world.git.run(&["tag", "demo-1.0.0", &other]);

    world.publish(&[]).ends_with(1).says(&other).says("has demo@0.9.0").says("move the tag");

    assert_eq!(world.listed(), ["tag demo-1.0.0"]);
}

#[test]
fn a_world_without_digests_is_read_by_downloading() {
    let world = Online::with_a_chart();
    world.github.set(|switches| switches.no_digests = true);
    world.publish_to(&["releases", "pages"], &[]).ends_with(0);
    world.front.clear();
    world
        .publish_to(&["releases", "pages"], &["-v"])
        .ends_with(0)
        .says("nothing to do")
        .never_says("packaged");
    assert_eq!(world.downloads(), 0, "nothing to do costs nothing here too");

    world.publish(&[]).ends_with(0);

    assert!(world.listed().contains(&"oci demo: 1.0.0".to_owned()));
}

#[test]
fn a_private_repository_is_published_from_with_its_token_only() {
    let mut world = Online::with_a_chart();
    world.github.set(|switches| switches.private = true);
    world.git.private(true);
    world.publish_to(&["releases", "pages"], &[]).ends_with(0);
    world.bump("charts/demo", "1.1.0");
    world.commit_and_push("Bump it");

    // What is there is read with the token, to fill a channel that is new.
    world.publish(&[]).ends_with(0);

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
        ]
    );
}

#[test]
fn a_server_of_ones_own_is_spoken_to_at_its_own_addresses() {
    let world = Online::with_a_chart();
    world.publish(&[]).ends_with(0);
    assert_eq!(world.front.count("POST", "/api/uploads/repos/acme/charts/releases/"), 1);
    let [entry] = &world.entries()[..] else { panic!("one entry") };
    assert_eq!(entry.url, world.asset_url("demo-1.0.0", "demo-1.0.0.tgz"));
    let body = &world.github.releases()[0].body;
    assert!(body.contains(&format!("helm install demo {}", entry.url)), "{body}");
    assert!(!body.contains("github.com"), "{body}");
    // A registry is not known there.
    world.publish_to(&["releases", "oci"], &[]).ends_with(2).says("oci://");
}

#[test]
fn prereleases_are_flagged_and_only_the_one_chart_is_the_latest_release() {
    let mut world = Online::with_a_chart();
    world.publish(&[]).ends_with(0);
    assert_eq!(world.github.latest().as_deref(), Some("demo-1.0.0"), "the only chart there is");
    world.bump("charts/demo", "1.1.0-rc.1");
    world.chart("charts/other", "other", "7.0.0");
    world.commit_and_push("A candidate, and another chart");
    world.publish(&[]).ends_with(0);
    assert_eq!(world.github.latest().as_deref(), Some("demo-1.0.0"), "among several, none");
    world.bump("charts/other", "8.0.0");
    world.bump("charts/demo", "1.1.0");
    world.commit_and_push("Bump both");
    world.publish(&["--latest-chart", "demo"]).ends_with(0);
    assert_eq!(world.github.latest().as_deref(), Some("demo-1.1.0"));

    let flagged: Vec<String> = world
        .github
        .releases()
        .into_iter()
        .filter(|release| release.prerelease)
        .map(|release| release.tag)
        .collect();
    assert_eq!(flagged, ["demo-1.1.0-rc.1"]);
}

#[test]
fn an_older_version_that_is_published_late_does_not_become_the_latest() {
    let mut world = Online::with_a_chart();
    world.bump("charts/demo", "1.1.0");
    world.commit_and_push("Bump it");
    world.publish(&[]).ends_with(0);
    world.publish(&["demo@1.0.0"]).ends_with(0);
    assert_eq!(world.github.tags().len(), 2);
    assert_eq!(world.github.latest().as_deref(), Some("demo-1.1.0"));
}

#[test]
fn the_text_of_a_release_is_the_notes_file_of_the_package_else_its_description() {
    let mut world = Online::with_a_chart();
    world.write("charts/demo/CHANGES.md", "# News\n\n- everything\n");
    world.chart("charts/other", "other", "1.0.0");
    world.write(
        "charts/other/Chart.yaml",
        "apiVersion: v2\nname: other\nversion: 1.0.0\ndescription: What it is good for\n",
    );
    world.commit_and_push("Write notes");

    world.publish(&["--release-notes-file", "CHANGES.md"]).ends_with(0);

    let body = |tag: &str| world.github.tagged(tag).remove(0).body;
    let (demo, other) = (body("demo-1.0.0"), body("other-1.0.0"));
    assert!(demo.starts_with("# News\n\n- everything\n\n"), "{demo}");
    assert!(other.starts_with("What it is good for\n\n"), "{other}");
    // One line for installing from each channel.
    for (body, chart) in [(demo, "demo"), (other, "other")] {
        let lines: Vec<&str> = body.lines().filter(|line| line.starts_with("helm install ")).collect();
        let (url, pages) =
            (world.asset_url(&format!("{chart}-1.0.0"), &format!("{chart}-1.0.0.tgz")), world.pages_url());
        assert_eq!(
            lines,
            [
                format!("helm install {chart} {url}"),
                format!("helm install {chart} {}/{chart} --version 1.0.0", world.oci()),
                format!("helm install {chart} {chart} --repo {pages} --version 1.0.0"),
            ]
        );
    }
}

#[test]
fn an_archived_repository_is_told_and_nothing_is_written_anywhere() {
    let world = Online::with_a_chart();
    world.github.set(|switches| switches.archived = true);
    world.publish(&[]).ends_with(1).says("archived");
    world.nothing_was_written();
}

#[test]
fn an_entry_that_leads_nowhere_fills_nothing_and_is_told() {
    let world = Online::with_a_chart();
    let package = world.packed_by_others("demo");
    let url = world.asset_url("demo-1.0.0", "demo-1.0.0.tgz");
    world.hold_index(&[("demo", "1.0.0", &url, &package)]);

    world
        .publish_to(&["pages", &world.oci()], &[])
        .ends_with(1)
        .says("the entry of demo@1.0.0 leads to a package that is not there")
        .says("put the package back that was published");

    assert_eq!(world.registry.names(), [""; 0]);
    // The story ends with the release back at its place.
    world.github.seed(Release::published("demo-1.0.0").asset("demo-1.0.0.tgz", package));
    world.publish_to(&["pages", &world.oci()], &[]).ends_with(0);
}

#[test]
fn the_versions_of_one_push_go_out_in_their_order() {
    let mut world = Online::with_a_chart();
    world.publish(&[]).ends_with(0);
    let since = world.git(&["rev-parse", "HEAD"]).trim().to_owned();
    for version in ["1.1.0", "1.2.0-rc.1", "1.2.0"] {
        world.bump("charts/demo", version);
        world.commit_and_push(version);
    }

    world.publish(&["--since", &since]).ends_with(0);

    let versions: Vec<String> = world.entries().into_iter().map(|entry| entry.version).collect();
    assert_eq!(versions, ["1.2.0", "1.1.0", "1.0.0"], "the newest first, and no prerelease that was passed");
    assert_eq!(world.github.latest().as_deref(), Some("demo-1.2.0"));
    assert_eq!(world.registry.tags("acme/charts/demo").len(), 3);
}

#[test]
fn an_index_that_is_added_later_says_the_time_that_the_registry_says() {
    let world = Online::with_a_chart();
    let package = world.packed_by_others("demo");
    world.registry.hold_package("acme/charts/demo", "1.0.0", &package, "2025-01-01T00:00:00Z");
    world.hold_pages(&[("README.md", b"Charts\n")]);

    world.publish_to(&["pages", &world.oci()], &[]).ends_with(0);

    assert!(world.index().contains("created: \"2025-01-01T00:00:00Z\""), "{}", world.index());
}
