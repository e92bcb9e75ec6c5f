//! Which versions somebody asked for: rule 4 refuses other content of these, and tells it of all others.

use super::Source;
use crate::{changes::Candidate, charts::ChartVersion, doors::away::guarded, release::Template};
use std::collections::BTreeSet;

/// What a run was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskedFor {
    /// Nothing: a sweep.
    Nothing,
    /// Every version that it is about: they were named, or it is strict.
    Everything,
    /// These: what a branch changes has to fit what is published.
    These(BTreeSet<ChartVersion>),
    /// The version whose release is called like the tag that started the run. A tag of something else asks for nothing.
    Tagged {
        /// The tag, without `refs/tags/`.
        tag: String,
        /// How releases are called, whether or not there is a channel for them.
        names: Template,
    },
}

impl AskedFor {
    /// Whether it is this version that was asked for.
    pub(super) async fn includes(&self, candidate: &Candidate, source: &dyn Source) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::These(versions) => versions.contains(&candidate.is),
            Self::Tagged { tag, names } => {
                let name = match names.of(&candidate.is) {
                    Some(name) => Ok(name),
                    None => guarded(&format!("reading {}", candidate.is), source.metadata(candidate))
                        .await
                        .and_then(|metadata| names.render(&metadata)),
                };
                // A chart that cannot be read, or named, has no release that could be called so.
                name.is_ok_and(|name| name == *tag)
            }
        }
    }
}
