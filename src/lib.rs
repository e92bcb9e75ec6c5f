//! Publishes the Helm charts of a git repository: one chart version, one digest, in every channel, for ever.

pub mod charts;
pub mod cli;
pub mod config;
pub mod digest;
pub mod holdings;
pub mod plan;
pub mod problem;
pub mod progress;
pub mod report;
