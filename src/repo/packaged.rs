//! The files of a chart that go into its package: walked as Helm walks a chart's folder.

use super::{
    links::{self, Led},
    view::{Entry, Folder, Kind, View},
};
use crate::{
    charts::{Files, find::join, helmignore::Rules},
    doors::scratch::FOLDER_LOCK,
    packages,
    problem::Problem,
};
use std::collections::BTreeMap;

/// Largest sum of a chart's files, in bytes: what Helm 4.3 loads.
const LARGEST_CHART: u64 = 100 * 1024 * 1024;

/// What a walk over a chart found.
#[derive(Debug, Default)]
pub struct Contents {
    /// The packaged files, by their path in the chart.
    pub files: BTreeMap<String, Packaged>,
    /// Folders, by their path from the repository root, that this program published to: our own output is not packaged.
    pub left_out: Vec<String>,
}

/// One packaged file.
#[derive(Debug)]
pub struct Packaged {
    /// What to read.
    pub file: Entry,
    /// The paths, from the repository root, that decide what it is: the file's own, and the links that lead to it.
    pub sources: Vec<String>,
}

/// What is packaged of the chart in this folder.
///
/// Helm 4.3.1 walks alike: ignored folders are not entered, links are followed under their own name, and looked at
/// before `.helmignore` is, so that a broken link is an error even where it is ignored. Unlike Helm, what leads out of
/// the repository is not followed, and `.git` is nothing.
///
/// # Errors
/// A name that is not UTF-8, a link that leads out of the repository, to nothing or in a circle, a file that is none,
/// a submodule that is not checked out, a `.helmignore` that Helm refuses.
pub fn packaged<V: View>(view: &V, chart: &Folder) -> Result<Contents, Problem> {
    let mut walk =
        Walk { view, rules: rules(view, chart)?, chart, found: Contents::default(), inside: Vec::new() };
    walk.enter(chart, "", &[])?;
    Ok(walk.found)
}

/// Reads the packaged files of the chart in this folder.
///
/// # Errors
/// As [`packaged`], and files larger than Helm takes.
pub fn read<V: View>(view: &V, chart: &Folder) -> Result<(Files, Vec<Problem>), Problem> {
    let mut files = Files::default();
    let mut sum = 0;
    let contents = packaged(view, chart)?;
    let mut notices: Vec<_> = contents.left_out.into_iter().map(left_out).collect();
    for (path, packaged) in contents.files {
        let place = join(&chart.path, &path);
        let size = view.size(&packaged.file).map_err(|problem| problem.in_file(&place))?;
        sum += size;
        if size > packages::LARGEST_FILE {
            return Err(packages::too_large(size).in_file(place));
        }
        if sum > LARGEST_CHART {
            let what =
                format!("the chart has more than the {LARGEST_CHART} bytes that Helm loads of one chart");
            return Err(Problem::new(what).in_file(place).next("leave files out with .helmignore"));
        }
        let bytes = view.read(&packaged.file).map_err(|problem| problem.in_file(&place))?;
        if bytes.starts_with(b"version https://git-lfs.github.com/spec/") {
            let what = format!(
                "{place} is packaged as a pointer of Git LFS, without the content that it stands for"
            );
            notices.push(Problem::new(what).in_file(place).next("check out with `lfs: true`"));
        }
        files.0.insert(path, bytes);
    }
    Ok((files, notices))
}

fn left_out(folder: String) -> Problem {
    Problem::new(format!("{folder} is not packaged: charts were published to it"))
        .in_file(folder)
        .next("move it out of the chart, or name it in .helmignore")
}

fn rules<V: View>(view: &V, chart: &Folder) -> Result<Rules, Problem> {
    let Some(entry) = view.entry(chart, b".helmignore")? else { return Ok(Rules::default()) };
    let file = match entry.kind {
        Kind::File => entry,
        Kind::Link => match links::follow(view, chart, &entry)? {
            Led::File(file, ..) => file,
            _ => return Ok(Rules::default()), // the walk says what is wrong with the link
        },
        _ => return Ok(Rules::default()),
    };
    Rules::parse(&view.read(&file)?).map_err(|mut problem| {
        if let Some(place) = &mut problem.place {
            place.file = join(&chart.path, &place.file);
        }
        problem
    })
}

struct Walk<'a, V> {
    view: &'a V,
    rules: Rules,
    chart: &'a Folder,
    found: Contents,
    /// The real paths of the folders that the walk is in: a link to one of them would never end.
    inside: Vec<String>,
}

impl<V: View> Walk<'_, V> {
    /// `path` is where the folder appears in the chart, `links` are those that led to it.
    fn enter(&mut self, folder: &Folder, path: &str, links: &[String]) -> Result<(), Problem> {
        let entries = self.view.entries(folder)?;
        if !path.is_empty() && entries.iter().any(|entry| entry.name == FOLDER_LOCK.as_bytes()) {
            self.found.left_out.push(folder.path.clone());
            return Ok(());
        }
        self.inside.push(folder.path.clone());
        for entry in entries {
            self.see(folder, entry, path, links)?;
        }
        self.inside.pop();
        Ok(())
    }

    fn see(&mut self, folder: &Folder, entry: Entry, path: &str, links: &[String]) -> Result<(), Problem> {
        let appears = join(path, &entry.shown());
        let shown = join(&self.chart.path, &appears);
        let problem = |what: String| Problem::new(what).in_file(shown.clone());
        let is_utf8 = entry.utf8().is_some();
        let ignored = |rules: &Rules, is_directory| rules.ignores(&appears, is_directory);
        let (found, links) = match entry.kind {
            Kind::Link => {
                let led = links::follow(self.view, folder, &entry)?;
                let target =
                    || String::from_utf8_lossy(&self.view.target(&entry).unwrap_or_default()).into_owned();
                match led {
                    Led::File(file, real, followed) => (Found::File(file, real), [links, &followed].concat()),
                    Led::Folder(folder, followed) => (Found::Folder(folder), [links, &followed].concat()),
                    Led::Out if ignored(&self.rules, false) && ignored(&self.rules, true) => return Ok(()),
                    Led::Out => {
                        let what = format!("{shown} is a link to {}, outside the repository", target());
                        return Err(problem(what).next("put the file itself into the repository"));
                    }
                    Led::Nowhere => {
                        return Err(problem(format!(
                            "{shown} is a link to {}, which is not there",
                            target()
                        )));
                    }
                    Led::Around => {
                        return Err(problem(format!(
                            "{shown} is a link to {}, which leads in a circle",
                            target()
                        )));
                    }
                    Led::Other(real) => (Found::Other(real), Vec::new()),
                }
            }
            Kind::File => {
                let real = entry.as_folder(folder).path;
                (Found::File(entry, real), links.to_vec())
            }
            Kind::Folder => (Found::Folder(entry.as_folder(folder)), links.to_vec()),
            Kind::Submodule => (Found::Submodule(entry.as_folder(folder)), links.to_vec()),
            Kind::Irregular => (Found::Other(shown.clone()), Vec::new()),
        };
        if ignored(&self.rules, matches!(found, Found::Folder(_) | Found::Submodule(_))) {
            return Ok(());
        }
        if !is_utf8 {
            return Err(problem(format!("{shown} has a name that is not UTF-8"))
                .next("rename it, or leave it out with .helmignore"));
        }
        match found {
            Found::File(file, real) => {
                let sources = links.into_iter().chain([real]).collect();
                self.found.files.insert(appears, Packaged { file, sources });
                Ok(())
            }
            Found::Folder(folder) if self.inside.contains(&folder.path) => {
                Err(problem(format!("{shown} is a link to {}, the folder that it lies in", folder.path)))
            }
            Found::Folder(folder) => self.enter(&folder, &appears, &links),
            // A submodule that is checked out is a folder of files; git names its commit.
            Found::Submodule(folder) if folder.tree.is_none() && !self.view.entries(&folder)?.is_empty() => {
                self.enter(&folder, &appears, &links)
            }
            Found::Submodule(_) => Err(problem(format!("{shown} is a submodule whose files are not here"))
                .next("check out with `submodules: recursive`; of an older commit, they cannot be had")),
            Found::Other(real) => Err(problem(format!("{real} is neither a file nor a folder"))
                .next("leave it out with a line in .helmignore")),
        }
    }
}

enum Found {
    File(Entry, String),
    Folder(Folder),
    Submodule(Folder),
    Other(String),
}
