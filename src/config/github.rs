//! GitHub: which repository, where, with which token, and how releases are made there.

use super::{meant::Meant, options, registry};
use crate::{channels::releases::Budget, charts::ChartName, problem::Problem, secret::Secret};
use std::{collections::BTreeMap, num::NonZeroU32};
use url::Url;

/// What is known of GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitHub {
    /// `owner/name`.
    pub repository: Option<String>,
    /// Where the API is, without a `/` at the end.
    pub api_url: String,
    /// Where people look at it, without a `/` at the end.
    pub server_url: String,
    /// Who we are. Read only for a run that goes to other channels than folders.
    pub token: Option<Secret>,
    /// Who started the workflow.
    pub actor: Option<String>,
    /// The run is one of GitHub Actions.
    pub on_actions: bool,
}

/// How the channel `releases` makes releases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseOptions {
    /// A Go template for tag and name.
    pub name_template: String,
    /// A file of the package whose text describes the release.
    pub notes_file: Option<String>,
    /// GitHub tells below it what has changed since the version before.
    pub generate_notes: bool,
    /// Which chart may be the repository's latest release.
    pub latest: Latest,
    /// The most writes.
    pub budget: Option<Budget>,
}

/// Which chart may be the repository's latest release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Latest {
    /// The only chart of the repository, where it has one only.
    Only,
    /// This one.
    Chart(ChartName),
    /// None.
    None,
}

const GITHUB: &str = "https://github.com";
const GITHUB_API: &str = "https://api.github.com";

/// What GitHub's own limits leave room for: 80 writes a minute and 500 an hour.
const BUDGET: Budget = Budget { per_minute: 70, per_hour: 450 };

/// Where a token may be, the first one that is set.
pub(super) const TOKENS: &[&str] = &["CHART_RELEASE_GITHUB_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", "CR_TOKEN"];

/// The same in the Action. Its own input goes before what is there for all steps, and the token of the job is last.
pub(super) const TOKENS_OF_THE_ACTION: &[&str] = &[
    "INPUT_TOKEN",
    "CHART_RELEASE_GITHUB_TOKEN",
    "CR_TOKEN",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "CHART_RELEASE_DEFAULT_TOKEN",
];

impl GitHub {
    /// Whether it is the public GitHub.
    pub fn is_github_com(&self) -> bool {
        self.server_url == GITHUB
    }

    /// The owner of the repository.
    pub fn owner(&self) -> Option<&str> {
        Some(self.repository.as_deref()?.split_once('/')?.0)
    }

    /// Where people look at the repository.
    pub fn repository_url(&self) -> Option<String> {
        Some(format!("{}/{}", self.server_url, self.repository.as_deref()?))
    }

    /// The token, for a URL on GitHub's own host: it goes to no other.
    pub fn token_for(&self, url: &str) -> Option<Secret> {
        let is_here = match (Url::parse(url), Url::parse(&self.server_url)) {
            (Ok(url), Ok(server)) => url.origin().is_tuple() && url.origin() == server.origin(),
            _ => false,
        };
        self.token.clone().filter(|_| is_here)
    }
}

/// Everything but the token.
pub(super) fn context(
    meant: &mut Meant<'_>,
    variables: &BTreeMap<String, String>,
    plain_http: &[String],
) -> GitHub {
    let mut url = |name: &str| {
        let text = options::value(variables, name)?;
        match checked_url(text, plain_http) {
            Ok(url) => Some(url),
            Err(what) => {
                let problem = Problem::new(format!("{name}: {what}"));
                meant.problems.push(problem.next("write it as GitHub Actions does: `https://github.com`"));
                None
            }
        }
    };
    let (api, server) = (url("GITHUB_API_URL"), url("GITHUB_SERVER_URL"));
    // One of them says where the other is: a token must not go to another GitHub than the one it is of.
    let (api_url, server_url) = match (api, server) {
        (Some(api), Some(server)) => (api, server),
        (None, Some(server)) => (api_of(&server), server),
        (None, None) => (GITHUB_API.to_owned(), GITHUB.to_owned()),
        (Some(api), None) => {
            let server = server_of(&api).unwrap_or_else(|| {
                let problem =
                    Problem::new(format!("GITHUB_API_URL is {api}, and GITHUB_SERVER_URL is not set"));
                meant.problems.push(problem.next("set GITHUB_SERVER_URL, too"));
                GITHUB.to_owned()
            });
            (api, server)
        }
    };
    GitHub {
        repository: repository(meant, variables),
        api_url,
        server_url,
        token: None,
        actor: options::value(variables, "GITHUB_ACTOR").map(str::to_owned),
        on_actions: options::value(variables, "GITHUB_ACTIONS") == Some("true"),
    }
}

fn repository(meant: &mut Meant<'_>, variables: &BTreeMap<String, String>) -> Option<String> {
    let next = "write OWNER/NAME, such as acme/charts";
    let said = meant.said.contains_key("github-repository");
    if said {
        return meant.parsed("github-repository", next, owner_and_name);
    }
    match owner_and_name(options::value(variables, "GITHUB_REPOSITORY")?) {
        Ok(repository) => Some(repository),
        Err(what) => {
            meant.problems.push(Problem::new(format!("GITHUB_REPOSITORY: {what}")).next(next));
            None
        }
    }
}

fn owner_and_name(text: &str) -> Result<String, String> {
    let plain = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    match text.split_once('/') {
        Some((owner, name)) if plain(owner) && plain(name) => Ok(text.to_owned()),
        // The URL of a repository, with the password in it.
        _ if text.contains('@') => Err("this is not a repository on GitHub".into()),
        _ => Err(format!("`{text}` is not a repository on GitHub")),
    }
}

/// The first token that is set.
pub(super) fn token(
    meant: &mut Meant<'_>,
    variables: &BTreeMap<String, String>,
    names: &[&str],
) -> Option<Secret> {
    let name = names.iter().find(|name| options::value(variables, name).is_some())?;
    secret(meant, variables, name)
}

/// The secret in a variable that is set; what is wrong with it is told without it.
pub(super) fn secret(
    meant: &mut Meant<'_>,
    variables: &BTreeMap<String, String>,
    name: &str,
) -> Option<Secret> {
    let value = options::value(variables, name)?;
    let secret = match value.chars().any(char::is_control) {
        true => Err(Problem::new("a line break or another control character is in it")
            .next("set it to the one line that was given to you")),
        false => Secret::new(value),
    };
    let told =
        |problem: Problem| Problem { what: format!("{}: {}", options::told(name), problem.what), ..problem };
    secret.map_err(|problem| meant.problems.push(told(problem))).ok()
}

/// A web address without what is no part of it: credentials, a query, slashes at the end. Plain HTTP only where nobody
/// listens.
pub(super) fn checked_url(text: &str, plain_http: &[String]) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| format!("this is not a URL: {error}"))?;
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => return Err("this is not a URL with a host".into()),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("there is a user or password in it, which belongs into a variable of its own".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("there is a query in it".into());
    }
    match url.scheme() {
        "https" => {}
        "http" if registry::speaks_plain_http(&host, plain_http) => {}
        "http" => return Err(format!("`{text}` is not encrypted; --plain-http {host} allows it")),
        _ => return Err(format!("`{text}` is neither https nor http")),
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Where the API of this server is, as GitHub documents it: `HOST/api/v3` for an Enterprise Server, `api.HOST` for
/// Enterprise Cloud with data residency.
fn api_of(server: &str) -> String {
    match server.strip_prefix("https://") {
        Some("github.com") => GITHUB_API.to_owned(),
        Some(host) if host.ends_with(".ghe.com") => format!("https://api.{host}"),
        _ => format!("{server}/api/v3"),
    }
}

fn server_of(api: &str) -> Option<String> {
    match api.strip_prefix("https://api.") {
        Some(host) if host == "github.com" || host.ends_with(".ghe.com") => Some(format!("https://{host}")),
        _ => api.strip_suffix("/api/v3").map(str::to_owned),
    }
}

/// What the options say of releases.
pub(super) fn release_options(meant: &mut Meant<'_>, github: &GitHub) -> ReleaseOptions {
    let template = "write a Go template over the fields of the Chart.yaml: `{{ .Name }}-{{ .Version }}`";
    let notes = "write a path inside the chart, such as CHANGELOG.md";
    let latest = "write the `name` of a Chart.yaml, or `none`";
    ReleaseOptions {
        name_template: meant
            .parsed("release-name-template", template, name_template)
            .unwrap_or_else(|| "{{ .Name }}-{{ .Version }}".into()),
        notes_file: meant
            .parsed("release-notes-file", notes, |text| super::pages::path_within(text, "chart")),
        generate_notes: meant.switch("generate-release-notes"),
        latest: meant
            .parsed("latest-chart", latest, |text| match text {
                "none" => Ok(Latest::None),
                _ if text.contains(['/', '\\', '@']) || text.contains(char::is_whitespace) => {
                    Err(format!("`{text}` is not the name of a chart"))
                }
                _ => Ok(Latest::Chart(ChartName::new(text))),
            })
            .unwrap_or(Latest::Only),
        budget: budget(meant, github),
    }
}

/// The one place that reads the template before it is used.
fn name_template(text: &str) -> Result<String, String> {
    match text.chars().any(char::is_control) {
        true => Err("a release's name is one line".into()),
        false => Ok(text.to_owned()),
    }
}

fn budget(meant: &mut Meant<'_>, github: &GitHub) -> Option<Budget> {
    let mut number = |key| meant.number::<NonZeroU32>(key).map(NonZeroU32::get);
    let (minute, hour) = (number("github-writes-per-minute"), number("github-writes-per-hour"));
    let limited = github.api_url == GITHUB_API || minute.is_some() || hour.is_some();
    limited.then(|| Budget {
        per_minute: minute.unwrap_or(BUDGET.per_minute),
        per_hour: hour.unwrap_or(BUDGET.per_hour),
    })
}
