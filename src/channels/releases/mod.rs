//! The channel `releases`: a GitHub Release for each chart version, with the package as its asset.

mod looking;
mod publishing;
mod staging;
mod wording;

use super::{Channel, ExposeError, Fetched};
use crate::{
    charts::{ChartName, ChartVersion},
    doors::{
        github::{self, GitHub, PERMISSION, Release, encoded},
        http,
        patience::Patience,
    },
    holdings::{Attachment, ChannelId, Exposure, Held, Holding, Kind, Record, Reference, Unfinished},
    packages::Package,
    problem::Problem,
    release::{Mark, Template, package_version},
    secret::Secret,
};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use looking::is_public;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// What the channel has to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The repository whose releases they are, as `owner/name`.
    pub repository: String,
    /// Where the API is, without a `/` at the end: `https://api.github.com`.
    pub api_url: String,
    /// Where people look at it, without a `/` at the end: `https://github.com`.
    pub server_url: String,
    /// Who we are. Without it everything can be looked at that is public, and nothing can be written.
    pub token: Option<Secret>,
    /// The tag and name of a release, as a Go template over the fields of the Chart.yaml: `{{ .Name }}-{{ .Version }}`.
    pub name_template: String,
    /// A file of the package whose text describes the release.
    pub notes_file: Option<String>,
    /// GitHub tells below it what has changed since the version before.
    pub generate_notes: bool,
    /// The one chart whose highest stable version is the repository's latest release.
    pub latest: Option<ChartName>,
    /// The most writes that the API takes, where it says so.
    pub budget: Option<Budget>,
    /// How calls are made.
    pub http: http::Settings,
}

/// How many writes are made, so that GitHub does not lock us out: bursts up to the minute's number are free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// In a minute.
    pub per_minute: u32,
    /// In an hour.
    pub per_hour: u32,
}

/// The channel.
pub struct Releases {
    id: ChannelId,
    settings: Settings,
    template: Template,
    github: GitHub,
    budget: Option<github::Budget>,
    /// The newest releases, kept up with what was written; gone when it is not known what was.
    page: tokio::sync::Mutex<Option<Arc<Vec<Release>>>>,
    /// What this run brought, by version, until it is exposed.
    staged: Mutex<BTreeMap<ChartVersion, Staged>>,
}

/// What is ready to be exposed.
#[derive(Clone, Debug)]
struct Staged {
    release: Release,
    /// The release's name and tag.
    name: String,
    body: String,
    package: bytes::Bytes,
    provenance: Option<bytes::Bytes>,
}

/// How many calls are made at once.
const AT_ONCE: usize = 8;

impl Releases {
    /// The channel that the configuration calls so.
    ///
    /// # Errors
    /// The settings do not fit together.
    pub fn new(id: ChannelId, settings: Settings) -> Result<Self, Problem> {
        let template = Template::parse(&settings.name_template)?;
        let (api, token) = (&settings.api_url, settings.token.clone());
        let github = GitHub::new(api, &settings.repository, token, settings.http.clone())?;
        let budget = settings.budget.map(|budget| github::Budget::new(budget.per_minute, budget.per_hour));
        Ok(Self {
            id,
            settings,
            template,
            github,
            budget,
            page: tokio::sync::Mutex::default(),
            staged: Mutex::default(),
        })
    }

    fn patience(&self) -> Patience {
        self.settings.http.patience
    }

    fn staged(&self) -> std::sync::MutexGuard<'_, BTreeMap<ChartVersion, Staged>> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest releases. Asked once, and again when it is not known whether something was written.
    async fn page(&self) -> Result<Arc<Vec<Release>>, Problem> {
        let mut page = self.page.lock().await;
        if let Some(page) = &*page {
            return Ok(Arc::clone(page));
        }
        let newest = Arc::new(self.patience().read(|| self.github.newest()).await?);
        *page = Some(Arc::clone(&newest));
        Ok(newest)
    }

    /// Something may have been written: what was known is not known any more.
    async fn doubt(&self) {
        *self.page.lock().await = None;
    }

    /// A release is like this now.
    async fn know(&self, release: &Release) {
        if let Some(page) = &mut *self.page.lock().await {
            let page = Arc::make_mut(page);
            match page.iter_mut().find(|known| known.id == release.id) {
                Some(known) => known.clone_from(release),
                None => page.insert(0, release.clone()),
            }
        }
    }

    /// Removes a draft of ours that nobody needs. One that somebody published meanwhile is none.
    async fn discard(&self, draft: &Release) -> Result<(), Problem> {
        let now = self.patience().read(|| self.github.by_id(draft.id)).await?;
        if let Some(published) = now.as_ref().filter(|now| !now.draft) {
            self.know(published).await;
            return Ok(());
        }
        self.patience().read(|| self.github.delete_release(draft.id)).await?;
        if let Some(page) = &mut *self.page.lock().await {
            Arc::make_mut(page).retain(|known| known.id != draft.id);
        }
        Ok(())
    }

    /// Takes this many writes from what GitHub lets us do, before any of them is made.
    async fn reserve(&self, writes: usize, is: &ChartVersion) -> Result<(), Problem> {
        match &self.budget {
            Some(budget) if writes > 0 => budget.reserve(writes, &format!("releasing {is}")).await,
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Channel for Releases {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn exposure(&self) -> Exposure {
        Exposure::Release
    }

    fn install(&self, is: &ChartVersion) -> Option<String> {
        let (server, repository) = (&self.settings.server_url, &self.settings.repository);
        let (tag, file) = (encoded(&self.template.of(is)?), encoded(&is.package_file()));
        Some(format!("helm install {} {server}/{repository}/releases/download/{tag}/{file}", is.name))
    }

    async fn look(&self, wanted: &[ChartVersion]) -> Vec<Held> {
        let page = match self.page().await {
            Ok(page) => page,
            Err(problem) => return vec![Held::Unknown(problem); wanted.len()],
        };
        let page = &page;
        let held = |is: &ChartVersion| {
            let is = is.clone();
            async move { self.held(page, &is).await.unwrap_or_else(Held::Unknown) }
        };
        let asked: Vec<_> = wanted.iter().map(held).collect();
        stream::iter(asked).buffered(AT_ONCE).collect().await
    }

    async fn unfinished(&self) -> Result<Vec<Unfinished>, Problem> {
        let page = self.page().await?;
        let ours = page.iter().filter_map(|release| {
            let mark = Mark::find(&release.body)?;
            // A draft that somebody was faster than is nothing to be finished.
            (!release.draft || !is_public(&page, &mark.is)).then(|| mark.unfinished(!release.draft))
        });
        Ok(ours.collect())
    }

    async fn in_use(&self, charts: &[ChartName]) -> Result<bool, Problem> {
        let page = self.page().await?;
        let assets = page.iter().filter(|release| !release.draft).flat_map(|release| &release.assets);
        let mut names = assets.map(|asset| asset.name.as_str());
        Ok(names.any(|name| charts.iter().any(|chart| package_version(chart, name).is_some())))
    }

    async fn prove(&self, _charts: &[ChartName]) -> Result<(), Problem> {
        let repository = &self.settings.repository;
        if !self.github.has_token() {
            return Err(Problem::new(format!("there is no token to write releases of {repository} with"))
                .next(format!(
                    "set GITHUB_TOKEN (${{{{ github.token }}}} in a workflow), and {PERMISSION}"
                )));
        }
        let answer = self.patience().read(|| self.github.repository()).await?;
        let found = answer.map_err(|refusal| refusal.problem())?;
        if found.archived {
            return Err(Problem::new(format!(
                "the repository {repository} is archived: nothing can be released"
            ))
            .next("unarchive it, or leave out the channel releases"));
        }
        // Reading goes on under the old name, writing does not.
        if !found.full_name.is_empty() && !found.full_name.eq_ignore_ascii_case(repository) {
            let what = format!("the repository {repository} is called {} now", found.full_name);
            return Err(Problem::new(what).next(format!("use --github-repository {}", found.full_name)));
        }
        if found.permissions.push {
            return Ok(());
        }
        // The token of a workflow is no person's, and GitHub does not say what it may do.
        match self.patience().read(|| self.github.ask_to_write()).await? {
            Err(refusal) if matches!(refusal.status, 401 | 403 | 404) => {
                let what = format!("the token may not write releases of {repository} ({})", refusal.message);
                Err(Problem::new(what).next(PERMISSION))
            }
            _ => Ok(()),
        }
    }

    async fn fetch(&self, is: &ChartVersion, holding: &Holding) -> Result<Fetched, Problem> {
        self.fetched(is, holding).await
    }

    async fn stage(&self, record: &Record, package: &Package) -> Result<Holding, Problem> {
        let staged = self.stage_one(record, package).await;
        if staged.is_err() {
            self.doubt().await;
        }
        staged
    }

    async fn attach(&self, to: &Record, attachment: &Attachment) -> Result<(), Problem> {
        let Kind::Provenance = attachment.kind;
        self.attach_provenance(to, &attachment.bytes).await
    }

    async fn expose(&self, staged: &[Record]) -> Vec<Result<Reference, ExposeError>> {
        // One after the other, as GitHub asks for; what takes time was done in staging.
        let mut exposed = Vec::with_capacity(staged.len());
        for record in staged {
            let one = self.expose_one(record).await;
            if one.is_err() {
                self.doubt().await;
            }
            exposed.push(one);
        }
        exposed
    }
}
