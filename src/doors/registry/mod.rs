//! The door to OCI registries: manifests, blobs and tags, as plain data.
//!
//! The calls are made here, and not by the crate `oci-client`, because what this program does with an answer depends on
//! what that crate keeps to itself: the status of the token endpoint (a wrong password and a restart look the same
//! behind its `auth`), the error code of a 404, `Retry-After`, the digest that an upload was stored under, `Link`, and
//! that a mount was refused; its `push` moves tags that exist; a `Location` without host or leading `/` is a panic.
//! What a name in a registry is, `oci-spec` says.

mod advice;
mod blobs;
mod calls;
mod manifests;
mod session;

use super::{
    credentials::{Credentials, Login},
    http,
};
use crate::{problem::Problem, secret::Secret};
use calls::Challenge;
use oci_spec::distribution::Reference;
use reqwest::Url;
use session::Slot;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::sync::OnceCell;

/// A registry. Tokens are kept for as long as it lives, one for each repository.
pub struct Registry {
    /// As it is written in references.
    host: String,
    /// `https://host/v2/`, with the host that is really called.
    base: Url,
    /// Follows redirects, and takes no credentials along to another host.
    reading: reqwest::Client,
    /// Follows none.
    staying: reqwest::Client,
    http: http::Settings,
    /// Who the configuration says we are.
    configured: Option<Credentials>,
    environment: Arc<BTreeMap<String, String>>,
    login: OnceCell<Result<Option<Login>, Problem>>,
    /// How `/v2/` asks who we are.
    probed: OnceCell<Result<Option<Challenge>, Problem>>,
    /// How an answer to another call asked it: there are registries where anybody may read.
    asked: Mutex<Option<Challenge>>,
    tokens: Mutex<BTreeMap<(String, &'static str), Slot>>,
    /// Every token that we were given, so that none is repeated.
    given: Mutex<Vec<Secret>>,
}

impl Registry {
    /// The registry at a host, with its port where it has one. Credentials that are not given are looked for in the
    /// files of Helm, Docker and Podman when they are needed; `environment` says where those are.
    ///
    /// # Errors
    /// What is no host, and no certificates to trust.
    pub fn new(
        host: &str,
        plain_http: bool,
        credentials: Option<Credentials>,
        environment: BTreeMap<String, String>,
        http: http::Settings,
    ) -> Result<Self, Problem> {
        // Docker Hub's API is at another host than its name.
        let called = match host {
            "docker.io" | "index.docker.io" => "registry-1.docker.io",
            other => other,
        };
        let scheme = if plain_http { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{called}/v2/"))
            .ok()
            .filter(|url| url.host_str().is_some() && url.path() == "/v2/" && url.username().is_empty())
            .ok_or_else(|| Problem::new(format!("`{host}` is not the host of a registry")))?;
        Ok(Self {
            host: host.to_owned(),
            base,
            reading: http::client(&http)?,
            staying: http::client_without_redirects(&http)?,
            http,
            configured: credentials,
            environment: Arc::new(environment),
            login: OnceCell::new(),
            probed: OnceCell::new(),
            asked: Mutex::default(),
            tokens: Mutex::default(),
            given: Mutex::default(),
        })
    }

    /// Checks the name of a repository.
    ///
    /// # Errors
    /// A name that no registry takes.
    pub fn check_name(repository: &str) -> Result<(), Problem> {
        let reference = Reference::try_from(format!("localhost/{repository}:0"));
        match reference {
            Ok(reference) if reference.repository() == repository => Ok(()),
            _ if repository.chars().any(char::is_uppercase) => {
                let what = format!("`{repository}` cannot be the name of a repository in a registry");
                Err(Problem::new(what).next(
                    "repositories are named in lower case: rename the chart, or publish it to other channels only",
                ))
            }
            _ => {
                Err(Problem::new(format!("`{repository}` cannot be the name of a repository in a registry"))
                    .next("lower-case letters and digits, with . _ - between them and / between the parts"))
            }
        }
    }

    /// The address of something in a repository.
    fn url(&self, repository: &str, rest: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("/v2/{repository}/{rest}"));
        url
    }
}
