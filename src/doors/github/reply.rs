//! What an answer of GitHub means: done, refused, or not to be known now.

use super::documents::Explanation;
use crate::{doors::patience::Fault, problem::Problem};
use serde::de::DeserializeOwned;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    /// What was called, without secrets: `GET /repos/acme/charts`.
    pub(super) call: String,
    pub(super) status: u16,
    pub(super) limits: Limits,
    pub(super) body: bytes::Bytes,
}

/// What an answer says about how often we may call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    /// `retry-after`, in seconds.
    retry_after: Option<u64>,
    /// `x-ratelimit-remaining`.
    remaining: Option<u64>,
    /// `x-ratelimit-reset`, in seconds since 1970.
    reset: Option<u64>,
}

/// GitHub understood, and says no.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// In its words.
    pub message: String,
    /// What was called.
    call: String,
}

impl Reply {
    /// The document that was asked for, or GitHub's no; a fault where neither is known.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<Result<T, Refusal>, Fault> {
        Ok(match self.settled()? {
            Ok(reply) => Ok(reply.document()?),
            Err(refusal) => Err(refusal),
        })
    }

    /// The same, where no document is expected.
    pub(super) fn settled(self) -> Result<Result<Self, Refusal>, Fault> {
        match self.status {
            200..=299 => Ok(Ok(self)),
            408 | 429 | 500..=599 => Err(self.passing(&self.explained())),
            403 if self.is_limited() => Err(self.passing(&self.explained())),
            status => Ok(Err(Refusal { status, message: self.explained(), call: self.call })),
        }
    }

    fn document<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body).map_err(|error| match self.is_page() {
            // Half an answer. A write may have been done.
            false => {
                Fault::passing(Problem::new(format!("{}: the answer does not read: {error}", self.call)))
            }
            true => {
                let what = format!(
                    "{}: a page for people came back instead of an answer of GitHub's API",
                    self.call
                );
                let next = "check GITHUB_API_URL, and whether a proxy asks to sign in";
                Fault::Lasting(Problem::new(what).next(next))
            }
        })
    }

    fn is_page(&self) -> bool {
        self.body.trim_ascii_start().starts_with(b"<")
    }

    fn is_limited(&self) -> bool {
        let text = String::from_utf8_lossy(&self.body).to_lowercase();
        self.limits.retry_after.is_some()
            || self.limits.remaining == Some(0)
            || text.contains(SECONDARY)
            || text.contains("api rate limit exceeded")
    }

    fn passing(&self, message: &str) -> Fault {
        let problem = Problem::new(format!("{}: {} {message}", self.call, self.status));
        let unsaid = message.to_lowercase().contains(SECONDARY).then_some(SECONDARY_WAIT);
        Fault::Passing { problem, after: self.limits.wait().or(unsaid) }
    }

    /// GitHub's words, short and in one line. A page for people is not quoted.
    fn explained(&self) -> String {
        let Ok(said) = serde_json::from_slice::<Explanation>(&self.body) else {
            return if self.is_page() {
                "(a page for people)".to_owned()
            } else {
                "(no explanation)".to_owned()
            };
        };
        let details = said.errors.iter().filter_map(|error| {
            let text = |key: &str| error[key].as_str();
            let named = [text("field"), text("code"), text("message")].into_iter().flatten();
            let detail = error.as_str().map_or_else(|| named.collect::<Vec<_>>().join(" "), str::to_owned);
            (!detail.is_empty()).then_some(detail)
        });
        let all: Vec<String> = std::iter::once(said.message).chain(details).collect();
        let words = all.join("; ");
        let words: Vec<&str> = words.split(|c: char| c.is_whitespace() || c.is_control()).collect();
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        words.join(" ").chars().take(300).collect()
    }
}

impl Limits {
    pub(super) fn of(headers: &reqwest::header::HeaderMap) -> Self {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
        Self {
            retry_after: number("retry-after"),
            remaining: number("x-ratelimit-remaining"),
            reset: number("x-ratelimit-reset"),
        }
    }

    fn wait(self) -> Option<Duration> {
        let until_reset = || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
            (self.remaining == Some(0)).then(|| self.reset.map(|reset| reset.saturating_sub(now) + 1))?
        };
        self.retry_after.or_else(until_reset).map(Duration::from_secs)
    }
}

impl Refusal {
    /// What to tell, with what everybody can do about such a status.
    pub fn problem(&self) -> Problem {
        let problem = Problem::new(format!("{}: {} {}", self.call, self.status, self.message));
        match self.status {
            401 => problem.next("the token is wrong or has run out: pass a valid one as GITHUB_TOKEN"),
            403 | 404 => problem.next(format!("check the repository's name, and {PERMISSION}")),
            300..=399 => {
                problem.next("the repository was renamed: give its new name with --github-repository")
            }
            _ => problem.next(
                "look at the repository's releases and rules on GitHub; if nothing is wrong there, please report it",
            ),
        }
    }

    /// Somebody was faster with that name.
    pub fn already_exists(&self) -> bool {
        self.status == 422 && self.message.contains("already_exists")
    }

    /// GitHub has nothing there, in its own words: another server's 404 says nothing.
    pub(super) fn is_absence(&self) -> bool {
        self.status == 404 && self.message.to_lowercase().starts_with("not found")
    }
}

const SECONDARY: &str = "secondary rate limit";
/// GitHub's documentation asks to wait so long where the answer does not say.
const SECONDARY_WAIT: Duration = Duration::from_secs(60);

/// The line to paste, for whoever may not write.
pub const PERMISSION: &str = "give the job `permissions: contents: write`";

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        let body = bytes::Bytes::copy_from_slice(body.as_bytes());
        Reply { call: "GET /repos/acme/charts".into(), status, limits: Limits::default(), body }
    }

    fn read(reply: Reply) -> Result<Result<serde_json::Value, Refusal>, Fault> {
        reply.read()
    }

    #[test]
    fn what_may_pass_is_told_apart_from_what_lasts() {
        for status in [408, 429, 500, 502, 503] {
            assert!(matches!(read(reply(status, "oops")), Err(Fault::Passing { .. })), "{status}");
        }
        let text = r#"{"message":"You have exceeded a secondary rate limit."}"#;
        assert!(matches!(read(reply(403, text)), Err(Fault::Passing { after: Some(SECONDARY_WAIT), .. })));
        let limits = Limits { retry_after: Some(7), ..Limits::default() };
        let limited = Reply { limits, ..reply(403, "{}") };
        let Err(Fault::Passing { after, .. }) = read(limited) else { panic!("it passes") };
        assert_eq!(after, Some(Duration::from_secs(7)));
        let limits = Limits { remaining: Some(0), reset: Some(0), ..Limits::default() };
        assert!(matches!(
            read(Reply { limits, ..reply(403, "{}") }),
            Err(Fault::Passing { after: Some(_), .. })
        ));
        assert!(matches!(read(reply(403, r#"{"message":"Forbidden"}"#)), Ok(Err(_))));
        assert!(matches!(read(reply(200, "{\"half\":")), Err(Fault::Passing { .. })));
        assert!(matches!(read(reply(200, "<html>Sign in</html>")), Err(Fault::Lasting(_))));
    }

    #[test]
    fn absent_is_only_what_github_says_is_absent() {
        let refusal = |body| read(reply(404, body)).unwrap().unwrap_err();
        assert!(refusal(r#"{"message":"Not Found"}"#).is_absence());
        assert!(!refusal("<html>404 page not found</html>").is_absence());
        assert!(!refusal("").is_absence());
    }

    #[test]
    fn a_refusal_says_what_github_says_in_one_line() {
        let body = r#"{"message":"Validation\nFailed","errors":[{"resource":"Release","code":"already_exists","field":"tag_name"}]}"#;
        let refusal = read(reply(422, body)).unwrap().unwrap_err();
        let what = refusal.problem().what;
        assert_eq!(what, "GET /repos/acme/charts: 422 Validation Failed; tag_name already_exists");
    }
}
