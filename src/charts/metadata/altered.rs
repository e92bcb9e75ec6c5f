//! Values that Helm publishes as something else than what is written, without a word.

use super::Metadata;
use crate::{
    charts::yaml::{self, Value},
    problem::Problem,
};

/// The keys whose text people read as a version.
const VERSIONS: [&str; 3] = ["version", "appVersion", "kubeVersion"];

impl Metadata {
    /// Tells of versions in a Chart.yaml that are no text for YAML: Helm turns them into text in its own way, so that
    /// `appVersion: 1.10` is published as `1.1`, and `1e3` as `1000`. Whole numbers in plain digits stay what they are.
    pub fn altered(file: &str, chart_yaml: &[u8]) -> Vec<Problem> {
        let Ok(document) = yaml::read(file, chart_yaml) else { return Vec::new() };
        let told = VERSIONS.into_iter().filter_map(|key| {
            let node = document.get(key)?;
            let kind = match node.value {
                Value::Float(_) => "a number with a fraction",
                Value::Bool(_) => "a yes or no",
                _ => return None,
            };
            let what = format!("{key} is {kind} in YAML, and published as `{}`", node.coerced()?);
            Some(Problem::new(what).at(file, node.line).next("put it in quotes"))
        });
        told.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_booleans_are_told_and_texts_are_not() {
        let told = |chart_yaml: &str| -> Vec<String> {
            let told = Metadata::altered("Chart.yaml", chart_yaml.as_bytes());
            told.iter()
                .map(|one| format!("{} {:?}", one.what, one.place.as_ref().and_then(|place| place.line)))
                .collect()
        };
        assert_eq!(
            told("name: a\nversion: 1.10\nappVersion: yes\n"),
            [
                "version is a number with a fraction in YAML, and published as `1.1` Some(2)",
                "appVersion is a yes or no in YAML, and published as `true` Some(3)",
            ]
        );
        assert_eq!(told("version: '1.10'\nappVersion: 3\nkubeVersion: 1.2.3\n"), [""; 0]);
        assert_eq!(told("version: [\n"), [""; 0], "what cannot be read is told elsewhere");
    }
}
