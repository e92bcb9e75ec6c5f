//! Annotations of a Chart.yaml for which Artifact Hub would drop the version, told before it is published.
//!
//! Artifact Hub reads `artifacthub.io/…` when it meets a version for the first time. One that it cannot read makes it
//! leave the version out with a message that only the owner of the repository there gets, and from an OCI registry a
//! version is never read again. The rules are those of its tracker for Helm repositories: what it refuses is a problem
//! here, what it passes over or takes as it comes (a licence, an alternative name, unknown keys) is none.

mod image;
mod lists;

use super::{
    Metadata,
    yaml::{self, Node},
};
use crate::problem::Problem;

const PREFIX: &str = "artifacthub.io/";
const CATEGORIES: [&str; 9] = [
    "ai-machine-learning",
    "database",
    "integration-delivery",
    "monitoring-logging",
    "networking",
    "security",
    "storage",
    "streaming-messaging",
    "skip-prediction",
];
/// In whatever capitals.
const CAPABILITIES: [&str; 5] =
    ["basic install", "seamless upgrades", "full lifecycle", "deep insights", "auto pilot"];
/// What Go takes for a bool in a text.
const BOOLEANS: [&str; 12] =
    ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"];

/// What would make Artifact Hub drop the version that this Chart.yaml describes: each with the line of the annotation
/// or, in a `|` block, of the item, and with what to write instead. `file` is what the problems name.
///
/// A Chart.yaml that Helm does not read has none: that is told elsewhere.
pub fn problems(file: &str, chart_yaml: &[u8]) -> Vec<Problem> {
    let (Ok(document), Ok(metadata)) = (yaml::read(file, chart_yaml), Metadata::read(file, chart_yaml))
    else {
        return Vec::new();
    };
    let source: Vec<&str> = std::str::from_utf8(chart_yaml).unwrap_or_default().lines().collect();
    let named = |wanted: &'static str| {
        move |(key, _): &&(Node, Node)| key.as_key().is_some_and(|key| key.eq_ignore_ascii_case(wanted))
    };
    let annotations = document.entries().iter().rev().find(named("annotations"));
    let mut found = Vec::new();
    for (name, text) in &metadata.annotations {
        let is_it = |(key, _): &&(Node, Node)| key.as_key().as_deref() == Some(name);
        let key = annotations.and_then(|(_, map)| map.entries().iter().rev().find(is_it));
        let line = key.map_or(1, |(key, _)| key.line);
        if let Some(rule) = name.strip_prefix(PREFIX) {
            found.extend(Annotation { file, name, text, line, source: &source }.problems(rule));
        }
    }
    found.sort_by_key(|problem| problem.place.as_ref().and_then(|place| place.line));
    found
}

/// One of the annotations.
struct Annotation<'a> {
    file: &'a str,
    name: &'a str,
    text: &'a str,
    /// Of its key.
    line: usize,
    source: &'a [&'a str],
}

impl Annotation<'_> {
    fn problems(&self, rule: &str) -> Vec<Problem> {
        match rule {
            "category" => self.one_of(&CATEGORIES, self.text),
            "operatorCapabilities" => self.one_of(&CAPABILITIES, &self.text.to_lowercase()),
            "operator" | "prerelease" | "containsSecurityUpdates" => self.boolean(),
            "changes" => self.list(lists::changes),
            "crds" | "crdsExamples" => self.list(lists::anything),
            "images" => self.list(lists::images),
            "links" => self.list(lists::links),
            "maintainers" => self.list(lists::maintainers),
            "recommendations" => self.list(lists::recommendations),
            "screenshots" => self.list(lists::screenshots),
            "signKey" => self.yaml(lists::sign_key),
            _ => Vec::new(),
        }
    }

    fn one_of(&self, known: &[&str], text: &str) -> Vec<Problem> {
        if known.contains(&text) {
            return Vec::new();
        }
        let problem = self.problem(self.line, &format!("`{}` is not known there", self.text.trim()));
        vec![problem.next(format!("write one of: {}", known.join(", ")))]
    }

    fn boolean(&self) -> Vec<Problem> {
        if BOOLEANS.contains(&self.text) {
            return Vec::new();
        }
        let problem = self.problem(self.line, &format!("`{}` is neither true nor false", self.text.trim()));
        vec![problem.next("write \"true\" or \"false\"")]
    }

    /// A list, and what is wrong with its items. Nothing at all is a list without items.
    fn list(&self, items: impl Fn(&[Node]) -> Vec<Wrong>) -> Vec<Problem> {
        self.yaml(|node| match node.kind() {
            "array" => items(node.items()),
            "null" => Vec::new(),
            kind => vec![Wrong::new(
                node,
                format!("it holds no list but {}", a(kind)),
                "begin each item with `- `",
            )],
        })
    }

    fn yaml(&self, wrong: impl Fn(&Node) -> Vec<Wrong>) -> Vec<Problem> {
        let node = match yaml::read(self.file, self.text.as_bytes()) {
            Ok(node) => node,
            Err(problem) => return vec![self.unreadable(&problem)],
        };
        wrong(&node)
            .into_iter()
            .map(|Wrong { line, what, next }| self.problem(self.line_of(line), &what).next(next))
            .collect()
    }

    fn unreadable(&self, problem: &Problem) -> Problem {
        let within = problem.place.as_ref().and_then(|place| place.line).unwrap_or(1);
        // It names the line within the annotation, which nobody can look up.
        let known = format!("not valid YAML: line {within}: ");
        let why = problem.what.strip_prefix(&known).unwrap_or(&problem.what);
        self.problem(self.line_of(within), &format!("its text is not valid YAML: {why}"))
            .next("put texts that hold any of {}:[],&*#?|-<>=!%@ in quotes")
    }

    /// The line of the file in which this line of the text stands: in a `|` block the lines below the key, else only
    /// the key's is known.
    fn line_of(&self, within: usize) -> usize {
        let there = self.source.get(self.line + within - 1).map(|line| line.trim());
        let here = self.text.lines().nth(within - 1).map(str::trim);
        if there.is_some() && there == here { self.line + within } else { self.line }
    }

    fn problem(&self, line: usize, what: &str) -> Problem {
        Problem::new(format!("Artifact Hub would drop this version because of {}: {what}", self.name))
            .at(self.file, line)
    }
}

/// What is wrong within the text of an annotation.
struct Wrong {
    /// Counted from 1, in that text.
    line: usize,
    what: String,
    next: String,
}

impl Wrong {
    fn new(node: &Node, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { line: node.line, what: what.into(), next: next.into() }
    }
}

/// In words that whoever writes YAML knows.
fn a(kind: &str) -> String {
    match kind {
        "null" => "nothing".into(),
        "array" => "a list".into(),
        "object" => "a map".into(),
        "string" => "a text".into(),
        kind => format!("a {kind}"),
    }
}

#[cfg(test)]
mod tests;
