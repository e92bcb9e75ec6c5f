//! The pages branch for real git: what a clone holds, and what its history says.

use crate::{everywhere::Everywhere, published::read, report::Report};
use anyhow::{Result, ensure};
use std::{collections::BTreeSet, fs, path::PathBuf};

/// What somebody else keeps on the branch.
pub const FOREIGN: [(&str, &str); 2] =
    [("README.md", "# Charts\n\nBy hand.\n"), ("CNAME", "charts.example.com\n")];

pub fn check(everywhere: &Everywhere, report: &mut Report) -> Result<()> {
    let pages = &everywhere.pages;
    report.check("git clones it: an index, the packages, nothing else", || {
        let found: BTreeSet<PathBuf> = pages.cloned(everywhere.world)?.files()?.into_keys().collect();
        let charts = everywhere.repository.charts()?;
        let packages = charts.iter().map(|chart| format!("{}-{}.tgz", chart.name, chart.version));
        let wanted: BTreeSet<_> = packages.chain(["index.yaml".to_owned()]).map(PathBuf::from).collect();
        ensure!(found == wanted, "it holds {found:?}");
        Ok(())
    });
    report.check("its history only adds", || pages.only_adds(None));
    report.check("somebody adds files by hand", || {
        pages.commit_by_somebody("Add what is ours", |files| {
            FOREIGN.iter().try_for_each(|(name, text)| Ok(fs::write(files.0.join(name), text)?))
        })
    });
    Ok(())
}

/// What somebody else put there is still there.
pub fn foreign_is_kept(everywhere: &Everywhere) -> Result<()> {
    for (name, text) in FOREIGN {
        let found = read(&everywhere.pages.files.0.join(name))?;
        ensure!(found == text.as_bytes(), "{name} is now {}", String::from_utf8_lossy(&found));
    }
    Ok(())
}
