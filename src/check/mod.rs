//! The check of a branch: everything that would refuse or spoil a release, before it is merged. Writes nothing, needs no
//! token, and fetches no dependency.
//!
//! A finding is an error where this branch is the reason: what it changes is compared with the commit where it left the
//! branch that it will be merged into. What that commit has already is a notice.

mod faults;
mod published;
mod versions;

use crate::{
    changes::{About, Selection, Survey},
    charts::ChartVersion,
    problem::Problem,
    publish::{AskedFor, Packing, Run},
    repo::{Base, BaseFound, Compared, NoSurvey, Repo},
    report::check::{Check, ComparedWith, Finding, Rule, Severity},
};
use faults::{Fault, Looked, looked_at};
use futures::{StreamExt as _, stream};
use std::collections::BTreeSet;
use versions::differing;

/// What a check is about.
pub struct Task<'a> {
    /// The charts, and how they are packaged.
    pub packing: &'a Packing,
    /// What the branch is compared with.
    pub base: Base,
    /// What is not committed counts as the branch's: it lies in somebody's working tree, and was not made by a job.
    pub edited_here: bool,
    /// Of each registry that is a channel, the path below which its repositories are.
    pub registries: Vec<String>,
    /// This repository, as people find it; `None` where nobody says.
    pub home: Option<Home>,
}

/// Where a repository is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// `https://github.com/acme/charts`.
    pub url: String,
    /// Somebody says that charts are published from here. The origin of a clone may be a fork.
    pub sure: bool,
}

/// One chart: what is known of it now, and in the base.
struct Case {
    chart: Compared,
    /// The branch changes nothing of it.
    same: bool,
    now: Looked,
    /// Known only where the branch changes something.
    before: Option<Looked>,
    /// The packaged files that the branch changes; `None` where one of the sides cannot be packaged, or is not there.
    differing: Option<Vec<String>>,
}

/// Checks every chart of the repository. One that is broken does not hide others.
///
/// # Errors
/// The base that somebody named is not there, or the repository cannot be read.
pub async fn check(task: &Task<'_>, run: Run<'_>, mut survey: Survey) -> Result<Check, NoSurvey> {
    let repo = &task.packing.repo;
    let mut check = Check { notices: std::mem::take(&mut survey.notices), ..Check::default() };
    let base = match repo.base(task.base.clone()).await? {
        BaseFound::At { name, commit } => {
            check.base = Some(ComparedWith { name, commit: commit.clone() });
            Some(commit)
        }
        BaseFound::Nothing(why) => {
            check.notices.push(why);
            None
        }
    };
    let charts = repo.compared(base.clone()).await?;
    let cases: Vec<Case> =
        stream::iter(charts).map(|chart| case(task, chart)).buffered(run.at_once).collect().await;
    for case in &cases {
        check.findings.extend(case.now.faults.iter().map(|fault| case.finding(task, fault, base.is_some())));
    }
    let unreadable = unreadable(repo, &mut survey, &cases, base.as_deref()).await?;
    check.findings.extend(unreadable);
    let touched = cases.iter().filter(|case| base.is_some() && case.is_touched());
    let touched: BTreeSet<ChartVersion> = touched.map(|case| case.chart.is.clone()).collect();
    // What is signed later is none of the branch's business, and a fork has no key.
    let run = Run { asked: AskedFor::These(touched), sweep: false, only: None, signer: None, ..run };
    let told = published::ask(run, survey, &cases).await;
    check.notices.extend(told.notices);
    for (is, problem) in told.unpackaged {
        let fault = Fault { rule: Rule::NoPackage, problem };
        let case = cases.iter().find(|case| case.chart.is == is);
        check.findings.extend(case.map(|case| case.finding(task, &fault, base.is_some())));
    }
    check.findings.extend(versions::findings(&cases, base.is_some(), &told.versions));
    check.publishes = told.versions.into_iter().filter(published::is_published_by_a_merge).collect();
    check.findings.sort_by(|one, other| {
        (one.severity, &one.path, one.rule).cmp(&(other.severity, &other.path, other.rule))
    });
    Ok(check)
}

/// What there is to know of a chart before any channel is asked.
async fn case(task: &Task<'_>, chart: Compared) -> Case {
    let same = chart.same_tree && (chart.edited.is_empty() || !task.edited_here);
    let now = looked_at(task, &chart.now, &chart.is).await;
    let before = match &chart.before {
        Some(before) if !same => Some(looked_at(task, &before.origin, &before.is).await),
        _ => None,
    };
    let differing = match &before {
        Some(before) => differing(task, &chart, &now, before).await,
        None => None,
    };
    Case { chart, same, now, before, differing }
}

impl Case {
    /// Whether the branch changes what is published of the chart: a version, or content under it.
    fn is_touched(&self) -> bool {
        let new_version = self.chart.before.as_ref().is_none_or(|before| before.is != self.chart.is);
        !self.same && (new_version || self.differing.as_ref().is_none_or(|files| !files.is_empty()))
    }

    fn finding(&self, task: &Task<'_>, fault: &Fault, compared: bool) -> Finding {
        let had_it = |before: &Looked| before.faults.iter().any(|other| other.is_like(fault));
        let known = self.same || self.before.as_ref().is_some_and(had_it);
        // What a job made before this one is no work of the branch.
        let of_the_branch = compared && (self.chart.committed.is_some() || task.edited_here);
        let is_error = match fault.rule {
            // Whatever version of it is published next is spoilt.
            Rule::ArtifactHub => of_the_branch && self.is_touched(),
            Rule::OtherSource => of_the_branch && !known && task.home.as_ref().is_some_and(|home| home.sure),
            _ => !compared || (of_the_branch && !known),
        };
        Finding {
            severity: if is_error { Severity::Error } else { Severity::Notice },
            rule: fault.rule,
            path: self.chart.path().to_owned(),
            is: Some(self.chart.is.clone()),
            problem: fault.problem.clone(),
            published: false,
        }
    }
}

/// What stops charts before anybody looks into their files: a Chart.yaml that is none, one version in two folders. What
/// was found already is not told twice.
async fn unreadable(
    repo: &Repo,
    survey: &mut Survey,
    cases: &[Case],
    base: Option<&str>,
) -> Result<Vec<Finding>, NoSurvey> {
    let problems = std::mem::take(&mut survey.problems);
    let is_told = |about: &About, problem: &Problem| {
        let of_it = cases.iter().filter(|case| *about == About::Version(case.chart.is.clone()));
        let mut faults = of_it.flat_map(|case| &case.now.faults);
        faults.any(|fault| fault.rule == Rule::NoPackage && fault.problem.what == problem.what)
    };
    let problems: Vec<_> = problems.into_iter().filter(|(about, problem)| !is_told(about, problem)).collect();
    let before = match base {
        Some(base) if !problems.is_empty() => {
            repo.at(base).survey(Selection::Sweep { since: None }).await?.problems
        }
        _ => Vec::new(),
    };
    let finding = |(about, problem): (About, Problem)| {
        let had_it = before.iter().any(|(other, before)| *other == about && before.what == problem.what);
        let (path, is) = match about {
            About::Folder(path) => (path, None),
            About::Version(is) => {
                let case = cases.iter().find(|case| case.chart.is == is);
                (case.map_or_else(String::new, |case| case.chart.path().to_owned()), Some(is))
            }
        };
        Finding {
            severity: if had_it { Severity::Notice } else { Severity::Error },
            rule: Rule::NoPackage,
            path,
            is,
            problem,
            published: false,
        }
    };
    Ok(problems.into_iter().map(finding).collect())
}
