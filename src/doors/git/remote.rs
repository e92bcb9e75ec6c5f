//! One branch of a repository elsewhere: fetched without its history, added to by commits, pushed without force.
//!
//! Everything here blocks, and asks the runtime of the thread that it is called on: call it by `away::blocking`. The
//! objects lie in a bare repository of our own that goes with the [`Remote`].

use super::{
    Id,
    transport::{self, Broken, Ended, Way, one_line},
};
use crate::{
    doors::{http, patience::Fault},
    problem::Problem,
    secret::Secret,
};
use bytes::Bytes;
use git2::{
    AutotagOption, Direction, Error, ErrorClass, ErrorCode, FetchOptions, FileMode, ObjectType, PushOptions,
    RemoteCallbacks, Repository, Signature, Time, build::TreeUpdateBuilder,
};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use tempfile::TempDir;

/// How a repository is reached.
#[derive(Clone, Debug)]
pub struct Access {
    /// `https://…`, `ssh://…`, `git@host:path`, `file://…` or a path.
    pub address: String,
    /// Who we are, for https.
    pub token: Option<Secret>,
    /// What is called instead of `ssh`, as `GIT_SSH_COMMAND` has it.
    pub ssh: Option<String>,
    /// How calls are made.
    pub http: http::Settings,
}

/// What is called instead of `ssh`: `GIT_SSH_COMMAND`.
pub fn ssh_command() -> Option<String> {
    std::env::var("GIT_SSH_COMMAND").ok().filter(|command| !command.trim().is_empty())
}

/// One branch of a repository elsewhere.
#[derive(Debug)]
pub struct Remote {
    way: Arc<Way>,
    branch: String,
    /// Our own objects; made when they are first needed.
    objects: Mutex<Option<TempDir>>,
}

/// The commit that a branch points to, or will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The commit.
    pub id: Id,
    /// Its files.
    pub tree: Id,
    /// Committer time, in seconds since 1970.
    pub time: i64,
}

/// What a path of a branch leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A file, and its blob.
    File(Id),
    /// A folder.
    Folder,
    /// A link, or another repository.
    Other,
}

/// A commit that is to be made.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// The files that it adds or replaces, by their paths with `/`.
    pub files: Vec<(String, Id)>,
    /// The message, sign-off included.
    pub message: String,
    /// Who commits: name and address.
    pub author: (&'a str, &'a str),
    /// When, in seconds since 1970, UTC.
    pub time: i64,
}

/// Why the branch does not point to what was pushed.
#[derive(Clone, Debug)]
pub enum Rejection {
    /// It moved since it was fetched: somebody was faster.
    Moved,
    /// Rules of the repository, or a hook, refuse it.
    Protected(Problem),
    /// We may not push there.
    Forbidden(Problem),
    /// It may point there: the answer did not come.
    Unsure(Fault),
    /// Something else.
    Failed(Fault),
}

impl Remote {
    /// The branch of this name. Nothing is called yet.
    ///
    /// # Errors
    /// The address or the branch is none.
    pub fn new(access: Access, branch: &str) -> Result<Self, Problem> {
        let way = Way::to(&access.address, access.token, access.ssh, &access.http)?;
        if !git2::Reference::is_valid_name(&format!("refs/heads/{branch}")) {
            return Err(
                Problem::new(format!("`{branch}` is no name of a branch")).next("check --pages-branch")
            );
        }
        Ok(Self { way: Arc::new(way), branch: branch.to_owned(), objects: Mutex::default() })
    }

    /// The address, without user and password.
    pub fn shown(&self) -> &str {
        self.way.shown()
    }

    /// The commit that the branch points to, with its files; `None` where there is no such branch.
    ///
    /// # Errors
    /// The repository does not answer.
    pub fn fetch(&self) -> Result<Option<Tip>, Fault> {
        let repository = self.open()?;
        let kept = format!("refs/heads/{}", self.branch);
        let fetched = transport::during(&self.way, || {
            let mut remote = repository.remote_anonymous(transport::URL)?;
            remote.connect(Direction::Fetch)?;
            let head = remote.list()?.iter().find(|head| head.name() == kept).map(git2::RemoteHead::oid);
            if let Some(id) = head
                && repository.find_commit(id).is_err()
            {
                let mut options = FetchOptions::new();
                options.depth(1).download_tags(AutotagOption::None).update_fetchhead(false);
                remote.download(&[format!("+{kept}:{kept}")], Some(&mut options))?;
                repository.find_commit(id)?;
            }
            remote.disconnect()?;
            Ok(head)
        });
        let head = fetched.map_err(|why| self.explained("fetching", why).fault)?;
        let Some(id) = head else { return Ok(None) };
        // The next fetch can say what is here already.
        repository.reference(&kept, id, true, "").map_err(|error| ours("keeping the branch", &error))?;
        Ok(Some(tip(&repository, id)?))
    }

    /// What this path leads to.
    ///
    /// # Errors
    /// Our objects cannot be read.
    pub fn find(&self, tip: Tip, path: &str) -> Result<Option<Found>, Problem> {
        let repository = self.open()?;
        let tree = repository.find_tree(tip.tree.0).map_err(|error| ours("reading a tree", &error))?;
        match tree.get_path(Path::new(path)) {
            Ok(entry) => Ok(Some(match (entry.kind(), entry.filemode()) {
                (Some(ObjectType::Tree), _) => Found::Folder,
                (Some(ObjectType::Blob), mode) if mode != i32::from(FileMode::Link) => {
                    Found::File(Id(entry.id()))
                }
                _ => Found::Other,
            })),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(ours(&format!("looking for {path}"), &error)),
        }
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// Our objects cannot be read.
    pub fn read(&self, blob: Id) -> Result<Bytes, Problem> {
        let repository = self.open()?;
        let blob = repository.find_blob(blob.0).map_err(|error| ours("reading a file", &error))?;
        Ok(Bytes::copy_from_slice(blob.content()))
    }

    /// Keeps bytes for a commit to come. Nothing is sent.
    ///
    /// # Errors
    /// Our objects cannot be written.
    pub fn keep(&self, bytes: &[u8]) -> Result<Id, Problem> {
        self.open()?.blob(bytes).map(Id).map_err(|error| ours("keeping a file", &error))
    }

    /// Makes a commit upon this one, or a first one. Files that it does not name stay as they are, and a file that it
    /// replaces stays executable if it was. Nothing is sent.
    ///
    /// # Errors
    /// The author has no name or address that git takes; our objects cannot be written.
    pub fn commit(&self, upon: Option<Tip>, change: &Change<'_>) -> Result<Tip, Problem> {
        let repository = self.open()?;
        let told = |error: Error| ours("making a commit", &error);
        let parent = upon.map(|tip| repository.find_commit(tip.id.0)).transpose().map_err(told)?;
        let base = match &parent {
            Some(commit) => commit.tree().map_err(told)?,
            None => {
                let empty = repository.treebuilder(None).and_then(|builder| builder.write()).map_err(told)?;
                repository.find_tree(empty).map_err(told)?
            }
        };
        let mut update = TreeUpdateBuilder::new();
        for (path, blob) in &change.files {
            let executable = base
                .get_path(Path::new(path))
                .is_ok_and(|entry| entry.filemode() == i32::from(FileMode::BlobExecutable));
            let mode = if executable { FileMode::BlobExecutable } else { FileMode::Blob };
            update.upsert(path.as_str(), blob.0, mode);
        }
        let tree = update.create_updated(&repository, &base).map_err(told)?;
        let tree = repository.find_tree(tree).map_err(told)?;
        let (name, email) = change.author;
        let author = Signature::new(name, email, &Time::new(change.time, 0)).map_err(|error| {
            let what = format!("git takes no commits by `{name} <{email}>`: {}", error.message());
            Problem::new(what).next("name another author with --commit-author \"Name <email>\"")
        })?;
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        let id = repository.commit(None, &author, &author, &change.message, &tree, &parents).map_err(told)?;
        tip(&repository, id)
    }

    /// Whether the branch could be pushed to, as far as the repository tells without a push.
    ///
    /// # Errors
    /// We may not, or the repository does not answer.
    pub fn may_push(&self) -> Result<(), Fault> {
        let repository = self.open()?;
        let asked = transport::during(&self.way, || {
            let mut remote = repository.remote_anonymous(transport::URL)?;
            remote.connect(Direction::Push)?;
            remote.disconnect()
        });
        asked.map_err(|why| self.explained("asking to push", why).fault)
    }

    /// Makes the branch point to this commit, if it still points to the commit before it.
    ///
    /// # Errors
    /// It does not, or may not.
    pub fn push(&self, commit: Tip) -> Result<(), Rejection> {
        let repository = self.open().map_err(|problem| Rejection::Failed(problem.into()))?;
        let mut said = Vec::new();
        let mut refused = None;
        let mut accepted = false;
        let pushed = transport::during(&self.way, || {
            let mut callbacks = RemoteCallbacks::new();
            callbacks.sideband_progress(|text| {
                said.extend_from_slice(text);
                true
            });
            callbacks.push_update_reference(|_, status| {
                match status {
                    Some(status) => refused = Some(status.to_owned()),
                    None => accepted = true,
                }
                Ok(())
            });
            let mut options = PushOptions::new();
            options.remote_callbacks(callbacks);
            let mut remote = repository.remote_anonymous(transport::URL)?;
            let spec = format!("{}:refs/heads/{}", commit.id, self.branch);
            remote.push(&[spec], Some(&mut options))
        });
        match pushed {
            // What the server says of the branch counts, whatever broke behind it.
            _ if accepted => {
                let kept = format!("refs/heads/{}", self.branch);
                // Without it the next fetch would only bring more.
                let _ = repository.reference(&kept, commit.id.0, true, "");
                Ok(())
            }
            _ if refused.is_some() => {
                let status = refused.unwrap_or_default();
                Err(self.refused(&status, &String::from_utf8_lossy(&said)))
            }
            Ok(()) => {
                let problem = Problem::new(format!("{} did not say whether it took the push", self.shown()));
                Err(Rejection::Unsure(Fault::passing(problem)))
            }
            Err(why) if why.error.code() == ErrorCode::NotFastForward => Err(Rejection::Moved),
            Err(why) => {
                let text = why.error.message().to_owned();
                let ended = self.explained("pushing", why);
                Err(match ended.fault {
                    _ if lost_race(&text) => Rejection::Moved,
                    fault if ended.unsure => Rejection::Unsure(fault),
                    Fault::Lasting(problem) if ended.forbidden => Rejection::Forbidden(problem),
                    fault => Rejection::Failed(fault),
                })
            }
        }
    }

    /// What the server says of the branch that it did not move.
    fn refused(&self, status: &str, said: &str) -> Rejection {
        if lost_race(status) {
            return Rejection::Moved;
        }
        let said = one_line(&self.way.redacted(said));
        let status = one_line(&self.way.redacted(status));
        let said = if said.is_empty() { said } else { format!(" ({said})") };
        let what = format!("{} refuses the push to {}: {status}{said}", self.shown(), self.branch);
        Rejection::Protected(Problem::new(what).next(format!(
            "allow the token's user to push to {}, or name another branch with --pages-branch",
            self.branch
        )))
    }

    /// Why a call ended: what the transport saw, else what the other program said, else what libgit2 says.
    fn explained(&self, doing: &str, Broken { error, ended, told }: Broken) -> Ended {
        if let Some(ended) = ended {
            return *ended;
        }
        let told = one_line(&told);
        let text = if told.is_empty() { one_line(error.message()) } else { told.clone() };
        let text = self.way.redacted(&text);
        let problem = Problem::new(format!("{doing} {} of {}: {text}", self.branch, self.shown()));
        let lower = text.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let forbidden =
            says(&["permission denied", "permission to", "access denied", "not authorized", "read-only"]);
        if forbidden || says(&["host key verification failed", "does not appear to be a git", "not found"]) {
            let next = "check --pages-remote, and that the key or token may push there";
            return Ended { fault: Fault::Lasting(problem.next(next)), forbidden, unsure: false };
        }
        if says(&["dubious ownership"]) {
            let next = "the repository belongs to another user: `git config --global --add safe.directory <directory>`";
            return Ended { fault: Fault::Lasting(problem.next(next)), forbidden, unsure: false };
        }
        if told.is_empty()
            && matches!(
                error.class(),
                ErrorClass::Config | ErrorClass::Invalid | ErrorClass::Object | ErrorClass::Reference
            )
        {
            return Ended { fault: Fault::Lasting(problem), forbidden, unsure: false };
        }
        // An answer that ends too early, a connection that breaks: what was sent may have been taken.
        Ended { fault: Fault::passing(problem), forbidden: false, unsure: doing == "pushing" }
    }

    fn open(&self) -> Result<Repository, Problem> {
        let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        let told = |error: Error| ours("opening it", &error);
        if let Some(folder) = &*objects {
            return Repository::open(folder.path()).map_err(told);
        }
        let folder = tempfile::Builder::new().prefix("chart-release-").tempdir().map_err(|error| {
            Problem::new(format!("cannot make a temporary folder: {error}")).next("check TMPDIR and the disk")
        })?;
        let repository = Repository::init_bare(folder.path()).map_err(told)?;
        *objects = Some(folder);
        Ok(repository)
    }
}

/// Whether a server says in this way that the branch was changed by somebody else meanwhile.
fn lost_race(status: &str) -> bool {
    let status = status.to_lowercase();
    [
        "non-fast-forward",
        "fetch first",
        "failed to update ref",
        "cannot lock ref",
        "failed to lock",
        "already exists",
        "stale info",
    ]
    .iter()
    .any(|words| status.contains(words))
}

fn tip(repository: &Repository, id: git2::Oid) -> Result<Tip, Problem> {
    let commit = repository.find_commit(id).map_err(|error| ours("reading a commit", &error))?;
    Ok(Tip { id: Id(id), tree: Id(commit.tree_id()), time: commit.time().seconds() })
}

/// A failure of our own objects.
fn ours(doing: &str, error: &Error) -> Problem {
    Problem::new(format!("the temporary git repository of this run: {doing}: {}", error.message()))
        .next("check TMPDIR and the disk")
}
