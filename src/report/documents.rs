//! The JSON documents that machines read: `chart-release/plan/1` and `chart-release/report/1`; a check has its own beside
//! its findings.
//!
//! Their types are their own, so that the program can change without the documents changing. A field that has nothing
//! to say is `null` or empty, never missing. Fields may be added under the same schema number; none changes its meaning.

use super::{Outcome, Report, words};
use crate::{
    charts::{ChartVersion, time::rfc_3339},
    digest::Digest,
    holdings::{ChannelId, Holding, Reference},
    plan::{Failure, Missed, Plan, Planned, Refusal, Step},
    problem::Problem,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The `schema` of a plan.
pub const PLAN: &str = "chart-release/plan/1";
/// The `schema` of a report.
pub const REPORT: &str = "chart-release/report/1";

/// What would be done: `chart-release plan --json`.
#[derive(Debug, Serialize)]
pub struct PlanDocument {
    /// `chart-release/plan/1`.
    pub schema: &'static str,
    /// The exit code of the command.
    pub exit_code: u8,
    /// Versions by the most serious of their steps: `put`, `finish`, `attach`, `keep`, `refuse`, `stop`.
    pub counts: BTreeMap<String, usize>,
    /// Chart by chart; of one chart the oldest first.
    pub versions: Vec<PlannedVersion>,
    /// Older versions that were never published. They are not published by this plan either.
    pub missed: Vec<MissedVersion>,
    /// What is worth knowing about the run.
    pub notices: Vec<Told>,
    /// Charts that are left out, and why.
    pub problems: Vec<LeftOut>,
}

/// What was done: `chart-release publish --json`.
#[derive(Debug, Serialize)]
pub struct ReportDocument {
    /// `chart-release/report/1`.
    pub schema: &'static str,
    /// The exit code of the command.
    pub exit_code: u8,
    /// Versions by the most serious of their outcomes: `published`, `attached`, `kept`, `refused`, `stopped`,
    /// `held_back`.
    pub counts: BTreeMap<String, usize>,
    /// Chart by chart; of one chart the oldest first.
    pub versions: Vec<ReportedVersion>,
    /// Older versions that were never published.
    pub missed: Vec<MissedVersion>,
    /// What is worth knowing about the run.
    pub notices: Vec<Told>,
    /// Charts that were left out, and why.
    pub problems: Vec<LeftOut>,
    /// What failed when everything was published already.
    pub afterwards: Vec<Told>,
}

/// A chart version and where it comes from.
#[derive(Debug, Serialize)]
pub struct Version {
    /// Name of the chart.
    pub chart: String,
    /// Its version, as written.
    pub version: String,
    /// The chart's folder, relative to the repository's root; empty for the root itself.
    pub path: String,
    /// The commit it is packaged from; `null` is the working tree.
    pub commit: Option<String>,
    /// The time it is published under: RFC 3339, UTC.
    pub created: Option<String>,
    /// `sha256:…` of the package, where it had to be known.
    pub package: Option<String>,
    /// What is made beside the package, because nobody has it: `provenance`.
    pub made: Vec<&'static str>,
    /// What is worth knowing and changes nothing.
    pub notes: Vec<String>,
}

/// A chart version and what would be done about it.
#[derive(Debug, Serialize)]
pub struct PlannedVersion {
    /// Which.
    #[serde(flatten)]
    pub version: Version,
    /// In each channel, sorted by channel.
    pub channels: Vec<PlannedStep>,
}

/// What would be done about a version in one channel.
#[derive(Debug, Serialize)]
pub struct PlannedStep {
    /// The channel, as configured.
    pub channel: String,
    /// `put`, `finish`, `attach`, `keep`, `refuse` or `stop`.
    pub step: &'static str,
    /// The reason, in a few words.
    pub why: String,
    /// What the channel holds; with `finish`, `attach` and `keep`.
    pub holds: Option<Held>,
    /// What would be added beside the package; with `attach`.
    pub attach: Vec<&'static str>,
    /// What stands against it; with `refuse`.
    pub refusal: Option<Refused>,
    /// What went wrong; with `stop`.
    pub problem: Option<Told>,
}

/// A chart version and what was done about it.
#[derive(Debug, Serialize)]
pub struct ReportedVersion {
    /// Which.
    #[serde(flatten)]
    pub version: Version,
    /// In each channel, sorted by channel.
    pub channels: Vec<ReportedOutcome>,
}

/// What was done about a version in one channel.
#[derive(Debug, Serialize)]
pub struct ReportedOutcome {
    /// The channel, as configured.
    pub channel: String,
    /// `published`, `attached`, `kept`, `refused`, `stopped` or `held_back`.
    pub outcome: String,
    /// Where people find it; with `published`, `attached` and `kept`.
    pub reference: Option<Found>,
    /// What stands against it; with `refused`.
    pub refusal: Option<Refused>,
    /// What went wrong; with `stopped`.
    pub problem: Option<Told>,
    /// What it waits for; with `held_back`.
    pub waits_for: Option<String>,
    /// The command by which people install it from here; for versions that this run published, where it is known.
    pub install: Option<String>,
}

/// What a channel holds of a version.
#[derive(Debug, Serialize)]
pub struct Held {
    /// `sha256:…` of the package, where the channel says.
    pub package: Option<String>,
    /// What lies beside the package: `provenance`.
    pub attached: Vec<&'static str>,
    /// The time it was published under: RFC 3339, UTC.
    pub created: Option<String>,
    /// Where people find it.
    pub reference: Found,
}

/// Where people find a version.
#[derive(Debug, Serialize)]
pub struct Found {
    /// URL or path of the package.
    pub url: String,
    /// `sha256:…` of the package, where it is known.
    pub digest: Option<String>,
    /// The tag of the release, or in the registry.
    pub tag: Option<String>,
    /// `sha256:…` of the manifest in a registry: what a signature is made for.
    pub manifest: Option<String>,
}

/// Other content is published.
#[derive(Debug, Serialize)]
pub struct Refused {
    /// `other_content` (than the repository's) or `channels_disagree`.
    pub kind: &'static str,
    /// The repository's package, `sha256:…`; with `other_content`, where it was made to tell.
    pub ours: Option<String>,
    /// Who holds which package, sorted by channel.
    pub published: Vec<Holder>,
    /// Paths in the chart that differ; with `other_content`.
    pub files: Vec<String>,
}

/// A channel and the package that it holds.
#[derive(Debug, Serialize)]
pub struct Holder {
    /// The channel, as configured.
    pub channel: String,
    /// `sha256:…` of its package.
    pub package: String,
}

/// A version that was never published.
#[derive(Debug, Serialize)]
pub struct MissedVersion {
    /// Name of the chart.
    pub chart: String,
    /// Its version, as written.
    pub version: String,
    /// The command that publishes it.
    pub command: String,
}

/// A chart that is left out.
#[derive(Debug, Serialize)]
pub struct LeftOut {
    /// Its name, or its folder where the name is not known.
    pub chart: String,
    /// Why.
    pub problem: Told,
}

/// What went wrong or is worth knowing, where, and what to do next.
#[derive(Debug, Serialize)]
pub struct Told {
    /// What.
    pub what: String,
    /// The file that it is about.
    pub file: Option<String>,
    /// The line in it, counted from 1.
    pub line: Option<usize>,
    /// What to do next.
    pub next: Option<String>,
    /// Nothing is wrong: the same command, run again, may succeed.
    pub run_again: bool,
}

/// The document of a plan.
pub fn plan(plan: &Plan) -> PlanDocument {
    PlanDocument {
        schema: PLAN,
        exit_code: plan.exit_code().number(),
        counts: counts(&words::STEPS, &plan.counts()),
        versions: plan.versions.iter().map(planned_version).collect(),
        missed: missed(&plan.missed),
        notices: plan.notices.iter().map(told).collect(),
        problems: left_out(&plan.problems),
    }
}

/// The document of a report.
pub fn report(report: &Report) -> ReportDocument {
    let reported = |(planned, outcomes): &(Planned, BTreeMap<_, Outcome>)| ReportedVersion {
        version: version(planned),
        channels: outcomes
            .iter()
            .map(|(channel, outcome)| ReportedOutcome {
                install: report
                    .released
                    .get(&planned.is)
                    .and_then(|released| released.install.get(channel).cloned()),
                ..reported_outcome(channel, outcome)
            })
            .collect(),
    };
    ReportDocument {
        schema: REPORT,
        exit_code: report.exit_code().number(),
        counts: counts(&words::OUTCOMES, &report.counts()),
        versions: report.versions.iter().map(reported).collect(),
        missed: missed(&report.missed),
        notices: report.notices.iter().map(told).collect(),
        problems: left_out(&report.problems),
        afterwards: report.afterwards.iter().map(told).collect(),
    }
}

/// A document as it is printed: indented, with a line break at the end.
pub fn json(document: &impl Serialize) -> String {
    // Every key of a document is text, so writing one cannot fail.
    serde_json::to_string_pretty(document).unwrap_or_default() + "\n"
}

/// The versions that a plan document names, in its order: what `--only` selects. They are decided again, so nothing
/// else of the document is read.
///
/// # Errors
/// A problem in `file`, when it is not a plan document of a version that this program knows.
pub fn selected(file: &str, bytes: &[u8]) -> Result<Vec<ChartVersion>, Problem> {
    #[derive(Deserialize)]
    struct Selection {
        versions: Vec<Selected>,
    }
    #[derive(Deserialize)]
    struct Selected {
        chart: String,
        version: String,
    }
    let wrong = |what: String| {
        Problem::new(what).in_file(file).next("write the plan with `chart-release plan --json`")
    };
    let document: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|error| wrong(format!("this is not JSON: {error}")))?;
    match document.get("schema").and_then(|schema| schema.as_str()) {
        Some(PLAN) => {}
        Some(other) => return Err(wrong(format!("this is a {other} document, and `--only` takes {PLAN}"))),
        None => return Err(wrong(format!("this document has no `schema`, and `--only` takes {PLAN}"))),
    }
    let Selection { versions } = Selection::deserialize(document)
        .map_err(|error| wrong(format!("this plan cannot be read: {error}")))?;
    Ok(versions.into_iter().map(|selected| ChartVersion::new(selected.chart, selected.version)).collect())
}

/// A version of a plan.
pub(super) fn planned_version(planned: &Planned) -> PlannedVersion {
    let step = |(channel, step): (&ChannelId, &Step)| planned_step(channel.to_string(), step);
    PlannedVersion { version: version(planned), channels: planned.steps.iter().map(step).collect() }
}

fn version(planned: &Planned) -> Version {
    Version {
        chart: planned.is.name.to_string(),
        version: planned.is.version.to_string(),
        path: planned.path.clone(),
        commit: planned.commit.clone(),
        created: rfc_3339(planned.created),
        package: planned.package.map(|digest| digest.to_string()),
        made: planned.made.iter().map(|kind| kind.word()).collect(),
        notes: planned.notes.clone(),
    }
}

fn planned_step(channel: String, step: &Step) -> PlannedStep {
    let empty = PlannedStep {
        channel,
        step: step.word(),
        why: step.why(),
        holds: None,
        attach: vec![],
        refusal: None,
        problem: None,
    };
    match step {
        Step::Put | Step::Omit => empty,
        Step::Finish(holding) | Step::Keep(holding) => PlannedStep { holds: Some(held(holding)), ..empty },
        Step::Attach(holding, kinds) => PlannedStep {
            holds: Some(held(holding)),
            attach: kinds.iter().map(|kind| kind.word()).collect(),
            ..empty
        },
        Step::Refuse(refusal) => PlannedStep { refusal: Some(refused(refusal)), ..empty },
        Step::Stop(problem) => PlannedStep { problem: Some(told(problem)), ..empty },
    }
}

fn reported_outcome(channel: &ChannelId, outcome: &Outcome) -> ReportedOutcome {
    let empty = ReportedOutcome {
        channel: channel.to_string(),
        outcome: machine_word(outcome.word()),
        reference: None,
        refusal: None,
        problem: None,
        waits_for: None,
        install: None,
    };
    match outcome {
        Outcome::Kept(reference) | Outcome::Published(reference) | Outcome::Attached(reference) => {
            ReportedOutcome { reference: Some(found(reference)), ..empty }
        }
        Outcome::Refused(refusal) => ReportedOutcome { refusal: Some(refused(refusal)), ..empty },
        Outcome::Stopped(problem) => ReportedOutcome { problem: Some(told(problem)), ..empty },
        Outcome::Omitted => empty,
        Outcome::HeldBack(why) => ReportedOutcome { waits_for: Some(why.clone()), ..empty },
    }
}

fn held(holding: &Holding) -> Held {
    Held {
        package: holding.package.map(|digest| digest.to_string()),
        attached: holding.attached.iter().map(|kind| kind.word()).collect(),
        created: holding.created.and_then(rfc_3339),
        reference: found(&holding.reference),
    }
}

fn found(reference: &Reference) -> Found {
    Found {
        url: reference.url.clone(),
        digest: reference.digest.map(|digest| digest.to_string()),
        tag: reference.tag.clone(),
        manifest: reference.manifest.map(|digest| digest.to_string()),
    }
}

fn refused(refusal: &Refusal) -> Refused {
    let holder = |channel: &ChannelId, package: &Digest| Holder {
        channel: channel.to_string(),
        package: package.to_string(),
    };
    match refusal {
        Refusal::OtherContent { channel, ours, theirs, files } => Refused {
            kind: "other_content",
            ours: ours.map(|ours| ours.to_string()),
            published: vec![holder(channel, theirs)],
            files: files.clone(),
        },
        Refusal::ChannelsDisagree(holders) => Refused {
            kind: "channels_disagree",
            ours: None,
            published: holders.iter().map(|(channel, package)| holder(channel, package)).collect(),
            files: vec![],
        },
    }
}

fn missed(missed: &[Missed]) -> Vec<MissedVersion> {
    let missed = missed.iter().map(|missed| MissedVersion {
        chart: missed.is.name.to_string(),
        version: missed.is.version.to_string(),
        command: missed.command.clone(),
    });
    missed.collect()
}

fn left_out(failures: &[Failure]) -> Vec<LeftOut> {
    let left_out = failures
        .iter()
        .map(|failure| LeftOut { chart: failure.chart.clone(), problem: told(&failure.problem) });
    left_out.collect()
}

pub(super) fn told(problem: &Problem) -> Told {
    Told {
        what: problem.what.clone(),
        file: problem.place.as_ref().map(|place| place.file.clone()),
        line: problem.place.as_ref().and_then(|place| place.line),
        next: problem.next.clone(),
        run_again: problem.passing,
    }
}

/// Every word, with 0 where there is none: a reader can ask for `.counts.published` without asking whether it is there.
fn counts(words: &[&'static str], counted: &[(&'static str, usize)]) -> BTreeMap<String, usize> {
    let none = words.iter().map(|word| (*word, 0));
    none.chain(counted.iter().copied()).map(|(word, count)| (machine_word(word), count)).collect()
}

/// A word of ours as one token: `held_back`.
fn machine_word(word: &str) -> String {
    word.replace(' ', "_")
}

#[cfg(test)]
mod tests;
