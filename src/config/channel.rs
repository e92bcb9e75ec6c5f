//! The channels that the configuration names.

use super::{github::GitHub, meant::Meant, options::Word};
use crate::{holdings::ChannelId, problem::Problem};
use std::path::{Path, PathBuf};

/// A channel, as it was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelChoice {
    /// `releases`.
    Releases,
    /// `pages`.
    Pages,
    /// `oci://HOST/PATH`, or `oci`, which stands for `oci://ghcr.io/OWNER/REPOSITORY`.
    Oci {
        /// The URL as written; for `oci` the one that it stands for.
        id: ChannelId,
        /// In lower case, with its port where it has one.
        host: String,
        /// In lower case, without `/` before and behind.
        path: String,
    },
    /// `folder:PATH`.
    Folder {
        /// As written, which is how it is told.
        id: ChannelId,
        /// Relative to the current folder, or absolute.
        path: PathBuf,
    },
}

const CHANNELS: &str = "the channels are: `releases`, `pages`, `oci`, `oci://HOST/PATH`, and `folder:PATH`, a folder \
     with packages and an index.yaml";

/// Where `oci` goes.
const PACKAGES: &str = "ghcr.io";

impl ChannelChoice {
    /// How it is told.
    pub fn id(&self) -> ChannelId {
        match self {
            Self::Releases => ChannelId("releases".into()),
            Self::Pages => ChannelId("pages".into()),
            Self::Oci { id, .. } | Self::Folder { id, .. } => id.clone(),
        }
    }

    /// Whether both are one place, under whatever name.
    fn is_same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Oci { host, path, .. }, Self::Oci { host: other, path: there, .. }) => {
                host == other && path == there
            }
            (Self::Folder { path, .. }, Self::Folder { path: other, .. }) => path == other,
            _ => self == other,
        }
    }
}

/// The channels, none twice. `used` is false for a command without channels: then what they lack is no error.
pub(super) fn channels(meant: &mut Meant<'_>, github: &GitHub, used: bool) -> Vec<ChannelChoice> {
    let Some(words) = meant.list("channel") else { return default(meant, github, used) };
    let mut channels: Vec<ChannelChoice> = Vec::new();
    for word in words {
        let channel = match channel(&word, meant.root, github) {
            Ok(channel) => channel,
            Err(problem) => {
                if used || !matches!(word.text.as_str(), "oci" | "releases") {
                    meant.problems.push(problem);
                }
                continue;
            }
        };
        match channels.iter().find(|other| other.is_same_place(&channel)).map(ChannelChoice::id) {
            // Folders are told apart by their absolute paths, later.
            Some(other) if other != channel.id() && matches!(channel, ChannelChoice::Oci { .. }) => {
                let what = format_args!("{other} and {} are the same place", channel.id());
                meant.problems.push(word.problem("channel", what).next("leave out one"));
            }
            Some(_) => {}
            None => channels.push(channel),
        }
    }
    channels
}

fn default(meant: &mut Meant<'_>, github: &GitHub, used: bool) -> Vec<ChannelChoice> {
    if !github.on_actions {
        let path = meant.root.join("published");
        return vec![ChannelChoice::Folder { id: ChannelId("folder:published".into()), path }];
    }
    if used && github.repository.is_none() {
        meant.problems.push(no_repository(Problem::new("the channel releases needs a repository on GitHub")));
    }
    vec![ChannelChoice::Releases, ChannelChoice::Pages]
}

fn channel(word: &Word, root: &Path, github: &GitHub) -> Result<ChannelChoice, Problem> {
    let problem = |what: String| word.problem("channel", what);
    let text = word.text.trim();
    match text {
        "releases" if github.repository.is_none() => {
            Err(no_repository(problem("`releases` needs a repository on GitHub".into())))
        }
        "releases" => Ok(ChannelChoice::Releases),
        "pages" => Ok(ChannelChoice::Pages),
        "oci" if !github.is_github_com() => {
            Err(problem(format!("`oci` is {PACKAGES}, and this repository is on {}", github.server_url))
                .next("name the registry: `oci://HOST/PATH`"))
        }
        "oci" => match &github.repository {
            None => Err(no_repository(problem("`oci` needs a repository on GitHub".into()))),
            Some(repository) => {
                let url = format!("oci://{PACKAGES}/{}", repository.to_lowercase());
                oci(&url).map_err(|what| problem(what).next("name another path: `oci://HOST/PATH`"))
            }
        },
        _ if text.starts_with("oci://") => oci(text).map_err(|what| {
            problem(what).next("write `oci://HOST/PATH`, such as `oci://ghcr.io/acme/charts`; the chart's name and version are added")
        }),
        _ => match text.strip_prefix("folder:") {
            Some(path) if !path.trim().is_empty() => {
                let path = match word.origin.starts_at_root() {
                    true => root.join(path),
                    false => path.into(),
                };
                Ok(ChannelChoice::Folder { id: ChannelId(text.into()), path })
            }
            _ if text.contains('@') => Err(problem("this is not a channel".into()).next(CHANNELS)),
            _ => Err(problem(format!("`{text}` is not a channel")).next(CHANNELS)),
        },
    }
}

/// The problem, with how to name the repository.
pub(super) fn no_repository(problem: Problem) -> Problem {
    problem.next("name it with --github-repository OWNER/NAME; GitHub Actions sets GITHUB_REPOSITORY")
}

/// Reads `oci://HOST/PATH`. What is wrong is told without what may be a password.
fn oci(url: &str) -> Result<ChannelChoice, String> {
    let rest = url.strip_prefix("oci://").unwrap_or(url);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if host.contains('@') {
        return Err("a registry's URL with a user or password in it".into());
    }
    let host = host.to_lowercase();
    if !super::registry::is_host(&host) {
        return Err(format!("`{url}` has no host that can be a registry"));
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Err(format!("`{url}` has no path"));
    }
    if path.contains([':', '@']) {
        return Err(format!("`{url}` has a tag or digest, and the tag is each chart's version"));
    }
    if path.chars().any(char::is_uppercase) {
        return Err(format!("`{url}` has upper case in its path, which no registry takes"));
    }
    if !path.split('/').all(is_component) {
        return Err(format!("`{url}` has a path that no registry takes"));
    }
    let id = ChannelId(url.into());
    Ok(ChannelChoice::Oci { id, host, path: path.to_owned() })
}

/// What the OCI distribution specification allows between two `/` of a name:
/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn is_component(part: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separator = |text: &str| matches!(text, "." | "_" | "__") || text.chars().all(|c| c == '-');
    let ends_plain = part.starts_with(plain) && part.ends_with(plain);
    ends_plain && part.split(plain).filter(|between| !between.is_empty()).all(separator)
}
