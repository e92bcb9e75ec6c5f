//! The GitHub Action: its scripts, its workflows, and what it does when a runner of workflows runs it.

mod hostile;
mod install;
mod job;
mod lint;
mod stories;

use crate::{report::Report, world::World};
use anyhow::{Result, anyhow};
use job::{LostEnd, Released};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

/// Runs them all. An error: something that all of them need could not be had.
pub fn check(world: &World, report: &mut Report) -> Result<()> {
    report.heading("The Action: what is read by machines");
    lint::check(world, report);
    report.heading("The Action: how its program comes");
    install::check(world, report)?;
    report.heading("The Action, run by act");
    let action = Released::new(world)?;
    stories::check(world, &action, report);
    report.heading("The Action and names that want to be more");
    hostile::check(world, &action, report);
    Ok(())
}

/// The root of this checkout.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// How often a story is told before it is act that is wrong.
const TRIES: usize = 5;

/// A story of the test world says by a panic what is wrong.
fn told(story: impl Fn() -> Result<()>) -> Result<()> {
    let once = || {
        catch_unwind(AssertUnwindSafe(&story)).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(anyhow!("{}", text.unwrap_or("a panic without words")))
        })
    };
    let lost = |result: &Result<()>| result.as_ref().is_err_and(|error| error.is::<LostEnd>());
    (1..TRIES).map(|_| once()).find(|result| !lost(result)).unwrap_or_else(once)
}
