//! What Helm does, taken from running it: each module replays the cases of one file in `vectors/`.

mod chart_yaml;
mod helmignore;
mod index;
mod oci;
// Its folders hold links, and names that only Unix has.
#[cfg(unix)]
mod package;
mod semver;
mod yaml_emit;
