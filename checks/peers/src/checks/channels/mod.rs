//! Registries, a pages branch and a folder in one run, and those who read them.

mod adoption;
mod again;
mod branch;
mod digests;
mod pushed;
mod reading;

use crate::{
    everywhere::Everywhere,
    registry::{Access, Software},
    report::Report,
    repository::Repository,
    world::World,
};
use anyhow::{Context, Result, ensure};

/// The sample charts, one with a plus sign in its version, one with a `.helmignore`.
const CHARTS: [&str; 5] = ["heartbeat", "hello", "labels", "with-build", "choosy"];

const REGISTRIES: [(Software, Access); 4] = [
    (Software::Distribution2, Access::Docker),
    (Software::Distribution3, Access::Helm),
    (Software::Distribution3, Access::Option),
    (Software::Crane, Access::Anybody),
];

pub fn check(world: &World, report: &mut Report) -> Result<()> {
    let helm = world.peers.newest_helm();
    let repository = Repository::with_charts(world, helm, |name| CHARTS.contains(&name))?;
    let everywhere = Everywhere::open(world, &repository, &REGISTRIES).context("the channels")?;

    report.heading("Registries, pages and a folder in one run");
    report.check("a wrong password is told, and nothing is written anywhere", || wrong_password(&everywhere));
    everywhere.publish().context("could not publish to all channels")?;
    digests::check(&everywhere, report)?;
    report.heading("The artifacts beside those of `helm push`");
    pushed::check(&everywhere, report)?;
    report.heading("What both Helms read from registries and pages");
    reading::check(&everywhere, report)?;
    report.heading("The pages branch");
    branch::check(&everywhere, report)?;
    report.heading("All channels again, and with newer versions");
    again::check(&everywhere, report)?;
    report.heading("Channels that Helm filled");
    adoption::check(world, report)
}

/// The log-in of one registry is wrong: no other channel gets anything either.
fn wrong_password(everywhere: &Everywhere) -> Result<()> {
    let output = everywhere.publishing("wrong-password").output()?;
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.code() == Some(1), "it ended with {}:\n{said}", output.status);
    let guarded = everywhere.registries.iter().find(|registry| registry.access == Access::Option);
    let guarded = &guarded.context("no registry with a user by option")?.address;
    ensure!(said.contains(guarded.as_str()), "it does not say which registry:\n{said}");
    ensure!(!said.contains("wrong-password"), "it prints the password:\n{said}");
    ensure!(everywhere.tags()?.is_empty(), "there are tags: {:?}", everywhere.tags()?);
    ensure!(everywhere.pages.tip()?.is_none(), "there is a pages branch");
    ensure!(
        everywhere.folder.files()?.is_empty(),
        "there are files: {:?}",
        everywhere.folder.files()?.keys()
    );
    Ok(())
}
