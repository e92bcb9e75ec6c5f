//! The peers: where they are, whether they are the pinned ones, and how each is asked.

use crate::{
    commands::{command, run},
    registry::Software,
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// `NAME=VERSION` lines, shared with the script `install`.
const VERSIONS: &str = include_str!("../versions");

/// All of them: there is no check without.
pub struct Peers {
    pub helms: [Helm; 2],
    skopeo: PathBuf,
    registry: PathBuf,
    distribution: PathBuf,
    crane: PathBuf,
    gpg: PathBuf,
    pub buildah: PathBuf,
    act: PathBuf,
    actionlint: PathBuf,
    zizmor: PathBuf,
    shellcheck: PathBuf,
    home: PathBuf,
}

/// One Helm with a home of its own.
pub struct Helm {
    /// As in `Helm 4.3.1`.
    pub name: String,
    binary: PathBuf,
    home: PathBuf,
}

impl Peers {
    /// The peers of `folder` and of `PATH`, each at its version; `home` is an empty folder for what they keep.
    pub fn find(folder: &Path, home: &Path) -> Result<Self> {
        let helms = [Helm::find("HELM_3", folder, home)?, Helm::find("HELM_4", folder, home)?];
        let peers = Self {
            helms,
            skopeo: installed("skopeo")?,
            registry: installed("docker-registry")?,
            distribution: built(
                folder,
                "DISTRIBUTION",
                "registry",
                "github.com/distribution/distribution/v3",
            )?,
            crane: built(folder, "CRANE", "crane", "github.com/google/go-containerregistry")?,
            gpg: installed("gpg")?,
            buildah: installed("buildah")?,
            act: built(folder, "ACT", "act", "github.com/nektos/act")?,
            actionlint: built(folder, "ACTIONLINT", "actionlint", "github.com/rhysd/actionlint")?,
            zizmor: folder.join(format!("zizmor-{}/bin/zizmor", pinned("ZIZMOR")?)),
            shellcheck: installed("shellcheck")?,
            home: home.join("peers"),
        };
        fs::create_dir_all(&peers.home)?;
        peers.at_least("SKOPEO", &peers.skopeo)?;
        peers.at_least("REGISTRY", &peers.registry)?;
        peers.at_least("GPG", &peers.gpg)?;
        peers.at_least("BUILDAH", &peers.buildah)?;
        peers.at_least("ZIZMOR", &peers.zizmor)?;
        peers.at_least("SHELLCHECK", &peers.shellcheck)?;
        Ok(peers)
    }

    /// The Helm whose answers stand where one is enough: the newest.
    pub fn newest_helm(&self) -> &Helm {
        &self.helms[1]
    }

    /// Any policy of the machine about signatures is not the question here.
    pub fn skopeo(&self) -> Command {
        let mut skopeo = command(&self.skopeo, &self.home);
        skopeo.arg("--insecure-policy");
        skopeo
    }

    pub fn crane(&self) -> Command {
        self.crane_at(&self.home)
    }

    /// crane, which keeps log-ins in a home as Docker does.
    pub fn crane_at(&self, home: &Path) -> Command {
        command(&self.crane, home)
    }

    /// The program of a registry.
    pub fn registry(&self, software: Software) -> Command {
        let mut registry = match software {
            Software::Distribution2 => command(&self.registry, &self.home),
            Software::Distribution3 => command(&self.distribution, &self.home),
            Software::Crane => self.crane(),
        };
        // Distribution 3 would tell a collector of traces what it does.
        registry.env("OTEL_TRACES_EXPORTER", "none");
        registry
    }

    pub fn gpg(&self, home: &Path) -> Command {
        let mut gpg = command(&self.gpg, home);
        gpg.env("GNUPGHOME", home).args(["--batch", "--quiet"]);
        gpg
    }

    /// A runner of workflows, with a home of its own.
    pub fn act(&self, home: &Path) -> Command {
        command(&self.act, home)
    }

    pub fn actionlint(&self) -> Command {
        command(&self.actionlint, &self.home)
    }

    pub fn zizmor(&self) -> Command {
        command(&self.zizmor, &self.home)
    }

    pub fn shellcheck(&self) -> Command {
        command(&self.shellcheck, &self.home)
    }

    /// Fails when the first number with a dot in what `--version` prints is lower than the pinned one.
    fn at_least(&self, name: &str, binary: &Path) -> Result<()> {
        let wanted = pinned(name)?;
        let printed =
            String::from_utf8_lossy(&run(command(binary, &self.home).arg("--version"))?).into_owned();
        let found = printed
            .split(|character: char| !character.is_ascii_digit() && character != '.')
            .find(|word| word.contains('.') && number(word).is_some())
            .with_context(|| format!("{} prints no version: {printed}", binary.display()))?;
        ensure!(number(found) >= number(wanted), "{} is {found}, and {wanted} is needed", binary.display());
        println!("{} {found}", binary.display());
        Ok(())
    }
}

impl Helm {
    fn find(pin: &str, folder: &Path, home: &Path) -> Result<Self> {
        let version = pinned(pin)?;
        let major = version.split('.').next().unwrap_or_default();
        let binary = built(folder, pin, "helm", &format!("helm.sh/helm/v{major}"))?;
        let helm =
            Self { name: format!("Helm {version}"), binary, home: home.join(format!("helm-{version}")) };
        fs::create_dir_all(&helm.home)?;
        Ok(helm)
    }

    pub fn command(&self) -> Command {
        self.command_at(&self.home)
    }

    /// With another home, but the same log-ins. Helm 4 keeps packages by their digest, and would not ask the other side a
    /// second time.
    pub fn command_at(&self, home: &Path) -> Command {
        let mut helm = command(&self.binary, home);
        helm.env("HELM_REGISTRY_CONFIG", self.home.join("config/registry/config.json"));
        for kind in ["CACHE", "CONFIG", "DATA"] {
            helm.env(format!("HELM_{kind}_HOME"), home.join(kind.to_lowercase()));
        }
        // Helm's temporary files go where `command` says, which must be there.
        helm.env("TMPDIR", &self.home);
        helm
    }

    /// The package that this Helm makes of the chart folder, put into `into`.
    pub fn package(&self, chart: &Path, into: &Path) -> Result<PathBuf> {
        self.new_file(into, self.command().arg("package").arg(chart).arg("--destination").arg(into))
    }

    /// The file that `helm pull` brought; `words` say from where. It starts from an empty home.
    pub fn pull(&self, into: &Path, words: &[&str]) -> Result<PathBuf> {
        let mut helm = self.command_at(&into.join("home"));
        self.new_file(into, helm.arg("pull").args(words).arg("--destination").arg(into))
    }

    /// The one `.tgz` that the command adds to a folder.
    pub fn new_file(&self, folder: &Path, command: &mut Command) -> Result<PathBuf> {
        fs::create_dir_all(folder)?;
        let before = packages(folder)?;
        let printed = run(command)?;
        let new: Vec<_> = packages(folder)?.into_iter().filter(|path| !before.contains(path)).collect();
        match new.as_slice() {
            [path] => Ok(path.clone()),
            other => bail!(
                "{} made {} packages in {}: {}",
                self.name,
                other.len(),
                folder.display(),
                String::from_utf8_lossy(&printed)
            ),
        }
    }
}

/// A peer that `install` built from a module of Go into `folder`. What it prints as version is not the module's; Go writes
/// that into it.
fn built(folder: &Path, pin: &str, name: &str, module: &str) -> Result<PathBuf> {
    let version = pinned(pin)?;
    let binary = folder.join(format!("{name}-{version}/{name}"));
    let bytes = fs::read(&binary).with_context(|| {
        format!("{name} {version} is not at {}: run checks/peers/install", binary.display())
    })?;
    ensure!(
        memchr::memmem::find(&bytes, format!("mod\t{module}\tv{version}\t").as_bytes()).is_some(),
        "{} is not {name} {version}: remove it and run checks/peers/install",
        binary.display()
    );
    println!("{} {version}", binary.display());
    Ok(binary)
}

fn packages(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    Ok(entries
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "tgz"))
        .collect())
}

fn pinned(name: &str) -> Result<&'static str> {
    let mut lines = VERSIONS.lines().filter_map(|line| line.split_once('='));
    lines
        .find(|(key, _)| *key == name)
        .map(|(_, version)| version)
        .with_context(|| format!("{name} is not pinned"))
}

/// Debian's commands for servers may lie outside the path of a user.
fn installed(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .with_context(|| format!("the peer {name} is missing: run checks/peers/install"))
}

/// The leading two numbers, to compare.
fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}
