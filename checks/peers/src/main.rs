//! Checks what chart-release writes against the programs that read and keep it: Helm 3, Helm 4, skopeo, crane, git and
//! three registries; the container image, which buildah builds and runs; and the Action with a runner of workflows.
//!
//!     cargo run -p chart-release-peers -- [--program PATH] [--static-program PATH] [--peers FOLDER] [--corpora FOLDER]
//!         [--only action|packaging]
//!
//! `checks/peers/install` brings the peers. A peer that is missing, or of another version than the file `versions`
//! says, is a failure and never a skipped check. Nothing leaves this machine: folders are served and registries
//! listen on the loopback, and every home is a temporary folder.

mod action;
mod charts;
mod checks;
mod cluster;
mod commands;
mod damage;
mod everywhere;
mod image;
mod internet;
#[allow(dead_code, reason = "what stories need and these checks do not")]
#[path = "../../../tests/journey/world/mod.rs"]
mod journey;
mod packaging;
mod pages;
mod peers;
mod program;
mod published;
mod registry;
mod report;
mod repository;
mod served;
mod world;

use anyhow::{Result, bail};
use report::Report;
use std::{path::PathBuf, process::ExitCode, sync::OnceLock};
use world::World;

fn main() -> ExitCode {
    match checked() {
        Ok(report) => report.conclude(),
        Err(error) => {
            eprintln!("The checks could not begin: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Every check in turn. An error: a peer or the program is missing.
fn checked() -> Result<Report> {
    let arguments = Arguments::read(std::env::args().skip(1))?;
    let (program, static_program) = (arguments.program.clone(), arguments.static_program.clone());
    let world = World::new(&arguments.peers, program, static_program)?;
    PROGRAM.set(world.program.path().to_owned()).ok();
    let mut report = Report::new();
    let mut ended = Ok(());
    if arguments.has(Group::Channels) {
        ended = checks::run(&world, &mut report);
    }
    if arguments.has(Group::Packaging) {
        ended = ended.and(packaging::check(&world, arguments.corpora.as_deref(), &mut report));
    }
    if arguments.has(Group::Action) {
        ended = ended.and(action::check(&world, &mut report));
    }
    report.heading("In the end");
    report.check("every group of checks was gone through", || ended);
    Ok(report)
}

static PROGRAM: OnceLock<String> = OnceLock::new();

/// The program under check, which the world of the journeys asks for.
fn program() -> &'static str {
    PROGRAM.get().expect("it is known before the first check")
}

struct Arguments {
    /// A built chart-release. None: it is built from this checkout.
    program: Option<PathBuf>,
    /// One that is linked without anything of this machine, for the image. None: likewise.
    static_program: Option<PathBuf>,
    /// Where `install` put what it built.
    peers: PathBuf,
    /// Where the bundles of real repositories are. None: their charts are left out.
    corpora: Option<PathBuf>,
    /// Leave out all but this.
    only: Option<Group>,
}

/// Checks that can be asked for by themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    /// What is published, and its readers.
    Channels,
    /// Packages with what charts depend on.
    Packaging,
    Action,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut arguments = Self {
            program: None,
            static_program: None,
            corpora: None,
            only: None,
            peers: std::env::var_os("PEERS").map_or_else(|| root.join("target/peers"), PathBuf::from),
        };
        while let Some(word) = words.next() {
            match (word.as_str(), words.next()) {
                ("--program", Some(path)) => arguments.program = Some(std::path::absolute(path)?),
                ("--static-program", Some(path)) => {
                    arguments.static_program = Some(std::path::absolute(path)?);
                }
                ("--peers", Some(path)) => arguments.peers = std::path::absolute(path)?,
                ("--corpora", Some(path)) => arguments.corpora = Some(std::path::absolute(path)?),
                ("--only", Some(group)) if group == "action" => arguments.only = Some(Group::Action),
                ("--only", Some(group)) if group == "packaging" => arguments.only = Some(Group::Packaging),
                _ => bail!(
                    "usage: chart-release-peers [--program PATH] [--static-program PATH] [--peers FOLDER] \
                     [--corpora FOLDER] [--only action|packaging]"
                ),
            }
        }
        Ok(arguments)
    }

    fn has(&self, group: Group) -> bool {
        self.only.is_none_or(|only| only == group)
    }
}
