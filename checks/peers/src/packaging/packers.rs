//! Who packages: Helm 3 and Helm 4 with what they fetch, and the program, all of them from the same internet.

use super::compared::{Outcome, Package};
use crate::{commands::run, internet::Internet, peers::Helm, repository::Chart, world::World};
use anyhow::{Context, Result};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

/// How the versions of dependencies are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// `helm package --dependency-update`, and our `package --dependencies update`.
    Update,
    /// `helm dependency build` and `helm package`, and our `package`: as the lock says, where there is one.
    Build,
}

impl Way {
    pub const ALL: [Self; 2] = [Self::Update, Self::Build];

    pub fn name(self) -> &'static str {
        match self {
            Self::Update => "updated",
            Self::Build => "built",
        }
    }

    /// What is added to our `package`.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Update => &["--dependencies", "update"],
            Self::Build => &[],
        }
    }
}

/// All three, on one internet.
pub struct Packers<'a> {
    pub world: &'a World,
    pub internet: &'a Internet,
    /// Helm's folder for what people have set up.
    config: PathBuf,
}

/// What Helm made of a chart.
pub struct ByHelm {
    pub outcome: Outcome,
    /// It wrote the chart's lock in this run, rather than finding it as it would have written it.
    pub lock_was_made: bool,
}

impl<'a> Packers<'a> {
    /// `repositories`: name and address of what people added with `helm repo add`. `helm dependency build` insists on it.
    pub fn new<'r>(
        world: &'a World,
        internet: &'a Internet,
        repositories: impl IntoIterator<Item = (String, &'r str)>,
    ) -> Result<Self> {
        let mut text = "apiVersion: \"\"\ngenerated: \"0001-01-01T00:00:00Z\"\nrepositories:\n".to_owned();
        for (name, url) in repositories {
            text += &format!("- name: {name}\n  url: {url}\n");
        }
        let config = world.folder("config")?;
        fs::write(config.join("repositories.yaml"), text)?;
        Ok(Self { world, internet, config })
    }

    /// What the program makes of charts of a repository, which stays as it is; by their folders.
    pub fn by_us(
        &self,
        words: &[&str],
        repository: &Path,
        charts: &[Chart],
    ) -> Result<BTreeMap<PathBuf, Outcome>> {
        let scratch = self.world.folder("ours")?;
        let into = scratch.join("packages");
        let mut command = self.world.program.packaging(repository, &into);
        self.internet.reached_by(&mut command);
        // A cache of its own: what an earlier run has fetched would hide what this one does.
        command.env("HELM_CONFIG_HOME", &self.config).env("XDG_CACHE_HOME", &scratch).args(words);
        for chart in charts {
            command.arg("--charts").arg(chart.folder.strip_prefix(repository)?);
        }
        command.args(charts.iter().map(|chart| &chart.name));
        let said = run(&mut command).map_or_else(|error| format!("{error:#}"), |_| "nothing".to_owned());
        let outcome = |chart: &Chart| {
            let file = into.join(format!("{}-{}.tgz", chart.name, chart.version));
            let outcome = if file.is_file() { Ok(Package::read(&file)?) } else { Err(said.clone()) };
            Ok((chart.folder.clone(), outcome))
        };
        charts.iter().map(outcome).collect()
    }

    /// Lets both Helms work at the same time, each in a folder of its own.
    pub fn by_helms<T: Send>(
        &'a self,
        work: impl Fn(&Working) -> Result<T> + Sync,
    ) -> Result<Vec<(&'a Helm, T)>> {
        let workings = self.world.peers.helms.iter().map(|helm| {
            let (internet, config) = (self.internet, self.config.as_path());
            Ok(Working { helm, internet, config, folder: self.world.folder("helm")? })
        });
        let workings = workings.collect::<Result<Vec<_>>>()?;
        thread::scope(|scope| {
            let work = &work;
            let threads: Vec<_> =
                workings.iter().map(|working| (working.helm, scope.spawn(move || work(working)))).collect();
            let ended = threads
                .into_iter()
                .map(|(helm, thread)| Ok((helm, thread.join().expect("a thread that does not panic")?)));
            ended.collect()
        })
    }
}

/// One Helm at work.
pub struct Working<'a> {
    helm: &'a Helm,
    internet: &'a Internet,
    config: &'a Path,
    /// New, for whatever is needed.
    pub folder: PathBuf,
}

impl Working<'_> {
    /// Helm with a home in this folder, where nothing is kept from before.
    pub fn command(&self, home: &Path, words: &[&str]) -> Command {
        let mut command = self.helm.command_at(home);
        self.internet.reached_by(&mut command).env("HELM_CONFIG_HOME", self.config).args(words);
        command
    }

    /// Packages a folder with a chart, which is changed by that.
    pub fn package(&self, way: Way, chart: &Path, home: &Path) -> Result<ByHelm> {
        fs::create_dir_all(home)?;
        let before = lock(chart)?;
        let into = home.join("package");
        let package = |words: &[&str]| {
            self.helm.new_file(&into, self.command(home, words).arg("--destination").arg(&into).arg(chart))
        };
        let made = match way {
            Way::Update => package(&["package", "--dependency-update"]),
            Way::Build => run(self.command(home, &["dependency", "build"]).arg(chart))
                .and_then(|_| package(&["package"])),
        };
        let outcome = match made {
            Ok(file) => Ok(Package::read(&file)?),
            Err(said) => Err(format!("{said:#}")),
        };
        let after = lock(chart)?;
        Ok(ByHelm { outcome, lock_was_made: after.is_some() && after != before })
    }
}

/// The text of the lock that a chart's folder has.
pub fn lock(chart: &Path) -> Result<Option<Vec<u8>>> {
    for name in ["Chart.lock", "requirements.lock"] {
        match fs::read(chart.join(name)) {
            Ok(text) => return Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("{}/{name}", chart.display())),
        }
    }
    Ok(None)
}
