//! Classic chart repositories: files by HTTP, from hosts that may want to know who asks.
//!
//! Redirects are followed here, hop by hop: who we are, and how a host is trusted, is for one scheme, host and port, and
//! goes nowhere else.

use super::{
    credentials::Credentials,
    http,
    patience::{Fault, Patience},
};
use crate::{charts::repository::shown, problem::Problem};
use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap, LOCATION, WWW_AUTHENTICATE},
};
use std::io::{Read, Seek, Write};
use tempfile::NamedTempFile;

/// As many as browsers follow at most.
const MOST_REDIRECTS: usize = 10;

/// What is known of us, and of them, at one scheme, host and port.
#[derive(Clone, Debug)]
pub struct Pass {
    /// Where it counts.
    at: Url,
    /// Who we are.
    login: Option<Credentials>,
    /// A client for that host alone, where it is trusted in another way than others.
    client: Option<Client>,
}

impl Pass {
    /// Nothing but the way that everybody is trusted.
    pub fn nobody(at: &Url) -> Self {
        Self { at: at.clone(), login: None, client: None }
    }

    /// Who we are there.
    #[must_use]
    pub fn login(mut self, login: Option<Credentials>) -> Self {
        self.login = login;
        self
    }

    /// How that host is trusted, and how it knows us by a certificate.
    #[must_use]
    pub fn client(mut self, client: Option<Client>) -> Self {
        self.client = client;
        self
    }

    /// Whether it counts at this address.
    pub fn is_at(&self, url: &Url) -> bool {
        self.at.origin() == url.origin()
    }
}

/// Downloads from classic chart repositories.
#[derive(Clone, Debug)]
pub struct Repositories {
    client: Client,
    patience: Patience,
}

/// A file that was downloaded to disk, for the length of the run.
#[derive(Debug)]
pub struct Kept(NamedTempFile);

impl Kept {
    /// It, to be read by one reader. Blocks.
    ///
    /// # Errors
    /// The file is gone.
    pub fn reader(&self) -> Result<impl Read + Seek + use<>, Problem> {
        self.0.reopen().map_err(unkept)
    }
}

fn unkept(error: std::io::Error) -> Problem {
    Problem::new(format!("cannot keep a download in the temporary folder: {error}"))
}

impl Repositories {
    /// With connections of its own.
    ///
    /// # Errors
    /// No certificates are there to trust.
    pub fn new(settings: &http::Settings) -> Result<Self, Problem> {
        Ok(Self { client: http::client_without_redirects(settings)?, patience: settings.patience })
    }

    /// The bytes at this address, at most `most` of them; `None` where the server says that there are none.
    ///
    /// # Errors
    /// Another answer, more bytes, or none in time.
    pub async fn bytes(&self, url: &Url, pass: &Pass, most: u64) -> Result<Option<Bytes>, Problem> {
        let get = || async {
            let mut bytes = BytesMut::new();
            let found = self.read(url, pass, most, |chunk| {
                bytes.extend_from_slice(chunk);
                Ok(())
            });
            Ok(found.await?.then(|| bytes.freeze()))
        };
        self.patience.read(get).await
    }

    /// The same, written to disk on its way.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and a temporary folder that takes no file.
    pub async fn file(&self, url: &Url, pass: &Pass, most: u64) -> Result<Option<Kept>, Problem> {
        let get = || async {
            let mut file = tempfile::Builder::new().prefix("chart-release-").tempfile().map_err(unkept)?;
            let write = |chunk: &[u8]| Ok(file.write_all(chunk).map_err(unkept)?);
            let found = self.read(url, pass, most, write);
            Ok(found.await?.then_some(Kept(file)))
        };
        self.patience.read(get).await
    }

    async fn read(
        &self,
        url: &Url,
        pass: &Pass,
        most: u64,
        mut take: impl FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<bool, Fault> {
        let doing = http::called("GET", url);
        let Some(mut answer) = self.open(url, pass).await? else { return Ok(false) };
        let mut length = 0;
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => {
                    length += chunk.len() as u64;
                    if length > most {
                        let what = format!("{doing}: it is larger than {most} bytes");
                        return Err(Fault::Lasting(Problem::new(what)));
                    }
                    take(&chunk)?;
                }
                Ok(None) => return Ok(true),
                // The answer had begun: whatever broke it may go better next time.
                Err(error) => return Err(Fault::passing(Problem::from(http::no_answer(&doing, error)))),
            }
        }
    }

    /// The answer at the end of all redirects. Whoever is refused as somebody is asked for as nobody once: what everybody
    /// may read is not lost to a wrong password.
    async fn open(&self, url: &Url, pass: &Pass) -> Result<Option<Response>, Fault> {
        let mut at = url.clone();
        let mut is_known = pass.login.is_some();
        let mut refused: Option<Fault> = None;
        let mut hops = 0;
        loop {
            let doing = http::called("GET", &at);
            let counts = pass.is_at(&at);
            let client = pass.client.as_ref().filter(|_| counts).unwrap_or(&self.client);
            let mut request = client.get(at.clone());
            // An address may hold a user itself: that is the chart's own word, and the client sends it.
            if let Some(login) = pass.login.as_ref().filter(|_| counts && is_known) {
                request = request.basic_auth(&login.user, Some(login.password.expose()));
            }
            let answer = request.send().await.map_err(|error| http::no_answer(&doing, error))?;
            let status = answer.status();
            tracing::debug!("{doing}: {}", status.as_u16());
            if matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
                hops += 1;
                at = redirected(&doing, &at, &answer, hops)?;
                continue;
            }
            if status == StatusCode::OK {
                return Ok(Some(answer));
            }
            let is_refusal = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            if is_refusal && counts && is_known {
                refused = Some(fault(&doing, &at, status, answer.headers(), true));
                is_known = false;
                (at, hops) = (url.clone(), 0);
                continue;
            }
            if matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) && refused.is_none() {
                return Ok(None);
            }
            return Err(match refused {
                Some(refused) => refused,
                None => fault(&doing, &at, status, answer.headers(), false),
            });
        }
    }
}

fn redirected(doing: &str, at: &Url, answer: &Response, hops: usize) -> Result<Url, Fault> {
    if hops > MOST_REDIRECTS {
        return Err(Problem::new(format!("{doing}: more than {MOST_REDIRECTS} redirects")).into());
    }
    let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let next = location.and_then(|location| at.join(location).ok());
    match next.filter(|next| matches!(next.scheme(), "http" | "https")) {
        // What was asked for in secrecy is not taken from where anybody could have changed it.
        Some(next) if at.scheme() == "https" && next.scheme() == "http" => {
            let what =
                format!("{doing}: a redirect from https to http, at {}", next.host_str().unwrap_or_default());
            Err(Problem::new(what)
                .next("ask whoever runs the repository, or name another address of it")
                .into())
        }
        Some(mut next) => {
            // A server says where to go, not as whom.
            let _ = next.set_username("");
            let _ = next.set_password(None);
            Ok(next)
        }
        None => Err(Problem::new(format!("{doing}: a redirect to nowhere")).into()),
    }
}

fn fault(doing: &str, at: &Url, status: StatusCode, headers: &HeaderMap, was_known: bool) -> Fault {
    let problem = Problem::new(format!("{doing}: {}", status.as_u16()));
    if http::may_pass(status) {
        return Fault::Passing { problem, after: http::retry_after(headers) };
    }
    let host = at.host_str().unwrap_or_default();
    let host = at.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let asks = headers.contains_key(WWW_AUTHENTICATE) || headers.contains_key(AUTHORIZATION);
    Fault::Lasting(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if was_known => problem.next(format!(
            "the log-in that was found for {host} is not let in: check user, password and rights"
        )),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => problem.next(format!(
            "{}give `--registry-user {host}=USER` and the password in CHART_RELEASE_REGISTRY_PASSWORD, or tell Helm with \
             `helm repo add --username`",
            if asks { "log in: " } else { "check the address; where the repository is private, " }
        )),
        _ => problem.next(format!("check that {} can be read from here", shown(at))),
    })
}
