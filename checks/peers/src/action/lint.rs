//! What machines say of the Action, the workflows and the scripts.

use super::root;
use crate::{commands::run, report::Report, world::World};
use anyhow::{Result, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
};

pub fn check(world: &World, report: &mut Report) {
    let peers = &world.peers;
    report.check("actionlint finds nothing in the workflows", || {
        let workflows = workflows()?;
        ensure!(!workflows.is_empty(), "there are no workflows");
        run(peers.actionlint().arg("-no-color").args(workflows)).map(drop)
    });
    report.check("zizmor finds nothing in the Action and the workflows", || {
        let mut zizmor = peers.zizmor();
        zizmor.args(["--offline", "--persona", "auditor", "--no-progress", "--color", "never"]);
        run(zizmor.arg(root().join("action.yml")).args(workflows()?)).map(drop)
    });
    report.check("shellcheck finds nothing in the scripts", || {
        let mut shellcheck = peers.shellcheck();
        shellcheck.current_dir(root()).args(["--external-sources", "--source-path=SCRIPTDIR"]);
        run(shellcheck.args([".ci/run", "action/install", "checks/peers/install"])).map(drop)
    });
    report.must_fail("an input that is a part of a shell line is noticed", || {
        let folder = world.folder("careless")?;
        fs::write(
            folder.join("action.yml"),
            fs::read_to_string(root().join("action.yml"))?
                .replace("run: chart-release action", "run: chart-release ${{ inputs.command }}"),
        )?;
        let mut zizmor = peers.zizmor();
        run(zizmor.args(["--offline", "--no-progress"]).arg(folder.join("action.yml"))).map(drop)
    });
}

/// Of this project, in the order of their names.
fn workflows() -> Result<Vec<PathBuf>> {
    let folder = root().join(".github/workflows");
    let mut workflows = files(&folder)?;
    workflows
        .retain(|file| file.extension().is_some_and(|extension| extension == "yml" || extension == "yaml"));
    workflows.sort();
    Ok(workflows)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(vec![]);
    }
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}
