//! What is in a package, for comparing: content decides, not bytes.

use crate::{charts::Chart, digest::Digest, problem::Problem};
use std::collections::BTreeMap;

/// The digest of each unpacked file by its path below the chart's folder.
///
/// Two packages with equal contents are the same release, whoever wrote them: Chart.yaml counts as data (it is
/// digested in the form in which Helm writes it), Chart.lock without its time, and a byte order mark, which Helm takes
/// away each time it reads a file, not at all. Order, times and modes in the archive do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Path to digest.
    pub files: BTreeMap<String, Digest>,
}

impl Contents {
    /// What a package of this chart contains, whether the chart was read from a folder or from somebody's package.
    ///
    /// # Errors
    /// Metadata that cannot be written as YAML.
    pub fn of(chart: &Chart) -> Result<Self, Problem> {
        let mut chart = chart.clone();
        chart.set_lock_time("");
        let mut files = BTreeMap::new();
        for (name, content) in chart.entries()? {
            let path = name.split_once('/').map_or(name.as_str(), |(_, path)| path);
            let mut content = &content[..];
            while let Some(rest) = content.strip_prefix(b"\xEF\xBB\xBF") {
                content = rest;
            }
            files.insert(path.to_owned(), Digest::of(content));
        }
        Ok(Self { files })
    }

    /// The paths of the files that differ or that only one side has, sorted.
    pub fn differing(&self, other: &Self) -> Vec<String> {
        let differs = |path: &&String| self.files.get(*path) != other.files.get(*path);
        let mut paths: Vec<String> =
            self.files.keys().chain(other.files.keys()).filter(differs).cloned().collect();
        paths.sort();
        paths.dedup();
        paths
    }
}
