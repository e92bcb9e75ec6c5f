//! Checks that cannot fail prove nothing: copies of the published folder are damaged, and the checks have to notice.

use crate::{
    checks::{Stage, contents, index, lasting, layout, reading},
    published::{PACKAGE_LAYER, Published, read, tag},
    report::Report,
    world::copy,
};
use anyhow::{Context, Result, ensure};
use flate2::{Compression, write::GzEncoder};
use std::{fs, path::Path};

/// The chart that is damaged.
const VICTIM: &str = "hello";

pub fn check(stage: &Stage, report: &mut Report) -> Result<()> {
    let chart = stage.repository.chart(VICTIM)?;
    let package = |damaged: &Stage| damaged.published.package(&chart.name, &chart.version);
    let newest = stage.world.peers.newest_helm();

    let damaged = damaged(stage)?;
    repack(&package(&damaged), |name| (!name.ends_with("values.yaml")).then(|| name.to_owned()))?;
    report.must_fail("a file that is missing in a package", || contents::as_helm(&damaged, newest, &chart));
    report.must_fail("a package that is another than the index says", || {
        index::names_packages(&damaged.published)
    });
    report.must_fail("a package that is another than the layout has", || {
        layout::layer_is_package(&damaged.published, &chart)
    });
    report.must_fail("a template without its values", || reading::render(&damaged, newest, &chart));

    let damaged = self::damaged(stage)?;
    repack(&package(&damaged), |name| Some(name.replace("README.md", "README.MD")))?;
    report.must_fail("a file of another name in a package", || contents::as_helm(&damaged, newest, &chart));

    let damaged = self::damaged(stage)?;
    change(&damaged.published.index_file(), "- apiVersion: v2\n", "- apiVersion: v2\n    unknown: key\n")?;
    for helm in &stage.world.peers.helms {
        report.must_fail(&format!("a key in the index that {} does not know", helm.name), || {
            index::listed(&damaged, helm)
        });
    }

    let damaged = self::damaged(stage)?;
    let version = |version: &str| format!("\n    version: {version}\n");
    change(&damaged.published.index_file(), &version(&chart.version), &version("0.1.7"))?;
    report.must_fail("a version in the index that was never published", || index::listed(&damaged, newest));
    report.must_fail("an entry that differs from Helm's", || {
        index::as_helm(damaged.world, &damaged.published, newest)
    });
    report.must_fail("a line of the old index that has gone", || {
        lasting::only_gained(&read(&stage.published.index_file())?, &read(&damaged.published.index_file())?)
    });

    let damaged = self::damaged(stage)?;
    change(&damaged.published.layout(&chart.name).join("index.json"), &tag(&chart.version), "latest")?;
    report
        .must_fail("a tag that is no version", || layout::tags_are_versions(&damaged.published, &chart.name));
    report.must_fail("a layout without the version", || layout::copy(&damaged, &chart));

    let damaged = self::damaged(stage)?;
    let manifest = damaged.published.manifest(&chart.name, &tag(&chart.version))?;
    let layer = manifest.layer(PACKAGE_LAYER).context("no package in the layout")?;
    let blob = damaged.published.layout(&chart.name).join("blobs").join(layer.digest.replace(':', "/"));
    fs::write(&blob, b"other bytes")?;
    report.must_fail("a blob that is not what its name says", || {
        layout::layer_is_package(&damaged.published, &chart)
    });
    Ok(())
}

/// The same stage over a copy of the folder.
fn damaged<'a>(stage: &Stage<'a>) -> Result<Stage<'a>> {
    let folder = stage.world.folder("damaged")?;
    copy(&stage.published.0, &folder)?;
    Stage::open(stage.world, stage.repository, Published(folder), stage.registry)
}

/// Replaces the first `from` of a text file.
fn change(file: &Path, from: &str, to: &str) -> Result<()> {
    let text = fs::read_to_string(file)?;
    ensure!(text.contains(from), "{} has no {from:?} to change", file.display());
    Ok(fs::write(file, text.replacen(from, to, 1))?)
}

/// Writes a package again, each file under the name that `rename` gives it, or not at all.
fn repack(package: &Path, rename: impl Fn(&str) -> Option<String>) -> Result<()> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, bytes) in contents::unpack(package)? {
        let Some(name) = rename(&name) else { continue };
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, bytes.as_slice())?;
    }
    Ok(fs::write(package, builder.into_inner()?.finish()?)?)
}
