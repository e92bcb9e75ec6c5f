//! Publishes the Helm charts of a git repository: one chart version, one digest, in every channel, for ever.

pub mod charts;
pub mod digest;
pub mod holdings;
pub mod index;
pub mod problem;
