//! How other machines are spoken to, and as whom.

use super::{HOW, REGISTRIES};
use clap::{ArgAction, Args};

#[derive(Debug, Args)]
#[command(next_help_heading = REGISTRIES)]
pub struct Registries {
    /// The user of a registry or repository; the password is in CHART_RELEASE_REGISTRY_PASSWORD
    ///
    /// Or, for several hosts, in CHART_RELEASE_REGISTRY_PASSWORD_<HOST>, in upper case with `_` for what is neither
    /// letter nor digit. It is for channels, and for hosts that dependencies come from, over OCI or HTTPS; a password
    /// goes to its own host only. Can be repeated. Without it, the channel ghcr.io gets the token of GitHub, and for
    /// others the configuration of Docker and Helm is asked, with its credential helpers.
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
