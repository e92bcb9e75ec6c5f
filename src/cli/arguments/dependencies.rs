//! Where the charts that a chart depends on come from.

use super::HOW;
use clap::{Args, ValueHint, builder::PossibleValuesParser};

#[derive(Debug, Args)]
#[command(next_help_heading = HOW)]
pub struct Dependencies {
    /// Which versions of its dependencies a chart is packaged with: `locked`, `update` or `vendored`
    ///
    /// Nothing needs to be set up: the repository in the Chart.yaml is enough. Without this option, what lies in the
    /// chart's `charts/` and fits is used as it is; else, where there is a Chart.lock, exactly its versions are fetched;
    /// else the newest that the Chart.yaml accepts.
    ///
    /// `locked` refuses a chart that would need a Chart.lock and has none. `update` fetches the newest accepted versions
    /// whatever lies there, as `helm dependency update` does. `vendored` fetches nothing and looks at no lock: what is
    /// missing in `charts/` stops the chart.
    #[arg(
        long,
        value_name = "MODE",
        value_parser = PossibleValuesParser::new(["locked", "update", "vendored"]),
        ignore_case = true,
        hide_possible_values = true,
        hide_short_help = true
    )]
    dependencies: Option<String>,
    /// The folder that fetched dependencies are kept in for later runs
    ///
    /// By their digest, so that several runs can use it at once. Default: `chart-release` in the folder for caches:
    /// XDG_CACHE_HOME or `~/.cache`, `~/Library/Caches` on macOS, LOCALAPPDATA on Windows.
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, hide_short_help = true)]
    cache: Option<String>,
}
