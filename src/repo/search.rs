//! Finds the charts of one state of the repository. Of trees, what was found is remembered: a folder that did not
//! change is not walked twice, however many commits have it.

use super::{
    links::{self, Led},
    view::{CommitView, Entry, Folder, Kind, View},
};
use crate::{
    changes::{ChartAt, Snapshot},
    charts::{
        ChartVersion, Metadata,
        find::{CHART_YAML, Roots, join},
    },
    doors::git::Id,
    problem::Problem,
};
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

/// A folder with a Chart.yaml.
#[derive(Clone, Debug)]
pub struct Here {
    /// The folder.
    pub folder: Folder,
    chart_yaml: Entry,
    /// What the trace sees, once it is known and nothing outside the folder can change it.
    seen: OnceLock<Arc<ChartAt>>,
}

impl Here {
    /// Where its Chart.yaml says the version. One that is a link has no line of its own.
    pub fn version_line(&self, view: &impl View) -> Option<usize> {
        let file = Some(&self.chart_yaml).filter(|file| file.kind == Kind::File)?;
        Metadata::version_line(&view.read(file).ok()?)
    }

    /// This chart as the trace sees it.
    pub fn named(&self, is: Option<ChartVersion>) -> Arc<ChartAt> {
        let tree = self.folder.tree.map(|tree| tree.to_string().into());
        Arc::new(ChartAt { path: self.folder.path.clone(), is, tree })
    }
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The charts, by path.
    pub charts: Vec<Arc<Here>>,
    /// Folders that a reader may take for charts of ours, and are not.
    pub skipped: Vec<Skipped>,
}

/// Why a folder is no chart of ours.
#[derive(Clone, Debug)]
pub enum Skipped {
    /// It lies in another repository at `repository`.
    Submodule { path: String, repository: String },
    /// It is a link; the chart lies where it leads.
    Link { path: String },
    /// A name on its path is not UTF-8.
    NotUtf8 { path: String },
    /// It cannot be read.
    Unreadable { path: String, problem: Problem },
    /// It is not below the configured roots, but at the repository root.
    Root,
}

/// What is remembered of trees and blobs. Their ids are their content, so nothing here ever goes stale.
#[derive(Default)]
pub struct Memory {
    searched: HashMap<(Id, String), Arc<Found>>,
    named: HashMap<Id, Result<ChartVersion, Problem>>,
    snapshots: HashMap<Id, Snapshot>,
    /// Trees of charts that say all about their packages.
    pub closed: HashMap<Id, bool>,
    /// Of the last commit that was asked for: most commits change no chart or one.
    latest: Snapshot,
}

/// Searches a view below its root.
pub fn search<V: View>(view: &V, roots: &Roots, memory: &mut Memory) -> Result<Arc<Found>, Problem> {
    Search { view, roots, memory }.folder(&view.root(), None)
}

/// What a chart is called, or why its Chart.yaml is not one.
///
/// # Errors
/// The Chart.yaml could not be read at all: a clone that lacks objects, a file without permission.
pub fn name<V: View>(
    view: &V,
    here: &Here,
    memory: &mut Memory,
) -> Result<Result<ChartVersion, Problem>, Problem> {
    let place = join(&here.folder.path, CHART_YAML);
    let file = match here.chart_yaml.kind {
        Kind::Link => match links::follow(view, &here.folder, &here.chart_yaml)? {
            Led::File(file, ..) => file,
            _ => {
                return Ok(Err(
                    Problem::new(format!("{place} is a link that leads to no file")).in_file(place)
                ));
            }
        },
        _ => here.chart_yaml.clone(),
    };
    if let Some(known) = file.id().and_then(|id| memory.named.get(&id)) {
        return Ok(known.clone().map_err(|problem| placed(problem, place)));
    }
    let named = chart_version(&view.read(&file)?);
    if let Some(id) = file.id() {
        memory.named.insert(id, named.clone());
    }
    Ok(named.map_err(|problem| placed(problem, place)))
}

/// All charts of a commit's tree.
pub fn snapshot(view: &CommitView<'_>, roots: &Roots, memory: &mut Memory) -> Result<Snapshot, Problem> {
    if let Some(known) = memory.snapshots.get(&view.tree) {
        return Ok(known.clone());
    }
    let found = search(view, roots, memory)?;
    let charts: Vec<_> =
        found.charts.iter().map(|here| seen(view, here, memory)).collect::<Result<_, _>>()?;
    if *charts != *memory.latest {
        memory.latest = charts.into();
    }
    memory.snapshots.insert(view.tree, memory.latest.clone());
    Ok(memory.latest.clone())
}

/// A chart of a commit as the trace sees it.
fn seen(view: &CommitView<'_>, here: &Here, memory: &mut Memory) -> Result<Arc<ChartAt>, Problem> {
    if let Some(seen) = here.seen.get() {
        return Ok(seen.clone());
    }
    let seen = here.named(name(view, here, memory)?.ok());
    // What a link leads to may be another file in another commit.
    if here.chart_yaml.kind == Kind::File {
        let _ = here.seen.set(seen.clone());
    }
    Ok(seen)
}

fn chart_version(bytes: &[u8]) -> Result<ChartVersion, Problem> {
    let read = || Metadata::read(CHART_YAML, bytes).map(|metadata| metadata.chart_version());
    std::panic::catch_unwind(read)
        .unwrap_or_else(|_| Err(Problem::new("the reader of Chart.yaml gave up: a bug of ours")))
}

/// The same problem, in the Chart.yaml of this path.
fn placed(mut problem: Problem, file: String) -> Problem {
    match &mut problem.place {
        Some(place) => place.file = file,
        None => problem = problem.in_file(file),
    }
    problem
}

struct Search<'a, V> {
    view: &'a V,
    roots: &'a Roots,
    memory: &'a mut Memory,
}

impl<V: View> Search<'_, V> {
    /// `inside` is the other repository that the folder lies in.
    fn folder(&mut self, folder: &Folder, inside: Option<&str>) -> Result<Arc<Found>, Problem> {
        let key = folder.tree.map(|tree| (tree, folder.path.clone()));
        if let Some(known) = key.as_ref().and_then(|key| self.memory.searched.get(key)) {
            return Ok(known.clone());
        }
        let mut found = Found::default();
        let entries = self.view.entries(folder)?;
        let is_file = |entry: &&Entry| {
            entry.name == CHART_YAML.as_bytes() && matches!(entry.kind, Kind::File | Kind::Link)
        };
        let chart_yaml = entries.iter().find(is_file);
        match (chart_yaml, inside) {
            (Some(_), Some(repository)) if self.roots.count(&folder.path) => {
                let (path, repository) = (folder.path.clone(), repository.to_owned());
                found.skipped.push(Skipped::Submodule { path, repository });
            }
            (Some(chart_yaml), None) if self.roots.count(&folder.path) => {
                let (folder, chart_yaml) = (folder.clone(), chart_yaml.clone());
                found.charts.push(Arc::new(Here { folder, chart_yaml, seen: OnceLock::new() }));
            }
            (Some(_), None) if folder.path.is_empty() => found.skipped.push(Skipped::Root),
            _ => {}
        }
        for entry in &entries {
            self.child(folder, chart_yaml.is_some(), entry, inside, &mut found)?;
        }
        // A folder sorts before its children, `a-b` before `a/b`: by path, whatever the order of walking.
        found.charts.sort_by(|a, b| a.folder.path.cmp(&b.folder.path));
        let found = Arc::new(found);
        if let Some(key) = key {
            self.memory.searched.insert(key, found.clone());
        }
        Ok(found)
    }

    fn child(
        &mut self,
        folder: &Folder,
        is_chart: bool,
        entry: &Entry,
        inside: Option<&str>,
        found: &mut Found,
    ) -> Result<(), Problem> {
        let name = entry.shown();
        if !matches!(entry.kind, Kind::Folder | Kind::Link | Kind::Submodule)
            || !self.roots.enters(&folder.path, is_chart, &name)
        {
            return Ok(());
        }
        let path = join(&folder.path, &name);
        match entry.kind {
            Kind::Link => {
                if self.roots.count(&path)
                    && let Led::Folder(target, _) = links::follow(self.view, folder, entry)?
                    && self.view.entry(&target, CHART_YAML.as_bytes())?.is_some()
                    && !self.roots.count(&target.path)
                {
                    found.skipped.push(Skipped::Link { path });
                }
            }
            _ if entry.utf8().is_none() => {
                if self.roots.count(&path) && self.view.holds(entry, CHART_YAML)? {
                    found.skipped.push(Skipped::NotUtf8 { path });
                }
            }
            Kind::Submodule if folder.tree.is_some() => {}
            _ => {
                let inside = if entry.kind == Kind::Submodule { Some(path.as_str()) } else { inside };
                match self.folder(&entry.as_folder(folder), inside) {
                    Ok(below) => {
                        found.charts.extend(below.charts.iter().cloned());
                        found.skipped.extend(below.skipped.iter().cloned());
                    }
                    // Of the checkout, one folder that may not be read; of git, a clone that lacks objects.
                    Err(problem) if folder.tree.is_none() => {
                        found.skipped.push(Skipped::Unreadable { path, problem })
                    }
                    Err(problem) => return Err(problem),
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{doors::git::Git, repo::view::Entry};
    use bytes::Bytes;
    use std::{cell::RefCell, fs, path::Path, process::Command};

    /// A commit, and the folders that were listed in it.
    struct Counting<'a> {
        commit: CommitView<'a>,
        listed: RefCell<Vec<String>>,
    }

    impl View for Counting<'_> {
        fn root(&self) -> Folder {
            self.commit.root()
        }

        fn entries(&self, folder: &Folder) -> Result<Vec<Entry>, Problem> {
            self.listed.borrow_mut().push(folder.path.clone());
            self.commit.entries(folder)
        }

        fn size(&self, file: &Entry) -> Result<u64, Problem> {
            self.commit.size(file)
        }

        fn read(&self, file: &Entry) -> Result<Bytes, Problem> {
            self.commit.read(file)
        }

        fn target(&self, link: &Entry) -> Result<Vec<u8>, Problem> {
            self.commit.target(link)
        }

        fn inside<'a>(&self, target: &'a [u8]) -> Option<&'a [u8]> {
            self.commit.inside(target)
        }

        fn holds(&self, folder: &Entry, name: &str) -> Result<bool, Problem> {
            self.commit.holds(folder, name)
        }
    }

    fn commit(folder: &Path, path: &str, text: &str) {
        fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
        fs::write(folder.join(path), text).unwrap();
        for arguments in
            [&["init", "--quiet"][..], &["add", "--all"], &["commit", "--quiet", "--message", "Work"]]
        {
            let mut git = Command::new("git");
            git.current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
            git.args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]);
            assert!(git.args(arguments).status().unwrap().success());
        }
    }

    #[test]
    fn a_tree_that_did_not_change_is_not_walked_twice() {
        let folder = tempfile::tempdir().unwrap();
        commit(folder.path(), "charts/still/Chart.yaml", "name: still\nversion: 1.0.0\n");
        let git = Git::discover(folder.path()).unwrap();
        let roots = Roots::new(&["charts"], &[]).unwrap();
        let mut memory = Memory::default();
        let mut search_head = || {
            let open = git.open().unwrap();
            let tree = open.commit(open.head().unwrap().unwrap()).unwrap().tree;
            let view = Counting {
                commit: CommitView { git: &open, tree, own_outputs: &[] },
                listed: RefCell::default(),
            };
            let found = search(&view, &roots, &mut memory).unwrap();
            let charts: Vec<_> = found.charts.iter().map(|here| here.folder.path.clone()).collect();
            (charts, view.listed.into_inner())
        };

        assert_eq!(
            search_head(),
            (vec!["charts/still".into()], ["", "charts", "charts/still"].map(String::from).into())
        );
        assert_eq!(search_head().1, [""; 0], "the same commit again");

        commit(folder.path(), "charts/new/Chart.yaml", "name: new\nversion: 1.0.0\n");
        let (charts, listed) = search_head();
        assert_eq!(charts, ["charts/new", "charts/still"]);
        assert_eq!(listed, ["", "charts", "charts/new"], "the chart that stayed is remembered");
    }
}
