//! The documents, as their readers get them.

use super::*;
use crate::report::words::samples::{channel, holding, planned, reference, refusal};
use crate::{digest::Digest, holdings::Kind};

fn steps(is: &str, steps: &[(&str, Step)]) -> Planned {
    planned(is, steps)
}
