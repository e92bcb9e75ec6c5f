//! Older versions that were never published: told, not published.

use super::{
    Run,
    ask::{Answer, ask},
    settle::Settled,
};
use crate::{
    charts::{ChartName, ChartVersion},
    holdings::Held,
    plan::Missed,
    problem::Problem,
};
use futures::{StreamExt, stream};
use std::collections::BTreeMap;

/// How many older versions of a chart are asked after at first, when the newest was never published.
const ASKED_BACK: usize = 16;

/// The older versions that no channel has, for charts whose newest versions are not published either: from each back to
/// the first that is. A chart of which nothing was ever published is new here, and missed nothing.
pub(super) async fn missed(run: &Run<'_>, settled: &[Settled]) -> Result<Vec<Missed>, Problem> {
    let mut charts: BTreeMap<ChartName, bool> = BTreeMap::new();
    for one in settled {
        *charts.entry(one.planned.is.name.clone()).or_default() |= one.served;
    }
    let planned = |is: &ChartVersion| settled.iter().any(|one| one.planned.is == *is);
    let unserved = charts.into_iter().filter(|(_, served)| !served).map(|(name, _)| name).collect();
    let mut unserved = known_somewhere(run, unserved).await?;
    let mut missed = Vec::new();
    let mut back = ASKED_BACK;
    while !unserved.is_empty() {
        let earlier = run.source.earlier(std::mem::take(&mut unserved), back).await?;
        let of_each: Vec<(ChartName, bool, Vec<ChartVersion>)> = earlier
            .into_iter()
            .map(|(name, versions)| {
                let all = versions.len() < back;
                let versions = versions.into_iter().map(|earlier| earlier.is).filter(|is| !planned(is));
                (name, all, versions.collect())
            })
            .collect();
        let wanted: Vec<ChartVersion> =
            of_each.iter().flat_map(|(_, _, versions)| versions).cloned().collect();
        let mut answers = ask(run, &wanted).await.into_iter();
        for (name, all, versions) in of_each {
            let published = |answer: Answer| answer.iter().any(|(_, held)| !matches!(held, Held::Absent));
            let answers: Vec<Answer> = answers.by_ref().take(versions.len()).collect();
            match answers.into_iter().position(published) {
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

/// Of these charts, those of which some channel holds any version: one question for each, not one for each version.
async fn known_somewhere(run: &Run<'_>, charts: Vec<ChartName>) -> Result<Vec<ChartName>, Problem> {
    let known: Vec<Result<bool, Problem>> =
        stream::iter(&charts).map(|chart| is_known(run, chart)).buffered(run.at_once).collect().await;
    let mut found = Vec::new();
    for (chart, known) in charts.iter().zip(known) {
        if known? {
            found.push(chart.clone());
        }
    }
    Ok(found)
}

async fn is_known(run: &Run<'_>, chart: &ChartName) -> Result<bool, Problem> {
    for channel in run.channels {
        if channel.in_use(std::slice::from_ref(chart)).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
