//! Who we are for a registry: what Docker's and Helm's configuration files and their credential helpers say.

use crate::secret::Secret;

/// A user and what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// A password or token.
    pub password: Secret,
}
