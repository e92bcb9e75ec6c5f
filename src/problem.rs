//! What went wrong, where, and what to do next.

use serde::Serialize;

/// Something that somebody has to know: told once, with a place where there is one, and the next step.
///
/// `what` reads well after "failed: ": lower case, no final full stop. No secret ever stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{what}")]
pub struct Problem {
    /// What went wrong.
    pub what: String,
    /// The file (and line) that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What the reader can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Nothing is wrong and nobody has to act: the same command, run again, may succeed (exit code 4).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub passing: bool,
}

/// A file in the repository (or in a channel) and, where it is known, a line in it, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Path with `/`, relative to the repository where it lies in one.
    pub file: String,
    /// Line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

impl Problem {
    /// A problem without a place or a next step.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), place: None, next: None, passing: false }
    }

    /// The same problem, in this file.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.place = Some(Place { file: file.into(), line: None });
        self
    }

    /// The same problem, at this line (counted from 1) of this file.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, line: usize) -> Self {
        self.place = Some(Place { file: file.into(), line: Some(line) });
        self
    }

    /// The same problem, with what the reader can do about it.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// The same problem, as one that running again may solve.
    #[must_use]
    pub fn passing(mut self) -> Self {
        self.passing = true;
        self
    }
}

/// The name among the known ones that somebody probably meant: the nearest, with upper and lower case the same, when at
/// most a third of the characters that were written, rounded up, are wrong.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower_case = name.to_lowercase();
    let most = name.chars().count().div_ceil(3);
    known
        .map(|known| (strsim::damerau_levenshtein(&lower_case, &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_name_is_suggested_when_it_is_near() {
        let known = ["api", "ingress-controller", "web"];
        for (name, near) in [
            ("apii", Some("api")),
            ("pai", Some("api")),
            ("WEB", Some("web")),
            ("ingress-controler", Some("ingress-controller")),
            ("ingress", None),
            ("map", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, known.into_iter()), near, "{name}");
        }
        assert_eq!(
            nearest("web", ["wem", "web", "wed"].into_iter()),
            Some("web"),
            "the nearest, not the first"
        );
    }
}
