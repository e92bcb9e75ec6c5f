//! The files of a release that are packages.

use crate::charts::{ChartName, ChartVersion, Version};

/// The version that this file name says it is the package of, where it is one of this chart: `demo-1.0.0.tgz`.
///
/// Names are ambiguous (`demo-2-1.0.0.tgz` is a package of `demo-2`), so only versions in three numbers count.
pub fn package_version(chart: &ChartName, file: &str) -> Option<Version> {
    let version = file.strip_suffix(".tgz")?.strip_prefix(chart.as_str())?.strip_prefix('-')?;
    let three_numbers = Version::new(version.strip_prefix('v').unwrap_or(version)).is_strict();
    three_numbers.then(|| Version::new(version))
}

/// The name of the file that proves where a package comes from, as `helm package --sign` names it.
pub fn provenance_file(is: &ChartVersion) -> String {
    format!("{}.prov", is.package_file())
}

/// Whether GitHub stores an asset under the name that it is uploaded with: other characters become dots.
pub fn keeps_its_name(file: &str) -> bool {
    file.chars().all(|character| character.is_ascii_alphanumeric() || "-_+@.".contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_known_by_its_name_and_not_taken_for_that_of_a_longer_name() {
        let version = |file| package_version(&ChartName::new("demo"), file);
        assert_eq!(version("demo-1.0.0.tgz"), Some(Version::new("1.0.0")));
        assert_eq!(version("demo-v1.0.0-rc.1+b.tgz"), Some(Version::new("v1.0.0-rc.1+b")));
        for other in ["demo-2-1.0.0.tgz", "demo-extra-1.0.0.tgz", "demo-1.0.0.tgz.prov", "demo-linux.tgz"] {
            assert_eq!(version(other), None, "{other}");
        }
    }

    #[test]
    fn github_keeps_plain_names() {
        for (file, kept) in
            [("demo_2-1.0.0-rc.1+b.7.tgz", true), ("d\u{e9}mo-1.0.0.tgz", false), ("a b-1.0.0.tgz", false)]
        {
            assert_eq!(keeps_its_name(file), kept, "{file}");
        }
    }
}
