//! What a chart depends on, and what of it lies in its `charts/`.

mod completed;
mod fits;
mod request;

pub use completed::Completed;
pub use fits::lock_fits;
pub use request::Request;

use super::{
    ChartVersion, Files, Lock, Metadata,
    find::{CHART_YAML, join},
    metadata::Dependency,
    repository::{self, Repository},
    yaml,
};
use crate::{
    archive::{self, Limits},
    problem::Problem,
};
use bytes::Bytes;
use std::collections::BTreeMap;

pub(super) const REQUIREMENTS_YAML: &str = "requirements.yaml";
const CHART_LOCK: &str = "Chart.lock";
const REQUIREMENTS_LOCK: &str = "requirements.lock";

/// The URL of a repository that Helm has been told of, by the name behind `@` or `alias:`.
pub type Aliases<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What a chart depends on. Places in problems are paths from the repository root.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The chart itself.
    pub is: ChartVersion,
    /// The chart's folder, from the repository root.
    folder: String,
    /// What it depends on, in its order.
    pub dependencies: Vec<Dependency>,
    /// The file that names them, and the line of each.
    file: &'static str,
    lines: Vec<usize>,
    /// As Helm reads it, with the file that it was read from.
    lock: Option<(&'static str, Lock)>,
    has_api_version_1: bool,
    here: Vec<Subchart>,
}

/// A chart in `charts/`.
#[derive(Clone, Debug)]
struct Subchart {
    /// `charts/redis-1.0.0.tgz`, `charts/redis`.
    path: String,
    is: ChartVersion,
    is_archive: bool,
}

/// How a chart comes by something that it depends on.
#[derive(Clone, Debug)]
pub enum Supply {
    /// It lies in `charts/` and will do.
    Here {
        /// Its version.
        version: super::Version,
        /// Its path, from the chart's folder.
        path: String,
    },
    /// It is to be brought.
    Brought(Request),
}

/// A package for `charts/`, or why there is none.
#[derive(Clone, Debug)]
pub enum Arrival {
    /// What lies in `charts/` is used.
    Here,
    /// A package: the version as its repository writes it, what its Chart.yaml says, and the bytes.
    Package(super::Version, ChartVersion, Bytes),
    /// Nobody was asked for it.
    Lacking,
}

impl Wanted {
    /// Reads what the chart in this folder (its path from the repository root) depends on.
    ///
    /// # Errors
    /// A Chart.yaml, requirements.yaml or lock that Helm could not read.
    pub fn of(folder: &str, files: &Files) -> Result<Self, Problem> {
        let file = |name: &str| files.0.get(name).map(|bytes| without_mark(bytes));
        let below = |problem: Problem| below(folder, problem);
        let chart_yaml = file(CHART_YAML)
            .ok_or_else(|| Problem::new("Chart.yaml file is missing").in_file(join(folder, CHART_YAML)))?;
        let requirements = file(REQUIREMENTS_YAML);
        let metadata =
            Metadata::read_with_requirements(CHART_YAML, chart_yaml, requirements).map_err(below)?;
        let (named_in, lines) = [(REQUIREMENTS_YAML, requirements), (CHART_YAML, Some(chart_yaml))]
            .into_iter()
            .find_map(|(name, bytes)| Some((name, lines(name, bytes?)?)))
            .unwrap_or((CHART_YAML, Vec::new()));
        let mut lock = None;
        // In the order in which Helm comes by: the last one there is counts.
        for name in [CHART_LOCK, REQUIREMENTS_LOCK] {
            if let Some(bytes) = file(name) {
                lock = Lock::read(name, bytes).map_err(below)?.map(|lock| (name, lock));
            }
        }
        let here = match metadata.dependencies.is_empty() {
            true => Vec::new(),
            false => subcharts(files),
        };
        Ok(Self {
            is: metadata.chart_version(),
            folder: folder.to_owned(),
            file: named_in,
            lines,
            lock,
            has_api_version_1: metadata.api_version == "v1",
            dependencies: metadata.dependencies,
            here,
        })
    }

    /// Whether the chart has a lock.
    pub fn is_locked(&self) -> bool {
        self.lock.is_some()
    }

    /// Whether a dependency is one that a repository was told of by name only.
    pub fn needs_aliases(&self) -> bool {
        self.dependencies.iter().any(|dependency| repository::alias(&dependency.repository).is_some())
    }

    /// How to come by each dependency: what lies in `charts/` and will do, is used; the others are brought, with a lock
    /// in the versions that it says. The lock was [checked](Self::check_lock) before.
    ///
    /// # Errors
    /// What can only be in `charts/` and is not, versions and repositories that are none, what the lock does not have.
    pub fn settled(&self, aliases: Aliases<'_>) -> Result<Vec<Supply>, Problem> {
        self.each(aliases, |item, dependency, repository| {
            let locked = self.locked(item);
            if let Some(here) = self.usable(item, locked)? {
                return Ok(Supply::Here { version: here.is.version.clone(), path: here.path.clone() });
            }
            let repository = match (&self.lock, locked) {
                // What was locked comes from where it was found.
                (Some(_), Some(locked)) if !locked.repository.is_empty() => locked.repository.clone(),
                (Some((file, _)), None) => {
                    let what = format!("{file} does not say which version of `{}` it is", dependency.name);
                    return Err(self.renew(self.at(item, Problem::new(what))));
                }
                _ => repository,
            };
            self.request(item, repository, locked).map(Supply::Brought)
        })
    }

    /// The same, with everything resolved anew but what can only be in `charts/`.
    ///
    /// # Errors
    /// As [`settled`](Self::settled).
    pub fn anew(&self, aliases: Aliases<'_>) -> Result<Vec<Supply>, Problem> {
        self.each(aliases, |item, dependency, repository| {
            if !dependency.repository.is_empty() {
                return self.request(item, repository, None).map(Supply::Brought);
            }
            match self.usable(item, None)? {
                Some(here) => Ok(Supply::Here { version: here.is.version.clone(), path: here.path.clone() }),
                None => Err(self.nowhere(item)),
            }
        })
    }

    /// For who wants nothing but what a lock says.
    ///
    /// # Errors
    /// Something is to be brought, and there is no lock.
    pub fn needs_lock(&self, supplies: &[Supply]) -> Result<(), Problem> {
        let brought = supplies.iter().find_map(|supply| match supply {
            Supply::Brought(request) if self.lock.is_none() => Some(request),
            _ => None,
        });
        let Some(request) = brought else { return Ok(()) };
        let what = format!("`{}` is to be fetched, and the chart has no {}", request.name, self.lock_file());
        Err(self.renew(self.at(request.item, Problem::new(what))))
    }

    fn each(
        &self,
        aliases: Aliases<'_>,
        mut decide: impl FnMut(usize, &Dependency, String) -> Result<Supply, Problem>,
    ) -> Result<Vec<Supply>, Problem> {
        let repositories = self.resolved(aliases);
        let each = self.dependencies.iter().zip(repositories).enumerate();
        each.map(|(item, (dependency, repository))| decide(item, dependency, repository)).collect()
    }

    /// What lies in `charts/` and will do.
    fn usable(&self, item: usize, locked: Option<&Dependency>) -> Result<Option<&Subchart>, Problem> {
        let dependency = &self.dependencies[item];
        let mut named: Vec<&Subchart> =
            self.here.iter().filter(|subchart| subchart.is.name.as_str() == dependency.name).collect();
        if named.is_empty() {
            return Ok(None);
        }
        named.sort_by(|left, right| right.is.version.precedence(&left.is.version));
        let accepted = match locked.filter(|locked| !locked.repository.is_empty()) {
            Some(locked) => Request::locked(&dependency.name, &locked.version),
            // Nothing is said: what lies there is what is meant.
            None if dependency.version.is_empty() => return Ok(named.first().copied()),
            None => Request::any(&dependency.name, &dependency.version)
                .map_err(|problem| self.at(item, problem))?,
        };
        let found = named.iter().find(|subchart| accepted.accepts(&subchart.is.version)).copied();
        if found.is_none() && dependency.repository.is_empty() {
            let what = format!(
                "{} is {}, and the chart depends on `{}` {}",
                named[0].path, named[0].is, dependency.name, dependency.version
            );
            return Err(self
                .at(item, Problem::new(what))
                .next("put a version into charts/ that will do, or change the version that is asked for"));
        }
        Ok(found)
    }

    fn request(
        &self,
        item: usize,
        repository: String,
        locked: Option<&Dependency>,
    ) -> Result<Request, Problem> {
        let dependency = &self.dependencies[item];
        let told = |problem| self.at(item, problem);
        let from = Repository::parse(&repository).map_err(told)?;
        match &from {
            Repository::InCharts => return Err(self.nowhere(item)),
            Repository::Named(name) => {
                let what = format!("no repository definition for {}", dependency.repository);
                return Err(told(Problem::new(what).next(format!(
                    "write its URL into {}: then nobody has to run `helm repo add {name}`",
                    self.file
                ))));
            }
            _ => {}
        }
        let request = match locked {
            Some(locked) => Request::locked(&dependency.name, &locked.version),
            None => Request::any(&dependency.name, &dependency.version).map_err(told)?,
        };
        Ok(Request { from, repository, item, ..request })
    }

    fn nowhere(&self, item: usize) -> Problem {
        let name = &self.dependencies[item].name;
        let what =
            format!("the chart depends on `{name}`, names no repository for it, and has it not in charts/");
        self.at(item, Problem::new(what))
            .next(format!("put the chart into charts/{name}, or name its repository"))
    }

    /// A problem of a dependency at its line.
    pub fn at(&self, item: usize, problem: Problem) -> Problem {
        if problem.place.is_some() {
            return problem;
        }
        let file = join(&self.folder, self.file);
        match self.lines.get(item) {
            Some(line) => problem.at(file, *line),
            None => problem.in_file(file),
        }
    }
}

/// The line of each dependency that a file names; `None` where it names none.
fn lines(file: &str, bytes: &[u8]) -> Option<Vec<usize>> {
    let node = yaml::read(file, bytes).ok()?;
    let is_it = |key: &yaml::Node| key.text().is_some_and(|key| key.eq_ignore_ascii_case("dependencies"));
    let (_, list) = node.entries().iter().rev().find(|(key, _)| is_it(key))?;
    Some(list.items().iter().map(|item| item.line).collect()).filter(|lines: &Vec<usize>| !lines.is_empty())
}

/// The charts in `charts/`, as far as they can be read: who packages the chart is told of the others.
fn subcharts(files: &Files) -> Vec<Subchart> {
    let mut folders: BTreeMap<&str, (Option<&Bytes>, Option<&Bytes>)> = BTreeMap::new();
    let mut found = Vec::new();
    for (path, content) in &files.0 {
        let Some(rest) = path.strip_prefix("charts/") else { continue };
        // Helm passes over these.
        if rest.starts_with(['_', '.']) {
            continue;
        }
        match rest.split_once('/') {
            None if rest.ends_with(".tgz") => {
                if let Some(is) = archived(content) {
                    found.push(Subchart { path: path.clone(), is, is_archive: true });
                }
            }
            Some((folder, CHART_YAML)) => folders.entry(folder).or_default().0 = Some(content),
            Some((folder, REQUIREMENTS_YAML)) => folders.entry(folder).or_default().1 = Some(content),
            _ => {}
        }
    }
    for (folder, (chart_yaml, requirements)) in folders {
        if let Some(is) = chart_yaml.and_then(|chart_yaml| named(chart_yaml, requirements)) {
            found.push(Subchart { path: format!("charts/{folder}"), is, is_archive: false });
        }
    }
    found
}

fn archived(archive: &[u8]) -> Option<ChartVersion> {
    let files = archive::read(archive, &Limits::default()).ok()?;
    let file = |name: &str| files.iter().rev().find(|(path, _)| path == name).map(|(_, content)| content);
    named(file(CHART_YAML)?, file(REQUIREMENTS_YAML))
}

fn named(chart_yaml: &[u8], requirements: Option<&Bytes>) -> Option<ChartVersion> {
    let requirements = requirements.map(|bytes| without_mark(bytes));
    let read = Metadata::read_with_requirements(CHART_YAML, without_mark(chart_yaml), requirements);
    read.ok().map(|metadata| metadata.chart_version())
}

/// Helm takes one byte order mark from the start of every file.
fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

fn below(folder: &str, mut problem: Problem) -> Problem {
    if let Some(place) = &mut problem.place {
        place.file = join(folder, &place.file);
    }
    problem
}

#[cfg(test)]
mod tests;
