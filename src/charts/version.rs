//! What a version text says: SemVer, read as loosely as Helm reads it.

use super::Version;
use std::cmp::Ordering;

const LONGEST: usize = 256;

/// A version text taken apart: `1.2`, `v1.2.3-rc.1+build`. Missing numbers are 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// The first number.
    pub major: u64,
    /// The second.
    pub minor: u64,
    /// The third.
    pub patch: u64,
    /// What follows `-`, or empty.
    pub prerelease: &'a str,
    /// What follows `+`, or empty.
    pub build: &'a str,
}

impl Version {
    /// The parts, where this is a version for Helm (Masterminds' `semver.NewVersion`: a `v` before it, missing numbers
    /// and leading zeros are fine).
    pub fn parts(&self) -> Option<Parts<'_>> {
        Parts::of(self.as_str())
    }

    /// Would Helm take a chart with this version?
    pub fn is_valid(&self) -> bool {
        self.parts().is_some()
    }

    /// Is this SemVer 2 to the letter? Others can be published, but OCI tag listings hide them.
    pub fn is_strict(&self) -> bool {
        let core = self.as_str().split(['-', '+']).next().unwrap_or_default();
        let is_number = |text: &str| text == "0" || !text.starts_with('0');
        self.is_valid()
            && !core.starts_with('v')
            && core.split('.').count() == 3
            && core.split('.').all(is_number)
    }

    /// Does it say that it comes before a release, as `1.0.0-rc.1` does?
    pub fn is_prerelease(&self) -> bool {
        self.parts().is_some_and(|parts| !parts.prerelease.is_empty())
    }

    /// `0.0.0`, also with `v`, a prerelease or a build: a number put in later, never meant to be published.
    pub fn is_placeholder(&self) -> bool {
        let core = self.as_str().split(['-', '+']).next().unwrap_or_default();
        self.is_valid()
            && core.strip_prefix('v').unwrap_or(core).split('.').count() == 3
            && self.parts().is_some_and(|parts| (parts.major, parts.minor, parts.patch) == (0, 0, 0))
    }

    /// Which one is newer. Builds and a `v` do not count: `v1.0.0`, `1.0.0` and `1.0.0+x` are equal. What is no version
    /// is older than every version.
    pub fn precedence(&self, other: &Self) -> Ordering {
        match (self.parts(), other.parts()) {
            (Some(left), Some(right)) => left.precedence(&right),
            (left, right) => left.is_some().cmp(&right.is_some()),
        }
    }
}

impl<'a> Parts<'a> {
    /// Takes a version text apart; `None` where Helm would not.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, build) = match text.split_once('+') {
            Some((before, build)) => (before, Some(build)),
            None => (text, None),
        };
        let (core, prerelease) = match text.split_once('-') {
            Some((core, prerelease)) => (core, Some(prerelease)),
            None => (text, None),
        };
        if !build.is_none_or(are_identifiers)
            || !prerelease
                .is_none_or(|text| are_identifiers(text) && text.split('.').all(has_no_leading_zero))
        {
            return None;
        }
        let mut numbers = core.split('.').map(|number| {
            number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok()).flatten()
        });
        let (major, minor, patch) = (numbers.next()??, numbers.next(), numbers.next());
        if numbers.next().is_some() {
            return None;
        }
        Some(Self {
            major,
            minor: minor.unwrap_or(Some(0))?,
            patch: patch.unwrap_or(Some(0))?,
            prerelease: prerelease.unwrap_or_default(),
            build: build.unwrap_or_default(),
        })
    }

    /// SemVer's precedence.
    pub(super) fn precedence(&self, other: &Parts<'_>) -> Ordering {
        (self.major, self.minor, self.patch)
            .cmp(&(other.major, other.minor, other.patch))
            .then_with(|| compare_prereleases(self.prerelease, other.prerelease))
    }
}

/// A release is newer than its prereleases; identifiers compare one by one, numbers below words.
pub(super) fn compare_prereleases(left: &str, right: &str) -> Ordering {
    if left.is_empty() || right.is_empty() {
        return left.is_empty().cmp(&right.is_empty());
    }
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => compare_identifiers(left, right),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn compare_identifiers(left: &str, right: &str) -> Ordering {
    // A number too large for u64 is a word for Masterminds' library.
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => left.cmp(right),
    }
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn are_identifiers(text: &str) -> bool {
    let is_identifier = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.split('.').all(is_identifier)
}

fn has_no_leading_zero(identifier: &str) -> bool {
    let is_number = identifier.bytes().all(|byte| byte.is_ascii_digit());
    !(is_number && identifier.len() > 1 && identifier.starts_with('0'))
}
