//! What both Helms make of a chart version in a registry and on the pages is what they make of the chart's folder.

use crate::{
    commands::{refused, run},
    everywhere::Everywhere,
    peers::Helm,
    published::{digest, read},
    report::Report,
    repository::Chart,
    world::World,
};
use anyhow::{Context, Result, ensure};
use std::process::Command;

pub fn check(everywhere: &Everywhere, report: &mut Report) -> Result<()> {
    let cluster = crate::cluster::start()?;
    for helm in &everywhere.world.peers.helms {
        for chart in everywhere.repository.charts()? {
            let folder = [chart.folder.display().to_string()];
            let reader = Reader { world: everywhere.world, helm, chart: &chart, cluster: &cluster };
            let wanted = reader.readings(&folder).context("Helm cannot read the chart's folder")?;
            for (place, from, by_digest) in places(everywhere, &chart)? {
                let title = format!("{}: {} from {place}", chart.title(), helm.name);
                report.check(&format!("{title}: pull"), || {
                    pulled(everywhere, helm, &chart, &from)?;
                    by_digest.map_or(Ok(()), |from| pulled(everywhere, helm, &chart, &from))
                });
                report.check(&format!("{title}: show, template, install"), || {
                    let found = reader.readings(&from)?;
                    for ((verb, found), (_, wanted)) in found.iter().zip(&wanted) {
                        ensure!(found == wanted, "{verb} says\n{found}\nof the chart's folder\n{wanted}");
                    }
                    Ok(())
                });
            }
        }
    }
    Ok(())
}

/// Where a version is, by name; Helm's words for it; in a registry also those by its digest.
type Place = (String, Vec<String>, Option<Vec<String>>);

fn places(everywhere: &Everywhere, chart: &Chart) -> Result<Vec<Place>> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let pages = words(&[&chart.name, "--repo", &everywhere.pages.url, "--version", &chart.version]);
    let mut places = vec![("the pages".to_owned(), pages, None)];
    for registry in &everywhere.registries {
        let place = format!("oci://{}", everywhere.place(registry, chart));
        let manifest = digest(&everywhere.manifest(registry, chart)?);
        let by_digest = words(&[&format!("{place}@{manifest}"), "--plain-http"]);
        let by_version = words(&[&place, "--version", &chart.version, "--plain-http"]);
        places.push((registry.name(), by_version, Some(by_digest)));
    }
    Ok(places)
}

/// The bytes of the folder.
fn pulled(everywhere: &Everywhere, helm: &Helm, chart: &Chart, from: &[String]) -> Result<()> {
    let from: Vec<&str> = from.iter().map(String::as_str).collect();
    let pulled = read(&helm.pull(&everywhere.world.folder("pulled")?, &from)?)?;
    let ours = read(&everywhere.folder.package(&chart.name, &chart.version))?;
    ensure!(pulled == ours, "Helm pulled {} by {from:?}, the folder has {}", digest(&pulled), digest(&ours));
    Ok(())
}

/// A version that every channel has is pulled from each.
pub fn everywhere(everywhere: &Everywhere, helm: &Helm, chart: &Chart) -> Result<()> {
    for (place, from, by_digest) in places(everywhere, chart)? {
        for from in [from].into_iter().chain(by_digest) {
            pulled(everywhere, helm, chart, &from)
                .with_context(|| format!("{} from {place}", chart.title()))?;
        }
    }
    Ok(())
}

/// One Helm and one chart.
struct Reader<'a> {
    world: &'a World,
    helm: &'a Helm,
    chart: &'a Chart,
    /// What Helm 3 asks before it says what it would install.
    cluster: &'a str,
}

impl Reader<'_> {
    /// What `show all`, `template` and `install --dry-run=client` say of a chart that these words name.
    fn readings(&self, from: &[String]) -> Result<Vec<(&'static str, String)>> {
        let home = self.world.folder("home")?;
        let helm = |words: &[&str]| {
            let mut helm = self.helm.command_at(&home);
            helm.args(words).args(from);
            helm
        };
        let show = String::from_utf8(run(&mut helm(&["show", "all"]))?)?;
        let template = self.rendered(helm(&["template", "release", "--kube-version", "1.34.0"]))?;
        let mut install = helm(&["install", "release", "--dry-run=client", "--disable-openapi-validation"]);
        install.args(["--kube-apiserver", self.cluster]);
        let install = self.rendered(install)?;
        // Before these lines Helm says from where, and for a plus sign that it is an underscore there.
        let install = install.lines().skip_while(|line| !line.starts_with("NAME: "));
        let install = install.filter(|line| !line.starts_with("LAST DEPLOYED: "));
        let install = install.map(|line| format!("{line}\n")).collect();
        Ok(vec![("show all", show), ("template", template), ("install", install)])
    }

    /// What is rendered, or that a library renders nothing.
    fn rendered(&self, mut command: Command) -> Result<String> {
        if !self.chart.library {
            let rendered = String::from_utf8(run(&mut command)?)?;
            ensure!(rendered.contains("\nkind: "), "nothing was rendered:\n{rendered}");
            return Ok(rendered);
        }
        let said = refused(&mut command)?;
        ensure!(said.contains("library charts are not installable"), "{said}");
        Ok("a library".to_owned())
    }
}
