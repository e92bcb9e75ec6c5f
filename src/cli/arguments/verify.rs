//! What `verify` is asked.

use clap::{Args, ValueHint};
use std::path::PathBuf;

/// These are read as they are: checking a file needs no configuration, and no repository.
#[derive(Debug, Args)]
pub struct Verify {
    /// Packages, each with its provenance beside it: FILE.tgz and FILE.tgz.prov
    #[arg(required = true, value_name = "FILE.tgz", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// The public keys of those whose signatures count
    ///
    /// Binary, armoured, or a keybox of GnuPG. Default: that of GnuPG, as Helm takes it: pubring.gpg in GNUPGHOME (else
    /// ~/.gnupg) where there is one, else pubring.kbx.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub keyring: Option<PathBuf>,
    /// Print a JSON document for machines: `chart-release/verify/1`
    #[arg(long)]
    pub json: bool,
}
