//! What people type to check a branch, and the help that teaches it.

use super::{
    HOW, WHICH, Work,
    channels::{Document, Pages, Places, Releases},
    dependencies::Dependencies,
    network::{Network, Registries},
    which::Roots,
};
use clap::Args;

pub const LONG_ABOUT: &str = "\
Tells what would refuse or spoil a release, before it is merged: charts whose content changes while their version stays, \
versions that go back, charts that cannot be packaged, names that registries refuse, annotations that would make Artifact \
Hub drop the version; and, as information, what a merge would publish. Writes nothing, and needs no token.

An error is what this branch is the reason of: it is compared with the commit where it left the branch that it will be \
merged into. What that commit has already is a notice, and no reason to fail.";

pub const EXAMPLES: &str = concat!(
    "\
Examples:
  This branch, against the one that origin shows:
      chart-release check
  Against the branch that it will be merged into:
      chart-release check --base origin/release-1.x
  For machines, here the errors with their files and lines:
      chart-release check --json | jq '.findings[] | select(.severity == \"error\")'

",
    exit_codes!()
);

#[derive(Debug, Args)]
pub struct Check {
    /// What the branch is compared with: a branch, tag or commit
    ///
    /// It is compared with the commit where it left REF. Default: the base of a pull request in GitHub Actions, else
    /// `origin/HEAD`, `origin/main` or `origin/master`, the first that the clone has; without any, nothing is compared.
    #[arg(long, value_name = "REF", help_heading = WHICH)]
    base: Option<String>,
    #[command(flatten)]
    roots: Roots,
    #[command(flatten)]
    places: Places,
    #[command(flatten)]
    releases: Releases,
    #[command(flatten)]
    pages: Pages,
    #[command(flatten)]
    registries: Registries,
    #[command(flatten)]
    dependencies: Dependencies,
    #[command(flatten, next_help_heading = HOW)]
    document: Document,
    #[command(flatten)]
    work: Work,
    #[command(flatten)]
    network: Network,
}
