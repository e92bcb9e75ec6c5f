//! A GitHub with one repository, `acme/charts`, over a real bare repository for its tags and files.
//!
//! It answers the API below `/api/v3`, uploads below `/api/uploads`, downloads of releases below
//! `/acme/charts/releases/download`, and the storage that these lead to below `/objects`, under another host name.

mod answer;
mod calls;
mod documents;
mod git;
mod publishing;

use super::openapi;
use answer::Answer;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{Method, header},
    response::Response,
    routing::any,
};
use git::Git;
use http_body_util::BodyExt;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// May do everything that the token of a workflow with `contents: write` may.
pub const TOKEN: &str = "ghs_0123456789WorkflowThatMayWrite000001";
/// May read everything and write nothing.
pub const READ_TOKEN: &str = "ghs_0123456789WorkflowThatMayRead0000002";

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

/// One release. Fields as GitHub calls them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    pub id: u64,
    pub tag: String,
    /// A branch or a commit; the default branch when empty.
    pub target: String,
    pub name: String,
    pub body: String,
    pub draft: bool,
    pub prerelease: bool,
    pub immutable: bool,
    /// In seconds. That of the tag's commit, once it is published: the order of the list.
    pub created: i64,
    pub published: Option<i64>,
    pub author: String,
    pub assets: Vec<Asset>,
}

/// One asset of a release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asset {
    pub id: u64,
    pub name: String,
    pub label: String,
    pub content_type: String,
    /// `uploaded`; `starter` when an upload broke off.
    pub state: String,
    pub bytes: Bytes,
    pub created: i64,
}

impl Release {
    /// A published one by somebody, to be given to [`GitHub::seed`].
    pub fn published(tag: &str) -> Self {
        let tag = tag.to_owned();
        Self { name: tag.clone(), tag, author: "somebody".into(), ..Self::default() }
    }

    /// A draft by somebody, to be given to [`GitHub::seed`].
    pub fn draft(tag: &str) -> Self {
        Self { draft: true, ..Self::published(tag) }
    }

    /// With this asset.
    #[must_use]
    pub fn asset(mut self, name: &str, bytes: impl Into<Bytes>) -> Self {
        self.assets.push(Asset {
            name: name.into(),
            content_type: "application/octet-stream".into(),
            state: "uploaded".into(),
            bytes: bytes.into(),
            ..Asset::default()
        });
        self
    }
}

impl Asset {
    /// Bare lower-case hex.
    pub fn sha256(&self) -> String {
        chart_release::digest::Digest::of(&self.bytes).hex().to_owned()
    }
}

/// How this GitHub is set up. All off, or empty, at first.
#[derive(Clone, Debug, Default)]
pub struct Switches {
    /// Nobody reads without a token.
    pub private: bool,
    /// The token is that of a workflow: it is no person's, so the repository says that it may not push.
    pub installation: bool,
    /// The repository is called `acme/packages` now: its old name leads there.
    pub renamed: bool,
    /// Nobody writes.
    pub archived: bool,
    /// Assets have no digest, as on a GitHub Enterprise Server and of old assets.
    pub no_digests: bool,
    /// Releases cannot be changed once they are published.
    pub immutable: bool,
    /// A ruleset: no tag can be made.
    pub no_new_tags: bool,
    /// A tag on a commit that is not the newest of the default branch is refused with 403: what a workflow's token
    /// gets where the workflow files differ.
    pub only_newest_target: bool,
    /// The next this many uploads end with 502, and half of the asset stays.
    pub broken_uploads: usize,
    /// After this many writes the next one is refused until this much time has passed.
    pub secondary_limit: Option<(usize, Duration)>,
    /// How many calls the rate limit has left.
    pub remaining: Option<usize>,
}

/// Everything that is stored and counted.
struct State {
    releases: Vec<Release>,
    latest: Option<u64>,
    /// Tags of immutable releases, deleted or not: never to be used again.
    burned: BTreeSet<String>,
    tokens: BTreeMap<String, Access>,
    switches: Switches,
    next_id: u64,
    /// In seconds; moves by one at each write.
    clock: i64,
    /// The same for what was published before the test began: older than any commit of it.
    past: i64,
    writes: BTreeMap<String, usize>,
    window: usize,
    refused_since: Option<Instant>,
    violations: Vec<String>,
}

struct Inner {
    base: String,
    git: Git,
    state: Mutex<State>,
}

/// The fake itself: cheap to clone, every clone is the same one. Dropping it fails the test when something was not as
/// GitHub describes its API.
#[derive(Clone)]
pub struct GitHub {
    inner: Arc<Inner>,
}

impl GitHub {
    /// `base` is the URL of the front, `bare` a bare git repository.
    pub fn new(base: &str, bare: impl Into<PathBuf>) -> Self {
        let state = State {
            releases: Vec::new(),
            latest: None,
            burned: BTreeSet::new(),
            tokens: [(TOKEN.to_owned(), Access::Write), (READ_TOKEN.to_owned(), Access::Read)].into(),
            switches: Switches::default(),
            next_id: 1000,
            clock: 1_750_000_000,
            past: 1_600_000_000,
            writes: BTreeMap::new(),
            window: 0,
            refused_since: None,
            violations: Vec::new(),
        };
        let git = Git::new(bare.into());
        Self { inner: Arc::new(Inner { base: base.to_owned(), git, state: Mutex::new(state) }) }
    }

    /// What serves it, to be merged with other fakes.
    pub fn router(&self) -> Router {
        let handler = |inner: &Arc<Inner>| {
            let inner = Arc::clone(inner);
            any(move |request: Request| serve(Arc::clone(&inner), request))
        };
        Router::new()
            .route("/api/{*rest}", handler(&self.inner))
            .route("/acme/charts/releases/{*rest}", handler(&self.inner))
            .route("/objects/{*rest}", handler(&self.inner))
    }

    /// Changes how it is set up.
    pub fn set(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.inner.state().switches);
    }

    /// Makes a token known.
    pub fn token(&self, token: &str, access: Access) {
        self.inner.state().tokens.insert(token.to_owned(), access);
    }

    /// Stores a release as if it had always been there: published ones with their tag, the newest is the latest.
    /// Returns its number.
    pub fn seed(&self, release: Release) -> u64 {
        let mut state = self.inner.state();
        let id = state.id();
        let created = if release.draft { state.now() } else { state.long_ago() };
        let mut release = Release { id, created, ..release };
        for asset in &mut release.assets {
            (asset.id, asset.created) = (state.id(), created);
        }
        if !release.draft {
            release.published = Some(created);
            let commit = self.inner.git.target(&release.target).expect("a commit to release");
            if self.inner.git.tag_commit(&release.tag).is_none() {
                self.inner.git.make_tag(&release.tag, &commit);
            }
            if !release.prerelease {
                state.latest = Some(id);
            }
            if release.immutable {
                state.burned.insert(release.tag.clone());
            }
        }
        state.releases.push(release);
        id
    }

    /// Stores years of versions: for each chart this many published releases `chart-0.N.0`, each with a package of
    /// these bytes. They have no git tag, as some have not.
    pub fn seed_years(&self, charts: &[&str], versions: usize, package: impl Fn(&str) -> Vec<u8>) {
        for version in 1..=versions {
            for chart in charts {
                let tag = format!("{chart}-0.{version}.0");
                let release = Release::published(&tag).asset(&format!("{tag}.tgz"), package(&tag));
                let mut state = self.inner.state();
                let mut release = Release { id: state.id(), created: state.long_ago(), ..release };
                release.published = Some(release.created);
                release.assets[0].id = state.id();
                state.latest = Some(release.id);
                state.releases.push(release);
            }
        }
    }

    /// All releases with drafts, in the order in which they were made.
    pub fn releases(&self) -> Vec<Release> {
        self.inner.state().releases.clone()
    }

    /// The releases with this tag, drafts among them.
    pub fn tagged(&self, tag: &str) -> Vec<Release> {
        self.releases().into_iter().filter(|release| release.tag == tag).collect()
    }

    /// Changes a stored release, as somebody could by hand.
    pub fn change(&self, id: u64, change: impl FnOnce(&mut Release)) {
        let mut state = self.inner.state();
        change(state.releases.iter_mut().find(|release| release.id == id).expect("the release"));
    }

    /// Forgets a release, and leaves its tag.
    pub fn forget(&self, id: u64) {
        self.inner.state().releases.retain(|release| release.id != id);
    }

    /// The tag of the latest release.
    pub fn latest(&self) -> Option<String> {
        let state = self.inner.state();
        let latest = state.releases.iter().find(|release| Some(release.id) == state.latest);
        latest.map(|release| release.tag.clone())
    }

    /// The tags of the git repository and their commits.
    pub fn tags(&self) -> BTreeMap<String, String> {
        self.inner.git.tags()
    }

    /// Everything stored, told in lines: `release demo-1.0.0: demo-1.0.0.tgz`, `draft …`, `tag demo-1.0.0`. Sorted.
    pub fn stored(&self) -> Vec<String> {
        let latest = self.inner.state().latest;
        let releases = self.releases().into_iter().map(|release| {
            let kind = if release.draft { "draft" } else { "release" };
            let latest = if Some(release.id) == latest { " (latest)" } else { "" };
            let mut assets: Vec<String> = release
                .assets
                .iter()
                .map(|asset| match asset.state.as_str() {
                    "uploaded" => format!(" {}", asset.name),
                    state => format!(" {} ({state})", asset.name),
                })
                .collect();
            assets.sort();
            format!("{kind} {}{latest}:{}", release.tag, assets.concat())
        });
        let tags = self.tags().into_keys().map(|tag| format!("tag {tag}"));
        let mut told: Vec<String> = releases.chain(tags).collect();
        told.sort();
        told
    }

    /// How many writes there were, by call: `POST releases`, `POST assets`, `PATCH releases`, `DELETE assets`, ….
    /// Refused ones do not count.
    pub fn writes(&self) -> BTreeMap<String, usize> {
        self.inner.state().writes.clone()
    }

    /// Fails when a request or an answer was not as described.
    #[track_caller]
    pub fn check(&self) {
        let violations = std::mem::take(&mut self.inner.state().violations);
        assert!(violations.is_empty(), "not as GitHub describes its API:\n{}", violations.join("\n"));
    }
}

impl Drop for GitHub {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check();
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where things are stored: another host name, so that no client takes its token there.
    fn storage(&self, asset: u64) -> String {
        let base = self.base.replace("127.0.0.1", "localhost");
        format!("{base}/objects/{asset}?signature=signed-{asset}")
    }
}

impl State {
    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn long_ago(&mut self) -> i64 {
        self.past += 1;
        self.past
    }

    fn now(&mut self) -> i64 {
        self.clock += 1;
        self.clock
    }
}

/// A request, as far as the fake looks at it.
struct Call<'a> {
    method: &'a Method,
    /// The path's segments, decoded.
    path: Vec<String>,
    query: &'a str,
    accept: &'a str,
    content_type: &'a str,
    /// What the token may do; without one nothing but reading what is public.
    access: Option<Access>,
    body: &'a Bytes,
}

impl Call<'_> {
    fn asked(&self, name: &str) -> Option<String> {
        openapi::pairs(self.query).find(|(key, _)| key == name).map(|(_, value)| value)
    }

    fn pushes(&self) -> bool {
        self.access == Some(Access::Write)
    }
}

async fn serve(inner: Arc<Inner>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.expect("the front has all of it").to_bytes();
    // Git is asked by processes.
    let answer = tokio::task::spawn_blocking(move || {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let path = parts.uri.path();
        let query = parts.uri.query().unwrap_or_default();
        let authorization = header(header::AUTHORIZATION);
        let call = |path: &str, access| Call {
            method: &parts.method,
            path: path.split('/').skip(1).map(openapi::decode).collect(),
            query,
            accept: header(header::ACCEPT),
            content_type: header(header::CONTENT_TYPE),
            access,
            body: &body,
        };
        if let Some(below) = path.strip_prefix("/objects/") {
            return inner.object(below, query, !authorization.is_empty());
        }
        let access = inner.access(authorization);
        let Some(below) = path.strip_prefix("/api/v3").or_else(|| path.strip_prefix("/api/uploads")) else {
            return inner.download(&call(path, access.ok().flatten()));
        };
        let moved = below.strip_prefix("/repositories/1");
        let below = &moved.map_or_else(|| below.to_owned(), |rest| format!("/repos/acme/charts{rest}"));
        if moved.is_none() && inner.state().switches.renamed {
            let rest = below.strip_prefix("/repos/acme/charts").unwrap_or_default();
            let status = if parts.method == Method::GET { 301 } else { 307 };
            let to = format!("{}/api/v3/repositories/1{rest}?{query}", inner.base);
            return Answer::refusal(status, "Moved Permanently").with("location", to);
        }
        let mut answer = match access {
            Ok(access) => inner.limited(&call(below, access)),
            Err(refused) => refused,
        };
        inner.limit_headers(&mut answer);
        let violations = openapi::violations(&openapi::Exchange {
            method: parts.method.as_str(),
            path: below,
            query,
            content_type: header(header::CONTENT_TYPE),
            body: &body,
            status: answer.status,
            answered_type: answer.header("content-type"),
            answered: &answer.body,
        });
        if !violations.is_empty() {
            let told = violations.join("\n");
            inner.state().violations.extend(violations);
            panic!("{told}");
        }
        answer
    });
    answer.await.expect("an answer").into_response()
}
