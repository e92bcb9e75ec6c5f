//! The charts that a chart depends on: which versions, from where, and into its `charts/`.

mod circle;
mod local;
mod once;
mod people;
mod places;

use crate::{
    changes::Origin,
    charts::{
        Arrival, ChartName, ChartVersion, Completed, Files, Request, Supply, Version, Wanted,
        find::CHART_YAML,
        repository::{Repository, shown_text},
    },
    doors::{away::blocking, credentials::Credentials, http},
    packages::DEFAULT_TIME,
    problem::Problem,
    repo::Repo,
};
use async_trait::async_trait;
use bytes::Bytes;
use circle::Waits;
use futures::{StreamExt, stream};
use places::Places;
use std::{collections::BTreeMap, path::PathBuf};

/// Dependencies of one chart that are fetched at once.
const AT_ONCE: usize = 8;

/// How the versions of dependencies are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Those of the lock, which must be there and fit the chart.
    Locked,
    /// The newest that the chart accepts, whatever a lock says.
    Update,
    /// Those that lie in `charts/`: nothing is fetched.
    Vendored,
}

/// What has to be known to fetch dependencies.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `None`: what lies in `charts/` and fits; else as the lock says; else, without a lock, the newest that will do.
    pub mode: Option<Mode>,
    /// Where downloaded packages are kept for later runs; `None` keeps none.
    pub cache: Option<PathBuf>,
    /// Who we are, by host (with its port where it has one), where the configuration says it. For the others the files
    /// of Helm and Docker are asked.
    pub logins: BTreeMap<String, Credentials>,
    /// Hosts that registries are spoken to by plain HTTP at.
    pub plain_http: Vec<String>,
    /// Where the files of Helm and Docker are, is said here.
    pub environment: BTreeMap<String, String>,
    /// How calls are made.
    pub http: http::Settings,
}

/// The charts of this run, which other charts of it may depend on before anybody can download them.
#[async_trait]
pub trait Siblings: Send + Sync {
    /// The versions of a chart that a repository (as a `Chart.yaml` names it) has, or will have, through this run. None for
    /// a repository that is no channel of the run.
    fn versions(&self, repository: &str, name: &ChartName) -> Vec<Version>;

    /// The package of one of these versions: what a channel holds, else ours.
    ///
    /// # Errors
    /// It cannot be had: then what depends on it cannot either.
    async fn package(&self, is: &ChartVersion) -> Result<Bytes, Problem>;
}

/// Nobody.
pub struct NoSiblings;

#[async_trait]
impl Siblings for NoSiblings {
    fn versions(&self, _: &str, _: &ChartName) -> Vec<Version> {
        Vec::new()
    }

    async fn package(&self, is: &ChartVersion) -> Result<Bytes, Problem> {
        Err(Problem::new(format!("{is} is not part of this run")))
    }
}

/// A chart's files with what it depends on.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    /// The files, with the packages of dependencies as `charts/NAME-VERSION.tgz`, and the lock that goes with them.
    pub files: Files,
    /// What of the package neither git nor a lock determines, by its path in the chart: a file (`Chart.lock`), or, with a `/`
    /// at the end, a folder (`charts/redis/`).
    pub undetermined: Vec<String>,
    /// Dependencies that are not among the files, because nobody was asked for them.
    pub lacking: Vec<ChartName>,
    /// What is worth knowing.
    pub notices: Vec<Problem>,
}

/// Finds and fetches dependencies. What was fetched for one chart serves the others.
pub struct Dependencies {
    mode: Option<Mode>,
    places: Places,
    waits: Waits,
}

impl Dependencies {
    /// With connections of its own. Fetches nothing yet.
    ///
    /// # Errors
    /// No certificates are there to trust.
    pub fn new(settings: Settings) -> Result<Self, Problem> {
        Ok(Self { mode: settings.mode, places: Places::new(settings)?, waits: Waits::default() })
    }

    /// The chart's files (`files`, as they are at `origin`) with everything that it depends on. Places in problems are
    /// paths from the repository root.
    ///
    /// # Errors
    /// A lock that does not fit, a version that nobody has, a repository that does not answer, a broken package.
    pub async fn bring(
        &self,
        repo: &Repo,
        origin: &Origin,
        files: Files,
        siblings: &dyn Siblings,
    ) -> Result<Brought, Problem> {
        self.complete(repo, origin, files, Some(siblings)).await
    }

    /// The same as far as it goes without asking anybody: what would have to be fetched is `lacking`, and `undetermined`.
    ///
    /// # Errors
    /// A lock that does not fit; what is wrong with a chart of this repository that is depended on.
    pub async fn at_hand(&self, repo: &Repo, origin: &Origin, files: Files) -> Result<Brought, Problem> {
        self.complete(repo, origin, files, None).await
    }

    /// The names that Helm has been told of, with their URLs: for [`crate::charts::lock_fits`].
    ///
    /// # Errors
    /// Helm's repositories.yaml cannot be read.
    pub async fn aliases(&self) -> Result<BTreeMap<String, String>, Problem> {
        self.places.people().aliases().await
    }

    /// `siblings` is `None` where nobody is to be asked.
    async fn complete(
        &self,
        repo: &Repo,
        origin: &Origin,
        files: Files,
        siblings: Option<&dyn Siblings>,
    ) -> Result<Brought, Problem> {
        // A chart that cannot be read is told by who packages it.
        if self.mode == Some(Mode::Vendored) || !files.0.contains_key(CHART_YAML) {
            return Ok(Brought { files, ..Brought::default() });
        }
        let folder = origin.path().to_owned();
        let read = {
            let files = files.clone();
            move || Wanted::of(&folder, &files)
        };
        let wanted = blocking("reading what a chart depends on", read).await?;
        if wanted.dependencies.is_empty() {
            return Ok(Brought { files, ..Brought::default() });
        }
        let known = match wanted.needs_aliases() {
            true => self.aliases().await?,
            false => BTreeMap::new(),
        };
        let aliases = |name: &str| known.get(name).cloned();
        let renews = self.mode == Some(Mode::Update);
        let supplies = match renews {
            true => wanted.anew(&aliases)?,
            false => {
                wanted.check_lock(&aliases)?;
                wanted.settled(&aliases)?
            }
        };
        if self.mode == Some(Mode::Locked) && !wanted.is_locked() {
            wanted.needs_lock(&supplies)?;
        }
        let mut notices = Vec::new();
        let bring = supplies.iter().map(|supply| async {
            match supply {
                Supply::Here { .. } => Ok((Arrival::Here, None)),
                Supply::Brought(request) => {
                    let found = match (&request.from, siblings) {
                        (Repository::Folder(path), _) => {
                            local::package(repo, origin, path, request, &wanted).await
                        }
                        (_, Some(siblings)) => {
                            self.fetch(&wanted, request, siblings).await.map(|it| (it, None))
                        }
                        (_, None) => Ok((Arrival::Lacking, None)),
                    };
                    found.map_err(|problem| wanted.at(request.item, problem))
                }
            }
        });
        // In a list first: an iterator that makes them cannot be sent between threads.
        let bring: Vec<_> = bring.collect();
        let brought = stream::iter(bring).buffered(AT_ONCE).collect::<Vec<Result<_, Problem>>>().await;
        let mut arrivals = Vec::new();
        for found in brought {
            let (arrival, told) = found?;
            arrivals.push(arrival);
            notices.extend(told);
        }
        notices.extend(self.places.trouble());
        let Completed { files, undetermined, lacking } =
            wanted.completed(files, &supplies, arrivals, renews, &aliases, DEFAULT_TIME)?;
        Ok(Brought { files, undetermined, lacking, notices })
    }

    /// A package from this run, where it has one that will do, or from the network.
    async fn fetch(
        &self,
        wanted: &Wanted,
        request: &Request,
        siblings: &dyn Siblings,
    ) -> Result<Arrival, Problem> {
        let here = siblings.versions(&request.repository, &request.name);
        let exact = request.exactly();
        // What is meant by its very text needs no list.
        let sibling =
            here.iter().find(|version| exact.as_ref() == Some(*version) && request.accepts(version));
        if let Some(version) = sibling {
            return self.sibling(wanted, request, version, siblings).await;
        }
        let offers = match self.places.offers(request).await {
            // There are registries that refuse whoever asks for what is not there yet, and the run has what will do.
            Err(problem) if !problem.passing && here.iter().any(|version| request.accepts(version)) => {
                tracing::debug!("{}", problem.what);
                None
            }
            other => other?,
        };
        if offers.is_none() && here.is_empty() {
            return Err(Problem::new(format!("there is no repository at {}", told(request)))
                .next("check the address: it is where the index.yaml lies"));
        }
        let ours = here.iter().map(|version| (version.clone(), None));
        let theirs = offers.iter().flatten().map(|offer| (offer.version.clone(), Some(offer)));
        match request.choose(ours.chain(theirs), |(version, _)| version) {
            Some((version, None)) => self.sibling(wanted, request, &version, siblings).await,
            Some((version, Some(offer))) => {
                let fetched = self.places.package(request, offer).await?;
                let bytes = self.places.bytes(&fetched).await?;
                Ok(Arrival::Package(version, fetched.is.clone(), bytes))
            }
            None => {
                let offered = offers.iter().flatten().map(|offer| &offer.version).chain(&here);
                Err(nothing_fits(request, offered.collect()))
            }
        }
    }

    async fn sibling(
        &self,
        wanted: &Wanted,
        request: &Request,
        version: &Version,
        siblings: &dyn Siblings,
    ) -> Result<Arrival, Problem> {
        let is = ChartVersion { name: request.name.clone(), version: version.clone() };
        let _wait = self.waits.begin(&wanted.is, &is)?;
        let bytes = siblings.package(&is).await?;
        Ok(Arrival::Package(version.clone(), is, bytes))
    }
}

/// Where a request goes, for people.
fn told(request: &Request) -> String {
    shown_text(&request.repository)
}

fn nothing_fits(request: &Request, mut offered: Vec<&Version>) -> Problem {
    let Request { name, asked, .. } = request;
    let place = told(request);
    offered.sort_by(|left, right| right.precedence(left));
    let Some(newest) = offered.first() else {
        return Problem::new(format!("{place} has no chart `{name}`")).next("check its name and repository");
    };
    let problem =
        Problem::new(format!("{place} has no version of `{name}` that is `{asked}`; its newest is {newest}"));
    match request.is_locked() {
        true => {
            problem.next("the lock names a version that is gone: resolve anew with `helm dependency update`")
        }
        false if offered.iter().all(|version| version.is_prerelease()) => {
            problem.next("it has prereleases only, and those are meant by a constraint such as `>=0.0.0-0`")
        }
        false => problem.next("change the version that is asked for"),
    }
}
