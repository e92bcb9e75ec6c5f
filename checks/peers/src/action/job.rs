//! A job with the Action, run by act against the test world: what a maintainer and the steps after it see.

use super::root;
use crate::{
    journey::online::{Online, PASSWORD, TOKEN, USER},
    world::{World, copy},
};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The outputs that the Action promises.
pub const OUTPUTS: [&str; 9] = [
    "changed_charts",
    "chart_version",
    "released",
    "unreleased_changes",
    "refused",
    "failed",
    "index_changed",
    "command",
    "report",
];

/// The ten lines of a new user.
pub const WORKFLOW: &str = "\
on: {push: {branches: [main]}, pull_request: {}}
permissions: {contents: write}
jobs:
  charts:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
        with: {fetch-depth: 0}
      - uses: OWNER/chart-release-action@v1
";

/// What the version of the Action that act gets says of its program.
const VERSION: &str = "0.0.0";

/// The Action as it is released: with the checksums of the program under check, which is in the cache of the runner.
pub struct Released {
    action: PathBuf,
    home: PathBuf,
}

/// What a run of a workflow left.
#[derive(Debug)]
pub struct Outcome {
    pub succeeded: bool,
    /// Of the step with the Action.
    pub outputs: BTreeMap<String, String>,
    pub summary: String,
    pub annotations: Vec<Annotation>,
    /// What the job printed, line by line, and what it told the runner.
    pub log: String,
    /// The name of every command that the runner took from the log.
    pub commands: Vec<String>,
    /// What the steps around the Action printed.
    pub others: String,
}

#[derive(Debug)]
pub struct Annotation {
    /// `error`, `warning` or `notice`.
    pub level: String,
    pub text: String,
    pub title: String,
    pub file: String,
    pub line: String,
}

impl Released {
    pub fn new(world: &World) -> Result<Self> {
        let action = world.folder("released")?;
        fs::create_dir(action.join("action"))?;
        for file in ["action.yml", "action/install"] {
            fs::copy(root().join(file), action.join(file))?;
        }
        let program = fs::read(world.program.path())?;
        let sum: String = Sha256::digest(&program).iter().map(|byte| format!("{byte:02x}")).collect();
        let (target, name) = match std::env::consts::ARCH {
            "aarch64" => ("aarch64-unknown-linux-musl", "arm64"),
            _ => ("x86_64-unknown-linux-musl", "x64"),
        };
        let nobody = "0".repeat(64);
        fs::write(
            action.join("action/checksums.txt"),
            format!("version {VERSION}\n{nobody} {sum} chart-release-{VERSION}-{target}.tar.gz\n"),
        )?;
        let home = world.folder("runner")?;
        let cached = home.join(".cache/act/tool_cache/chart-release").join(VERSION).join(name);
        fs::create_dir_all(&cached)?;
        fs::copy(world.program.path(), cached.join("chart-release"))?;
        Ok(Self { action, home })
    }

    /// The same with a careless line: what names and inputs do when they are a part of it.
    pub fn careless(&self, world: &World) -> Result<Self> {
        let action = world.folder("careless")?;
        copy(&self.action, &action)?;
        let file = action.join("action.yml");
        let careless = "run: echo ${{ inputs.charts_dir }}; exec chart-release action 2>&1";
        let text = fs::read_to_string(&file)?;
        let changed = text.replace("run: exec chart-release action 2>&1", careless);
        ensure!(changed != text, "the line of the Action is another one");
        fs::write(file, changed)?;
        Ok(Self { action, home: self.home.clone() })
    }

    /// The home of the runner, where its jobs are.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Runs the workflows of the world's repository for an event.
    pub fn run(&self, world: &World, online: &Online, event: &str, payload: &Value) -> Result<Outcome> {
        self.run_with_token(world, online, event, payload, TOKEN)
    }

    /// With this one as the token of the job.
    pub fn run_with_token(
        &self,
        world: &World,
        online: &Online,
        event: &str,
        payload: &Value,
        token: &str,
    ) -> Result<Outcome> {
        let file = world.folder("event")?.join("event.json");
        fs::write(&file, serde_json::to_vec(payload)?)?;
        let url = online.front.url();
        let settings = [
            ("GITHUB_API_URL", format!("{url}/api/v3")),
            ("GITHUB_SERVER_URL", url.clone()),
            ("GITHUB_REPOSITORY", "acme/charts".to_owned()),
            ("CHART_RELEASE_REGISTRY_USER", format!("{}={USER}", online.front.host())),
            ("CHART_RELEASE_REGISTRY_PASSWORD", PASSWORD.to_owned()),
            ("CHART_RELEASE_PAGES_URL", online.pages_url()),
            ("CHART_RELEASE_TIMEOUT", "20".to_owned()),
            ("CHART_RELEASE_RETRIES", "1".to_owned()),
            ("DOCKER_CONFIG", self.home.join("docker").display().to_string()),
        ];
        let mut act = world.peers.act(&self.home);
        act.arg(event)
            .current_dir(online.repository())
            .args(["--platform", "ubuntu-latest=-self-hosted", "--json", "--pull=false", "--no-cache-server"])
            // Nothing is hidden: what the program prints is searched for secrets.
            .arg("--insecure-secrets")
            .arg("--local-repository")
            .arg(format!("acme/chart-release-action@v1={}", self.action.display()))
            .arg("--eventpath")
            .arg(&file)
            .arg("--secret")
            .arg(format!("GITHUB_TOKEN={token}"))
            .arg("--secret")
            .arg(format!("OUR_TOKEN={TOKEN}"));
        for (name, value) in &settings {
            act.arg("--env").arg(format!("{name}={value}"));
        }
        let output = act.output().context("act does not start")?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let outcome = Outcome::read(&printed)
            .with_context(|| format!("act\n{printed}\n{}", String::from_utf8_lossy(&output.stderr)))?;
        online.git.settle();
        if outcome.lacks_its_end() {
            return Err(LostEnd.into());
        }
        ensure!(outcome.succeeded == output.status.success(), "act is of two minds:\n{printed}");
        outcome.check()?;
        Ok(outcome)
    }
}

/// act 0.2.89 reads what a step prints from a terminal, and closes it at once when the step failed: what was not read until
/// then is lost. Nothing tells a step what was read, so the story is told again.
#[derive(Debug)]
pub struct LostEnd;

impl std::fmt::Display for LostEnd {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("act lost the last lines of a step that failed, every time")
    }
}

impl std::error::Error for LostEnd {}

/// A world whose repository has these workflow lines; nothing is committed yet.
pub fn with_workflow(lines: &str) -> Online {
    let online = Online::new();
    write_workflow(&online, lines);
    online
}

pub fn write_workflow(online: &Online, lines: &str) {
    // The steps after it see what it left, also when it failed; and an id, to ask it for its outputs.
    let owned = lines.replace("OWNER/", "acme/");
    let after = "      - if: always()\n        run: |\n          echo \"packages: $(cd .cr-release-packages 2>/dev/null && echo *)\"\n          command -v chart-release\n";
    online.write(".github/workflows/charts.yaml", format!("{owned}{after}"));
}

/// The payload of a push to `main`.
pub fn pushed(before: &str, after: &str) -> Value {
    json!({
        "ref": "refs/heads/main", "before": before, "after": after,
        "repository": repository(),
    })
}

pub fn repository() -> Value {
    json!({"name": "charts", "full_name": "acme/charts", "default_branch": "main", "owner": {"login": "acme"}})
}

/// No commit before.
pub const NOTHING: &str = "0000000000000000000000000000000000000000";

impl Outcome {
    /// From the lines that `act --json` prints.
    fn read(printed: &str) -> Result<Self> {
        let mut outcome = Self {
            succeeded: false,
            outputs: BTreeMap::new(),
            summary: String::new(),
            annotations: vec![],
            log: String::new(),
            commands: vec![],
            others: String::new(),
        };
        let mut ended = false;
        for line in printed.lines().filter(|line| line.starts_with('{')) {
            let entry: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
            let text = |key: &str| entry[key].as_str().unwrap_or_default();
            if let Some(result) = entry["jobResult"].as_str() {
                (outcome.succeeded, ended) = (result == "success", true);
            }
            let action = text("step").starts_with("acme/chart-release-action");
            let depth = entry["stepID"].as_array().map_or(0, Vec::len);
            if entry["raw_output"] == true {
                if action { &mut outcome.log } else { &mut outcome.others }.push_str(text("msg"));
            }
            let command = text("command");
            if command.is_empty() {
                continue;
            }
            // What the Action says of its own steps is said once more of itself.
            match (command, entry.get("raw")) {
                // act shows what the last step wrote as the Action's own, also when that was not the step with its outputs.
                ("set-output", None) if depth == 1 && text("name") != "only" => {
                    outcome.outputs.insert(text("name").into(), text("arg").into());
                }
                ("summary", None) if depth == 1 => outcome.summary = text("content").into(),
                (_, None) => {}
                (_, Some(raw)) => {
                    outcome.log.push_str(raw.as_str().unwrap_or_default());
                    outcome.commands.push(command.to_owned());
                }
            }
            if ["error", "warning", "notice"].contains(&command) {
                let key = |key: &str| entry["kvPairs"][key].as_str().unwrap_or_default().to_owned();
                outcome.annotations.push(Annotation {
                    level: command.into(),
                    text: text("arg").into(),
                    title: key("title"),
                    file: key("file"),
                    line: key("line"),
                });
            }
        }
        ensure!(ended, "the job did not end");
        Ok(outcome)
    }

    /// Whether the last lines of the Action are missing: the last one lets the runner read commands again, or is the error of
    /// the script, which comes before it is kept from them.
    fn lacks_its_end(&self) -> bool {
        let resumes = |command: &String| command.starts_with("chart-release-");
        let stopped = self.commands.iter().any(|command| command == "stop-commands");
        match self.commands.last() {
            _ if self.succeeded => false,
            Some(last) if stopped => !resumes(last),
            Some(last) => last != "error",
            None => true,
        }
    }

    /// What must be true of every run.
    fn check(&self) -> Result<()> {
        for secret in [TOKEN, PASSWORD] {
            // A line that hides a secret has to name it.
            let shown = self.log.lines().filter(|line| !line.starts_with("::add-mask::"));
            let seen = shown.chain(self.summary.lines()).chain(self.outputs.values().map(String::as_str));
            if let Some(line) = seen.into_iter().find(|line| line.contains(secret)) {
                bail!("a secret is shown: {line}");
            }
        }
        let known = [
            "group",
            "endgroup",
            "add-mask",
            "error",
            "warning",
            "notice",
            "debug",
            "stop-commands",
            "ignored",
        ];
        for command in &self.commands {
            // The end of stopped commands is a command of its own, whose name nobody can guess.
            let resumes = command.len() >= 16
                && command.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            ensure!(
                known.contains(&command.as_str()) || resumes,
                "the runner took the command {command}:\n{}",
                self.log
            );
        }
        let names: Vec<_> = self.outputs.keys().map(String::as_str).collect();
        if let Some(other) = names.iter().find(|name| !OUTPUTS.contains(name)) {
            bail!("{other} is no output of the Action");
        }
        Ok(())
    }

    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map_or("", String::as_str)
    }

    /// An output that is a JSON array: the texts of one field.
    pub fn field(&self, output: &str, field: &str) -> Result<Vec<String>> {
        let array: Vec<Value> = serde_json::from_str(self.output(output))
            .with_context(|| format!("{output} is {:?}\n{}", self.output(output), self.log))?;
        Ok(array.iter().map(|item| item[field].as_str().unwrap_or_default().to_owned()).collect())
    }

    pub fn well(self) -> Result<Self> {
        ensure!(self.succeeded, "the job failed:\n{}", self.log);
        Ok(self)
    }

    pub fn badly(self) -> Result<Self> {
        ensure!(!self.succeeded, "the job succeeded:\n{}", self.log);
        Ok(self)
    }

    pub fn has(&self, outputs: &[(&str, &str)]) -> Result<()> {
        for (name, value) in outputs {
            ensure!(
                self.output(name) == *value,
                "{name} is {:?} and not {value:?}\n{}",
                self.output(name),
                self.log
            );
        }
        Ok(())
    }

    pub fn summary_says(&self, texts: &[&str]) -> Result<()> {
        for text in texts {
            ensure!(
                self.summary.contains(text),
                "the summary does not say {text:?}:\n{}\n{}",
                self.summary,
                self.log
            );
        }
        Ok(())
    }

    /// Exactly one annotation of this level has this text.
    pub fn annotation(&self, level: &str, text: &str) -> Result<&Annotation> {
        let found: Vec<_> =
            self.annotations.iter().filter(|one| one.level == level && one.text.contains(text)).collect();
        match found[..] {
            [one] => Ok(one),
            _ => bail!("{} of {level} say {text:?}:\n{:#?}\n{}", found.len(), self.annotations, self.log),
        }
    }

    /// What the step after the Action saw in `.cr-release-packages`.
    pub fn packages(&self) -> &str {
        self.others
            .lines()
            .find_map(|line| line.strip_prefix("packages: "))
            .unwrap_or("nothing was looked for")
    }
}

/// A branch of the repository at another commit, as git's own commands make it.
pub fn git(online: &Online, words: &[&str]) -> String {
    online.git_in(&online.repository(), words)
}
