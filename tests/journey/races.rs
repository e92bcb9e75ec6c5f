//! Publishers that work at the same time: nothing is lost, and nothing changes that is public.

use crate::world::{front::Fault, github::Release, online::Online};
use std::thread;

#[test]
fn fifty_publishers_at_once_leave_fifty_entries() {
    let mut world = Online::new();
    let names: Vec<String> = (0..50).map(|number| format!("chart-{number:02}")).collect();
    for name in &names {
        world.chart(&format!("charts/{name}"), name, "1.0.0");
    }
    world.commit_and_push("Add fifty charts");

    thread::scope(|scope| {
        let runs: Vec<_> = names
            .iter()
            .map(|name| scope.spawn(|| world.publish_to(&["pages"], &[name, "--retry-pause", "400"])))
            .collect();
        for run in runs {
            run.join().expect("it ran").ends_with(0);
        }
    });

    let charts: Vec<String> = world.entries().into_iter().map(|entry| entry.chart).collect();
    assert_eq!(charts, names);
    assert_eq!(world.pages_commits(), 51, "one for each, and one that made the branch");
}

#[test]
fn two_runs_of_one_commit_at_once_publish_it_once() {
    let mut world = Online::with_a_chart();
    world.chart("charts/other", "other", "1.0.0");
    world.commit_and_push("Add another chart");

    let codes: Vec<i32> = thread::scope(|scope| {
        let runs = [0, 1].map(|_| scope.spawn(|| world.publish(&[]).code));
        runs.map(|run| run.join().expect("it ran")).into()
    });

    // One of them may have met the draft of the other.
    assert!(codes.iter().all(|code| [0, 4].contains(code)), "{codes:?}");
    world.publish(&[]).ends_with(0);
    assert_eq!(
        world.listed(),
        [
            "index.yaml: demo 1.0.0",
            "index.yaml: other 1.0.0",
            "oci demo: 1.0.0",
            "oci other: 1.0.0",
            "release demo-1.0.0: demo-1.0.0.tgz",
            "release other-1.0.0: other-1.0.0.tgz",
            "tag demo-1.0.0",
            "tag other-1.0.0",
        ]
    );
}

#[test]
fn a_tag_that_somebody_put_a_moment_ago_with_the_same_package_is_kept() {
    let world = Online::with_a_chart();
    // A registry that lets nobody move a tag says so; the package there is ours, the manifest is not.
    world.registry.habits(|habits| habits.immutable_tags = Some(412));
    let package = world.packed_at("demo", chart_release::packages::DEFAULT_TIME);
    world.registry.before_next_tag(move |registry, name, _| {
        registry.hold_package(name, "1.0.0", &package, "2025-01-01T00:00:00Z");
    });

    world.publish(&[]).ends_with(0);

    assert_eq!(world.listed().len(), 4, "{:?}", world.listed());
    let manifest = world.registry.manifest("acme/charts/demo", "1.0.0").expect("a manifest").json();
    assert_eq!(manifest["annotations"]["org.opencontainers.image.created"], "2025-01-01T00:00:00Z");
}

#[test]
fn a_tag_that_somebody_put_a_moment_ago_with_another_package_is_refused() {
    for immutable in [None, Some(409), Some(412)] {
        let mut world = Online::with_a_chart();
        world.allow_differing("demo-1.0.0.tgz");
        world.registry.habits(|habits| habits.immutable_tags = immutable);
        let package = world.packed_with_values("charts/demo", "demo", "greeting: theirs\n");
        let theirs = chart_release::digest::Digest::of(&package).to_string();
        let hold = move |registry: &crate::world::registry::Registry| {
            registry.hold_package("acme/charts/demo", "1.0.0", &package, "2025-01-01T00:00:00Z");
        };
        match immutable {
            Some(_) => world.registry.before_next_tag(move |registry, _, _| hold(registry)),
            // Nothing stops a tag from moving there: it is looked at again right before.
            None => {
                let (registry, mut looks) = (world.registry.clone(), 0);
                world.front.plan(move |request| {
                    looks += usize::from(request.is("GET", "/manifests/1.0.0"));
                    if looks == 2 && request.is("GET", "/manifests/1.0.0") {
                        hold(&registry);
                    }
                    None::<Fault>
                });
            }
        }

        world.publish(&[]).ends_with(3).says(&theirs);

        // The release was public before; nobody's Helm was led to it.
        assert_eq!(
            world.listed(),
            ["oci demo: 1.0.0", "release demo-1.0.0: demo-1.0.0.tgz", "tag demo-1.0.0"],
            "{immutable:?}"
        );
    }
}

#[test]
fn a_push_to_the_pages_that_is_lost_is_made_again_upon_what_is_there() {
    let mut world = Online::with_a_chart();
    world.publish(&[]).ends_with(0);
    world.bump("charts/demo", "1.1.0");
    world.commit_and_push("Bump it");
    let (git, mut raced) = (world.git.clone(), false);
    world.front.plan(move |request| {
        if !raced && request.is("POST", "/git-receive-pack") {
            raced = true;
            // Somebody edits the site meanwhile.
            let tip = git.run(&["rev-parse", "refs/heads/gh-pages"]);
            let tree = git.run(&["rev-parse", "refs/heads/gh-pages^{tree}"]);
            let person = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"];
            let commit = ["commit-tree", tree.trim(), "-p", tip.trim(), "-m", "Edit the site"];
            let commit = git.run(&[person.as_slice(), &commit].concat());
            git.run(&["update-ref", "refs/heads/gh-pages", commit.trim(), tip.trim()]);
        }
        None::<Fault>
    });

    world.publish(&[]).ends_with(0);

    assert_eq!(world.pages_commits(), 4);
    assert_eq!(world.entries().len(), 2);
}

#[test]
fn a_release_that_somebody_publishes_a_moment_before_is_kept_or_refused() {
    for theirs_are_ours in [true, false] {
        let mut world = Online::with_a_chart();
        world.allow_differing("demo-1.0.0.tgz");
        let package = match theirs_are_ours {
            true => world.packed_at("demo", chart_release::packages::DEFAULT_TIME),
            false => world.packed_with_values("charts/demo", "demo", "greeting: theirs\n"),
        };
        let (github, mut package) = (world.github.clone(), Some(package));
        world.front.plan(move |request| {
            if request.is("PATCH", "/releases/")
                && let Some(package) = package.take()
            {
                github.seed(Release::published("demo-1.0.0").asset("demo-1.0.0.tgz", package));
            }
            None::<Fault>
        });

        let run = world.publish(&[]);

        let mut left = world.listed();
        left.retain(|line| !line.starts_with("draft "));
        if theirs_are_ours {
            run.ends_with(0);
            assert_eq!(left, world.listed(), "our draft is not needed any more");
            assert_eq!(left.len(), 4, "{left:?}");
        } else {
            run.ends_with(3).says("raise `version` in charts/demo/Chart.yaml");
            assert_eq!(left, ["release demo-1.0.0: demo-1.0.0.tgz", "tag demo-1.0.0"]);
        }
    }
}
