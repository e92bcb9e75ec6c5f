//! The GitHub Action: inputs and the event of a workflow in; annotations, outputs, a job summary and an exit code out.

mod commands;
mod event;
mod outputs;
mod words;

use crate::{
    config::{self, Config, Given, NoConfig},
    doors::away::caught,
    problem::Problem,
    progress,
    repo::Repo,
    report::{
        ExitCode,
        annotations::{self, Annotation},
        check, documents,
        summary::{self, Source},
        text,
    },
    secret::Redaction,
    setup::{self, Answer, Asked, NoAnswer},
};
use clap::Command;
use commands::{Commands, unpredictable};
use event::{Branches, Decision, Event, Order};
use outputs::Outputs;
use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    path::{Path, PathBuf},
};
use words::Words;

type Environment = BTreeMap<String, String>;

/// What the Action runs. The inputs are in the environment, as `INPUT_…`.
pub fn main(definition: &Command, environment: &Environment, redaction: &Redaction) -> u8 {
    let on_actions = environment.get("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    let commands = match Commands::stop(on_actions, &config::secrets(environment), redaction) {
        Ok(commands) => commands,
        Err(problem) => {
            progress::tell(redaction, &text::error(&problem));
            return ExitCode::of(&problem).number();
        }
    };
    // A cancelled job gives no time for an end. What is written later counts; what cannot be written is told then.
    let _ = Outputs::of(None, None, None).write(environment, redaction);
    let mut course = Course::default();
    // Later steps and people wait for outputs and summary, also of a run that fell.
    let mut ended = caught("the run", || run(definition, environment, redaction, &commands, &mut course));
    // The document is for machines, which know the options.
    let document = document(&ended);
    let words = Words::new(definition, redaction);
    match &mut ended {
        Ok(Some(answer)) => words.answer(answer),
        Ok(None) => {}
        Err(none) => none.problems.iter_mut().for_each(|problem| words.problem(problem)),
    }
    course.notices.iter_mut().for_each(|notice| words.problem(notice));
    let told = Told::new(&ended, &course, environment);
    progress::tell(redaction, &told.text);
    match course.elsewhere {
        true => {
            let annotations: Vec<_> = told.annotations.into_iter().map(Annotation::without_place).collect();
            commands.annotate(&annotations);
        }
        false => commands.annotate(&told.annotations),
    }
    let (long, lost) = leave(&ended, document.as_deref(), &told.summary, &course, environment, redaction);
    long.iter().for_each(|notice| progress::tell(redaction, &text::notice(notice)));
    commands.annotate(&annotations::notices(long.as_slice()));
    lost.iter().for_each(|problem| progress::tell(redaction, &text::error(problem)));
    commands.annotate(&annotations::problems(&lost));
    let code = if lost.is_empty() { told.code } else { told.code.min(ExitCode::Act) };
    code.number()
}

/// What is known of the run, however far it came.
#[derive(Default)]
struct Course {
    /// What is to be done.
    asked: Option<Asked>,
    /// What the event gave occasion for. An answer has it among its own notices.
    notices: Vec<Problem>,
    /// The commit that is checked out.
    head: Option<String>,
    /// Another repository than the workflow's is checked out. GitHub takes the places of annotations from the root of the
    /// workflow's, wherever below the workspace that lies.
    elsewhere: bool,
    /// Also what was kept is told.
    all: bool,
}

/// How a run ended: with an answer, with nothing to do, or without an answer.
type Ended = Result<Option<Answer>, NoAnswer>;

/// That, in the words of each place where people look.
struct Told {
    text: String,
    summary: String,
    annotations: Vec<Annotation>,
    code: ExitCode,
}

impl Told {
    fn new(ended: &Ended, course: &Course, environment: &Environment) -> Self {
        let source = source(environment, course);
        let source = source.as_ref();
        match ended {
            Ok(Some(Answer::Plan(plan))) => Self {
                text: text::plan(plan),
                summary: summary::plan(plan, source),
                annotations: annotations::plan(plan),
                code: plan.exit_code(),
            },
            Ok(Some(Answer::Report(report))) => Self {
                text: text::report(report, course.all),
                summary: summary::report(report, source),
                annotations: annotations::report(report),
                code: report.exit_code(),
            },
            Ok(Some(Answer::Check(check))) => Self {
                text: text::check(check),
                summary: summary::check(check, source),
                annotations: annotations::check(check),
                code: check.exit_code(),
            },
            Ok(Some(Answer::Packages(packages))) => Self {
                text: text::packages(packages),
                summary: summary::packages(packages, source),
                annotations: annotations::packages(packages),
                code: packages.exit_code(),
            },
            Ok(None) => Self {
                text: course.notices.iter().map(text::notice).collect(),
                summary: String::new(),
                annotations: annotations::notices(&course.notices),
                code: ExitCode::Done,
            },
            Err(NoAnswer { code, problems }) => Self {
                text: course
                    .notices
                    .iter()
                    .map(text::notice)
                    .chain(problems.iter().map(text::error))
                    .collect(),
                summary: summary::problems(problems, &course.notices, *code, source),
                annotations: [annotations::problems(problems), annotations::notices(&course.notices)]
                    .concat(),
                code: *code,
            },
        }
    }
}

/// The document for machines, where there is one.
fn document(ended: &Ended) -> Option<String> {
    match ended {
        Ok(Some(Answer::Plan(plan))) => Some(documents::json(&documents::plan(plan))),
        Ok(Some(Answer::Report(report))) => Some(documents::json(&documents::report(report))),
        Ok(Some(Answer::Check(check))) => Some(documents::json(&check::document(check))),
        Ok(Some(Answer::Packages(_)) | None) | Err(_) => None,
    }
}

/// Leaves the document, the outputs and the summary where the runner and later steps find them, each whether or not the
/// others could be written. What is too long for the next step is given back, and what could not be written.
fn leave(
    ended: &Ended,
    document: Option<&str>,
    summary: &str,
    course: &Course,
    environment: &Environment,
    redaction: &Redaction,
) -> (Option<Problem>, Vec<Problem>) {
    let document = document.map(|document| write_document(document, environment, redaction)).transpose();
    let (document, lost) = match document {
        Ok(path) => (path.flatten(), None),
        Err(problem) => (None, Some(problem)),
    };
    let answer = ended.as_ref().ok().and_then(Option::as_ref);
    let outputs = Outputs::of(course.asked, answer, document.as_deref());
    let written = outputs.write(environment, redaction);
    let summary = outputs::write_summary(environment, summary, redaction);
    (outputs.too_long(), lost.into_iter().chain(written.err()).chain(summary.err()).collect())
}

/// Writes the document for machines to the folder for what a job leaves to its later steps, where there is one: to a file
/// of its own, because a job may run the Action twice.
fn write_document(
    document: &str,
    environment: &Environment,
    redaction: &Redaction,
) -> Result<Option<PathBuf>, Problem> {
    let Some(folder) = environment.get("RUNNER_TEMP").filter(|folder| !folder.is_empty()) else {
        return Ok(None);
    };
    let path = Path::new(folder).join(format!("{}.json", unpredictable()?));
    match std::fs::write(&path, redaction.of(document).as_bytes()) {
        Ok(()) => Ok(Some(path)),
        Err(error) => Err(Problem::new(format!("cannot write the report: {error}"))
            .in_file(path.display().to_string())
            .next("see that RUNNER_TEMP is what the runner set, and that its disk has room")),
    }
}

/// Where the files of the repository can be seen.
fn source(environment: &Environment, course: &Course) -> Option<Source> {
    let commit = course.head.clone().filter(|_| !course.elsewhere)?;
    let (server, repository) = workflow_repository(environment)?;
    Some(Source { url: format!("{server}/{repository}"), commit })
}

/// The address of the GitHub that the workflow runs on, and its repository there as `OWNER/NAME`.
fn workflow_repository(environment: &Environment) -> Option<(&str, &str)> {
    let variable =
        |name: &str| environment.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    Some((variable("GITHUB_SERVER_URL")?.trim_end_matches('/'), variable("GITHUB_REPOSITORY")?))
}

/// Whether this is the origin of another repository of the same GitHub than the workflow's. What is fetched from anywhere
/// else may be a mirror of it.
fn is_another(origin: &str, environment: &Environment) -> bool {
    let Some((server, repository)) = workflow_repository(environment) else { return false };
    let host = server.split_once("://").map_or(server, |(_, host)| host).to_lowercase();
    let origin = origin.to_lowercase();
    let origin = origin.trim_end_matches('/').trim_end_matches(".git");
    // `https://HOST/OWNER/NAME`, `ssh://git@HOST/OWNER/NAME` or `git@HOST:OWNER/NAME`.
    match origin.split_once(&host) {
        Some((_, path)) => path.trim_start_matches(['/', ':']) != repository.to_lowercase(),
        None => false,
    }
}

fn run(
    definition: &Command,
    environment: &Environment,
    redaction: &Redaction,
    commands: &Commands,
    course: &mut Course,
) -> Ended {
    let order = order(environment)?;
    let branches = Branches::new(&config::input_list(environment, "branches")).map_err(usage)?;
    let mut given = Given::in_workflow(definition, environment);
    let root = setup::root(given.repository().unwrap_or(Path::new("."))).map_err(usage)?;
    let checkout = Repo::checkout(&root).map_err(usage)?;
    course.head = checkout.head();
    course.elsewhere = checkout.origin().is_some_and(|origin| is_another(&origin, environment));
    let (event, notice) = event(environment);
    course.notices.extend(notice);
    let decision = event::decide(order, event, &branches, &checkout).map_err(usage)?;
    course.asked = decision.asked;
    course.notices.extend(decision.notices.iter().cloned());
    let Some(asked) = decision.asked else { return Ok(None) };
    course.notices.iter().cloned().for_each(|notice| given.notice(notice));
    let config = configured(given, decision, asked, &root).map_err(|NoConfig { problems, notices }| {
        course.notices = notices;
        NoAnswer::usage(problems)
    })?;
    course.notices.clone_from(&config.notices);
    course.all = config.verbose > 0;
    progress::log(config.quiet, config.verbose, redaction);
    let _group = commands.group(match asked {
        Asked::Plan => "Asking what would be published",
        Asked::Publish => "Publishing",
        Asked::Check => "Checking what this branch changes",
        Asked::Package => "Packaging",
    });
    let watch = progress::watch(config.quiet, config.verbose, redaction);
    setup::run(&config, asked, watch.as_ref()).map(Some)
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
        "check" => Ok(Order::Always(Asked::Check)),
        "package" => Ok(Order::Always(Asked::Package)),
        other => Err(usage(
            Problem::new(format!("input command: `{other}` is not a command"))
                .next("write auto, check, plan, publish or package"),
        )),
    }
}

/// What started the workflow. A document that cannot be read says nothing, which is told.
fn event(environment: &Environment) -> (Event, Option<Problem>) {
    let variable = |name: &str| environment.get(name).map_or("", |value| value.trim());
    let document = match variable("GITHUB_EVENT_PATH") {
        "" => Ok(serde_json::Value::Null),
        path => std::fs::read(path)
            .map_err(|error| error.to_string())
            .and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string())),
    };
    let notice = |why: &String| {
        Problem::new(format!("the document of the event cannot be read: {why}"))
            .next("see that GITHUB_EVENT_PATH is what the runner set")
    };
    let notice = document.as_ref().err().map(notice);
    let document = document.unwrap_or_default();
    (Event::new(variable("GITHUB_EVENT_NAME"), variable("GITHUB_REF"), &document), notice)
}

/// The configuration, with what the event says.
fn configured(mut given: Given, decision: Decision, asked: Asked, root: &Path) -> Result<Config, NoConfig> {
    if asked == Asked::Package {
        given.without_channels();
    }
    if asked == Asked::Check {
        given.without_passwords();
        if let Some(base) = &decision.base {
            given.assume("base", base);
        }
    }
    // Who names charts says what is meant; no event says more.
    if given.is_sweep() {
        for (key, text) in [("since", decision.since), ("tag", decision.tag)] {
            if let Some(text) = text {
                given.assume(key, &text);
            }
        }
    }
    let files = given.files(root);
    let mut texts = Vec::new();
    for file in &files {
        match file.read(root) {
            Ok(bytes) => texts.extend(bytes.map(|bytes| (file, bytes))),
            Err(problem) => given.refuse(problem),
        }
    }
    let texts: Vec<_> = texts.iter().map(|(file, bytes)| file.holding(bytes)).collect();
    let processors = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    given.check_files(root, &texts, processors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_of_the_workflow_is_known_by_its_origin() {
        let variables = [("GITHUB_SERVER_URL", "https://github.com"), ("GITHUB_REPOSITORY", "Acme/charts")];
        let environment: Environment =
            variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        for own in [
            "https://github.com/acme/charts",
            "https://github.com/Acme/charts.git/",
            "git@github.com:Acme/charts.git",
            "ssh://git@github.com/acme/charts",
            "https://mirror.example.com/charts",
            "../charts.git",
        ] {
            assert!(!is_another(own, &environment), "{own}");
        }
        for other in ["https://github.com/acme/charts-2", "git@github.com:other/charts.git"] {
            assert!(is_another(other, &environment), "{other}");
            assert!(!is_another(other, &Environment::new()), "nobody says what the workflow's is");
        }
    }
}
