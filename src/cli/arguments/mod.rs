//! The commands and options that people type, and the help that teaches them.
//!
//! This is the only place that lists the options: the configuration file and the environment take their keys, and what
//! each key holds, from the definitions here (`config::options`).

mod channels;
mod check;
mod dependencies;
mod folders;
mod network;
mod signing;
mod verify;
mod which;

use channels::{Channels, Pages, Releases};
use clap::{
    ArgAction, Args, Parser, Subcommand, ValueHint,
    builder::styling::{AnsiColor, Styles},
};
use clap_complete::Shell;
use dependencies::Dependencies;
use folders::{Into, Packages};
use network::{Network, Registries};
use signing::Signing;
pub use verify::Verify;
use which::{Named, Selection};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const WHICH: &str = "Which charts";
const WHERE: &str = "Where to";
const RELEASES: &str = "GitHub Releases";
const PAGES: &str = "Pages";
const REGISTRIES: &str = "Registries";
const SIGNING: &str = "Signing";
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
      CHART_RELEASE_SIGNING_KEY and CHART_RELEASE_SIGNING_PASSPHRASE, for --sign

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
it is not there), keep (it is there, and stays), omit (no release is made, because the version is public elsewhere), \
refuse (other content is there), stop (it is not known what to do).",
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
  Signed, with a key that `gpg --armor --export-secret-keys` wrote:
      CHART_RELEASE_SIGNING_PASSPHRASE=… chart-release publish --sign --keyring key.asc
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
`publish` would publish, on any machine and at any time, as long as their dependencies are in git or locked.

A chart that depends on another one of this repository through a channel (its pages, its registry) needs that one to be \
published; through `file://` it does not.",
        after_long_help = concat!(
            "\
Examples:
  All charts, to the folder `packages`:
      chart-release package
  One chart, to look into it:
      chart-release package demo --into /tmp/packages
  With the newest versions of its dependencies that it accepts, whatever its lock says:
      chart-release package demo --dependencies update
  With a provenance beside each package, as for `helm verify`:
      chart-release package --sign --keyring key.asc --passphrase-file passphrase

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
        dependencies: Dependencies,
        #[command(flatten)]
        signing: Signing,
        #[command(flatten)]
        registries: Registries,
        #[command(flatten)]
        work: Work,
        #[command(flatten)]
        network: Network,
    },
    /// Check packages against their provenance: who signed them, and that nothing was changed since
    #[command(
        long_about = "\
Checks packages against their provenance (the `.prov` file that `helm package --sign` or this program wrote beside \
each): that a key of the keyring signed it, and that the package is the one that was signed. Needs no gpg, no \
repository and no network.

It takes what `helm verify` takes, but no signature made with SHA-1 or MD5, and no RSA or DSA key below 2048 bits. \
It also tells when the signed metadata is not that of the package, at which Helm does not look.",
        after_long_help = concat!(
            "\
Examples:
  One package, with the keys of GnuPG:
      chart-release verify demo-1.1.0.tgz
  With the key of the publisher, as a web page or a repository offers it:
      curl -O https://example.com/charts/publisher.asc
      chart-release verify demo-1.1.0.tgz --keyring publisher.asc
  All packages of a folder:
      chart-release verify packages/*.tgz --keyring publisher.asc

",
            exit_codes!()
        )
    )]
    Verify(Verify),
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
    dependencies: Dependencies,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    work: Work,
    #[command(flatten)]
    network: Network,
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
