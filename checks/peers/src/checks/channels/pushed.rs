//! `helm push` of the same package into another repository: another manifest in three ways, and in no other.

use crate::{
    commands::run,
    everywhere::{Everywhere, SOURCE},
    published::{PACKAGE_LAYER, tag},
    report::Report,
    repository::Chart,
};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::Path;

const CREATED: &str = "org.opencontainers.image.created";
/// What is added where a chart does not say it.
const ADDED: [&str; 2] = ["org.opencontainers.image.source", "org.opencontainers.image.revision"];

pub fn check(everywhere: &Everywhere, report: &mut Report) -> Result<()> {
    for chart in everywhere.repository.charts()? {
        report.check(&format!("{}: chart layer first, UTC, source and revision", chart.title()), || {
            let package = everywhere.folder.package(&chart.name, &chart.version);
            as_pushed(everywhere, &chart, &package, &everywhere.repository.head()?)
        });
    }
    Ok(())
}

/// Compares the first registry's artifact with what Helm makes of `package`, and of a provenance beside it. `revision` is
/// the commit that introduced the version.
pub fn as_pushed(everywhere: &Everywhere, chart: &Chart, package: &Path, revision: &str) -> Result<()> {
    let (peers, registry) = (&everywhere.world.peers, &everywhere.registries[0]);
    let helm = peers.newest_helm();
    let remote = format!("oci://{}/pushed", registry.address);
    run(helm.command().env("TZ", "Asia/Tokyo").arg("push").arg(package).args([&remote, "--plain-http"]))?;
    let theirs = registry.manifest(peers, &format!("pushed/{}", chart.name), &tag(&chart.version))?;
    let mut theirs: Value = serde_json::from_slice(&theirs)?;
    let mut ours: Value = serde_json::from_slice(&everywhere.manifest(registry, chart)?)?;

    let first = &ours["layers"][0]["mediaType"];
    ensure!(*first == PACKAGE_LAYER, "the first layer is {first}");
    for manifest in [&mut ours, &mut theirs] {
        let layers = manifest["layers"].as_array_mut().context("a manifest without layers")?;
        layers.sort_by_key(|layer| layer["digest"].to_string());
    }
    let created = |manifest: &mut Value| {
        let annotations = manifest["annotations"].as_object_mut().context("no annotations")?;
        let time = annotations.remove(CREATED).context("no time")?;
        time.as_str().map(str::to_owned).context("a time that is no text")
    };
    let (our_time, their_time) = (created(&mut ours)?, created(&mut theirs)?);
    ensure!(our_time.ends_with('Z'), "our time is {our_time}");
    ensure!(their_time.ends_with("+09:00"), "Helm's time is {their_time}, no longer a local one");
    let theirs_has = |key: &str| theirs["annotations"].get(key).is_some();
    for (key, wanted) in ADDED.into_iter().zip([SOURCE, revision]).filter(|(key, _)| !theirs_has(key)) {
        let added = ours["annotations"].as_object_mut().and_then(|annotations| annotations.remove(key));
        let added = added.as_ref().and_then(Value::as_str);
        ensure!(added == Some(wanted), "{key} is {added:?}, not {wanted}");
    }
    ensure!(ours == theirs, "ours:\n{ours:#}\nHelm's:\n{theirs:#}");
    Ok(())
}
