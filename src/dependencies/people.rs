//! Who we are for the repositories that charts are fetched from.

use super::Settings;
use crate::{
    doors::{credentials::Credentials, repositories::Pass},
    problem::Problem,
};
use std::collections::BTreeMap;
use url::Url;

/// What the configuration and Helm's repositories.yaml say.
pub(super) struct People {
    logins: BTreeMap<String, Credentials>,
    plain_http: Vec<String>,
}

impl People {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { logins: settings.logins.clone(), plain_http: settings.plain_http.clone() }
    }

    /// The URL of a repository that Helm has been told of.
    pub(super) async fn aliases(&self) -> Result<BTreeMap<String, String>, Problem> {
        Ok(BTreeMap::new())
    }

    /// What goes along to a repository.
    pub(super) async fn pass(&self, url: &Url, _text: &str) -> Result<Pass, Problem> {
        Ok(Pass::nobody(url).login(self.login(url)))
    }

    /// Whether the user wants the log-in of this repository to go wherever its index leads.
    pub(super) async fn goes_everywhere(&self, _text: &str) -> Result<bool, Problem> {
        Ok(false)
    }

    /// A package at another host than the index: what is known of us there.
    pub(super) fn also_known(&self, pass: Pass, url: &Url) -> Pass {
        match pass.is_at(url) {
            true => pass,
            false => Pass::nobody(url).login(self.login(url)),
        }
    }

    /// A password is sent encrypted; by plain HTTP only where somebody said that the host is spoken to so.
    fn login(&self, url: &Url) -> Option<Credentials> {
        let host = host(url);
        let goes = url.scheme() == "https" || self.plain_http.contains(&host);
        self.logins.get(&host).filter(|_| goes).cloned()
    }
}

/// With its port where it has one of its own.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
