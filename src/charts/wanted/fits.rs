//! Whether a lock fits the chart, as Helm computes it; and where not, what differs.

use super::{Aliases, REQUIREMENTS_LOCK, Request, Wanted};
use crate::{
    charts::{Files, Lock, find::join, metadata::Dependency, repository},
    problem::Problem,
};

/// Checks the lock of the chart in this folder (its path from the repository root). A chart without a lock, or without
/// dependencies, is fine.
///
/// # Errors
/// A lock that is out of sync: what differs, with file and line, and how to mend it. Files that cannot be read.
pub fn lock_fits(folder: &str, files: &Files, aliases: Aliases<'_>) -> Result<(), Problem> {
    Wanted::of(folder, files)?.check_lock(aliases)
}

impl Wanted {
    /// Checks the lock, where there is one: Helm's digest over what the chart asks for and what the lock says; in a v1
    /// chart also Helm 2's, over what it asks for.
    ///
    /// # Errors
    /// It is out of sync: what differs, with file and line, and how to mend it.
    pub fn check_lock(&self, aliases: Aliases<'_>) -> Result<(), Problem> {
        let Some((file, lock)) = &self.lock else { return Ok(()) };
        let found = lock.dependencies.as_deref().unwrap_or_default();
        let fits = self.dependencies.is_empty()
            || lock.digest == Lock::digest_of(&self.requested(aliases), found)
            || self.has_api_version_1 && lock.digest == Lock::helm_2_digest_of(&self.dependencies);
        if fits {
            return Ok(());
        }
        let (item, differs) = self.difference(found, aliases);
        let what = format!("{file} is out of sync with {}: {differs}", self.file);
        Err(self.renew(match item {
            Some(item) => self.at(item, Problem::new(what)),
            None => Problem::new(what).in_file(join(&self.folder, file)),
        }))
    }

    /// A problem that a new lock mends.
    pub(crate) fn renew(&self, problem: Problem) -> Problem {
        let folder = if self.folder.is_empty() { "." } else { &self.folder };
        problem.next(format!(
            "run `helm dependency update {folder}` and commit {}, or take the newest versions each time with \
             `--dependencies update`",
            self.lock_file()
        ))
    }

    /// The file that Helm writes a lock to.
    pub(super) fn lock_file(&self) -> &'static str {
        if self.has_api_version_1 { REQUIREMENTS_LOCK } else { super::CHART_LOCK }
    }

    /// What the lock says of one of the dependencies.
    pub(super) fn locked(&self, item: usize) -> Option<&Dependency> {
        let found = self.lock.as_ref()?.1.dependencies.as_deref()?;
        let name = &self.dependencies[item].name;
        if let Some(locked) = found.get(item).filter(|locked| locked.name == *name) {
            return Some(locked);
        }
        let before = self.dependencies[..item].iter().filter(|dependency| dependency.name == *name).count();
        found.iter().filter(|locked| locked.name == *name).nth(before)
    }

    /// The repository of each dependency, names that Helm has been told of replaced by their URLs. Where Helm has been told
    /// of none, the lock knows where it was found.
    pub(super) fn resolved(&self, aliases: Aliases<'_>) -> Vec<String> {
        let each = self.dependencies.iter().enumerate();
        each.map(|(item, dependency)| {
            let text = &dependency.repository;
            let Some(name) = repository::alias(text) else { return text.clone() };
            let locked = || self.locked(item).map(|locked| locked.repository.clone());
            aliases(name).or_else(locked).filter(|url| !url.is_empty()).unwrap_or_else(|| text.clone())
        })
        .collect()
    }

    /// The dependencies as Helm takes their digest.
    pub(super) fn requested(&self, aliases: Aliases<'_>) -> Vec<Dependency> {
        let each = self.dependencies.iter().zip(self.resolved(aliases));
        each.map(|(dependency, repository)| Dependency { repository, ..dependency.clone() }).collect()
    }

    /// What differs, in words, and of which dependency.
    fn difference(&self, found: &[Dependency], aliases: Aliases<'_>) -> (Option<usize>, String) {
        for (item, (dependency, repository)) in
            self.dependencies.iter().zip(self.resolved(aliases)).enumerate()
        {
            let name = &dependency.name;
            let Some(locked) = self.locked(item) else {
                return (Some(item), format!("`{name}` is not in the lock"));
            };
            if locked.repository != repository {
                let from = |text: &str| match text {
                    "" => "charts/".to_owned(),
                    text => repository::shown_text(text),
                };
                let what = format!(
                    "`{name}` comes from {}, and in the lock from {}",
                    from(&repository),
                    from(&locked.repository)
                );
                return (Some(item), what);
            }
            let version = crate::charts::Version::new(&locked.version);
            let is_accepted = match repository.as_str() {
                "" => dependency.version == locked.version,
                _ => Request::any(name, &dependency.version).is_ok_and(|request| request.accepts(&version)),
            };
            if !is_accepted {
                let what = format!(
                    "`{name}` is asked for as `{}`, and the lock has {}",
                    dependency.version, locked.version
                );
                return (Some(item), what);
            }
        }
        let extra = found
            .iter()
            .find(|locked| self.dependencies.iter().all(|dependency| dependency.name != locked.name));
        let what = match extra {
            Some(locked) => format!("`{}` is in the lock, and the chart does not depend on it", locked.name),
            None => {
                "something of a dependency was changed since the lock was written (its version, condition, tags, alias or \
                 their order), or the lock itself"
                    .to_owned()
            }
        };
        (None, what)
    }
}
