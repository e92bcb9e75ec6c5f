//! The Action: what a workflow says, from inputs, variables and events, and what becomes of it.

use crate::world::{
    Run, files,
    online::{Online, PASSWORD, TOKEN, USER},
    runner::Runner,
    send,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

pub const NOTHING: &str = "0000000000000000000000000000000000000000";

/// A step of a workflow that runs the Action: what the runner says, and what the inputs say.
pub struct Step<'a> {
    world: &'a Online,
    event: &'static str,
    pub reference: String,
    pub document: String,
    variables: Vec<(String, String)>,
}

impl<'a> Step<'a> {
    pub fn on(world: &'a Online, event: &'static str, reference: &str, mut document: Value) -> Self {
        document["repository"] = json!({"default_branch": "main", "full_name": "acme/charts"});
        let document = document.to_string();
        Self { world, event, reference: reference.into(), document, variables: Vec::new() }
    }

    /// After a push to `main`.
    pub fn push(world: &'a Online, before: &str) -> Self {
        Self::on(world, "push", "refs/heads/main", json!({"before": before}))
    }

    /// On a pull request with this base.
    pub fn pull_request(world: &'a Online, base: &str) -> Self {
        let document = json!({"action": "opened", "pull_request": {"base": {"sha": base}}});
        Self::on(world, "pull_request", "refs/pull/1/merge", document)
    }

    pub fn with(mut self, input: &str, value: &str) -> Self {
        self.variables.push((format!("INPUT_{}", input.to_uppercase()), value.into()));
        self
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    pub fn command(&self) -> Command {
        let event = self.world.path("event.json");
        fs::write(&event, &self.document).expect("a document can be written");
        let mut command = self.world.program();
        command
            .arg("action")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_EVENT_NAME", self.event)
            .env("GITHUB_REF", &self.reference)
            .env("GITHUB_EVENT_PATH", event)
            .env("GITHUB_OUTPUT", self.world.path("output"))
            .env("GITHUB_STEP_SUMMARY", self.world.path("summary.md"))
            .env("RUNNER_TEMP", self.world.path("."))
            // What a workflow gives to no step by itself.
            .env_remove("GITHUB_TOKEN")
            .env("CHART_RELEASE_DEFAULT_TOKEN", TOKEN)
            // All inputs are there, most of them empty.
            .env("INPUT_CHARTS_DIR", "")
            .env("INPUT_SKIP_EXISTING", "")
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub fn run(self) -> Run {
        self.world.end(&mut self.command())
    }
}

/// All inputs of a publish to everywhere.
pub fn everywhere(world: &Online) -> String {
    format!("releases\npages\n{}", world.oci())
}

/// Everything that is listed of a version of `demo` that was published everywhere.
fn listed(versions: &[&str]) -> Vec<String> {
    let of = |version: &&str| {
        [
            format!("index.yaml: demo {version}"),
            format!("oci demo: {version}"),
            format!("release demo-{version}: demo-{version}.tgz"),
            format!("tag demo-{version}"),
        ]
    };
    let mut all: Vec<String> = versions.iter().flat_map(of).collect();
    all.sort();
    all
}

/// The outputs, as the runner reads them; the file begins anew.
pub fn outputs(world: &Online) -> BTreeMap<String, String> {
    let text = fs::read_to_string(world.path("output")).unwrap_or_default();
    let _ = fs::remove_file(world.path("output"));
    let mut outputs = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let (name, delimiter) = line.split_once("<<").expect("NAME<<DELIMITER");
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        outputs.insert(name.to_owned(), value.join("\n"));
    }
    outputs
}

pub fn summary(world: &Online) -> String {
    let text = fs::read_to_string(world.path("summary.md")).unwrap_or_default();
    let _ = fs::remove_file(world.path("summary.md"));
    text
}

/// The packages that a run left for the steps after it.
pub fn left(world: &Online) -> Vec<String> {
    files(&world.repository().join(".cr-release-packages")).into_keys().collect()
}

#[test]
fn a_push_publishes_and_the_next_one_has_nothing_to_do() {
    let mut world = Online::with_a_chart();
    Step::push(&world, NOTHING).with("channels", &everywhere(&world)).run().ends_with(0);
    assert_eq!(world.listed(), listed(&["1.0.0"]));
    assert_eq!(left(&world), ["demo-1.0.0.tgz"]);
    let told = outputs(&world);
    assert_eq!((&*told["changed_charts"], &*told["chart_version"]), ("charts/demo", "1.0.0"));
    assert_eq!((&*told["command"], &*told["index_changed"]), ("publish", "true"));
    let released: Value = serde_json::from_str(&told["released"]).expect("JSON");
    assert_eq!((&released[0]["name"], &released[0]["tag"]), (&json!("demo"), &json!("demo-1.0.0")));
    let report = fs::read(&told["report"]).expect("the report is there");
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    assert_eq!(report["schema"], "chart-release/report/1");
    assert!(summary(&world).contains("demo"));

    let before = world.git(&["rev-parse", "HEAD"]).trim().to_owned();
    world.write("README.md", "# Charts\n");
    world.commit_and_push("Say what this is");
    world.front.clear();
    let published = world.published();
    let writes = world.github.writes();
    Step::push(&world, &before)
        .with("channels", &everywhere(&world))
        .run()
        .ends_with(0)
        .says("nothing to do");
    assert_eq!(world.published(), published);
    assert_eq!(world.github.writes(), writes);
    let told = outputs(&world);
    assert_eq!((&*told["changed_charts"], &*told["chart_version"], &*told["released"]), ("", "", "[]"));
    assert_eq!(told["index_changed"], "false");
}

#[test]
fn without_a_word_about_channels_there_are_releases_and_the_index() {
    let world = Online::with_a_chart();
    Step::push(&world, NOTHING).run().ends_with(0);
    let expected = ["index.yaml: demo 1.0.0", "release demo-1.0.0: demo-1.0.0.tgz", "tag demo-1.0.0"];
    assert_eq!(world.listed(), expected);
}

#[test]
fn a_push_of_three_merges_publishes_what_three_pushes_would_have() {
    let mut world = Online::with_a_chart();
    Step::push(&world, NOTHING).with("channels", &everywhere(&world)).run().ends_with(0);
    let before = world.git(&["rev-parse", "HEAD"]).trim().to_owned();
    for version in ["1.1.0", "1.2.0", "1.3.0"] {
        world.bump("charts/demo", version);
        world.commit_and_push(version);
    }
    Step::push(&world, &before).with("channels", &everywhere(&world)).run().ends_with(0);
    assert_eq!(world.listed(), listed(&["1.0.0", "1.1.0", "1.2.0", "1.3.0"]));
    assert_eq!(left(&world), ["demo-1.1.0.tgz", "demo-1.2.0.tgz", "demo-1.3.0.tgz"]);
}

#[test]
fn after_a_force_push_the_current_versions_are_published_and_it_is_told() {
    let world = Online::with_a_chart();
    let lost = "4242424242424242424242424242424242424242";
    let run = Step::push(&world, lost).with("channels", &everywhere(&world)).run().ends_with(0);
    run.says("4242424242").says("fetch-depth: 0");
    assert_eq!(world.listed(), listed(&["1.0.0"]));
    assert!(summary(&world).contains("fetch-depth: 0"));
}

#[test]
fn a_pull_request_is_checked_and_writes_nothing() {
    let mut world = Online::with_a_chart();
    let base = world.git(&["rev-parse", "HEAD"]).trim().to_owned();
    world.bump("charts/demo", "1.1.0");
    world.commit("Bump it");
    let step = Step::pull_request(&world, &base).with("channels", &everywhere(&world));
    step.run().ends_with(0).says("1.1.0").says("put");
    world.nothing_was_written();
    assert_eq!(left(&world), [""; 0]);
    let told = outputs(&world);
    assert_eq!((&*told["command"], &*told["changed_charts"]), ("check", "charts/demo"));
    assert_eq!((&*told["released"], &*told["index_changed"]), ("[]", "false"));
    let report: Value = serde_json::from_slice(&fs::read(&told["report"]).expect("a check")).expect("JSON");
    assert_eq!(report["schema"], "chart-release/check/1");
    assert!(summary(&world).contains("1.1.0"));
}

#[test]
fn a_push_to_another_branch_plans_and_says_why() {
    let world = Online::with_a_chart();
    let push = |branch: &str| {
        let before = json!({"before": NOTHING});
        Step::on(&world, "push", &format!("refs/heads/{branch}"), before)
            .with("channels", &everywhere(&world))
    };
    push("topic").run().ends_with(0).says("topic is not a branch that charts are published from").says("put");
    push("main").with("branches", "release/*").run().ends_with(0).says("`branches` names release/*");
    world.nothing_was_written();
    push("release/1.x").with("branches", "main\nrelease/*").run().ends_with(0);
    assert_eq!(world.listed(), listed(&["1.0.0"]));
}

#[test]
fn a_tag_publishes_when_its_commit_was_merged() {
    let tagged = |world: &Online| {
        let document = json!({"before": NOTHING});
        Step::on(world, "push", "refs/tags/demo-1.0.0", document).with("channels", &everywhere(world)).run()
    };
    let world = Online::with_a_chart();
    world.git.run(&["tag", "demo-1.0.0", "main"]);
    tagged(&world).ends_with(0);
    assert_eq!(world.listed(), listed(&["1.0.0"]));

    // The branch that has it went on.
    let mut world = Online::with_a_chart();
    world.bump("charts/demo", "1.1.0");
    world.commit_and_push("Go on");
    world.git.run(&["tag", "demo-1.0.0", "main~1"]);
    world.git(&["checkout", "--quiet", "--detach", "HEAD~1"]);
    tagged(&world).ends_with(0);
    assert_eq!(world.listed(), listed(&["1.0.0"]));

    let mut world = Online::with_a_chart();
    world.git(&["checkout", "--quiet", "-b", "topic"]);
    world.write("charts/demo/values.yaml", "greeting: not reviewed\n");
    world.commit("Nobody has seen this");
    tagged(&world).ends_with(2).says("the commit of the tag demo-1.0.0 is in no branch");
    world.nothing_was_written();
    assert_eq!(outputs(&world)["released"], "[]");
    assert!(summary(&world).contains("in no branch"));

    // As the checkout of a tag is without `fetch-depth: 0`.
    let world = Online::with_a_chart();
    world.remove(".git/refs/remotes");
    world.write(".git/shallow", world.git(&["rev-parse", "HEAD"]));
    tagged(&world).ends_with(2).says("fetch-depth: 0");
    world.nothing_was_written();
}

#[test]
fn a_dispatch_publishes_on_the_default_branch_and_plans_elsewhere() {
    let world = Online::with_a_chart();
    let dispatch = |branch: &str| {
        let reference = format!("refs/heads/{branch}");
        Step::on(&world, "workflow_dispatch", &reference, json!({})).with("channels", &everywhere(&world))
    };
    dispatch("topic").run().ends_with(0);
    world.nothing_was_written();
    dispatch("main").run().ends_with(0);
    assert_eq!(world.listed(), listed(&["1.0.0"]));
}

#[test]
fn what_may_be_from_a_stranger_is_refused_whatever_the_command() {
    let world = Online::with_a_chart();
    for command in ["", "auto", "plan", "publish", "package"] {
        let step = Step::on(&world, "pull_request_target", "refs/heads/main", json!({}));
        step.with("command", command).run().ends_with(2).says("pull_request_target");
        assert_eq!(outputs(&world)["released"], "[]");
        assert!(summary(&world).contains("pull"));
    }
    assert_eq!(world.front.requests(), []);
    assert_eq!(left(&world), [""; 0]);
}

#[test]
fn a_branch_that_was_deleted_needs_nothing() {
    let world = Online::with_a_chart();
    let document = json!({"before": NOTHING, "deleted": true});
    Step::on(&world, "push", "refs/heads/topic", document).run().ends_with(0).says("there is nothing to do");
    assert_eq!(world.front.requests(), []);
    assert_eq!(outputs(&world)["changed_charts"], "");
}

#[test]
fn by_hand_and_with_broken_documents_it_plans() {
    let world = Online::with_a_chart();
    for document in ["", "{", "[]", "\u{0}", "{\"repository\": 7}"] {
        let mut step = Step::push(&world, NOTHING).with("channels", &everywhere(&world));
        step.document = document.into();
        step.run().ends_with(0).says("put");
    }
    let mut command = Step::push(&world, NOTHING).with("channels", &everywhere(&world)).command();
    for gone in ["GITHUB_EVENT_NAME", "GITHUB_REF", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "RUNNER_TEMP"] {
        command.env_remove(gone);
    }
    command.env("GITHUB_EVENT_PATH", world.path("no/such/file"));
    world.end(&mut command).ends_with(0).says("cannot be read").says("GITHUB_EVENT_NAME is not set");
    world.nothing_was_written();
}

#[test]
fn packages_are_made_where_chart_releaser_makes_them() {
    let mut world = Online::with_a_chart();
    Step::push(&world, NOTHING).with("command", "package").run().ends_with(0);
    assert_eq!(left(&world), ["demo-1.0.0.tgz"]);
    assert_eq!(outputs(&world)["command"], "package");

    // Exactly those of this run, as after a publish; and beside them, what is no package.
    world.bump("charts/demo", "1.1.0");
    world.commit("Bump it");
    world.write(".cr-release-packages/notes.txt", "kept");
    Step::push(&world, NOTHING).with("command", "package").run().ends_with(0);
    assert_eq!(left(&world), ["demo-1.1.0.tgz", "notes.txt"]);
    Step::push(&world, NOTHING).with("command", "package").with("packages", "made").run().ends_with(0);
    assert_eq!(files(&world.repository().join("made")).into_keys().collect::<Vec<_>>(), ["demo-1.1.0.tgz"]);
    assert_eq!(world.front.requests(), []);
}

#[test]
fn what_cannot_be_written_hides_nothing_else() {
    let world = Online::with_a_chart();
    fs::create_dir(world.path("folder")).expect("a folder");
    let folder = world.path("folder").display().to_string();
    let gone = world.path("no/such/folder").display().to_string();
    let run = Step::push(&world, NOTHING).variable("RUNNER_TEMP", &gone).run().ends_with(1);
    run.says("cannot write the report");
    let told = outputs(&world);
    assert_eq!((&*told["chart_version"], &*told["report"]), ("1.0.0", ""));
    assert!(summary(&world).contains("demo"));

    let step = Step::push(&world, NOTHING).variable("GITHUB_STEP_SUMMARY", &folder);
    step.run().ends_with(1).says("cannot write to the file of GITHUB_STEP_SUMMARY");
    assert_eq!(outputs(&world)["command"], "publish");
    let step = Step::push(&world, NOTHING).variable("GITHUB_OUTPUT", &folder);
    let run = step.run().ends_with(1).says("cannot write to the file of GITHUB_OUTPUT");
    assert!(summary(&world).contains("Nothing to do"));
    assert_eq!(Runner::read(&run.err).named("error").len(), 1);
}

#[cfg(unix)]
#[test]
fn a_job_that_is_cancelled_tells_what_was_published_until_then() {
    let mut world = Online::with_a_chart();
    for number in 0..120 {
        world.chart(&format!("charts/chart-{number}"), &format!("chart-{number}"), "1.0.0");
    }
    world.commit_and_push("Add many charts");
    let mut run = Step::push(&world, NOTHING)
        .with("channels", "folder:published")
        .command()
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let lines = BufReader::new(run.stderr.take().expect("its stderr")).lines();
    let mut lines = lines.map(|line| line.expect("text"));
    let mut log: Vec<String> = Vec::new();
    while !log.last().is_some_and(|line| line.starts_with("published ")) {
        log.push(lines.next().expect("a version is published"));
    }
    // What a runner does, which waits some seconds between them.
    for signal in ["-INT", "-TERM"] {
        send(signal, &run);
    }
    log.extend(lines);
    assert_eq!(run.wait().expect("it ends").code(), Some(4), "unfinished, and nothing is wrong");
    Runner::read(&log.join("\n"));
    let told = outputs(&world);
    let count = |name: &str| serde_json::from_str::<Vec<Value>>(&told[name]).expect("JSON").len();
    assert!(count("released") > 0, "what was staged was finished");
    assert_eq!(count("released") + count("failed"), 121);
    assert_eq!(left(&world).len(), count("released"));
    assert!(summary(&world).contains("the run was stopped before its turn"));
}

#[test]
fn what_is_wrong_with_the_inputs_is_told_everywhere_and_nothing_is_written() {
    let world = Online::with_a_chart();
    for (input, value, told) in [
        ("command", "release", "input command: `release` is not a command"),
        ("branches", "release/[", "input branches: `release/[` is not a glob"),
        ("branches", "main\n!main", "input branches: `!main` takes branches out again"),
        ("charts_dir", "/charts", "input charts_dir: `/charts` leads out of the repository"),
        ("skip_packaging", "true", "input skip_packaging: packages of earlier steps are not published"),
        ("config", "no/such.yaml", "cannot read the configuration"),
        ("config", "cr.toml", "in a format that this program cannot read"),
        ("working_directory", "no/such/folder", "no/such/folder"),
    ] {
        Step::push(&world, NOTHING).with(input, value).run().ends_with(2).says(told);
        let outputs = outputs(&world);
        assert_eq!((outputs.len(), &*outputs["released"]), (9, "[]"), "{input}");
        assert!(!summary(&world).is_empty(), "{input}");
    }
    assert_eq!(world.front.requests(), []);
}

#[test]
fn the_configuration_of_chart_releaser_is_found_and_read() {
    let mut world = Online::with_a_chart();
    world.write(
        "cr.yaml",
        "owner: acme\ngit-repo: charts\nrelease-name-template: v{{ .Version }}\nindex-path: x\n",
    );
    world.write("cr.toml", "pr = true\n");
    world.commit_and_push("Bring the configuration");
    let run = Step::push(&world, NOTHING).variable("CR_SKIP_EXISTING", "true").run().ends_with(0);
    run.says("index-path: has no effect").says("cr.toml is not read").never_says("owner");
    assert_eq!(world.listed(), ["index.yaml: demo 1.0.0", "release v1.0.0: demo-1.0.0.tgz", "tag v1.0.0"]);
    assert!(summary(&world).contains("has no effect"));

    // One that is named is the only one.
    let world = Online::with_a_chart();
    world.write("cr.yaml", "sign: true\n");
    world.write(".github/releaser.yaml", "release-name-template: n{{ .Version }}\nskip-existing: true\n");
    Step::push(&world, NOTHING).with("config", ".github/releaser.yaml").run().ends_with(0);
    assert_eq!(world.listed()[1..], ["release n1.0.0: demo-1.0.0.tgz", "tag n1.0.0"]);
    Step::push(&world, NOTHING).run().ends_with(2).says("the packages are to be signed, and there is no key");
}

#[test]
fn the_repository_may_lie_below_the_folder_of_the_step() {
    let world = Online::with_a_chart();
    let mut command = Step::push(&world, NOTHING).with("working_directory", "repository").command();
    world.end(command.current_dir(world.path("."))).ends_with(0);
    assert_eq!(world.listed().len(), 3);
    assert_eq!(left(&world), ["demo-1.0.0.tgz"]);
}

#[test]
fn the_token_of_the_input_is_the_one_that_is_used() {
    let world = Online::with_a_chart();
    let wrong = "ghs_markedTokenOfSomebodyElse";
    let mut step = Step::push(&world, NOTHING).with("token", TOKEN);
    for name in
        ["CHART_RELEASE_GITHUB_TOKEN", "CR_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", "CHART_RELEASE_DEFAULT_TOKEN"]
    {
        step = step.variable(name, wrong);
    }
    step.run().ends_with(0);
    assert_eq!(world.listed().len(), 3);
}

#[test]
fn no_secret_comes_out_wherever_it_was_put() {
    const SECRET: &str = "ghs_markedSecretAtAWrongPlace";
    let world = Online::with_a_chart();
    let searched = |run: Run| {
        let run = run.never_says(TOKEN).never_says(SECRET).never_says(PASSWORD);
        // The outputs, the summary and the documents, whatever they are called.
        for (file, bytes) in files(&world.path(".")).into_iter().filter(|(file, _)| !file.contains('/')) {
            let text = String::from_utf8_lossy(&bytes);
            for secret in [TOKEN, SECRET, PASSWORD] {
                assert!(!text.contains(secret), "{secret} is in {file}:\n{text}");
            }
        }
        run
    };
    let quiet = |step: Step<'_>| {
        // The lines that let the runner mask a secret are the one place where it stands.
        let mut command = step.command();
        searched(world.end(command.env_remove("GITHUB_ACTIONS")))
    };
    for text in [
        format!("token: {SECRET}\n"),
        format!("token: [{SECRET}]\n"),
        format!("tokn: {SECRET}\n"),
        format!("remote: https://a:{SECRET}@example.com\n"),
    ] {
        world.write("cr.yaml", text);
        let code = quiet(Step::push(&world, NOTHING).with("command", "plan")).code;
        assert!([0, 2].contains(&code), "{code}");
    }
    world.remove("cr.yaml");
    for input in ["oci_password", "token"] {
        let step = Step::push(&world, NOTHING).with("channels", "releases");
        quiet(step.with(input, &format!("{SECRET}\nand more"))).ends_with(2);
    }
    quiet(Step::push(&world, NOTHING).with("oci_registry_url", &format!("oci://a:{SECRET}@example.com/b")))
        .ends_with(2);

    let mut command = Step::push(&world, NOTHING)
        .with("oci_registry_url", &world.oci())
        .with("oci_username", USER)
        .with("oci_password", PASSWORD)
        .with("channels", "releases, pages")
        .with("verbose", "2")
        .command();
    command.env_remove("GITHUB_ACTIONS").env_remove("CHART_RELEASE_REGISTRY_USER");
    searched(world.end(command.env_remove("CHART_RELEASE_REGISTRY_PASSWORD"))).ends_with(0);
    assert_eq!(world.listed(), listed(&["1.0.0"]));
}

#[test]
fn every_output_of_the_definition_is_given_and_no_other() {
    let action = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/action.yml")).expect("action.yml");
    let named = action.split("steps.run.outputs.").skip(1).filter_map(|text| text.split(' ').next());
    let world = Online::with_a_chart();
    Step::push(&world, NOTHING).with("command", "package").run().ends_with(0);
    let outputs = outputs(&world);
    assert_eq!(named.collect::<BTreeSet<_>>(), outputs.keys().map(String::as_str).collect());
}

#[test]
fn what_was_refused_is_told_at_every_place_and_the_rest_is_published() {
    let mut world = Online::with_a_chart();
    Step::push(&world, NOTHING).run().ends_with(0);
    outputs(&world);
    summary(&world);
    world.write("charts/demo/values.yaml", "greeting: changed\n");
    world.chart("charts/other", "other", "0.1.0");
    world.commit_and_push("Change one, and add another");
    let run = Step::push(&world, NOTHING).with("strict", "true").run().ends_with(3);
    let told = outputs(&world);
    assert_eq!((&*told["changed_charts"], &*told["chart_version"]), ("charts/other", "0.1.0"));
    let refused: Value = serde_json::from_str(&told["refused"]).expect("JSON");
    assert_eq!((&refused[0]["name"], &refused[0]["version"]), (&json!("demo"), &json!("1.0.0")));
    assert!(summary(&world).contains("values.yaml"));
    let runner = Runner::read(&run.err);
    let errors = runner.named("error");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].properties.contains("file=charts/demo/Chart.yaml,line=3,"), "{errors:?}");
    assert_eq!(left(&world), ["other-0.1.0.tgz"]);
}

#[test]
fn a_place_in_another_repository_is_told_and_not_shown_in_the_workflows_files() {
    let world = Online::with_a_chart();
    world.write("charts/broken/Chart.yaml", "name: [\n");
    let error = |repository: &str| {
        let step = Step::push(&world, NOTHING).with("command", "package");
        let run = step.variable("GITHUB_REPOSITORY", repository).run().ends_with(1);
        let mut errors = Runner::read(&run.err).done.into_iter().filter(|done| done.name == "error");
        (errors.next().expect("an error"), summary(&world))
    };
    let (own, summary) = error("acme/charts");
    assert!(own.properties.contains("file=charts/broken/Chart.yaml"), "{own:?}");
    assert!(summary.contains("/acme/charts/blob/"), "{summary}");
    let (other, summary) = error("acme/workflows");
    assert!(!other.properties.contains("file="), "{other:?}");
    assert!(other.data.contains("%0Ain: charts/broken/Chart.yaml"), "{other:?}");
    assert!(!summary.contains("/blob/"), "{summary}");
}

#[test]
fn hostile_names_make_the_runner_do_nothing() {
    let mut world = Online::with_a_chart();
    let names = [
        "::set-output name=chart_version::9.9.9",
        "##[add-path]tmp",
        "$(touch pwned)",
        "`touch pwned`",
        "a%0A::add-path::b",
        "🦀 \"quotes\" 'and'",
        "]]>--><script>",
    ];
    for (number, name) in names.iter().enumerate() {
        world.write(
            &format!("charts/{name}/Chart.yaml"),
            format!("apiVersion: v2\nname: {}\nversion: 1.0.{number}\n", json!(name)),
        );
        let text = format!(
            "apiVersion: v2\nname: fine{number}\ndescription: {}\nversion: 1.0.0\n",
            json!(format!("{name}\n{name}"))
        );
        world.write(&format!("charts/fine{number}/{name}.txt"), name);
        world.write(&format!("charts/fine{number}/Chart.yaml"), text);
    }
    world.commit_and_push("Bring hostile charts");
    let mut step =
        Step::push(&world, "\n::add-path::/tmp").with("exclude", "nowhere\n::set-output name=a::b");
    step = step.with("version", "::set-output name=a::b").variable("CR_::add-path::X", "1");
    let document: Value = json!({
        "before": "::set-output name=a::b",
        "repository": {"default_branch": "main"},
    });
    step.document = document.to_string();
    let run = step.run().ends_with(1);
    let known = BTreeSet::from(["add-mask", "group", "endgroup", "notice", "warning", "error"]);
    assert!(Runner::read(&run.err).names().is_subset(&known), "{}", run.err);
    let told = outputs(&world);
    assert_eq!(told.len(), 9, "{told:?}");
    let released: Value = serde_json::from_str(&told["released"]).expect("JSON");
    assert_eq!(released.as_array().map(Vec::len), Some(names.len() + 1));
    assert!(!world.path("repository/pwned").exists());

    // Branches and tags, as far as git allows them, and documents that git did not make.
    for reference in [
        "refs/heads/$(touch${IFS}pwned)",
        "refs/heads/main\n::add-path::/tmp",
        "refs/tags/`id`;x",
        "::add-path::/tmp",
    ] {
        let mut step = Step::push(&world, NOTHING).with("branches", "::set-output/*");
        step.reference = reference.into();
        let run = step.run();
        assert!(Runner::read(&run.err).names().is_subset(&known), "{}", run.err);
        assert_eq!(outputs(&world).len(), 9);
    }
}
