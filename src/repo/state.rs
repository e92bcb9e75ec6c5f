//! How a chart's files differ from what git has, and from the commit that introduced its version.

use super::{
    folder_at,
    history::History,
    packaged::{Packaged, packaged},
    search::Here,
    view::{CommitView, Commits, Folder, Kind, View},
};
use crate::{
    changes::{Sighting, Touched, Tracked},
    charts::{ChartVersion, find::join},
    doors::git::{Id, Open, Uncommitted},
    problem::Problem,
};
use globset::GlobSet;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

/// What the working tree has and the head commit has not.
pub struct Worktree {
    uncommitted: BTreeMap<Vec<u8>, Uncommitted>,
    /// The same of files outside the charts, that links lead to; asked for when one is met.
    linked: RefCell<BTreeMap<String, Option<Uncommitted>>>,
    /// Folders that git cannot compare.
    failed: BTreeMap<String, Problem>,
}

/// A chart's packaged files, compared.
pub struct State {
    /// The packaged files that git does not have as they are.
    ungitted: BTreeMap<String, Uncommitted>,
    /// The packaged files that changed since the version was introduced.
    changed: BTreeSet<String>,
}

impl Worktree {
    /// Compares these folders: all at once, which is fast, or one by one where that fails, so that a file that cannot be
    /// read stops the chart that has it and no other.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn of(git: &Open, folders: &[&str]) -> Result<Self, Problem> {
        git.can_compare()?;
        let mut worktree =
            Self { uncommitted: BTreeMap::new(), linked: RefCell::default(), failed: BTreeMap::new() };
        if let Ok(uncommitted) = git.uncommitted(folders.iter().copied()) {
            worktree.uncommitted = uncommitted;
            return Ok(worktree);
        }
        for folder in folders {
            match git.uncommitted([*folder]) {
                Ok(uncommitted) => worktree.uncommitted.extend(uncommitted),
                Err(problem) => {
                    worktree.failed.insert((*folder).to_owned(), problem.in_file(*folder));
                }
            }
        }
        Ok(worktree)
    }

    /// Whether a folder is as git has it.
    fn is_clean(&self, folder: &str) -> bool {
        let below = join(folder, "");
        let touches = |path: &[u8]| path.starts_with(below.as_bytes()) || below.as_bytes().starts_with(path);
        !self.uncommitted.keys().any(|path| folder.is_empty() || touches(path))
    }

    /// What git has not of a file, by its path in the repository.
    fn of_file(&self, git: &Open, chart: &str, path: &str) -> Result<Option<Uncommitted>, Problem> {
        if chart.is_empty() || path.strip_prefix(chart).is_some_and(|rest| rest.starts_with('/')) {
            return Ok(lookup(&self.uncommitted, path));
        }
        if let Some(known) = self.linked.borrow().get(path) {
            return Ok(*known);
        }
        let state = lookup(&git.uncommitted([path])?, path);
        self.linked.borrow_mut().insert(path.to_owned(), state);
        Ok(state)
    }
}

/// A path's own state, or that of a folder that git knows nothing of and that it lies in.
fn lookup(uncommitted: &BTreeMap<Vec<u8>, Uncommitted>, path: &str) -> Option<Uncommitted> {
    let folders = path.match_indices('/').map(|(at, _)| &path[..=at]);
    let submodules = path.match_indices('/').map(|(at, _)| &path[..at]);
    folders.chain(submodules).chain([path]).find_map(|path| uncommitted.get(path.as_bytes()).copied())
}

impl State {
    /// Compares a chart as it is now with git, and with the commit that introduced its version.
    pub fn of<V: View>(
        commits: Commits<'_>,
        view: &V,
        here: &Here,
        worktree: Option<&Worktree>,
        history: &History,
        introduced: Option<&Sighting>,
    ) -> Result<Self, Problem> {
        let path = &here.folder.path;
        if let Some(problem) = worktree.and_then(|worktree| worktree.failed.get(path)) {
            return Err(problem.clone());
        }
        let head = history.commits.first().map(|head| commits.view(head.tree));
        let committed = head.as_ref().and_then(|head| Some((head, folder_at(head, path).ok()?)));
        let linked = match &committed {
            Some((head, folder)) => has_links(head, folder)?,
            None => true,
        };
        let clean = worktree.is_none_or(|worktree| worktree.is_clean(path));
        let before = introduced.and_then(|introduced| at(commits, history, introduced, path));
        let same_tree = match (&before, &committed) {
            (Some((_, before)), Some((_, folder))) => before.tree == folder.tree,
            _ => introduced.is_none(),
        };
        let mut state = Self { ungitted: BTreeMap::new(), changed: BTreeSet::new() };
        if clean && !linked && same_tree {
            return Ok(state);
        }
        let files = packaged(view, &here.folder)?.files;
        if let Some(worktree) = worktree {
            for (file, Packaged { sources, .. }) in &files {
                for source in sources {
                    if let Some(uncommitted) = worktree.of_file(commits.git, path, source)? {
                        let known = state.ungitted.entry(file.clone()).or_insert(uncommitted);
                        if uncommitted == Uncommitted::Unknown {
                            *known = uncommitted;
                        }
                    }
                }
            }
        }
        if introduced.is_some() {
            let now = committed.as_ref().map(|(head, folder)| ids(head, folder)).unwrap_or_default();
            let before = before.map(|(view, folder)| ids(&view, &folder)).unwrap_or_default();
            let gone = before.keys().filter(|file| !files.contains_key(*file));
            state.changed.extend(gone.cloned());
            let as_before = |file: &String| before.contains_key(file) && before.get(file) == now.get(file);
            // A fetched subchart that git never had is no change that somebody made.
            let is_unknown = |file: &String| state.ungitted.get(file) == Some(&Uncommitted::Unknown);
            let kept = files.keys().filter(|file| !(is_fetched(file) && is_unknown(file)));
            let other: Vec<_> =
                kept.filter(|file| state.ungitted.contains_key(*file) || !as_before(file)).cloned().collect();
            state.changed.extend(other);
        }
        Ok(state)
    }

    /// The packaged files that git does not have as they are, relative to the chart.
    pub fn ungitted(&self) -> Vec<String> {
        self.ungitted.keys().cloned().collect()
    }

    /// Of them, what no commit could bring back: all but what fetching the dependencies leaves behind.
    pub fn generated(&self) -> Vec<String> {
        let fetched = |file: &str| {
            matches!(file, "Chart.lock" | "requirements.lock")
                || file
                    .strip_prefix("charts/")
                    .is_some_and(|name| name.ends_with(".tgz") && !name.contains('/'))
        };
        self.ungitted.keys().filter(|file| !fetched(file)).cloned().collect()
    }

    /// What has changed since the version was introduced.
    pub fn touched(&self, tracked: &Tracked) -> Touched {
        match (&tracked.oldest, tracked.settled) {
            (Some(_), false) => Touched::HistoryTooShallow,
            (Some(_), true) if self.changed.is_empty() => Touched::Untouched,
            (Some(_), true) => Touched::Files(self.changed.iter().cloned().collect()),
            (None, _) => Touched::Files(self.ungitted()),
        }
    }

    /// A chart at the repository root would take up whatever lies about in the checkout.
    pub fn refuse_unknown_at_the_root(
        &self,
        is: &ChartVersion,
        path: &str,
        generated: &GlobSet,
    ) -> Result<(), Problem> {
        let unknown =
            self.ungitted.iter().filter(|(_, state)| **state == Uncommitted::Unknown).map(|(file, _)| file);
        let unknown: Vec<_> = unknown.filter(|file| path.is_empty() && !generated.is_match(file)).collect();
        let Some(first) = unknown.first() else { return Ok(()) };
        let some: Vec<_> = unknown.iter().take(5).map(|file| format!("`{file}`")).collect();
        let more = unknown.len() - some.len();
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let what =
            format!("{is} lies at the repository root, where git does not know {}{more}", some.join(", "));
        Err(Problem::new(what).in_file(*first).next(
            "commit them, leave them out with .helmignore, or name what is generated with `--generated GLOB`",
        ))
    }
}

/// Whether this is where fetching the dependencies puts a subchart.
fn is_fetched(file: &str) -> bool {
    file.strip_prefix("charts/").is_some_and(|name| name.ends_with(".tgz") && !name.contains('/'))
}

/// What changed in a chart between the commit that introduced its version and this folder of a later commit.
pub fn between(
    commits: Commits<'_>,
    history: &History,
    introduced: &Sighting,
    view: &CommitView<'_>,
    folder: &Folder,
) -> Result<Touched, Problem> {
    let before = at(commits, history, introduced, &folder.path).map(|(view, folder)| ids(&view, &folder));
    let (before, after) = (before.unwrap_or_default(), ids(view, folder));
    let all: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let changed: Vec<_> =
        all.into_iter().filter(|file| before.get(*file) != after.get(*file)).cloned().collect();
    Ok(if changed.is_empty() { Touched::Untouched } else { Touched::Files(changed) })
}

/// The chart's folder in the commit of a sighting: the same path where it has one, else the first.
fn at<'a>(
    commits: Commits<'a>,
    history: &History,
    sighting: &Sighting,
    path: &str,
) -> Option<(CommitView<'a>, Folder)> {
    let view = commits.view(history.commits.get(sighting.position)?.tree);
    let path = sighting.paths.iter().find(|other| *other == path).or(sighting.paths.first())?;
    let folder = folder_at(&view, path).ok()?;
    Some((view, folder))
}

/// The blobs of a chart's packaged files. A commit whose chart cannot be packaged has none: everything has changed since.
fn ids(view: &CommitView<'_>, folder: &Folder) -> BTreeMap<String, Option<Id>> {
    let files = packaged(view, folder).unwrap_or_default().files;
    files.into_iter().map(|(path, packaged)| (path, packaged.file.id())).collect()
}

/// Whether a folder holds a link at any depth: then its tree does not say all about its content.
pub fn has_links(view: &CommitView<'_>, folder: &Folder) -> Result<bool, Problem> {
    for entry in view.entries(folder)? {
        let linked = match entry.kind {
            Kind::Link => true,
            Kind::Folder => has_links(view, &entry.as_folder(folder))?,
            _ => false,
        };
        if linked {
            return Ok(true);
        }
    }
    Ok(false)
}
