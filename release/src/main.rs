//! Decides and writes what a release of chart-release needs: the workflow `release.yml` runs it, and `release/rehearse`.
//!
//! It reads the repository in the current folder and what it is given, and asks nobody over the network.

mod changelog;
mod check;
mod checksums;
mod folder;
mod tags;
mod targets;

use std::fs;
use std::io::{Read as _, stdin};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, Subcommand};
use semver::Version;

use crate::checksums::Checksums;

/// What the Action compares a downloaded program with.
const CHECKSUMS: &str = "action/checksums.txt";

#[derive(Parser)]
#[command(about, version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Prints the version in Cargo.toml
    Version,
    /// Fails with everything that keeps VERSION from being released
    Check { version: Version },
    /// Prints tagged=true when VERSION has its tag and only has to be finished; else does what `check` does, and prints
    /// tagged=false; stdin has the tags of the repository
    Plan {
        version: Version,
        /// The branch that is released
        #[arg(long)]
        branch: String,
        #[arg(long)]
        default_branch: String,
    },
    /// Prints what CHANGELOG.md says of VERSION
    Notes { version: Version },
    /// Prints the tags that the image of VERSION gets, one a line; stdin has the tags that the image has
    ImageTags { version: Version },
    /// Prints the tag of the Action that moves to VERSION, or nothing; stdin has the tags of the published releases
    ActionTag { version: Version },
    /// Prints true when VERSION is to be the latest release, else false; stdin has the tags of the published releases
    Latest { version: Version },
    /// Writes action/checksums.txt and FOLDER/SHA256SUMS for the archives in FOLDER
    Checksums {
        version: Version,
        folder: PathBuf,
        #[arg(long, default_value = CHECKSUMS)]
        into: PathBuf,
        /// Only tells of targets that are missing (a rehearsal has those of its own system)
        #[arg(long)]
        allow_missing: bool,
    },
    /// Fails unless FOLDER holds exactly what action/checksums.txt says of VERSION, to the byte
    Verify {
        version: Version,
        folder: PathBuf,
        #[arg(long, default_value = CHECKSUMS)]
        checksums: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("release: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Version => println!("{}", crate_version()?),
        Task::Check { version } => check(&version, None)?,
        Task::Plan { version, branch, default_branch } => {
            let tagged = versions_from_stdin()?.contains(&version);
            if !tagged {
                check(&version, Some((&branch, &default_branch)))?;
            }
            println!("tagged={tagged}");
        }
        Task::Notes { version } => {
            let changelog = read(Path::new("CHANGELOG.md"))?;
            let notes = changelog::section(&changelog, &version);
            println!("{}", notes.with_context(|| format!("CHANGELOG.md has no heading `## {version}`"))?);
        }
        Task::ImageTags { version } => {
            for tag in tags::of_image(&version, &versions_from_stdin()?) {
                println!("{tag}");
            }
        }
        Task::ActionTag { version } => {
            if let Some(tag) = tags::of_action(&version, &versions_from_stdin()?) {
                println!("{tag}");
            }
        }
        Task::Latest { version } => println!("{}", tags::is_latest(&version, &versions_from_stdin()?)),
        Task::Checksums { version, folder, into, allow_missing } => {
            let checksums = folder::checksums(&folder, &version)?;
            let missing = checksums.missing().join(", ");
            ensure!(missing.is_empty() || allow_missing, "no archive for {missing}");
            write(&folder.join(folder::SUMS), &checksums.sums())?;
            write(&into, &checksums.written(checksums::head(&read(Path::new(CHECKSUMS))?)))?;
            if !missing.is_empty() {
                eprintln!("release: no archive for {missing}");
            }
        }
        Task::Verify { version, folder, checksums } => {
            let promised =
                Checksums::read(&read(&checksums)?).with_context(|| checksums.display().to_string())?;
            let told = &promised.version;
            ensure!(*told == version, "{} tells of {told}, not of {version}", checksums.display());
            let missing = promised.missing().join(", ");
            ensure!(missing.is_empty(), "{} has no line for {missing}", checksums.display());
            folder::verify(&folder, &promised)
                .with_context(|| format!("{} is not what was promised", folder.display()))?;
        }
    }
    Ok(())
}

fn check(version: &Version, branch: Option<(&str, &str)>) -> Result<()> {
    let (crate_version, changelog) = (crate_version()?, read(Path::new("CHANGELOG.md"))?);
    let source = check::Source { crate_version: &crate_version, changelog: &changelog, branch };
    let obstacles = check::obstacles(version, &source);
    ensure!(obstacles.is_empty(), "{version} cannot be released:\n  {}", obstacles.join("\n  "));
    Ok(())
}

/// The version of the program. Cargo is asked, because the manifest is Cargo's.
fn crate_version() -> Result<Version> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(["metadata", "--no-deps", "--format-version=1"]).output()?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let version = metadata["packages"]
        .as_array()
        .and_then(|packages| packages.iter().find(|package| package["name"] == "chart-release"))
        .and_then(|package| package["version"].as_str())
        .context("cargo metadata tells of no package chart-release")?;
    Ok(version.parse()?)
}

fn versions_from_stdin() -> Result<Vec<Version>> {
    let mut names = String::new();
    stdin().read_to_string(&mut names)?;
    Ok(tags::versions(&names))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
