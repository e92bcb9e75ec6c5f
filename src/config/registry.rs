//! How registries and repositories are spoken to: by plain HTTP or not, and as whom.

use super::{
    channel::ChannelChoice,
    github::{self, GitHub},
    meant::Meant,
    options::{self, Origin, REGISTRY_PASSWORD, Word},
};
use crate::{doors::credentials::Credentials, problem::Problem};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, Ipv6Addr},
};

/// How registries are spoken to, and the repositories that dependencies come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registries {
    /// Hosts, with or without a port, that are spoken to by plain HTTP, beside this machine itself.
    pub plain_http: Vec<String>,
    /// Who we are, by host (with its port where it has one). For the others Docker's and Helm's files are asked.
    pub credentials: BTreeMap<String, Credentials>,
}

impl Registries {
    /// Whether this host, with its port, is spoken to by plain HTTP.
    pub fn speaks_plain_http(&self, host: &str) -> bool {
        speaks_plain_http(host, &self.plain_http)
    }
}

/// This machine itself, and what was named; a name without a port means all ports.
pub(super) fn speaks_plain_http(host: &str, named: &[String]) -> bool {
    let host = host.to_lowercase();
    let (name, _) = name_and_port(&host);
    let address = name.trim_start_matches('[').trim_end_matches(']');
    let loopback = name == "localhost"
        || address.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || address.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback());
    loopback || named.iter().any(|named| *named == host || named == name)
}

fn name_and_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    }
}

/// Whether this is `host` or `host:port`, in lower case.
pub(super) fn is_host(text: &str) -> bool {
    let (name, port) = name_and_port(text);
    let bracketed = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let good_name = match bracketed {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => {
            let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            name.starts_with(ends)
                && name.ends_with(ends)
                && name.chars().all(|c| ends(c) || matches!(c, '-' | '.' | '_'))
        }
    };
    good_name && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// What `--plain-http` names, each with who says it.
pub(super) fn plain_http(meant: &mut Meant<'_>) -> Vec<(String, Word)> {
    let mut hosts = Vec::new();
    for word in meant.list("plain-http").unwrap_or_default() {
        let host = word.text.trim().to_lowercase();
        match is_host(&host) {
            true => hosts.push((host, word)),
            false => {
                let problem = word.problem("plain-http", "this is not a host");
                meant.problems.push(problem.next("write HOST or HOST:PORT, without http://"));
            }
        }
    }
    hosts
}

/// The registries that a run goes to.
pub(super) fn hosts(channels: &[ChannelChoice], used: bool) -> BTreeSet<String> {
    let host = |channel: &ChannelChoice| match channel {
        ChannelChoice::Oci { host, .. } if used => Some(host.clone()),
        _ => None,
    };
    channels.iter().filter_map(host).collect()
}

/// Who says where a password goes, and how: a file of the repository is one that a pull request may have changed, while
/// the workflow around it stayed. A variable of a host is no protection, because other hosts have the same one.
fn unreviewed<'a>(
    host: &str,
    user: &'a Word,
    plain_http: &'a [(String, Word)],
) -> Option<(&'a str, &'a Word)> {
    let is_file = |word: &Word| matches!(word.origin, Origin::File { .. });
    if is_file(user) {
        return Some(("registry-user", user));
    }
    let allows = |named: &str| speaks_plain_http(host, &[named.to_owned()]);
    let mut allowing = plain_http.iter().filter(|(named, _)| !speaks_plain_http(host, &[]) && allows(named));
    allowing.find(|(_, word)| is_file(word)).map(|(_, word)| ("plain-http", word))
}

/// Who we are on other hosts: in the registries of channels (`hosts`), and where dependencies may come from. In a workflow
/// no file says to whom a password goes.
pub(super) fn registries(
    meant: &mut Meant<'_>,
    variables: &BTreeMap<String, String>,
    github: &GitHub,
    plain_http: Vec<(String, Word)>,
    hosts: &BTreeSet<String>,
    in_workflow: bool,
) -> Registries {
    let users = users(meant);
    let mut credentials = BTreeMap::new();
    let mut served: BTreeMap<String, &str> = BTreeMap::new();
    let (of_channels, of_others): (Vec<_>, Vec<_>) =
        users.iter().partition(|(host, _)| hosts.contains(*host));
    // Those of channels first: what is left over may be for others, which need no password before they ask for it.
    for (host, (user, word)) in of_channels.into_iter().chain(of_others) {
        let own = variable(host);
        let name = match options::value(variables, &own) {
            Some(_) => own.clone(),
            None => REGISTRY_PASSWORD.to_owned(),
        };
        let is_channel = hosts.contains(host);
        if options::value(variables, &name).is_none() {
            if is_channel {
                let what = format!("--registry-user names {user} for {host}, and there is no password");
                meant.problems.push(Problem::new(what).next(format!("set {own}")));
            }
            continue;
        }
        if let Some(other) = served.get(&name) {
            if is_channel || !hosts.contains(*other) {
                let what = format!("{name} would go to two hosts, {other} and {host}");
                let next = format!("set {} and {own}, each with its own", variable(other));
                meant.problems.push(Problem::new(what).next(next));
            }
            continue;
        }
        served.insert(name.clone(), host);
        if let Some((key, word)) = unreviewed(host, word, &plain_http).filter(|_| in_workflow) {
            let what = format!("{name} would go to {host} because a file of the repository says so");
            let next = format!("say it in the workflow: --{key} {}", word.text.trim());
            meant.problems.push(word.problem(key, what).next(next));
            continue;
        }
        if let Some(password) = github::secret(meant, variables, &name) {
            credentials.insert(host.clone(), Credentials { user: user.clone(), password });
        }
    }
    if !hosts.is_empty() {
        meant.problems.extend(of_nobody(variables, &users, &served));
    }
    credentials.extend(packages(github, hosts).filter(|(host, _)| !users.contains_key(host)));
    Registries { plain_http: plain_http.into_iter().map(|(host, _)| host).collect(), credentials }
}

/// Leaves out the users that there is no password for; nobody is then anybody. With what is worth knowing about it.
pub(super) fn drop_users_without_password(
    meant: &mut Meant<'_>,
    variables: &BTreeMap<String, String>,
) -> Vec<Problem> {
    let Some(words) = meant.list("registry-user") else { return Vec::new() };
    let password = |word: &Word| {
        let (host, _) = word.text.split_once('=')?;
        let own = variable(&host.trim().to_lowercase());
        [own.as_str(), REGISTRY_PASSWORD].into_iter().find_map(|name| options::value(variables, name))
    };
    let is_user = |word: &Word| word.text.contains('=');
    let (kept, dropped): (Vec<_>, Vec<_>) =
        words.into_iter().partition(|word| !is_user(word) || password(word).is_some());
    meant.said.insert("registry-user".into(), kept);
    let notice = |word: Word| {
        let host = word.text.split_once('=').map_or("", |(host, _)| host.trim()).to_owned();
        Problem::new(format!("there is no password for {host}: it is asked as anybody"))
    };
    dropped.into_iter().map(notice).collect()
}

/// Passwords that no user is named for.
fn of_nobody(
    variables: &BTreeMap<String, String>,
    users: &BTreeMap<String, (String, Word)>,
    served: &BTreeMap<String, &str>,
) -> Vec<Problem> {
    let passwords = variables.keys().filter(|name| {
        let rest = name.strip_prefix(REGISTRY_PASSWORD);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
            && options::value(variables, name).is_some()
    });
    let unknown = passwords.filter(|name| !served.contains_key(*name)).filter(|name| match *name {
        name if name == REGISTRY_PASSWORD => users.is_empty(),
        name => !users.keys().any(|host| variable(host) == *name),
    });
    let problem = |name: &String| {
        Problem::new(format!("{name} is set, and no --registry-user is for it"))
            .next("say whose password it is: --registry-user HOST=USER")
    };
    unknown.map(problem).collect()
}

/// GitHub's token is good for GitHub's own registry, and for no other. It goes there only when that is a channel.
fn packages(github: &GitHub, hosts: &BTreeSet<String>) -> impl Iterator<Item = (String, Credentials)> {
    let host = "ghcr.io";
    let password = github.token.clone().filter(|_| github.is_github_com() && hosts.contains(host));
    // The registry reads the token only; but there has to be a name.
    let user = github.actor.as_deref().or(github.owner()).unwrap_or("x-access-token").to_owned();
    password.map(|password| (host.to_owned(), Credentials { user, password })).into_iter()
}

fn users(meant: &mut Meant<'_>) -> BTreeMap<String, (String, Word)> {
    let mut users: BTreeMap<String, (String, Word)> = BTreeMap::new();
    for word in meant.list("registry-user").unwrap_or_default() {
        let parts = word.text.split_once('=').map(|(host, user)| (host.trim().to_lowercase(), user.trim()));
        let what = match parts {
            Some((host, user)) if is_host(&host) && !user.is_empty() && !user.contains([':', '=']) => {
                let user = user.to_owned();
                match users.insert(host.clone(), (user.clone(), word.clone())) {
                    Some((other, _)) if other != user => format!("two users for {host}"),
                    _ => continue,
                }
            }
            _ => "this is not HOST=USER".into(),
        };
        let next = "write HOST=USER, such as registry.example.com=robot; the password goes into a variable";
        meant.problems.push(word.problem("registry-user", what).next(next));
    }
    users
}

/// The variable with the password for this host.
pub(super) fn variable(host: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("{REGISTRY_PASSWORD}_{}", host.chars().map(plain).collect::<String>())
}
