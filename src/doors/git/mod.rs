//! The door to git: objects, history and the state of the working tree, as plain data; and a branch of a repository
//! elsewhere ([`remote`]). Only this folder names `git2`.
//!
//! Everything here blocks: call it from `spawn_blocking`. A [`Git`] is a name of a repository and may be kept and
//! shared; an [`Open`] is the repository itself, stays on its thread and lives for one piece of work.

mod over_http;
mod over_pipe;
pub mod remote;
mod transport;

use crate::problem::Problem;
use bytes::Bytes;
use git2::{ErrorCode, ObjectType, Oid, Repository, StatusOptions, TreeWalkMode, TreeWalkResult};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
    path::{Path, PathBuf},
};

/// What to do where history or objects are missing from a clone.
pub const FETCH_EVERYTHING: &str = "fetch the whole history: `fetch-depth: 0` and no `filter` for actions/checkout, \
     or `git fetch --unshallow`";

/// The id of a commit, a tree or a blob. Prints as lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(Oid);

/// A repository, by where it lies. Cheap to clone, free to cross threads.
#[derive(Clone, Debug)]
pub struct Git {
    directory: PathBuf,
    worktree: Option<PathBuf>,
}

/// A repository, open. Not `Sync`: it stays on the thread that opened it.
pub struct Open {
    repository: Repository,
    boundary: HashSet<Id>,
}

/// What is needed of a commit to walk on.
#[derive(Clone, Copy, Debug)]
pub struct Commit {
    /// The commit itself.
    pub id: Id,
    /// Its root tree.
    pub tree: Id,
    /// Committer time, in seconds since 1970.
    pub time: i64,
    /// What comes before it on the first-parent line.
    pub before: Before,
}

/// What comes before a commit on the first-parent line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// Its first parent.
    Parent(Id),
    /// Nothing: history begins here.
    Nothing,
    /// Something that this shallow clone does not have.
    NotFetched,
}

/// One entry of a tree.
#[derive(Clone, Debug)]
pub struct TreeEntry {
    /// The name as git has it: bytes, most often UTF-8.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: TreeKind,
    /// Of the tree, blob or (for a submodule) commit.
    pub id: Id,
}

/// What a tree's entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeKind {
    /// A blob, executable or not.
    File,
    /// A blob that holds the target of a symbolic link.
    Link,
    /// Another tree.
    Folder,
    /// A commit of another repository.
    Submodule,
}

/// What the working tree has at a path that the head commit does not have like that. An unknown folder may end in `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uncommitted {
    /// Git does not know it: untracked, or named by a `.gitignore`.
    Unknown,
    /// Git has it with other content, or it is staged only, or gone.
    Changed,
}

impl Git {
    /// Finds the repository that this directory lies in; a bare repository's own directory counts.
    ///
    /// # Errors
    /// No repository is there, or git refuses to open it.
    pub fn discover(directory: &Path) -> Result<Self, Problem> {
        let place = directory.display();
        let repository = Repository::discover(directory).map_err(|error| match error.code() {
            ErrorCode::NotFound => Problem::new(format!("{place} is not in a git repository"))
                .next("check it out first, or name its folder: --repository DIR"),
            _ => failed(&format!("opening the git repository of {place}"), &error),
        })?;
        Ok(Self {
            directory: repository.path().to_owned(),
            worktree: repository.workdir().map(Path::to_owned),
        })
    }

    /// The root of the working tree; `None` for a bare repository.
    pub fn worktree(&self) -> Option<&Path> {
        self.worktree.as_deref()
    }

    /// Where git keeps its own files: the root of a bare repository.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Opens the repository, for one piece of work on this thread.
    ///
    /// # Errors
    /// It is gone, or is written in a way that libgit2 cannot read.
    pub fn open(&self) -> Result<Open, Problem> {
        let repository = Repository::open(&self.directory)
            .map_err(|error| failed(&format!("opening {}", self.directory.display()), &error))?;
        let boundary = if repository.is_shallow() { boundary(&repository)? } else { HashSet::new() };
        Ok(Open { repository, boundary })
    }
}

impl Open {
    /// The commit that `HEAD` names; `None` on a branch without a commit.
    ///
    /// # Errors
    /// `HEAD` cannot be read.
    pub fn head(&self) -> Result<Option<Id>, Problem> {
        let head = match self.repository.head() {
            Ok(head) => head,
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => {
                return Ok(None);
            }
            Err(error) => return Err(failed("reading HEAD", &error)),
        };
        let commit = head.peel_to_commit().map_err(|error| missing("the commit of HEAD", &error))?;
        Ok(Some(Id(commit.id())))
    }

    /// Whether this is a shallow clone.
    pub fn is_shallow(&self) -> bool {
        !self.boundary.is_empty()
    }

    /// The oldest commits of a shallow clone: their parents were not fetched. Empty for a whole clone.
    pub fn boundary(&self) -> &HashSet<Id> {
        &self.boundary
    }

    /// The commit that a branch, tag or (part of an) id names.
    ///
    /// # Errors
    /// This clone has no such commit, or the name is ambiguous or names something else.
    pub fn resolve(&self, name: &str) -> Result<Id, Problem> {
        // libgit2 takes a whole id on trust, and lets the peeling find out that the object is missing.
        let error = match self.repository.revparse_single(name).and_then(|object| object.peel_to_commit()) {
            Ok(commit) => return Ok(Id(commit.id())),
            Err(error) => error,
        };
        Err(match error.code() {
            ErrorCode::NotFound => Problem::new(format!(
                "`{name}` is not a commit, branch or tag of this clone"
            ))
            .next(if self.is_shallow() {
                FETCH_EVERYTHING
            } else {
                "name one that it has, such as `origin/main`; a force push may have removed this one"
            }),
            ErrorCode::Ambiguous => Problem::new(format!("`{name}` may stand for more than one commit"))
                .next("name the commit with more digits, or a branch or tag"),
            ErrorCode::InvalidSpec | ErrorCode::Peel => {
                Problem::new(format!("`{name}` is not a commit, branch or tag"))
                    .next("name one, such as `origin/main`, `v1.0.0` or `HEAD~1`")
            }
            _ => failed(&format!("finding the commit `{name}`"), &error),
        })
    }

    /// Whether this clone has the commit with this whole id.
    pub fn has_commit(&self, id: &str) -> bool {
        Oid::from_str(id).is_ok_and(|id| self.repository.find_commit(id).is_ok())
    }

    /// The first branch of `origin`, as it was fetched, that is meant and has this commit. With it, whether the clone
    /// has any branch that is meant.
    ///
    /// # Errors
    /// The branches cannot be read.
    pub fn branch_with(
        &self,
        commit: Id,
        is_meant: &dyn Fn(&str) -> bool,
    ) -> Result<(Option<String>, bool), Problem> {
        let told = |error: &git2::Error| failed("reading the branches of origin", error);
        let mut any = false;
        let branches =
            self.repository.references_glob("refs/remotes/origin/*").map_err(|error| told(&error))?;
        for branch in branches {
            let branch = branch.map_err(|error| told(&error))?;
            // A name that is not text is none that somebody wrote down. What origin's HEAD is has a name of its own.
            let name = branch.name().ok().and_then(|name| name.strip_prefix("refs/remotes/origin/"));
            let Some(name) = name.filter(|name| *name != "HEAD" && is_meant(name)) else { continue };
            any = true;
            let Some(tip) = branch.target() else { continue };
            let has = tip == commit.0
                || self.repository.graph_descendant_of(tip, commit.0).map_err(|error| told(&error))?;
            if has {
                return Ok((Some(name.to_owned()), any));
            }
        }
        Ok((None, any))
    }

    /// A commit's facts.
    ///
    /// # Errors
    /// The clone does not have it.
    pub fn commit(&self, id: Id) -> Result<Commit, Problem> {
        let commit = self.repository.find_commit(id.0).map_err(|e| missing(&format!("commit {id}"), &e))?;
        let before = if self.boundary.contains(&id) {
            Before::NotFetched
        } else {
            commit.parent_id(0).map_or(Before::Nothing, |parent| Before::Parent(Id(parent)))
        };
        Ok(Commit { id, tree: Id(commit.tree_id()), time: commit.time().seconds(), before })
    }

    /// The parents of a commit, as far as this clone knows them: the oldest commits of a shallow one have none.
    ///
    /// # Errors
    /// The clone does not have it.
    pub fn parents(&self, id: Id) -> Result<Vec<Id>, Problem> {
        let commit = self.repository.find_commit(id.0).map_err(|e| missing(&format!("commit {id}"), &e))?;
        Ok(commit.parent_ids().map(Id).collect())
    }

    /// The best commit that both have in their history, or are; `None` where this clone has none.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn merge_base(&self, one: Id, other: Id) -> Result<Option<Id>, Problem> {
        match self.repository.merge_base(one.0, other.0) {
            Ok(id) => Ok(Some(Id(id))),
            // Also what libgit2 says where a shallow clone ends.
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(failed(&format!("finding where {one} and {other} parted"), &error)),
        }
    }

    /// The commits of `since..head`, over all parents.
    ///
    /// # Errors
    /// A commit between them cannot be read.
    pub fn between(&self, since: Id, head: Id) -> Result<HashSet<Id>, Problem> {
        let told = |error: &git2::Error| failed(&format!("listing the commits {since}..{head}"), error);
        let mut walk = self.repository.revwalk().map_err(|error| told(&error))?;
        walk.push(head.0).and_then(|()| walk.hide(since.0)).map_err(|error| told(&error))?;
        walk.map(|id| id.map(Id).map_err(|error| told(&error))).collect()
    }

    /// What is directly in a tree, in git's order.
    ///
    /// # Errors
    /// The clone does not have it.
    pub fn tree(&self, id: Id) -> Result<Vec<TreeEntry>, Problem> {
        let tree = self.repository.find_tree(id.0).map_err(|error| missing(&format!("tree {id}"), &error))?;
        Ok(tree
            .iter()
            .map(|entry| TreeEntry {
                name: entry.name_bytes().to_owned(),
                kind: kind(entry.kind(), entry.filemode()),
                id: Id(entry.id()),
            })
            .collect())
    }

    /// The size of a blob in bytes, without reading it.
    ///
    /// # Errors
    /// The clone does not have it.
    pub fn blob_size(&self, id: Id) -> Result<u64, Problem> {
        let header = self.repository.odb().and_then(|odb| odb.read_header(id.0));
        let (size, _) = header.map_err(|error| missing(&format!("file {id}"), &error))?;
        Ok(size as u64)
    }

    /// The bytes of a blob.
    ///
    /// # Errors
    /// The clone does not have it (a clone with `filter: blob:none` has few).
    pub fn blob(&self, id: Id) -> Result<Bytes, Problem> {
        let blob = self.repository.find_blob(id.0).map_err(|error| missing(&format!("file {id}"), &error))?;
        Ok(Bytes::copy_from_slice(blob.content()))
    }

    /// The paths of the submodules of a commit's tree, as bytes.
    ///
    /// # Errors
    /// A tree cannot be read.
    pub fn submodules(&self, tree: Id) -> Result<BTreeSet<Vec<u8>>, Problem> {
        let root =
            self.repository.find_tree(tree.0).map_err(|error| missing(&format!("tree {tree}"), &error))?;
        let mut found = BTreeSet::new();
        root.walk(TreeWalkMode::PreOrder, |folder, entry| {
            if entry.kind() == Some(ObjectType::Commit) {
                found.insert([folder.as_bytes(), entry.name_bytes()].concat());
            }
            TreeWalkResult::Ok
        })
        .map_err(|error| missing(&format!("a tree below {tree}"), &error))?;
        Ok(found)
    }

    /// Whether the working tree can be compared with anything at all.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn can_compare(&self) -> Result<(), Problem> {
        // What libgit2 says of a damaged index is that the file no longer exists.
        self.repository.index().map(drop).map_err(|_| {
            Problem::new("git's index cannot be read")
                .next("see what `git status` says; `git reset` writes an index that was removed anew")
        })
    }

    /// What lies in the working tree below these paths (files or folders; `""` is everything) and is not what the
    /// head commit has there. Of everything, a folder that git does not know is told once, with a `/` at its end.
    ///
    /// # Errors
    /// The index or the working tree cannot be read.
    pub fn uncommitted<'a>(
        &self,
        paths: impl IntoIterator<Item = &'a str>,
    ) -> Result<BTreeMap<Vec<u8>, Uncommitted>, Problem> {
        let mut options = StatusOptions::new();
        // Without going into unknown folders, libgit2 tells nothing of a path below one.
        options
            .include_untracked(true)
            .recurse_untracked_dirs(true)
            .include_ignored(true)
            .recurse_ignored_dirs(true)
            .disable_pathspec_match(true);
        let mut nothing_asked = true;
        let mut everything = false;
        for path in paths {
            nothing_asked = false;
            everything |= path.is_empty();
            if !everything {
                options.pathspec(path);
            }
        }
        if nothing_asked {
            return Ok(BTreeMap::new());
        }
        if everything {
            // No pathspec matches all, so the ones given above must go. What is unknown may be large, so it is only named.
            options = StatusOptions::new();
            options.include_untracked(true).include_ignored(true);
        }
        let statuses = self.repository.statuses(Some(&mut options)).map_err(|error| {
            let next = match error.code() {
                ErrorCode::NotFound => FETCH_EVERYTHING,
                _ => "see that every file there can be read, and what `git status` says",
            };
            failed("comparing the working tree with git", &error).next(next)
        })?;
        Ok(statuses
            .iter()
            .filter(|entry| entry.status() != git2::Status::CURRENT)
            .map(|entry| {
                let unknown = entry.status().intersects(git2::Status::WT_NEW | git2::Status::IGNORED);
                let state = if unknown { Uncommitted::Unknown } else { Uncommitted::Changed };
                (entry.path_bytes().to_owned(), state)
            })
            .collect())
    }

    /// Where `origin` is, without the user and password that its URL may hold; `None` without such a remote.
    pub fn origin(&self) -> Option<String> {
        let remote = self.repository.find_remote("origin").ok()?;
        remote.url().ok().map(without_credentials)
    }

    /// Who commits here: `user.name` and `user.email` of git's configuration, when both are set.
    pub fn person(&self) -> Option<(String, String)> {
        let configuration = self.repository.config().ok()?.snapshot().ok()?;
        let set = |key| {
            let value = configuration.get_str(key).ok()?.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        Some((set("user.name")?, set("user.email")?))
    }
}

/// `https://user:token@host/path` → `https://host/path`. `git@host:path` has no secret and stays.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority_ends = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_ends);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// Reads the ids of a shallow clone's oldest commits.
fn boundary(repository: &Repository) -> Result<HashSet<Id>, Problem> {
    let file = repository.commondir().join("shallow");
    let text = std::fs::read_to_string(&file)
        .map_err(|error| Problem::new(format!("reading {}: {error}", file.display())))?;
    text.lines()
        .map(|line| {
            let id = Oid::from_str(line.trim());
            id.map(Id).map_err(|error| failed(&format!("reading {}", file.display()), &error))
        })
        .collect()
}

fn kind(kind: Option<ObjectType>, mode: i32) -> TreeKind {
    match kind {
        Some(ObjectType::Tree) => TreeKind::Folder,
        Some(ObjectType::Commit) => TreeKind::Submodule,
        _ if mode == i32::from(git2::FileMode::Link) => TreeKind::Link,
        _ => TreeKind::File,
    }
}

/// An object that a partial or shallow clone may lack.
fn missing(what: &str, error: &git2::Error) -> Problem {
    match error.code() {
        ErrorCode::NotFound => {
            Problem::new(format!("this clone does not have {what}")).next(FETCH_EVERYTHING)
        }
        _ => failed(&format!("reading {what}"), error),
    }
}

/// Whether a problem is that the clone lacks an object, and not that there is something wrong with a chart.
pub fn is_missing(problem: &Problem) -> bool {
    problem.next.as_deref() == Some(FETCH_EVERYTHING)
}

fn failed(doing: &str, error: &git2::Error) -> Problem {
    let problem = Problem::new(format!("{doing}: {}", error.message()));
    match error.code() {
        ErrorCode::Owner => problem.next(
            "the repository belongs to another user: `git config --global --add safe.directory <directory>`",
        ),
        _ => problem.next("see what `git status` and `git fsck` say of the repository"),
    }
}

impl Id {
    /// The first digits, as people write an id.
    pub fn short(&self) -> String {
        self.to_string().chars().take(10).collect()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn an_origin_never_shows_its_credentials() {
        for (url, shown) in [
            ("https://github.com/acme/charts.git", "https://github.com/acme/charts.git"),
            ("https://x-access-token:secret@github.com/acme/charts", "https://github.com/acme/charts"),
            ("https://u:p@ss@host:8443/a@b", "https://host:8443/a@b"),
            ("git@github.com:acme/charts.git", "git@github.com:acme/charts.git"),
            ("/srv/git/charts.git", "/srv/git/charts.git"),
        ] {
            assert_eq!(without_credentials(url), shown);
        }
    }
}
