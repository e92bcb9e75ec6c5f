//! A package unpacks to what `helm package` of the same folder unpacks to: the same names, the same bytes.

use super::Stage;
use crate::{
    peers::Helm,
    published::{Published, read},
    report::Report,
    repository::Chart,
};
use anyhow::{Context, Result, bail, ensure};
use flate2::read::GzDecoder;
use std::{collections::BTreeMap, io::Read, path::Path};

/// Unpacked files by their path.
pub type Files = BTreeMap<String, Vec<u8>>;

pub fn check(stage: &Stage, report: &mut Report) -> Result<()> {
    report.check("`package` makes the bytes that `publish` publishes", || packaged(stage));
    for helm in &stage.world.peers.helms {
        for chart in stage.repository.charts()? {
            report.check(&format!("{}: as {} packages it", chart.title(), helm.name), || {
                as_helm(stage, helm, &chart)
            });
        }
    }
    Ok(())
}

fn packaged(stage: &Stage) -> Result<()> {
    let into = Published(stage.world.folder("packages")?);
    stage.world.program.package(&stage.repository.folder, &into.0)?;
    for chart in stage.repository.charts()? {
        let published = read(&stage.published.package(&chart.name, &chart.version))?;
        ensure!(
            read(&into.package(&chart.name, &chart.version))? == published,
            "other bytes of {}",
            chart.title()
        );
    }
    Ok(())
}

pub fn as_helm(stage: &Stage, helm: &Helm, chart: &Chart) -> Result<()> {
    let theirs = unpack(&helm.package(&chart.folder, &stage.world.folder("helm-package")?)?)?;
    let ours = unpack(&stage.published.package(&chart.name, &chart.version))?;
    same(&ours, &theirs)
}

/// The files of a package. Only plain files, each once, are accepted.
pub fn unpack(package: &Path) -> Result<Files> {
    let mut files = Files::new();
    let bytes = read(package)?;
    let mut archive = tar::Archive::new(GzDecoder::new(bytes.as_slice()));
    for entry in archive.entries().context("no archive")? {
        let mut entry = entry?;
        let name = String::from_utf8(entry.path_bytes().into_owned())?;
        ensure!(entry.header().entry_type().is_file(), "{name} is no plain file");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        ensure!(files.insert(name.clone(), bytes).is_none(), "{name} is there twice");
    }
    Ok(files)
}

fn same(ours: &Files, theirs: &Files) -> Result<()> {
    let mut differences = Vec::new();
    for name in ours.keys().filter(|name| !theirs.contains_key(*name)) {
        differences.push(format!("{name} is only in ours"));
    }
    for (name, their_bytes) in theirs {
        match ours.get(name) {
            None => differences.push(format!("{name} is only in Helm's")),
            Some(bytes) if bytes != their_bytes => differences.push(format!(
                "{name} has other bytes. Ours:\n{}\nHelm's:\n{}",
                String::from_utf8_lossy(bytes),
                String::from_utf8_lossy(their_bytes)
            )),
            Some(_) => {}
        }
    }
    if differences.is_empty() { Ok(()) } else { bail!(differences.join("\n")) }
}
