//! Packaging as Helm does, with everything that charts depend on: made-up charts with every kind of dependency, our
//! samples, and the charts of real repositories.

mod compared;
mod corpora;
mod odd;
mod packers;

use crate::{report::Report, world::World};
use anyhow::Result;
use compared::Difference;
use odd::Happens;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// How many packages were compared, and what of that is on the list.
#[derive(Default)]
struct Counted {
    charts: usize,
    compared: usize,
    equal: usize,
    refused: usize,
    listed: BTreeMap<&'static str, usize>,
}

/// `corpora`: the folder with the bundles of real repositories; none: they are left out.
pub fn check(world: &World, corpora: Option<&Path>, report: &mut Report) -> Result<()> {
    report.heading("Charts with every kind of dependency, as Helm packages them");
    compared::damage(report)?;
    odd::check(world, report)?;
    report.heading(match corpora {
        Some(_) => "The samples and the charts of real repositories, as Helm packages them",
        None => "The samples, as Helm packages them; not the charts of real repositories, as nobody named --corpora",
    });
    corpora::check(world, corpora, report)
}

impl Counted {
    /// One comparison, which is as it has to be; `reason` is that of an entry of the list.
    fn count(&mut self, happened: Happens, differences: BTreeSet<Difference>, reason: Option<&'static str>) {
        self.compared += 1;
        self.refused += usize::from(happened == Happens::AllRefuse);
        self.equal += usize::from(happened == Happens::Same && differences.is_empty());
        for reason in differences.into_iter().map(Difference::reason).chain(reason) {
            *self.listed.entry(reason).or_default() += 1;
        }
    }

    /// One line for people, and one for each entry of the list.
    fn tell(&self) {
        println!(
            "          {} charts, {} comparisons: {} equal in every byte and in order, {} refused by all, and on the list:",
            self.charts, self.compared, self.equal, self.refused
        );
        for (reason, count) in &self.listed {
            println!("          {count:>6}  {reason}");
        }
    }
}
