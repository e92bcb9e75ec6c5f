//! The repository: its charts as they are now, what its history introduced, and their files.

mod base;
mod beside;
mod compared;
mod history;
mod links;
mod packaged;
mod search;
mod state;
mod survey;
mod view;

pub use base::{Base, BaseFound};
pub use compared::{Before, Compared};

use crate::{
    changes::{Earlier, Origin, Selection, Survey},
    charts::{ChartName, Files, find::Roots},
    doors::{
        away,
        git::{Git, Open},
    },
    problem::Problem,
};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use view::{CommitView, Commits, Folder, View as _, WorkingTree};

/// Where charts lie in the repository, and what must not come into a package.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Patterns of the folders that charts are looked for under. How they are read: [`Roots`].
    pub charts: Vec<String>,
    /// Patterns of folders that are no charts.
    pub exclude: Vec<String>,
    /// Patterns of files, from the repository root, that a step generates and git need not have. Only a chart at the
    /// repository root asks. `*` stays inside one path component, `**` does not.
    pub generated: Vec<String>,
    /// Files and folders that this program writes: never packaged, never searched. Relative ones are relative to the
    /// directory that the repository was opened from.
    pub own_outputs: Vec<PathBuf>,
    /// A commit to take for the head, with its files as the current ones; the working tree is not looked at.
    pub head: Option<String>,
}

/// A git repository with charts. Cheap to clone. Its methods do their work off the async threads.
#[derive(Clone)]
pub struct Repo(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    git: Git,
    /// The root of the checkout, canonical; `None` where commits are all there is.
    worktree: Option<PathBuf>,
    roots: Roots,
    generated: GlobSet,
    own_outputs: Vec<String>,
    head: Option<String>,
    memory: Arc<Mutex<search::Memory>>,
}

/// What git says of the repository as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The head commit in hex; `None` on a branch without a commit.
    pub head: Option<String>,
    /// The committer time of the head commit, in seconds since 1970.
    pub head_time: Option<i64>,
    /// Whether the clone lacks older commits.
    pub is_shallow: bool,
    /// The URL of `origin`, without credentials.
    pub origin: Option<String>,
    /// Who commits here, as name and address: `user.name` and `user.email` of git's configuration, when both are set.
    pub person: Option<(String, String)>,
    /// The root of the checkout; `None` for a bare repository.
    pub worktree: Option<PathBuf>,
}

/// Why there is no survey.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSurvey {
    /// The selection names what is not there: a chart, a version, a commit. Nothing is wrong with the repository.
    #[error("{0}")]
    NotThere(Problem),
    /// The repository cannot be read, or the chart that is named.
    #[error("{0}")]
    Unreadable(Problem),
}

impl From<Problem> for NoSurvey {
    fn from(problem: Problem) -> Self {
        Self::Unreadable(problem)
    }
}

impl NoSurvey {
    /// What went wrong, in either case.
    pub fn into_problem(self) -> Problem {
        match self {
            Self::NotThere(problem) | Self::Unreadable(problem) => problem,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            charts: vec!["charts".to_owned()],
            exclude: Vec::new(),
            generated: Vec::new(),
            own_outputs: Vec::new(),
            head: None,
        }
    }
}

/// A clone that is asked before anything is read of it. Blocks for a moment.
pub struct Checkout(Open);

/// Whether the head commit is in a branch of `origin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InBranch {
    /// It is in this one.
    Yes(String),
    /// The branches that are meant do not have it.
    No,
    /// The clone lacks the branches, or their history.
    Unknown,
}

impl Checkout {
    /// The head commit in hex, where there is one.
    pub fn head(&self) -> Option<String> {
        Some(self.0.head().ok()??.to_string())
    }

    /// The parents of the head commit in hex, as far as the clone knows them.
    pub fn parents(&self) -> Vec<String> {
        let parents = self.0.head().ok().flatten().and_then(|head| self.0.parents(head).ok());
        parents.unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    /// The URL of `origin`, without credentials.
    pub fn origin(&self) -> Option<String> {
        self.0.origin()
    }

    /// Whether the clone has the commit with this whole id.
    pub fn has(&self, commit: &str) -> bool {
        self.0.has_commit(commit)
    }

    /// Whether the head commit is in a branch of `origin`, as it was fetched, whose name is meant.
    ///
    /// # Errors
    /// The repository cannot be read.
    pub fn head_is_in(&self, is_meant: &dyn Fn(&str) -> bool) -> Result<InBranch, Problem> {
        let Some(head) = self.0.head()? else { return Ok(InBranch::No) };
        Ok(match self.0.branch_with(head, is_meant)? {
            (Some(branch), _) => InBranch::Yes(branch),
            (None, true) if !self.0.is_shallow() => InBranch::No,
            (None, _) => InBranch::Unknown,
        })
    }
}

impl Repo {
    /// Finds the repository that this directory lies in. Blocks for a moment.
    ///
    /// # Errors
    /// No repository is there, or a pattern of the settings is none.
    pub fn open(directory: &Path, settings: &Settings) -> Result<Self, Problem> {
        let git = Git::discover(directory)?;
        let roots = Roots::new(&settings.charts, &settings.exclude)?;
        let generated = generated(&settings.generated)?;
        let worktree = git.worktree().filter(|_| settings.head.is_none()).map(real);
        let in_repository = |own: &PathBuf| {
            let own = real(&directory.join(own));
            let path = own.strip_prefix(worktree.as_ref()?).ok()?.to_str()?.replace('\\', "/");
            (!path.is_empty()).then_some(path)
        };
        Ok(Self(Arc::new(Inner {
            own_outputs: settings.own_outputs.iter().filter_map(in_repository).collect(),
            git,
            worktree,
            roots,
            generated,
            head: settings.head.clone(),
            memory: Arc::default(),
        })))
    }

    /// The root of the repository that this folder lies in: of its working tree, or of itself when it is bare. Blocks
    /// for a moment.
    ///
    /// # Errors
    /// There is no repository.
    pub fn root(folder: &Path) -> Result<PathBuf, Problem> {
        let git = Git::discover(folder)?;
        Ok(git.worktree().unwrap_or(git.directory()).to_owned())
    }

    /// What the clone that this folder lies in says of commits and branches, before anything else is known of it.
    ///
    /// # Errors
    /// There is no repository, or it cannot be read.
    pub fn checkout(folder: &Path) -> Result<Checkout, Problem> {
        Git::discover(folder)?.open().map(Checkout)
    }

    /// The same repository, with this commit for its head and its files as the current ones: as `head` in the
    /// settings. What was learnt of one head serves the others.
    #[must_use]
    pub fn at(&self, commit: &str) -> Self {
        Self(Arc::new(Inner { worktree: None, head: Some(commit.to_owned()), ..Inner::clone(&self.0) }))
    }

    /// What git says of the repository as a whole.
    ///
    /// # Errors
    /// The repository cannot be read.
    pub async fn facts(&self) -> Result<Facts, Problem> {
        self.blocking(|inner, git| {
            let head = inner.head(git)?.map(|id| git.commit(id)).transpose()?;
            Ok(Facts {
                head: head.map(|head| head.id.to_string()),
                head_time: head.map(|head| head.time),
                is_shallow: git.is_shallow(),
                origin: git.origin(),
                person: git.person(),
                worktree: inner.worktree.clone(),
            })
        })
        .await
    }

    /// Which chart versions are candidates. What stops single charts is in the answer.
    ///
    /// # Errors
    /// The selection names what is not there, or the repository cannot be read.
    pub async fn survey(&self, selection: Selection) -> Result<Survey, NoSurvey> {
        self.blocking(move |inner, git| survey::survey(inner, git, &mut inner.memory(), &selection)).await
    }

    /// What the history introduced of these charts before their current versions, newest first, by the rules of a
    /// sweep with `--since`; at most this many of each chart. Walks back until it has found them: ask only for a
    /// chart whose current version is not published.
    ///
    /// # Errors
    /// The repository cannot be read.
    pub async fn earlier(
        &self,
        charts: Vec<ChartName>,
        at_most: usize,
    ) -> Result<BTreeMap<ChartName, Vec<Earlier>>, Problem> {
        self.blocking(move |inner, git| survey::earlier(inner, git, &mut inner.memory(), &charts, at_most))
            .await
    }

    /// The commit that the head is compared with.
    ///
    /// # Errors
    /// What somebody named is not there, or the repository cannot be read.
    pub async fn base(&self, base: Base) -> Result<BaseFound, NoSurvey> {
        self.blocking(move |inner, git| base::base(inner, git, &base)).await
    }

    /// Every chart that can be read, by name and version, beside what it was in the commit `base`.
    ///
    /// # Errors
    /// The repository cannot be read.
    pub async fn compared(&self, base: Option<String>) -> Result<Vec<Compared>, Problem> {
        self.blocking(move |inner, git| compared::compared(inner, git, &mut inner.memory(), base.as_deref()))
            .await
    }

    /// The packaged files of a chart, and notices about them.
    ///
    /// # Errors
    /// The chart is not there, or has files that cannot be packaged: see `packaged`.
    pub async fn files(&self, origin: Origin) -> Result<(Files, Vec<Problem>), Problem> {
        self.blocking(move |inner, git| inner.files(git, &origin)).await
    }

    /// Where the chart is that another chart (`of`) means by a path: relative to its folder, or absolute where that lies in
    /// the checkout. In the same state of the repository; links are followed inside of it only.
    ///
    /// # Errors
    /// It leads out of the repository, or to no folder.
    pub async fn beside(&self, of: Origin, path: String) -> Result<Origin, Problem> {
        self.blocking(move |inner, git| inner.beside(git, &of, &path)).await
    }

    /// Runs a piece of work on a thread that may block, with the repository open.
    async fn blocking<T: Send + 'static, E: From<Problem> + Send + 'static>(
        &self,
        work: impl FnOnce(&Inner, &Open) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let inner = self.0.clone();
        away::blocking("reading the repository", move || work(&inner, &inner.git.open()?)).await
    }
}

impl Inner {
    fn memory(&self) -> MutexGuard<'_, search::Memory> {
        // What is remembered is true at every moment: a panic of another thread did no harm to it.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn head(&self, git: &Open) -> Result<Option<crate::doors::git::Id>, Problem> {
        let Some(name) = &self.head else { return git.head() };
        git.resolve(name).map(Some)
    }

    fn commits<'a>(&'a self, git: &'a Open) -> Commits<'a> {
        Commits { git, own_outputs: &self.own_outputs }
    }

    /// The checkout, where there is one.
    fn working_tree(&self, git: &Open) -> Result<Option<WorkingTree<'_>>, Problem> {
        let Some(root) = &self.worktree else { return Ok(None) };
        // Looking for submodules walks the whole tree of the head; without this file there is none to look for.
        let submodules = match root.join(".gitmodules").exists() {
            true => git.head()?.map(|head| git.submodules(git.commit(head)?.tree)).transpose()?,
            false => None,
        };
        let submodules = submodules.unwrap_or_default();
        Ok(Some(WorkingTree { root, own_outputs: &self.own_outputs, submodules }))
    }

    fn files(&self, git: &Open, origin: &Origin) -> Result<(Files, Vec<Problem>), Problem> {
        match origin {
            Origin::WorkingTree { path } => {
                let Some(view) = self.working_tree(git)? else {
                    return Err(Problem::new(format!(
                        "{path} is asked for from a working tree, and there is none"
                    )));
                };
                packaged::read(&view, &Folder { path: path.clone(), tree: None })
            }
            Origin::Commit { path, commit } => {
                let view = self.commits(git).view(git.commit(git.resolve(commit)?)?.tree);
                packaged::read(&view, &folder_at(&view, path)?)
            }
        }
    }
}

/// A folder of a commit's tree, by its path.
fn folder_at(view: &CommitView<'_>, path: &str) -> Result<Folder, Problem> {
    path.split('/').filter(|name| !name.is_empty()).try_fold(view.root(), |folder, name| {
        let entry = view.entry(&folder, name.as_bytes())?;
        let entry =
            entry.ok_or_else(|| Problem::new(format!("{path} is not in the commit that should have it")))?;
        Ok(entry.as_folder(&folder))
    })
}

fn generated(patterns: &[String]) -> Result<GlobSet, Problem> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build().map_err(|error| {
            Problem::new(format!("`{pattern}` is not a pattern for generated files: {}", error.kind()))
        })?;
        set.add(glob);
    }
    set.build().map_err(|error| Problem::new(format!("the patterns for generated files: {error}")))
}

/// The path without links and dots, as far as it exists.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => {
            real(if parent.as_os_str().is_empty() { Path::new(".") } else { parent }).join(name)
        }
        _ => path.to_owned(),
    }
}
