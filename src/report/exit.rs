//! Exit codes: few, named, and the same for `plan` and `publish`.

use super::{Outcome, Packages, Report};
use crate::{
    plan::{Failure, Plan, Step},
    problem::Problem,
};

/// How a run ended. Where several hold, the first in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitCode {
    /// 2: wrong usage or configuration; nothing was written.
    Usage,
    /// 1: somebody must act.
    Act,
    /// 3: refused, because other content is published.
    Refused,
    /// 4: unfinished, nothing is wrong, run again.
    Again,
    /// 0: done, or nothing to do.
    #[default]
    Done,
}

impl ExitCode {
    /// The number that the process ends with.
    pub fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Act => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Again => 4,
        }
    }

    /// Of something that went wrong while the program worked.
    pub fn of(problem: &Problem) -> Self {
        if problem.passing { Self::Again } else { Self::Act }
    }
}

fn mixed(codes: impl Iterator<Item = ExitCode>) -> ExitCode {
    codes.min().unwrap_or_default()
}

fn of_failures(failures: &[Failure]) -> impl Iterator<Item = ExitCode> {
    failures.iter().map(|failure| ExitCode::of(&failure.problem))
}

impl Plan {
    /// What `plan` ends with: the code that `publish` would end with, as far as it can be known before.
    pub fn exit_code(&self) -> ExitCode {
        let steps = self.versions.iter().flat_map(|planned| planned.steps.values()).map(|step| match step {
            Step::Put | Step::Finish(_) | Step::Attach(..) | Step::Keep(_) | Step::Omit => ExitCode::Done,
            Step::Refuse(_) => ExitCode::Refused,
            Step::Stop(problem) => ExitCode::of(problem),
        });
        mixed(steps.chain(of_failures(&self.problems)))
    }
}

impl Report {
    /// What `publish` ends with. Held back alone is unfinished: what held it back says more, where it is in the report.
    pub fn exit_code(&self) -> ExitCode {
        let outcomes = self.versions.iter().flat_map(|(_, outcomes)| outcomes.values());
        let outcomes = outcomes.map(|outcome| match outcome {
            Outcome::Kept(_) | Outcome::Omitted | Outcome::Published(_) | Outcome::Attached(_) => {
                ExitCode::Done
            }
            Outcome::Refused(_) => ExitCode::Refused,
            Outcome::Stopped(problem) => ExitCode::of(problem),
            Outcome::HeldBack(_) => ExitCode::Again,
        });
        let afterwards = self.afterwards.iter().map(ExitCode::of);
        mixed(outcomes.chain(of_failures(&self.problems)).chain(afterwards))
    }
}

impl Packages {
    /// What `package` ends with.
    pub fn exit_code(&self) -> ExitCode {
        mixed(of_failures(&self.problems))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::words::samples::{planned, reference, refusal};

    fn of_plan(steps: &[Step]) -> u8 {
        let versions =
            steps.iter().map(|step| planned("demo@1.0.0", &[("folder:a", step.clone())])).collect();
        Plan { versions, ..Plan::default() }.exit_code().number()
    }

    fn of_report(outcomes: &[Outcome]) -> u8 {
        let version = |outcome: &Outcome| {
            let is = planned("demo@1.0.0", &[("folder:a", Step::Put)]);
            let outcomes = is.steps.keys().map(|channel| (channel.clone(), outcome.clone())).collect();
            (is, outcomes)
        };
        Report { versions: outcomes.iter().map(version).collect(), ..Report::default() }.exit_code().number()
    }

    #[test]
    fn act_goes_before_refused_and_refused_before_run_again() {
        let act = || Step::Stop(Problem::new("no version"));
        let again = || Step::Stop(Problem::new("the disk is busy").passing());
        let refuse = || Step::Refuse(refusal());
        assert_eq!(of_plan(&[]), 0);
        assert_eq!(of_plan(&[Step::Put]), 0);
        assert_eq!(of_plan(&[Step::Put, again()]), 4);
        assert_eq!(of_plan(&[again(), refuse(), Step::Put]), 3);
        assert_eq!(of_plan(&[refuse(), again(), act()]), 1);
        assert_eq!(of_plan(&[act(), refuse()]), 1);
    }

    #[test]
    fn a_report_ends_as_its_plan_would_and_held_back_is_unfinished() {
        let act = || Outcome::Stopped(Problem::new("no room"));
        let again = || Outcome::Stopped(Problem::new("time-out").passing());
        let refused = || Outcome::Refused(refusal());
        let held_back = || Outcome::HeldBack("demo@0.9.0 was refused".into());
        let published = || Outcome::Published(reference());
        let kept = || Outcome::Kept(reference());
        assert_eq!(of_report(&[]), 0);
        assert_eq!(of_report(&[published(), kept(), Outcome::Attached(reference())]), 0);
        assert_eq!(of_report(&[published(), held_back()]), 4);
        assert_eq!(of_report(&[again(), kept()]), 4);
        assert_eq!(of_report(&[refused(), held_back()]), 3);
        assert_eq!(of_report(&[held_back(), act(), refused()]), 1);
    }

    #[test]
    fn a_chart_that_could_not_be_read_counts_and_a_notice_does_not() {
        let failure = |problem| Failure { chart: "demo".into(), problem };
        let act = failure(Problem::new("no name"));
        let again = failure(Problem::new("locked").passing());
        let plan = |problems| Plan { problems, notices: vec![Problem::new("old")], ..Plan::default() };
        assert_eq!(plan(vec![]).exit_code().number(), 0);
        assert_eq!(plan(vec![again.clone()]).exit_code().number(), 4);
        assert_eq!(plan(vec![again, act]).exit_code().number(), 1);
    }

    #[test]
    fn wrong_usage_goes_before_everything() {
        let all = [ExitCode::Done, ExitCode::Again, ExitCode::Refused, ExitCode::Act, ExitCode::Usage];
        assert_eq!(mixed(all.into_iter()).number(), 2);
    }
}
