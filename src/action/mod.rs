//! The GitHub Action: inputs and the event of a workflow in; annotations, outputs, a job summary and an exit code out.

mod commands;
mod event;
mod outputs;

use crate::{
    config::{self, Config, Given},
    problem::Problem,
    progress,
    repo::Repo,
    report::text,
    secret::Redaction,
    setup::{self, Answer, Asked, NoAnswer},
};
use clap::Command;
use event::{Branches, Decision, Event, Order};
use std::{collections::BTreeMap, num::NonZeroUsize, path::Path};

type Environment = BTreeMap<String, String>;

/// What the Action runs. The inputs are in the environment, as `INPUT_…`.
pub fn main(definition: &Command, environment: &Environment, redaction: &Redaction) -> u8 {
    let (code, told) = match run(definition, environment, redaction) {
        Ok(Done { answer: Answer::Plan(plan), .. }) => (plan.exit_code(), text::plan(&plan)),
        Ok(Done { answer: Answer::Report(report), all }) => (report.exit_code(), text::report(&report, all)),
        Ok(Done { answer: Answer::Packages(packages), .. }) => (packages.exit_code(), text::packages(&packages)),
        Err(NoAnswer { code, problems }) => {
            (code, problems.iter().map(text::error).collect::<Vec<_>>().concat())
        }
    };
    progress::tell(redaction, &told);
    code.number()
}

struct Done {
    answer: Answer,
    /// Also what was kept is told.
    all: bool,
}

fn run(
    definition: &Command,
    environment: &Environment,
    redaction: &Redaction,
) -> Result<Done, NoAnswer> {
    let order = order(environment)?;
    let branches = Branches::new(&config::input_list(environment, "branches")).map_err(usage)?;
    let mut given = Given::in_workflow(definition, environment);
    let start = given.repository().unwrap_or(Path::new(".")).to_owned();
    let root = setup::root(&start).map_err(usage)?;
    let event = event(environment, &mut given);
    let decision = event::decide(order, event, &branches, &Repo::checkout(&root)?).map_err(usage)?;
    let Some(asked) = decision.asked else { return Err(usage(Problem::new("nothing"))) };
    let config = configured(given, decision, asked, &root)?;
    progress::log(config.quiet, config.verbose, redaction);
    let watch = progress::watch(config.quiet, config.verbose, redaction);
    let answer = setup::run(&config, asked, watch.as_ref())?;
    Ok(Done { answer, all: config.verbose > 0 })
}

fn usage(problem: Problem) -> NoAnswer {
    NoAnswer::usage(vec![problem])
}

/// What `command` says.
fn order(environment: &Environment) -> Result<Order, NoAnswer> {
    match config::input(environment, "command").unwrap_or("auto") {
        "auto" => Ok(Order::Auto),
        "plan" => Ok(Order::Always(Asked::Plan)),
        "publish" => Ok(Order::Always(Asked::Publish)),
        "package" => Ok(Order::Always(Asked::Package)),
        other => Err(usage(
            Problem::new(format!("input command: `{other}` is not a command"))
                .next("write auto, plan, publish or package"),
        )),
    }
}

/// What started the workflow. A document that cannot be read says nothing, which is told.
fn event(environment: &Environment, given: &mut Given) -> Event {
    let variable = |name: &str| environment.get(name).map_or("", |value| value.trim());
    let path = variable("GITHUB_EVENT_PATH");
    let document = match path {
        "" => Ok(serde_json::Value::Null),
        path => std::fs::read(path)
            .map_err(|error| error.to_string())
            .and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string())),
    };
    let document = document.unwrap_or_else(|why| {
        given.notice(
            Problem::new(format!("the document of the event cannot be read: {why}"))
                .next("see that GITHUB_EVENT_PATH is what the runner set"),
        );
        serde_json::Value::Null
    });
    Event::new(variable("GITHUB_EVENT_NAME"), variable("GITHUB_REF"), &document)
}

/// The configuration, with what the event says.
fn configured(mut given: Given, decision: Decision, asked: Asked, root: &Path) -> Result<Config, NoAnswer> {
    if asked == Asked::Package {
        given.without_channels();
    }
    decision.notices.into_iter().for_each(|notice| given.notice(notice));
    // Who names charts says what is meant; no event says more.
    if given.is_sweep() {
        for (key, text) in [("since", decision.since), ("tag", decision.tag)] {
            if let Some(text) = text {
                given.assume(key, &text);
            }
        }
    }
    let files = given.files(root).map_err(usage)?;
    let mut texts = Vec::new();
    for file in &files {
        texts.push((file, file.read().map_err(usage)?));
    }
    let texts: Vec<_> =
        texts.iter().filter_map(|(file, bytes)| Some(file.holding(bytes.as_deref()?))).collect();
    let processors = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    given.check_files(root, &texts, processors).map_err(NoAnswer::usage)
}
