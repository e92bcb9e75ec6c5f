//! Which charts are meant, and in which versions.

use super::WHICH;
use clap::{ArgAction, Args, ValueHint};

#[derive(Debug, Args)]
pub struct Named {
    /// Charts or versions by name; without any, all charts (a sweep)
    ///
    /// `demo` is the current version of the chart demo, `demo@1.1.0` a version of it as the commit that introduced it
    /// has it. In a sweep, a chart that changed since its version was published is work in progress; a chart that is
    /// named is refused then.
    #[arg(value_name = "CHART[@VERSION]", id = crate::config::NAMES)]
    names: Vec<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = WHICH)]
pub struct Roots {
    /// Folders to search for charts [default: charts]
    ///
    /// At any depth below them. Globs from the root of the repository; `.` is the root itself. Can be repeated.
    #[arg(long, value_name = "GLOB", action = ArgAction::Append)]
    charts: Option<Vec<String>>,
    /// Folders whose charts are left out
    ///
    /// Globs from the root of the repository. Can be repeated.
    #[arg(long, value_name = "GLOB", action = ArgAction::Append)]
    exclude: Option<Vec<String>>,
    /// Files that may be packaged though git does not have them
    ///
    /// They come from a step before this one. Globs from the root of the repository. Can be repeated. A chart at the
    /// root of the repository is refused when it has any others.
    #[arg(long, value_name = "GLOB", action = ArgAction::Append)]
    generated: Option<Vec<String>>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = WHICH)]
pub struct Selection {
    #[command(flatten)]
    roots: Roots,
    /// Also the versions that the commits after REF introduced
    ///
    /// A push of three merges then publishes what three pushes would have. REF is a commit, branch or tag; for a push,
    /// the commit before it. Without it, the current version of each chart is meant.
    #[arg(long, value_name = "REF", conflicts_with = crate::config::NAMES)]
    since: Option<String>,
    /// Only the versions of a plan that `plan --json` wrote
    ///
    /// What to do about each of them is decided again.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = crate::config::NAMES)]
    only: Option<String>,
}
