//! What is in a package, for comparing: content decides, not bytes.

use crate::{
    charts::{Chart, Lock},
    digest::Digest,
    problem::Problem,
};
use std::collections::{BTreeMap, BTreeSet};

/// The digest of each unpacked file by its path below the chart's folder.
///
/// Two packages with equal contents are the same release, whoever wrote them: Chart.yaml counts as data (it is
/// digested in the form in which Helm writes it), Chart.lock without its time, and a byte order mark, which Helm takes
/// away each time it reads a file, not at all. Order, times and modes in the archive do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Path to digest.
    pub files: BTreeMap<String, Digest>,
    /// What is not known, and not compared: a path, or a folder with a `/` at its end. Such are subcharts that would
    /// have to be fetched, and a lock that would have to be made.
    pub undetermined: BTreeSet<String>,
}

impl Contents {
    /// What a package of this chart contains, whether the chart was read from a folder or from somebody's package.
    ///
    /// # Errors
    /// Metadata that cannot be written as YAML.
    pub fn of(chart: &Chart) -> Result<Self, Problem> {
        let mut chart = chart.clone();
        chart.each_lock(&mut |lock| Ok(timeless(lock)))?;
        let mut files = BTreeMap::new();
        for (name, content) in chart.entries()? {
            let path = name.split_once('/').map_or(name.as_str(), |(_, path)| path);
            let mut content = &content[..];
            while let Some(rest) = content.strip_prefix(b"\xEF\xBB\xBF") {
                content = rest;
            }
            let digest = match timeless_lock(path, content) {
                Some(text) => Digest::of(text.as_bytes()),
                None => Digest::of(content),
            };
            files.insert(path.to_owned(), digest);
        }
        Ok(Self { files, undetermined: BTreeSet::new() })
    }

    /// The paths of the files that differ or that only one side has, sorted. What either side does not know is left out.
    pub fn differing(&self, other: &Self) -> Vec<String> {
        let mut paths = self.differing_at_all(other);
        paths.retain(|path| !self.leaves_open(path) && !other.leaves_open(path));
        paths
    }

    /// The same of all files that either side has, whatever determines them: for two whole packages.
    pub fn differing_at_all(&self, other: &Self) -> Vec<String> {
        let differs = |path: &&String| self.files.get(*path) != other.files.get(*path);
        let mut paths: Vec<String> =
            self.files.keys().chain(other.files.keys()).filter(differs).cloned().collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// Whether the file at this path is not known.
    fn leaves_open(&self, path: &str) -> bool {
        let is_it = |open: &String| match open.ends_with('/') {
            true => path.starts_with(open.as_str()),
            false => path == open,
        };
        self.undetermined.iter().any(is_it)
    }
}

/// A v1 chart's requirements.lock, which is packaged as it is, without its time.
fn timeless_lock(path: &str, content: &[u8]) -> Option<String> {
    if path.rsplit('/').next() != Some("requirements.lock") {
        return None;
    }
    let lock = Lock::read(path, content).ok()??;
    timeless(lock).to_yaml().ok()
}

fn timeless(lock: Lock) -> Lock {
    Lock { generated: String::new(), ..lock }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(files: &[(&str, &str)], undetermined: &[&str]) -> Contents {
        Contents {
            files: files
                .iter()
                .map(|(path, text)| ((*path).to_owned(), Digest::of(text.as_bytes())))
                .collect(),
            undetermined: undetermined.iter().map(|path| (*path).to_owned()).collect(),
        }
    }

    #[test]
    fn what_one_side_does_not_know_is_not_compared_on_either() {
        let ours =
            contents(&[("Chart.yaml", "a"), ("values.yaml", "ours")], &["Chart.lock", "charts/redis/"]);
        let published = [
            ("Chart.lock", "b"),
            ("Chart.yaml", "a"),
            ("charts/redis-ha/Chart.yaml", "d"),
            ("charts/redis/Chart.yaml", "c"),
            ("values.yaml", "theirs"),
        ];
        let theirs = contents(&published, &[]);
        let differing = ["charts/redis-ha/Chart.yaml", "values.yaml"];
        assert_eq!(ours.differing(&theirs), differing);
        assert_eq!(theirs.differing(&ours), differing);
    }
}
