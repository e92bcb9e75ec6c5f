//! The index loads in both Helms, lists what was published, and says of each package what Helm's own index says.

use super::Stage;
use crate::{
    commands::run,
    peers::Helm,
    published::{Published, digest, read},
    report::Report,
    world::World,
};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::{collections::BTreeSet, fs};

pub fn check(stage: &Stage, report: &mut Report) -> Result<()> {
    report.check("its digests and file names are those of the packages", || names_packages(&stage.published));
    for helm in &stage.world.peers.helms {
        report.check(&format!("{} loads and lists it", helm.name), || listed(stage, helm));
        report.check(&format!("its entries are those of {}", helm.name), || {
            as_helm(stage.world, &stage.published, helm)
        });
        for chart in stage.repository.charts()? {
            report.check(&format!("{}: {} shows it", chart.title(), helm.name), || {
                let from = ["show", "chart", &chart.name, "--repo", &stage.url, "--version", &chart.version];
                let shown = run(helm.command().args(from))?;
                let package = stage.published.package(&chart.name, &chart.version);
                ensure!(
                    shown == run(helm.command().args(["show", "chart"]).arg(package))?,
                    "another Chart.yaml"
                );
                Ok(())
            });
        }
    }
    Ok(())
}

/// Every package of the folder has an entry, every entry a package, with its digest and nothing but its file name.
pub fn names_packages(published: &Published) -> Result<()> {
    let mut packages: BTreeSet<_> = fs::read_dir(&published.0)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
    packages.retain(|name| name.ends_with(".tgz"));
    for ((name, version), entry) in published.entries()? {
        let file = format!("{name}-{version}.tgz");
        ensure!(
            entry["urls"] == serde_json::json!([file]),
            "{name} {version}: its urls are {}",
            entry["urls"]
        );
        ensure!(packages.remove(&file), "the index names {file}, which is not there");
        let actual = digest(&read(&published.0.join(&file))?);
        let said = entry["digest"].as_str().context("an entry without a digest")?;
        ensure!(
            actual == format!("sha256:{said}"),
            "{name} {version}: the index says {said}, the file is {actual}"
        );
    }
    ensure!(packages.is_empty(), "the index does not name {packages:?}");
    Ok(())
}

#[derive(Deserialize)]
struct Found {
    name: String,
    version: String,
}

/// `helm repo add`, `update` and `search repo` of the folder list exactly what its index lists.
pub fn listed(stage: &Stage, helm: &Helm) -> Result<()> {
    run(helm.command().args(["repo", "add", "--force-update", "peers", &stage.url]))?;
    run(helm.command().args(["repo", "update", "peers"]))?;
    let found =
        run(helm.command().args(["search", "repo", "peers/", "--versions", "--devel", "--output", "json"]))?;
    let found: Vec<Found> = serde_json::from_slice(&found)?;
    let found: Vec<_> = found
        .into_iter()
        .map(|row| (row.name.trim_start_matches("peers/").to_owned(), row.version))
        .collect();
    let unique: BTreeSet<_> = found.iter().cloned().collect();
    ensure!(unique.len() == found.len(), "a version is listed twice: {found:?}");
    let ours: BTreeSet<_> = stage.published.entries()?.into_keys().collect();
    ensure!(unique == ours, "Helm lists {unique:?}\nthe index {ours:?}");
    for chart in stage.repository.charts()? {
        ensure!(ours.contains(&(chart.name.clone(), chart.version.clone())), "{} is missing", chart.title());
    }
    Ok(())
}

/// `helm repo index` of the same packages: the same entries, but for the time.
pub fn as_helm(world: &World, published: &Published, helm: &Helm) -> Result<()> {
    let theirs = Published(world.folder("helm-index")?);
    for entry in fs::read_dir(&published.0)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "tgz") {
            fs::copy(&path, theirs.0.join(path.file_name().unwrap_or_default()))?;
        }
    }
    run(helm.command().args(["repo", "index"]).arg(&theirs.0))?;
    let (ours, theirs) = (published.entries()?, theirs.entries()?);
    ensure!(ours.keys().eq(theirs.keys()), "other versions than Helm's: {:?}", theirs.keys());
    let mut differences = String::new();
    for (key, mut entry) in ours {
        let mut their_entry = theirs[&key].clone();
        for entry in [&mut entry, &mut their_entry] {
            let created = entry.as_object_mut().and_then(|entry| entry.remove("created"));
            ensure!(created.is_some_and(|time| time.is_string()), "{key:?} has no time");
        }
        if entry != their_entry {
            differences = format!("{differences}{key:?}: ours {entry}\n  Helm's {their_entry}\n");
        }
    }
    if differences.is_empty() { Ok(()) } else { bail!(differences) }
}
