//! Whether the repository is ready for a release of a version.

use semver::Version;

use crate::changelog;

/// What a release is made from.
pub struct Source<'a> {
    /// The version in Cargo.toml.
    pub crate_version: &'a Version,
    pub changelog: &'a str,
    /// The branch that is released, and the repository's default branch.
    pub branch: Option<(&'a str, &'a str)>,
}

/// All that keeps `version` from being released; empty when nothing does.
pub fn obstacles(version: &Version, source: &Source) -> Vec<String> {
    let mut obstacles = Vec::new();
    if !version.build.is_empty() {
        obstacles
            .push(format!("{version}: tags of an image cannot hold `+`; leave `+{}` out", version.build));
    }
    if source.crate_version != version {
        obstacles.push(format!("Cargo.toml says version {}, not {version}", source.crate_version));
    }
    match changelog::section(source.changelog, version).as_deref() {
        None => obstacles.push(format!("CHANGELOG.md has no heading `## {version}`: rename `## Unreleased`")),
        Some("") => obstacles.push(format!("CHANGELOG.md says nothing below `## {version}`")),
        Some(_) => {}
    }
    if let Some((branch, default)) = source.branch {
        let line = format!("releases/{}.{}", version.major, version.minor);
        if branch != default && branch != line {
            obstacles.push(format!(
                "{version} is released from the branch {default} or {line}, not from {branch}"
            ));
        }
    }
    obstacles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(version: &str, crate_version: &str, changelog: &str, branch: Option<(&str, &str)>) -> Vec<String> {
        let crate_version: Version = crate_version.parse().expect("a version");
        obstacles(
            &version.parse().expect("a version"),
            &Source { crate_version: &crate_version, changelog, branch },
        )
    }

    #[test]
    fn nothing_keeps_a_prepared_version_back() {
        let changelog = "## 1.2.3 - 2026-01-31\n\n- Something.\n";
        assert_eq!(of("1.2.3", "1.2.3", changelog, None), [""; 0]);
        assert_eq!(of("1.2.3", "1.2.3", changelog, Some(("main", "main"))), [""; 0]);
        assert_eq!(of("1.2.3", "1.2.3", changelog, Some(("releases/1.2", "main"))), [""; 0]);
    }

    #[test]
    fn everything_that_is_missing_is_told_at_once() {
        let found = of("1.2.3+a", "1.2.2", "## Unreleased\n\n- Something.\n", Some(("releases/1.1", "main")));
        let starts = [
            "1.2.3+a: tags",
            "Cargo.toml says version 1.2.2",
            "CHANGELOG.md has no heading",
            "1.2.3+a is released",
        ];
        assert_eq!(found.len(), starts.len());
        for (found, start) in found.iter().zip(starts) {
            assert!(found.starts_with(start), "{found}");
        }
    }

    #[test]
    fn a_version_without_a_line_in_the_changelog_is_kept_back() {
        assert_eq!(of("1.2.3", "1.2.3", "## 1.2.3\n", None), ["CHANGELOG.md says nothing below `## 1.2.3`"]);
    }
}
