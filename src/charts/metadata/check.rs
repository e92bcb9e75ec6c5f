//! What Helm refuses when it loads a chart, in its order and its words; and the characters that it removes first.

use super::{Dependency, Metadata, fields::Draft};
use crate::{charts::Version, problem::Problem};
use std::collections::BTreeSet;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// What is wrong, and with which key (and item of its list).
pub(super) struct Invalid {
    pub(super) key: &'static str,
    pub(super) item: Option<usize>,
    what: String,
    next: Option<&'static str>,
}

impl Invalid {
    fn new(key: &'static str, what: impl Into<String>) -> Self {
        Self { key, item: None, what: what.into(), next: None }
    }

    fn item(mut self, item: usize) -> Self {
        self.item = Some(item);
        self
    }

    fn next(mut self, next: &'static str) -> Self {
        self.next = Some(next);
        self
    }

    pub(super) fn problem(self) -> Problem {
        let problem = Problem::new(format!("validation: {}", self.what));
        match self.next {
            Some(next) => problem.next(next),
            None => problem,
        }
    }
}

impl Metadata {
    /// Removes what Helm removes and checks what Helm checks when it loads or saves a chart. To be called again after
    /// a field was replaced, as with a version from the command line. The problem has no place.
    ///
    /// # Errors
    /// The first thing that Helm refuses, in its words.
    pub fn validate(&mut self) -> Result<(), Problem> {
        self.check_all().map_err(Invalid::problem)
    }

    fn check_all(&mut self) -> Result<(), Invalid> {
        self.check_fields()?;
        self.maintainers.iter_mut().for_each(|maintainer| {
            [&mut maintainer.name, &mut maintainer.email, &mut maintainer.url].into_iter().for_each(sanitise);
        });
        let mut taken = BTreeSet::new();
        let mut dependencies = self.dependencies.iter_mut().enumerate();
        dependencies
            .try_for_each(|(item, dependency)| dependency.check(&mut taken).map_err(|error| error.item(item)))
    }

    fn check_fields(&mut self) -> Result<(), Invalid> {
        [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ]
        .into_iter()
        .for_each(sanitise);
        self.sources.iter_mut().chain(&mut self.keywords).for_each(sanitise);
        let (name, version) = (&self.name, &self.version);
        if self.api_version.is_empty() {
            return Err(Invalid::new("apiVersion", "chart.metadata.apiVersion is required")
                .next("add the line `apiVersion: v2`"));
        }
        if name.is_empty() {
            return Err(Invalid::new("name", "chart.metadata.name is required")
                .next("add the line `name: NAME`, with the name of the chart's folder"));
        }
        if name == "." || name == ".." {
            return Err(Invalid::new("name", format!("chart.metadata.name {} is not allowed", quoted(name)))
                .next("give the chart the name of its folder"));
        }
        if name.contains('/') {
            return Err(Invalid::new("name", format!("chart.metadata.name {} is invalid", quoted(name)))
                .next("a chart's name is one path element, without `/`"));
        }
        if version.is_empty() {
            return Err(Invalid::new("version", "chart.metadata.version is required")
                .next("add the line `version: 0.1.0`"));
        }
        if !Version::new(version).is_valid() {
            return Err(Invalid::new(
                "version",
                format!("chart.metadata.version {} is invalid", quoted(version)),
            )
            .next("write a SemVer version such as 1.2.3 or 1.2.3-rc.1"));
        }
        if !matches!(self.kind.as_str(), "" | "application" | "library") {
            return Err(Invalid::new("type", "chart.metadata.type must be application or library")
                .next("write `type: application`, or take the line out"));
        }
        Ok(())
    }
}

impl Draft {
    /// The metadata, checked. Null items are refused where Helm comes to them.
    pub(super) fn validated(self) -> Result<Metadata, Invalid> {
        let Self { mut metadata, maintainers, dependencies } = self;
        metadata.check_fields()?;
        if let Some(item) = maintainers.iter().position(Option::is_none) {
            return Err(Invalid::new("maintainers", "maintainers must not contain empty or null nodes")
                .next("take the empty item out")
                .item(item));
        }
        let null = dependencies.iter().position(Option::is_none);
        metadata.maintainers = maintainers.into_iter().flatten().collect();
        metadata.dependencies = dependencies.into_iter().map_while(|dependency| dependency).collect();
        metadata.check_all()?;
        match null {
            Some(item) => {
                Err(Invalid::new("dependencies", "dependencies must not contain empty or null nodes")
                    .next("take the empty item out")
                    .item(item))
            }
            None => Ok(metadata),
        }
    }
}

impl Dependency {
    /// `taken` are the names by which the dependencies before it are known to the chart's values.
    fn check(&mut self, taken: &mut BTreeSet<String>) -> Result<(), Invalid> {
        let texts = [&mut self.name, &mut self.version, &mut self.repository, &mut self.condition];
        texts.into_iter().for_each(sanitise);
        self.tags.iter_mut().for_each(sanitise);
        if !self.alias.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            let what = format!("dependency {} has disallowed characters in the alias", quoted(&self.name));
            return Err(Invalid::new("dependencies", what)
                .next("write the `alias` with letters, digits, `-` and `_` only"));
        }
        let known_as = if self.alias.is_empty() { &self.name } else { &self.alias };
        if !taken.insert(known_as.clone()) {
            let what = format!("more than one dependency with name or alias {}", quoted(known_as));
            return Err(Invalid::new("dependencies", what).next("give one of them an `alias`"));
        }
        Ok(())
    }
}

/// A text in quotes as Go's `%q` prints it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c == ' ' || is_printable(c) => quoted.push(c),
            c if c.is_ascii() => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if u32::from(c) <= 0xffff => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}

/// Helm's cleaning of texts for people: white space becomes a space, what cannot be printed goes.
fn sanitise(text: &mut String) {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return;
    }
    *text = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| *c == ' ' || is_printable(*c))
        .collect();
}

/// Letters, marks, numbers, punctuation and symbols: what Go calls printable.
fn is_printable(c: char) -> bool {
    matches!(
        c.general_category_group(),
        GeneralCategoryGroup::Letter
            | GeneralCategoryGroup::Mark
            | GeneralCategoryGroup::Number
            | GeneralCategoryGroup::Punctuation
            | GeneralCategoryGroup::Symbol
    )
}
