//! `check` in the Action: pull requests as GitHub checks them out, from forks, and from people who mean harm.

use crate::{
    action::{Step, everywhere, outputs, summary},
    checks::findings,
    world::{Run, online::Online, runner::Runner},
};
use serde_json::{Value, json};
use std::fs;

/// A repository with a published chart, and a pull request that changes it without raising its version. The merge commit
/// that GitHub makes is checked out; `main` had gone on meanwhile.
struct PullRequest {
    world: Online,
    /// What the event calls the base: `main` as it was before.
    base: String,
    head: String,
}

impl PullRequest {
    fn new() -> Self {
        let mut world = Online::with_a_chart();
        world.publish(&[]).ends_with(0);
        let base = world.git(&["rev-parse", "HEAD"]).trim().to_owned();
        world.git(&["checkout", "--quiet", "-b", "topic"]);
        world.write("charts/demo/values.yaml", "greeting: good day\n");
        let head = world.commit("Be polite");
        world.git(&["checkout", "--quiet", "main"]);
        world.chart("charts/other", "other", "0.1.0");
        world.write("charts/other/extra.yaml", "on: main\n");
        world.commit_and_push("Go on");
        world.git_later(&["merge", "--quiet", "--no-ff", "--message", "Merge topic into main", "topic"]);
        world.git(&["checkout", "--quiet", "--detach"]);
        world.front.clear();
        Self { world, base, head }
    }

    fn step(&self) -> Step<'_> {
        let pull_request = json!({"base": {"sha": self.base}, "head": {"sha": self.head}});
        let document = json!({"action": "opened", "pull_request": pull_request});
        Step::on(&self.world, "pull_request", "refs/pull/1/merge", document)
            .with("channels", &everywhere(&self.world))
    }

    /// As `actions/checkout` leaves it with this `fetch-depth`.
    fn shallow(&self, boundary: &[&str]) {
        let ids: Vec<String> = boundary
            .iter()
            .map(|name| self.world.git(&["rev-parse", name]).trim().to_owned() + "\n")
            .collect();
        self.world.remove(".git/refs/remotes");
        self.world.write(".git/shallow", ids.concat());
        self.world.git(&["branch", "--quiet", "-D", "main", "topic"]);
        // What is cut off is not there.
        self.world.git(&["reflog", "expire", "--expire=now", "--all"]);
        self.world.git(&["gc", "--quiet", "--prune=now"]);
    }
}

/// The document that the step left.
fn document(world: &Online, code: i32) -> Run {
    let told = outputs(world);
    assert_eq!(told["command"], "check");
    let text = fs::read_to_string(&told["report"]).expect("a report");
    Run { code, out: text, err: String::new() }
}

const STAYS: &str = "error version_stays demo@1.0.0 charts/demo/Chart.yaml:3";

#[test]
fn a_pull_request_is_compared_with_what_it_will_be_merged_into() {
    let request = PullRequest::new();
    let run = request.step().run().ends_with(3);
    let runner = Runner::read(&run.err);
    let errors = runner.named("error");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].properties.contains("file=charts/demo/Chart.yaml,line=3"), "{errors:?}");
    assert!(errors[0].data.contains("values.yaml changes"), "{errors:?}");
    let told = outputs(&request.world);
    let refused: Value = serde_json::from_str(&told["refused"]).expect("JSON");
    assert_eq!((&refused[0]["name"], &refused[0]["path"]), (&json!("demo"), &json!("charts/demo")));
    // What main brought is published by the merge, and is none of the request's.
    assert_eq!(
        (&*told["changed_charts"], &*told["failed"], &*told["released"]),
        ("charts/other", "[]", "[]")
    );
    let summary = summary(&request.world);
    let (act, merge) = (summary.find("To do").expect("errors"), summary.find("What a merge would publish"));
    assert!(merge.is_some_and(|merge| act < merge), "{summary}");
    // No package was downloaded, and nothing was written but what was before.
    assert_eq!(request.world.listed().len(), 4);
    // The next one sees the same.
    request.step().run().ends_with(3);
    assert_eq!(findings(&document(&request.world, 3)), [STAYS]);
}

#[test]
fn with_two_commits_it_is_compared_and_with_one_it_is_told() {
    let request = PullRequest::new();
    request.shallow(&["HEAD^1", "HEAD^2"]);
    request.step().run().ends_with(3);
    assert_eq!(findings(&document(&request.world, 3)), [STAYS]);

    let request = PullRequest::new();
    request.shallow(&["HEAD"]);
    let run = request.step().run().ends_with(0).says("fetch-depth: 0");
    assert_eq!(Runner::read(&run.err).named("error").len(), 0);
    let told = findings(&document(&request.world, 0));
    assert!(!told.iter().any(|finding| finding.starts_with("error")), "{told:?}");
}

#[test]
fn a_pull_request_from_a_fork_has_no_token_and_no_password() {
    let request = PullRequest::new();
    let mut command =
        request.step().with("registry_user", &format!("{}=robot", request.world.front.host())).command();
    for secret in
        ["CHART_RELEASE_DEFAULT_TOKEN", "CHART_RELEASE_REGISTRY_PASSWORD", "CHART_RELEASE_REGISTRY_USER"]
    {
        command.env_remove(secret);
    }
    let run = request.world.end(&mut command);
    let code = run.code;
    assert!([1, 3].contains(&code), "{}\n{}", run.out, run.err);
    assert_eq!(findings(&document(&request.world, code)), [STAYS]);
}

#[test]
fn what_cannot_be_asked_is_one_notice_and_no_error() {
    let mut world = Online::with_a_chart();
    let base = world.git(&["rev-parse", "HEAD"]).trim().to_owned();
    for chart in ["a", "b", "c"] {
        world.chart(&format!("charts/{chart}"), chart, "1.0.0");
    }
    world.commit("Add charts");
    let channels = format!("{}\noci://127.0.0.1:9/nobody", world.oci());
    let step = || Step::pull_request(&world, &base).with("channels", &channels).with("retries", "0");
    let run = step().run().ends_with(0);
    let notices =
        Runner::read(&run.err).done.iter().filter(|done| done.data.contains("could not be asked")).count();
    assert_eq!(notices, 1, "{}", run.err);
    run.says("put");
    let told = outputs(&world);
    assert_eq!(told["changed_charts"], "charts/a,charts/b,charts/c,charts/demo");
    world.nothing_was_written();
}

#[test]
fn names_that_mean_harm_are_shown_and_do_nothing() {
    let mut world = Online::with_a_chart();
    let base = world.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let name = "x%0A::add-path::evil,line=1";
    world.write(
        "charts/x%0A::error::y/Chart.yaml",
        format!("apiVersion: v2\nname: \"{name}\"\nversion: 1.0.0\nsources: [\"https://x/::set-output name=released::y\"]\n"),
    );
    world.write(
        "charts/z/Chart.yaml",
        "apiVersion: v2\nname: \"::stop-commands::x\"\nversion: \"1\\n::error::2\"\n",
    );
    world.commit("Mean harm");
    let run = Step::pull_request(&world, &base).with("channels", &everywhere(&world)).run().ends_with(1);
    let runner = Runner::read(&run.err);
    let mut names = runner.names();
    for known in ["error", "warning", "notice", "group", "endgroup", "add-mask"] {
        names.remove(known);
    }
    assert_eq!(names, [].into(), "{}", run.err);
    let errors = runner.named("error");
    assert!(errors.len() <= 10 && !errors.is_empty(), "{errors:?}");
    assert_eq!(outputs(&world)["released"], "[]");
    world.nothing_was_written();
}

#[test]
fn a_check_can_be_asked_for_on_any_event_and_against_any_base() {
    let mut world = Online::with_a_chart();
    let before = world.git(&["rev-parse", "HEAD"]).trim().to_owned();
    world.write("charts/demo/values.yaml", "greeting: good day\n");
    world.commit("Be polite");
    Step::push(&world, &before).with("command", "check").run().ends_with(1);
    assert_eq!(findings(&document(&world, 1)), [STAYS]);
    let dispatch =
        || Step::on(&world, "workflow_dispatch", "refs/heads/topic", json!({})).with("command", "check");
    dispatch().with("base", "HEAD").run().ends_with(0);
    dispatch().with("base", "HEAD~1").run().ends_with(1);
    dispatch().with("base", "no-branch").run().ends_with(2).says("no-branch");
    world.nothing_was_written();
}
