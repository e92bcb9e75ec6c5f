//! Charts that wait for each other: told, before anybody waits for ever.

use crate::{charts::ChartVersion, problem::Problem};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Which chart of this run waits for which.
#[derive(Debug, Default)]
pub(super) struct Waits(Mutex<BTreeMap<ChartVersion, BTreeSet<ChartVersion>>>);

/// One chart waits for another, until this is dropped.
#[derive(Debug)]
pub(super) struct Wait<'a> {
    waits: &'a Waits,
    chart: ChartVersion,
    on: ChartVersion,
}

impl Waits {
    /// Begins to wait.
    ///
    /// # Errors
    /// The other one waits for this one, itself or through others: the circle.
    pub(super) fn begin(&self, chart: &ChartVersion, on: &ChartVersion) -> Result<Wait<'_>, Problem> {
        let mut waits = self.lock();
        if let Some(way) = way(&waits, on, chart) {
            let names: Vec<String> = std::iter::once(chart).chain(&way).map(ToString::to_string).collect();
            let what = format!("the charts depend on each other: {}", names.join(" → "));
            return Err(Problem::new(what).next("take one of these dependencies out"));
        }
        waits.entry(chart.clone()).or_default().insert(on.clone());
        Ok(Wait { waits: self, chart: chart.clone(), on: on.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ChartVersion, BTreeSet<ChartVersion>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut waits = self.waits.lock();
        if let Some(others) = waits.get_mut(&self.chart) {
            others.remove(&self.on);
            if others.is_empty() {
                waits.remove(&self.chart);
            }
        }
    }
}

/// The charts from one that somebody waits for to another.
fn way(
    waits: &BTreeMap<ChartVersion, BTreeSet<ChartVersion>>,
    from: &ChartVersion,
    to: &ChartVersion,
) -> Option<Vec<ChartVersion>> {
    let mut seen = BTreeSet::new();
    let mut ways = vec![vec![from.clone()]];
    while let Some(way) = ways.pop() {
        let Some(last) = way.last() else { continue };
        if last == to {
            return Some(way);
        }
        if seen.insert(last.clone()) {
            let next = waits.get(last).into_iter().flatten();
            ways.extend(next.map(|next| way.iter().chain([next]).cloned().collect()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_would_wait_for_itself_is_told_and_others_wait() {
        let waits = Waits::default();
        let [a, b, c] = ["a", "b", "c"].map(|name| ChartVersion::new(name, "1.0.0"));
        assert!(waits.begin(&a, &a).is_err());
        let first = waits.begin(&a, &b).unwrap();
        let _second = waits.begin(&b, &c).unwrap();
        let problem = waits.begin(&c, &a).unwrap_err();
        assert_eq!(problem.what, "the charts depend on each other: c@1.0.0 → a@1.0.0 → b@1.0.0 → c@1.0.0");
        drop(first);
        waits.begin(&c, &a).unwrap();
    }
}
