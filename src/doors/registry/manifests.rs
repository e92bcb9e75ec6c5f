//! Manifests and the tags that lead to them.

use super::{
    Registry,
    advice::OTHER_BYTES,
    calls::{Answer, Call},
    session::Access,
};
use crate::{digest::Digest, doors::patience::Fault, manifest::MANIFEST, problem::Problem};
use bytes::Bytes;
use reqwest::{
    Method, StatusCode, Url,
    header::{ACCEPT, CONTENT_TYPE, LINK},
};
use serde::Deserialize;

/// Whatever a tag leads to: what is no chart is told as that, and is not "absent".
const ANY_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";

const PAGE: usize = 100;
/// As many tags as nobody has; a registry that gives the same page for ever ends here.
const MOST_PAGES: usize = 1000;

impl Registry {
    /// The digest of the manifest that a tag (or digest) leads to; `None` where the registry says that there is none.
    ///
    /// # Errors
    /// What cannot be known.
    pub async fn manifest_digest(
        &self,
        repository: &str,
        reference: &str,
    ) -> Result<Option<Digest>, Problem> {
        self.http.patience.read(|| self.head_manifest(repository, reference)).await
    }

    /// The manifest that a tag or digest leads to, verified against the digest; `None` where the registry says that
    /// there is none.
    ///
    /// # Errors
    /// What cannot be known, and bytes that are not what their digest says.
    pub async fn manifest(
        &self,
        repository: &str,
        reference: &str,
    ) -> Result<Option<(Digest, Bytes)>, Problem> {
        self.http.patience.read(|| self.get_manifest(repository, reference)).await
    }

    /// Brings a manifest under its digest or a tag. The answer is the digest that is there now: another one when, at a
    /// second look, somebody else had taken the tag.
    ///
    /// # Errors
    /// The registry does not take it.
    pub async fn put_manifest(
        &self,
        repository: &str,
        reference: &str,
        bytes: &Bytes,
    ) -> Result<Digest, Problem> {
        let ours = Digest::of(bytes);
        let put = || async {
            let url = self.url(repository, &format!("manifests/{reference}"));
            let call = Call::new(Method::PUT, url, repository, Access::Write)
                .header(CONTENT_TYPE, MANIFEST)
                .body(bytes.clone());
            let answer = self.answer(&call).await?;
            match answer.digest() {
                _ if !answer.is_done() => Err(self.fault(&answer, Access::Write)),
                Some(there) if there != ours => {
                    let what = format!("{}: stored as {there}, sent was {ours}", answer.doing);
                    Err(Problem::new(what).next(OTHER_BYTES).into())
                }
                _ => Ok(ours),
            }
        };
        self.http.patience.write(put, || self.head_manifest(repository, reference)).await
    }

    /// The first tag of a repository that is wanted, in the registry's order.
    ///
    /// # Errors
    /// The tags cannot be listed.
    pub async fn find_tag(
        &self,
        repository: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Option<String>, Problem> {
        let mut found = None;
        self.each_page_of_tags(repository, |tags| {
            found = tags.into_iter().find(|tag| wanted(tag));
            found.is_some()
        })
        .await?;
        Ok(found)
    }

    /// All tags of a repository, in the registry's order; none where there is no such repository.
    ///
    /// # Errors
    /// The tags cannot be listed.
    pub async fn tags(&self, repository: &str) -> Result<Vec<String>, Problem> {
        let mut all = Vec::new();
        self.each_page_of_tags(repository, |tags| {
            all.extend(tags);
            false
        })
        .await?;
        Ok(all)
    }

    /// Goes through the pages of a list of tags, until it is enough.
    async fn each_page_of_tags(
        &self,
        repository: &str,
        mut is_enough: impl FnMut(Vec<String>) -> bool,
    ) -> Result<(), Problem> {
        let mut url = self.url(repository, "tags/list");
        url.set_query(Some(&format!("n={PAGE}")));
        for _ in 0..MOST_PAGES {
            let (tags, next) = self.http.patience.read(|| self.page_of_tags(repository, url.clone())).await?;
            if is_enough(tags) {
                return Ok(());
            }
            match next {
                Some(next) if next != url => url = next,
                _ => return Ok(()),
            }
        }
        Err(Problem::new(format!("{}/{repository} has more than {} tags", self.host, PAGE * MOST_PAGES)))
    }

    async fn head_manifest(&self, repository: &str, reference: &str) -> Result<Option<Digest>, Fault> {
        let answer = self.ask_for_manifest(Method::HEAD, repository, reference).await?;
        if let (StatusCode::OK, false, Some(digest)) = (answer.status, answer.is_page(), answer.digest()) {
            return Ok(Some(digest));
        }
        if let passing @ Fault::Passing { .. } = self.fault(&answer, Access::Read)
            && !answer.status.is_success()
        {
            return Err(passing);
        }
        // A HEAD has no body, and only a body says whether nothing is there.
        Ok(self.get_manifest(repository, reference).await?.map(|(digest, _)| digest))
    }

    async fn get_manifest(
        &self,
        repository: &str,
        reference: &str,
    ) -> Result<Option<(Digest, Bytes)>, Fault> {
        let answer = self.ask_for_manifest(Method::GET, repository, reference).await?;
        if answer.says_absent() {
            return Ok(None);
        }
        if answer.status != StatusCode::OK || answer.is_page() {
            return Err(self.fault(&answer, Access::Read));
        }
        let found = Digest::of(&answer.body);
        let said = Digest::parse(reference).or_else(|| answer.digest()).unwrap_or(found);
        if found != said {
            let what = format!("{}: the bytes have the digest {found}, not {said}", answer.doing);
            return Err(Problem::new(what).next(OTHER_BYTES).into());
        }
        if !answer.body.trim_ascii_start().starts_with(b"{") {
            let what = format!("{}: the answer is no manifest", answer.doing);
            return Err(Problem::new(what).into());
        }
        Ok(Some((found, answer.body)))
    }

    async fn ask_for_manifest(
        &self,
        method: Method,
        repository: &str,
        reference: &str,
    ) -> Result<Answer, Fault> {
        let url = self.url(repository, &format!("manifests/{reference}"));
        self.answer(&Call::new(method, url, repository, Access::Read).header(ACCEPT, ANY_MANIFEST)).await
    }

    /// Some tags, and where the next ones are.
    async fn page_of_tags(&self, repository: &str, url: Url) -> Result<(Vec<String>, Option<Url>), Fault> {
        #[derive(Deserialize)]
        struct List {
            tags: Option<Vec<String>>,
        }
        let answer = self.answer(&Call::new(Method::GET, url.clone(), repository, Access::Read)).await?;
        if answer.says_absent() {
            return Ok((Vec::new(), None));
        }
        if answer.status != StatusCode::OK || answer.is_page() {
            return Err(self.fault(&answer, Access::Read));
        }
        let list: List = serde_json::from_slice(&answer.body)
            .map_err(|_| Problem::new(format!("{}: the answer is no list of tags", answer.doing)))?;
        let tags = list.tags.unwrap_or_default();
        let link = answer.headers.get(LINK).and_then(|link| link.to_str().ok()).and_then(next_of);
        let next = match (link, tags.last()) {
            (Some(link), _) => {
                let next = url.join(link).ok().filter(|next| next.origin() == url.origin());
                Some(next.ok_or_else(|| {
                    Problem::new(format!("{}: the next page is said to be at another host", answer.doing))
                })?)
            }
            // Full, and nothing said: there may be more.
            (None, Some(last)) if tags.len() == PAGE => {
                let mut next = url;
                next.query_pairs_mut().clear().append_pair("n", &PAGE.to_string()).append_pair("last", last);
                Some(next)
            }
            _ => None,
        };
        Ok((tags, next))
    }
}

/// The address in a `Link` header with `rel="next"`.
fn next_of(link: &str) -> Option<&str> {
    let (address, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    rest.to_ascii_lowercase().contains("next").then_some(address)
}
