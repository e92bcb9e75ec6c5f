//! Two packages of the same chart, side by side: every file and byte, and the order where readers could see it.

use crate::{internet::made, published::read, report::Report};
use anyhow::{Context, Result, bail, ensure};
use flate2::read::GzDecoder;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    path::Path,
};

/// What came of packaging: a package, or what was said instead.
pub type Outcome = Result<Package, String>;

/// What a package holds. A path that is there twice counts twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    entries: Vec<(String, Vec<u8>)>,
}

/// How a package of ours may differ from Helm's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// The time of a lock that was made for the package.
    Time,
    /// The order of subcharts among themselves.
    Order,
    /// The order of files within a subchart.
    Files,
}

impl Difference {
    /// Why it may be.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Time => {
                "`generated` of a new lock: Helm takes the clock, we the time of the package's entries"
            }
            Self::Order => "subcharts of one chart: in Helm by chance, with us by name",
            Self::Files => {
                "files of a subchart: in Helm as the package has them that it was in, with us by name"
            }
        }
    }
}

impl Package {
    pub fn read(file: &Path) -> Result<Self> {
        Self::parse(&read(file)?)
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        let mut archive = tar::Archive::new(GzDecoder::new(bytes));
        let mut entries = Vec::new();
        for entry in archive.entries().context("no archive")? {
            let mut entry = entry?;
            let name = String::from_utf8(entry.path_bytes().into_owned())?;
            ensure!(entry.header().entry_type().is_file(), "{name} is no plain file");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            entries.push((name, bytes));
        }
        Ok(Self { entries })
    }

    /// The file with this path below the chart's folder.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        let below = |name: &str| name.split_once('/').is_some_and(|(_, rest)| rest == path);
        self.entries.iter().find(|(name, _)| below(name)).map(|(_, bytes)| bytes.as_slice())
    }

    /// `Chart.lock` or `requirements.lock` of the chart itself.
    pub fn lock(&self) -> Option<(&'static str, &[u8])> {
        ["Chart.lock", "requirements.lock"].into_iter().find_map(|name| Some((name, self.file(name)?)))
    }

    fn paths(&self) -> Vec<&str> {
        self.entries.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// Every subchart when its files begin.
    fn subcharts(&self) -> Vec<Vec<&str>> {
        let mut order: Vec<_> = self.entries.iter().map(|(name, _)| subcharts(name)).collect();
        order.dedup();
        order
    }

    /// The same without the time in the chart's own lock.
    fn without_time(&self) -> Self {
        let entries = self.entries.iter().map(|(name, bytes)| {
            let lock = matches!(name.split_once('/'), Some((_, "Chart.lock" | "requirements.lock")));
            (name.clone(), if lock { without_time(bytes) } else { bytes.clone() })
        });
        Self { entries: entries.collect() }
    }

    /// The same with the subcharts of each chart by name; files stay in their order.
    fn with_subcharts_by_name(&self) -> Self {
        let mut entries = self.entries.clone();
        entries.sort_by_key(|(name, _)| subcharts(name).join("/"));
        Self { entries }
    }

    /// The same with the files of each subchart by name; those of the chart itself stay in their order.
    fn with_their_files_by_name(&self) -> Self {
        let mut entries = self.entries.clone();
        entries.sort_by_key(|(name, _)| {
            let subcharts = subcharts(name).join("/");
            let file = if subcharts.is_empty() { "" } else { name.as_str() };
            (subcharts, file.to_owned())
        });
        Self { entries }
    }
}

/// A lock without its line `generated`.
pub fn without_time(lock: &[u8]) -> Vec<u8> {
    let lines = lock.split_inclusive(|byte| *byte == b'\n');
    lines.filter(|line| !line.starts_with(b"generated:")).flatten().copied().collect()
}

/// The subcharts that a file lies in, the outermost first.
fn subcharts(path: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = path.split_once('/').map_or("", |(_, rest)| rest);
    while let Some((name, inside)) = rest.strip_prefix("charts/").and_then(|rest| rest.split_once('/')) {
        found.push(name);
        rest = inside;
    }
    found
}

/// The package, without the time of its lock where that is of no account.
fn without(package: &Package, time: bool) -> Package {
    if time { package.without_time() } else { package.clone() }
}

/// How the two differ where they may: not at all, most of the time. `lock_was_made`: Helm wrote the lock of this chart
/// in this run.
pub fn compare(ours: &Outcome, theirs: &Outcome, lock_was_made: bool) -> Result<BTreeSet<Difference>> {
    let (ours, theirs) = match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => (ours, theirs),
        (Err(_), Err(_)) => return Ok(BTreeSet::new()),
        (Ok(_), Err(said)) => bail!("Helm refuses it, and we do not. Helm says:\n{said}"),
        (Err(said), Ok(_)) => bail!("Helm packages it, and we do not. We say:\n{said}"),
    };
    let (mut ours, mut theirs) = (without(ours, lock_was_made), without(theirs, lock_was_made));
    let mut differences = BTreeSet::new();
    if lock_was_made && ours.lock().is_some() {
        differences.insert(Difference::Time);
    }
    if ours == theirs {
        return Ok(differences);
    }
    if ours.subcharts() != theirs.subcharts() {
        differences.insert(Difference::Order);
    }
    (ours, theirs) = (ours.with_subcharts_by_name(), theirs.with_subcharts_by_name());
    if ours == theirs {
        return Ok(differences);
    }
    differences.insert(Difference::Files);
    (ours, theirs) = (ours.with_their_files_by_name(), theirs.with_their_files_by_name());
    if ours == theirs {
        return Ok(differences);
    }
    bail!(told(&ours, &theirs))
}

/// Every difference of two packages in words.
fn told(ours: &Package, theirs: &Package) -> String {
    let gathered = |package: &Package| {
        let mut files = BTreeMap::<String, Vec<Vec<u8>>>::new();
        for (name, bytes) in &package.entries {
            files.entry(name.clone()).or_default().push(bytes.clone());
        }
        files
    };
    let (mine, other) = (gathered(ours), gathered(theirs));
    let mut said = Vec::new();
    for name in mine.keys().filter(|name| !other.contains_key(*name)) {
        said.push(format!("{name} is only in ours"));
    }
    for (name, bytes) in &other {
        let text = |bytes: &[Vec<u8>]| String::from_utf8_lossy(&bytes.join(&b"\n-----\n"[..])).into_owned();
        match mine.get(name) {
            None => said.push(format!("{name} is only in Helm's")),
            Some(own) if own != bytes => said.push(format!(
                "{name} has other bytes. Ours, {} times:\n{}\nHelm's, {} times:\n{}",
                own.len(),
                text(own),
                bytes.len(),
                text(bytes)
            )),
            Some(_) => {}
        }
    }
    if said.is_empty() {
        said.push(format!(
            "the order. Ours:\n{}\nHelm's:\n{}",
            ours.paths().join("\n"),
            theirs.paths().join("\n")
        ));
    }
    said.join("\n")
}

/// A comparison that cannot fail proves nothing: these have to.
pub fn damage(report: &mut Report) -> Result<()> {
    let package = |files: &[(&str, &str)]| -> Result<Outcome> {
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
        Ok(Ok(Package::parse(&made::plain(&files))?))
    };
    const LOCK: &str = "dependencies: []\ndigest: sha256:00\ngenerated: \"2020-01-01T00:00:00Z\"\n";
    let whole =
        [("c/Chart.yaml", "a"), ("c/Chart.lock", LOCK), ("c/a.txt", "a"), ("c/charts/d/Chart.yaml", "d")];
    let ours = package(&whole)?;
    let [chart, lock, file, subchart] = whole;
    let later = ("c/Chart.lock", &*LOCK.replace("2020", "2021"));
    let other = ("c/Chart.lock", &*LOCK.replace("sha256:00", "sha256:01"));
    for (damage, theirs, lock_was_made) in [
        ("a file that is not there", package(&[chart, lock, subchart])?, true),
        ("a file that is there twice", package(&[chart, lock, file, file, subchart])?, true),
        ("other bytes in a subchart", package(&[chart, lock, file, ("c/charts/d/Chart.yaml", "e")])?, true),
        ("files of the chart in another order", package(&[chart, file, lock, subchart])?, true),
        ("another time in a lock that was there", package(&[chart, later, file, subchart])?, false),
        ("another digest in a lock", package(&[chart, other, file, subchart])?, true),
        ("a refusal", Err("no".to_owned()), true),
    ] {
        report.must_fail(damage, || compare(&ours, &theirs, lock_was_made).map(drop));
    }
    Ok(())
}
