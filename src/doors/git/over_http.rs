//! Git's smart protocol over HTTP, by the client that every other call uses.

use super::transport::{Ended, end, one_line, program, wait, writes};
use crate::{
    doors::{http, patience::Fault},
    problem::Problem,
    secret::{Redaction, Secret},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{Buf, Bytes};
use git2::{
    Error,
    transport::{Service, SmartSubtransportStream},
};
use reqwest::{
    Client, Method, RequestBuilder, Response, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use std::{
    io::{self, Read, Write},
    sync::{Mutex, PoisonError},
};

/// How much of the text of a refusal is read, in bytes.
const REFUSAL: usize = 16 * 1024;

/// A repository that is reached over HTTP.
#[derive(Debug)]
pub(super) struct OverHttp {
    client: Client,
    /// Without user, password and the `/` at its end.
    address: Url,
    shown: String,
    /// For the address's own host only.
    authorization: Option<HeaderValue>,
    caller: Caller,
    /// Where the repository is now, when the first call of a conversation was led elsewhere.
    moved: Mutex<Option<Url>>,
}

impl OverHttp {
    pub fn new(address: &str, token: Option<Secret>, settings: &http::Settings) -> Result<Self, Problem> {
        let bad =
            || Problem::new("the address of the pages' repository is no URL").next("check --pages-remote");
        let mut url = Url::parse(address).map_err(|_| bad())?;
        let mut basic = token.as_ref().map(|token| format!("x-access-token:{}", token.expose()));
        let mut secrets: Vec<Secret> = token.into_iter().collect();
        if let Some(password) = url.password() {
            let decode =
                |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
            let password = decode(password);
            if basic.is_none() {
                basic = Some(format!("{}:{password}", decode(url.username())));
            }
            secrets.extend(Secret::new(password).ok());
        }
        url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| bad())?;
        url.set_query(None);
        url.set_fragment(None);
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        let authorization = basic
            .map(|basic| HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(basic))))
            .transpose()
            .map_err(|_| bad())?
            .map(|mut value| {
                value.set_sensitive(true);
                value
            });
        Ok(Self {
            client: http::client(settings)?,
            shown: url.to_string(),
            address: url,
            caller: Caller { known: authorization.is_some(), redaction: Redaction::new(&secrets) },
            authorization,
            moved: Mutex::default(),
        })
    }

    pub fn shown(&self) -> &str {
        &self.shown
    }

    pub fn redacted(&self, text: &str) -> String {
        self.caller.redacted(text)
    }

    /// Begins what libgit2 asks for.
    pub fn stream(&self, action: Service) -> Result<Box<dyn SmartSubtransportStream>, Error> {
        let service = program(action);
        match action {
            Service::UploadPackLs | Service::ReceivePackLs => {
                let url = below(&self.address, "info/refs", Some(service));
                let answer =
                    self.caller.call(self.request(Method::GET, &url), "GET", &url, action, "advertisement");
                let answer =
                    wait(answer).map_err(|error| Error::from_str(&error.to_string()))?.map_err(end)?;
                let base = led_to(answer.url());
                *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = base;
                Ok(Box::new(Answer { answer, rest: Bytes::new(), doing: http::called("GET", &url) }))
            }
            Service::UploadPack | Service::ReceivePack => {
                let moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let url = below(moved.as_ref().unwrap_or(&self.address), service, None);
                let request = self
                    .request(Method::POST, &url)
                    .header(CONTENT_TYPE, format!("application/x-{service}-request"));
                Ok(Box::new(Question {
                    caller: self.caller.clone(),
                    request: Some(request),
                    url,
                    action,
                    body: Vec::new(),
                    answer: None,
                }))
            }
        }
    }

    /// A request; what says who we are goes along only to the address's own host.
    fn request(&self, method: Method, url: &Url) -> RequestBuilder {
        let request = self.client.request(method, url.clone());
        match &self.authorization {
            Some(value) if url.origin() == self.address.origin() => {
                request.header(AUTHORIZATION, value.clone())
            }
            _ => request,
        }
    }
}

/// What is needed to tell how a call ended.
#[derive(Clone, Debug)]
struct Caller {
    /// We say who we are.
    known: bool,
    redaction: Redaction,
}

impl Caller {
    fn redacted(&self, text: &str) -> String {
        self.redaction.of(text).into_owned()
    }

    /// Makes a call. The answer is git's; everything else is why the call ended.
    async fn call(
        &self,
        request: RequestBuilder,
        method: &str,
        url: &Url,
        action: Service,
        kind: &str,
    ) -> Result<Response, Ended> {
        let service = program(action);
        let doing = http::called(method, url);
        let expected = format!("application/x-{service}-{kind}");
        let unsure = writes(action);
        let answer = match request.header(ACCEPT, &expected).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let fault = http::no_answer(&doing, error);
                let unsure = unsure && matches!(fault, Fault::Passing { .. });
                return Err(Ended { fault, forbidden: false, unsure });
            }
        };
        let status = answer.status();
        tracing::debug!("{doing}: {}", status.as_u16());
        let media = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if status.is_success() && media == expected {
            return Ok(answer);
        }
        let lasting = |fault| Ended { fault, forbidden: false, unsure: false };
        if status.is_success() {
            let what = format!("{doing}: the answer is {media:?}, which no git server gives");
            let next = "check --pages-remote, and that no sign-in page or proxy stands before it";
            return Err(lasting(Fault::Lasting(Problem::new(what).next(next))));
        }
        let after = http::retry_after(answer.headers());
        let said = match media.as_str() {
            "text/plain" | "" => beginning(answer).await,
            _ => String::new(),
        };
        let said = one_line(&self.redacted(&said));
        let said = if said.is_empty() { said } else { format!(": {said}") };
        let problem = Problem::new(format!("{doing}: {status}{said}"));
        let limited = status == StatusCode::FORBIDDEN && (after.is_some() || said.contains("rate limit"));
        if http::may_pass(status) || limited {
            return Err(Ended { fault: Fault::Passing { problem, after }, forbidden: false, unsure });
        }
        let forbidden =
            matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
        let push = service == "git-receive-pack";
        let problem = match (forbidden, push, self.known) {
            (false, ..) => problem.next("check --pages-remote"),
            (true, _, false) if status == StatusCode::UNAUTHORIZED => problem
                .next("the repository asks who we are: set GITHUB_TOKEN (`permissions: contents: write`)"),
            (true, true, _) => problem.next(
                "let the token push to the repository: `permissions: contents: write`, or a token of a user who may",
            ),
            (true, false, _) => {
                problem.next("check --pages-remote, and that the token reads it: `permissions: contents: write`")
            }
        };
        Err(Ended { fault: Fault::Lasting(problem), forbidden, unsure: false })
    }
}

async fn beginning(mut answer: Response) -> String {
    let mut text = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        text.extend_from_slice(&chunk[..chunk.len().min(REFUSAL - text.len())]);
        if text.len() == REFUSAL {
            break;
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The URL of a service of this repository.
fn below(base: &Url, path: &str, service: Option<&str>) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url.set_query(service.map(|service| format!("service={service}")).as_deref());
    url
}

/// The repository that an answer to `info/refs` came from.
fn led_to(answered: &Url) -> Option<Url> {
    let mut url = answered.clone();
    let path = answered.path().strip_suffix("/info/refs")?.to_owned();
    url.set_path(&path);
    url.set_query(None);
    Some(url)
}

/// An answer, as it comes.
struct Answer {
    answer: Response,
    rest: Bytes,
    doing: String,
}

impl Answer {
    fn some(&mut self, buffer: &mut [u8], unsure: bool) -> io::Result<usize> {
        while self.rest.is_empty() {
            match wait(self.answer.chunk())? {
                Ok(Some(chunk)) => self.rest = chunk,
                Ok(None) => return Ok(0),
                Err(error) => {
                    let fault = match http::no_answer(&self.doing, error) {
                        // The answer had begun: whatever broke it may go better next time.
                        Fault::Lasting(problem) => Fault::passing(problem),
                        passing => passing,
                    };
                    return Err(io::Error::other(end(Ended { fault, forbidden: false, unsure })));
                }
            }
        }
        let taken = self.rest.len().min(buffer.len());
        self.rest.copy_to_slice(&mut buffer[..taken]);
        Ok(taken)
    }
}

impl Read for Answer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.some(buffer, false)
    }
}

impl Write for Answer {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A call whose body libgit2 writes before it reads the answer.
struct Question {
    caller: Caller,
    request: Option<RequestBuilder>,
    url: Url,
    action: Service,
    body: Vec<u8>,
    answer: Option<Answer>,
}

impl Write for Question {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.body.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Question {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(request) = self.request.take() {
            let request = request.body(std::mem::take(&mut self.body));
            let answer = wait(self.caller.call(request, "POST", &self.url, self.action, "result"))?;
            let answer = answer.map_err(|ended| io::Error::other(end(ended)))?;
            let doing = http::called("POST", &self.url);
            self.answer = Some(Answer { answer, rest: Bytes::new(), doing });
        }
        match &mut self.answer {
            Some(answer) => answer.some(buffer, writes(self.action)),
            None => Ok(0),
        }
    }
}
