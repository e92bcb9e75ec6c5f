//! The proof that every channel may be written to, before the first write anywhere.

use super::Run;
use crate::{
    channels::Channel,
    charts::ChartName,
    holdings::ChannelId,
    plan::{Plan, Planned, Step},
    problem::Problem,
};
use futures::future::join_all;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Which channels may not be written to, though the plan has something for them. Asked before anything is written.
pub(super) async fn prove(run: &Run<'_>, plan: &Plan) -> BTreeMap<ChannelId, Problem> {
    let missing = join_all(run.channels.iter().map(|channel| channel.missing())).await;
    let (there, to_make): (Vec<_>, Vec<_>) =
        run.channels.iter().zip(missing).partition(|(_, missing)| missing.is_none());
    let barred = prove_each(plan, there.into_iter().map(|(channel, _)| channel)).await;
    match barred.is_empty() {
        // The proof of a place that is missing is to make it, which is a write: only when all others may be written to.
        true => prove_each(plan, to_make.into_iter().map(|(channel, _)| channel)).await,
        false => barred,
    }
}

async fn prove_each<'c>(
    plan: &Plan,
    channels: impl Iterator<Item = &'c Arc<dyn Channel>>,
) -> BTreeMap<ChannelId, Problem> {
    let proofs = channels.map(|channel| async move {
        let writes = |planned: &&Planned| planned.steps.get(channel.id()).is_some_and(Step::writes);
        let charts: BTreeSet<ChartName> =
            plan.versions.iter().filter(writes).map(|planned| planned.is.name.clone()).collect();
        if charts.is_empty() {
            return None;
        }
        let charts: Vec<ChartName> = charts.into_iter().collect();
        Some((channel.id().clone(), channel.prove(&charts).await.err()?))
    });
    join_all(proofs).await.into_iter().flatten().collect()
}
