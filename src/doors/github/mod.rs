//! GitHub's API: releases and their assets, and what has to be known of the repository around them.
//!
//! Octocrab carries the calls. Assets go past it: it sends uploads to a wrong path of GitHub Enterprise Server and does
//! not encode their names.

mod budget;
mod documents;
mod files;
mod reply;

pub use budget::{Budget, Turn};
pub use documents::{Asset, Permissions, Release, Repository};
pub use reply::{PERMISSION, Refusal};

use super::{http, patience::Fault};
use crate::{problem::Problem, secret::Secret};
use documents::{Named, Notes, Object, Pointing};
use octocrab::Octocrab;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reply::{Limits, Reply};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::OnceCell;

/// One repository at GitHub.
#[derive(Debug)]
pub struct GitHub {
    api: reqwest::Url,
    /// `/repos/owner/name`.
    below: String,
    token: Option<Secret>,
    settings: http::Settings,
    clients: OnceCell<Clients>,
}

/// Made when they are first needed: octocrab's wants a runtime around it.
#[derive(Debug)]
struct Clients {
    reading: Octocrab,
    files: reqwest::Client,
    writing: Octocrab,
    uploads: reqwest::Client,
}

/// How many releases one page of the list has at most.
pub const PAGE: usize = 100;

/// What stays as it is in a part of a path.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as a part of a URL: `+` and `/` encoded too.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

fn encoded_path(path: &str) -> String {
    path.split('/').map(encoded).collect::<Vec<_>>().join("/")
}

/// What is written into a release, all of it each time.
#[derive(Clone, Debug, Serialize)]
pub struct Wanted<'a> {
    /// The tag.
    pub tag_name: &'a str,
    /// The commit that it is made at, where it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_commitish: Option<&'a str>,
    /// The headline.
    pub name: &'a str,
    /// The text.
    pub body: &'a str,
    /// Not published yet. Not said where it stays as it is: a person may have published it meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<bool>,
    /// It comes before a release.
    pub prerelease: bool,
    /// Only said when publishing: `"true"` or `"false"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub make_latest: Option<&'static str>,
}

/// What GitHub did, or why it did not; a [`Fault`] where that is not known.
pub type Done<T> = Result<Result<T, Refusal>, Fault>;

impl GitHub {
    /// The repository `owner/name` behind the API at this URL.
    ///
    /// # Errors
    /// Names and URLs that are none.
    pub fn new(
        api_url: &str,
        repository: &str,
        token: Option<Secret>,
        settings: http::Settings,
    ) -> Result<Self, Problem> {
        let api = reqwest::Url::parse(api_url.trim_end_matches('/')).ok().filter(reqwest::Url::has_host);
        let api = api.ok_or_else(|| {
            Problem::new(format!("{api_url:?} is no URL of an API")).next("check GITHUB_API_URL")
        })?;
        let is_plain = |part: &str| {
            !part.is_empty()
                && !matches!(part, "." | "..")
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        let parts: Vec<&str> = repository.split('/').collect();
        if parts.len() != 2 || !parts.iter().all(|part| is_plain(part)) {
            return Err(Problem::new(format!("{repository:?} is no repository at GitHub"))
                .next("give it as OWNER/NAME with --github-repository"));
        }
        let below = format!("/repos/{repository}");
        Ok(Self { api, below, token, settings, clients: OnceCell::new() })
    }

    /// Whether we say who we are.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// The newest releases, at most [`PAGE`]; with drafts where we may write.
    pub async fn newest(&self) -> Result<Vec<Release>, Fault> {
        let found = self.get(&format!("/releases?per_page={PAGE}")).await?;
        found.map_err(|refusal| refusal.problem().into())
    }

    /// The published release with this tag.
    pub async fn by_tag(&self, tag: &str) -> Result<Option<Release>, Fault> {
        some(self.get(&format!("/releases/tags/{}", encoded(tag))).await?)
    }

    /// The release or draft of this number.
    pub async fn by_id(&self, id: u64) -> Result<Option<Release>, Fault> {
        some(self.get(&format!("/releases/{id}")).await?)
    }

    /// The release that people see first.
    pub async fn latest(&self) -> Result<Option<Release>, Fault> {
        some(self.get("/releases/latest").await?)
    }

    /// The repository, and what we may do there.
    pub async fn repository(&self) -> Done<Repository> {
        self.get("").await
    }

    /// Asks for something that only who may write releases gets, and that changes nothing: notes for a release.
    pub async fn ask_to_write(&self) -> Done<()> {
        let reply = self.ask_for_notes("a-release-to-come", Some("HEAD"), None).await?;
        Ok(reply.settled()?.map(|_| ()))
    }

    /// The notes that GitHub writes for a release to come, on this tag at this commit, since another tag. Nothing is
    /// stored.
    pub async fn notes(&self, tag: &str, commit: Option<&str>, since: Option<&str>) -> Done<String> {
        let notes = self.ask_for_notes(tag, commit, since).await?.read::<Notes>()?;
        Ok(notes.map(|notes| notes.body))
    }

    async fn ask_for_notes(
        &self,
        tag: &str,
        commit: Option<&str>,
        since: Option<&str>,
    ) -> Result<Reply, Fault> {
        let mut wanted = serde_json::json!({ "tag_name": tag });
        for (key, value) in [("target_commitish", commit), ("previous_tag_name", since)] {
            if let Some(value) = value {
                wanted[key] = value.into();
            }
        }
        self.answer("POST", &self.path("/releases/generate-notes"), Some(&wanted)).await
    }

    /// The git tags that begin so.
    pub async fn tags(&self, begin: &str) -> Result<Vec<String>, Fault> {
        let path = format!("/git/matching-refs/tags/{}", encoded_path(begin));
        let found = self.get::<Vec<Named>>(&path).await?.map_err(|refusal| refusal.problem())?;
        let names =
            found.into_iter().filter_map(|named| Some(named.name.strip_prefix("refs/tags/")?.to_owned()));
        Ok(names.collect())
    }

    /// The commit that a git tag points to.
    pub async fn tagged(&self, tag: &str) -> Result<Option<String>, Fault> {
        let found: Option<Pointing> = some(self.get(&format!("/git/ref/tags/{}", encoded_path(tag))).await?)?;
        let Some(Pointing { mut object }) = found else { return Ok(None) };
        // A tag may name another tag, and no sane one does so twice.
        for _ in 0..4 {
            if object.kind != "tag" {
                break;
            }
            let path = format!("/git/tags/{}", encoded(&object.sha));
            object = self.get::<Pointing>(&path).await?.map_err(|refusal| refusal.problem())?.object;
        }
        match object {
            Object { sha, kind } if kind == "commit" => Ok(Some(sha)),
            Object { kind, .. } => {
                let what = format!("the git tag {tag} points to a {kind}, and not to a commit");
                Err(Problem::new(what).next("move the tag away, or give the release another name").into())
            }
        }
    }

    /// Makes a draft.
    pub async fn create(&self, wanted: &Wanted<'_>) -> Done<Release> {
        self.answer("POST", &self.path("/releases"), Some(&document(wanted)?)).await?.read()
    }

    /// Changes a draft or release, or publishes a draft.
    pub async fn update(&self, id: u64, wanted: &Wanted<'_>) -> Done<Release> {
        let path = self.path(&format!("/releases/{id}"));
        self.answer("PATCH", &path, Some(&document(wanted)?)).await?.read()
    }

    /// Deletes a draft. One that is gone already is no trouble.
    pub async fn delete_release(&self, id: u64) -> Result<(), Fault> {
        self.delete(&format!("/releases/{id}")).await
    }

    /// Deletes a file of a draft, likewise.
    pub async fn delete_asset(&self, id: u64) -> Result<(), Fault> {
        self.delete(&format!("/releases/assets/{id}")).await
    }

    async fn delete(&self, path: &str) -> Result<(), Fault> {
        match self.answer("DELETE", &self.path(path), None).await?.settled()? {
            Ok(_) => Ok(()),
            Err(refusal) if refusal.is_absence() => Ok(()),
            Err(refusal) => Err(refusal.problem().into()),
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Done<T> {
        self.answer("GET", &self.path(path), None).await?.read()
    }

    fn path(&self, path: &str) -> String {
        format!("{}{path}", self.below)
    }

    /// A call as people are told of it: without the query.
    fn called(&self, method: &str, path: &str) -> String {
        let port = self.api.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = self.api.host_str().unwrap_or_default();
        format!("{method} {host}{port}{}", path.split('?').next().unwrap_or(path))
    }

    /// The whole URL: octocrab takes a path that begins like the API's for one that has it already.
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.api.as_str().trim_end_matches('/'))
    }

    /// Waits for an answer, and for the end of it.
    async fn answer(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Reply, Fault> {
        let clients = self.clients().await?;
        let github = if method == "GET" { &clients.reading } else { &clients.writing };
        let (called, url) = (self.called(method, path), self.url(path));
        let answer = match method {
            "POST" => github._post(url, body).await,
            "PATCH" => github._patch(url, body).await,
            "DELETE" => github._delete(url, body).await,
            _ => github._get(url).await,
        };
        let answer = answer.map_err(|error| no_answer(&called, &error))?;
        let limits = Limits::of(answer.headers());
        let status = answer.status().as_u16();
        tracing::debug!("{called}: {status}");
        let body = github.body_to_string(answer).await.map_err(|error| no_answer(&called, &error))?;
        Ok(Reply { call: called, status, limits, body: body.into() })
    }

    async fn clients(&self) -> Result<&Clients, Problem> {
        let make = || async {
            let github = |client: &reqwest::Client| {
                let mut builder = Octocrab::builder().base_uri(self.api.as_str())?;
                if let Some(token) = &self.token {
                    builder = builder.personal_token(token.expose().to_owned());
                }
                builder.build_with_reqwest(client.clone())
            };
            let wrong = |error: octocrab::Error| {
                Problem::new(format!("cannot set up GitHub: {}", http::chain(&error)))
            };
            let files = http::client(&self.settings)?;
            // Redirected, a POST can become a GET, or go where nobody meant it to.
            let uploads = http::client_without_redirects(&self.settings)?;
            let (reading, writing) = (github(&files).map_err(wrong)?, github(&uploads).map_err(wrong)?);
            Ok(Clients { reading, files, writing, uploads })
        };
        self.clients.get_or_try_init(make).await
    }
}

/// What there is, or nothing, where GitHub says so.
fn some<T>(found: Result<T, Refusal>) -> Result<Option<T>, Fault> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(refusal) if refusal.is_absence() => Ok(None),
        Err(refusal) => Err(refusal.problem().into()),
    }
}

fn document(wanted: &Wanted<'_>) -> Result<Value, Problem> {
    serde_json::to_value(wanted).map_err(|error| Problem::new(format!("cannot write a release: {error}")))
}

/// A call that did not come to an answer.
fn no_answer(called: &str, error: &octocrab::Error) -> Fault {
    if let Some(problem) = http::untrusted(called, error) {
        return Fault::Lasting(problem);
    }
    let mut cause: &dyn std::error::Error = error;
    let mut timed_out = false;
    while let Some(next) = cause.source() {
        cause = next;
        timed_out |= cause.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout);
    }
    Fault::passing(match timed_out {
        true => Problem::new(format!("{called}: no answer in time")),
        // The last cause: those before it repeat the address.
        false => Problem::new(format!("{called}: {cause}")),
    })
}
