//! What a sweep leaves out, and why.

use super::{Surveying, asked::Asked};
use crate::{
    changes::{About, Because, Survey, Tracked},
    charts::ChartVersion,
    doors::git::FETCH_EVERYTHING,
    problem::Problem,
    repo::{history::History, search::Skipped, view::View},
};

impl<V: View> Surveying<'_, V> {
    pub(super) fn tell_what_is_left_out(&self, survey: &mut Survey, history: &History, asked: &Asked) {
        let unreadable = self.now.unreadable.iter();
        survey
            .problems
            .extend(unreadable.map(|(path, problem)| (About::Folder(path.clone()), problem.clone())));
        let has_charts = !self.now.snapshot.is_empty();
        for skipped in &self.now.skipped {
            match skipped {
                Skipped::NotUtf8 { path } => {
                    let problem = Problem::new(format!("the folder {path} has a name that is not UTF-8"));
                    survey
                        .problems
                        .push((About::Folder(path.clone()), problem.in_file(path).next("rename it")));
                }
                Skipped::Submodule { path, repository } => survey.notices.push(
                    Problem::new(format!(
                        "the chart in {path} belongs to another repository, checked out at {repository}"
                    ))
                    .in_file(path)
                    .next("publish it from its own repository"),
                ),
                Skipped::Link { path } => survey.notices.push(
                    Problem::new(format!(
                        "{path} is a link to a chart; charts are published from where they lie"
                    ))
                    .in_file(path)
                    .next("name the folder that it leads to with `charts`"),
                ),
                Skipped::Unreadable { path, problem } => {
                    survey.problems.push((About::Folder(path.clone()), problem.clone()));
                }
                Skipped::Root if !has_charts => survey.notices.push(
                    Problem::new("the chart at the repository root is not among the configured ones")
                        .in_file("Chart.yaml")
                        .next("set --charts to `.`"),
                ),
                Skipped::Root => {}
            }
        }
        let is_now =
            |path: &String| self.now.snapshot.iter().any(|chart| chart.path == *path && chart.is.is_some());
        for (path, commit) in history.broken.iter().filter(|(path, _)| is_now(path)) {
            let what = format!(
                "{path} cannot be read at {}: a version that it introduced is not published",
                commit.short()
            );
            survey.notices.push(Problem::new(what).in_file(path));
        }
        let unknown =
            |tracked: &Tracked| !tracked.settled && matches!(tracked.because, Because::Introduced { .. });
        if let Some(since) = &asked.since
            && history.is_cut_off
            && (!history.has_left_range || history.tracked.iter().any(unknown))
        {
            let what = format!(
                "history is too shallow to know all versions that the commits since {since} introduced"
            );
            survey.notices.push(Problem::new(what).next(FETCH_EVERYTHING));
        }
    }
}

pub(super) fn needs_generated(is: &ChartVersion, files: &[String]) -> Problem {
    let what = format!(
        "{is} is not published: the chart in the working tree has generated files that git lacks, such as {}",
        files.first().map_or("", String::as_str)
    );
    Problem::new(what)
        .next(format!("check out the commit that introduced it, generate its files, and publish `{is}`"))
}
