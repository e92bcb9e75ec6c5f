//! Publishes the Helm charts of a git repository: one chart version, one digest, in every channel, for ever.

pub mod archive;
pub mod changes;
pub mod charts;
pub mod digest;
pub mod doors;
pub mod holdings;
pub mod manifest;
pub mod packages;
pub mod problem;
pub mod repo;
pub mod secret;
