//! The chart's files once everything that it depends on is there.

use super::{Aliases, Arrival, CHART_LOCK, REQUIREMENTS_LOCK, Supply, Wanted};
use crate::{
    charts::{ChartName, Files, Lock, metadata::Dependency, repository},
    problem::Problem,
};
use std::collections::BTreeSet;
use url::Url;

/// A chart's files with its dependencies.
#[derive(Clone, Debug)]
pub struct Completed {
    /// The files.
    pub files: Files,
    /// Paths in the package that depend on what nobody was asked for; with a `/` at the end, folders.
    pub undetermined: Vec<String>,
    /// What nobody was asked for.
    pub lacking: Vec<ChartName>,
}

impl Wanted {
    /// Puts packages into `charts/`, takes away what Helm would, and writes the lock that Helm would write, where there is
    /// none, or where everything was resolved anew (`renews`). `time`, in seconds since 1970, is that of a new lock.
    ///
    /// What came is in the order of the dependencies, as the supplies are. As Helm does, once something was to be brought,
    /// every other archive in `charts/` goes that is a chart, but for those of dependencies without a repository. Else only
    /// other versions of what is depended on go.
    ///
    /// # Errors
    /// A lock that cannot be written.
    pub fn completed(
        &self,
        mut files: Files,
        supplies: &[Supply],
        arrivals: Vec<Arrival>,
        renews: bool,
        aliases: Aliases<'_>,
        time: u64,
    ) -> Result<Completed, Problem> {
        let brings = supplies.iter().any(|supply| matches!(supply, Supply::Brought(_)));
        let mut used: BTreeSet<&str> = BTreeSet::new();
        let mut lacking = Vec::new();
        let mut found = Vec::new();
        let mut packages = Vec::new();
        let each = self.requested(aliases).into_iter().zip(supplies).zip(arrivals);
        for ((dependency, supply), arrival) in each {
            let version = match (supply, arrival) {
                (Supply::Here { path, version }, _) => {
                    used.insert(path);
                    match dependency.repository.as_str() {
                        "" => dependency.version.clone(),
                        _ => version.to_string(),
                    }
                }
                (Supply::Brought(_), Arrival::Package(version, is, bytes)) => {
                    packages.push((format!("charts/{}", is.package_file()), bytes));
                    version.to_string()
                }
                (Supply::Brought(request), Arrival::Here | Arrival::Lacking) => {
                    lacking.push(request.name.clone());
                    String::new()
                }
            };
            let Dependency { name, repository, .. } = dependency;
            found.push(Dependency { name, repository, version, ..Dependency::default() });
        }
        for subchart in self.here.iter().filter(|subchart| subchart.is_archive) {
            let mut named =
                self.dependencies.iter().filter(|dependency| dependency.name == subchart.is.name.as_str());
            let goes = match brings || renews {
                true => named.all(|dependency| !dependency.repository.is_empty()),
                false => named.next().is_some(),
            };
            if goes && !used.contains(subchart.path.as_str()) {
                files.0.remove(&subchart.path);
            }
        }
        files.0.extend(packages);
        let mut undetermined: Vec<String> = lacking.iter().map(|name| format!("charts/{name}/")).collect();
        if renews || brings && self.lock.is_none() {
            match lacking.is_empty() {
                true => self.write_lock(&mut files, found, aliases, time)?,
                false => undetermined.push(self.lock_file().to_owned()),
            }
        }
        undetermined.sort();
        undetermined.dedup();
        lacking.sort();
        lacking.dedup();
        Ok(Completed { files, undetermined, lacking })
    }

    /// Everybody can read the lock in a package: not what somebody told Helm for himself.
    fn check_published(&self, found: &[Dependency]) -> Result<(), Problem> {
        for (item, (dependency, found)) in self.dependencies.iter().zip(found).enumerate() {
            let address = repository::alias(&dependency.repository).and(Url::parse(&found.repository).ok());
            if address.is_some_and(|url| !url.username().is_empty() || url.password().is_some()) {
                let what = format!(
                    "the address that Helm was told of `{}` holds a user or a password, and the lock in the package would \
                     publish them",
                    dependency.repository
                );
                return Err(self.at(item, Problem::new(what)).next(
                    "tell Helm again: `helm repo add --force-update --username USER`, with an address without them",
                ));
            }
        }
        Ok(())
    }

    fn write_lock(
        &self,
        files: &mut Files,
        found: Vec<Dependency>,
        aliases: Aliases<'_>,
        time: u64,
    ) -> Result<(), Problem> {
        self.check_published(&found)?;
        let digest = Lock::digest_of(&self.requested(aliases), &found);
        // Helm leaves a lock alone that says the same, and so its time.
        if self.lock.as_ref().is_some_and(|(_, lock)| lock.digest == digest) {
            return Ok(());
        }
        let lock = Lock { generated: String::new(), digest, dependencies: Some(found) };
        let lock = lock.generated_at(i64::try_from(time).unwrap_or(i64::MAX))?;
        for old in [CHART_LOCK, REQUIREMENTS_LOCK] {
            files.0.remove(old);
        }
        files.0.insert(self.lock_file().to_owned(), lock.to_yaml()?.into());
        Ok(())
    }
}
