//! The words for steps and outcomes, chosen once: text and documents, plan and report use the same.

use super::{ExitCode, Outcome, Report};
use crate::{
    holdings::{Kind, Standing},
    plan::{Plan, Planned, Refusal, Step},
    problem::Problem,
};
use std::collections::BTreeSet;

/// The words for steps, in the order they are counted in.
pub(super) const STEPS: [&str; 7] = ["put", "finish", "attach", "keep", "omit", "refuse", "stop"];

/// The words for outcomes, in the order they are counted in.
pub(super) const OUTCOMES: [&str; 7] =
    ["published", "attached", "kept", "omitted", "refused", "stopped", "held back"];

/// All words, the most serious first: a version that is put in one channel and refused in another is refused.
const SERIOUS: [&str; 14] = [
    "stop",
    "stopped",
    "refuse",
    "refused",
    "held back",
    "put",
    "published",
    "finish",
    "attach",
    "attached",
    "keep",
    "kept",
    "omit",
    "omitted",
];

impl Step {
    /// `put`, `finish`, `attach`, `keep`, `omit`, `refuse` or `stop`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Finish(_) => "finish",
            Self::Attach(..) => "attach",
            Self::Keep(_) => "keep",
            Self::Omit => "omit",
            Self::Refuse(_) => "refuse",
            Self::Stop(_) => "stop",
        }
    }

    /// The reason, in a few words.
    pub fn why(&self) -> String {
        match self {
            Self::Put => "not published yet".into(),
            Self::Finish(holding) => match holding.standing {
                Standing::Served => "published, and a part that belongs to it is missing".into(),
                Standing::Placed | Standing::Claimed | Standing::Drafted => {
                    "an earlier run stopped half-way".into()
                }
            },
            Self::Attach(_, kinds) => format!("without its {}", named(kinds)),
            Self::Keep(_) => "already published".into(),
            Self::Omit => "public elsewhere, and a release would mail everybody: `backfill` makes it".into(),
            Self::Refuse(refusal) => refusal.why(),
            Self::Stop(problem) => problem.what.clone(),
        }
    }
}

impl Planned {
    /// Whether nothing is to be done for it, and nobody has to do anything.
    pub(super) fn is_quiet(&self) -> bool {
        self.steps.values().all(|step| matches!(step, Step::Keep(_) | Step::Omit))
    }
}

impl Outcome {
    /// Whether nothing was done, and nobody has to do anything.
    pub(super) fn is_quiet(&self) -> bool {
        matches!(self, Self::Kept(_) | Self::Omitted)
    }

    /// `published`, `attached`, `kept`, `omitted`, `refused`, `stopped` or `held back`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Kept(_) => "kept",
            Self::Omitted => "omitted",
            Self::Published(_) => "published",
            Self::Attached(_) => "attached",
            Self::Refused(_) => "refused",
            Self::Stopped(_) => "stopped",
            Self::HeldBack(_) => "held back",
        }
    }
}

impl Refusal {
    /// What stands against it, in a few words.
    pub fn why(&self) -> String {
        match self {
            Self::OtherContent { files, .. } => match files.as_slice() {
                [] => "other bytes are published, and not there to compare".into(),
                [file] => format!("other content is published: {file} differs"),
                files => format!("other content is published: {} files differ", files.len()),
            },
            Self::ChannelsDisagree(_) => "the channels hold different packages".into(),
        }
    }

    /// What stands against it, with all that helps to judge it, and the next step.
    pub fn problem(&self, planned: &Planned) -> Problem {
        let is = &planned.is;
        let place = planned.place();
        let chart_yaml = place.file.clone();
        let there = |what: String| Problem { place: Some(place), ..Problem::new(what) };
        match self {
            Self::OtherContent { channel, ours, theirs, files } => {
                let mut what = match files.as_slice() {
                    [] => format!(
                        "{channel} names other bytes for this version, and they are not there to compare"
                    ),
                    _ => format!("{channel} holds other content under this version"),
                };
                for file in files {
                    what += &format!("\n{file} differs");
                }
                what += &format!("\npublished:  {theirs}");
                if let Some(ours) = ours {
                    what += &format!("\nrepository: {ours}");
                }
                there(what).next(format!(
                    "raise `version` in {chart_yaml}: {} is published, and what is published never changes",
                    is.version
                ))
            }
            Self::ChannelsDisagree(holders) => {
                let mut what = String::from("the channels hold different packages under this version");
                for (channel, digest) in holders {
                    what += &format!("\n{channel}: {digest}");
                }
                there(what).next(format!(
                    "raise `version` in {chart_yaml}, so that every channel gets the same package; \
                     what is published as {} never changes",
                    is.version
                ))
            }
        }
    }
}

impl Plan {
    /// Versions by the most serious of their steps, in the order of [`STEPS`], without zeros.
    pub(super) fn counts(&self) -> Vec<(&'static str, usize)> {
        counted(&STEPS, self.versions.iter().map(|planned| planned.steps.values().map(Step::word)))
    }

    /// Whether there is nothing to do.
    pub(super) fn is_idle(&self) -> bool {
        self.exit_code() == ExitCode::Done && self.versions.iter().all(Planned::is_quiet)
    }
}

impl Report {
    /// Versions by the most serious of their outcomes, in the order of [`OUTCOMES`], without zeros.
    pub(super) fn counts(&self) -> Vec<(&'static str, usize)> {
        counted(&OUTCOMES, self.versions.iter().map(|(_, outcomes)| outcomes.values().map(Outcome::word)))
    }

    /// Whether there was nothing to do.
    pub(super) fn is_idle(&self) -> bool {
        let mut outcomes = self.versions.iter().flat_map(|(_, outcomes)| outcomes.values());
        self.exit_code() == ExitCode::Done && outcomes.all(Outcome::is_quiet)
    }
}

/// How often each word is the most serious of a version's words.
fn counted(
    words: &[&'static str],
    versions: impl Iterator<Item = impl Iterator<Item = &'static str>>,
) -> Vec<(&'static str, usize)> {
    let mut counts = vec![0; words.len()];
    for version in versions {
        let rank = |word: &&str| SERIOUS.iter().position(|serious| serious == word);
        if let Some(word) = version.min_by_key(rank)
            && let Some(at) = words.iter().position(|known| *known == word)
        {
            counts[at] += 1;
        }
    }
    words.iter().copied().zip(counts).filter(|(_, count)| *count > 0).collect()
}

fn named(kinds: &BTreeSet<Kind>) -> String {
    let names: Vec<_> = kinds.iter().map(|kind| kind.word()).collect();
    names.join(" and ")
}

impl Kind {
    /// `provenance`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Provenance => "provenance",
        }
    }
}

/// Values for the tests of this folder.
#[cfg(test)]
pub(super) mod samples {
    use crate::{
        charts::ChartVersion,
        digest::Digest,
        holdings::{ChannelId, Holding, Reference},
        plan::{Planned, Refusal, Step},
    };

    pub fn channel(text: &str) -> ChannelId {
        ChannelId(text.into())
    }

    pub fn reference() -> Reference {
        Reference::new("published/demo-1.0.0.tgz", Some(Digest::of(b"demo")))
    }

    pub fn holding() -> Holding {
        Holding {
            standing: crate::holdings::Standing::Served,
            package: Some(Digest::of(b"demo")),
            attached: [].into(),
            closed: false,
            created: Some(1_767_225_600),
            reference: reference(),
        }
    }

    pub fn begun() -> Holding {
        Holding { standing: crate::holdings::Standing::Placed, ..holding() }
    }

    pub fn refusal() -> Refusal {
        Refusal::OtherContent {
            channel: channel("folder:published"),
            ours: Some(Digest::of(b"ours")),
            theirs: Digest::of(b"theirs"),
            files: vec!["templates/service.yaml".into(), "values.yaml".into()],
        }
    }

    /// A version in `charts/<name>`, with these steps.
    pub fn planned(is: &str, steps: &[(&str, Step)]) -> Planned {
        let (name, version) = is.split_once('@').unwrap();
        Planned {
            is: ChartVersion::new(name, version),
            path: format!("charts/{name}"),
            version_line: None,
            commit: None,
            created: 1_767_225_600,
            revision: None,
            depends_on: vec![],
            bytes: crate::plan::Bytes::None,
            made: [].into(),
            package: None,
            steps: steps.iter().map(|(id, step)| (channel(id), step.clone())).collect(),
            notes: vec![],
        }
    }
}
