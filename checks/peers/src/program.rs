//! The program under check: built from this checkout, or given by its path.

use crate::commands::{command, run};
use anyhow::{Context, Result};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

pub struct Program {
    binary: PathBuf,
    home: PathBuf,
}

impl Program {
    /// `given`, else what cargo builds here in the release profile.
    pub fn get(given: Option<PathBuf>, home: &Path) -> Result<Self> {
        let binary = given.map_or_else(build, Ok)?;
        println!("{}", binary.display());
        let home = home.join("program");
        std::fs::create_dir_all(&home)?;
        Ok(Self { binary, home })
    }

    /// Where it is.
    pub fn path(&self) -> &str {
        self.binary.to_str().expect("the path of the program is text")
    }

    /// Publishes the charts of a repository into a folder.
    pub fn publish(&self, repository: &Path, folder: &Path) -> Result<()> {
        run(self.command("publish", repository).arg("--channel").arg(channel(folder))).map(drop)
    }

    /// Makes the packages of a repository's charts in a folder.
    pub fn package(&self, repository: &Path, into: &Path) -> Result<()> {
        run(&mut self.packaging(repository, into)).map(drop)
    }

    /// The same, to which words and surroundings can be added.
    pub fn packaging(&self, repository: &Path, into: &Path) -> Command {
        let mut command = self.command("package", repository);
        command.arg("--into").arg(into);
        command
    }

    /// `publish` as somebody else, who adds the channels.
    pub fn publishing(&self, repository: &Path, home: &Path) -> Command {
        let mut command = command(&self.binary, home);
        command.arg("publish").arg("--repository").arg(repository);
        command
    }

    fn command(&self, name: &str, repository: &Path) -> Command {
        let mut command = command(&self.binary, &self.home);
        command.arg(name).arg("--repository").arg(repository);
        command
    }
}

pub fn channel(folder: &Path) -> String {
    format!("folder:{}", folder.display())
}

fn build() -> Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--bin", "chart-release", "--message-format", "json-render-diagnostics"])
        .arg("--manifest-path")
        .arg(manifest)
        .stderr(Stdio::inherit())
        .output()
        .context("could not start cargo")?;
    anyhow::ensure!(output.status.success(), "cargo could not build chart-release");
    // Where the binary is depends on the caller's settings for cargo: it says so.
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .context("cargo did not say where chart-release is")
}
