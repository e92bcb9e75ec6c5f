//! The advice of the program, in the words of a workflow: who has inputs cannot type options.

use crate::{
    config,
    plan::{Failure, Missed, Planned, Step},
    problem::Problem,
    report::Outcome,
    secret::Redaction,
    setup::Answer,
};
use clap::Command;

/// What people type to publish one version; `names` is the input that says it.
const PUBLISH: &str = "chart-release publish ";

/// What the words of the program become.
pub struct Words {
    /// The options, and the inputs that say the same.
    inputs: Vec<(String, String)>,
    /// Secrets go first: in what is cut off or escaped later they would not be found.
    redaction: Redaction,
}

impl Words {
    /// Of all options that are inputs, and of the repository, which is no option of a file.
    pub fn new(definition: &Command, redaction: &Redaction) -> Self {
        let mut inputs = config::options_and_inputs(definition);
        inputs.push(("repository".into(), "working_directory".into()));
        Self { inputs, redaction: redaction.clone() }
    }

    /// A text with the names of inputs for those of options, and without secrets.
    pub fn text(&self, text: &str) -> String {
        let text = &self.redaction.of(text).replace(&format!("`{PUBLISH}"), "`names: ");
        let mut told = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find("--") {
            let (before, option) = rest.split_at(at);
            let name = option.trim_start_matches('-');
            let ends = name.find(|c: char| !c.is_ascii_lowercase() && c != '-').unwrap_or(name.len());
            let (name, after) = name.split_at(ends);
            told += before;
            match self.inputs.iter().find(|(option, _)| option == name.trim_end_matches('-')) {
                Some((_, input)) if !before.ends_with(|c: char| c.is_alphanumeric() || c == '-') => {
                    // What is quoted already needs no more quotes.
                    let is_quoted = told.matches('`').count() % 2 == 1;
                    told += &if is_quoted { input.clone() } else { format!("`{input}`") };
                }
                _ => told += &option[..option.len() - after.len()],
            }
            rest = after;
        }
        told + rest
    }

    /// The same problem, in these words.
    pub fn problem(&self, problem: &mut Problem) {
        problem.what = self.text(&problem.what);
        problem.next = problem.next.as_deref().map(|next| self.text(next));
    }

    /// The same answer, in these words.
    pub fn answer(&self, answer: &mut Answer) {
        match answer {
            Answer::Plan(plan) => {
                plan.versions.iter_mut().for_each(|planned| self.planned(planned));
                self.around(&mut plan.missed, &mut plan.notices, &mut plan.problems);
            }
            Answer::Report(report) => {
                for (planned, outcomes) in &mut report.versions {
                    self.planned(planned);
                    for outcome in outcomes.values_mut() {
                        if let Outcome::Stopped(problem) = outcome {
                            self.problem(problem);
                        }
                    }
                }
                self.around(&mut report.missed, &mut report.notices, &mut report.problems);
                report.afterwards.iter_mut().for_each(|problem| self.problem(problem));
            }
            Answer::Check(check) => {
                check.publishes.iter_mut().for_each(|planned| self.planned(planned));
                check.findings.iter_mut().for_each(|finding| self.problem(&mut finding.problem));
                self.around(&mut [], &mut check.notices, &mut []);
            }
            Answer::Packages(packages) => {
                self.around(&mut [], &mut packages.notices, &mut packages.problems);
            }
        }
    }

    fn planned(&self, planned: &mut Planned) {
        planned.notes.iter_mut().for_each(|note| *note = self.text(note));
        for step in planned.steps.values_mut() {
            if let Step::Stop(problem) = step {
                self.problem(problem);
            }
        }
    }

    fn around(&self, missed: &mut [Missed], notices: &mut [Problem], failures: &mut [Failure]) {
        for Missed { command, .. } in missed {
            if let Some(names) = command.strip_prefix(PUBLISH) {
                *command = format!("names: {names}");
            }
        }
        notices.iter_mut().for_each(|notice| self.problem(notice));
        failures.iter_mut().for_each(|failure| self.problem(&mut failure.problem));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::Cli, report::Report, secret::Secret};
    use clap::CommandFactory;

    #[test]
    fn options_become_inputs_and_everything_else_stays() {
        let words = Words::new(&Cli::command(), &Redaction::default());
        for (text, expected) in [
            (
                "say with --charts where they are, and see that --exclude leaves some",
                "say with `charts_dir` where they are, and see that `exclude` leaves some",
            ),
            (
                "say whose password it is: --registry-user HOST=USER",
                "say whose password it is: `registry_user` HOST=USER",
            ),
            ("`--registry-user example.com:5000=USER`", "`registry_user example.com:5000=USER`"),
            ("run `chart-release publish demo@1.0.0`", "run `names: demo@1.0.0`"),
            (
                "`git config --global --add safe.directory <directory>`",
                "`git config --global --add safe.directory <directory>`",
            ),
            ("--channel", "`channels`"),
            ("name its folder: --repository DIR", "name its folder: `working_directory` DIR"),
            ("--pages-urls and --pages-url, --", "--pages-urls and `pages_url`, --"),
            ("a--charts ---charts -- --json", "a--charts `charts_dir` -- --json"),
            ("charts/--é--charts", "charts/--é--charts"),
            ("", ""),
        ] {
            assert_eq!(words.text(text), expected);
        }
    }

    #[test]
    fn what_failed_afterwards_is_told_in_words_of_a_workflow_too() {
        let afterwards = vec![Problem::new("no room").next("let --packages be another folder")];
        let mut answer = Answer::Report(Report { afterwards, ..Report::default() });
        Words::new(&Cli::command(), &Redaction::default()).answer(&mut answer);
        let Answer::Report(report) = answer else { unreachable!("it is still a report") };
        assert_eq!(report.afterwards[0].next.as_deref(), Some("let `packages` be another folder"));
    }

    #[test]
    fn a_secret_is_gone_before_anybody_cuts_or_escapes_it() {
        let redaction = Redaction::new(&[Secret::new("pass|word%1").expect("a secret")]);
        let words = Words::new(&Cli::command(), &redaction);
        assert_eq!(words.text("pass|word%1 and --charts"), "*** and `charts_dir`");
    }
}
