//! What CHANGELOG.md says of a version.

use semver::Version;

/// The text below the heading `## 1.2.3`, `## [1.2.3]` or `## 1.2.3 - 2026-01-31`; none without such a heading.
pub fn section(changelog: &str, version: &Version) -> Option<String> {
    let mut lines = changelog.lines().skip_while(|line| !is_heading_of(line, version));
    lines.next()?;
    let text: Vec<&str> = lines.take_while(|line| !line.starts_with("## ")).collect();
    Some(text.join("\n").trim().to_owned())
}

fn is_heading_of(line: &str, version: &Version) -> bool {
    let Some(name) = line.strip_prefix("## ").and_then(|heading| heading.split_whitespace().next()) else {
        return false;
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    bare == version.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGELOG: &str = "# Changelog\n\n## Unreleased\n\n- Later.\n\n## [1.2.0] - 2026-02-01\n\n### Added\n\n- Tags.\n\n\
                             ## 1.2.0-rc.1\n\n- Nearly.\n\n## 1.1.0\n";

    fn of(version: &str) -> Option<String> {
        section(CHANGELOG, &version.parse().expect("a version"))
    }

    #[test]
    fn a_section_ends_where_the_next_version_begins() {
        assert_eq!(of("1.2.0").as_deref(), Some("### Added\n\n- Tags."));
        assert_eq!(of("1.2.0-rc.1").as_deref(), Some("- Nearly."));
    }

    #[test]
    fn a_heading_without_text_is_not_a_missing_heading() {
        assert_eq!(of("1.1.0").as_deref(), Some(""));
    }

    #[test]
    fn a_version_is_not_found_by_its_beginning() {
        assert_eq!(of("1.1.0-rc.1"), None);
        assert_eq!(of("0.1.0"), None);
    }
}
