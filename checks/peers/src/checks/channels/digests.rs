//! One digest in every channel, as those read it who ask for nothing but bytes: crane, skopeo, and a reader of files.

use crate::{
    commands::run,
    everywhere::Everywhere,
    published::{Manifest, PACKAGE_LAYER, digest, read, tag},
    registry::Registry,
    report::Report,
    repository::Chart,
};
use anyhow::{Context, Result, ensure};
use serde_json::Value;

const CREATED: &str = "org.opencontainers.image.created";

pub fn check(everywhere: &Everywhere, report: &mut Report) -> Result<()> {
    for chart in everywhere.repository.charts()? {
        let title = chart.title();
        report.check(&format!("{title}: its package has one digest in every channel"), || {
            one_package(everywhere, &chart)
        });
        report.check(&format!("{title}: it was created at one time in every channel"), || {
            one_time(everywhere, &chart)
        });
        for registry in &everywhere.registries {
            report.check(&format!("{title}: crane and skopeo read it from {}", registry.name()), || {
                read_by_peers(everywhere, registry, &chart)
            });
        }
    }
    Ok(())
}

/// The folder's file, its index and layout, the file on the pages and the index there, the layer in each registry.
pub fn one_package(everywhere: &Everywhere, chart: &Chart) -> Result<()> {
    let (folder, pages) = (&everywhere.folder, &everywhere.pages.files);
    let wanted = digest(&read(&folder.package(&chart.name, &chart.version))?);
    let mut found = vec![
        ("the file on the pages".to_owned(), digest(&read(&pages.package(&chart.name, &chart.version))?)),
        ("the index of the folder".to_owned(), said(&entry(folder, chart)?)?),
        ("the index of the pages".to_owned(), said(&entry(pages, chart)?)?),
    ];
    let layout = folder.manifest(&chart.name, &tag(&chart.version))?;
    found.push(("the layout of the folder".to_owned(), layer(&layout)?));
    for registry in &everywhere.registries {
        let manifest = everywhere.manifest(registry, chart)?;
        found.push((registry.name(), layer(&serde_json::from_slice(&manifest)?)?));
    }
    for (place, digest) in found {
        ensure!(digest == wanted, "{place} has {digest}, the folder {wanted}");
    }
    Ok(())
}

fn one_time(everywhere: &Everywhere, chart: &Chart) -> Result<()> {
    let time =
        |entry: &Value| entry["created"].as_str().map(str::to_owned).context("an entry without a time");
    let wanted = time(&entry(&everywhere.folder, chart)?)?;
    let pages = time(&entry(&everywhere.pages.files, chart)?)?;
    ensure!(pages == wanted, "the pages say {pages}, the folder {wanted}");
    for registry in &everywhere.registries {
        let manifest: Manifest = serde_json::from_slice(&everywhere.manifest(registry, chart)?)?;
        let found = manifest.annotations.get(CREATED);
        ensure!(found == Some(&wanted), "{} says {found:?}, the folder {wanted}", registry.name());
    }
    Ok(())
}

/// Manifest, config and package by crane; the same digest by skopeo, which copies it as it is.
fn read_by_peers(everywhere: &Everywhere, registry: &Registry, chart: &Chart) -> Result<()> {
    let (peers, tag) = (&everywhere.world.peers, tag(&chart.version));
    let place = everywhere.place(registry, chart);
    let tagged = format!("{place}:{tag}");
    let crane = |word: &str, reference: &str| run(peers.crane().args([word, reference, "--insecure"]));

    let wanted =
        everywhere.folder.tags(&chart.name)?.remove(&tag).context("no such tag in the layout")?.digest;
    let named = String::from_utf8(crane("digest", &tagged)?)?;
    ensure!(named.trim() == wanted, "crane says {named}, the folder's layout {wanted}");
    let bytes = crane("manifest", &format!("{place}@{wanted}"))?;
    ensure!(digest(&bytes) == wanted, "the manifest's bytes are {}", digest(&bytes));
    let manifest: Manifest = serde_json::from_slice(&bytes)?;
    for blob in manifest.layers.iter().chain([&manifest.config]) {
        let bytes = crane("blob", &format!("{place}@{}", blob.digest))?;
        ensure!(digest(&bytes) == blob.digest, "the blob {} has other bytes", blob.digest);
        ensure!(bytes.len() as u64 == blob.size, "{} has {} bytes", blob.digest, bytes.len());
    }

    let source = format!("docker://{tagged}");
    // skopeo can say more of images only, not of artifacts.
    let bytes = run(peers.skopeo().args(["inspect", "--raw", "--tls-verify=false", &source]))?;
    ensure!(digest(&bytes) == wanted, "skopeo reads the manifest {}", digest(&bytes));
    let copy = everywhere.world.folder("copy")?;
    let target = format!("dir:{}", copy.display());
    run(peers.skopeo().args(["copy", "--src-tls-verify=false", "--preserve-digests", &source, &target]))?;
    let bytes = read(&copy.join("manifest.json"))?;
    ensure!(digest(&bytes) == wanted, "skopeo copied the manifest {}", digest(&bytes));
    Ok(())
}

fn entry(published: &crate::published::Published, chart: &Chart) -> Result<Value> {
    let key = (chart.name.clone(), chart.version.clone());
    published.entries()?.remove(&key).with_context(|| format!("no entry in {}", published.0.display()))
}

fn said(entry: &Value) -> Result<String> {
    Ok(format!("sha256:{}", entry["digest"].as_str().context("an entry without a digest")?))
}

fn layer(manifest: &Manifest) -> Result<String> {
    Ok(manifest.layer(PACKAGE_LAYER).context("a manifest without a package")?.digest.clone())
}
