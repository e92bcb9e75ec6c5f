//! All channels again: nothing moves; newer versions only add.

use super::{branch, digests, reading};
use crate::{
    checks::lasting::only_gained,
    everywhere::{Everywhere, PATH, Tags},
    published::{digest, read, tag},
    registry::PASSWORD,
    report::Report,
};
use anyhow::{Context, Result, ensure};
use std::{path::Path, process::Stdio};

/// One of them differs from its elder only where precedence does not look.
const NEWER: [(&str, &str); 2] = [("hello", "0.2.0"), ("with-build", "1.2.3+build.6")];

/// Two publishers bring a version of each at once.
const RACED: [&str; 2] = ["heartbeat", "choosy"];

pub fn check(everywhere: &Everywhere, report: &mut Report) -> Result<()> {
    report.check("publishing again finds nothing to do, and nothing moves", || nothing_moves(everywhere));

    let (tags, folder) = (everywhere.tags()?, everywhere.folder.files()?);
    let (pages, tip) = (everywhere.pages.files.files()?, everywhere.pages.tip()?);
    let old = everywhere.repository.chart(NEWER[0].0)?;
    for (name, version) in NEWER {
        everywhere.repository.raise(name, version)?;
    }
    everywhere.repository.commit("Raise two charts")?;
    report.check("newer versions are published to all of them", || everywhere.publish().map(drop));
    report.check("every tag of before points to what it pointed to, and only the new ones are added", || {
        let now = everywhere.tags()?;
        tags_are_kept(&tags, &now)?;
        for registry in &everywhere.registries {
            for (name, version) in NEWER {
                let key = (registry.name(), format!("{PATH}/{name}"), tag(version));
                ensure!(now.contains_key(&key), "{key:?} is missing");
            }
        }
        let wanted = tags.len() + NEWER.len() * everywhere.registries.len();
        ensure!(now.len() == wanted, "there are {} tags, not {wanted}", now.len());
        Ok(())
    });
    for (place, before, now) in [
        ("the folder", &folder, everywhere.folder.files()?),
        ("the pages branch", &pages, everywhere.pages.files.files()?),
    ] {
        report.check(&format!("{place} has only gained files, and its index lines"), || {
            for (path, bytes) in before.iter().filter(|(path, _)| !path.starts_with(".git")) {
                let new = now.get(path).with_context(|| format!("{} has gone", path.display()))?;
                match path.file_name().and_then(|name| name.to_str()) {
                    Some("index.yaml") => only_gained(bytes, new)?,
                    // Of an image layout: its tags are looked at with the layout.
                    Some("index.json") => {}
                    _ => ensure!(new == bytes, "{} has changed", path.display()),
                }
            }
            ensure!(now.contains_key(Path::new("hello-0.2.0.tgz")), "nothing new is there");
            Ok(())
        });
    }
    report.check("the history of the pages branch still only adds", || everywhere.pages.only_adds(None));
    report.check("one commit brought both", || {
        let range = format!("{}..HEAD", tip.context("no pages branch")?);
        let commits = everywhere.pages.git(&["rev-list", "--count", &range])?;
        ensure!(commits.trim() == "1", "there are {} commits", commits.trim());
        Ok(())
    });
    report.check("what somebody put on the branch by hand is as it was", || {
        branch::foreign_is_kept(everywhere)
    });
    for (name, _) in NEWER {
        let chart = everywhere.repository.chart(name)?;
        report.check(&format!("{}: its package has one digest in every channel", chart.title()), || {
            digests::one_package(everywhere, &chart)
        });
    }
    for chart in RACED {
        everywhere.repository.raise(chart, "3.0.0")?;
    }
    everywhere.repository.commit("Raise two charts, and publish them twice at once")?;
    report.check("two publishers at once: each version once, with one digest, and nothing moved", || {
        race(everywhere)
    });
    for helm in &everywhere.world.peers.helms {
        report.check(&format!("{} pulls old and new from everywhere", helm.name), || {
            for chart in [&everywhere.repository.chart(NEWER[0].0)?, &old] {
                reading::everywhere(everywhere, helm, chart)?;
            }
            Ok(())
        });
    }
    Ok(())
}

/// Both end well, or one is told to run again; afterwards nothing is left to do.
fn race(everywhere: &Everywhere) -> Result<()> {
    let (tags, tip) = (everywhere.tags()?, everywhere.pages.tip()?);
    let publisher = || everywhere.publishing(PASSWORD).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    for publisher in [publisher()?, publisher()?] {
        let ended = publisher.wait_with_output()?;
        let [report, said] = [&ended.stdout, &ended.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        let code = ended.status.code();
        ensure!(matches!(code, Some(0 | 4)), "one ended with {}:\n{report}\n{said}", ended.status);
    }
    everywhere.publish()?;
    tags_are_kept(&tags, &everywhere.tags()?)?;
    everywhere.pages.only_adds(tip.as_deref())?;
    for name in RACED {
        digests::one_package(everywhere, &everywhere.repository.chart(name)?)?;
    }
    nothing_moves(everywhere)
}

/// The program says so, and it is so: tags, branch and folder.
pub fn nothing_moves(everywhere: &Everywhere) -> Result<()> {
    let (tags, tip, files) = (everywhere.tags()?, everywhere.pages.tip()?, everywhere.folder.files()?);
    let said = everywhere.publish()?;
    ensure!(said.contains("nothing to do"), "it says:\n{said}");
    ensure!(everywhere.tags()? == tags, "tags have changed");
    ensure!(everywhere.pages.tip()? == tip, "the pages branch has moved");
    ensure!(everywhere.folder.files()? == files, "the folder has changed");
    Ok(())
}

/// Every tag of before is there, and points to what it pointed to.
pub fn tags_are_kept(before: &Tags, now: &Tags) -> Result<()> {
    for (key, digest) in before {
        let found = now.get(key);
        ensure!(found == Some(digest), "{key:?} pointed to {digest}, and now to {found:?}");
    }
    Ok(())
}

/// The digest of a package of a folder.
pub fn package_digest(file: &Path) -> Result<String> {
    Ok(digest(&read(file)?))
}
