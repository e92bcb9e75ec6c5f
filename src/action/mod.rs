//! The GitHub Action: inputs and the event of a workflow in; annotations, outputs, a job summary and an exit code out.

mod commands;
mod outputs;

use crate::secret::Redaction;
use clap::Command;
use std::collections::BTreeMap;

/// What the Action runs. The inputs are in the environment, as `INPUT_…`.
pub fn main(_definition: &Command, _environment: &BTreeMap<String, String>, _redaction: &Redaction) -> u8 {
    2
}
