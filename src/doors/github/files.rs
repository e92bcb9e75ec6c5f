//! Files that go up and come down: assets, and what a commit holds.

use super::{
    Asset, Done, GitHub, Release, encoded, encoded_path,
    reply::{Limits, Reply},
};
use crate::{
    digest::Digest,
    doors::{http, patience::Fault},
    problem::Problem,
};
use bytes::Bytes;
use reqwest::{RequestBuilder, Url, header};

/// A larger asset is no chart.
const LARGEST: u64 = 256 << 20;

impl GitHub {
    /// Adds a file to a release: visible at once, where it is published.
    pub async fn upload(&self, release: &Release, name: &str, bytes: Bytes) -> Done<Asset> {
        let called = self.called("POST", &format!("{}/releases/{}/assets", self.below, release.id));
        let url = self.upload_url(release, name)?;
        let kind = if name.ends_with(".tgz") { "application/gzip" } else { "application/pgp-signature" };
        let request = self.clients().await?.uploads.post(url).header(header::CONTENT_TYPE, kind).body(bytes);
        self.ask(called, request, "application/vnd.github+json").await?.read()
    }

    /// The bytes of an asset, of a draft too: those that GitHub says it has.
    pub async fn download(&self, asset: &Asset) -> Result<Bytes, Fault> {
        if asset.size > LARGEST {
            return Err(Problem::new(format!(
                "{} has {} bytes, too many for a chart",
                asset.name, asset.size
            ))
            .into());
        }
        let path = format!("{}/releases/assets/{}", self.below, asset.id);
        let request = self.clients().await?.files.get(self.url(&path));
        let reply = self.ask(self.called("GET", &path), request, "application/octet-stream").await?;
        let bytes = reply.settled()?.map_err(|refusal| refusal.problem())?.body;
        let (name, size) = (&asset.name, bytes.len() as u64);
        let wrong = match asset.digest {
            _ if size != asset.size => format!("{name} came with {size} bytes instead of {}", asset.size),
            Some(said) if said != Digest::of(&bytes) => {
                format!("{name} came with other bytes than GitHub says: {said}")
            }
            _ => return Ok(bytes),
        };
        Err(Fault::passing(Problem::new(wrong)))
    }

    /// A file as it is in a commit.
    pub async fn file(&self, path: &str, commit: &str) -> Result<Option<Bytes>, Fault> {
        let path = format!("{}/contents/{}", self.below, encoded_path(path));
        let request = self.clients().await?.files.get(format!("{}?ref={}", self.url(&path), encoded(commit)));
        match self
            .ask(self.called("GET", &path), request, "application/vnd.github.raw+json")
            .await?
            .settled()?
        {
            Ok(reply) => Ok(Some(reply.body)),
            Err(refusal) if refusal.is_absence() => Ok(None),
            Err(refusal) => Err(refusal.problem().into()),
        }
    }

    async fn ask(&self, called: String, request: RequestBuilder, accept: &str) -> Result<Reply, Fault> {
        let request = request.header(header::ACCEPT, accept);
        let request = match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        };
        let no_answer = |error| http::no_answer(&called, error);
        let answer = request.send().await.map_err(no_answer)?;
        let limits = Limits::of(answer.headers());
        let status = answer.status().as_u16();
        tracing::debug!("{called}: {status}");
        let body = answer.bytes().await.map_err(no_answer)?;
        Ok(Reply { call: called, status, limits, body })
    }

    /// Where GitHub wants the files of a release; never another host than its own.
    fn upload_url(&self, release: &Release, name: &str) -> Result<Url, Problem> {
        let template = release.upload_url.split('{').next().unwrap_or_default();
        let url = Url::parse(&format!("{template}?name={}", encoded(name))).ok();
        url.filter(|url| self.is_own(url)).ok_or_else(|| {
            Problem::new(format!("GitHub's API sends uploads to {template}, which is not where it is itself"))
                .next("check GITHUB_API_URL")
        })
    }

    /// The API's host, or the one beside it: `uploads.github.com` beside `api.github.com`.
    fn is_own(&self, url: &Url) -> bool {
        let (Some(host), Some(api)) = (url.host_str(), self.api.host_str()) else { return false };
        let beside = format!("uploads.{}", api.strip_prefix("api.").unwrap_or(api));
        let same = url.scheme() == self.api.scheme()
            && url.port_or_known_default() == self.api.port_or_known_default();
        same && (host == api || host == beside)
    }
}
