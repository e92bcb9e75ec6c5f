//! Blobs: the bytes that manifests name.

use super::{
    Registry,
    advice::OTHER_BYTES,
    calls::{Answer, Call, body, read},
    session::Access,
};
use crate::{
    digest::Digest,
    doors::{http, patience::Fault},
    holdings::Blob,
    problem::Problem,
};
use bytes::Bytes;
use reqwest::{
    Method, StatusCode, Url,
    header::{CONTENT_RANGE, CONTENT_TYPE, LOCATION},
};

/// GHCR takes no chunk above this.
const CHUNK: usize = 4 << 20;

/// How an upload began.
enum Begun {
    /// It is there already: mounted.
    Done,
    /// It goes there.
    At(Url),
}

impl Registry {
    /// Whether a blob is there.
    ///
    /// # Errors
    /// What cannot be known.
    pub async fn has_blob(&self, repository: &str, blob: Blob) -> Result<bool, Problem> {
        self.http.patience.read(|| self.head_blob(repository, blob)).await
    }

    /// Brings a blob, unless it is there. `from` is a repository that may have it already: then nothing is sent.
    ///
    /// # Errors
    /// The registry does not take it.
    pub async fn put_blob(&self, repository: &str, bytes: &Bytes, from: Option<&str>) -> Result<(), Problem> {
        let blob = Blob::of(bytes);
        if self.has_blob(repository, blob).await? {
            return Ok(());
        }
        let push = || self.push_blob(repository, blob.digest, bytes, from);
        let look = || async { Ok(self.head_blob(repository, blob).await?.then_some(())) };
        self.http.patience.write(push, look).await
    }

    /// The bytes of a blob, verified; not more than `largest` of them.
    ///
    /// # Errors
    /// It is not there, too large, or not what its digest says.
    pub async fn blob(&self, repository: &str, digest: Digest, largest: u64) -> Result<Bytes, Problem> {
        self.http.patience.read(|| self.get_blob(repository, digest, largest)).await
    }

    /// Proves that we may write to a repository: an upload is begun and cancelled.
    ///
    /// # Errors
    /// What is not allowed.
    pub async fn prove_write(&self, repository: &str) -> Result<(), Problem> {
        let begun = self.http.patience.read(|| self.begin(repository, None)).await?;
        if let Begun::At(url) = begun {
            // What cannot be cancelled is forgotten by the registry in time.
            let _ = self.answer(&Call::new(Method::DELETE, url, repository, Access::Write)).await;
        }
        Ok(())
    }

    async fn head_blob(&self, repository: &str, blob: Blob) -> Result<bool, Fault> {
        let url = self.url(repository, &format!("blobs/{}", blob.digest));
        let answer = self.answer(&Call::new(Method::HEAD, url, repository, Access::Write)).await?;
        match answer.status {
            // Taken for absent it is sent, and sent again it does no harm: so also one of another size.
            StatusCode::OK if !answer.is_page() => Ok(answer.length().is_none_or(|size| size == blob.size)),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(self.fault(&answer, Access::Write)),
        }
    }

    async fn push_blob(
        &self,
        repository: &str,
        digest: Digest,
        bytes: &Bytes,
        from: Option<&str>,
    ) -> Result<(), Fault> {
        let mount = from.map(|from| (digest, from));
        let begun = match self.begin(repository, mount).await {
            // We may not read there: then it is sent.
            Err(Fault::Lasting(_)) if mount.is_some() => self.begin(repository, None).await,
            other => other,
        };
        let Begun::At(url) = begun? else { return Ok(()) };
        let answer = self.finish(repository, url, digest, bytes.clone()).await?;
        if self.is_stored(&answer, digest)? {
            return Ok(());
        }
        // There are registries, and proxies before them, that do not take a blob as one.
        const NOT_AS_ONE: [u16; 7] = [400, 405, 411, 413, 415, 416, 501];
        if !NOT_AS_ONE.contains(&answer.status.as_u16()) {
            return Err(self.fault(&answer, Access::Write));
        }
        let Begun::At(url) = self.begin(repository, None).await? else { return Ok(()) };
        let answer = self.push_chunks(repository, url, digest, bytes).await?;
        match self.is_stored(&answer, digest)? {
            true => Ok(()),
            false => Err(self.fault(&answer, Access::Write)),
        }
    }

    /// Whether an upload ended as it should; under another digest it is a fault at once.
    fn is_stored(&self, answer: &Answer, digest: Digest) -> Result<bool, Fault> {
        match answer.digest() {
            Some(there) if answer.is_done() && there != digest => {
                let what = format!("{}: stored as {there}, sent was {digest}", answer.doing);
                Err(Problem::new(what).next(OTHER_BYTES).into())
            }
            _ => Ok(answer.is_done()),
        }
    }

    async fn push_chunks(
        &self,
        repository: &str,
        mut url: Url,
        digest: Digest,
        bytes: &Bytes,
    ) -> Result<Answer, Fault> {
        let mut start = 0;
        while start < bytes.len() {
            let end = bytes.len().min(start + CHUNK);
            let call = Call::new(Method::PATCH, url.clone(), repository, Access::Write)
                .header(CONTENT_TYPE, "application/octet-stream")
                .header(CONTENT_RANGE, format!("{start}-{}", end - 1))
                .body(bytes.slice(start..end));
            let answer = self.answer(&call).await?;
            if !answer.is_done() {
                return Ok(answer);
            }
            url = location(&answer, &url)?;
            start = end;
        }
        self.finish(repository, url, digest, Bytes::new()).await
    }

    /// Begins an upload, or is spared it because the blob lies in another repository. A mount that is refused is an
    /// upload that has begun.
    async fn begin(&self, repository: &str, mount: Option<(Digest, &str)>) -> Result<Begun, Fault> {
        let mut url = self.url(repository, "blobs/uploads/");
        if let Some((digest, from)) = mount {
            url.query_pairs_mut().append_pair("mount", &digest.to_string()).append_pair("from", from);
        }
        let answer = self.answer(&Call::new(Method::POST, url.clone(), repository, Access::Write)).await?;
        match answer.status {
            StatusCode::CREATED if mount.is_some() => Ok(Begun::Done),
            StatusCode::ACCEPTED => Ok(Begun::At(location(&answer, &url)?)),
            _ => Err(self.fault(&answer, Access::Write)),
        }
    }

    async fn finish(
        &self,
        repository: &str,
        mut url: Url,
        digest: Digest,
        bytes: Bytes,
    ) -> Result<Answer, Fault> {
        url.query_pairs_mut().append_pair("digest", &digest.to_string());
        let call = Call::new(Method::PUT, url, repository, Access::Write)
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(bytes);
        self.answer(&call).await
    }

    async fn get_blob(&self, repository: &str, digest: Digest, largest: u64) -> Result<Bytes, Fault> {
        let url = self.url(repository, &format!("blobs/{digest}"));
        let doing = http::called("GET", &url);
        let response = self.send(&Call::new(Method::GET, url, repository, Access::Read)).await?;
        if response.status() != StatusCode::OK {
            return Err(self.fault(&read(doing, response).await?, Access::Read));
        }
        let bytes = body(&doing, response, largest).await?;
        let found = Digest::of(&bytes);
        if found != digest {
            let what = format!("{doing}: the bytes have the digest {found}");
            return Err(Problem::new(what).next(OTHER_BYTES).into());
        }
        Ok(bytes)
    }
}

/// Where an upload goes on. The address may be relative, and may hold state in its query.
fn location(answer: &Answer, url: &Url) -> Result<Url, Fault> {
    let location = answer.headers.get(LOCATION).and_then(|location| location.to_str().ok());
    location.and_then(|location| url.join(location).ok()).ok_or_else(|| {
        Problem::new(format!("{}: the answer does not say where to upload", answer.doing)).into()
    })
}
