//! Who packages: Helm 3 and Helm 4 with what they fetch, and the program, all of them from the same internet.

use super::compared::{Outcome, Package};
use crate::{commands::run, internet::Internet, peers::Helm, program::Program, repository::Chart};
use anyhow::{Context, Result};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// How the versions of dependencies are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// `helm package --dependency-update`, and our `package --dependencies update`.
    Update,
    /// `helm dependency build` and `helm package`, and our `package`: as the lock says, where there is one.
    Build,
}

impl Way {
    pub const ALL: [Self; 2] = [Self::Update, Self::Build];

    pub fn name(self) -> &'static str {
        match self {
            Self::Update => "updated",
            Self::Build => "built",
        }
    }
}

/// What Helm made of a chart.
pub struct ByHelm {
    pub outcome: Outcome,
    /// It wrote the chart's lock in this run, rather than finding it as it would have written it.
    pub lock_was_made: bool,
}

/// Packages a folder with a chart, which is changed by that, as Helm does. `config` is Helm's folder for that; `scratch`
/// is a new folder.
pub fn by_helm(
    helm: &Helm,
    internet: &Internet,
    way: Way,
    chart: &Path,
    config: &Path,
    scratch: &Path,
) -> Result<ByHelm> {
    let command = |words: &[&str]| {
        let mut command = helm.command_at(scratch);
        internet.reached_by(&mut command).env("HELM_CONFIG_HOME", config).args(words);
        command
    };
    let before = lock(chart)?;
    let into = scratch.join("package");
    let package = |words: &[&str]| {
        let mut command = command(words);
        command.arg("--destination").arg(&into).arg(chart);
        helm.new_file(&into, &mut command)
    };
    let made = match way {
        Way::Update => package(&["package", "--dependency-update"]),
        Way::Build => run(command(&["dependency", "build"]).arg(chart)).and_then(|_| package(&["package"])),
    };
    let outcome = match made {
        Ok(file) => Ok(Package::read(&file)?),
        Err(said) => Err(format!("{said:#}")),
    };
    let after = lock(chart)?;
    Ok(ByHelm { outcome, lock_was_made: after.is_some() && after != before })
}

/// The text of the lock that a chart's folder has.
fn lock(chart: &Path) -> Result<Option<Vec<u8>>> {
    for name in ["Chart.lock", "requirements.lock"] {
        match fs::read(chart.join(name)) {
            Ok(text) => return Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("{}/{name}", chart.display())),
        }
    }
    Ok(None)
}

/// What the program makes of charts of a repository, which stays as it is; by their folders.
pub fn by_us(
    program: &Program,
    internet: &Internet,
    words: &[&str],
    repository: &Path,
    charts: &[Chart],
    config: &Path,
    scratch: &Path,
) -> Result<BTreeMap<PathBuf, Outcome>> {
    let into = scratch.join("packages");
    let mut command = program.packaging(repository, &into);
    internet.reached_by(&mut command).env("HELM_CONFIG_HOME", config).env("XDG_CACHE_HOME", scratch);
    add_folders(&mut command, repository, charts);
    command.args(words).args(charts.iter().map(|chart| &chart.name));
    let said = run(&mut command).map_or_else(|error| format!("{error:#}"), |_| "nothing".to_owned());
    let outcome = |chart: &Chart| {
        let file = into.join(format!("{}-{}.tgz", chart.name, chart.version));
        let outcome = if file.is_file() { Ok(Package::read(&file)?) } else { Err(said.clone()) };
        Ok((chart.folder.clone(), outcome))
    };
    charts.iter().map(outcome).collect()
}

/// Says where the charts are.
fn add_folders(command: &mut Command, repository: &Path, charts: &[Chart]) {
    for chart in charts {
        let folder = chart.folder.strip_prefix(repository).unwrap_or(&chart.folder);
        command.arg("--charts").arg(folder);
    }
}
