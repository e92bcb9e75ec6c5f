//! The folder that holds exactly the packages of a run, as files for the steps that come after it.

use crate::{
    changes::Survey,
    config::{ChannelChoice, Config},
    doors::{away::blocking, disk, shelf::Shelf},
    problem::Problem,
    report::Report,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// The folder must be one that may be cleared of packages: none in a chart or with charts in it, and none that people
/// install from.
pub(super) fn may_be_cleared(config: &Config) -> Result<(), Problem> {
    let Some(packages) = &config.packages else { return Ok(()) };
    let refused = |what: String| {
        Err(Problem::new(what)
            .in_file(packages.display().to_string())
            .next("let --packages be a folder of its own: what lay in it before is cleared away"))
    };
    let folder = disk::absolute(packages)?;
    let root = disk::absolute(&config.repository)?;
    // Whoever commits a link would say which folder on this machine is cleared.
    if disk::leads_out(packages, &config.repository)? {
        return refused(
            "the folder for the published packages is a link that leads out of the repository".into(),
        );
    }
    if !folder.is_dir() && (folder.is_symlink() || disk::exists(&folder)?) {
        return refused("the folder for the published packages is no folder".into());
    }
    let is_glob = |charts: &&String| charts.contains(['*', '?', '[', '{']);
    let roots = config.charts.iter().filter(|charts| !is_glob(charts)).map(|charts| root.join(charts));
    for charts in roots.chain([root.clone()]) {
        if disk::absolute(&charts)?.starts_with(&folder) {
            return refused("the folder for the published packages holds the charts".into());
        }
    }
    for channel in &config.channels {
        let ChannelChoice::Folder { path, .. } = channel else { continue };
        if folder.starts_with(disk::absolute(path)?) {
            return refused(format!(
                "the folder for the published packages lies in the channel {}",
                channel.id()
            ));
        }
    }
    if disk::exists(&folder.join("index.yaml"))? {
        return refused("there is an index.yaml in the folder for the published packages".into());
    }
    Ok(())
}

/// Packages in a folder inside a chart would be in the chart's next package. A chart at the root of the repository asks
/// for such files by itself.
pub(super) fn outside_charts(
    option: &str,
    folder: &Path,
    config: &Config,
    survey: &Survey,
) -> Result<(), Problem> {
    let absolute = disk::absolute(folder)?;
    let root = disk::absolute(&config.repository)?;
    let charts = survey.lanes.values().flatten().map(|candidate| candidate.origin.path());
    match charts.filter(|chart| !chart.is_empty()).find(|chart| absolute.starts_with(root.join(chart))) {
        Some(chart) => Err(Problem::new(format!("the folder for the packages lies in the chart {chart}"))
            .in_file(folder.display().to_string())
            .next(format!("let {option} be a folder outside of the charts"))),
        None => Ok(()),
    }
}

/// Leaves exactly what this run published in the folder: packages and provenances, as channels serve them. A run that
/// published nothing leaves the folder as it is.
pub(super) async fn leave(folder: &Path, shelf: Arc<Shelf>, report: &mut Report) {
    if report.released.is_empty() {
        return;
    }
    let files = report.released.iter().flat_map(|(is, released)| {
        let package = is.package_file();
        let provenance = released.provenance.map(|digest| (format!("{package}.prov"), digest));
        std::iter::once((package, released.package)).chain(provenance)
    });
    let files: Vec<_> = files.collect();
    let into = folder.to_owned();
    let write = move || -> Result<(), Problem> {
        clear_now(&into)?;
        for (name, digest) in files {
            // Verified: the shelf answers with bytes of this digest, or not at all.
            let bytes = shelf.get(digest).map_err(|error| Problem::new(format!("{error:#}")))?;
            let scratch = into.join(format!(".{name}.partial"));
            disk::write_scratch(&scratch, &bytes)?;
            disk::replace(&scratch, &into.join(name))?;
        }
        Ok(())
    };
    if let Err(problem) = blocking("leaving the published packages", write).await {
        let what = format!("the packages are published, but were not left as files: {}", problem.what);
        let next = problem.next.unwrap_or_else(|| {
            "let --packages be a folder that can be written to; what is published stays as it is".into()
        });
        let file = folder.display().to_string();
        report.afterwards.push(Problem::new(what).in_file(file).next(next));
    }
}

/// Removes the packages and provenances of earlier runs, and what a dead run left of them; nothing else.
pub(super) async fn clear(folder: &Path) -> Result<(), Problem> {
    let folder = folder.to_owned();
    blocking("clearing the folder for the packages", move || clear_now(&folder)).await
}

/// The same. Blocks.
fn clear_now(folder: &Path) -> Result<(), Problem> {
    disk::make_folder(folder)?;
    let ours = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let name = match name.strip_prefix('.').and_then(|name| name.strip_suffix(".partial")) {
            Some(begun) => begun,
            None => &name,
        };
        name.ends_with(".tgz") || name.ends_with(".prov")
    };
    for path in disk::list(folder)?.iter().filter(|path| ours(path)) {
        disk::remove_file(path)?;
    }
    Ok(())
}
