//! What was published stays: publishing again changes nothing, and newer versions only add.

use super::{Stage, contents, index, layout, reading};
use crate::{
    published::{Published, tag},
    report::Report,
};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;

/// Newer versions, of which one differs from its elder only where precedence does not look.
const NEWER: [(&str, &str); 3] = [("hello", "0.2.0"), ("with-build", "1.2.3+build.6"), ("early", "2.0.0")];

pub fn check(stage: &Stage, report: &mut Report) -> Result<()> {
    let first = stage.published.files()?;
    report.check("publishing again changes nothing", || {
        publish(stage)?;
        ensure!(stage.published.files()? == first, "files have changed");
        Ok(())
    });

    let tags = tags(stage)?;
    for (name, version) in NEWER {
        stage.repository.raise(name, version)?;
    }
    stage.repository.commit("Raise three charts")?;
    report.check("newer versions are published", || publish(stage));
    report.check("the packages and blobs of before are as they were", || {
        let now = stage.published.files()?;
        for (path, bytes) in
            first.iter().filter(|(path, _)| !path.ends_with("index.yaml") && !path.ends_with("index.json"))
        {
            ensure!(now.get(path) == Some(bytes), "{} has changed", path.display());
        }
        Ok(())
    });
    report.check("the tags of before point to what they pointed to", || {
        let now = self::tags(stage)?;
        for (tag, digest) in &tags {
            ensure!(
                now.get(tag) == Some(digest),
                "{tag:?} pointed to {digest}, and now to {:?}",
                now.get(tag)
            );
        }
        Ok(())
    });
    let before = first.get(std::path::Path::new("index.yaml")).context("no index")?;
    report.check("the index has only gained lines", || {
        only_gained(before, &crate::published::read(&stage.published.index_file())?)
    });
    report.check("the index names every package", || index::names_packages(&stage.published));
    for helm in &stage.world.peers.helms {
        report.check(&format!("{} lists old and new", helm.name), || index::listed(stage, helm));
        report.check(&format!("the entries are those of {}", helm.name), || {
            index::as_helm(stage.world, &stage.published, helm)
        });
        for (name, version) in NEWER {
            report.check(&format!("{name} {version}: as {} packages and pulls it", helm.name), || {
                let chart = stage.repository.chart(name)?;
                contents::as_helm(stage, helm, &chart)?;
                reading::pull(stage, helm, &chart)?;
                layout::copy(stage, &chart)?;
                layout::pull(stage, helm, &chart)
            });
        }
    }
    for (name, _) in NEWER {
        report.check(&format!("{name}: the tags are the versions of the index"), || {
            layout::tags_are_versions(&stage.published, name)
        });
    }
    Ok(())
}

fn publish(stage: &Stage) -> Result<()> {
    stage.world.program.publish(&stage.repository.folder, &stage.published.0)
}

/// Chart and tag → digest of the manifest.
fn tags(stage: &Stage) -> Result<BTreeMap<(String, String), String>> {
    let mut tags = BTreeMap::new();
    for (name, version) in stage.published.entries()?.into_keys() {
        let digest = Published::tags(&stage.published, &name)?.remove(&tag(&version));
        tags.insert((name, tag(&version)), digest.context("a version without a tag")?.digest);
    }
    Ok(tags)
}

/// Every line of the old index is in the new one, in the old order. Only the time of the index itself may be another.
pub fn only_gained(old: &[u8], new: &[u8]) -> Result<()> {
    let lines = |bytes: &[u8]| -> Vec<Vec<u8>> {
        bytes
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| !line.starts_with(b"generated:"))
            .map(Vec::from)
            .collect()
    };
    let mut rest = lines(new).into_iter();
    for line in lines(old) {
        ensure!(
            rest.any(|other| other == line),
            "the line has gone: {}",
            String::from_utf8_lossy(&line).trim_end()
        );
    }
    Ok(())
}
