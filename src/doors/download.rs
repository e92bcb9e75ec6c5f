//! Files that anybody may download: asked for without a token, whoever serves them.

use super::{
    http,
    patience::{Fault, Patience},
};
use crate::problem::Problem;
use bytes::{Bytes, BytesMut};
use reqwest::{Client, StatusCode, Url};

/// Downloads public files.
#[derive(Clone, Debug)]
pub struct Downloads {
    client: Client,
    patience: Patience,
}

impl Downloads {
    /// With connections of its own.
    ///
    /// # Errors
    /// No certificates are there to trust.
    pub fn new(settings: &http::Settings) -> Result<Self, Problem> {
        Ok(Self { client: http::client(settings)?, patience: settings.patience })
    }

    /// The bytes at this address, at most `most` of them; `None` where the server says that there are none.
    ///
    /// # Errors
    /// Another answer, more bytes, or none in time.
    pub async fn get(&self, address: &str, most: usize) -> Result<Option<Bytes>, Problem> {
        let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(url) = url else {
            return Err(Problem::new("a package is downloaded by http or https, and by nothing else"));
        };
        self.patience.read(|| self.once(&url, most)).await
    }

    async fn once(&self, url: &Url, most: usize) -> Result<Option<Bytes>, Fault> {
        let doing = http::called("GET", url);
        let told = |error| http::no_answer(&doing, error);
        let mut answer = self.client.get(url.clone()).send().await.map_err(told)?;
        let status = answer.status();
        if matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Ok(None);
        }
        if !status.is_success() {
            let problem = Problem::new(format!("{doing}: {status}"));
            if !http::may_pass(status) {
                return Err(Fault::Lasting(problem.next("check that everybody can download it")));
            }
            return Err(Fault::Passing { problem, after: http::retry_after(answer.headers()) });
        }
        let mut bytes = BytesMut::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() <= most => bytes.extend_from_slice(&chunk),
                Ok(Some(_)) => {
                    let what = format!("{doing}: it is larger than {most} bytes");
                    return Err(Fault::Lasting(Problem::new(what)));
                }
                Ok(None) => return Ok(Some(bytes.freeze())),
                Err(error) => {
                    // The answer had begun: whatever broke it may go better next time.
                    return Err(Fault::passing(Problem::from(told(error))));
                }
            }
        }
    }
}
