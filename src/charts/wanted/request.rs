//! One dependency that is to be brought: from where, and which versions will do.

use crate::{
    charts::{ChartName, Constraint, Version, repository::Repository},
    problem::Problem,
};
use std::cmp::Ordering;

/// What is asked of a repository.
#[derive(Clone, Debug)]
pub struct Request {
    /// The chart.
    pub name: ChartName,
    /// Where it comes from: never `charts/`, never by a name only.
    pub from: Repository,
    /// The same as text, with names that Helm has been told of replaced by their URLs.
    pub repository: String,
    /// Which one of the chart's dependencies it is, counted from 0.
    pub item: usize,
    /// What was asked for, as it is written.
    pub asked: String,
    pub(super) accepted: Accepted,
}

#[derive(Clone, Debug)]
pub(super) enum Accepted {
    /// What a lock says.
    Locked(Version),
    /// What satisfies this.
    Any(Constraint),
}

impl Request {
    /// The version of a lock.
    pub(super) fn locked(name: &str, version: &str) -> Self {
        Self::of(name, version, Accepted::Locked(Version::new(version)))
    }

    /// Any version that satisfies a constraint.
    pub(super) fn any(name: &str, constraint: &str) -> Result<Self, Problem> {
        let accepted = Constraint::parse(constraint).map(Accepted::Any).map_err(|problem| {
            let what =
                format!("dependency {name:?} has an invalid version/constraint format: {}", problem.what);
            Problem::new(what).next(match constraint {
                "" => "say which versions will do, such as `version: ^1.2.0`; `>=0.0.0-0` takes every one",
                _ => "write it as 1.2.3, ^1.2.0, ~1.2.0 or `>=1.2.0 <2.0.0`",
            })
        })?;
        Ok(Self::of(name, constraint, accepted))
    }

    fn of(name: &str, asked: &str, accepted: Accepted) -> Self {
        Self {
            name: ChartName::new(name),
            from: Repository::InCharts,
            repository: String::new(),
            item: 0,
            asked: asked.to_owned(),
            accepted,
        }
    }

    /// Whether it is a lock that says which version is meant.
    pub fn is_locked(&self) -> bool {
        matches!(self.accepted, Accepted::Locked(_))
    }

    /// Whether this version will do. What a lock says counts as Helm compares it: `1.2.3` is also `v1.2.3`.
    pub fn accepts(&self, version: &Version) -> bool {
        match &self.accepted {
            Accepted::Locked(locked) => {
                locked == version
                    || locked.is_valid()
                        && version.is_valid()
                        && locked.precedence(version) == Ordering::Equal
            }
            Accepted::Any(constraint) => constraint.allows(version),
        }
    }

    /// The version that is asked for, where it is one: a registry is then asked for that tag, and for no list. Helm reads
    /// it loosely, so `1.2` is the tag `1.2`.
    pub fn exactly(&self) -> Option<Version> {
        let version = Version::new(&self.asked);
        match &self.accepted {
            Accepted::Locked(locked) => Some(locked.clone()),
            Accepted::Any(_) => version.is_valid().then_some(version),
        }
    }

    /// The one among these that Helm takes: the newest that will do, before others the very text of a lock. Of equals the
    /// first.
    pub fn choose<T>(
        &self,
        offered: impl IntoIterator<Item = T>,
        version: impl Fn(&T) -> &Version,
    ) -> Option<T> {
        let mut best: Option<T> = None;
        for offer in offered.into_iter() {
            if !self.accepts(version(&offer)) {
                continue;
            }
            let is_better = match &best {
                None => true,
                Some(best) => match (self.is_text(version(&offer)), self.is_text(version(best))) {
                    (true, false) => true,
                    (false, true) => false,
                    _ => version(&offer).precedence(version(best)) == Ordering::Greater,
                },
            };
            if is_better {
                best = Some(offer);
            }
        }
        best
    }

    fn is_text(&self, version: &Version) -> bool {
        matches!(&self.accepted, Accepted::Locked(locked) if locked == version)
    }
}
