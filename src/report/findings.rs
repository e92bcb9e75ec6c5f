//! What somebody has to know of plan, report and packages: gathered once, for text, summary and annotations.

use super::{
    Outcome, Packages, Report,
    check::{Check, Severity},
};
use crate::{
    holdings::ChannelId,
    plan::{Failure, Plan, Planned, Step},
    problem::{Place, Problem},
};
use std::collections::BTreeSet;

/// What went wrong with versions and charts. The same problem of a version in several channels is told once.
#[derive(Default)]
pub(super) struct Findings {
    /// What went wrong.
    pub told: Vec<Finding>,
    /// What was not tried because of something else.
    pub waiting: Vec<Finding>,
}

/// A problem of one version or chart; or of the run, with an empty subject.
pub(super) struct Finding {
    /// `name@version`, or the chart's folder.
    pub subject: String,
    /// Where it was found, when it belongs to channels.
    pub channels: BTreeSet<ChannelId>,
    pub problem: Problem,
    pub whose: Whose,
}

/// Who can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whose {
    /// Whoever changed the chart.
    Chart,
    /// Whoever looks after the workflow or the repository.
    Repository,
    /// Nobody: run it again.
    Nobody,
}

impl Findings {
    pub(super) fn of_plan(plan: &Plan) -> Self {
        let mut findings = Self::default();
        for planned in &plan.versions {
            for (channel, step) in &planned.steps {
                match step {
                    Step::Refuse(refusal) => findings.add(planned, None, refusal.problem(planned)),
                    Step::Stop(problem) => findings.add(planned, Some(channel), problem.clone()),
                    _ => {}
                }
            }
        }
        findings.add_failures(&plan.problems);
        findings
    }

    pub(super) fn of_report(report: &Report) -> Self {
        let mut findings = Self::default();
        for (planned, outcomes) in &report.versions {
            for (channel, outcome) in outcomes {
                match outcome {
                    Outcome::Refused(refusal) => findings.add(planned, None, refusal.problem(planned)),
                    Outcome::Stopped(problem) => findings.add(planned, Some(channel), problem.clone()),
                    Outcome::HeldBack(why) => {
                        let (subject, problem) = (planned.is.to_string(), Problem::new(why.clone()));
                        push(&mut findings.waiting, subject, Some(channel), problem, Whose::Nobody);
                    }
                    Outcome::Kept(_) | Outcome::Omitted | Outcome::Published(_) | Outcome::Attached(_) => {}
                }
            }
        }
        findings.add_failures(&report.problems);
        findings.add_problems(&report.afterwards);
        findings
    }

    pub(super) fn of_packages(packages: &Packages) -> Self {
        let mut findings = Self::default();
        findings.add_failures(&packages.problems);
        findings
    }

    /// Those that this branch is the reason of.
    pub(super) fn of_check(check: &Check) -> Self {
        let mut findings = Self::default();
        for one in check.of(Severity::Error) {
            push(&mut findings.told, one.subject(), None, one.problem.clone(), Whose::Chart);
        }
        findings
    }

    /// Of a run that has no answer.
    pub(super) fn of_problems(problems: &[Problem]) -> Self {
        let mut findings = Self::default();
        findings.add_problems(problems);
        findings
    }

    fn add(&mut self, planned: &Planned, channel: Option<&ChannelId>, problem: Problem) {
        let in_chart = problem.place.as_ref().filter(|place| in_repository(place)).is_some_and(|place| {
            planned.path.is_empty()
                || place
                    .file
                    .strip_prefix(&planned.path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        let whose = if channel.is_none() || in_chart { Whose::Chart } else { Whose::Repository };
        push(&mut self.told, planned.is.to_string(), channel, problem, whose);
    }

    fn add_failures(&mut self, failures: &[Failure]) {
        for Failure { chart, problem } in failures {
            push(&mut self.told, chart.clone(), None, problem.clone(), Whose::Chart);
        }
    }

    fn add_problems(&mut self, problems: &[Problem]) {
        for problem in problems {
            push(&mut self.told, String::new(), None, problem.clone(), Whose::Repository);
        }
    }
}

fn push(
    list: &mut Vec<Finding>,
    subject: String,
    channel: Option<&ChannelId>,
    problem: Problem,
    whose: Whose,
) {
    // The channels of a version come one after the other.
    let mut same_subject = list.iter_mut().rev().take_while(|known| known.subject == subject);
    match same_subject.find(|known| known.problem == problem) {
        Some(known) => known.channels.extend(channel.cloned()),
        None => {
            let channels = channel.cloned().into_iter().collect();
            let whose = if problem.passing { Whose::Nobody } else { whose };
            list.push(Finding { subject, channels, problem, whose });
        }
    }
}

/// Whether this is a file of the repository, as far as its name tells: not one of this machine, and not one of a
/// branch (`gh-pages:index.yaml`) or a server.
pub(super) fn in_repository(place: &Place) -> bool {
    let file = &place.file;
    !file.is_empty()
        && !file.starts_with('/')
        && !file.contains([':', '\\'])
        && !file.split('/').any(|part| part == "..")
}
