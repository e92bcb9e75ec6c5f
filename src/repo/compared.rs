//! The charts as they are now, each beside what it was in another commit.

use super::{
    Inner,
    search::{self, Here, Memory},
    state::has_links,
    survey::{self, Now},
    view::{CommitView, Folder, Kind, View},
};
use crate::{
    changes::{ChartAt, Origin},
    charts::{ChartVersion, find::join},
    doors::git::{Commit, Open, Uncommitted},
    problem::Problem,
};
use memchr::memmem;
use std::{collections::BTreeMap, sync::Arc};

/// A chart as it is now, beside the same chart in another commit, the base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Its files as they are now.
    pub now: Origin,
    /// What it is.
    pub is: ChartVersion,
    /// The line of its Chart.yaml with the version, counted from 1.
    pub version_line: Option<usize>,
    /// The same chart in the base: the one of this name in this folder, else the one of this name whose folder is none of
    /// that chart any more. `None` for a new one, and without a base.
    pub before: Option<Before>,
    /// Nothing that is packaged of it can differ between the base and the head commit.
    pub same_tree: bool,
    /// Its files in the head commit, where that has a chart in this folder.
    pub committed: Option<Origin>,
    /// Files that git has otherwise, relative to the chart: changed or staged, and not committed.
    pub edited: Vec<String>,
    /// Files, and folders with a `/`, that git does not know, relative to the chart.
    pub unknown: Vec<String>,
}

/// A chart in the base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// Its files there.
    pub origin: Origin,
    /// What it was.
    pub is: ChartVersion,
}

impl Compared {
    /// Its folder.
    pub fn path(&self) -> &str {
        self.now.path()
    }
}

/// See [`super::Repo::compared`].
pub fn compared(
    inner: &Inner,
    git: &Open,
    memory: &mut Memory,
    base: Option<&str>,
) -> Result<Vec<Compared>, Problem> {
    let commit = inner.head(git)?.map(|head| git.commit(head)).transpose()?;
    let head = commit.map(|head| inner.commits(git).view(head.tree));
    let base_commit = base.map(|base| git.commit(git.resolve(base)?)).transpose()?;
    let base = base_commit.map(|base| inner.commits(git).view(base.tree));
    let origin = |path: &str, commit: Option<Commit>| {
        Some(Origin::Commit { path: path.to_owned(), commit: commit?.id.to_string() })
    };
    let mut charts_in = |view: &Option<CommitView<'_>>| match view {
        Some(view) => search::snapshot(view, &inner.roots, memory),
        None => Ok([].into()),
    };
    let (committed, before) = (charts_in(&head)?, charts_in(&base)?);
    let worktree = inner.working_tree(git)?;
    let now = match (&worktree, &head) {
        (Some(view), _) => survey::now(inner, view, memory)?,
        (None, Some(view)) => survey::now(inner, view, memory)?,
        (None, None) => return Ok(Vec::new()),
    };
    let charts: Vec<(&ChartVersion, &Arc<Here>)> =
        now.named.iter().flat_map(|(is, folders)| folders.iter().map(move |here| (is, here))).collect();
    let uncommitted = match &worktree {
        // What cannot be compared at all is told by the survey, with the chart that it stops.
        Some(_) => git.uncommitted(charts.iter().map(|(_, here)| here.folder.path.as_str())),
        None => Ok(BTreeMap::new()),
    };
    let uncommitted = uncommitted.unwrap_or_default();
    let mut all = Vec::new();
    for (is, here) in charts {
        let path = &here.folder.path;
        let at_head = committed.iter().find(|chart| chart.path == *path);
        let before = counterpart(is, path, &before, &now);
        let same = match (at_head, &before, &head) {
            (Some(now), Some(before), Some(view)) => {
                now.tree.is_some() && now.tree == before.tree && is_closed(view, path, memory)?
            }
            _ => false,
        };
        let (mut edited, mut unknown) = (Vec::new(), Vec::new());
        for (file, state) in below(path, &uncommitted) {
            match state {
                Uncommitted::Changed => edited.push(file),
                Uncommitted::Unknown => unknown.push(file),
            }
        }
        let at_head = at_head.and_then(|chart| origin(&chart.path, commit));
        all.push(Compared {
            now: match (&worktree, &at_head) {
                (None, Some(at_head)) => at_head.clone(),
                _ => Origin::WorkingTree { path: path.clone() },
            },
            is: is.clone(),
            version_line: match &worktree {
                Some(view) => here.version_line(view),
                None => head.as_ref().and_then(|view| here.version_line(view)),
            },
            before: before.and_then(|before| {
                Some(Before { origin: origin(&before.path, base_commit)?, is: before.is.clone()? })
            }),
            same_tree: same,
            committed: at_head,
            edited,
            unknown,
        });
    }
    Ok(all)
}

/// The same chart in the base. A copy of a chart that stayed where it was is a new one.
fn counterpart<'a>(
    is: &ChartVersion,
    path: &str,
    before: &'a [Arc<ChartAt>],
    now: &Now,
) -> Option<&'a Arc<ChartAt>> {
    let named = |chart: &&Arc<ChartAt>| chart.is.as_ref().is_some_and(|other| other.name == is.name);
    let stayed = |chart: &&Arc<ChartAt>| {
        let folders = now.named.iter().filter(|(other, _)| other.name == is.name).flat_map(|(_, here)| here);
        folders.into_iter().any(|here| here.folder.path == chart.path)
    };
    let here = before.iter().filter(named).find(|chart| chart.path == path);
    here.or_else(|| {
        let gone: Vec<_> = before.iter().filter(named).filter(|chart| !stayed(chart)).collect();
        // Of several that went, the one that had this version already.
        let same = gone.iter().find(|chart| chart.is.as_ref() == Some(is)).copied();
        same.or(gone.first().copied())
    })
}

/// What is uncommitted below a chart's folder, by its path in the chart.
fn below(chart: &str, uncommitted: &BTreeMap<Vec<u8>, Uncommitted>) -> Vec<(String, Uncommitted)> {
    let folder = join(chart, "");
    let inside = uncommitted.iter().filter_map(|(path, state)| {
        let path = String::from_utf8_lossy(path);
        let rest = if chart.is_empty() { Some(&*path) } else { path.strip_prefix(&folder) };
        Some((rest?.to_owned(), *state))
    });
    inside.collect()
}

/// Whether the tree of a chart says all about its package: it has no links, and names no chart of another folder as a
/// dependency.
fn is_closed(view: &CommitView<'_>, path: &str, memory: &mut Memory) -> Result<bool, Problem> {
    let folder = super::folder_at(view, path)?;
    let Some(tree) = folder.tree else { return Ok(false) };
    if let Some(known) = memory.closed.get(&tree) {
        return Ok(*known);
    }
    let closed = !has_links(view, &folder)? && !names_folders(view, &folder)?;
    memory.closed.insert(tree, closed);
    Ok(closed)
}

fn names_folders(view: &CommitView<'_>, folder: &Folder) -> Result<bool, Problem> {
    for name in ["Chart.yaml", "requirements.yaml"] {
        if let Some(file) = view.entry(folder, name.as_bytes())?
            && file.kind == Kind::File
            && memmem::find(&view.read(&file)?, b"file:").is_some()
        {
            return Ok(true);
        }
    }
    Ok(false)
}
