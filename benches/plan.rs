//! How long a `chart-release plan` takes that finds nothing to do, and its parts: opening the repository, sweeping
//! through its history, looking at what the folder holds.
//!
//! `cargo bench --bench plan` measures with a repository of 5,000 commits and 40 charts, and with a real one where
//! `../shared/corpora` is there (or where `CORPORA` says). `-- --keep FOLDER` makes the first in this folder and leaves
//! it there, to look into with other tools.

use chart_release::{
    changes::Selection,
    channels::{Channel as _, folder::Folder},
    charts::ChartVersion,
    repo::{Repo, Settings},
};
use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use timing::{processes, table, work};

mod charts;
mod timing;

const COMMITS: usize = 5_000;
/// Of the generated history, only the versions of the last commits are in the index, or making it would take minutes.
const PUBLISHED: usize = 1_000;
/// A real repository, and its charts that need subcharts which are not in git: they could not be published here.
const REAL: &str = "open-telemetry-opentelemetry-helm-charts";
const WITHOUT: &[&str] = &["charts/opentelemetry-demo", "charts/opentelemetry-kube-stack"];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--keep", folder] => generate(Path::new(folder)),
        ["--parts", folder, ref without @ ..] => parts(Path::new(folder), without),
        _ => all(),
    }
}

/// Starts processes only, so that the memory which they are said to hold is their own: see [`processes`].
fn all() {
    let generated = tempfile::tempdir().expect("a temporary folder");
    again("--keep", generated.path(), &[]);
    println!("{COMMITS} commits, {} charts", charts::CHARTS);
    measure(generated.path(), &[]);
    let corpora = PathBuf::from(env::var_os("CORPORA").unwrap_or_else(|| "../shared/corpora".into()));
    let bundle = corpora.join(REAL).with_extension("bundle");
    if !bundle.exists() {
        println!("{} is not there: its part is left out", bundle.display());
        return;
    }
    let clone = tempfile::tempdir().expect("a temporary folder");
    let cloned = Command::new("git").args(["clone", "--quiet"]).arg(&bundle).arg(clone.path()).status();
    assert!(cloned.expect("git runs").success(), "cloning {REAL}");
    publish(clone.path(), WITHOUT, &[]);
    println!("{REAL}");
    measure(clone.path(), WITHOUT);
}

/// This program once more, to do one thing.
fn again(flag: &str, repository: &Path, without: &[&str]) {
    let mut command = Command::new(env::current_exe().expect("this program"));
    let ended = command.arg(flag).arg(repository).args(without).status();
    assert!(ended.expect("this program runs").success(), "{flag}");
}

fn measure(repository: &Path, without: &[&str]) {
    let plan = processes(|| vec![program(repository, "plan", without)]);
    table("Plan with nothing to do", 41, &mut [("chart-release plan", plan)]);
    again("--parts", repository, without);
}

fn generate(folder: &Path) {
    charts::repository(folder, COMMITS);
    publish(folder, &[], &["--since", &format!("HEAD~{PUBLISHED}")]);
    publish(folder, &[], &[]);
}

fn program(repository: &Path, verb: &str, without: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_chart-release"));
    program.current_dir(repository).arg(verb);
    program.args(without.iter().flat_map(|folder| ["--exclude", folder]));
    program
}

/// Publishes to the folder `published` of the repository.
fn publish(repository: &Path, without: &[&str], more: &[&str]) {
    let mut program = program(repository, "publish", without);
    let published = program.args(more).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(published.expect("the program runs").success(), "{program:?}");
}

/// What a plan consists of, in this process.
fn parts(repository: &Path, without: &[&str]) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let published = repository.join("published");
    let settings = Settings {
        exclude: without.iter().map(|folder| folder.to_string()).collect(),
        own_outputs: vec![published.clone()],
        ..Settings::default()
    };
    let open = || Repo::open(repository, &settings).expect("it opens");
    let survey = || {
        let selection = Selection::Sweep { since: None };
        runtime.block_on(open().survey(selection)).expect("a survey")
    };
    let wanted: Vec<ChartVersion> =
        survey().lanes.into_values().flatten().map(|candidate| candidate.is).collect();
    let folder = Folder::new("folder:published", published);
    table(
        &format!("Its parts, with {} charts", wanted.len()),
        41,
        &mut [
            ("open the repository", work(|| runtime.block_on(open().facts()).expect("facts"))),
            ("open and survey", work(survey)),
            ("look", work(|| runtime.block_on(folder.look(&wanted)))),
        ],
    );
}
