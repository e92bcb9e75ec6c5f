//! Two packages of the same chart, side by side: every file and byte, and the order where readers could see it.

use crate::published::read;
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
        let bytes = read(file)?;
        let mut archive = tar::Archive::new(GzDecoder::new(bytes.as_slice()));
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
    let weaker: [(Difference, fn(&Package) -> Package); 2] = [
        (Difference::Order, Package::with_subcharts_by_name),
        (Difference::Files, Package::with_their_files_by_name),
    ];
    for (difference, sorted) in weaker {
        if ours == theirs {
            return Ok(differences);
        }
        let before = (ours.paths() != theirs.paths()).then_some(difference);
        (ours, theirs) = (sorted(&ours), sorted(&theirs));
        differences.extend(before);
    }
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
