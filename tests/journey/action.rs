//! The Action: what a workflow says, from inputs, variables and events, and what becomes of it.

use crate::world::{
    Run, World,
    online::{Online, PASSWORD, TOKEN, USER},
};
use serde_json::{Value, json};
use std::{fs, process::Command};

const NOTHING: &str = "0000000000000000000000000000000000000000";

/// A step of a workflow that runs the Action: what the runner says, and what the inputs say.
struct Step<'a> {
    world: &'a Online,
    event: &'static str,
    reference: String,
    document: String,
    variables: Vec<(String, String)>,
}

impl<'a> Step<'a> {
    fn on(world: &'a Online, event: &'static str, reference: &str, mut document: Value) -> Self {
        document["repository"] = json!({"default_branch": "main", "full_name": "acme/charts"});
        let document = document.to_string();
        Self { world, event, reference: reference.into(), document, variables: Vec::new() }
    }

    /// After a push to `main`.
    fn push(world: &'a Online, before: &str) -> Self {
        Self::on(world, "push", "refs/heads/main", json!({"before": before}))
    }

    /// On a pull request with this base.
    fn pull_request(world: &'a Online, base: &str) -> Self {
        let document = json!({"action": "opened", "pull_request": {"base": {"sha": base}}});
        Self::on(world, "pull_request", "refs/pull/1/merge", document)
    }

    fn with(mut self, input: &str, value: &str) -> Self {
        self.variables.push((format!("INPUT_{}", input.to_uppercase()), value.into()));
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    fn command(&self) -> Command {
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

    fn run(self) -> Run {
        self.world.end(&mut self.command())
    }
}

/// Everything that `demo` 1.0.0 is, published as releases, on the pages and in the registry.
fn everywhere(version: &str) -> Vec<String> {
    vec![
        format!("index.yaml: demo {version}"),
        format!("oci demo: {version}"),
        format!("release demo-{version}: demo-{version}.tgz"),
        format!("tag demo-{version}"),
    ]
}

#[test]
fn a_push_publishes_and_the_next_one_has_nothing_to_do() {
    let mut world = Online::with_a_chart();
    let channels = format!("releases\npages\n{}", world.oci());
    Step::push(&world, NOTHING).with("channels", &channels).run().ends_with(0);
    assert_eq!(world.listed(), everywhere("1.0.0"));

    let before = world.git(&["rev-parse", "HEAD"]).trim().to_owned();
    world.write("README.md", "# Charts\n");
    world.commit_and_push("Say what this is");
    world.front.clear();
    let published = world.published();
    Step::push(&world, &before).with("channels", &channels).run().ends_with(0).says("nothing to do");
    assert_eq!(world.published(), published);
}
