//! A secret that the program holds, such as a token: never printed, and never packaged.

mod redaction;

pub use redaction::Redaction;

use crate::problem::Problem;
use std::fmt;

/// The value of a secret. Prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// A shorter value would be found by chance in files that do not hold it.
const SHORTEST: usize = 8;

impl Secret {
    /// Takes the value as it is.
    ///
    /// # Errors
    /// A value below 8 bytes, white space around it not counted, which is none of the tokens and passwords that registries and forges give out.
    pub fn new(value: impl Into<String>) -> Result<Self, Problem> {
        let value = value.into();
        if value.trim().len() < SHORTEST {
            return Err(Problem::new(format!("a secret has fewer than {SHORTEST} characters"))
                .next("check that the secret is set to the whole value"));
        }
        Ok(Self(value))
    }

    /// Takes a value that may be short: the password of a registry that somebody keeps, a token that was just handed
    /// out. It is only sent and never printed; among the values that no package may hold it would find chance.
    pub fn any(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that sends it or looks for it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_stars_and_is_no_short_word() {
        let secret = Secret::new("ghs_0123456789").unwrap();
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "*** *** Some(***)");
        assert!(Secret::new("          ").is_err());
        let problem = Secret::new("hunter2").unwrap_err();
        assert!(!format!("{problem:?}").contains("hunter2"));
    }
}
