//! The channels, and how each of them is written.

use super::{HOW, PAGES, RELEASES, WHERE, WHICH};
use clap::{ArgAction, Args};

#[derive(Debug, Args)]
#[command(next_help_heading = WHERE)]
pub struct Places {
    /// A place that users install from: `releases`, `pages`, `oci`, `oci://HOST/PATH`, `folder:PATH`
    ///
    /// `releases`: a GitHub Release for each version. `pages`: the index.yaml on a branch, for `helm repo add`.
    /// `oci://HOST/PATH`: a registry, where chart and version are added; `oci` alone is
    /// `oci://ghcr.io/OWNER/REPOSITORY`. `folder:PATH`: a folder with packages and an index.yaml, ready for any web
    /// server. Can be repeated: every version goes to all channels.
    ///
    /// Default: `releases` and `pages` on GitHub Actions, elsewhere `folder:published` at the root of the repository.
    #[arg(long, value_name = "CHANNEL", action = ArgAction::Append)]
    channel: Option<Vec<String>>,
    /// The repository on GitHub [default: what GITHUB_REPOSITORY says]
    ///
    /// GITHUB_SERVER_URL and GITHUB_API_URL say on which GitHub; without them it is github.com.
    #[arg(long, value_name = "OWNER/NAME")]
    github_repository: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = WHERE)]
pub struct Channels {
    #[command(flatten)]
    places: Places,
    /// Also make releases for versions that are public elsewhere
    ///
    /// Without it, no release is made for a version that users can install from another channel already: each release
    /// is mailed to everybody who watches the repository.
    #[arg(long)]
    backfill: bool,
    /// Refuse a chart that changed while its version stayed
    ///
    /// Without it, a sweep keeps what is published of such a chart, and says that it has unreleased changes.
    #[arg(long)]
    strict: bool,
    /// The tag that started the run: the version that is released under it is asked for
    ///
    /// As one that is named, it is refused when other content is published; all other charts are as in a sweep. The
    /// name of its release (--release-name-template) tells which version that is, also without the channel `releases`;
    /// a tag that no version is released under changes nothing. `refs/tags/NAME` is taken as NAME.
    #[arg(long, value_name = "TAG", help_heading = WHICH, conflicts_with = crate::config::NAMES)]
    tag: Option<String>,
    #[command(flatten)]
    document: Document,
}

#[derive(Debug, Args)]
pub struct Document {
    /// Print a JSON document for machines
    ///
    /// `plan` prints `chart-release/plan/1`, `publish` `chart-release/report/1`, and `check` `chart-release/check/1`.
    #[arg(long, help_heading = HOW)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = RELEASES)]
pub struct Releases {
    /// The tag and name of a release [default: {{ .Name }}-{{ .Version }}]
    ///
    /// A Go template over the fields of the Chart.yaml, as chart-releaser has it.
    #[arg(long, value_name = "TEMPLATE", hide_short_help = true)]
    release_name_template: Option<String>,
    /// A file of the chart whose text describes the release
    ///
    /// Without it, or in a chart that lacks it, the description of the Chart.yaml does.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    release_notes_file: Option<String>,
    /// Below that text, let GitHub tell what has changed since the chart's release before
    ///
    /// It compares with the highest lower version of the same chart that has a release; a chart's first release is left
    /// to GitHub's own choice. `.github/release.yml` says how it tells. One more write for each version.
    #[arg(long, hide_short_help = true)]
    generate_release_notes: bool,
    /// The chart whose highest stable version is the latest release; `none` for none
    ///
    /// Default: the chart of a repository that has one chart only; among several, none.
    #[arg(long, value_name = "CHART", hide_short_help = true)]
    latest_chart: Option<String>,
    /// The most writes to GitHub in a minute [default: 70 on api.github.com, else no limit]
    #[arg(long, value_name = "N", hide_short_help = true)]
    github_writes_per_minute: Option<std::num::NonZeroU32>,
    /// The most writes to GitHub in an hour [default: 450 on api.github.com, else no limit]
    ///
    /// When they are used up, what is begun is finished, and the run ends with exit code 4.
    #[arg(long, value_name = "N", hide_short_help = true)]
    github_writes_per_hour: Option<std::num::NonZeroU32>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = PAGES)]
pub struct Pages {
    /// The git repository with the pages branch [default: the repository on GitHub, else `origin`]
    ///
    /// https, ssh (with the keys of ssh-agent) or file. The token of GitHub goes to GitHub's own host only.
    #[arg(long, value_name = "URL", hide_short_help = true)]
    pages_remote: Option<String>,
    /// The branch that is served [default: gh-pages]
    #[arg(long, value_name = "BRANCH", hide_short_help = true)]
    pages_branch: Option<String>,
    /// The index on the branch [default: index.yaml]
    #[arg(long, value_name = "PATH", hide_short_help = true)]
    pages_index_path: Option<String>,
    /// What people give to `helm repo add`
    ///
    /// Default: `https://OWNER.github.io/NAME` for a repository on github.com, with the folder of the index; elsewhere
    /// it is not known.
    #[arg(long, value_name = "URL", hide_short_help = true)]
    pages_url: Option<String>,
    /// Keep the packages beside the index, also where a release has them
    ///
    /// The entries then lead to these files. Without it they lead to the assets of the releases, which Helm cannot
    /// download from a private repository. Entries that are there stay as they are.
    #[arg(long, hide_short_help = true)]
    packages_with_index: bool,
    /// Who commits to the pages branch: `Name <email>`
    ///
    /// Default: git's user.name and user.email; where they are not set, `github-actions[bot]` on GitHub Actions, and
    /// `chart-release <chart-release@localhost>` elsewhere.
    #[arg(long, value_name = "AUTHOR", hide_short_help = true)]
    commit_author: Option<String>,
    /// Add `Signed-off-by` to the commits on the pages branch
    #[arg(long, hide_short_help = true)]
    sign_off: bool,
}
