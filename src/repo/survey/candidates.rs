//! The candidates themselves: current versions from what is there now, older ones from their commits.

use super::Surveying;
use crate::{
    changes::{Because, Candidate, CreatedFrom, Origin, Sighting, Touched, Tracked},
    charts::{Chart, ChartVersion, Files, Metadata, find::CHART_YAML},
    doors::git::is_missing,
    problem::Problem,
    repo::{
        folder_at,
        history::History,
        packaged, search,
        state::{self, State, Worktree},
        view::View,
    },
};
use std::collections::BTreeMap;

impl<V: View> Surveying<'_, V> {
    pub(super) fn current(
        &mut self,
        tracked: &Tracked,
        history: &History,
        worktree: Option<&Worktree>,
        generated: &mut BTreeMap<ChartVersion, Vec<String>>,
    ) -> Result<Candidate, Problem> {
        let is = &tracked.is;
        let folders = self.now.named.get(is).map_or(&[][..], Vec::as_slice);
        let Some(here) = folders.first() else { return Err(Problem::new(format!("{is} has no folder"))) };
        let paths: Vec<_> = folders.iter().map(|here| here.folder.path.as_str()).collect();
        one_content(is, &paths, |index| packaged::read(self.view, &folders[index].folder))?;
        let path = &here.folder.path;
        let introduced = tracked.oldest.as_ref().filter(|_| tracked.settled);
        let state = State::of(self.commits(), self.view, here, worktree, history, introduced)?;
        generated.insert(is.clone(), state.generated());
        state.refuse_unknown_at_the_root(is, path, &self.inner.generated)?;
        let origin = match (worktree, history.commits.first()) {
            (None, Some(head)) => Origin::Commit { path: path.clone(), commit: head.id.to_string() },
            _ => Origin::WorkingTree { path: path.clone() },
        };
        let candidate = self.candidate(tracked, history, origin, state.touched(tracked), state.ungitted());
        let version_line = match candidate.touched {
            Touched::Untouched => None,
            Touched::Files(_) | Touched::HistoryTooShallow => here.version_line(self.view),
        };
        Ok(Candidate { version_line, ..candidate })
    }

    /// A version from history: as the commit that introduced it has it, so that it has one content whichever way it is
    /// asked for. One that is named and cannot be read there is taken from a later commit.
    pub(super) fn older(
        &mut self,
        tracked: &Tracked,
        history: &History,
        notices: &mut Vec<Problem>,
    ) -> Result<Candidate, Problem> {
        let (Some(oldest), Some(newest)) = (&tracked.oldest, &tracked.newest) else {
            return Err(Problem::new(format!("no commit has {}", tracked.is)));
        };
        let introduced = Some(oldest).filter(|_| tracked.settled);
        let problem = match self.taken_from(oldest, &tracked.is, history) {
            Ok(origin) => {
                let touched = match introduced {
                    Some(_) => Touched::Untouched,
                    None => Touched::HistoryTooShallow,
                };
                return Ok(self.candidate(tracked, history, origin, touched, Vec::new()));
            }
            // What this clone lacks must not decide which content is published.
            Err(problem) if tracked.because != Because::Named || is_missing(&problem) => return Err(problem),
            Err(problem) => problem,
        };
        for position in newest.position..oldest.position {
            let view = self.commits().view(history.commits[position].tree);
            let charts = search::snapshot(&view, &self.inner.roots, self.memory)?;
            let has_it = charts.iter().filter(|chart| chart.is.as_ref() == Some(&tracked.is));
            let paths: Vec<_> = has_it.map(|chart| chart.path.clone()).collect();
            if paths.is_empty() {
                continue;
            }
            let Ok(origin) = self.taken_from(&Sighting { position, paths }, &tracked.is, history) else {
                continue;
            };
            let touched = match introduced {
                Some(introduced) => {
                    let folder = folder_at(&view, origin.path())?;
                    state::between(self.commits(), history, introduced, &view, &folder)?
                }
                None => Touched::HistoryTooShallow,
            };
            let what = format!(
                "{} is taken from {}, the newest commit where it can be read: {}",
                tracked.is,
                history.commits[position].id.short(),
                problem.what
            );
            notices.push(Problem { what, ..problem });
            return Ok(self.candidate(tracked, history, origin, touched, Vec::new()));
        }
        Err(problem)
    }

    /// A version as the commit of this sighting has it.
    ///
    /// # Errors
    /// No chart can be made of it there.
    fn taken_from(
        &self,
        sighting: &Sighting,
        is: &ChartVersion,
        history: &History,
    ) -> Result<Origin, Problem> {
        let commit = &history.commits[sighting.position];
        let view = self.commits().view(commit.tree);
        let paths: Vec<_> = sighting.paths.iter().map(String::as_str).collect();
        let read = |index: usize| packaged::read(&view, &folder_at(&view, paths[index])?);
        one_content(is, &paths, read).and_then(|()| read(0)).and_then(|(files, _)| readable(files)).map_err(
            |problem| Problem { what: format!("at {}, {}", commit.id.short(), problem.what), ..problem },
        )?;
        Ok(Origin::Commit { path: paths[0].to_owned(), commit: commit.id.to_string() })
    }

    fn candidate(
        &self,
        tracked: &Tracked,
        history: &History,
        origin: Origin,
        touched: Touched,
        ungitted: Vec<String>,
    ) -> Candidate {
        let oldest = tracked.oldest.as_ref().and_then(|oldest| history.commits.get(oldest.position));
        let (created, created_from) = match (oldest, history.commits.first()) {
            (Some(commit), _) if tracked.settled => (commit.time, CreatedFrom::Introduction),
            (Some(_), Some(head)) => (head.time, CreatedFrom::HistoryTooShallow),
            (None, Some(head)) => (head.time, CreatedFrom::Uncommitted),
            (_, None) => (0, CreatedFrom::NoCommit),
        };
        let introduced_by = oldest.filter(|_| tracked.settled).map(|commit| commit.id.to_string());
        Candidate {
            is: tracked.is.clone(),
            origin,
            created,
            created_from,
            introduced_by,
            touched,
            ungitted,
            version_line: None,
        }
    }
}

/// One chart version in several folders: equal files are one.
fn one_content(
    is: &ChartVersion,
    paths: &[&str],
    read: impl Fn(usize) -> Result<(Files, Vec<Problem>), Problem>,
) -> Result<(), Problem> {
    if paths.len() < 2 {
        return Ok(());
    }
    let first = read(0)?.0;
    for (index, path) in paths.iter().enumerate().skip(1) {
        if read(index)?.0 != first {
            let what = format!("{is} is in {} and in {path}, with different files", paths[0]);
            return Err(Problem::new(what)
                .in_file(*path)
                .next("give one of them another version, or exclude its folder"));
        }
    }
    Ok(())
}

/// Whether a chart can be made of these files. Of one with dependencies, only the first page: they are fetched when it
/// is packaged, and until then Helm's reader finds them missing.
fn readable(files: Files) -> Result<(), Problem> {
    let no_chart = || Problem::new("Chart.yaml is not among the packaged files");
    let requirements = files.0.get("requirements.yaml").map(|bytes| &bytes[..]);
    let chart_yaml = files.0.get(CHART_YAML).ok_or_else(no_chart)?;
    let metadata = Metadata::read_with_requirements(CHART_YAML, chart_yaml, requirements)?;
    if metadata.dependencies.is_empty() { Chart::read(files).map(drop) } else { Ok(()) }
}
