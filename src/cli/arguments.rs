//! The commands and options that people type, and the help that teaches them.
//!
//! This is the only place that lists the options: the configuration file and the environment take their keys, and what
//! each key holds, from the definitions here (`config::options`).

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

const WHICH: &str = "Which charts";
const WHERE: &str = "Where to";
const HOW: &str = "How";
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
  Publish the charts below `charts` to the folder `published`:
      chart-release publish
  Publish one older version to a folder elsewhere:
      chart-release publish --channel folder:/srv/charts demo@1.1.0
  Make the packages only, to look at or to test:
      chart-release package --into /tmp/packages

Configuration:
Every option can also stand in `chart-release.yaml` at the root of the repository, under its name without the dashes; \
where an option can be repeated, as a list:
      charts: [charts, libraries]
      exclude: charts/experimental
      channel: folder:published
Or in the environment, where lines or commas part a list:
      CHART_RELEASE_CHANNEL=folder:published,folder:/srv/charts
Options go over the environment, and the environment over the file. Paths in the file start from the root of the \
repository, all others from the current folder.

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
    Publish(ToChannels),
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
    work: Work,
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
pub struct Selection {
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
    /// Files that may be packaged though git does not have them
    ///
    /// They come from a step before this one. Globs from the root of the repository. Can be repeated. A chart at the
    /// root of the repository is refused when it has any others.
    #[arg(long, value_name = "GLOB", action = ArgAction::Append)]
    generated: Option<Vec<String>>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = WHERE)]
pub struct Channels {
    /// A place that users install from: `folder:PATH` [default: folder:published]
    ///
    /// `folder:PATH` is a folder with packages and an index.yaml, ready for any web server. Can be repeated: every
    /// version goes to all channels. The default lies at the root of the repository.
    #[arg(long, value_name = "CHANNEL", action = ArgAction::Append)]
    channel: Option<Vec<String>>,
    /// Refuse a chart that changed while its version stayed
    ///
    /// Without it, a sweep keeps what is published of such a chart, and says that it has unreleased changes.
    #[arg(long)]
    strict: bool,
    /// Print a JSON document for machines
    ///
    /// `plan` prints `chart-release/plan/1`, and `publish` prints `chart-release/report/1`.
    #[arg(long, help_heading = HOW)]
    json: bool,
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
#[command(next_help_heading = HOW)]
pub struct Work {
    /// How many charts are worked on at once [default: one per processor]
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
    /// Tell more; twice tells what is asked of git and disk
    #[arg(long, short, global = true, action = ArgAction::Count, value_name = "N")]
    verbose: u8,
    /// Print help; `--help` tells more than `-h`
    #[arg(long, short, global = true, action = ArgAction::Help)]
    help: Option<bool>,
    /// Print the version
    #[arg(long, short = 'V', action = ArgAction::Version)]
    version: Option<bool>,
}
