//! Our samples, and the charts of real repositories as they are at the head of each bundle, with made-up charts in place of
//! those they depend on.

use super::{
    Counted,
    compared::{Outcome, compare},
    odd::Happens,
    packers::{ByHelm, Packers, Way, Working},
};
use crate::{
    commands::{git, run},
    internet::{
        Internet,
        pages::{Offer, Pages},
    },
    report::Report,
    repository::{self, Chart, Repository},
    world::World,
};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// How many bundles there are: one that is missing is not to pass for one that holds.
const BUNDLES: usize = 8;

/// A repository of somebody, as cloned.
struct Corpus {
    name: String,
    clone: PathBuf,
    charts: Vec<Chart>,
}

/// `folder`: where the bundles are; none: they are left out.
pub fn check(world: &World, folder: Option<&Path>, report: &mut Report) -> Result<()> {
    let mut corpora = vec![Corpus::samples(world)?];
    for bundle in folder.map(bundles).transpose()?.unwrap_or_default() {
        corpora.push(Corpus::clone(world, &bundle)?);
    }
    let asked = asked(corpora.iter().flat_map(|corpus| &corpus.charts))?;
    let internet = Internet::start(offered(&asked), &world.folder("internet")?)?;
    let repositories = asked.keys().filter(|url| !url.starts_with("oci://")).enumerate();
    let repositories = repositories.map(|(number, url)| (format!("repository-{number}"), url.as_str()));
    let packers = Packers::new(world, &internet, repositories)?;
    let mut counted = Counted::default();
    for corpus in &corpora {
        corpus.check(&packers, &mut counted, report)?;
    }
    counted.tell();
    Ok(())
}

fn bundles(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("the corpora are not in {}", folder.display()))?;
    let mut bundles = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    bundles.retain(|path| path.extension().is_some_and(|extension| extension == "bundle"));
    bundles.sort();
    ensure!(bundles.len() == BUNDLES, "{} has {} bundles, not {BUNDLES}", folder.display(), bundles.len());
    Ok(bundles)
}

impl Corpus {
    /// The charts of `examples/`, in a repository of their own.
    fn samples(world: &World) -> Result<Self> {
        let is_sample = |name: &str| repository::samples().join(name).is_dir();
        let repository = Repository::with_charts(world, world.peers.newest_helm(), is_sample)?;
        let charts = repository.charts()?;
        Ok(Self { name: "the samples".to_owned(), clone: repository.folder, charts })
    }

    fn clone(world: &World, bundle: &Path) -> Result<Self> {
        let clone = world.folder("corpus")?;
        cloned(bundle, &clone)?;
        let mut charts = Vec::new();
        find(&clone, &mut charts)?;
        let name = bundle.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        ensure!(!charts.is_empty(), "{name} has no chart");
        Ok(Self { name, clone, charts })
    }

    fn check(&self, packers: &Packers, counted: &mut Counted, report: &mut Report) -> Result<()> {
        counted.charts += self.charts.len();
        for way in Way::ALL {
            let ours = packers.by_us(way.words(), &self.clone, &self.charts)?;
            for (helm, theirs) in packers.by_helms(|helm| self.packaged_by(helm, way))? {
                for chart in &self.charts {
                    let title = format!("{}: {}, {}, as {}", self.name, chart.title(), way.name(), helm.name);
                    report.check(&title, || counted.compare(&ours[&chart.folder], &theirs[&chart.folder]));
                }
            }
        }
        Ok(())
    }

    /// What Helm makes of each chart, in a clone of its own.
    fn packaged_by(&self, helm: &Working, way: Way) -> Result<BTreeMap<PathBuf, ByHelm>> {
        let clone = helm.folder.join("clone");
        cloned(&self.clone, &clone)?;
        let mut made = BTreeMap::new();
        for (number, chart) in self.charts.iter().enumerate() {
            let its = clone.join(chart.folder.strip_prefix(&self.clone)?);
            let home = helm.folder.join(number.to_string());
            made.insert(chart.folder.clone(), helm.package(way, &its, &home)?);
        }
        Ok(made)
    }
}

impl Counted {
    /// Compares ours with Helm's. That all refuse it is no agreement here: these charts were published.
    fn compare(&mut self, ours: &Outcome, theirs: &ByHelm) -> Result<()> {
        if let (Err(ours), Err(theirs)) = (ours, &theirs.outcome) {
            anyhow::bail!("all refuse it. We say:\n{ours}\nHelm says:\n{theirs}");
        }
        let differences = compare(ours, &theirs.outcome, theirs.lock_was_made)?;
        self.count(Happens::Same, differences, None);
        Ok(())
    }
}

/// A clone that shares what it can with its origin.
fn cloned(origin: &Path, clone: &Path) -> Result<()> {
    let home = origin.parent().context("an origin without a folder around it")?;
    run(git(home, home).args(["clone", "--quiet"]).arg(origin).arg(clone)).map(drop)
}

/// The charts below a folder that are no subcharts.
fn find(folder: &Path, charts: &mut Vec<Chart>) -> Result<()> {
    if folder.join("Chart.yaml").is_file() {
        charts.push(Chart::read(folder.to_owned())?);
        return Ok(());
    }
    let mut folders = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    folders.sort();
    for folder in folders {
        let named = |name| folder.file_name() == Some(std::ffi::OsStr::new(name));
        if folder.is_dir() && !folder.is_symlink() && !named(".git") {
            find(&folder, charts)?;
        }
    }
    Ok(())
}

/// Repository → name → what charts and locks ask for.
type Asked = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

#[derive(Default, Deserialize)]
struct Asks {
    #[serde(default)]
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    version: String,
    #[serde(default)]
    repository: String,
}

fn asked<'a>(charts: impl Iterator<Item = &'a Chart>) -> Result<Asked> {
    let mut asked = Asked::new();
    for chart in charts {
        for name in ["Chart.yaml", "Chart.lock", "requirements.yaml", "requirements.lock"] {
            let file = chart.folder.join(name);
            if !file.is_file() {
                continue;
            }
            let asks: Asks = serde_saphyr::from_str(&fs::read_to_string(&file)?)
                .with_context(|| file.display().to_string())?;
            for dependency in
                asks.dependencies.into_iter().filter(|dependency| dependency.repository.contains("://"))
            {
                let names = asked.entry(dependency.repository).or_default();
                names.entry(dependency.name).or_default().insert(dependency.version);
            }
        }
    }
    Ok(asked)
}

/// For each version or range that is asked for: that, and what is around it.
fn offered(asked: &Asked) -> Pages {
    let mut pages = Pages::default();
    for (repository, names) in asked {
        let mut offers = Vec::new();
        for (name, texts) in names {
            let versions: BTreeSet<_> = texts.iter().flat_map(|text| around(text)).collect();
            offers.extend(versions.iter().map(|version| Offer::new(name, version)));
        }
        pages.add(repository, &offers);
    }
    pages
}

/// A version that `text` names or accepts, younger ones, a prerelease and a higher major one.
fn around(text: &str) -> Vec<String> {
    let digits = text.trim_start_matches(|character: char| !character.is_ascii_digit());
    let mut numbers = digits.split(['.', '-', '+', ' ']).map(|part| part.parse::<u64>().unwrap_or(0));
    let mut number = || numbers.next().unwrap_or(0);
    let (major, minor, patch) = (number(), number(), number());
    vec![
        format!("{major}.{minor}.{patch}"),
        format!("{major}.{minor}.{}", patch + 1),
        format!("{major}.{minor}.{}-rc.1", patch + 2),
        format!("{major}.{}.0", minor + 1),
        format!("{}.0.0", major + 1),
    ]
}
