//! What is still to do, wave by wave. Pure.
//!
//! A wave holds at most one version of a chart, and no chart together with one that it depends on. So inside a wave
//! there is no order, and whoever sees a version anywhere knows that its elders are everywhere.

use crate::{
    charts::{ChartName, ChartVersion},
    plan::{Plan, Planned, Step},
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The most versions that go through the channels together.
const WAVE: usize = 50;

/// The versions of a plan that were not in a wave yet, chart by chart, the oldest first.
#[derive(Debug, Default)]
pub struct Ahead {
    lanes: BTreeMap<ChartName, VecDeque<Planned>>,
    /// Charts of which a version failed, and which one: nothing younger and nothing that depends on it goes out.
    failed: BTreeMap<ChartName, ChartVersion>,
    held_back: Vec<(Planned, ChartVersion)>,
}

impl Ahead {
    /// Everything of this plan that has steps to be carried out. What is refused or stopped counts as failed at once;
    /// both those and the versions that are kept are returned beside it.
    pub fn of(plan: &Plan) -> (Self, Vec<Planned>) {
        let mut ahead = Self::default();
        let mut settled = Vec::new();
        for planned in &plan.versions {
            let steps = &planned.steps;
            if steps.values().any(Step::blocks) {
                ahead.failed.entry(planned.is.name.clone()).or_insert_with(|| planned.is.clone());
                settled.push(planned.clone());
            } else if !steps.values().any(Step::writes) {
                settled.push(planned.clone());
            } else if let Some(elder) = ahead.failed.get(&planned.is.name) {
                ahead.held_back.push((planned.clone(), elder.clone()));
            } else {
                ahead.lanes.entry(planned.is.name.clone()).or_default().push_back(planned.clone());
            }
        }
        (ahead, settled)
    }

    /// The versions that go next; empty when all is done.
    pub fn next_wave(&mut self) -> Vec<Planned> {
        self.hold_back_dependents();
        let waiting: BTreeSet<ChartName> = self.lanes.keys().cloned().collect();
        let ready = |planned: &Planned| {
            !planned.depends_on.iter().any(|name| *name != planned.is.name && waiting.contains(name))
        };
        let mut names: Vec<ChartName> = self
            .lanes
            .iter()
            .filter(|(_, lane)| lane.front().is_some_and(ready))
            .map(|(name, _)| name.clone())
            .collect();
        if names.is_empty() {
            // Charts that depend on each other in a circle: some order is better than none.
            names.extend(self.lanes.keys().next().cloned());
        }
        names.truncate(WAVE);
        let wave = names.iter().filter_map(|name| self.lanes.get_mut(name)?.pop_front()).collect();
        self.lanes.retain(|_, lane| !lane.is_empty());
        wave
    }

    /// Says that this version could not be published everywhere.
    pub fn failed(&mut self, is: &ChartVersion) {
        self.failed.entry(is.name.clone()).or_insert_with(|| is.clone());
    }

    /// What was not tried, and the version that it waits for.
    pub fn held_back(self) -> Vec<(Planned, ChartVersion)> {
        self.held_back
    }

    fn hold_back_dependents(&mut self) {
        loop {
            let blocked: Vec<(ChartName, ChartVersion)> = self
                .lanes
                .iter()
                .filter_map(|(name, lane)| {
                    let needed = lane.iter().flat_map(|planned| &planned.depends_on);
                    let failed =
                        std::iter::once(name).chain(needed).find_map(|name| self.failed.get(name))?;
                    Some((name.clone(), failed.clone()))
                })
                .collect();
            if blocked.is_empty() {
                return;
            }
            for (name, failed) in blocked {
                let lane = self.lanes.remove(&name).unwrap_or_default();
                self.held_back.extend(lane.into_iter().map(|planned| (planned, failed.clone())));
                self.failed.entry(name).or_insert(failed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{holdings::ChannelId, plan::Bytes, problem::Problem};

    fn planned(is: &str, depends_on: &[&str], step: Step) -> Planned {
        let (name, version) = is.split_once('@').expect("name@version");
        Planned {
            is: ChartVersion::new(name, version),
            path: format!("charts/{name}"),
            commit: None,
            created: 0,
            revision: None,
            depends_on: depends_on.iter().map(ChartName::new).collect(),
            bytes: Bytes::None,
            made: BTreeSet::new(),
            package: None,
            steps: BTreeMap::from([(ChannelId("folder:published".into()), step)]),
            notes: Vec::new(),
            version_line: None,
        }
    }

    fn put(is: &str, depends_on: &[&str]) -> Planned {
        planned(is, depends_on, Step::Put)
    }

    fn ahead(versions: Vec<Planned>) -> Ahead {
        Ahead::of(&Plan { versions, ..Plan::default() }).0
    }

    fn names(wave: &[Planned]) -> Vec<String> {
        wave.iter().map(|planned| planned.is.to_string()).collect()
    }

    #[test]
    fn a_wave_has_one_version_of_a_chart_and_the_elder_goes_first() {
        let mut ahead = ahead(vec![put("a@1", &[]), put("a@2", &[]), put("b@1", &[])]);
        assert_eq!(names(&ahead.next_wave()), ["a@1", "b@1"]);
        assert_eq!(names(&ahead.next_wave()), ["a@2"]);
        assert!(ahead.next_wave().is_empty());
    }

    #[test]
    fn a_chart_waits_for_all_versions_of_what_it_depends_on() {
        let mut ahead = ahead(vec![put("app@1", &["lib"]), put("lib@1", &[]), put("lib@2", &[])]);
        assert_eq!(names(&ahead.next_wave()), ["lib@1"]);
        assert_eq!(names(&ahead.next_wave()), ["lib@2"]);
        assert_eq!(names(&ahead.next_wave()), ["app@1"]);
    }

    #[test]
    fn a_circle_of_charts_still_ends() {
        let mut ahead = ahead(vec![put("a@1", &["b"]), put("b@1", &["a"]), put("c@1", &["c"])]);
        let waves: Vec<_> =
            std::iter::from_fn(|| Some(names(&ahead.next_wave())).filter(|wave| !wave.is_empty())).collect();
        assert_eq!(waves, [vec!["c@1"], vec!["a@1"], vec!["b@1"]]);
    }

    #[test]
    fn a_failure_holds_back_younger_versions_and_dependents_of_dependents() {
        let mut ahead = ahead(vec![
            put("a@1", &[]),
            put("a@2", &[]),
            put("b@1", &["a"]),
            put("c@1", &["b"]),
            put("d@1", &[]),
        ]);
        assert_eq!(names(&ahead.next_wave()), ["a@1", "d@1"]);
        ahead.failed(&ChartVersion::new("a", "1"));
        assert!(ahead.next_wave().is_empty());
        let held: Vec<_> =
            ahead.held_back().iter().map(|(planned, by)| format!("{} by {by}", planned.is)).collect();
        assert_eq!(held, ["a@2 by a@1", "b@1 by a@1", "c@1 by a@1"]);
    }

    #[test]
    fn what_the_plan_stops_holds_back_from_the_start() {
        let stopped = planned("a@1", &[], Step::Stop(Problem::new("unknown")));
        let (mut ahead, settled) = Ahead::of(&Plan {
            versions: vec![stopped, put("a@2", &[]), put("b@1", &["a"])],
            ..Plan::default()
        });
        assert_eq!(names(&settled), ["a@1"]);
        assert!(ahead.next_wave().is_empty());
        assert_eq!(ahead.held_back().len(), 2);
    }

    #[test]
    fn a_wave_is_not_larger_than_fifty() {
        let mut ahead = ahead((0..60).map(|n| put(&format!("chart-{n}@1"), &[])).collect());
        assert_eq!(ahead.next_wave().len(), 50);
        assert_eq!(ahead.next_wave().len(), 10);
    }
}
