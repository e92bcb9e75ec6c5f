//! What `check` tells: findings, and what a merge would publish.

mod document;

pub use document::{CHECK, CheckDocument, check as document};

use super::ExitCode;
use crate::{charts::ChartVersion, plan::Planned, problem::Problem};

/// The answer of `check`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// What the branch was compared with; `None` where there was nothing.
    pub base: Option<ComparedWith>,
    /// Errors first; of one severity by chart.
    pub findings: Vec<Finding>,
    /// The versions that a merge would publish, each with the channels that it would go to, as far as these could be asked.
    pub publishes: Vec<Planned>,
    /// What is worth knowing about the run: what could not be compared, which channels could not be asked.
    pub notices: Vec<Problem>,
}

/// What the branch was compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedWith {
    /// What was named, or found: `origin/main`.
    pub name: String,
    /// The commit where the branch left it, in hex.
    pub commit: String,
}

/// Something that would refuse or spoil a release, or that is worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether this branch is the reason.
    pub severity: Severity,
    /// What was looked for.
    pub rule: Rule,
    /// The chart, by its folder.
    pub path: String,
    /// What it is, where that can be read.
    pub is: Option<ChartVersion>,
    /// What, where, and what to do next.
    pub problem: Problem,
    /// Other content is published under this version (exit code 3).
    pub published: bool,
}

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It would refuse or spoil a release, and this branch is the reason.
    Error,
    /// The base has it already, or it is only worth knowing.
    Notice,
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// The content of a package changes, and its version stays.
    VersionStays,
    /// Other content is published under the version.
    VersionPublished,
    /// The version is lower than before.
    VersionLowered,
    /// No package can be made.
    NoPackage,
    /// A registry takes no artifact with this name or version.
    NotForRegistries,
    /// Artifact Hub would drop the version.
    ArtifactHub,
    /// The first of the `sources` is another repository.
    OtherSource,
    /// The chart has moved on since its version was published.
    Unreleased,
}

impl Severity {
    /// `error` or `notice`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Notice => "notice",
        }
    }
}

impl Rule {
    /// One word for machines.
    pub fn word(self) -> &'static str {
        match self {
            Self::VersionStays => "version_stays",
            Self::VersionPublished => "version_published",
            Self::VersionLowered => "version_lowered",
            Self::NoPackage => "no_package",
            Self::NotForRegistries => "not_for_registries",
            Self::ArtifactHub => "artifact_hub",
            Self::OtherSource => "other_source",
            Self::Unreleased => "unreleased",
        }
    }
}

impl Finding {
    /// `name@version`, or the folder of a chart that cannot be read.
    pub fn subject(&self) -> String {
        match &self.is {
            Some(is) => is.to_string(),
            None if self.path.is_empty() => ".".into(),
            None => self.path.clone(),
        }
    }
}

impl Check {
    /// The findings of this severity.
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.severity == severity)
    }

    /// What `check` ends with: notices are no reason to act.
    pub fn exit_code(&self) -> ExitCode {
        let codes = self.of(Severity::Error).map(|finding| match finding.published {
            true => ExitCode::Refused,
            false => ExitCode::of(&finding.problem),
        });
        codes.min().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(findings: &[(Severity, bool)]) -> u8 {
        let finding = |(severity, published): &(Severity, bool)| Finding {
            severity: *severity,
            rule: Rule::VersionStays,
            path: "charts/demo".into(),
            is: None,
            problem: Problem::new("it stays"),
            published: *published,
        };
        Check { findings: findings.iter().map(finding).collect(), ..Check::default() }.exit_code().number()
    }

    #[test]
    fn somebody_must_act_goes_before_other_content_and_a_notice_is_no_reason() {
        use Severity::{Error, Notice};
        assert_eq!(ends(&[]), 0);
        assert_eq!(ends(&[(Notice, false), (Notice, true)]), 0);
        assert_eq!(ends(&[(Notice, false), (Error, true)]), 3);
        assert_eq!(ends(&[(Error, true), (Error, false)]), 1);
    }
}
