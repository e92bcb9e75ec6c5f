//! From candidates to a plan: ask every channel, gather the facts that the decisions need, tell what was missed.

use super::{
    AtHand, Run,
    ask::{Answer, ask, begun_before, mistrust_missing},
    family::Family,
    missed::missed,
};
use crate::{
    changes::{About, Candidate, CreatedFrom, Survey, Touched},
    channels::Fetched,
    charts::{ChartName, ChartVersion},
    doors::away::{blocking, guarded},
    holdings::{ChannelId, Exposure, Held, Kind},
    packages::{self, Contents},
    plan::{self, Case, Facts, Failure, Need, Next, Ours, Plan, Planned, Step},
    problem::Problem,
    report::Event,
};
use futures::{StreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};

/// What would have to be done for these candidates, and why. Writes nothing.
pub async fn plan(run: &Run<'_>, survey: Survey) -> Plan {
    let candidates: Vec<Candidate> = survey.lanes.into_values().flatten().collect();
    let wanted: Vec<ChartVersion> = candidates.iter().map(|candidate| candidate.is.clone()).collect();
    let mut answers = ask(run, &wanted).await;
    mistrust_missing(run, &wanted, &mut answers).await;
    let (begun, unasked) = match run.sweep || run.only.is_some() {
        true => begun_before(run, &wanted, &answers).await,
        false => Default::default(),
    };
    for channel in run.channels {
        run.watch.saw(Event::Looked(channel.id(), candidates.len() + begun.len()));
    }
    let found =
        |about: &About| begun.iter().any(|(candidate, _)| *about == About::Version(candidate.is.clone()));
    // It was no candidate of the repository, and is one here.
    let problems = survey.problems.into_iter().filter(|(about, _)| !found(about));
    let problems: Vec<(About, Problem)> = problems.collect();
    // What was begun goes first: of one chart it is the elder.
    let begun = begun.into_iter().map(|(candidate, held)| (candidate, held, true));
    let current = candidates.into_iter().zip(answers).map(|(candidate, held)| (candidate, held, false));
    let cases = stream::iter(begun.chain(current)).map(async |(candidate, held, begun)| {
        let case = case(run, &candidate, held, begun).await;
        (candidate, case)
    });
    let cases: Vec<(Candidate, Case)> = cases.buffered(run.at_once).collect().await;
    let family = &Family::new(run, &cases);
    let settled: Vec<Settled> = stream::iter(cases)
        .map(|(candidate, case)| settle(run, family, candidate, case))
        .buffered(run.at_once)
        .collect()
        .await;
    let failure = |(about, problem): (About, Problem)| Failure { chart: about.to_string(), problem };
    let mut plan = Plan {
        notices: survey.notices.into_iter().chain(unasked).collect(),
        problems: problems.into_iter().map(failure).collect(),
        ..Plan::default()
    };
    if run.sweep {
        match missed(run, &settled).await {
            Ok(missed) => plan.missed = missed,
            Err(problem) => plan.notices.push(problem),
        }
    }
    plan.notices.extend(placeholders(&survey.placeholders));
    for one in settled {
        plan.notices.extend(one.notices);
        plan.versions.push(one.planned);
    }
    plan.versions.sort_by(|one, other| one.is.name.cmp(&other.is.name));
    run.watch.saw(Event::Decided {
        versions: plan.versions.iter().filter(|planned| planned.steps.values().any(Step::writes)).count(),
        writes: plan
            .versions
            .iter()
            .flat_map(|planned| planned.steps.values())
            .filter(|step| step.writes())
            .count(),
    });
    plan
}

/// Current versions that no sweep publishes, so that nobody waits for them.
fn placeholders(skipped: &[ChartVersion]) -> Option<Problem> {
    let names = skipped.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    (!skipped.is_empty()).then(|| {
        Problem::new(format!("placeholders are not published in a sweep: {names}"))
            .next("give the chart a version, or name it to publish it as it is")
    })
}

/// What is known of a candidate once the channels have answered. `begun`: by an earlier run, and no chart of the
/// repository now.
async fn case(run: &Run<'_>, candidate: &Candidate, held: Answer, begun: bool) -> Case {
    let spared =
        run.channels.iter().filter(|channel| channel.exposure() == Exposure::Release && !run.backfill);
    Case {
        is: candidate.is.clone(),
        asked: !begun && run.asked.includes(candidate, run.source).await,
        trusted: begun,
        spared: spared.map(|channel| channel.id().clone()).collect(),
        held,
        wanted: run.signer.iter().map(|_| Kind::Provenance).collect(),
        ours: None,
        whole: None,
        theirs: BTreeMap::new(),
    }
}

/// A candidate whose decision stands.
pub(super) struct Settled {
    pub planned: Planned,
    /// Some channel holds something of it.
    pub served: bool,
    notices: Vec<Problem>,
}

/// The only loop between deciding and asking.
async fn settle(run: &Run<'_>, family: &Family<'_>, candidate: Candidate, mut case: Case) -> Settled {
    let served = case.held.iter().any(|(_, held)| !matches!(held, Held::Absent));
    let mut notices = Vec::new();
    let mut depends_on = Vec::new();
    let mut said = None;
    let mut unsigned = None;
    let decision = loop {
        let need = match plan::decide(&case) {
            Next::Decided(decision) => break decision,
            Next::Need(need) => need,
        };
        let doing = format!("packaging {}", candidate.is);
        match guarded(&doing, gather(run, family, &candidate, &case, need)).await {
            Ok(Gathered::Ours { ours, needs, told }) => {
                case.ours = Some(ours);
                depends_on = needs;
                notices.extend(told);
            }
            Ok(Gathered::Whole(contents)) => case.whole = Some(contents),
            Ok(Gathered::Theirs { channel, facts, created }) => {
                case.theirs.insert(channel, facts);
                said = said.or(created);
            }
            Err(problem) if is_for_signing_only(&case) => {
                // What is published already stays as it is, and is finished: without a signature.
                case.wanted.clear();
                unsigned = Some(format!("not signed: {}", problem.what));
            }
            Err(problem) => break plan::stopped(&case, &problem),
        }
    };
    let decision = match candidate.created_from {
        CreatedFrom::NoCommit if decision.steps.values().any(Step::writes) => {
            plan::stopped(&case, &no_commit())
        }
        _ => decision,
    };
    let mut notes = decision.notes;
    notes.extend(unsigned);
    if let Some(note) = unreleased(&candidate, &case)
        && !is_published_as_it_is(run, &candidate, &case).await
    {
        notes.push(note);
    }
    let said = case.created().or(said);
    let created = said.unwrap_or(candidate.created);
    if said.is_none() && decision.steps.values().any(Step::writes) {
        notices.extend(too_shallow(&candidate));
    }
    let planned = Planned {
        path: candidate.origin.path().to_owned(),
        version_line: candidate.version_line,
        commit: candidate.origin.commit().map(ToOwned::to_owned),
        created,
        revision: candidate.introduced_by,
        depends_on,
        package: decision.bytes.digest().or_else(|| case.published()),
        bytes: decision.bytes,
        made: decision.made,
        steps: decision.steps,
        notes,
        is: candidate.is,
    };
    Settled { planned, served, notices }
}

/// One fact, and what was learnt with it.
enum Gathered {
    Ours {
        ours: Ours,
        /// The charts of the run that it depends on.
        needs: Vec<ChartName>,
        told: Vec<Problem>,
    },
    /// What our package contains with everything that is fetched for it.
    Whole(Contents),
    Theirs {
        channel: ChannelId,
        facts: Facts,
        /// The time that the package was published under, where its channel says it only now.
        created: Option<i64>,
    },
}

/// One fact, by the cheapest way.
async fn gather(
    run: &Run<'_>,
    family: &Family<'_>,
    candidate: &Candidate,
    case: &Case,
    need: Need,
) -> Result<Gathered, Problem> {
    match need {
        Need::OurContents => {
            let AtHand { digest, contents, metadata, notices } = run.source.at_hand(candidate).await?;
            let needs = family.needed_by(&candidate.is, &metadata);
            Ok(Gathered::Ours { ours: Ours { digest, contents }, needs, told: notices })
        }
        Need::OurPackage => {
            let made = family.ours(&candidate.is).await?;
            Ok(Gathered::Ours {
                ours: Ours { digest: Some(made.digest), contents: made.contents.clone() },
                needs: family.needed_by(&candidate.is, &made.metadata),
                told: made.notices.clone(),
            })
        }
        Need::OurWholePackage => {
            let made = family.ours(&candidate.is).await?;
            // Also what neither git nor a lock determines has to be what is published.
            Ok(Gathered::Whole(Contents { undetermined: BTreeSet::new(), ..made.contents.clone() }))
        }
        Need::TheirPackage(channel) => {
            let held = case.held.iter().find(|(id, _)| *id == channel);
            let holding = held.and_then(|(_, held)| held.holding());
            let Fetched { bytes, attached, created } = run.fetch(&channel, &candidate.is, holding).await?;
            let package = blocking("reading a published package", move || packages::unpack(bytes)).await?;
            let attached = attached.iter().map(|one| one.kind).collect();
            let facts = Facts { digest: package.digest, contents: package.contents, attached };
            Ok(Gathered::Theirs { channel, facts, created })
        }
    }
}

/// Whether everything is known but whether a signature may be made.
fn is_for_signing_only(case: &Case) -> bool {
    let unsigned = Case { wanted: BTreeSet::new(), ..case.clone() };
    !case.wanted.is_empty() && matches!(plan::decide(&unsigned), Next::Decided(_))
}

/// A version is published under the time of a commit, so there has to be one.
fn no_commit() -> Problem {
    Problem::new("the branch has no commit yet").next("commit the chart, then run again")
}

/// The time that a version is published under stays for ever, so a guess is told.
fn too_shallow(candidate: &Candidate) -> Option<Problem> {
    (candidate.created_from == CreatedFrom::HistoryTooShallow).then(|| {
        let what = format!(
            "the clone is too shallow to know the commit that introduced {}: it is published under the time of HEAD",
            candidate.is
        );
        Problem::new(what).next("fetch the whole history before publishing (fetch-depth: 0)")
    })
}

/// Rule 4: a chart that has moved on since its version was published is work in progress, and is told.
fn unreleased(candidate: &Candidate, case: &Case) -> Option<String> {
    let Touched::Files(files) = &candidate.touched else { return None };
    let published = case.held.iter().any(|(_, held)| matches!(held, Held::Present(_) | Held::Begun(_)));
    let count = match files.len() {
        0 => return None,
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    published.then(|| format!("{} {} ({count})", Planned::UNRELEASED, candidate.is.version))
}

/// Whether the chart makes the very package that is published, or the same content as far as it was read. Files that a
/// step makes before each run are not what git has, and need not be what has changed. Fetches nothing for it.
async fn is_published_as_it_is(run: &Run<'_>, candidate: &Candidate, case: &Case) -> bool {
    let Some(published) = case.published() else { return false };
    let ours = match &case.ours {
        Some(ours) => ours.clone(),
        // What is wrong with it is told when it is published.
        None => match guarded(&format!("packaging {}", candidate.is), run.source.at_hand(candidate)).await {
            Ok(AtHand { digest, contents, .. }) => Ours { digest, contents },
            Err(_) => return false,
        },
    };
    let read = case.theirs.values().find(|facts| facts.digest == published);
    ours.digest == Some(published)
        || read.is_some_and(|facts| facts.contents.differing(&ours.contents).is_empty())
}
