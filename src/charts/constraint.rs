//! Which versions a dependency accepts: `^1.2`, `>=1.0.0, <2.0.0 || 3.x`, as Masterminds' semver 3.5 reads it for Helm.

use super::{
    Version,
    version::{Parts, compare_prereleases},
};
use crate::problem::Problem;
use std::cmp::Ordering;

const LONGEST: usize = 512;
const MOST_GROUPS: usize = 32;
const OPERATORS: [(&str, Operator); 11] = [
    // Longer ones first: `>=` is not `>` before `=`.
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterOrEqual),
    ("=>", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    ("=<", Operator::LessOrEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
];

/// One or more groups of comparisons; a version must satisfy all of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    groups: Vec<Vec<Comparison>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Tilde,
    Caret,
}

/// How much of the version a comparison leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    /// `1.2.3`
    Nothing,
    /// `1.2`, `1.2.x`
    Patch,
    /// `1`, `1.x`
    Minor,
    /// `*`
    All,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Comparison {
    operator: Operator,
    version: Version,
    open: Open,
}

impl Constraint {
    /// Reads a constraint.
    ///
    /// # Errors
    /// What is none, in the words of Helm's library; the empty text is none.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        if text.len() > LONGEST {
            return Err(Problem::new(format!("constraint string is too long (max {LONGEST} bytes)")));
        }
        let text = with_ranges_rewritten(text);
        let groups: Vec<&str> = text.split("||").collect();
        if groups.len() > MOST_GROUPS {
            return Err(Problem::new(format!("too many constraint groups (max {MOST_GROUPS})")));
        }
        Ok(Self { groups: groups.into_iter().map(group).collect::<Result<_, _>>()? })
    }

    /// Does this version satisfy it? Prereleases only satisfy a group that names one. What is no version satisfies
    /// nothing.
    pub fn allows(&self, version: &Version) -> bool {
        let Some(version) = version.parts() else { return false };
        self.groups.iter().any(|group| {
            let takes_prereleases = group.iter().any(|comparison| !comparison.parts().prerelease.is_empty());
            (version.prerelease.is_empty() || takes_prereleases)
                && group.iter().all(|comparison| comparison.allows(&version))
        })
    }
}

impl Comparison {
    /// Its version was valid when it was read.
    fn parts(&self) -> Parts<'_> {
        self.version.parts().unwrap_or(Parts { major: 0, minor: 0, patch: 0, prerelease: "", build: "" })
    }

    fn allows(&self, version: &Parts<'_>) -> bool {
        let wanted = self.parts();
        let order = version.precedence(&wanted);
        let same_major = version.major == wanted.major;
        let same_minor = version.minor == wanted.minor;
        match self.operator {
            Operator::Equal if self.open == Open::Nothing => order == Ordering::Equal,
            Operator::Equal | Operator::Tilde => self.allows_like_tilde(version),
            Operator::Caret => order != Ordering::Less && self.allows_like_caret(version),
            Operator::NotEqual => match self.open {
                Open::Minor => !same_major,
                Open::Patch if same_major && same_minor => {
                    compare_prereleases(version.prerelease, wanted.prerelease) != Ordering::Equal
                }
                Open::Patch => true,
                Open::All if !same_major || !same_minor || version.patch != wanted.patch => true,
                Open::All | Open::Nothing => order != Ordering::Equal,
            },
            Operator::Greater => match self.open {
                Open::Minor => version.major > wanted.major,
                Open::Patch => (version.major, version.minor) > (wanted.major, wanted.minor),
                Open::All if !same_major => version.major > wanted.major,
                Open::All | Open::Nothing => order == Ordering::Greater,
            },
            Operator::Less => order == Ordering::Less,
            Operator::GreaterOrEqual => order != Ordering::Less,
            Operator::LessOrEqual => match self.open {
                Open::Nothing => order != Ordering::Greater,
                Open::Minor => version.major <= wanted.major,
                Open::Patch | Open::All => (version.major, version.minor) <= (wanted.major, wanted.minor),
            },
        }
    }

    /// `~1.2.3` and an `=` that leaves something open: the same minor, or what is left open of it.
    fn allows_like_tilde(&self, version: &Parts<'_>) -> bool {
        let wanted = self.parts();
        let takes_all = matches!(self.open, Open::Nothing | Open::All)
            && (wanted.major, wanted.minor, wanted.patch) == (0, 0, 0);
        version.precedence(&wanted) != Ordering::Less
            && (takes_all
                || version.major == wanted.major
                    && (version.minor == wanted.minor || self.open == Open::Minor))
    }

    /// Nothing left of the first number that is not zero may differ.
    fn allows_like_caret(&self, version: &Parts<'_>) -> bool {
        let wanted = self.parts();
        if wanted.major > 0 || self.open == Open::Minor {
            return version.major == wanted.major;
        }
        if version.major > 0 {
            return false;
        }
        if wanted.minor > 0 || self.open == Open::Patch {
            return version.minor == wanted.minor;
        }
        version.minor == 0 && version.patch == wanted.patch
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

/// Comparisons that all must hold, with spaces or a comma between them.
fn group(text: &str) -> Result<Vec<Comparison>, Problem> {
    let improper = || Problem::new(format!("improper constraint: {text:?}"));
    let mut comparisons = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    loop {
        let (operator, after) = OPERATORS
            .iter()
            .find_map(|(sign, operator)| Some((*operator, rest.strip_prefix(sign)?)))
            .unwrap_or((Operator::Equal, rest));
        let written = Written::at(after.trim_start_matches(is_space)).ok_or_else(improper)?;
        comparisons.push(written.compared_by(operator)?);
        rest = written.rest.trim_start_matches(is_space);
        if rest.is_empty() {
            return Ok(comparisons);
        }
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start_matches(is_space),
            None if rest.len() < written.rest.len() => {}
            None => return Err(improper()),
        }
    }
}

/// `1.0 - 2.0` means `>= 1.0, <= 2.0`.
fn with_ranges_rewritten(text: &str) -> String {
    let mut rewritten = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some((from, to, after)) = range_at(rest) {
            rewritten.push_str(&format!(">= {from}, <= {to} "));
            rest = after;
        } else {
            rewritten.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    rewritten
}

fn range_at(text: &str) -> Option<(&str, &str, &str)> {
    let from = Written::at(text.trim_start_matches(is_space))?;
    let dash = from.rest.strip_prefix(is_space)?.trim_start_matches(is_space).strip_prefix('-')?;
    let to = Written::at(dash.strip_prefix(is_space)?.trim_start_matches(is_space))?;
    Some((from.text, to.text, to.rest.trim_start_matches(is_space)))
}

/// A version in a constraint as it is written: numbers may be missing, or `x`, `X` or `*`.
struct Written<'a> {
    text: &'a str,
    numbers: [&'a str; 3],
    prerelease: &'a str,
    rest: &'a str,
}

impl<'a> Written<'a> {
    fn at(text: &'a str) -> Option<Self> {
        let mut rest = text.strip_prefix('v').unwrap_or(text);
        let mut numbers = [""; 3];
        for (place, number) in numbers.iter_mut().enumerate() {
            let from = if place == 0 { Some(rest) } else { rest.strip_prefix('.') };
            let Some(from) = from else { break };
            // A lone `|` is in the grammar of Helm's library by mistake; what has one is refused as a version.
            let length =
                from.find(|c: char| !matches!(c, '0'..='9' | 'x' | 'X' | '*' | '|')).unwrap_or(from.len());
            if length == 0 {
                break;
            }
            (*number, rest) = from.split_at(length);
        }
        if numbers[0].is_empty() {
            return None;
        }
        let prerelease = suffix(rest, '-');
        rest = &rest[prerelease.len()..];
        rest = &rest[suffix(rest, '+').len()..];
        Some(Self { text: &text[..text.len() - rest.len()], numbers, prerelease, rest })
    }

    fn compared_by(&self, operator: Operator) -> Result<Comparison, Problem> {
        let [major, minor, patch] = self.numbers;
        let is_open = |number: &str| matches!(number, "" | "x" | "X" | "*");
        let prerelease = self.prerelease;
        let (text, open) = if is_open(major) {
            (format!("0.0.0{prerelease}"), Open::All)
        } else if is_open(minor) {
            (format!("{major}.0.0{prerelease}"), Open::Minor)
        } else if is_open(patch) {
            (format!("{major}.{minor}.0{prerelease}"), Open::Patch)
        } else {
            (self.text.to_owned(), Open::Nothing)
        };
        let version = Version::new(text);
        if !version.is_valid() {
            return Err(Problem::new(format!("constraint parser error: {:?}", self.text)));
        }
        Ok(Comparison { operator, version, open })
    }
}

/// `-rc.1` or `+build`, or empty.
fn suffix(text: &str, sign: char) -> &str {
    let Some(after) = text.strip_prefix(sign) else { return "" };
    let mut length = 0;
    loop {
        let from = if length == 0 { Some(after) } else { after[length..].strip_prefix('.') };
        let Some(from) = from else { break };
        let part = from.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(from.len());
        if part == 0 {
            break;
        }
        length = after.len() - from.len() + part;
    }
    if length == 0 { "" } else { &text[..length + 1] }
}
