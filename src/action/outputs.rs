//! The outputs of the Action, for the steps that follow it.

use super::commands::unpredictable;
use crate::{
    charts::{ChartVersion, Version},
    digest::Digest,
    holdings::{ChannelId, Reference},
    plan::{Failure, Planned, Refusal, Step},
    problem::Problem,
    report::{
        Outcome, Report,
        check::{Check, Rule, Severity},
    },
    secret::Redaction,
    setup::{Answer, Asked},
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    path::Path,
};

/// Every output, by name. All are there, whatever happened; what there is nothing to say of is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs(Vec<(&'static str, String)>);

/// Linux starts no program with a longer variable (128 KiB), and variables are how steps are given outputs. GitHub takes
/// 1 MiB of all outputs of a job.
const LONGEST: usize = 128 * 1024 - 256;

/// A chart version in an output. A field that is not known is `null`.
#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    version: Option<String>,
    path: Option<String>,
    tag: Option<String>,
    digest: Option<Digest>,
    manifest: Option<Digest>,
    references: BTreeMap<ChannelId, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What the outputs tell.
#[derive(Default)]
struct Told {
    /// The charts that something is done for, and the folder of each.
    changed: BTreeSet<String>,
    /// The versions that were published.
    published: Vec<ChartVersion>,
    released: Vec<Listed>,
    unreleased_changes: Vec<Listed>,
    refused: Vec<Listed>,
    failed: Vec<Listed>,
    index_changed: bool,
}

impl Outputs {
    /// Of what was done (`None`: it was not known yet what to do), its answer (`None`: there is none), and the document
    /// that was written of it.
    pub fn of(asked: Option<Asked>, answer: Option<&Answer>, document: Option<&Path>) -> Self {
        let told = match answer {
            Some(Answer::Plan(plan)) => {
                let mut told = Told::default();
                for planned in &plan.versions {
                    told.add_planned(planned);
                }
                told.add_failures(&plan.problems);
                told
            }
            Some(Answer::Report(report)) => Told::of_report(report),
            Some(Answer::Check(check)) => Told::of_check(check),
            Some(Answer::Packages(packages)) => {
                let mut told = Told::default();
                told.add_failures(&packages.problems);
                told
            }
            None => Told::default(),
        };
        let command = match asked {
            Some(Asked::Publish) => "publish",
            Some(Asked::Plan) => "plan",
            Some(Asked::Check) => "check",
            Some(Asked::Package) => "package",
            None => "",
        };
        let changed: Vec<_> = told.changed.iter().map(String::as_str).collect();
        let document = document.map(|path| path.display().to_string());
        Self(vec![
            ("changed_charts", changed.join(",")),
            ("chart_version", told.chart_version()),
            ("released", list(&told.released)),
            ("unreleased_changes", list(&told.unreleased_changes)),
            ("refused", list(&told.refused)),
            ("failed", list(&told.failed)),
            ("index_changed", told.index_changed.to_string()),
            ("command", command.to_owned()),
            ("report", document.unwrap_or_default()),
        ])
    }

    /// One of them, by its name.
    #[cfg(test)]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// That some of them are too long to be given to a step, and what to read instead. Nothing is cut off: half a list would
    /// be taken for all.
    pub fn too_long(&self) -> Option<Problem> {
        let long = self.0.iter().filter(|(_, value)| value.len() > LONGEST);
        let names: Vec<_> = long.map(|(name, _)| format!("`{name}`")).collect();
        (!names.is_empty()).then(|| {
            Problem::new(format!("too long for the environment of a step: {}", names.join(", ")))
                .next("let steps read the file that the output `report` names")
        })
    }

    /// Adds them to the file that `GITHUB_OUTPUT` names; nothing without it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(
        &self,
        environment: &BTreeMap<String, String>,
        redaction: &Redaction,
    ) -> Result<(), Problem> {
        append(environment, "GITHUB_OUTPUT", &redaction.of(&self.lines(&unpredictable()?)))
    }

    /// Each between two lines that no value can hold, because nobody knew them when it was made.
    fn lines(&self, delimiter: &str) -> String {
        self.0.iter().map(|(name, value)| format!("{name}<<{delimiter}\n{value}\n{delimiter}\n")).collect()
    }
}

/// Adds the summary of the job to the file that `GITHUB_STEP_SUMMARY` names; nothing without it.
///
/// # Errors
/// The file cannot be written.
pub fn write_summary(
    environment: &BTreeMap<String, String>,
    markdown: &str,
    redaction: &Redaction,
) -> Result<(), Problem> {
    append(environment, "GITHUB_STEP_SUMMARY", &redaction.of(markdown))
}

fn append(environment: &BTreeMap<String, String>, variable: &str, text: &str) -> Result<(), Problem> {
    let Some(path) = environment.get(variable).filter(|path| !path.is_empty()) else { return Ok(()) };
    let file = fs::OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        Problem::new(format!("cannot write to the file of {variable}: {error}"))
            .next(format!("see that {variable} is what the runner set, and that its disk has room"))
    })
}

fn list(versions: &[Listed]) -> String {
    // Every key is text, so writing cannot fail. Line breaks in texts are escaped: it is one line.
    serde_json::to_string(versions).unwrap_or_default()
}

impl Told {
    /// What a merge would publish is what would change. Errors of versions that hold other content are refused, other
    /// errors have failed, and what moved on since it was published is told from both.
    fn of_check(check: &Check) -> Self {
        let mut told = Self::default();
        for planned in &check.publishes {
            told.changed.insert(folder(&planned.path));
        }
        for finding in &check.findings {
            let list = match (finding.severity, finding.rule) {
                (Severity::Error, _) if finding.published => &mut told.refused,
                (Severity::Error, _) => &mut told.failed,
                (Severity::Notice, Rule::Unreleased) => &mut told.unreleased_changes,
                (Severity::Notice, _) => continue,
            };
            let reason = finding.problem.what.lines().next().unwrap_or_default().to_owned();
            let path = folder(&finding.path);
            list.push(Listed {
                // A chart without a readable name is known by its folder.
                name: finding.is.as_ref().map_or_else(|| path.clone(), |is| is.name.to_string()),
                version: finding.is.as_ref().map(|is| is.version.to_string()),
                path: Some(path),
                tag: None,
                digest: None,
                manifest: None,
                references: BTreeMap::new(),
                reason: Some(reason),
            });
        }
        told
    }

    fn of_report(report: &Report) -> Self {
        let mut told = Self::default();
        for (planned, outcomes) in &report.versions {
            told.add_reported(planned, outcomes);
        }
        told.add_failures(&report.problems);
        told
    }

    fn add_planned(&mut self, planned: &Planned) {
        let held = planned.steps.iter().filter_map(|(channel, step)| match step {
            Step::Keep(holding) | Step::Attach(holding, _) => Some((channel, &holding.reference)),
            _ => None,
        });
        let held: Vec<_> = held.collect();
        if planned.steps.values().any(Step::writes) {
            self.changed.insert(folder(&planned.path));
        }
        let refusals = planned.steps.values().filter_map(|step| match step {
            Step::Refuse(refusal) => Some(refusal),
            _ => None,
        });
        let problems = planned.steps.values().filter_map(|step| match step {
            Step::Stop(problem) => Some(problem.what.clone()),
            _ => None,
        });
        self.add(planned, &held, refusals, problems);
    }

    fn add_reported(&mut self, planned: &Planned, outcomes: &BTreeMap<ChannelId, Outcome>) {
        let held = outcomes.iter().filter_map(|(channel, outcome)| match outcome {
            Outcome::Kept(reference) | Outcome::Published(reference) | Outcome::Attached(reference) => {
                Some((channel, reference))
            }
            _ => None,
        });
        let held: Vec<_> = held.collect();
        let published = |outcome: &Outcome| matches!(outcome, Outcome::Published(_));
        let news = |outcome: &Outcome| published(outcome) || matches!(outcome, Outcome::Attached(_));
        let done =
            |outcome: &Outcome| news(outcome) || matches!(outcome, Outcome::Kept(_) | Outcome::Omitted);
        if outcomes.values().any(news) {
            self.changed.insert(folder(&planned.path));
            if outcomes.values().all(done) {
                self.released.push(listed(planned, &held, None));
            }
        }
        if outcomes.values().any(published) {
            self.published.push(planned.is.clone());
        }
        self.index_changed |=
            outcomes.iter().any(|(channel, outcome)| is_pages(channel) && published(outcome));
        let refusals = outcomes.values().filter_map(|outcome| match outcome {
            Outcome::Refused(refusal) => Some(refusal),
            _ => None,
        });
        let problems = outcomes.values().filter_map(|outcome| match outcome {
            Outcome::Stopped(problem) => Some(problem.what.clone()),
            _ => None,
        });
        // What held it back says less than what failed.
        let waiting = outcomes.values().filter_map(|outcome| match outcome {
            Outcome::HeldBack(why) => Some(why.clone()),
            _ => None,
        });
        self.add(planned, &held, refusals, problems.chain(waiting));
    }

    fn add<'a>(
        &mut self,
        planned: &Planned,
        held: &[(&ChannelId, &Reference)],
        mut refusals: impl Iterator<Item = &'a Refusal>,
        mut problems: impl Iterator<Item = String>,
    ) {
        if let Some(note) = planned.unreleased_changes() {
            self.unreleased_changes.push(listed(planned, held, Some(note.to_owned())));
        }
        if let Some(refusal) = refusals.next() {
            self.refused.push(listed(planned, held, Some(refusal.why())));
        } else if let Some(why) = problems.next() {
            self.failed.push(listed(planned, held, Some(why)));
        }
    }

    fn add_failures(&mut self, failures: &[Failure]) {
        for Failure { chart, problem } in failures {
            let (name, version) = match chart.split_once('@') {
                // The name of a chart has no `/`, and a folder may have an `@`.
                Some((name, version)) if !name.contains('/') => (name, Some(version.to_owned())),
                _ => (chart.as_str(), None),
            };
            let nothing = Listed {
                name: name.to_owned(),
                // A chart without a readable name is known by its folder.
                path: version.is_none().then(|| name.to_owned()),
                version,
                tag: None,
                digest: None,
                manifest: None,
                references: BTreeMap::new(),
                reason: Some(problem.what.clone()),
            };
            self.failed.push(nothing);
        }
    }

    /// The highest version that was published, where it is of one chart only.
    fn chart_version(&self) -> String {
        let names: BTreeSet<_> = self.published.iter().map(|is| &is.name).collect();
        if names.len() != 1 {
            return String::new();
        }
        let versions = self.published.iter().map(|is| &is.version);
        versions.max_by(|one, other| one.precedence(other)).map(Version::to_string).unwrap_or_default()
    }
}

fn listed(planned: &Planned, held: &[(&ChannelId, &Reference)], reason: Option<String>) -> Listed {
    let of_release = |(channel, _): &&(&ChannelId, &Reference)| &*channel.0 == "releases";
    let references = || held.iter().filter(of_release).chain(held).map(|(_, reference)| *reference);
    Listed {
        name: planned.is.name.to_string(),
        version: Some(planned.is.version.to_string()),
        path: Some(folder(&planned.path)),
        // A release's tag goes before that of a registry.
        tag: references().find_map(|reference| reference.tag.clone()),
        digest: references().find_map(|reference| reference.digest).or(planned.package),
        manifest: references().find_map(|reference| reference.manifest),
        references: held
            .iter()
            .map(|(channel, reference)| ((*channel).clone(), reference.url.clone()))
            .collect(),
        reason,
    }
}

/// The chart's folder; that of a chart at the root is not empty, because that would say that nothing was done.
fn folder(path: &str) -> String {
    if path.is_empty() { ".".into() } else { path.to_owned() }
}

/// Whether its index is the one that a web server has to serve anew.
fn is_pages(channel: &ChannelId) -> bool {
    &*channel.0 == "pages"
}

#[cfg(test)]
mod tests;
