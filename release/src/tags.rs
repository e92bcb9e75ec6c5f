//! Which tags follow a version: of the image (`1.2`, `1`, `latest`) and of the Action (`v1`).
//!
//! A tag that moves belongs to the highest stable version of its line. So a patch of an older line takes that line's tag
//! with it and no other, a prerelease takes none, and asking again later never moves a tag back.

use semver::Version;

/// The versions among names of tags, one a line, with or without `v`. Every other name says nothing about versions.
pub fn versions(names: &str) -> Vec<Version> {
    names
        .lines()
        .map(str::trim)
        .filter_map(|name| Version::parse(name.strip_prefix('v').unwrap_or(name)).ok())
        .collect()
}

/// The tags that the image of `version` gets, the one that never moves first.
pub fn of_image(version: &Version, published: &[Version]) -> Vec<String> {
    let mut tags = vec![version.to_string()];
    let (major, minor) = (version.major, version.minor);
    if is_highest(version, published, |other| (other.major, other.minor) == (major, minor)) {
        tags.push(format!("{major}.{minor}"));
    }
    if is_highest(version, published, |other| other.major == major) {
        tags.push(major.to_string());
    }
    if is_latest(version, published) {
        tags.push("latest".to_owned());
    }
    tags
}

/// The tag of the Action that moves to `version`, if it does.
pub fn of_action(version: &Version, published: &[Version]) -> Option<String> {
    let major = version.major;
    is_highest(version, published, |other| other.major == major).then(|| format!("v{major}"))
}

/// Whether `version` is what somebody gets who asks for no version.
pub fn is_latest(version: &Version, published: &[Version]) -> bool {
    is_highest(version, published, |_| true)
}

fn is_highest(version: &Version, published: &[Version], in_line: impl Fn(&Version) -> bool) -> bool {
    let stable = |version: &Version| version.pre.is_empty();
    stable(version) && !published.iter().any(|other| stable(other) && in_line(other) && other > version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(version: &str, published: &str) -> String {
        of_image(&version.parse().expect("a version"), &versions(published)).join(" ")
    }

    fn action(version: &str, published: &str) -> Option<String> {
        of_action(&version.parse().expect("a version"), &versions(published))
    }

    #[test]
    fn the_first_version_takes_every_tag() {
        assert_eq!(image("1.0.0", ""), "1.0.0 1.0 1 latest");
        assert_eq!(action("1.0.0", "").as_deref(), Some("v1"));
    }

    #[test]
    fn the_highest_version_takes_every_tag_also_when_it_is_listed_already() {
        assert_eq!(image("1.10.0", "1.9.3\n1.10.0\n"), "1.10.0 1.10 1 latest");
        assert_eq!(action("1.10.0", "v1.9.3\nv1.10.0\nv1\n").as_deref(), Some("v1"));
    }

    #[test]
    fn a_patch_of_an_older_line_moves_that_line_only() {
        assert_eq!(image("1.2.4", "1.2.3\n1.3.0\n2.0.0"), "1.2.4 1.2");
        assert_eq!(action("1.2.4", "v1.2.3\nv1.3.0\nv2.0.0"), None);
    }

    #[test]
    fn the_newest_of_an_older_major_version_moves_that_but_not_latest() {
        assert_eq!(image("1.3.1", "1.3.0\n2.0.0"), "1.3.1 1.3 1");
        assert_eq!(action("1.3.1", "v1.3.0\nv2.0.0").as_deref(), Some("v1"));
    }

    #[test]
    fn what_is_finished_late_moves_nothing_back() {
        assert_eq!(image("1.2.3", "1.2.3\n1.2.4"), "1.2.3");
        assert_eq!(action("1.2.3", "v1.2.4"), None);
    }

    #[test]
    fn a_prerelease_moves_nothing_and_holds_nothing_back() {
        assert_eq!(image("2.0.0-rc.1", "1.9.0"), "2.0.0-rc.1");
        assert_eq!(action("2.0.0-rc.1", "v1.9.0"), None);
        assert_eq!(image("1.9.1", "1.9.0\n2.0.0-rc.1\n1.9.2-alpha"), "1.9.1 1.9 1 latest");
    }

    #[test]
    fn other_tags_are_no_versions() {
        let names = "latest\n1\n1.2\nv1\nhello-9.0.0\nsha256-0123.sig\n\r\n 9\nv1.2.2\r\n";
        assert_eq!(versions(names), [Version::new(1, 2, 2)]);
    }
}
