//! Whether packages are signed, and with which key.

use super::SIGNING;
use clap::{Args, ValueHint};

#[derive(Debug, Args)]
#[command(next_help_heading = SIGNING)]
pub struct Signing {
    /// Sign the packages: each gets a provenance (`.prov`), as `helm package --sign` makes it
    ///
    /// The key is in the file of --keyring or in the variable CHART_RELEASE_SIGNING_KEY: armoured, or as Base64 of the
    /// binary form. The variable alone implies this option. The time of a signature is that of the version, so the same
    /// key signs the same package with the same bytes. What has a provenance is never signed again.
    #[arg(long)]
    sign: bool,
    /// The key to sign with, by name, e-mail address or fingerprint; needed where there are several
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    key: Option<String>,
    /// The file with the secret key, armoured or binary [default: pubring.gpg in GNUPGHOME or ~/.gnupg]
    ///
    /// As `gpg --export-secret-keys` writes it. The default is Helm's; GnuPG itself keeps its secret keys elsewhere.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    keyring: Option<String>,
    /// The file with the passphrase of the key in its first line
    ///
    /// Or the passphrase is in the variable CHART_RELEASE_SIGNING_PASSPHRASE. A key may have none.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    passphrase_file: Option<String>,
}
