//! `check`: what a branch would refuse or spoil, told where its author looks.

use crate::world::{Run, World};
use serde_json::Value;

/// Every finding of a check as `severity rule chart file:line`.
pub fn found(world: &World, arguments: &[&str]) -> (i32, Vec<String>) {
    let run = world.run(&[&["check", "--json"], arguments].concat());
    (run.code, findings(&run))
}

#[track_caller]
pub fn findings(run: &Run) -> Vec<String> {
    let document: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| {
        panic!("no document: {error}\n--- stdout\n{}\n--- stderr\n{}", run.out, run.err)
    });
    assert_eq!(document["schema"], "chart-release/check/1");
    assert_eq!(document["exit_code"], run.code);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let told = document["findings"].as_array().expect("findings").iter().map(|finding| {
        let line = finding["line"].as_u64().map(|line| format!(":{line}")).unwrap_or_default();
        let named = match (&finding["chart"], &finding["version"]) {
            (Value::String(chart), Value::String(version)) => format!("{chart}@{version}"),
            _ => text(&finding["path"]),
        };
        format!(
            "{} {} {named} {}{line}",
            text(&finding["severity"]),
            text(&finding["rule"]),
            text(&finding["file"])
        )
    });
    told.collect()
}

/// A repository with a chart on `main`, as a clone of it has it: `origin/main` is where it is now. On a new branch.
fn branch() -> World {
    let world = World::with_a_chart();
    branch_off(&world);
    world
}

/// What is committed becomes `origin/main`, and the branch `topic` begins.
fn branch_off(world: &World) {
    world.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    world.git(&["checkout", "--quiet", "-B", "topic"]);
}

#[test]
fn content_that_changes_under_a_version_that_stays_is_an_error_at_its_line() {
    let mut world = branch();
    assert_eq!(found(&world, &[]), (0, vec![]));
    world.write("charts/demo/values.yaml", "greeting: good day\n");
    world.commit("Be polite");
    assert_eq!(
        found(&world, &[]),
        (1, vec!["error version_stays demo@1.0.0 charts/demo/Chart.yaml:3".into()])
    );
    let run = world.run(&["check"]).ends_with(1);
    run.says("values.yaml changes").says("raise `version` in charts/demo/Chart.yaml").says("origin/main");
    world.bump("charts/demo", "1.1.0");
    world.commit("Raise it");
    assert_eq!(found(&world, &[]), (0, vec![]));
    world.run(&["check"]).ends_with(0).says("What a merge would publish").says("1.1.0");
    assert!(!world.repository().join("published").exists(), "a check writes nothing");
}

#[test]
fn other_content_of_a_published_version_is_refused() {
    let mut world = branch();
    world.publish(&[]).ends_with(0);
    world.write("charts/demo/values.yaml", "greeting: good day\n");
    world.commit("Be polite");
    let before = world.bytes();
    assert_eq!(
        found(&world, &[]),
        (3, vec!["error version_stays demo@1.0.0 charts/demo/Chart.yaml:3".into()])
    );
    assert_eq!(world.bytes(), before);
    // Raised to a version that somebody published from another branch.
    world.git(&["checkout", "--quiet", "-b", "other", "origin/main"]);
    world.bump("charts/demo", "1.1.0");
    world.commit("Publish another 1.1.0");
    world.publish(&[]).ends_with(0);
    world.git(&["checkout", "--quiet", "topic"]);
    world.bump("charts/demo", "1.1.0");
    world.commit("Raise it");
    let expected = "error version_published demo@1.1.0 charts/demo/Chart.yaml:3".into();
    assert_eq!(found(&world, &[]), (3, vec![expected]));
}

#[test]
fn content_is_what_helm_would_package_and_placeholders_may_change() {
    let mut world = branch();
    world.write("charts/demo/.helmignore", "ci/\n");
    world.bump("charts/demo", "1.1.0");
    world.chart("charts/draft", "draft", "0.0.0");
    world.commit("Ignore what tests need");
    branch_off(&world);
    world.write("charts/demo/ci/test-values.yaml", "greeting: a test\n");
    let chart_yaml = "# Ours.\nname: \"demo\"\napiVersion: v2\nversion: 1.1.0\n";
    world.write("charts/demo/Chart.yaml", chart_yaml);
    world.write("charts/draft/values.yaml", "greeting: another one\n");
    world.commit("Change what is in no package, and a draft");
    assert_eq!(found(&world, &[]), (0, vec![]));
}

#[test]
fn a_version_that_goes_back_is_an_error_at_its_line() {
    let mut world = branch();
    world.bump("charts/demo", "1.0.0-rc.1");
    world.commit("Go back");
    let expected = "error version_lowered demo@1.0.0-rc.1 charts/demo/Chart.yaml:3".into();
    assert_eq!(found(&world, &[]), (1, vec![expected]));
    world.run(&["check"]).says("the version goes back from 1.0.0 to 1.0.0-rc.1");
}

#[test]
fn one_bad_chart_hides_no_other_and_a_bad_base_is_a_notice() {
    let mut world = branch();
    world.write("charts/broken/Chart.yaml", "apiVersion: v2\nname: broken\nversion: one\n");
    world.chart("charts/large", "large", "1.0.0");
    world.write("charts/large/data.bin", vec![b'x'; 5 * 1024 * 1024 + 1]);
    world.chart("charts/a", "twice", "1.0.0");
    world.chart("charts/b", "twice", "1.0.0");
    world.write("charts/b/values.yaml", "other: true\n");
    world.write("charts/demo/values.yaml", "greeting: good day\n");
    world.commit("Much at once");
    let errors = |severity: &str| {
        [
            format!("{severity} no_package twice@1.0.0 charts/b"),
            format!("{severity} no_package charts/broken charts/broken/Chart.yaml:3"),
            format!("{severity} no_package large@1.0.0 charts/large/data.bin"),
        ]
    };
    let mut expected: Vec<String> = errors("error").into();
    expected.insert(2, "error version_stays demo@1.0.0 charts/demo/Chart.yaml:3".into());
    assert_eq!(found(&world, &[]), (1, expected));
    // Somebody merged it all the same. A branch that changes nothing of them is no reason.
    branch_off(&world);
    world.write("README.md", "# Charts\n");
    world.commit("Say what this is");
    assert_eq!(found(&world, &[]), (0, errors("notice").into()));
    // What it mends is gone, and what it breaks anew is its own.
    world.write("charts/broken/Chart.yaml", "apiVersion: v2\nname: broken\nversion: 0.1.0\n");
    world.write("charts/large/Chart.yaml", "apiVersion: v2\nname: large\nversion: ''\n");
    world.commit("Mend one, break another one");
    let expected = vec![
        "error no_package charts/large charts/large/Chart.yaml:3".to_owned(),
        "notice no_package twice@1.0.0 charts/b".to_owned(),
    ];
    assert_eq!(found(&world, &[]), (1, expected));
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_the_repository_is_an_error_where_it_lies() {
    let mut world = branch();
    std::os::unix::fs::symlink("/etc/hostname", world.repository().join("charts/demo/files"))
        .expect("a link can be made");
    world.bump("charts/demo", "1.1.0");
    world.commit("Link to somewhere");
    let expected = "error no_package demo@1.1.0 charts/demo/files".into();
    assert_eq!(found(&world, &[]), (1, vec![expected]));
}

#[test]
fn a_secret_in_a_chart_is_an_error_and_is_not_shown() {
    let mut world = branch();
    let token = "ghp_marked0123456789abcdefghijklmnop";
    world.write("charts/demo/values.yaml", format!("greeting: hello\ntoken: {token}\n"));
    world.bump("charts/demo", "1.1.0");
    world.commit("Say too much");
    let mut command = world.program();
    let run = World::end(command.env("GITHUB_TOKEN", token).args(["check", "--json"])).never_says(token);
    assert_eq!(findings(&run), ["error no_package demo@1.1.0 charts/demo/values.yaml:2"]);
    assert_eq!(run.code, 1);
}

#[test]
fn a_secret_in_what_a_chart_depends_on_is_its_error_and_no_channels() {
    let mut world = branch();
    let token = "ghp_marked0123456789abcdefghijklmnop";
    world.chart("libraries/lib", "lib", "1.0.0");
    world.write("libraries/lib/values.yaml", format!("greeting: hello\ntoken: {token}\n"));
    let depends = "dependencies:\n- name: lib\n  version: 1.0.0\n  repository: file://../../libraries/lib\n";
    world.write("charts/demo/Chart.yaml", format!("apiVersion: v2\nname: demo\nversion: 1.1.0\n{depends}"));
    world.commit("Depend on a chart that says too much");
    let mut command = world.program();
    let run = World::end(command.env("GITHUB_TOKEN", token).args(["check", "--json"])).never_says(token);
    let place = "charts/demo/charts/lib-1.0.0.tgz/values.yaml:2";
    assert_eq!(findings(&run), [format!("error no_package demo@1.1.0 {place}")]);
    assert_eq!(run.code, 1);
    run.never_says("could not be asked");
}

#[test]
fn a_name_that_registries_refuse_is_an_error_where_one_is_a_channel() {
    let mut world = branch();
    world.chart("charts/Loud", "Loud", "1.0.0");
    world.commit("Add a chart with a loud name");
    assert_eq!(found(&world, &[]), (0, vec![]));
    // Nobody listens there: that is told, and is no error.
    let registry = ["--channel", "oci://127.0.0.1:9/acme", "--retries", "0"];
    let expected = "error not_for_registries Loud@1.0.0 charts/Loud/Chart.yaml:2".into();
    assert_eq!(found(&world, &registry), (1, vec![expected]));
    world.run(&[&["check"], &registry[..]].concat()).says("oci://127.0.0.1:9/acme could not be asked");
    branch_off(&world);
    let expected = "notice not_for_registries Loud@1.0.0 charts/Loud/Chart.yaml:2".into();
    assert_eq!(found(&world, &registry), (0, vec![expected]));
}

#[test]
fn a_first_source_that_is_another_repository_is_told_where_a_registry_is_a_channel() {
    let mut world = branch();
    let sources = |first: &str| {
        format!(
            "apiVersion: v2\nname: demo\nversion: 1.1.0\nsources:\n  - https://github.com/{first}\n  - https://github.com/acme/other\n"
        )
    };
    world.write("charts/demo/Chart.yaml", sources("acme/app"));
    world.commit("Say where the app is");
    let oci = ["--channel", "oci://127.0.0.1:9/acme", "--retries", "0"];
    assert_eq!(found(&world, &oci), (0, vec![]), "nobody says which repository this is");
    let told = |severity: &str| vec![format!("{severity} other_source demo@1.1.0 charts/demo/Chart.yaml:5")];
    let on_github = [&oci[..], &["--github-repository", "Acme/charts"]].concat();
    assert_eq!(found(&world, &on_github), (1, told("error")));
    assert_eq!(found(&world, &["--github-repository", "Acme/charts", "--channel", "folder:x"]), (0, vec![]));
    // An origin may be a fork.
    world.git(&["remote", "add", "origin", "https://github.com/somebody/charts.git"]);
    assert_eq!(found(&world, &oci), (0, told("notice")));
    branch_off(&world);
    assert_eq!(found(&world, &on_github), (0, told("notice")));
    world.write("charts/demo/Chart.yaml", sources("acme/charts/tree/main/charts/demo"));
    world.commit("Say where the chart is");
    let stays = "error version_stays demo@1.1.0 charts/demo/Chart.yaml:3".to_owned();
    assert_eq!(found(&world, &on_github), (1, vec![stays]));
}

#[test]
fn what_the_base_changed_is_no_reason_to_fail_and_bringing_it_back_is_none_either() {
    let mut world = World::with_a_chart();
    world.publish(&[]).ends_with(0);
    world.write("charts/demo/values.yaml", "greeting: good day\n");
    world.commit("Change it on main");
    branch_off(&world);
    world.chart("charts/other", "other", "0.1.0");
    world.commit("Add another chart");
    let expected = "notice unreleased demo@1.0.0 charts/demo/Chart.yaml:3".into();
    assert_eq!(found(&world, &[]), (0, vec![expected]));
    world.write("charts/demo/values.yaml", "greeting: hello from demo\n");
    world.commit("Bring back what is published");
    assert_eq!(found(&world, &[]), (0, vec![]));
}

#[test]
fn a_moved_chart_is_the_same_and_a_copy_is_a_new_one() {
    let mut world = branch();
    world.git(&["mv", "charts/demo", "charts/moved"]);
    world.commit("Move it");
    assert_eq!(found(&world, &[]), (0, vec![]));
    world.write("charts/moved/values.yaml", "greeting: good day\n");
    world.commit("Change it on the way");
    let expected = "error version_stays demo@1.0.0 charts/moved/Chart.yaml:3".into();
    assert_eq!(found(&world, &[]), (1, vec![expected]));
    // Two lines of one chart.
    let mut world = branch();
    world.chart("charts/demo-2", "demo", "2.0.0");
    world.commit("Begin another line");
    assert_eq!(found(&world, &[]), (0, vec![]));
    branch_off(&world);
    world.write("charts/demo-2/values.yaml", "greeting: good day\n");
    world.bump("charts/demo", "1.0.1");
    world.commit("Go on in both");
    let expected = "error version_stays demo@2.0.0 charts/demo-2/Chart.yaml:3".into();
    assert_eq!(found(&world, &[]), (1, vec![expected]));
}

#[test]
fn what_is_edited_counts_and_what_git_does_not_know_does_not() {
    let world = branch();
    world.write("charts/demo/generated.yaml", "by: a step before\n");
    assert_eq!(found(&world, &[]), (0, vec![]));
    world.write("charts/demo/values.yaml", "greeting: good day\n");
    let expected = "error version_stays demo@1.0.0 charts/demo/Chart.yaml:3".to_owned();
    assert_eq!(found(&world, &[]), (1, vec![expected]));
    world.run(&["check"]).ends_with(1).says("values.yaml changes").never_says("generated.yaml changes");
    // In a job, nobody edits: a step wrote it.
    let mut command = world.program();
    let run =
        World::end(command.env("GITHUB_ACTIONS", "true").args(["check", "--json", "--channel", "folder:x"]));
    assert_eq!(findings(&run), [""; 0]);
}

#[test]
fn without_a_base_the_charts_are_checked_and_it_is_told() {
    let mut world = World::with_a_chart();
    world.write("charts/broken/Chart.yaml", "name: broken\n");
    world.commit("Add a broken one");
    world.write("charts/demo/values.yaml", "greeting: good day\n");
    world.commit("Change one");
    let expected = "error no_package charts/broken charts/broken/Chart.yaml".into();
    assert_eq!(found(&world, &[]), (1, vec![expected]));
    world.run(&["check"]).ends_with(1).says("compared with nothing").says("--base REF");
    let named = ["--base", "HEAD~1"];
    let expected = vec![
        "error version_stays demo@1.0.0 charts/demo/Chart.yaml:3".to_owned(),
        "notice no_package charts/broken charts/broken/Chart.yaml".to_owned(),
    ];
    assert_eq!(found(&world, &named), (1, expected));
    world.run(&["check", "--base", "nowhere"]).ends_with(2).says("`nowhere` is not a commit, branch or tag");
}

#[test]
fn a_shallow_clone_says_what_to_fetch() {
    let mut world = branch();
    world.write("charts/demo/values.yaml", "greeting: good day\n");
    world.commit("Be polite");
    // As origin shows itself.
    world.git(&["checkout", "--quiet", "main"]);
    let from = format!("file://{}", world.repository().display());
    let into = world.path("clone");
    let into_text = into.display().to_string();
    world.git(&["clone", "--quiet", "--depth", "1", "--branch", "topic", &from, &into_text]);
    let mut command = world.program();
    let run = World::end(command.current_dir(&into).args(["check", "--json"])).ends_with(0);
    assert_eq!(findings(&run), [""; 0]);
    run.says("what the branch changes is not known").says("fetch-depth: 0");
    world.git_in(&into, &["fetch", "--quiet", "--unshallow"]);
    world.git_in(&into, &["fetch", "--quiet", &from, "main:refs/remotes/origin/main"]);
    let mut command = world.program();
    let run = World::end(command.current_dir(&into).args(["check", "--json"])).ends_with(1);
    assert_eq!(findings(&run), ["error version_stays demo@1.0.0 charts/demo/Chart.yaml:3"]);
}

#[test]
fn a_branch_is_compared_with_where_it_left_and_not_with_what_came_after() {
    let mut world = branch();
    world.write("README.md", "# Charts\n");
    world.commit("Say what this is");
    world.git(&["checkout", "--quiet", "main"]);
    world.write("charts/demo/values.yaml", "greeting: good day\n");
    world.bump("charts/demo", "1.1.0");
    world.commit("Go on");
    world.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    world.git(&["checkout", "--quiet", "topic"]);
    assert_eq!(found(&world, &[]), (0, vec![]));
    world.write("charts/demo/values.yaml", "greeting: hi\n");
    world.commit("Change the elder");
    let expected = "error version_stays demo@1.0.0 charts/demo/Chart.yaml:3".into();
    assert_eq!(found(&world, &[]), (1, vec![expected]));
}

/// A chart `app` that depends on the chart `lib` beside it, with a lock of Helm's.
fn with_a_library() -> World {
    let mut world = World::with_a_chart();
    world.chart("charts/lib", "lib", "1.2.0");
    world.write("charts/app/Chart.yaml", APP);
    world.write("charts/app/Chart.lock", LOCK);
    world.commit("Use a library");
    branch_off(&world);
    world
}

const APP: &str = "\
apiVersion: v2
name: app
version: 0.1.0
dependencies:
- name: lib
  version: ^1.0.0
  repository: file://../lib
";

/// As `helm dependency update` writes it.
const LOCK: &str = "\
dependencies:
- name: lib
  repository: file://../lib
  version: 1.2.0
digest: sha256:b80d1e3ef061133c55724c3585c337435cb49f5d78ce5f800b85c28038c97f27
generated: \"2026-11-20T22:06:07.810331518Z\"
";

#[test]
fn a_library_that_changes_changes_every_chart_that_packages_it() {
    let mut world = with_a_library();
    assert_eq!(found(&world, &[]), (0, vec![]));
    world.write("charts/lib/templates/_names.tpl", "{{- define \"lib.name\" -}}lib{{- end -}}\n");
    world.commit("Give the library a name");
    let expected = [
        "error version_stays app@0.1.0 charts/app/Chart.yaml:3",
        "error version_stays lib@1.2.0 charts/lib/Chart.yaml:3",
    ];
    assert_eq!(found(&world, &[]), (1, expected.map(str::to_owned).into()));
    world.run(&["check"]).says("charts/lib/templates/_names.tpl");
}

#[test]
fn a_lock_that_does_not_fit_is_an_error_with_the_command_that_mends_it() {
    let mut world = with_a_library();
    world.write("charts/app/Chart.yaml", APP.replace("^1.0.0", "^1.1.0").replace("0.1.0", "0.2.0"));
    world.commit("Ask for a newer library, and forget the lock");
    let (code, findings) = found(&world, &[]);
    assert_eq!(code, 1);
    assert!(
        findings.len() == 1 && findings[0].starts_with("error no_package app@0.2.0 charts/app/"),
        "{findings:?}"
    );
    world.run(&["check"]).says("out of sync").says("helm dependency update charts/app");
    // It was merged all the same: the next branch is not the reason.
    branch_off(&world);
    world.write("charts/demo/README.md", "# demo\n");
    world.bump("charts/demo", "1.1.0");
    world.commit("Something else");
    let (code, findings) = found(&world, &[]);
    assert_eq!(code, 0);
    assert!(findings.len() == 1 && findings[0].starts_with("notice no_package app@0.2.0"), "{findings:?}");
}

#[test]
fn an_annotation_that_artifact_hub_refuses_is_an_error_at_its_line() {
    let mut world = branch();
    let chart_yaml =
        "apiVersion: v2\nname: demo\nversion: 1.1.0\nannotations:\n  artifacthub.io/category: databases\n";
    world.write("charts/demo/Chart.yaml", chart_yaml);
    world.commit("Say what it is");
    let expected = "error artifact_hub demo@1.1.0 charts/demo/Chart.yaml:5";
    assert_eq!(found(&world, &[]), (1, vec![expected.to_owned()]));
    world.run(&["check"]).says("artifacthub.io/category");
    branch_off(&world);
    world.write("charts/other.txt", "nothing\n");
    world.commit("Something else");
    assert_eq!(found(&world, &[]), (0, vec![expected.replace("error", "notice")]));
}
