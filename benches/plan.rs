//! How long a `chart-release plan` takes that finds nothing to do, and its parts: opening the repository, sweeping
//! through its history, looking at what the folder holds.
//!
//! `cargo bench --bench plan` measures with a repository of 5,000 commits and 40 charts, and with real ones where
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
/// Repositories whose charts package without fetching anything.
const REAL: [&str; 2] = ["open-telemetry-opentelemetry-helm-charts", "cowboysysop-charts"];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [keep, folder] = &arguments[..]
        && keep == "--keep"
    {
        return generate(Path::new(folder));
    }
    let generated = tempfile::tempdir().expect("a temporary folder");
    generate(generated.path());
    measure(
        &format!("Plan with nothing to do, {COMMITS} commits, {} charts", charts::CHARTS),
        generated.path(),
    );
    let corpora = PathBuf::from(env::var_os("CORPORA").unwrap_or_else(|| "../shared/corpora".into()));
    for name in REAL {
        let bundle = corpora.join(name).with_extension("bundle");
        if !bundle.exists() {
            println!("{} is not there: its part is left out", bundle.display());
            continue;
        }
        let clone = tempfile::tempdir().expect("a temporary folder");
        let cloned = Command::new("git").args(["clone", "--quiet"]).arg(&bundle).arg(clone.path()).status();
        assert!(cloned.expect("git runs").success(), "cloning {name}");
        publish(clone.path(), &[]);
        measure(&format!("Plan with nothing to do, {name}"), clone.path());
    }
}

fn generate(folder: &Path) {
    charts::repository(folder, COMMITS);
    publish(folder, &["--since", &format!("HEAD~{PUBLISHED}")]);
    publish(folder, &[]);
}

fn program(repository: &Path, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_chart-release"));
    program.current_dir(repository).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    program
}

/// Publishes to the folder `published` of the repository, as far as can be: some real charts need subcharts that are
/// not in git.
fn publish(repository: &Path, arguments: &[&str]) {
    program(repository, &[&["publish"], arguments].concat()).status().expect("the program runs");
}

fn measure(title: &str, repository: &Path) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let published = repository.join("published");
    let settings = Settings { own_outputs: vec![published.clone()], ..Settings::default() };
    let open = || Repo::open(repository, &settings).expect("it opens");
    let survey = || {
        let selection = Selection::Sweep { since: None };
        runtime.block_on(open().survey(selection)).expect("a survey")
    };
    let wanted: Vec<ChartVersion> =
        survey().lanes.into_values().flatten().map(|candidate| candidate.is).collect();
    let folder = Folder::new("folder:published", published);
    table(
        &format!("{title}, {} versions asked for", wanted.len()),
        41,
        &mut [
            ("chart-release plan", processes(|| vec![program(repository, &["plan"])])),
            ("open the repository", work(|| runtime.block_on(open().facts()).expect("facts"))),
            ("open and survey", work(survey)),
            ("look", work(|| runtime.block_on(folder.look(&wanted)))),
        ],
    );
}
