//! A folder that `helm package` and `helm repo index` filled is taken over: nothing in it changes, only what is missing
//! is added.

use super::{Stage, index, lasting::only_gained, layout};
use crate::{
    commands::run,
    peers::Helm,
    published::{PROVENANCE_LAYER, Published, digest, read, tag},
    registry::Registry,
    report::Report,
    repository::{Chart, Repository},
    world::World,
};
use anyhow::{Context, Result, ensure};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The chart whose package Helm signs.
const SIGNED: &str = "hello";
const SIGNER: &str = "Peers <peers@example.com>";

pub fn check(world: &World, registry: &Registry, report: &mut Report) -> Result<()> {
    let key = Key::make(world).context("gpg made no key")?;
    for helm in &world.peers.helms {
        let repository = Repository::with_all_charts(world, helm)?;
        let all = repository.charts()?;
        let some: Vec<_> = repository.charts()?.into_iter().filter(|chart| *chart.name < *"f").collect();
        report.check(&format!("all of it by {}: not a byte changes", helm.name), || {
            let (published, before) = made_by_helm(world, helm, &key, &all)?;
            world.program.publish(&repository.folder, &published.0)?;
            kept(&published, &before)?;
            ensure!(
                before.get(Path::new("index.yaml")) == Some(&read(&published.index_file())?),
                "index.yaml has changed"
            );
            for chart in &all {
                layout::layer_is_package(&published, chart).with_context(|| chart.title())?;
            }
            Ok(())
        });
        report.check(&format!("some of it by {}: the rest is added", helm.name), || {
            let (published, before) = made_by_helm(world, helm, &key, &some)?;
            world.program.publish(&repository.folder, &published.0)?;
            kept(&published, &before)?;
            let old = before.get(Path::new("index.yaml")).context("Helm wrote no index")?;
            only_gained(old, &read(&published.index_file())?)?;
            index::names_packages(&published)?;
            let stage = Stage::open(world, &repository, published, registry)?;
            for chart in &all {
                layout::layer_is_package(&stage.published, chart).with_context(|| chart.title())?;
            }
            world.peers.helms.iter().try_for_each(|helm| index::listed(&stage, helm))
        });
        report.check(&format!("the provenance by {} goes along into the layout", helm.name), || {
            let signed = repository.chart(SIGNED)?;
            let (published, before) = made_by_helm(world, helm, &key, std::slice::from_ref(&signed))?;
            world.program.publish(&repository.folder, &published.0)?;
            let file = PathBuf::from(format!("{}-{}.tgz.prov", signed.name, signed.version));
            let manifest = published.manifest(&signed.name, &tag(&signed.version))?;
            let layer = manifest.layer(PROVENANCE_LAYER).context("the layout has no provenance")?;
            let provenance = before.get(&file).context("Helm did not sign")?;
            ensure!(layer.digest == digest(provenance), "another provenance");
            Ok(())
        });
    }
    Ok(())
}

/// A folder with packages of these charts and an index of them, and every file of it.
fn made_by_helm(
    world: &World,
    helm: &Helm,
    key: &Key,
    charts: &[Chart],
) -> Result<(Published, BTreeMap<PathBuf, Vec<u8>>)> {
    let published = Published(world.folder("adopted")?);
    for chart in charts {
        let mut package = helm.command();
        package.arg("package").arg(&chart.folder).arg("--destination").arg(&published.0);
        if chart.name == SIGNED {
            key.sign(&mut package);
        }
        run(&mut package)?;
    }
    run(helm.command().args(["repo", "index"]).arg(&published.0))?;
    let files = published.files()?;
    Ok((published, files))
}

/// Every file that was there is there, unchanged; the index is looked at by itself.
fn kept(published: &Published, before: &BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    let now = published.files()?;
    for (path, bytes) in before.iter().filter(|(path, _)| !path.ends_with("index.yaml")) {
        ensure!(now.get(path) == Some(bytes), "{} has changed", path.display());
    }
    Ok(())
}

/// A key without a passphrase, in the form that both Helms read.
pub struct Key {
    keyring: PathBuf,
}

impl Key {
    /// Lets `helm package` sign.
    pub fn sign(&self, package: &mut Command) {
        package.args(["--sign", "--key", SIGNER, "--keyring"]).arg(&self.keyring);
    }

    pub fn make(world: &World) -> Result<Self> {
        let home = world.folder("gpg")?;
        fs::set_permissions(&home, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        let made = [
            "--passphrase",
            "",
            "--pinentry-mode",
            "loopback",
            "--quick-generate-key",
            SIGNER,
            "rsa2048",
            "sign",
            "never",
        ];
        run(world.peers.gpg(&home).args(made))?;
        let secret = run(world.peers.gpg(&home).args(["--export-secret-keys"]))?;
        let keyring = home.join("secret.gpg");
        fs::write(&keyring, secret)?;
        // gpg leaves an agent behind, for this home only.
        run(crate::commands::command("gpgconf", &home).env("GNUPGHOME", &home).args(["--kill", "all"]))?;
        Ok(Self { keyring })
    }
}
