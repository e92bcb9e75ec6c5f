//! The channels of a run, from what was configured and what the repository says.

use crate::{
    channels::{
        Channel,
        folder::Folder,
        oci::{self, Oci},
        pages::{self, Author, Pages},
        releases::{self, Releases},
    },
    charts::ChartName,
    config::{ChannelChoice, Config, Latest, site_of},
    doors::disk,
    holdings::ChannelId,
    problem::Problem,
    repo::Facts,
};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

/// The channels in the order in which their bytes count: those of a release first, of a folder last; else as
/// configured. None stands there twice, under whatever name.
pub(super) fn channels(
    config: &Config,
    facts: &Facts,
    only_chart: Option<&ChartName>,
) -> Result<Vec<Arc<dyn Channel>>, Problem> {
    let mut folders: BTreeMap<PathBuf, ChannelId> = BTreeMap::new();
    let mut channels: Vec<Arc<dyn Channel>> = Vec::new();
    for choice in in_order(&config.channels) {
        let id = choice.id();
        channels.push(match choice {
            ChannelChoice::Releases => Arc::new(Releases::new(id, of_releases(config, only_chart)?)?),
            ChannelChoice::Oci { host, path, .. } => {
                let settings = oci::Settings {
                    host: host.clone(),
                    path: path.clone(),
                    plain_http: config.registries.speaks_plain_http(host),
                    credentials: config.registries.credentials.get(host).cloned(),
                    http: config.http.clone(),
                };
                Arc::new(Oci::with_environment(id, settings, config.environment.clone())?)
            }
            ChannelChoice::Pages => Arc::new(Pages::new(id, of_pages(config, facts)?)?),
            ChannelChoice::Folder { path, .. } => {
                let path = disk::absolute(path)?;
                if let Some(other) = folders.insert(path.clone(), id.clone()) {
                    let what = format!("{other} and {id} are the same folder");
                    return Err(Problem::new(what).next("leave out one"));
                }
                Arc::new(Folder::new(&id.0, path))
            }
        });
    }
    Ok(channels)
}

fn in_order(choices: &[ChannelChoice]) -> Vec<&ChannelChoice> {
    let mut choices: Vec<_> = choices.iter().collect();
    choices.sort_by_key(|choice| match choice {
        ChannelChoice::Releases => 0,
        ChannelChoice::Oci { .. } => 1,
        ChannelChoice::Pages => 2,
        ChannelChoice::Folder { .. } => 3,
    });
    choices
}

fn of_releases(config: &Config, only_chart: Option<&ChartName>) -> Result<releases::Settings, Problem> {
    let github = &config.github;
    let repository = github.repository.clone().ok_or_else(|| {
        Problem::new("the channel releases needs a repository on GitHub")
            .next("name it with --github-repository OWNER/NAME")
    })?;
    let options = &config.releases;
    Ok(releases::Settings {
        repository,
        api_url: github.api_url.clone(),
        server_url: github.server_url.clone(),
        token: github.token.clone(),
        name_template: options.name_template.clone(),
        notes_file: options.notes_file.clone(),
        generate_notes: options.generate_notes,
        latest: match &options.latest {
            Latest::Only => only_chart.cloned(),
            Latest::Chart(name) => Some(name.clone()),
            Latest::None => None,
        },
        budget: options.budget,
        http: config.http.clone(),
    })
}

fn of_pages(config: &Config, facts: &Facts) -> Result<pages::Settings, Problem> {
    let options = &config.pages;
    let on_github = config.github.repository_url().map(|url| format!("{url}.git"));
    let origin = || facts.origin.clone().filter(|url| can_be_pushed_to(url));
    let remote = options.remote.clone().or(on_github).or_else(origin).ok_or_else(|| {
        Problem::new("the channel pages needs a git repository to push to")
            .next("name it with --pages-remote URL, or the one on GitHub with --github-repository OWNER/NAME")
    })?;
    Ok(pages::Settings {
        token: config.github.token_for(&remote),
        branch: options.branch.clone(),
        index_path: options.index_path.clone(),
        url: options.url.clone().or_else(|| site_of(&remote, &options.index_path)),
        packages_with_index: options.packages_with_index,
        author: author(config, facts),
        sign_off: options.sign_off,
        http: config.http.clone(),
        remote,
    })
}

fn can_be_pushed_to(url: &str) -> bool {
    match url.split_once("://") {
        Some((scheme, _)) => matches!(scheme, "https" | "ssh" | "file"),
        // git@host:path, and no path of this machine.
        None => url.split_once(':').is_some_and(|(host, _)| !host.contains('/')),
    }
}

/// Whoever was named, whoever git knows, or the program that runs.
fn author(config: &Config, facts: &Facts) -> Author {
    if let Some(author) = &config.pages.author {
        return author.clone();
    }
    let (name, email) = match &facts.person {
        Some((name, email)) => (name.as_str(), email.as_str()),
        None if config.github.on_actions => {
            ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")
        }
        None => ("chart-release", "chart-release@localhost"),
    };
    Author { name: name.to_owned(), email: email.to_owned() }
}
