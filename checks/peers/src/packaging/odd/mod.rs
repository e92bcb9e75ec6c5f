//! Made-up charts with every kind of dependency: what each Helm makes of them, and what we do.

mod accepted;
mod listed;
mod places;
mod refused;

use super::{
    Counted,
    compared::Outcome,
    packers::{ByHelm, Way, by_helm, by_us},
};
use crate::{
    commands::{git, run},
    internet::{Internet, made},
    peers::Helm,
    report::Report,
    repository::Chart,
    world::{World, copy},
};
use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

/// Where the chart under check is in its repository.
const CHART: &str = "charts/subject";
/// What people have set up with `helm repo add`.
const REPOSITORIES: &str = "apiVersion: \"\"\ngenerated: \"0001-01-01T00:00:00Z\"\nrepositories:\n\
    - {name: stable, url: 'https://charts.example.com/stable'}\n\
    - {name: odd, url: 'https://odd.example.com/a/b'}\n\
    - {name: plain, url: 'http://plain.example.com'}\n";

/// A chart, and what has to come of it.
pub struct Case {
    pub title: &'static str,
    /// Below [`CHART`], from which `..` leads out, also of the repository. `Chart.yaml` needs no name or version.
    pub files: &'static [(&'static str, &'static str)],
    /// Packages that lie in the repository: where, and of which chart version.
    pub packages: &'static [(&'static str, &'static str, &'static str)],
    pub lock: Option<Lock>,
    pub end: End,
}

/// A lock whose digest is computed here as Helm says it computes it.
pub struct Lock {
    pub file: &'static str,
    /// What the chart asks for, as JSON of Go.
    pub requested: &'static str,
    /// The same for what is locked; none: the digest is Helm 2's, which is about what is asked for alone.
    pub locked: Option<&'static str>,
    /// Its `dependencies`, as YAML.
    pub text: &'static str,
}

#[derive(Clone, Copy)]
pub enum End {
    /// All make the same package, in both ways.
    Same,
    /// All refuse, in both ways; we with these words.
    Refused(&'static str),
    /// The same, but for a refusal where the lock counts.
    RefusedAsLocked(&'static str),
    /// On the list.
    Listed(&'static [Listed]),
}

/// Where we and Helm do not do the same, and why. What is not named here is the same.
#[derive(Clone, Copy)]
pub struct Listed {
    pub ways: &'static [Way],
    /// `Helm 3`, `Helm 4`, or both with `Helm`.
    pub helm: &'static str,
    pub happens: Happens,
    pub reason: &'static str,
}

/// What came of a chart with Helm and with us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happens {
    Same,
    AllRefuse,
    OnlyHelmPackages,
    OnlyWePackage,
    OtherContents,
}

pub fn check(world: &World, report: &mut Report) -> Result<()> {
    let internet = Internet::start(places::pages(), &world.folder("internet")?)?;
    let config = world.folder("config")?;
    fs::write(config.join("repositories.yaml"), REPOSITORIES)?;
    let mut counted = Counted::default();
    for case in accepted::CASES.iter().chain(refused::CASES).chain(listed::CASES) {
        counted.charts += 1;
        let bench = Bench { world, internet: &internet, config: &config, case };
        bench.check(&mut counted, report).with_context(|| case.title)?;
    }
    counted.tell();
    Ok(())
}

struct Bench<'a> {
    world: &'a World,
    internet: &'a Internet,
    config: &'a Path,
    case: &'a Case,
}

impl Bench<'_> {
    fn check(&self, counted: &mut Counted, report: &mut Report) -> Result<()> {
        let repository = self.world.folder("odd")?.join("repository");
        self.case.write(&repository)?;
        commit(&repository)?;
        let chart = Chart::read(repository.join(CHART))?;
        for way in Way::ALL {
            let words: &[&str] = if way == Way::Update { &["--dependencies", "update"] } else { &[] };
            let scratch = self.world.folder("ours")?;
            let charts = std::slice::from_ref(&chart);
            let ours =
                by_us(&self.world.program, self.internet, words, &repository, charts, self.config, &scratch)?;
            let ours = &ours[&chart.folder];
            let folders = [self.world.folder("helm")?, self.world.folder("helm")?];
            let theirs = thread::scope(|scope| {
                let working = [0, 1].map(|which| {
                    let (helm, folder) = (&self.world.peers.helms[which], &folders[which]);
                    let (from, internet, config) = (&repository, self.internet, self.config);
                    scope.spawn(move || packaged_by(helm, internet, way, from, config, folder))
                });
                working.map(|thread| thread.join().expect("a thread that does not panic"))
            });
            for (helm, theirs) in self.world.peers.helms.iter().zip(theirs) {
                let (theirs, title) =
                    (theirs?, format!("{}, {}, as {}", self.case.title, way.name(), helm.name));
                report.check(&title, || self.case.end.compare(way, helm, ours, &theirs, counted));
            }
        }
        Ok(())
    }
}

/// What Helm makes of the chart, in a copy of its repository and of what is around it.
fn packaged_by(
    helm: &Helm,
    internet: &Internet,
    way: Way,
    repository: &Path,
    config: &Path,
    folder: &Path,
) -> Result<ByHelm> {
    let around = repository.parent().context("a repository without a folder around it")?;
    let (copied, scratch) = (folder.join("copy"), folder.join("scratch"));
    copy(around, &copied)?;
    fs::create_dir(&scratch)?;
    by_helm(helm, internet, way, &copied.join("repository").join(CHART), config, &scratch)
}

fn commit(repository: &Path) -> Result<()> {
    let git = |words: &[&str]| run(git(repository, repository).args(words)).map(drop);
    git(&["init", "--quiet", "--initial-branch=main"])?;
    git(&["add", "--all"])?;
    git(&["commit", "--quiet", "--message", "Add the chart"])
}

impl Case {
    fn write(&self, repository: &Path) -> Result<()> {
        let chart = repository.join(CHART);
        let put = |path: &str, bytes: &[u8]| -> Result<()> {
            let file: PathBuf = chart.join(path);
            let folder = file.parent().context("a file without a folder")?;
            // The folder that `..` leaves has to be there.
            fs::create_dir_all(&chart).and_then(|()| fs::create_dir_all(folder))?;
            Ok(fs::write(file, bytes)?)
        };
        put("values.yaml", b"part:\n  enabled: false\n")?;
        put("templates/object.yaml", b"{}\n")?;
        for (path, text) in self.files {
            let head = if *path == "Chart.yaml" { "name: subject\nversion: 0.1.0\n" } else { "" };
            put(path, format!("{head}{text}").as_bytes())?;
        }
        for (path, name, version) in self.packages {
            put(path, &made::package(name, version))?;
        }
        if let Some(lock) = &self.lock {
            put(lock.file, lock.text().as_bytes())?;
        }
        Ok(())
    }
}

impl Lock {
    fn text(&self) -> String {
        let hashed = match self.locked {
            Some(locked) => format!("[{},{locked}]", self.requested),
            None => format!("{{\"dependencies\":{}}}", self.requested),
        };
        let digest = made::hex(&Sha256::digest(hashed.as_bytes()));
        format!(
            "dependencies:\n{}digest: sha256:{digest}\ngenerated: \"2024-05-06T07:08:09.123456789+02:00\"\n",
            self.text
        )
    }
}

impl End {
    /// Fails unless happened what has to.
    fn compare(
        self,
        way: Way,
        helm: &Helm,
        ours: &Outcome,
        theirs: &ByHelm,
        counted: &mut Counted,
    ) -> Result<()> {
        let compared = super::compared::compare(ours, &theirs.outcome, theirs.lock_was_made);
        let happened = match (ours, &theirs.outcome, &compared) {
            (Ok(_), Ok(_), Ok(_)) => Happens::Same,
            (Ok(_), Ok(_), Err(_)) => Happens::OtherContents,
            (Err(_), Err(_), _) => Happens::AllRefuse,
            (Ok(_), Err(_), _) => Happens::OnlyWePackage,
            (Err(_), Ok(_), _) => Happens::OnlyHelmPackages,
        };
        let (must, reason) = self.must(way, helm);
        if happened != must {
            let said = compared.err().map_or_else(String::new, |error| format!("{error:#}"));
            let refusals: Vec<_> =
                [ours.as_ref().err(), theirs.outcome.as_ref().err()].into_iter().flatten().collect();
            bail!("it has to be {must:?}, and it is {happened:?}\n{said}\n{refusals:#?}");
        }
        if let (Self::Refused(words) | Self::RefusedAsLocked(words), Happens::AllRefuse, Err(said)) =
            (self, happened, ours)
        {
            ensure!(said.contains(words), "we do not say {words:?}, but {said}");
        }
        counted.count(happened, compared.unwrap_or_default(), reason);
        Ok(())
    }

    /// What has to happen, and why where that is on the list.
    fn must(self, way: Way, helm: &Helm) -> (Happens, Option<&'static str>) {
        match self {
            Self::Same => (Happens::Same, None),
            Self::Refused(_) => (Happens::AllRefuse, None),
            Self::RefusedAsLocked(_) if way == Way::Build => (Happens::AllRefuse, None),
            Self::RefusedAsLocked(_) => (Happens::Same, None),
            Self::Listed(list) => {
                let mut listed = list.iter();
                let listed =
                    listed.find(|listed| listed.ways.contains(&way) && helm.name.starts_with(listed.helm));
                listed.map_or((Happens::Same, None), |listed| (listed.happens, Some(listed.reason)))
            }
        }
    }
}
