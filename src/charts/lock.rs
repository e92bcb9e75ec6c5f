//! Chart.lock (requirements.lock in a v1 chart): which versions of its dependencies a chart was built with.

use super::{
    metadata::{Dependency, Fields, Rules, Slot, decode, dependency_json, dependency_value},
    time, yaml,
};
use crate::{digest::Digest, problem::Problem};
use serde_json::Value;

/// What a lock file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// When it was made: an RFC 3339 time.
    pub generated: String,
    /// Digest of what was requested and what was found ([`Lock::digest_of`]); old locks hold other things.
    pub digest: String,
    /// What was found, in the order of the Chart.yaml; `None` where the file does not say.
    pub dependencies: Option<Vec<Dependency>>,
}

/// A lock while it is read.
#[derive(Default)]
struct Draft {
    generated: String,
    digest: String,
    dependencies: Vec<Option<Dependency>>,
}

impl Fields for Draft {
    const NAME: &'static str = "Lock";

    fn slot(&mut self, key: &str) -> Option<(&'static str, Slot<'_>)> {
        Some(match key {
            "generated" => ("generated", Slot::Time(&mut self.generated)),
            "digest" => ("digest", Slot::Text(&mut self.digest)),
            "dependencies" => ("dependencies", Slot::Dependencies(&mut self.dependencies)),
            _ => return None,
        })
    }
}

impl Lock {
    /// Reads a lock file; an empty file is no lock.
    ///
    /// # Errors
    /// What is no YAML, a value of the wrong kind, or a time that is not RFC 3339, with its line.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Option<Self>, Problem> {
        let node = yaml::read(file, bytes)?;
        let mut draft = Draft::default();
        decode(file, &node, &mut draft, Rules::LOOSE)?;
        if node.value == yaml::Value::Null {
            return Ok(None);
        }
        let generated =
            if draft.generated.is_empty() { "0001-01-01T00:00:00Z".into() } else { draft.generated };
        let dependencies: Option<Vec<_>> = draft.dependencies.into_iter().collect();
        let Some(dependencies) = dependencies else {
            return Err(Problem::new("dependencies must not contain empty or null nodes").in_file(file));
        };
        let says = node.entries().iter().any(|(key, value)| {
            let is_it = key.text().is_some_and(|key| key.eq_ignore_ascii_case("dependencies"));
            is_it && value.value != yaml::Value::Null
        });
        Ok(Some(Self { generated, digest: draft.digest, dependencies: says.then_some(dependencies) }))
    }

    /// The text that Helm writes.
    ///
    /// # Errors
    /// A text that Helm cannot write, as it holds a control character.
    pub fn to_yaml(&self) -> Result<String, Problem> {
        let dependencies: Option<Value> = self
            .dependencies
            .as_ref()
            .map(|dependencies| dependencies.iter().map(dependency_value).collect());
        yaml::write(&serde_json::json!({
            "dependencies": dependencies,
            "digest": self.digest,
            "generated": self.generated,
        }))
    }

    /// The same lock, made at this time (seconds since 1970): what Helm 4.3 packages under `SOURCE_DATE_EPOCH`.
    ///
    /// # Errors
    /// A time after the year 9999, which Helm cannot write either.
    pub fn generated_at(mut self, seconds: i64) -> Result<Self, Problem> {
        self.generated = time::rfc_3339(seconds).ok_or_else(|| {
            Problem::new(format!("{seconds} is no time that a lock can hold: year outside of range [0,9999]"))
        })?;
        Ok(self)
    }

    /// The digest by which Helm knows that a lock still fits the chart: over the dependencies as the chart requests them
    /// (repository aliases replaced by URLs) and as they were found.
    pub fn digest_of(requested: &[Dependency], found: &[Dependency]) -> String {
        use super::go_json::list;
        let json = format!("[{},{}]", list(requested, dependency_json), list(found, dependency_json));
        Digest::of(json.as_bytes()).to_string()
    }

    /// The digest that Helm 2 wrote: over what the chart requests, names of repositories as they stand there.
    pub fn helm_2_digest_of(requested: &[Dependency]) -> String {
        use super::go_json::{Object, list};
        let json = Object::new().json("dependencies", &list(requested, dependency_json)).finished();
        Digest::of(json.as_bytes()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_written_as_helm_writes_it() {
        let text = b"digest: x\ngenerated: 2020-01-01T00:00:00.50Z\ndependencies: []\n";
        let lock = Lock::read("Chart.lock", text).unwrap().unwrap();
        let written = "dependencies: []\ndigest: x\ngenerated: \"2020-01-01T00:00:00.5Z\"\n";
        assert_eq!(lock.to_yaml().unwrap(), written);
        let lock = lock.generated_at(1_700_000_000).unwrap();
        assert_eq!(lock.generated, "2023-11-14T22:13:20Z");
    }

    #[test]
    fn an_empty_file_is_no_lock() {
        assert_eq!(Lock::read("Chart.lock", b"").unwrap(), None);
        assert_eq!(Lock::read("Chart.lock", b"# nothing\n").unwrap(), None);
    }

    #[test]
    fn a_bad_time_is_told_with_its_line() {
        let problem = Lock::read("Chart.lock", b"digest: x\ngenerated: foo\n").unwrap_err();
        assert_eq!(problem.place.unwrap().line, Some(2));
        assert!(problem.what.contains("parsing time \"foo\""), "{}", problem.what);
    }

    #[test]
    fn the_digest_of_a_lock_is_helms() {
        let dependency = |name: &str, version: &str, repository: &str| Dependency {
            name: name.into(),
            version: version.into(),
            repository: repository.into(),
            ..Dependency::default()
        };
        let requested = [
            Dependency {
                condition: "lib.enabled".into(),
                alias: "mylib".into(),
                ..dependency("lib", ">=1.0.0-0", "file://../lib")
            },
            dependency("loc", "~1", ""),
        ];
        let found = [dependency("lib", "1.4.0", "file://../lib"), dependency("loc", "~1", "")];
        let digest = "sha256:cf3c336671841784ad8529fe891421d0aabd62ed551baf42de6aea8337e8af49";
        assert_eq!(Lock::digest_of(&requested, &found), digest);
    }
}
