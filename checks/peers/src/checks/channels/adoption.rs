//! Channels that Helm filled are taken over: what is there stays, and what is missing is filled with the very bytes.

use super::{
    again::{nothing_moves, package_digest, tags_are_kept},
    branch::{self, FOREIGN},
    digests, pushed, reading,
};
use crate::{
    checks::{adoption::Key, lasting::only_gained},
    commands::run,
    everywhere::{Everywhere, PATH},
    peers::Helm,
    published::{PROVENANCE_LAYER, Published, digest, read},
    registry::{Access, Registry, Software},
    report::Report,
    repository::Repository,
    world::World,
};
use anyhow::{Context, Result, ensure};
use std::{collections::BTreeMap, fs, path::Path};

/// In the first registry only.
const PUSHED: &str = "heartbeat";
/// On the pages only, with a provenance.
const SIGNED: &str = "hello";
/// In both of them.
const BOTH: &str = "choosy";

const REGISTRIES: [(Software, Access); 2] =
    [(Software::Distribution3, Access::Helm), (Software::Crane, Access::Anybody)];

pub fn check(world: &World, report: &mut Report) -> Result<()> {
    let key = Key::make(world).context("gpg made no key")?;
    for helm in &world.peers.helms {
        let repository = Repository::with_charts(world, helm, |name| super::CHARTS.contains(&name))?;
        let everywhere = Everywhere::open(world, &repository, &REGISTRIES)?;
        let made = fill(&everywhere, helm, &key)?;
        let (tags, tip) = (everywhere.tags()?, everywhere.pages.tip()?);
        let pages = everywhere.pages.files.files()?;
        everywhere.publish().with_context(|| format!("could not take over what {} filled", helm.name))?;

        let by = &helm.name;
        report.check(&format!("filled by {by}: no tag moved"), || tags_are_kept(&tags, &everywhere.tags()?));
        report.check(&format!("filled by {by}: the branch kept its files and the index its lines"), || {
            let now = everywhere.pages.files.files()?;
            for (path, bytes) in pages.iter().filter(|(path, _)| !path.starts_with(".git")) {
                let new = now.get(path).with_context(|| format!("{} has gone", path.display()))?;
                match path == Path::new("index.yaml") {
                    true => only_gained(bytes, new)?,
                    false => ensure!(new == bytes, "{} has changed", path.display()),
                }
            }
            branch::foreign_is_kept(&everywhere)?;
            everywhere.pages.only_adds(tip.as_deref())
        });
        for (name, wanted) in &made {
            let chart = repository.chart(name)?;
            report.check(&format!("filled by {by}: {name} has Helm's bytes in every channel"), || {
                let found = package_digest(&everywhere.folder.package(&chart.name, &chart.version))?;
                ensure!(found == *wanted, "the folder has {found}, Helm made {wanted}");
                digests::one_package(&everywhere, &chart)
            });
        }
        report.check(&format!("filled by {by}: the provenance goes along into the registries"), || {
            let chart = repository.chart(SIGNED)?;
            let package = everywhere.pages.files.package(&chart.name, &chart.version);
            let provenance = digest(&read(&package.with_extension("tgz.prov"))?);
            for registry in &everywhere.registries {
                let manifest = everywhere.manifest(registry, &chart)?;
                let manifest: crate::published::Manifest = serde_json::from_slice(&manifest)?;
                let layer = manifest.layer(PROVENANCE_LAYER).with_context(|| registry.name())?;
                ensure!(layer.digest == provenance, "{} has another provenance", registry.name());
            }
            pushed::as_pushed(&everywhere, &chart, &package, &repository.head()?)
        });
        for reader in &world.peers.helms {
            report.check(&format!("filled by {by}: {} pulls all of it from everywhere", reader.name), || {
                let mut charts = repository.charts()?.into_iter();
                charts.try_for_each(|chart| reading::everywhere(&everywhere, reader, &chart))
            });
        }
        report.check(&format!("filled by {by}: again there is nothing to do"), || nothing_moves(&everywhere));
        damage(&everywhere, helm, report)?;
    }
    Ok(())
}

/// `helm push` and `helm repo index`, as people have done it; returns what the packages' digests are.
fn fill(everywhere: &Everywhere, helm: &Helm, key: &Key) -> Result<BTreeMap<&'static str, String>> {
    let packages = Published(everywhere.world.folder("by-helm")?);
    let mut digests = BTreeMap::new();
    for name in [PUSHED, SIGNED, BOTH] {
        let chart = everywhere.repository.chart(name)?;
        let mut package = helm.command();
        package.arg("package").arg(&chart.folder).arg("--destination").arg(&packages.0);
        if name == SIGNED {
            key.sign(&mut package);
        }
        run(&mut package)?;
        let file = packages.package(&chart.name, &chart.version);
        digests.insert(name, package_digest(&file)?);
        if name != SIGNED {
            push(helm, &everywhere.registries[0], &file)?;
        }
        if name == PUSHED {
            fs::remove_file(file)?;
        }
    }
    run(helm.command().args(["repo", "index"]).arg(&packages.0))?;
    everywhere.pages.commit_by_somebody("Publish by hand", |files| {
        for (name, text) in FOREIGN {
            fs::write(files.0.join(name), text)?;
        }
        crate::world::copy(&packages.0, &files.0)
    })?;
    Ok(digests)
}

fn push(helm: &Helm, registry: &Registry, package: &Path) -> Result<()> {
    let remote = format!("oci://{}/{PATH}", registry.address);
    run(helm.command().arg("push").arg(package).args([&remote, "--plain-http"])).map(drop)
}

/// Somebody does what this program never does, and the checks notice it.
fn damage(everywhere: &Everywhere, helm: &Helm, report: &mut Report) -> Result<()> {
    let (tags, tip) = (everywhere.tags()?, everywhere.pages.tip()?);
    let chart = everywhere.repository.chart(PUSHED)?;
    fs::write(chart.folder.join("more.txt"), "more\n")?;
    let other = helm.package(&chart.folder, &everywhere.world.folder("other")?)?;
    push(helm, &everywhere.registries[1], &other)?;
    report
        .must_fail(&format!("a tag that {} moved", helm.name), || tags_are_kept(&tags, &everywhere.tags()?));
    report.must_fail("a package in a registry that is another than the folder's", || {
        digests::one_package(everywhere, &chart)
    });
    everywhere.pages.commit_by_somebody("Remove a line", |files| {
        let index = fs::read_to_string(files.index_file())?;
        let (first, rest) = index.split_once("    description: ").context("no description in the index")?;
        let (_, rest) = rest.split_once('\n').context("a line without end")?;
        Ok(fs::write(files.index_file(), format!("{first}{rest}"))?)
    })?;
    report.must_fail("a line that has gone from the pages branch", || {
        everywhere.pages.only_adds(tip.as_deref())
    });
    Ok(())
}
