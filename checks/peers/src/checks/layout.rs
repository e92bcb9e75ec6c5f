//! The image layouts: the artifact that Helm would have pushed, and after a copy to a registry the one that Helm pulls.

use super::Stage;
use crate::{
    commands::run,
    peers::Helm,
    published::{PACKAGE_LAYER, Published, digest, read, tag},
    report::Report,
    repository::Chart,
};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;

pub fn check(stage: &Stage, report: &mut Report) -> Result<()> {
    for chart in stage.repository.charts()? {
        let title = chart.title();
        report.check(&format!("{title}: its tags are the versions of the index"), || {
            tags_are_versions(&stage.published, &chart.name)
        });
        report.check(&format!("{title}: its layer is the package"), || {
            layer_is_package(&stage.published, &chart)
        });
        report.check(&format!("{title}: the artifact is the one Helm pushes"), || as_helm(stage, &chart));
        report.check(&format!("{title}: skopeo copies it to a registry as it is"), || copy(stage, &chart));
        for helm in &stage.world.peers.helms {
            report.check(&format!("{title}: {} pulls it from the registry", helm.name), || {
                pull(stage, helm, &chart)
            });
        }
    }
    Ok(())
}

pub fn tags_are_versions(published: &Published, name: &str) -> Result<()> {
    let tags: BTreeSet<_> = published.tags(name)?.into_keys().collect();
    let versions: BTreeSet<_> = published
        .entries()?
        .into_keys()
        .filter(|(chart, _)| chart == name)
        .map(|(_, version)| tag(&version))
        .collect();
    ensure!(tags == versions, "the tags are {tags:?}, the versions {versions:?}");
    Ok(())
}

pub fn layer_is_package(published: &Published, chart: &Chart) -> Result<()> {
    let manifest = published.manifest(&chart.name, &tag(&chart.version))?;
    let first = manifest.layers.first().context("a manifest without layers")?;
    ensure!(first.media_type == PACKAGE_LAYER, "the first layer is {}", first.media_type);
    let package = digest(&read(&published.package(&chart.name, &chart.version))?);
    ensure!(first.digest == package, "the layer is {}, the package {package}", first.digest);
    Ok(())
}

/// `helm push` of the package: the same config and layers; every annotation of Helm's is in ours, but for the time.
fn as_helm(stage: &Stage, chart: &Chart) -> Result<()> {
    let (helm, tag) = (stage.world.peers.newest_helm(), tag(&chart.version));
    let remote = format!("oci://{}/pushed", stage.registry.address);
    let package = stage.published.package(&chart.name, &chart.version);
    run(helm.command().arg("push").arg(package).args([&remote, "--plain-http"]))?;
    let theirs = stage.registry.manifest(&stage.world.peers, &format!("pushed/{}", chart.name), &tag)?;
    let theirs: crate::published::Manifest = serde_json::from_slice(&theirs)?;
    let ours = stage.published.manifest(&chart.name, &tag)?;
    ensure!(ours.config.media_type == theirs.config.media_type, "the config is {}", ours.config.media_type);
    ensure!(
        ours.config.digest == theirs.config.digest,
        "the config is {}\nHelm's has the digest {}",
        String::from_utf8_lossy(&stage.published.blob(&chart.name, &ours.config)?),
        theirs.config.digest
    );
    let layers = |manifest: &crate::published::Manifest| -> BTreeSet<_> {
        manifest.layers.iter().map(|layer| (layer.media_type.clone(), layer.digest.clone())).collect()
    };
    ensure!(layers(&ours) == layers(&theirs), "other layers than Helm's: {:?}", layers(&theirs));
    for (key, value) in
        theirs.annotations.iter().filter(|(key, _)| *key != "org.opencontainers.image.created")
    {
        let found = ours.annotations.get(key);
        ensure!(found == Some(value), "the annotation {key} is {found:?}, Helm's {value:?}");
    }
    Ok(())
}

/// A copy keeps the manifest, byte for byte.
pub fn copy(stage: &Stage, chart: &Chart) -> Result<()> {
    let tag = tag(&chart.version);
    let source = format!("oci:{}:{tag}", stage.published.layout(&chart.name).display());
    let target = format!("docker://{}/charts/{}:{tag}", stage.registry.address, chart.name);
    run(stage.world.peers.skopeo().args(["copy", "--dest-tls-verify=false", &source, &target]))?;
    let copied = stage.registry.manifest(&stage.world.peers, &format!("charts/{}", chart.name), &tag)?;
    let ours = stage.published.tags(&chart.name)?;
    let ours = ours.get(&tag).with_context(|| format!("no tag {tag}"))?;
    ensure!(
        digest(&copied) == ours.digest,
        "the registry has {}, the layout {}",
        digest(&copied),
        ours.digest
    );
    Ok(())
}

/// From the registry: the bytes of the folder, which the index names too.
pub fn pull(stage: &Stage, helm: &Helm, chart: &Chart) -> Result<()> {
    let from = format!("oci://{}/charts/{}", stage.registry.address, chart.name);
    let into = stage.world.folder("pulled")?;
    let pulled = helm.pull(&into, &[&from, "--version", &chart.version, "--plain-http"])?;
    let pulled = digest(&read(&pulled)?);
    let file = digest(&read(&stage.published.package(&chart.name, &chart.version))?);
    ensure!(pulled == file, "Helm pulled {pulled}, the file is {file}");
    Ok(())
}
