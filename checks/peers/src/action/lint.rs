//! What machines say of the Action, the workflows and the scripts.

use super::root;
use crate::{commands::run, report::Report, world::World};
use anyhow::{Result, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
};

const QUIETLY: [&str; 4] = ["--offline", "--no-progress", "--color", "never"];

pub fn check(world: &World, report: &mut Report) {
    let peers = &world.peers;
    report.check("actionlint finds nothing in the workflows", || {
        let workflows = workflows()?;
        ensure!(!workflows.is_empty(), "there are no workflows");
        run(peers.actionlint().arg("-no-color").args(workflows)).map(drop)
    });
    report.check("zizmor finds nothing in the Action and the workflows", || {
        let mut zizmor = peers.zizmor();
        run(zizmor.args(QUIETLY).args(workflows()?))?;
        // What runs in other people's jobs is held to more.
        let mut zizmor = peers.zizmor();
        run(zizmor.args(QUIETLY).args(["--persona", "auditor"]).arg(root().join("action.yml"))).map(drop)
    });
    report.check("every workflow that is told to people knows the inputs of the Action", || told(world));
    report.check("shellcheck finds nothing in the scripts", || {
        let mut shellcheck = peers.shellcheck();
        shellcheck.current_dir(root()).args(["--external-sources", "--source-path=SCRIPTDIR"]);
        run(shellcheck.args(scripts()?)).map(drop)
    });
    report.must_fail("an input that is a part of a shell line is noticed", || {
        let folder = world.folder("careless")?;
        fs::write(
            folder.join("action.yml"),
            fs::read_to_string(root().join("action.yml"))?
                .replace("run: exec chart-release action", "run: exec chart-release ${{ inputs.command }}"),
        )?;
        let mut zizmor = peers.zizmor();
        run(zizmor.args(QUIETLY).arg(folder.join("action.yml"))).map(drop)
    });
}

/// The workflows of the README and below `docs`, with this Action in place of the released one: so actionlint knows what
/// it takes.
fn told(world: &World) -> Result<()> {
    let project = world.folder("told")?;
    let workflows = project.join(".github/workflows");
    fs::create_dir_all(&workflows)?;
    fs::create_dir(project.join(".git"))?;
    fs::copy(root().join("action.yml"), project.join("action.yml"))?;
    let mut count = 0;
    let mut write = |text: &str| {
        count += 1;
        fs::write(workflows.join(format!("{count}.yml")), text.replace("OWNER/chart-release-action@v1", "./"))
    };
    for file in yaml_files(&root().join("docs/workflows/after"))? {
        write(&fs::read_to_string(file)?)?;
    }
    for page in ["README.md", "docs/action.md", "docs/migrating.md"] {
        let Ok(page) = fs::read_to_string(root().join(page)) else { continue };
        let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
        for block in blocks.filter(|block| block.starts_with("on:") || block.starts_with("name:")) {
            write(block)?;
        }
    }
    ensure!(count > 0, "nobody is told how to use the Action");
    run(world.peers.actionlint().arg("-no-color").current_dir(&project)).map(drop)
}

/// Of this project, in the order of their names.
fn workflows() -> Result<Vec<PathBuf>> {
    yaml_files(&root().join(".github/workflows"))
}

fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = files(folder)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yml" || extension == "yaml"));
    files.sort();
    Ok(files)
}

/// Every file that says in its first line that bash or sh runs it, where scripts are kept.
fn scripts() -> Result<Vec<PathBuf>> {
    let mut scripts = vec![];
    for folder in [".ci", "action", "checks/peers", "release", "release/tests/github"] {
        for file in files(&root().join(folder))?.into_iter().filter(|file| file.is_file()) {
            let bytes = fs::read(&file)?;
            let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
            if first.starts_with(b"#!") && first.ends_with(b"sh") {
                scripts.push(file);
            }
        }
    }
    ensure!(scripts.len() >= 3, "{scripts:?} are too few");
    Ok(scripts)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(vec![]);
    }
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}
