//! The channel `pages`: the `index.yaml` on a branch that a web server publishes, and the packages beside it where
//! there is no release to point to, or where they are wanted there.

mod looking;
mod writing;

use super::{Channel, ExposeError, Fetched};
use crate::{
    charts::{ChartName, ChartVersion},
    digest::Digest,
    doors::{
        away::blocking,
        download::Downloads,
        git::{
            Id,
            remote::{self, Access, Remote},
        },
        http,
        patience::Fault,
    },
    holdings::{Attachment, ChannelId, Exposure, Held, Holding, Kind, Record, Reference, Standing},
    index::relative_url,
    packages::Package,
    problem::Problem,
    secret::Secret,
};
use async_trait::async_trait;
use bytes::Bytes;
use looking::{Lies, State, provenance};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

/// What the channel has to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The URL of the git repository: `https://…`, `ssh://…`, `git@host:path` or `file://…`.
    pub remote: String,
    /// Who we are, for https.
    pub token: Option<Secret>,
    /// The branch.
    pub branch: String,
    /// Where the index is on the branch, with `/`.
    pub index_path: String,
    /// Where people find the folder of the index, where that is known: `https://acme.github.io/charts`.
    pub url: Option<String>,
    /// Packages lie beside the index also where a release has them, and the entry leads there.
    pub packages_with_index: bool,
    /// Who commits.
    pub author: Author,
    /// Whether commits say `Signed-off-by`.
    pub sign_off: bool,
    /// How calls are made.
    pub http: http::Settings,
}

/// A person, or a program, who commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// The channel.
pub struct Pages {
    id: ChannelId,
    settings: Settings,
    place: Arc<Place>,
    downloads: Downloads,
    /// The branch as it was fetched, or as we left it. One who fetches or pushes keeps the others waiting: they want the
    /// same.
    now: tokio::sync::Mutex<Option<Arc<State>>>,
}

/// The branch, and what is needed to write to it. Everything here blocks.
struct Place {
    remote: Remote,
    branch: String,
    /// As it was configured: the index, or its folder; `""` is the root.
    index_path: String,
    /// Without a `/` at its end.
    url: Option<String>,
    packages_with_index: bool,
    author: Author,
    sign_off: bool,
    /// The packages of this run, in case they have to lie beside the index.
    staged: Mutex<HashMap<Digest, Id>>,
}

impl Place {
    fn staged(&self) -> MutexGuard<'_, HashMap<Digest, Id>> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Largest package that is downloaded, in bytes: more than Helm would load.
const LARGEST_PACKAGE: usize = 100 << 20;

/// Largest provenance that is downloaded, in bytes.
const LARGEST_PROVENANCE: usize = 1 << 20;

impl Pages {
    /// The channel that the configuration calls so.
    ///
    /// # Errors
    /// The settings do not fit together.
    pub fn new(id: ChannelId, settings: Settings) -> Result<Self, Problem> {
        let access = Access {
            address: settings.remote.clone(),
            token: settings.token.clone(),
            ssh: remote::ssh_command(),
            http: settings.http.clone(),
        };
        let parts: Vec<&str> =
            settings.index_path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        if parts.iter().any(|part| matches!(*part, ".." | ".git")) {
            let what = format!("the index cannot be at `{}` of a branch", settings.index_path);
            return Err(Problem::new(what).next("check --pages-index-path"));
        }
        let place = Place {
            remote: Remote::new(access, &settings.branch)?,
            branch: settings.branch.clone(),
            index_path: parts.join("/"),
            url: settings.url.as_deref().map(|url| url.trim_end_matches('/').to_owned()),
            packages_with_index: settings.packages_with_index,
            author: settings.author.clone(),
            sign_off: settings.sign_off,
            staged: Mutex::default(),
        };
        let downloads = Downloads::new(&settings.http)?;
        Ok(Self { id, settings, place: Arc::new(place), downloads, now: Default::default() })
    }

    /// The branch as it is known, fetched if it is not.
    async fn state(&self) -> Result<Arc<State>, Problem> {
        let mut now = self.now.lock().await;
        self.fetched(&mut now).await
    }

    async fn fetched(&self, now: &mut Option<Arc<State>>) -> Result<Arc<State>, Problem> {
        if let Some(state) = now {
            return Ok(Arc::clone(state));
        }
        let fetch = || {
            let place = Arc::clone(&self.place);
            blocking("fetching the pages", move || {
                let tip = place.remote.fetch()?;
                Ok::<_, Fault>(place.state(tip)?)
            })
        };
        let state = Arc::new(self.settings.http.patience.read(fetch).await?);
        *now = Some(Arc::clone(&state));
        Ok(state)
    }

    /// The bytes at an address that an entry names, with the provenance beside it.
    async fn download(&self, is: &ChartVersion, url: &str) -> Result<(Bytes, Option<Bytes>), Problem> {
        let place = || format!("{}:{}", self.place.branch, self.place.index_path);
        let Some(bytes) = self
            .downloads
            .get(url, LARGEST_PACKAGE)
            .await
            .map_err(|problem| Problem { what: format!("downloading {is}: {}", problem.what), ..problem })?
        else {
            let what = format!("the entry of {is} leads to a package that is not there");
            return Err(Problem::new(what).in_file(place()).next("put the package back that was published"));
        };
        let provenance = self.downloads.get(&provenance(url), LARGEST_PROVENANCE).await?;
        if provenance.as_ref().is_some_and(|bytes| bytes.trim_ascii_start().starts_with(b"<")) {
            let what = format!("a page for people came back instead of the provenance of {is}, or of none");
            return Err(Problem::new(what)
                .in_file(place())
                .next("let the server of the package answer 404 where it has no .prov file"));
        }
        Ok((bytes, provenance))
    }
}

#[async_trait]
impl Channel for Pages {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn exposure(&self) -> Exposure {
        Exposure::Index
    }

    fn install(&self, is: &ChartVersion) -> Option<String> {
        let (name, version) = (&is.name, &is.version);
        let url = self.place.url.as_deref()?;
        Some(format!("helm install {name} {name} --repo {url} --version {version}"))
    }

    fn repository(&self) -> Option<String> {
        self.settings.url.clone()
    }

    async fn look(&self, wanted: &[ChartVersion]) -> Vec<Held> {
        let looked = async {
            let state = self.state().await?;
            let (place, asked) = (Arc::clone(&self.place), wanted.to_vec());
            let look = move || Ok(asked.iter().map(|is| place.held(&state, is)).collect());
            blocking("looking at the pages", look).await
        };
        let held: Result<Vec<Held>, Problem> = looked.await;
        held.unwrap_or_else(|problem| vec![Held::Unknown(problem); wanted.len()])
    }

    async fn missing(&self) -> Option<Problem> {
        // Where the branch could not be asked, `look` has said so.
        let state = self.now.lock().await.clone()?;
        let branch = &self.place.branch;
        state.tip.is_none().then(|| {
            Problem::new(format!("the branch {branch} does not exist")).next(format!(
                "create it (`git switch --orphan {branch} && git commit --allow-empty -m \"Charts\" && \
                 git push origin {branch}`), or name the right one with --pages-branch"
            ))
        })
    }

    async fn in_use(&self, charts: &[ChartName]) -> Result<bool, Problem> {
        let state = self.state().await?;
        let index = state.index.as_ref().map_err(Problem::clone)?;
        Ok(charts.iter().any(|chart| index.versions(chart.as_str()).next().is_some()))
    }

    async fn prove(&self, _charts: &[ChartName]) -> Result<(), Problem> {
        if self.state().await?.tip.is_none() {
            // To make it is the proof.
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            let now = i64::try_from(now).unwrap_or_default();
            return self.change(move |place, state| Ok(((), place.first(state, now)?))).await;
        }
        let ask = || {
            let place = Arc::clone(&self.place);
            blocking("asking to push the pages", move || place.remote.may_push())
        };
        self.settings.http.patience.read(ask).await
    }

    async fn fetch(&self, is: &ChartVersion, holding: &Holding) -> Result<Fetched, Problem> {
        let state = self.state().await?;
        let index = state.index.as_ref().map_err(Problem::clone)?;
        let entry = index.get(is.name.as_str(), is.version.as_str());
        let said = holding.package.or(entry.as_ref().and_then(|entry| entry.digest));
        let (url, line) = match &entry {
            Some(entry) => (entry.url.unwrap_or_default().to_owned(), entry.line),
            None => (relative_url(&is.package_file()), 1),
        };
        let lies = self.place.lies(&state, &url);
        let in_branch = match lies {
            Lies::InBranch(path) => {
                let (place, state) = (Arc::clone(&self.place), Arc::clone(&state));
                blocking("reading the pages", move || place.read_package(&state, &path)).await?
            }
            Lies::Elsewhere(_) => None,
        };
        let address = self.place.absolute(&url);
        let web = address.starts_with("https://") || address.starts_with("http://");
        let (bytes, attached) = match in_branch {
            Some(found) => found,
            None if web => self.download(is, &address).await?,
            None => {
                let what = format!("the entry of {is} leads to `{url}`, where no package can be downloaded");
                return Err(Problem::new(what)
                    .at(format!("{}:{}", self.place.branch, state.index_path), line)
                    .next("say with --pages-url where the index is served, or correct the entry"));
            }
        };
        let digest = Digest::of(&bytes);
        if let Some(said) = said.filter(|said| *said != digest) {
            let what = format!("the package of {is} was changed: the index says {said}, {digest} is served");
            return Err(Problem::new(what)
                .at(format!("{}:{}", self.place.branch, state.index_path), line)
                .next(
                    "put back the package that was published; nothing is written for this version until then",
                ));
        }
        let attached = attached.map(|bytes| Attachment { kind: Kind::Provenance, bytes });
        Ok(Fetched { bytes, attached: attached.into_iter().collect(), created: None })
    }

    async fn stage(&self, record: &Record, package: &Package) -> Result<Holding, Problem> {
        let state = self.state().await?;
        let index = state.index.as_ref().map_err(Problem::clone)?;
        index
            .can_take(record.is.name.as_str())
            .map_err(|problem| self.place.in_index(&state.index_path, problem))?;
        // Whether they are needed shows when it is exposed: a release may carry them.
        let digest = self.keep(package.bytes.clone()).await?;
        if let Some(provenance) = &package.provenance {
            self.keep(provenance.clone()).await?;
        }
        Ok(Holding {
            standing: Standing::Placed,
            package: Some(digest),
            attached: package.provenance.is_some().then_some(Kind::Provenance).into_iter().collect(),
            closed: false,
            created: Some(record.created),
            reference: self.place.reference(&record.is, digest),
        })
    }

    async fn attach(&self, to: &Record, attachment: &Attachment) -> Result<(), Problem> {
        let (record, attachment) = (to.clone(), attachment.clone());
        self.change(move |place, state| Ok(((), place.attach(state, &record, &attachment)?))).await
    }

    async fn expose(&self, staged: &[Record]) -> Vec<Result<Reference, ExposeError>> {
        if staged.is_empty() {
            return Vec::new();
        }
        let records = staged.to_vec();
        match self.change(move |place, state| place.expose(state, &records)).await {
            Ok(exposed) => exposed,
            Err(problem) => vec![Err(problem.into()); staged.len()],
        }
    }
}
