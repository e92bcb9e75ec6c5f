//! Locks change hands: Helm builds and lists by those that we write, and we package by those that Helm writes.

use super::{CHART, Case, commit, copied};
use crate::{
    commands::run,
    packaging::{
        Counted,
        compared::{Outcome, Package, compare},
        packers::{Packers, Way, Working},
    },
    report::Report,
    repository::Chart,
};
use anyhow::{Context, Result, anyhow, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// For a chart without a lock, which all package.
pub fn check(
    packers: &Packers,
    case: &Case,
    repository: &Path,
    counted: &mut Counted,
    report: &mut Report,
) -> Result<()> {
    let ours = by_us(packers, Way::Update.words(), repository)?;
    let built = packers.by_helms(|helm| Ok(built(helm, repository, &ours)))?;
    for (helm, built) in built {
        let title = format!("{}: {} builds and lists by our lock", case.title, helm.name);
        report.check(&title, || equal(&ours, &Ok(built?), counted));
    }
    for (helm, updated) in packers.by_helms(|helm| updated(helm, repository))? {
        let title = format!("{}: what {} has fetched and locked is taken", case.title, helm.name);
        report.check(&title, || {
            commit(&updated.repository)?;
            packers.internet.asked();
            equal(&by_us(packers, &[], &updated.repository)?, &updated.outcome, counted)?;
            let asked = packers.internet.asked();
            ensure!(asked.is_empty(), "asked for, though it is in charts/: {asked:?}");
            updated.forget_packages(repository)?;
            equal(
                &by_us(packers, &["--dependencies", "locked"], &updated.repository)?,
                &updated.outcome,
                counted,
            )
        });
    }
    Ok(())
}

fn by_us(packers: &Packers, words: &[&str], repository: &Path) -> Result<Outcome> {
    let chart = Chart::read(repository.join(CHART))?;
    let mut made = packers.by_us(words, repository, std::slice::from_ref(&chart))?;
    made.remove(&chart.folder).context("nothing came of it")
}

/// What Helm makes of the chart with the lock of our package.
fn built(helm: &Working, repository: &Path, ours: &Outcome) -> Result<Package> {
    let ours = ours.as_ref().map_err(|said| anyhow!("we refuse it: {said}"))?;
    let (name, text) = ours.lock().context("our package has no lock")?;
    let chart = copied(repository, &helm.folder)?.join(CHART);
    fs::write(chart.join(name), text)?;
    let made = helm.package(Way::Build, &chart, &helm.folder.join("home"))?;
    ensure!(!made.lock_was_made, "Helm wrote the lock again");
    let listed = run(helm.command(&helm.folder.join("home"), &["dependency", "list"]).arg(&chart))?;
    let listed = String::from_utf8(listed)?;
    let rows: Vec<_> = listed.lines().skip(1).filter(|line| !line.trim().is_empty()).collect();
    ensure!(!rows.is_empty(), "nothing is listed");
    for row in rows {
        let status = row.split_whitespace().last();
        ensure!(matches!(status, Some("ok" | "unpacked")), "listed is:\n{listed}");
    }
    made.outcome.map_err(|said| anyhow!("{said}"))
}

/// A repository in which Helm has fetched and locked.
struct Updated {
    repository: PathBuf,
    outcome: Outcome,
}

fn updated(helm: &Working, repository: &Path) -> Result<Updated> {
    let repository = copied(repository, &helm.folder)?;
    let made = helm.package(Way::Update, &repository.join(CHART), &helm.folder.join("home"))?;
    Ok(Updated { repository, outcome: made.outcome })
}

impl Updated {
    /// Removes the packages that Helm has fetched, and leaves its lock.
    fn forget_packages(&self, before: &Path) -> Result<()> {
        for entry in fs::read_dir(self.repository.join(CHART).join("charts"))? {
            let entry = entry?;
            let was_there = before.join(CHART).join("charts").join(entry.file_name()).exists();
            if entry.file_type()?.is_file() && !was_there {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// To the last byte, times of locks as well.
fn equal(ours: &Outcome, theirs: &Outcome, counted: &mut Counted) -> Result<()> {
    if let (Err(ours), Err(theirs)) = (ours, theirs) {
        anyhow::bail!("all refuse it. We say:\n{ours}\nHelm says:\n{theirs}");
    }
    let differences = compare(ours, theirs, false)?;
    counted.count(super::Happens::Same, differences, None);
    Ok(())
}
