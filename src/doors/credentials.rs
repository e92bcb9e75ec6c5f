//! Who we are for a registry: what Docker's and Helm's configuration files and their credential helpers say.
//!
//! The files are found with a captured environment. A helper is a program that is looked for and run with the
//! environment of this process (`PATH`, `HOME`), because `docker_credential` runs it.

use super::{away, disk, helm};
use crate::{problem::Problem, secret::Secret};
use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// A user and what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// A password or token.
    pub password: Secret,
}

/// What is known of us for a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// A user and a password.
    Password(Credentials),
    /// What a registry's token server gave at a log-in, in place of a password.
    IdentityToken(Secret),
}

/// The log-in for a registry's host: the first that Helm's, Docker's or Podman's file has, in the order in which Helm
/// 4.3.1 asks (it does not know Podman's). `None` is nobody.
///
/// # Errors
/// A file that cannot be read, and a helper that fails.
pub async fn find(host: &str, environment: &BTreeMap<String, String>) -> Result<Option<Login>, Problem> {
    let (servers, files) = (servers(host), files(environment));
    away::blocking("reading the log-ins of registries", move || {
        for file in &files {
            for server in &servers {
                if let Some(login) = read(file, server)? {
                    return Ok(Some(login));
                }
            }
        }
        Ok(None)
    })
    .await
}

/// The names under which a log-in is kept. Docker Hub has one of its own.
fn servers(host: &str) -> Vec<String> {
    match host {
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => {
            ["https://index.docker.io/v1/", "docker.io"].map(str::to_owned).into()
        }
        other => vec![other.to_owned()],
    }
}

/// The files that may hold log-ins.
fn files(environment: &BTreeMap<String, String>) -> Vec<PathBuf> {
    let path = |name: &str| helm::path(environment, name);
    let home = helm::home(environment);
    let at_home = |below: &str| home.as_ref().map(|home| home.join(below));
    let below = |folder: Option<PathBuf>, file: &str| folder.map(|folder| folder.join(file));
    let helm = helm::registries(environment);
    let docker = below(path("DOCKER_CONFIG").or_else(|| at_home(".docker")), "config.json");
    let podman = match path("REGISTRY_AUTH_FILE") {
        Some(file) => vec![file],
        None => [
            below(path("XDG_RUNTIME_DIR"), "containers/auth.json"),
            below(path("XDG_CONFIG_HOME").or_else(|| at_home(".config")), "containers/auth.json"),
        ]
        .into_iter()
        .flatten()
        .collect(),
    };
    helm.into_iter().chain(docker).chain(podman).collect()
}

/// What one file says of a server, itself or through the helper that it names.
fn read(file: &Path, server: &str) -> Result<Option<Login>, Problem> {
    let in_file = |problem: Problem| problem.in_file(file.display().to_string());
    let Some(bytes) = disk::read(file).map_err(|error| in_file(error.into()))? else { return Ok(None) };
    if bytes.trim_ascii().is_empty() {
        return Ok(None);
    }
    let failed = |what: String, next: &str| Err(in_file(Problem::new(what).next(next)));
    match get_credential_from_reader(&bytes[..], server) {
        Ok(DockerCredential::UsernamePassword(user, password)) if !user.is_empty() => {
            Ok(Some(Login::Password(Credentials { user, password: Secret::any(password) })))
        }
        Ok(DockerCredential::IdentityToken(token)) if !token.is_empty() => {
            Ok(Some(Login::IdentityToken(Secret::any(token))))
        }
        Ok(_)
        | Err(CredentialRetrievalError::NoCredentialConfigured | CredentialRetrievalError::ConfigNotFound) => {
            Ok(None)
        }
        // What Docker's helpers say, in these words, when they know nobody.
        Err(CredentialRetrievalError::HelperFailure { stdout, stderr, .. })
            if stdout.contains("credentials not found") || stderr.contains("credentials not found") =>
        {
            Ok(None)
        }
        // Never its output: it may hold what it should have kept.
        Err(CredentialRetrievalError::HelperFailure { helper, .. }) => failed(
            format!("{helper} failed to say who we are for {server}"),
            "run it yourself to see why, or log in again",
        ),
        Err(
            CredentialRetrievalError::HelperCommunicationError
            | CredentialRetrievalError::MalformedHelperResponse,
        ) => failed(
            format!("{} cannot be run, or its answer not be read, for {server}", helper_of(&bytes, server)),
            "install it, or take it out of the file and log in again",
        ),
        Err(CredentialRetrievalError::ConfigReadError) => failed(
            "the file with the log-ins of registries is not what Docker and Helm write".to_owned(),
            "mend it, or log in again",
        ),
        Err(
            CredentialRetrievalError::CredentialDecodingError
            | CredentialRetrievalError::CredentialMismatchError,
        ) => failed(format!("the log-in for {server} cannot be read"), "log in again"),
    }
}

/// The program that a file names for a server.
fn helper_of(file: &[u8], server: &str) -> String {
    let file: serde_json::Value = serde_json::from_slice(file).unwrap_or_default();
    let name = file["credHelpers"][server].as_str().or_else(|| file["credsStore"].as_str());
    name.map_or_else(|| "a credential helper".to_owned(), |name| format!("docker-credential-{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(of: &[(&str, &str)]) -> BTreeMap<String, String> {
        of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_files_are_those_that_helm_docker_and_podman_read() {
        let shown = |of: &[(&str, &str)]| {
            files(&environment(of)).iter().map(|file| file.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            shown(&[("HOME", "/h")]),
            [
                "/h/.config/helm/registry/config.json",
                "/h/.docker/config.json",
                "/h/.config/containers/auth.json"
            ]
        );
        assert_eq!(
            shown(&[
                ("HOME", "/h"),
                ("HELM_REGISTRY_CONFIG", "/r.json"),
                ("DOCKER_CONFIG", "/d"),
                ("REGISTRY_AUTH_FILE", "/p.json")
            ]),
            ["/r.json", "/d/config.json", "/p.json"]
        );
        assert_eq!(shown(&[("XDG_CONFIG_HOME", "/x")])[0], "/x/helm/registry/config.json");
        assert!(shown(&[]).is_empty());
    }
}
