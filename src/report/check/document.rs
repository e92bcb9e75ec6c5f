//! The JSON document of a check, `chart-release/check/1`. What [`documents`](super::super::documents) says of fields
//! holds here, too.

use super::{Check, ComparedWith, Finding, Severity};
use crate::report::documents::{PlannedVersion, Told, planned_version, told};
use serde::Serialize;
use std::collections::BTreeMap;

/// The `schema` of a check.
pub const CHECK: &str = "chart-release/check/1";

/// What `chart-release check --json` prints.
#[derive(Debug, Serialize)]
pub struct CheckDocument {
    /// `chart-release/check/1`.
    pub schema: &'static str,
    /// The exit code of the command.
    pub exit_code: u8,
    /// Findings by severity: `error`, `notice`.
    pub counts: BTreeMap<&'static str, usize>,
    /// What the branch was compared with; `null` where there was nothing.
    pub base: Option<Base>,
    /// Errors first; of one severity by chart.
    pub findings: Vec<Found>,
    /// The versions that a merge would publish, as in a plan.
    pub publishes: Vec<PlannedVersion>,
    /// What is worth knowing about the run.
    pub notices: Vec<Told>,
}

/// What the branch was compared with.
#[derive(Debug, Serialize)]
pub struct Base {
    /// What was named, or found: `origin/main`.
    pub name: String,
    /// The commit where the branch left it.
    pub commit: String,
}

/// One finding.
#[derive(Debug, Serialize)]
pub struct Found {
    /// `error` (this branch is the reason) or `notice`.
    pub severity: &'static str,
    /// `version_stays`, `version_published`, `version_lowered`, `no_package`, `not_for_registries`, `artifact_hub`,
    /// `other_source` or `unreleased`.
    pub rule: &'static str,
    /// Name of the chart, where it can be read.
    pub chart: Option<String>,
    /// Its version, as written.
    pub version: Option<String>,
    /// The chart's folder, relative to the repository's root; empty for the root itself.
    pub path: String,
    /// Other content is published under this version.
    pub published: bool,
    /// What, where, and what to do next.
    #[serde(flatten)]
    pub told: Told,
}

/// The document of a check.
pub fn check(check: &Check) -> CheckDocument {
    let count = |severity| (Severity::word(severity), check.of(severity).count());
    let base =
        |ComparedWith { name, commit }: &ComparedWith| Base { name: name.clone(), commit: commit.clone() };
    CheckDocument {
        schema: CHECK,
        exit_code: check.exit_code().number(),
        counts: [Severity::Error, Severity::Notice].into_iter().map(count).collect(),
        base: check.base.as_ref().map(base),
        findings: check.findings.iter().map(found).collect(),
        publishes: check.publishes.iter().map(planned_version).collect(),
        notices: check.notices.iter().map(told).collect(),
    }
}

fn found(finding: &Finding) -> Found {
    Found {
        severity: finding.severity.word(),
        rule: finding.rule.word(),
        chart: finding.is.as_ref().map(|is| is.name.to_string()),
        version: finding.is.as_ref().map(|is| is.version.to_string()),
        path: finding.path.clone(),
        published: finding.published,
        told: told(&finding.problem),
    }
}
