//! How the charts that a chart depends on are found, and where they are kept.

use super::{
    meant::Meant,
    options,
    signing::{at_home, home},
};
use crate::dependencies::Mode;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// What the folder of this program is called where every program has one.
const FOLDER: &str = "chart-release";

/// How the versions are found, where somebody says it.
pub(super) fn mode(meant: &mut Meant<'_>) -> Option<Mode> {
    meant.parsed("dependencies", "write locked, update or vendored", |text| {
        match text.to_lowercase().as_str() {
            "locked" => Ok(Mode::Locked),
            "update" => Ok(Mode::Update),
            "vendored" => Ok(Mode::Vendored),
            _ => Err(format!("`{text}` is neither locked nor update nor vendored")),
        }
    })
}

/// Where fetched packages are kept: where somebody says, or in the folder that this system has for such files.
pub(super) fn cache(meant: &mut Meant<'_>, variables: &BTreeMap<String, String>) -> Option<PathBuf> {
    let home = home(variables);
    match meant.text("cache") {
        Some(word) => Some(meant.resolved(&at_home(word.text.trim(), home.as_deref()), &word.origin)),
        None => Some(of_the_user(variables, home.as_deref())?.join(FOLDER)),
    }
}

fn of_the_user(variables: &BTreeMap<String, String>, home: Option<&Path>) -> Option<PathBuf> {
    let said = |name: &str| {
        options::value(variables, name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute() || path.has_root())
    };
    let below = |folder: &str| home.map(|home| home.join(folder));
    // Who sets XDG_CACHE_HOME means it on every system; a relative one is none, as its specification says.
    said("XDG_CACHE_HOME").or_else(|| match () {
        () if cfg!(windows) => said("LOCALAPPDATA"),
        () if cfg!(target_os = "macos") => below("Library/Caches"),
        () => below(".cache"),
    })
}
