//! The doors: each is the one place that names an outside technology.

pub mod git;
