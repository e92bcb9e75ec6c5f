//! The charts of real repositories, as they are at the head of each bundle, with made-up charts for those they depend on.

use super::{
    Counted,
    compared::{Outcome, compare},
    odd::Happens,
    packers::{ByHelm, Way, by_helm, by_us},
};
use crate::{
    commands::{git, run},
    internet::{
        Internet,
        pages::{Offer, Pages},
    },
    report::Report,
    repository::Chart,
    world::World,
};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    thread,
};

/// How many bundles there are: one that is missing is not to pass for one that holds.
const BUNDLES: usize = 8;

/// A repository of somebody, as cloned.
struct Corpus {
    name: String,
    clone: PathBuf,
    charts: Vec<Chart>,
}

pub fn check(world: &World, folder: &Path, report: &mut Report) -> Result<()> {
    let corpora =
        bundles(folder)?.iter().map(|bundle| Corpus::clone(world, bundle)).collect::<Result<Vec<_>>>()?;
    let asked = asked(corpora.iter().flat_map(|corpus| &corpus.charts))?;
    let internet = Internet::start(offered(&asked), &world.folder("internet")?)?;
    let mut counted = Counted::default();
    for corpus in &corpora {
        corpus.check(world, &internet, &asked, &mut counted, report)?;
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
    fn clone(world: &World, bundle: &Path) -> Result<Self> {
        let clone = world.folder("corpus")?;
        cloned(bundle, &clone)?;
        let mut charts = Vec::new();
        find(&clone, &mut charts)?;
        let name = bundle.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        ensure!(!charts.is_empty(), "{name} has no chart");
        Ok(Self { name, clone, charts })
    }

    fn check(
        &self,
        world: &World,
        internet: &Internet,
        asked: &Asked,
        counted: &mut Counted,
        report: &mut Report,
    ) -> Result<()> {
        let config = world.folder("config")?;
        fs::write(config.join("repositories.yaml"), repositories(asked))?;
        counted.charts += self.charts.len();
        for way in Way::ALL {
            let words: &[&str] = if way == Way::Update { &["--dependencies", "update"] } else { &[] };
            let scratch = world.folder("ours")?;
            let ours = by_us(&world.program, internet, words, &self.clone, &self.charts, &config, &scratch)?;
            let folders = [world.folder("helm")?, world.folder("helm")?];
            // Two at a time: both Helms have to package the same charts, and most of that is starting them.
            let theirs = thread::scope(|scope| {
                let working = [0, 1].map(|which| {
                    let (helm, folder, config) = (&world.peers.helms[which], &folders[which], &config);
                    scope.spawn(move || self.packaged_by(helm, internet, way, config, folder))
                });
                working.map(|thread| thread.join().expect("a thread that does not panic"))
            });
            for (helm, theirs) in world.peers.helms.iter().zip(theirs) {
                let theirs = theirs?;
                for chart in &self.charts {
                    let title = format!("{}: {}, {}, as {}", self.name, chart.title(), way.name(), helm.name);
                    report.check(&title, || counted.compare(&ours[&chart.folder], &theirs[&chart.folder]));
                }
            }
        }
        Ok(())
    }

    /// What Helm makes of each chart, in a clone of its own.
    fn packaged_by(
        &self,
        helm: &crate::peers::Helm,
        internet: &Internet,
        way: Way,
        config: &Path,
        folder: &Path,
    ) -> Result<BTreeMap<PathBuf, ByHelm>> {
        let clone = folder.join("clone");
        cloned(&self.clone, &clone)?;
        let mut made = BTreeMap::new();
        for (number, chart) in self.charts.iter().enumerate() {
            let its = clone.join(chart.folder.strip_prefix(&self.clone)?);
            let scratch = folder.join(number.to_string());
            fs::create_dir(&scratch)?;
            made.insert(chart.folder.clone(), by_helm(helm, internet, way, &its, config, &scratch)?);
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

/// What `helm repo add` of each of them would have left: `helm dependency build` insists on it.
fn repositories(asked: &Asked) -> String {
    let mut text = "apiVersion: \"\"\ngenerated: \"0001-01-01T00:00:00Z\"\nrepositories:\n".to_owned();
    for (number, url) in asked.keys().filter(|url| !url.starts_with("oci://")).enumerate() {
        text += &format!("- name: repository-{number}\n  url: {url}\n");
    }
    text
}
