//! One call to a registry: who we are goes along, and what comes back is an answer or a fault.

use super::{Registry, session::Access};
use crate::{
    digest::Digest,
    doors::{http, patience::Fault},
    problem::Problem,
    secret::Redaction,
};
use bytes::{Bytes, BytesMut};
use reqwest::{
    Method, Response, StatusCode, Url,
    header::{self, HeaderMap, HeaderName},
};
use serde::Deserialize;
use std::sync::PoisonError;

/// Manifests, lists and reasons: distribution takes no manifest above 4 MiB either.
const LARGEST_DOCUMENT: u64 = 4 << 20;

/// How a registry asks who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// With each call.
    Basic,
    /// With a token, which is got there.
    Bearer { realm: Url, service: Option<String> },
}

/// What is called.
pub(super) struct Call<'a> {
    pub method: Method,
    pub url: Url,
    pub repository: &'a str,
    pub access: Access,
    pub headers: Vec<(HeaderName, String)>,
    pub body: Bytes,
}

impl<'a> Call<'a> {
    pub(super) fn new(method: Method, url: Url, repository: &'a str, access: Access) -> Self {
        Self { method, url, repository, access, headers: Vec::new(), body: Bytes::new() }
    }

    pub(super) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn body(mut self, body: Bytes) -> Self {
        self.body = body;
        self
    }
}

/// What came back, to the last byte.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// What was called, for people: method, host and path.
    pub doing: String,
}

impl Registry {
    /// Makes a call. A token that is not taken any more is got again once.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Response, Fault> {
        let ours = call.url.origin() == self.base.origin();
        let mut rejected = None;
        loop {
            let client = match call.method {
                Method::GET | Method::HEAD => &self.reading,
                _ => &self.staying,
            };
            let mut request = client.request(call.method.clone(), call.url.clone());
            for (name, value) in &call.headers {
                request = request.header(name, value);
            }
            if matches!(call.method, Method::POST | Method::PUT | Method::PATCH) {
                // Also an empty one: there are registries that want to know that it is.
                request = request.header(header::CONTENT_LENGTH, call.body.len()).body(call.body.clone());
            }
            let grant = match ours {
                true => Some(self.grant(call.repository, call.access, rejected.as_ref()).await?),
                // An upload that the registry sends elsewhere has what it needs in its address.
                false => None,
            };
            if let Some(grant) = &grant {
                request = grant.apply(request);
            }
            let doing = http::called(call.method.as_str(), &call.url);
            let response = request.send().await.map_err(|error| http::no_answer(&doing, error))?;
            tracing::debug!("{doing}: {}", response.status().as_u16());
            let again = response.status() == StatusCode::UNAUTHORIZED && rejected.is_none();
            if let (true, Some(grant)) = (again, grant) {
                if let Some(challenge) = challenge(response.headers()) {
                    *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(challenge);
                }
                rejected = Some(grant);
                continue;
            }
            return Ok(response);
        }
    }

    /// Makes a call and reads the whole answer.
    pub(super) async fn answer(&self, call: &Call<'_>) -> Result<Answer, Fault> {
        read(http::called(call.method.as_str(), &call.url), self.send(call).await?).await
    }

    /// Why an answer is not what was asked for.
    pub(super) fn fault(&self, answer: &Answer, access: Access) -> Fault {
        let reasons = answer.reasons();
        let status = answer.status;
        let mut what = format!("{}: {}", answer.doing, status.as_u16());
        if answer.is_page() {
            what += ", with a web page where a registry would answer";
        } else if status.is_redirection() {
            what += ", a redirect, which is not followed with credentials";
        }
        if !reasons.is_empty() {
            what += &format!(" {}", self.redacted(&told(&reasons)));
        }
        let after = http::retry_after(&answer.headers);
        let limited = reasons.iter().any(|reason| {
            reason.code == "TOOMANYREQUESTS" || reason.message.to_lowercase().contains("rate limit")
        });
        // A blob that was brought a moment ago, and that not every server of the registry knows of.
        let too_early = answer.doing.starts_with("PUT")
            && reasons.iter().any(|reason| reason.code.ends_with("BLOB_UNKNOWN"));
        let passing = http::may_pass(status)
            || too_early
            || status == StatusCode::FORBIDDEN && (limited || after.is_some());
        let problem = Problem::new(what);
        if passing {
            return Fault::Passing { problem, after };
        }
        let next = self.next_step(answer, &reasons, access);
        Fault::Lasting(match next {
            Some(next) => problem.next(next),
            None => problem,
        })
    }

    /// A message that was not ours, without what we must not repeat: there are servers that quote what they were sent.
    fn redacted(&self, message: &str) -> String {
        Redaction::new(&self.known_secrets()).of(message).into_owned()
    }
}

/// Reads an answer to its end.
pub(super) async fn read(doing: String, response: Response) -> Result<Answer, Fault> {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = body(&doing, response, LARGEST_DOCUMENT).await?;
    Ok(Answer { status, headers, body, doing })
}

/// Reads a body that must not be larger than this many bytes.
pub(super) async fn body(doing: &str, mut response: Response, largest: u64) -> Result<Bytes, Fault> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| http::no_answer(doing, error))? {
        if (body.len() + chunk.len()) as u64 > largest {
            let what = format!("{doing}: the answer is larger than {largest} bytes");
            return Err(Problem::new(what).into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// The challenge of a 401: a token, where there is a choice.
pub(super) fn challenge(headers: &HeaderMap) -> Option<Challenge> {
    let mut basic = None;
    for value in headers.get_all(header::WWW_AUTHENTICATE) {
        for challenge in http_auth::parse_challenges(value.to_str().ok()?).ok()? {
            if challenge.scheme.eq_ignore_ascii_case("bearer") {
                let parameter = |wanted: &str| {
                    let found = challenge.params.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
                    found.map(|(_, value)| value.to_unescaped())
                };
                let realm = Url::parse(&parameter("realm")?).ok()?;
                return Some(Challenge::Bearer { realm, service: parameter("service") });
            }
            if challenge.scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Challenge::Basic);
            }
        }
    }
    basic
}

/// One reason of a registry, as the distribution specification writes it.
#[derive(Debug, Deserialize)]
pub(super) struct Reason {
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub message: String,
}

impl Answer {
    /// Whether it is a page for people: of a captive proxy, or to sign in. The type alone says little: Quay sends what it
    /// took, and nothing in it, as HTML.
    pub(super) fn is_page(&self) -> bool {
        let of_type = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_html = of_type.is_some_and(|value| value.starts_with("text/html"));
        let is_bare = self.status == StatusCode::OK && self.digest().is_none();
        self.body.trim_ascii_start().starts_with(b"<") || is_html && is_bare
    }

    /// What was asked for was done.
    pub(super) fn is_done(&self) -> bool {
        self.status.is_success() && !self.is_page()
    }

    /// The digest that the registry says.
    pub(super) fn digest(&self) -> Option<Digest> {
        Digest::parse(self.headers.get("docker-content-digest")?.to_str().ok()?)
    }

    /// How many bytes the registry says that there are.
    pub(super) fn length(&self) -> Option<u64> {
        self.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// Why not; what token servers write in words of their own is a reason without code.
    pub(super) fn reasons(&self) -> Vec<Reason> {
        #[derive(Deserialize)]
        struct Told {
            #[serde(default)]
            errors: Vec<Reason>,
            #[serde(alias = "details", alias = "error_description", alias = "error")]
            message: Option<String>,
        }
        let Ok(told) = serde_json::from_slice::<Told>(&self.body) else { return Vec::new() };
        let message = told.message.map(|message| Reason { code: String::new(), message });
        told.errors.into_iter().chain(message).collect()
    }

    /// Whether a 404 says that what was asked for is not there, and not that we asked in the wrong place.
    pub(super) fn says_absent(&self) -> bool {
        const ABSENT: [&str; 3] = ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND"];
        self.status == StatusCode::NOT_FOUND
            && self.reasons().iter().any(|reason| ABSENT.contains(&reason.code.as_str()))
    }
}

/// The reasons on one line that is not too long.
fn told(reasons: &[Reason]) -> String {
    const LONGEST: usize = 300;
    let each = reasons.iter().map(|reason| match (reason.code.as_str(), reason.message.as_str()) {
        ("", message) => message.to_owned(),
        (code, "") => code.to_owned(),
        (code, message) => format!("{code}: {message}"),
    });
    let text = each.collect::<Vec<_>>().join("; ");
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
