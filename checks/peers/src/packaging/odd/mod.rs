//! Made-up charts with every kind of dependency: what each Helm makes of them, and what we do.

mod accepted;
mod exchanged;
mod listed;
mod places;
mod refused;

use super::{
    Counted,
    compared::Outcome,
    packers::{ByHelm, Packers, Way},
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
};

/// Where the chart under check is in its repository.
const CHART: &str = "charts/subject";
/// What people have added with `helm repo add`.
const REPOSITORIES: [(&str, &str); 3] = [
    ("stable", "https://charts.example.com/stable"),
    ("odd", "https://odd.example.com/a/b"),
    ("plain", "http://plain.example.com"),
];

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
    Listed(Listed),
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
    let repositories = REPOSITORIES.map(|(name, url)| (name.to_owned(), url));
    let packers = Packers::new(world, &internet, repositories)?;
    let mut counted = Counted::default();
    for case in accepted::CASES.iter().chain(refused::CASES).chain(listed::CASES) {
        let repository = world.folder("odd")?.join("repository");
        case.check(&packers, &repository, &mut counted, report).with_context(|| case.title)?;
        if matches!(case.end, End::Same) && case.lock.is_none() {
            exchanged::check(&packers, case, &repository, &mut counted, report)
                .with_context(|| case.title)?;
        }
    }
    counted.tell();
    Ok(())
}

/// A copy of a repository and of what is around it.
fn copied(repository: &Path, folder: &Path) -> Result<PathBuf> {
    let copied = folder.join("copy");
    copy(repository.parent().context("a repository without a folder around it")?, &copied)?;
    Ok(copied.join("repository"))
}

fn commit(repository: &Path) -> Result<()> {
    let git = |words: &[&str]| run(git(repository, repository).args(words)).map(drop);
    git(&["init", "--quiet", "--initial-branch=main"])?;
    git(&["add", "--all"])?;
    git(&["commit", "--quiet", "--message", "Add the chart"])
}

impl Case {
    fn check(
        &self,
        packers: &Packers,
        repository: &Path,
        counted: &mut Counted,
        report: &mut Report,
    ) -> Result<()> {
        counted.charts += 1;
        self.write(repository)?;
        commit(repository)?;
        let chart = Chart::read(repository.join(CHART))?;
        for way in Way::ALL {
            let ours = packers.by_us(way.words(), repository, std::slice::from_ref(&chart))?;
            let theirs = packers.by_helms(|helm| {
                let chart = copied(repository, &helm.folder)?.join(CHART);
                helm.package(way, &chart, &helm.folder.join("home"))
            })?;
            for (helm, theirs) in theirs {
                let title = format!("{}, {}, as {}", self.title, way.name(), helm.name);
                report.check(&title, || self.end.compare(way, helm, &ours[&chart.folder], &theirs, counted));
            }
        }
        Ok(())
    }

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
            Self::Listed(listed) if listed.ways.contains(&way) && helm.name.starts_with(listed.helm) => {
                (listed.happens, Some(listed.reason))
            }
            Self::Listed(_) => (Happens::Same, None),
        }
    }
}
