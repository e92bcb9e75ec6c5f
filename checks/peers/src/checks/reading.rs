//! Both Helms lint, render and pull the packages.

use super::Stage;
use crate::{
    commands::{refused, run},
    peers::Helm,
    published::read,
    report::Report,
    repository::Chart,
};
use anyhow::{Result, ensure};
use serde::Deserialize;

pub fn check(stage: &Stage, report: &mut Report) -> Result<()> {
    for helm in &stage.world.peers.helms {
        for chart in stage.repository.charts()? {
            let (title, name) = (chart.title(), &helm.name);
            report.check(&format!("{title}: {name} lints it"), || lint(stage, helm, &chart));
            report.check(&format!("{title}: {name} renders it"), || render(stage, helm, &chart));
            report.check(&format!("{title}: {name} pulls it"), || pull(stage, helm, &chart));
        }
    }
    Ok(())
}

fn lint(stage: &Stage, helm: &Helm, chart: &Chart) -> Result<()> {
    let mut lint = helm.command();
    lint.arg("lint").arg(stage.published.package(&chart.name, &chart.version));
    if chart.example {
        lint.arg("--strict");
    }
    run(&mut lint).map(drop)
}

/// What every object of a cluster has.
#[derive(Deserialize)]
struct Object {
    #[serde(rename = "apiVersion")]
    api: String,
    kind: String,
    metadata: ObjectMetadata,
}

#[derive(Deserialize)]
struct ObjectMetadata {
    name: String,
}

pub fn render(stage: &Stage, helm: &Helm, chart: &Chart) -> Result<()> {
    let mut template = helm.command();
    // A Helm that was built from its module may take a very old Kubernetes for granted.
    template.args(["template", "release", "--kube-version", "1.34.0"]);
    template.arg(stage.published.package(&chart.name, &chart.version));
    if chart.library {
        let said = refused(&mut template)?;
        ensure!(said.contains("library charts are not installable"), "{said}");
        return Ok(());
    }
    let objects: Vec<Object> = serde_saphyr::from_multiple(&String::from_utf8(run(&mut template)?)?)?;
    ensure!(!objects.is_empty(), "nothing was rendered");
    for object in objects {
        let parts = [&object.api, &object.kind, &object.metadata.name];
        ensure!(parts.iter().all(|part| !part.is_empty()), "an object without name or kind: {parts:?}");
    }
    Ok(())
}

/// From the folder over HTTP, through the index.
pub fn pull(stage: &Stage, helm: &Helm, chart: &Chart) -> Result<()> {
    let into = stage.world.folder("pulled")?;
    let pulled = helm.pull(&into, &[&chart.name, "--repo", &stage.url, "--version", &chart.version])?;
    let ours = read(&stage.published.package(&chart.name, &chart.version))?;
    ensure!(read(&pulled)? == ours, "other bytes than those of the folder");
    Ok(())
}
