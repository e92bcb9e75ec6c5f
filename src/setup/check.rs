//! What a check is about, from what was configured and what the repository says.

use crate::{
    check::{Home, Task},
    config::{ChannelChoice, Config},
    problem::Problem,
    publish::Packing,
    repo::Facts,
};

pub(super) fn task<'a>(config: &Config, facts: &Facts, packing: &'a Packing) -> Task<'a> {
    let path = |channel: &ChannelChoice| match channel {
        ChannelChoice::Oci { path, .. } => Some(path.trim_matches('/').to_owned()),
        _ => None,
    };
    Task {
        packing,
        base: config.base.clone(),
        edited_here: !config.github.on_actions,
        registries: config.channels.iter().filter_map(path).collect(),
        home: home(config, facts),
    }
}

/// Where people find the repository: what GitHub calls it, else the origin of this clone, where it is a web address.
fn home(config: &Config, facts: &Facts) -> Option<Home> {
    if let Some(url) = config.github.repository_url() {
        return Some(Home { url, sure: true });
    }
    let url = facts.origin.as_ref()?;
    let url = url.strip_suffix(".git").unwrap_or(url);
    url.starts_with("https://").then(|| Home { url: url.to_owned(), sure: false })
}

/// The channels cannot be asked at all.
pub(super) fn no_channels(problem: Problem) -> Problem {
    Problem { what: format!("it is not known what is published: {}", problem.what), ..problem }
}
