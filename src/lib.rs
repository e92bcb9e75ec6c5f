//! Publishes the Helm charts of a git repository: one chart version, one digest, in every channel, for ever.
//!
//! The modules are the stations that a chart version passes, in that order; `ARCHITECTURE.md` has the picture. What it
//! is made of stands first: no file system, network, process, environment or clock is within its reach.

#![warn(missing_docs)]

#[deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
pub mod archive;
#[deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
pub mod charts;
#[deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
pub mod digest;
#[deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
pub mod packages;
#[deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
pub mod problem;
#[deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
pub mod provenance;
#[deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
pub mod secret;

#[deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
pub mod changes;
#[deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
pub mod holdings;
#[deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
pub mod index;
#[deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
pub mod manifest;
#[deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
pub mod plan;
#[deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
pub mod release;
#[deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
pub mod report;

pub mod doors;

pub mod channels;
pub mod dependencies;
pub mod repo;

pub mod check;
pub mod publish;

pub mod action;
pub mod cli;
pub mod config;
pub mod progress;
pub mod setup;
