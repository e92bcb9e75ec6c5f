//! Checks what chart-release writes against the programs that read and keep it: Helm 3, Helm 4, skopeo, crane, git and
//! three registries; and the container image, which buildah builds and runs.
//!
//!     cargo run -p chart-release-peers -- [--program PATH] [--static-program PATH] [--peers FOLDER]
//!
//! `checks/peers/install` brings the peers. A peer that is missing, or of another version than the file `versions`
//! says, is a failure and never a skipped check. Nothing leaves this machine: folders are served and registries
//! listen on the loopback, and every home is a temporary folder.

mod charts;
mod checks;
mod cluster;
mod commands;
mod damage;
mod everywhere;
mod image;
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
use std::{path::PathBuf, process::ExitCode};
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
    let world = World::new(&arguments.peers, arguments.program, arguments.static_program)?;
    let mut report = Report::new();
    let ended = checks::run(&world, &mut report);
    report.heading("In the end");
    report.check("every group of checks was gone through", || ended);
    Ok(report)
}

struct Arguments {
    /// A built chart-release. None: it is built from this checkout.
    program: Option<PathBuf>,
    /// One that is linked without anything of this machine, for the image. None: likewise.
    static_program: Option<PathBuf>,
    /// Where `install` put what it built.
    peers: PathBuf,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut arguments = Self {
            program: None,
            static_program: None,
            peers: std::env::var_os("PEERS").map_or_else(|| root.join("target/peers"), PathBuf::from),
        };
        while let Some(word) = words.next() {
            match (word.as_str(), words.next()) {
                ("--program", Some(path)) => arguments.program = Some(std::path::absolute(path)?),
                ("--static-program", Some(path)) => {
                    arguments.static_program = Some(std::path::absolute(path)?);
                }
                ("--peers", Some(path)) => arguments.peers = std::path::absolute(path)?,
                _ => bail!(
                    "usage: chart-release-peers [--program PATH] [--static-program PATH] [--peers FOLDER]"
                ),
            }
        }
        Ok(arguments)
    }
}
