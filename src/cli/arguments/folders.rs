//! The folders that packages are left in.

use super::WHERE;
use clap::{Args, ValueHint};

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
