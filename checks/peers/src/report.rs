//! One line for each check, and the exit code at the end.

use anyhow::Result;
use std::{process::ExitCode, time::Instant};

/// What has been checked so far.
pub struct Report {
    began: Instant,
    held: usize,
    failed: Vec<String>,
}

impl Report {
    pub fn new() -> Self {
        Self { began: Instant::now(), held: 0, failed: Vec::new() }
    }

    /// Opens a group of checks.
    pub fn heading(&self, text: &str) {
        println!("\n{text}");
    }

    /// Runs one check, prints its outcome, and goes on whatever it is.
    pub fn check(&mut self, name: &str, check: impl FnOnce() -> Result<()>) {
        match check() {
            Ok(()) => {
                self.held += 1;
                println!("  ok      {name}");
            }
            Err(error) => {
                println!(
                    "  FAILED  {name}\n          {}",
                    format!("{error:#}").replace('\n', "\n          ")
                );
                self.failed.push(name.to_owned());
            }
        }
    }

    /// Runs a check that has to fail, on something that was damaged on purpose.
    pub fn must_fail(&mut self, damage: &str, check: impl FnOnce() -> Result<()>) {
        self.check(damage, || match check() {
            Ok(()) => anyhow::bail!("nobody noticed"),
            Err(_) => Ok(()),
        });
    }

    /// Names what failed. Success only when something was checked and all of it held.
    pub fn conclude(self) -> ExitCode {
        println!("\n{} held, {} failed, in {:.0?}", self.held, self.failed.len(), self.began.elapsed());
        for name in &self.failed {
            println!("  FAILED  {name}");
        }
        if self.failed.is_empty() && self.held > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
