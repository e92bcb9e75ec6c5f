//! What the branch holds: told by its index, and by the packages that lie beside it.

use super::Place;
use crate::{
    charts::ChartVersion,
    digest::Digest,
    doors::git::{
        Id,
        remote::{Found, Tip},
    },
    holdings::{Held, Holding, Kind, Reference, Standing},
    index::{self, Index},
    problem::{self, Problem},
};
use bytes::Bytes;
use percent_encoding::percent_decode_str;

/// The branch as it was when it was fetched.
#[derive(Debug)]
pub(super) struct State {
    /// `None` where there is no such branch.
    pub tip: Option<Tip>,
    /// Where the index is, or would be.
    pub index_path: String,
    /// An empty one where there is none.
    pub index: Result<Index, Problem>,
}

/// Where a package is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lies {
    /// At this path of the branch.
    InBranch(String),
    /// At this address.
    Elsewhere(String),
}

impl Place {
    /// Reads the index of the branch.
    pub(super) fn state(&self, tip: Option<Tip>) -> Result<State, Problem> {
        let named = matches!(self.index_path.rsplit('.').next(), Some("yaml" | "yml" | "json"));
        let below = match self.index_path.as_str() {
            "" => index::FILE.to_owned(),
            path => format!("{path}/{}", index::FILE),
        };
        let missing = if named { self.index_path.clone() } else { below.clone() };
        let Some(tip) = tip else {
            return Ok(State { tip: None, index_path: missing, index: Ok(Index::empty()) });
        };
        let find = |path: &str| match path {
            "" => Ok(Some(Found::Folder)),
            path => self.remote.find(tip, path),
        };
        let (index_path, found) = match find(&self.index_path)? {
            Some(Found::Folder) => (below.clone(), find(&below)?),
            None => (missing, None),
            found => (self.index_path.clone(), found),
        };
        let index = match found {
            None => Ok(Index::empty()),
            Some(Found::File(blob)) => {
                Index::scan(self.remote.read(blob)?).map_err(|problem| self.in_index(&index_path, problem))
            }
            Some(Found::Folder | Found::Other) => Err(Problem::new("the index is no file")
                .in_file(format!("{}:{index_path}", self.branch))
                .next("check --pages-index-path")),
        };
        Ok(State { tip: Some(tip), index_path, index })
    }

    /// A problem of the index as one of this branch's.
    pub(super) fn in_index(&self, index_path: &str, mut problem: Problem) -> Problem {
        let line = problem.place.as_ref().and_then(|place| place.line);
        problem.place = Some(problem::Place { file: format!("{}:{index_path}", self.branch), line });
        problem
    }

    /// What the branch holds of one version.
    pub(super) fn held(&self, state: &State, is: &ChartVersion) -> Held {
        self.ask(state, is).unwrap_or_else(Held::Unknown)
    }

    fn ask(&self, state: &State, is: &ChartVersion) -> Result<Held, Problem> {
        let index = state.index.as_ref().map_err(Problem::clone)?;
        if let Some(entry) = index.get(is.name.as_str(), is.version.as_str()) {
            let url = entry.url.unwrap_or_default();
            let (attached, closed) = match self.lies(state, url) {
                Lies::InBranch(path) => {
                    (self.blob(state, &provenance(&path))?.map(|_| Kind::Provenance), false)
                }
                // What lies beside it is the affair of the channel that it lies in.
                Lies::Elsewhere(_) => (None, true),
            };
            return Ok(Held::Present(Holding {
                standing: Standing::Served,
                package: entry.digest,
                attached: attached.into_iter().collect(),
                closed,
                created: entry.created,
                reference: Reference::new(self.absolute(url), entry.digest),
            }));
        }
        // There are indexes that Helm reads and that nothing can be added to: a plan has to know.
        index.can_take(is.name.as_str()).map_err(|problem| self.in_index(&state.index_path, problem))?;
        let path = state.beside(&is.package_file());
        let Some(blob) = self.blob(state, &path)? else { return Ok(Held::Absent) };
        let digest = Digest::of(&self.remote.read(blob)?);
        let attached = self.blob(state, &provenance(&path))?.map(|_| Kind::Provenance);
        Ok(Held::Begun(Holding {
            standing: Standing::Placed,
            package: Some(digest),
            attached: attached.into_iter().collect(),
            closed: false,
            created: None,
            reference: self.reference(is, digest),
        }))
    }

    /// Where people find the package of a version that lies beside the index.
    pub(super) fn reference(&self, is: &ChartVersion, digest: Digest) -> Reference {
        let url = self.absolute(&index::relative_url(&is.package_file()));
        Reference::new(url, Some(digest))
    }

    /// The file at this path of the branch.
    pub(super) fn blob(&self, state: &State, path: &str) -> Result<Option<Id>, Problem> {
        let Some(tip) = state.tip else { return Ok(None) };
        match self.remote.find(tip, path)? {
            Some(Found::File(blob)) => Ok(Some(blob)),
            None => Ok(None),
            Some(Found::Folder | Found::Other) => {
                Err(Problem::new("the name of a package is taken by something that is no file")
                    .in_file(format!("{}:{path}", self.branch))
                    .next("move it out of the branch"))
            }
        }
    }

    /// The bytes of a package in the branch, and of its provenance.
    pub(super) fn read_package(
        &self,
        state: &State,
        path: &str,
    ) -> Result<Option<(Bytes, Option<Bytes>)>, Problem> {
        let Some(blob) = self.blob(state, path)? else { return Ok(None) };
        let beside = self.blob(state, &provenance(path))?.map(|blob| self.remote.read(blob)).transpose()?;
        Ok(Some((self.remote.read(blob)?, beside)))
    }

    /// Where the package that an entry names is.
    pub(super) fn lies(&self, state: &State, url: &str) -> Lies {
        let own = self.url.as_deref().and_then(|own| url.strip_prefix(own)?.strip_prefix('/'));
        let relative = own.unwrap_or(url);
        match state.inside(relative) {
            Some(path) => Lies::InBranch(path),
            None => Lies::Elsewhere(self.absolute(url)),
        }
    }

    /// An entry's URL as people need it, where it is known where the index is served.
    pub(super) fn absolute(&self, url: &str) -> String {
        let Some(own) = self.url.as_deref().filter(|_| !has_scheme(url)) else { return url.to_owned() };
        let (scheme, rest) = own.split_once("://").unwrap_or(("https", own));
        if url.starts_with("//") {
            return format!("{scheme}:{url}");
        }
        if url.starts_with('/') {
            let host = rest.split('/').next().unwrap_or_default();
            return format!("{scheme}://{host}{url}");
        }
        format!("{own}/{}", url.strip_prefix("./").unwrap_or(url))
    }
}

impl State {
    /// The path of a file that lies beside the index.
    pub(super) fn beside(&self, file: &str) -> String {
        match self.index_path.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{file}"),
            None => file.to_owned(),
        }
    }

    /// The path in the branch that a relative URL of the index leads to.
    fn inside(&self, url: &str) -> Option<String> {
        if url.is_empty() || has_scheme(url) || url.starts_with('/') || url.contains(['?', '#', '\\']) {
            return None;
        }
        let decoded = percent_decode_str(url).decode_utf8().ok()?;
        let path = self.beside(&decoded);
        let mut parts = Vec::new();
        for part in path.split('/') {
            match part {
                "" => return None,
                "." => {}
                ".." => {
                    parts.pop()?;
                }
                part => parts.push(part),
            }
        }
        Some(parts.join("/"))
    }
}

/// The path of the provenance of the package at this path.
pub(super) fn provenance(path: &str) -> String {
    format!("{path}.prov")
}

fn has_scheme(url: &str) -> bool {
    let scheme = url.split(['/', '?', '#']).next().unwrap_or_default().split_once(':');
    scheme.is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}
