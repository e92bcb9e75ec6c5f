//! What a branch does to versions: content that changes under one that stays, one that goes back, one that is taken.

use super::{Case, Task, faults::Looked};
use crate::{
    charts::find::{CHART_YAML, join},
    packages::Contents,
    plan::{Planned, Refusal, Step},
    problem::{Place, Problem},
    repo::Compared,
    report::check::{Finding, Rule, Severity},
};
use std::{cmp::Ordering, fmt::Write as _};

/// So many files are named; nobody reads more.
const MOST_FILES: usize = 10;

/// The packaged files that the branch changes; `None` where one of the sides cannot be packaged.
pub(super) async fn differing(
    task: &Task<'_>,
    chart: &Compared,
    now: &Looked,
    before: &Looked,
) -> Option<Vec<String>> {
    let before = before.contents.as_ref()?;
    let is_clean = chart.edited.is_empty() && chart.unknown.is_empty();
    let works_here = task.edited_here && !chart.edited.is_empty();
    let committed: Contents;
    let now = match &chart.committed {
        // What only this checkout has is not part of the branch, unless somebody works here.
        Some(origin) if *origin != chart.now && !is_clean && !works_here => {
            committed = task.packing.contents(origin).await.ok()?;
            &committed
        }
        _ => now.contents.as_ref()?,
    };
    let mut files = now.differing(before);
    files.retain(|file| !chart.unknown.iter().any(|unknown| brings(unknown, file)));
    Some(files)
}

/// Whether a file that git does not know is the one of this path in the package, or the archive that it is unpacked from.
fn brings(unknown: &str, packaged: &str) -> bool {
    let subchart = packaged.strip_prefix("charts/").and_then(|rest| rest.split('/').next());
    let archive = unknown.strip_prefix("charts/").and_then(|file| file.strip_suffix(".tgz"));
    unknown == packaged
        || (unknown.ends_with('/') && packaged.starts_with(unknown))
        || matches!((subchart, archive), (Some(name), Some(archive)) if archive.strip_prefix(name)
            .is_some_and(|version| version.starts_with('-')))
}

/// What there is to say of versions, once the channels have answered.
pub(super) fn findings(cases: &[Case], compared: bool, planned: &[Planned]) -> Vec<Finding> {
    let mut all = Vec::new();
    for case in cases {
        let is = &case.chart.is;
        let planned = planned.iter().find(|planned| planned.is == *is);
        let finding = |severity, rule, problem: Problem, published| Finding {
            severity,
            rule,
            path: case.chart.path().to_owned(),
            is: Some(is.clone()),
            problem,
            published,
        };
        let before = case.chart.before.as_ref().filter(|_| compared);
        if let Some(before) = before.filter(|before| goes_back(&before.is.version, case)) {
            all.push(finding(Severity::Error, Rule::VersionLowered, case.lowered(&before.is.version), false));
        }
        let refusal = planned.and_then(refusal);
        if compared && case.is_touched() {
            let stays = before.is_some_and(|before| before.is.version == is.version);
            match (refusal, stays) {
                (Some(refusal), false) => {
                    let problem = Problem { place: Some(case.place()), ..refusal_of(planned, refusal) };
                    all.push(finding(Severity::Error, Rule::VersionPublished, problem, true));
                }
                (refusal, true)
                    if refusal.is_some() || !(is_as_published(planned) || is.version.is_placeholder()) =>
                {
                    // A chart that could not be packaged before has changed, and there is no telling in what.
                    let files = case.differing.as_deref().unwrap_or_default();
                    if refusal.is_some() || !files.is_empty() {
                        let problem = case.stays(files, refusal);
                        all.push(finding(Severity::Error, Rule::VersionStays, problem, refusal.is_some()));
                    }
                }
                _ => {}
            }
        } else if let Some(refusal) = refusal {
            let problem = Problem { place: Some(case.place()), ..refusal_of(planned, refusal) };
            all.push(finding(Severity::Notice, Rule::Unreleased, problem, true));
        } else if let Some(note) = planned.and_then(Planned::unreleased_changes) {
            let problem = Problem { place: Some(case.place()), ..Problem::new(note) };
            let problem = problem.next("raise `version` to publish them");
            all.push(finding(Severity::Notice, Rule::Unreleased, problem, true));
        }
    }
    all
}

fn goes_back(before: &crate::charts::Version, case: &Case) -> bool {
    case.chart.is.version.precedence(before) == Ordering::Less
}

/// Why the plan refuses it, where it does.
fn refusal(planned: &Planned) -> Option<&Refusal> {
    planned.steps.values().find_map(|step| match step {
        Step::Refuse(refusal) => Some(refusal),
        _ => None,
    })
}

fn refusal_of(planned: Option<&Planned>, refusal: &Refusal) -> Problem {
    planned.map_or_else(|| Problem::new(refusal.why()), |planned| refusal.problem(planned))
}

/// Whether a channel has the version, and what it has was compared: the plan asks for the content of what was touched.
fn is_as_published(planned: Option<&Planned>) -> bool {
    planned.is_some_and(|planned| {
        planned.steps.values().any(|step| matches!(step, Step::Keep(_) | Step::Attach(..)))
    })
}

impl Case {
    /// Where its version is said.
    fn place(&self) -> Place {
        Place { file: join(self.chart.path(), CHART_YAML), line: self.chart.version_line }
    }

    fn lowered(&self, before: &crate::charts::Version) -> Problem {
        let what = format!("the version goes back from {before} to {}", self.chart.is.version);
        let next = format!(
            "raise `version` above {before}: users get the highest version, whenever it was published"
        );
        Problem { place: Some(self.place()), ..Problem::new(what) }.next(next)
    }

    fn stays(&self, files: &[String], refusal: Option<&Refusal>) -> Problem {
        let version = &self.chart.is.version;
        let count = match files.len() {
            0 => "what is packaged".to_owned(),
            1 => "1 packaged file".to_owned(),
            count => format!("{count} packaged files"),
        };
        let mut what = format!("this branch changes {count}, and the version stays {version}");
        match refusal {
            Some(Refusal::OtherContent { channel, .. }) => {
                let _ = write!(what, ", which {channel} holds with other content");
            }
            Some(Refusal::ChannelsDisagree(_)) => what += ", which is published with other content",
            None => {}
        }
        for file in files.iter().take(MOST_FILES) {
            let _ = write!(what, "\n{file} changes");
        }
        if files.len() > MOST_FILES {
            let _ = write!(what, "\nand {} more", files.len() - MOST_FILES);
        }
        let place = self.place();
        let next =
            format!("raise `version` in {}: what users install as {version} never changes", place.file);
        Problem { place: Some(place), ..Problem::new(what) }.next(next)
    }
}
