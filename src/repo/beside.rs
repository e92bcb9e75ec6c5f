//! The folder that a chart means by a path: in this repository, in the same state of it.

use super::{
    Inner, folder_at,
    links::{self, Led},
    view::{Folder, Kind, View},
};
use crate::{changes::Origin, doors::git::Open, problem::Problem};

impl Inner {
    /// The folder at a path from the chart's folder, or at an absolute one that lies in the checkout. As in Helm, `..` is
    /// taken away before any link is followed.
    pub(super) fn beside(&self, git: &Open, chart: &Origin, path: &str) -> Result<Origin, Problem> {
        match chart {
            Origin::WorkingTree { .. } => {
                let Some(view) = self.working_tree(git)? else {
                    return Err(Problem::new("there is no working tree"));
                };
                let found =
                    walk(&view, chart.path(), path, |path| Ok(Folder { path: path.to_owned(), tree: None }))?;
                Ok(Origin::WorkingTree { path: found })
            }
            Origin::Commit { commit, .. } => {
                let view = self.commits(git).view(git.commit(git.resolve(commit)?)?.tree);
                let found = walk(&view, chart.path(), path, |path| folder_at(&view, path))?;
                Ok(Origin::Commit { path: found, commit: commit.clone() })
            }
        }
    }
}

fn walk<V: View>(
    view: &V,
    chart: &str,
    path: &str,
    at: impl Fn(&str) -> Result<Folder, Problem>,
) -> Result<String, Problem> {
    let outside = || {
        Problem::new(format!("file://{path} leads out of this repository"))
            .next("put the chart into this repository, or name a repository by https:// or oci://")
    };
    let path_is_absolute = path.starts_with('/') || path.as_bytes().get(1) == Some(&b':');
    let (base, rest) = match path_is_absolute {
        true => {
            let inside = view.inside(path.as_bytes()).ok_or_else(outside)?;
            ("", std::str::from_utf8(inside).map_err(|_| outside())?)
        }
        false => (chart, path),
    };
    let mut names: Vec<&str> = Vec::new();
    for name in base.split('/').chain(rest.split(['/', '\\'])) {
        match name {
            "" | "." => {}
            ".." => drop(names.pop().ok_or_else(outside)?),
            name => names.push(name),
        }
    }
    let mut here = view.root();
    for name in names {
        let nowhere =
            || Problem::new(format!("file://{path}: there is no folder {name} in {}", shown(&here)));
        let entry = view.entry(&here, name.as_bytes())?.ok_or_else(nowhere)?;
        here = match entry.kind {
            Kind::Folder => entry.as_folder(&here),
            Kind::Submodule => entry.as_folder(&here),
            Kind::Link => match links::follow(view, &here, &entry)? {
                Led::Folder(folder, _) => at(&folder.path)?,
                Led::Out => return Err(outside()),
                _ => return Err(nowhere()),
            },
            Kind::File | Kind::Irregular => return Err(nowhere()),
        };
    }
    Ok(here.path)
}

fn shown(folder: &Folder) -> &str {
    if folder.path.is_empty() { "the repository" } else { &folder.path }
}
