//! The systems that a release has a program for, and how its files are called.

use semver::Version;

/// The Rust targets, in the order of `action/checksums.txt`.
pub const TARGETS: [&str; 6] = [
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
];

/// The name of the program in the archive.
pub fn program(target: &str) -> &'static str {
    if target.contains("windows") { "chart-release.exe" } else { "chart-release" }
}

/// The name of the archive among the files of the release.
pub fn archive(version: &Version, target: &str) -> String {
    format!("chart-release-{version}-{target}.tar.gz")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workflow_builds_every_target_and_no_other() {
        let workflow = include_str!("../../.github/workflows/release.yml");
        let mut built: Vec<&str> =
            workflow.lines().filter_map(|line| line.trim().strip_prefix("- target: ")).collect();
        let mut ours = TARGETS.to_vec();
        built.sort_unstable();
        ours.sort_unstable();
        assert_eq!(built, ours);
    }
}
