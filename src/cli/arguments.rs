//! The commands and options that people type, and the help that teaches them.
//!
//! This is the only place that lists the options: the configuration file and the environment take their keys, and what
//! each key holds, from the definitions here (`config::options`).

use super::check;
use clap::{
    ArgAction, Args, Parser, Subcommand, ValueHint,
    builder::styling::{AnsiColor, Styles},
};
use clap_complete::Shell;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

pub const WHICH: &str = "Which charts";
const WHERE: &str = "Where to";
const RELEASES: &str = "GitHub Releases";
const PAGES: &str = "Pages";
const REGISTRIES: &str = "Registries";
pub const HOW: &str = "How";
const GLOBAL: &str = "Everywhere";

/// Publishes the Helm charts of a git repository: one chart version, one digest, in every channel, for ever.
#[derive(Debug, Parser)]
#[command(
    name = "chart-release",
    version,
    styles = STYLES,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = true,
    disable_help_flag = true,
    disable_version_flag = true,
    long_about = "\
Publishes the Helm charts of a git repository: one chart version, one digest, in every channel, for ever.

It finds the chart versions that are not published yet, packages them as `helm package` does, and publishes each one to \
every channel that its users install from. What is published is never changed: run it as often as you like.",
    after_help = "Start with `chart-release plan`: it shows what would be done, and writes nothing. \
`--help` tells more.",
    after_long_help = concat!(
        "\
Examples:
  See what would be published, and why:
      chart-release plan
  Publish the charts below `charts` to the folder `published`; on GitHub Actions, as releases and on the pages:
      chart-release publish
  Publish them from GitHub Actions as releases, on the pages branch and in ghcr.io:
      chart-release publish --channel releases --channel pages --channel oci
  Publish one older version to a folder elsewhere:
      chart-release publish --channel folder:/srv/charts demo@1.1.0
  Make the packages only, to look at or to test:
      chart-release package --into /tmp/packages

Configuration:
Every option can also stand in `chart-release.yaml` at the root of the repository, under its name without the dashes; \
where an option can be repeated, as a list:
      charts: [charts, libraries]
      exclude: charts/experimental
      channel: [releases, pages, oci]
Or in the environment, where lines or commas part a list:
      CHART_RELEASE_CHANNEL=releases,pages,oci
Options go over the environment, and the environment over the file. Paths in the file start from the root of the \
repository, all others from the current folder. Secrets are read from the environment only:
      CHART_RELEASE_GITHUB_TOKEN, GITHUB_TOKEN, GH_TOKEN or CR_TOKEN, the first that is set
      CHART_RELEASE_REGISTRY_PASSWORD_<HOST>, such as CHART_RELEASE_REGISTRY_PASSWORD_REGISTRY_EXAMPLE_COM, or
      CHART_RELEASE_REGISTRY_PASSWORD, for the user of --registry-user

",
        exit_codes!()
    )
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    everywhere: Everywhere,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what would be published, and why; write nothing
    #[command(
        long_about = "\
Shows which chart versions exist, what each channel holds of them, and what `publish` would do and why. Writes nothing.

The words are: put (it is not there), finish (an earlier run stopped half-way), attach (something that belongs beside \
it is not there), keep (it is there, and stays), refuse (other content is there), stop (it is not known what to do).",
        after_long_help = concat!(
            "\
Examples:
  All charts, as a table:
      chart-release plan
  All versions that the last push brought, not only the current ones:
      chart-release plan --since HEAD~3
  What would go to GitHub and its registry, from anywhere:
      chart-release plan --channel releases --channel oci --github-repository acme/charts
  For machines, here how many versions would be put, kept and refused:
      chart-release plan --json | jq .counts

",
            exit_codes!()
        )
    )]
    Plan(ToChannels),
    /// Publish what is not published yet, to every channel
    #[command(
        long_about = "\
Publishes what is not published yet, to every channel. Nothing that is published is ever changed, moved or deleted; \
after a stop at any point, the same command goes on where it stopped.",
        after_long_help = concat!(
            "\
Examples:
  All charts, to the channels of the configuration:
      chart-release publish
  As releases, on the pages branch and in ghcr.io, from GitHub Actions (permissions: contents and packages: write):
      GITHUB_TOKEN=… chart-release publish --channel releases --channel pages --channel oci
  To a registry of one's own:
      CHART_RELEASE_REGISTRY_PASSWORD=… chart-release publish \\
          --channel oci://registry.example.com/charts --registry-user registry.example.com=robot
  To two folders:
      chart-release publish --channel folder:published --channel folder:copy
  One chart, or one version of it:
      chart-release publish demo
      chart-release publish demo@1.1.0
  What was reviewed as a plan, and nothing else:
      chart-release plan --json > plan.json
      chart-release publish --only plan.json

",
            exit_codes!()
        )
    )]
    Publish {
        #[command(flatten)]
        to_channels: ToChannels,
        #[command(flatten)]
        packages: Packages,
    },
    /// Tell what of this branch would refuse or spoil a release; write nothing
    #[command(long_about = check::LONG_ABOUT, after_long_help = check::EXAMPLES)]
    Check(check::Check),
    /// Make the packages of the charts in a folder, without any channel
    #[command(
        long_about = "\
Makes the packages of the charts in a folder, without asking or writing to any channel. The bytes are those that \
`publish` would publish, on any machine and at any time.",
        after_long_help = concat!(
            "\
Examples:
  All charts, to the folder `packages`:
      chart-release package
  One chart, to look into it:
      chart-release package demo --into /tmp/packages

",
            exit_codes!()
        )
    )]
    Package {
        #[command(flatten)]
        named: Named,
        #[command(flatten)]
        selection: Selection,
        #[command(flatten)]
        into: Into,
        #[command(flatten)]
        work: Work,
    },
    /// Do what the inputs and the event of a workflow say: what the GitHub Action runs
    #[command(hide = true)]
    Action,
    /// Write the completions of a shell to stdout
    #[command(after_long_help = "\
Examples:
  chart-release completions bash > ~/.local/share/bash-completion/completions/chart-release
  chart-release completions zsh > ~/.zfunc/_chart-release
  chart-release completions fish > ~/.config/fish/completions/chart-release.fish")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

// The fields below are not read: `config::options` reads the options by their names, all in the same way.

#[derive(Debug, Args)]
pub struct ToChannels {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    channels: Channels,
    #[command(flatten)]
    releases: Releases,
    #[command(flatten)]
    pages: Pages,
    #[command(flatten)]
    registries: Registries,
    #[command(flatten)]
    work: Work,
    #[command(flatten)]
    network: Network,
}

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

#[derive(Debug, Args)]
#[command(next_help_heading = REGISTRIES)]
pub struct Registries {
    /// The user of a registry; the password is in CHART_RELEASE_REGISTRY_PASSWORD
    ///
    /// Or, for several registries, in CHART_RELEASE_REGISTRY_PASSWORD_<HOST>, in upper case with `_` for what is
    /// neither letter nor digit. Can be repeated. Without it, ghcr.io gets the token of GitHub, and for other
    /// registries the configuration of Docker and Helm is asked, with its credential helpers.
    #[arg(long, value_name = "HOST=USER", action = ArgAction::Append)]
    registry_user: Option<Vec<String>>,
    /// A host that is spoken to by HTTP, without encryption
    ///
    /// With its port, or without for all ports. This machine itself (localhost, 127.0.0.0/8, ::1) always is. Can be
    /// repeated.
    #[arg(long, value_name = "HOST", action = ArgAction::Append, hide_short_help = true)]
    plain_http: Option<Vec<String>>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = HOW)]
pub struct Network {
    /// How long one call over the network may take [default: 60]
    #[arg(long, value_name = "SECONDS", hide_short_help = true)]
    timeout: Option<std::num::NonZeroU32>,
    /// How often a call that failed for the moment is made again [default: 5]
    ///
    /// The pauses between them grow; a wait that the other side asks for is kept, up to two minutes.
    #[arg(long, value_name = "N", hide_short_help = true)]
    retries: Option<u16>,
    /// The pause before a call is made again; each next one is twice as long [default: 500]
    #[arg(long, value_name = "MILLISECONDS", hide = true)]
    retry_pause: Option<u32>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = WHERE)]
pub struct Into {
    /// The folder for the packages [default: packages]
    ///
    /// It is made where it is missing. The default lies at the root of the repository.
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    into: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = WHERE)]
pub struct Packages {
    /// A folder to leave the packages of this run in
    ///
    /// When anything was published, it holds exactly the packages and provenances of the versions that this run
    /// published or attached something to, as the channels serve them; older ones in it are removed. Else it is left
    /// as it is.
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, hide_short_help = true)]
    packages: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = HOW)]
pub struct Work {
    /// How many charts are worked on at once [default: 16, or one per processor when these are more]
    ///
    /// Most of the time is spent waiting for the network.
    #[arg(long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = GLOBAL)]
struct Everywhere {
    /// The repository [default: the one around the current folder]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    repository: Option<String>,
    /// The configuration [default: chart-release.yaml at the root of the repository]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<String>,
    /// When to use colours [default: auto] [possible values: auto, always, never]
    ///
    /// `auto` uses them on a terminal, unless `NO_COLOR` is set.
    #[arg(long, global = true, value_name = "WHEN", hide_possible_values = true)]
    color: Option<crate::config::Color>,
    /// Show no progress
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Tell more; twice tells what is asked of git, disk and network
    #[arg(long, short, global = true, action = ArgAction::Count, value_name = "N")]
    verbose: u8,
    /// Print help; `--help` tells more than `-h`
    #[arg(long, short, global = true, action = ArgAction::Help)]
    help: Option<bool>,
    /// Print the version
    #[arg(long, short = 'V', action = ArgAction::Version)]
    version: Option<bool>,
}
