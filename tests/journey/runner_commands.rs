//! What the runner of a workflow does when it reads what the Action prints: our commands, and nobody else's.

use crate::world::{
    Run,
    online::{Online, PASSWORD, TOKEN},
    runner::Runner,
};
use std::{collections::BTreeSet, fs};

fn act(world: &Online) -> Run {
    let event = world.path("event.json");
    fs::write(&event, r#"{"before": "", "repository": {"default_branch": "main"}}"#).expect("a document");
    let mut command = world.program();
    command
        .arg("action")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_EVENT_NAME", "push")
        .env("GITHUB_REF", "refs/heads/main")
        .env("GITHUB_EVENT_PATH", event)
        .env("GITHUB_STEP_SUMMARY", world.path("summary.md"))
        .env("INPUT_CHANNELS", "releases, pages")
        .env("INPUT_VERBOSE", "1");
    world.end(&mut command)
}

#[test]
fn only_the_commands_of_the_action_are_carried_out_and_secrets_are_masked_first() {
    let mut world = Online::with_a_chart();
    for folder in [
        "::add-path::a",
        "x\n::set-env name=PATH::a",
        "##[add-path]a",
        "x\r::add-mask::a",
        "::stop-commands::a",
    ] {
        world.write(&format!("charts/{folder}/Chart.yaml"), "name: [\n::error::forged\n##[error]forged\n");
    }
    world.commit_and_push("Add charts that nobody can read");
    let run = act(&world).ends_with(1);

    let runner = Runner::read(&run.err);
    assert_eq!(
        runner.names(),
        BTreeSet::from(["add-mask", "endgroup", "error", "group", "notice"]),
        "{}",
        run.err
    );
    let masked = runner.done.iter().take_while(|done| done.name == "add-mask");
    let masked: BTreeSet<&str> = masked.map(|done| done.data.as_str()).collect();
    assert!(masked.is_superset(&[TOKEN, PASSWORD].into()), "first of all");
    assert!(![TOKEN, PASSWORD].iter().any(|secret| runner.log.contains(secret)));
    let errors = runner.named("error");
    assert!(errors.len() >= 5, "{}", run.err);
    assert!(!errors.iter().any(|error| error.data.starts_with("forged")));
    assert!(runner.log.contains("Public now"), "the answer stands in the log: {}", runner.log);
    assert_eq!(run.out, "", "everything keeps its order");
    let listed = ["index.yaml: demo 1.0.0", "release demo-1.0.0: demo-1.0.0.tgz", "tag demo-1.0.0"];
    assert_eq!(world.listed(), listed);
    let summary = fs::read_to_string(world.path("summary.md")).expect("a summary");
    assert!(summary.starts_with("### Published 1 chart version, left out 5\n"), "{summary}");
    assert!(!summary.lines().any(|line| line.starts_with("::")));
}

#[test]
fn elsewhere_than_on_actions_no_secret_is_given_to_anybody() {
    let world = Online::with_a_chart();
    let run = world.run_with(&[("INPUT_COMMAND", "plan"), ("INPUT_CHANNELS", "releases")], &["action"]);
    let run = run.never_says(TOKEN).never_says(PASSWORD).never_says("::");
    assert_eq!(run.code, 0, "{}", run.err);
}
