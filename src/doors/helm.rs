//! Where Helm keeps its files.

use std::{collections::BTreeMap, path::PathBuf};

/// A variable as a path; an empty one is not set.
pub(super) fn path(environment: &BTreeMap<String, String>, name: &str) -> Option<PathBuf> {
    environment.get(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Somebody's home.
pub(super) fn home(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    path(environment, "HOME").or_else(|| path(environment, "USERPROFILE"))
}

/// The folder of Helm's configuration, as Helm 4.3.1 finds it.
fn configuration(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    let below = |folder: Option<PathBuf>, file: &str| folder.map(|folder| folder.join(file));
    path(environment, "HELM_CONFIG_HOME")
        .or_else(|| below(path(environment, "XDG_CONFIG_HOME"), "helm"))
        .or_else(|| match () {
            () if cfg!(target_os = "macos") => below(home(environment), "Library/Preferences/helm"),
            () if cfg!(windows) => below(path(environment, "APPDATA"), "helm"),
            () => below(home(environment), ".config/helm"),
        })
}

/// The file with the log-ins of registries.
pub fn registries(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    path(environment, "HELM_REGISTRY_CONFIG")
        .or_else(|| configuration(environment).map(|folder| folder.join("registry/config.json")))
}

/// The file with the repositories that Helm has been told of.
pub fn repositories(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    path(environment, "HELM_REPOSITORY_CONFIG")
        .or_else(|| configuration(environment).map(|folder| folder.join("repositories.yaml")))
}
