//! From candidates to a plan: ask every channel, gather the facts that the decisions need, tell what was missed.

use super::Run;
use crate::{
    changes::{About, Candidate, CreatedFrom, Survey, Touched},
    charts::{ChartName, ChartVersion},
    doors::away::{blocking, guarded},
    holdings::{ChannelId, Held},
    packages::{self, Package},
    plan::{self, Case, Facts, Failure, Missed, Need, Next, Plan, Planned, Step},
    problem::Problem,
    report::Event,
};
use futures::{StreamExt, future::join_all, stream};
use std::collections::BTreeMap;

/// How many older versions of a chart are asked after at first, when the newest was never published.
const ASKED_BACK: usize = 16;

/// What would have to be done for these candidates, and why. Writes nothing.
pub async fn plan(run: &Run<'_>, survey: Survey) -> Plan {
    let candidates: Vec<Candidate> = survey.lanes.into_values().flatten().collect();
    let answers =
        ask(run, &candidates.iter().map(|candidate| candidate.is.clone()).collect::<Vec<_>>()).await;
    for channel in run.channels {
        run.watch.saw(Event::Looked(channel.id(), candidates.len()));
    }
    let cases = candidates.into_iter().zip(answers).map(|(candidate, held)| {
        let case =
            Case { is: candidate.is.clone(), asked: run.asked, held, ours: None, theirs: BTreeMap::new() };
        (candidate, case)
    });
    let settled: Vec<Settled> = stream::iter(cases)
        .map(|(candidate, case)| settle(run, candidate, case))
        .buffered(run.at_once)
        .collect()
        .await;
    let failure = |(about, problem): (About, Problem)| Failure { chart: about.to_string(), problem };
    let mut plan = Plan {
        notices: survey.notices,
        problems: survey.problems.into_iter().map(failure).collect(),
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

/// A candidate whose decision stands.
struct Settled {
    planned: Planned,
    served: bool,
    notices: Vec<Problem>,
}

/// What every channel holds of these versions: one list of answers for each version, in the order of the channels.
async fn ask(run: &Run<'_>, wanted: &[ChartVersion]) -> Vec<Vec<(ChannelId, Held)>> {
    let mut answers = vec![Vec::with_capacity(run.channels.len()); wanted.len()];
    if wanted.is_empty() {
        return answers;
    }
    let looks = join_all(run.channels.iter().map(|channel| channel.look(wanted))).await;
    for (channel, held) in run.channels.iter().zip(looks) {
        for (answer, held) in answers.iter_mut().zip(held) {
            answer.push((channel.id().clone(), held));
        }
    }
    answers
}

/// The only loop between deciding and asking.
async fn settle(run: &Run<'_>, candidate: Candidate, mut case: Case) -> Settled {
    let served = case.held.iter().any(|(_, held)| !matches!(held, Held::Absent));
    let mut notices = Vec::new();
    let mut depends_on = Vec::new();
    let decision = loop {
        let need = match plan::decide(&case) {
            Next::Decided(decision) => break decision,
            Next::Need(need) => need,
        };
        let doing = format!("packaging {}", candidate.is);
        match guarded(&doing, gather(run, &candidate, &case, &need)).await {
            Ok((package, told)) => {
                notices.extend(told);
                let facts = Facts { digest: package.digest, contents: package.contents };
                match need {
                    Need::OurPackage => {
                        depends_on = dependencies(&package.metadata);
                        case.ours = Some(facts);
                    }
                    Need::TheirPackage(channel) => {
                        case.theirs.insert(channel, facts);
                    }
                }
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
    notes.extend(unreleased(&candidate, &case));
    let created = case.created().unwrap_or(candidate.created);
    if case.created().is_none() && decision.steps.values().any(Step::writes) {
        notices.extend(too_shallow(&candidate));
    }
    let planned = Planned {
        path: candidate.origin.path().to_owned(),
        commit: candidate.origin.commit().map(ToOwned::to_owned),
        created,
        revision: candidate.introduced_by,
        depends_on,
        package: decision.bytes.digest().or_else(|| case.published()),
        bytes: decision.bytes,
        steps: decision.steps,
        notes,
        is: candidate.is,
    };
    Settled { planned, served, notices }
}

/// One fact, by the cheapest way.
async fn gather(
    run: &Run<'_>,
    candidate: &Candidate,
    case: &Case,
    need: &Need,
) -> Result<(Package, Vec<Problem>), Problem> {
    match need {
        Need::OurPackage => {
            let (package, notices) = run.source.package(candidate).await?;
            run.watch.saw(Event::Packed(&candidate.is, package.bytes.len() as u64));
            tokio::task::block_in_place(|| run.shelf.put(&package.bytes))
                .map_err(|error| Problem::new(format!("{error:#}")))?;
            Ok((package, notices))
        }
        Need::TheirPackage(id) => {
            let held = case.held.iter().find(|(channel, _)| channel == id);
            let holding = held.and_then(|(_, held)| held.holding());
            let fetched = run.fetch(id, &candidate.is, holding).await?;
            let package =
                blocking("reading a published package", move || packages::unpack(fetched.bytes)).await?;
            Ok((package, Vec::new()))
        }
    }
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

fn dependencies(metadata: &crate::charts::Metadata) -> Vec<ChartName> {
    metadata.dependencies.iter().map(|dependency| ChartName::new(&dependency.name)).collect()
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
    published.then(|| format!("unreleased changes since {} ({count})", candidate.is.version))
}

/// The older versions that no channel has, for charts whose newest versions are not published either: from each back to
/// the first that is. A chart of which nothing was ever published is new here, and missed nothing.
async fn missed(run: &Run<'_>, settled: &[Settled]) -> Result<Vec<Missed>, Problem> {
    let mut charts: BTreeMap<ChartName, bool> = BTreeMap::new();
    for one in settled {
        *charts.entry(one.planned.is.name.clone()).or_default() |= one.served;
    }
    let planned = |is: &ChartVersion| settled.iter().any(|one| one.planned.is == *is);
    let mut unserved: Vec<ChartName> =
        charts.into_iter().filter(|(_, served)| !served).map(|(name, _)| name).collect();
    let mut missed = Vec::new();
    let mut back = ASKED_BACK;
    while !unserved.is_empty() {
        let earlier = run.source.earlier(std::mem::take(&mut unserved), back).await?;
        for (name, versions) in earlier {
            let all = versions.len() < back;
            let versions: Vec<ChartVersion> =
                versions.into_iter().map(|earlier| earlier.is).filter(|is| !planned(is)).collect();
            let answers = ask(run, &versions).await;
            let published = |answer: &Vec<(ChannelId, Held)>| {
                answer.iter().any(|(_, held)| !matches!(held, Held::Absent))
            };
            match answers.iter().position(published) {
                Some(at) => missed.extend(versions.into_iter().take(at).map(|is| {
                    let command = format!("chart-release publish {is}");
                    Missed { is, command }
                })),
                None if !all => unserved.push(name),
                None => {}
            }
        }
        back *= 4;
    }
    Ok(missed)
}
