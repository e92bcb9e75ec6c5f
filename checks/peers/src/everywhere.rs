//! The channels of one run: real registries, a pages branch and a folder.

use crate::{
    commands::run,
    pages::{BRANCH, Pages},
    program,
    published::{Published, tag},
    registry::{Access, PASSWORD, Registry, Software, USER},
    repository::{Chart, Repository},
    world::World,
};
use anyhow::{Context, Result};
use std::{collections::BTreeMap, path::PathBuf, process::Command};

/// Where the charts are in each registry.
pub const PATH: &str = "acme/charts";
/// What the program takes for the source of the charts.
pub const SOURCE: &str = "https://github.com/acme/charts";

pub struct Everywhere<'a> {
    pub world: &'a World,
    pub repository: &'a Repository,
    pub registries: Vec<Registry>,
    pub pages: Pages,
    pub folder: Published,
    /// The home of the person who publishes, with log-ins.
    home: PathBuf,
}

/// Registry, repository and tag → digest.
pub type Tags = BTreeMap<(String, String, String), String>;

impl<'a> Everywhere<'a> {
    /// Nothing is published yet in any of them.
    pub fn open(
        world: &'a World,
        repository: &'a Repository,
        registries: &[(Software, Access)],
    ) -> Result<Self> {
        let home = world.folder("publisher")?;
        let mut started = Vec::new();
        for (software, access) in registries {
            let registry = Registry::start(&world.peers, *software, *access, &world.folder("registry")?)?;
            match access {
                Access::Docker => run(&mut registry.login_of_crane(world.peers.crane_at(&home)))?,
                Access::Helm => {
                    let mut helm = world.peers.newest_helm().command();
                    helm.env("HELM_REGISTRY_CONFIG", home.join(".config/helm/registry/config.json"));
                    run(&mut registry.login_of_helm(helm))?
                }
                Access::Option | Access::Anybody => Vec::new(),
            };
            started.push(registry);
        }
        Ok(Self {
            world,
            repository,
            registries: started,
            pages: Pages::new(world)?,
            folder: Published(world.folder("published")?),
            home,
        })
    }

    /// Publishes everything that is not published yet, to all of them; returns what the program said.
    pub fn publish(&self) -> Result<String> {
        let said = String::from_utf8(run(&mut self.publishing(PASSWORD))?)?;
        self.pages.fetch()?;
        Ok(said)
    }

    /// The command that does it; `password` is for the registries whose user an option names.
    pub fn publishing(&self, password: &str) -> Command {
        let mut command = self.world.program.publishing(&self.repository.folder, &self.home);
        command.args(["--github-repository", PATH, "--pages-branch", BRANCH]);
        command.args(["--pages-remote", &self.pages.remote(), "--pages-url", &self.pages.url]);
        command.args(["--channel", "pages", "--channel", &program::channel(&self.folder.0)]);
        for registry in &self.registries {
            command.args(["--channel", &format!("oci://{}/{PATH}", registry.address)]);
            if registry.access == Access::Option {
                command.args(["--registry-user", &format!("{}={USER}", registry.address)]);
                let host = registry.address.replace(['.', ':'], "_");
                command.env(format!("CHART_RELEASE_REGISTRY_PASSWORD_{host}"), password);
            }
        }
        command
    }

    /// Every tag of every registry.
    pub fn tags(&self) -> Result<Tags> {
        let mut tags = Tags::new();
        for registry in &self.registries {
            for ((repository, tag), digest) in registry.tags(&self.world.peers)? {
                tags.insert((registry.name(), repository, tag), digest);
            }
        }
        Ok(tags)
    }

    /// What a registry's tag of a chart version points to, byte for byte.
    pub fn manifest(&self, registry: &Registry, chart: &Chart) -> Result<Vec<u8>> {
        let manifest =
            registry.manifest(&self.world.peers, &format!("{PATH}/{}", chart.name), &tag(&chart.version));
        manifest.with_context(|| registry.name())
    }

    /// Without tag and scheme, as Helm, crane and skopeo write it in their references.
    pub fn place(&self, registry: &Registry, chart: &Chart) -> String {
        format!("{}/{PATH}/{}", registry.address, chart.name)
    }
}
