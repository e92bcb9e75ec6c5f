//! The container image, built and run by buildah without any other image, and without a daemon.

use crate::{
    commands::{command, run},
    registry::HOUSE,
    world::{World, copy},
};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What the image is built with, and has to say of itself.
pub const VERSION: &str = "1.2.3";
pub const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";
pub const SOURCE: &str = "https://github.com/acme/charts";

/// One container of it, whose files last from one command to the next.
pub struct Image {
    buildah: PathBuf,
    home: PathBuf,
    storage: PathBuf,
    container: String,
    pub configuration: Configuration,
}

/// What the image says of itself.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Configuration {
    pub user: String,
    pub working_dir: String,
    pub entrypoint: Vec<String>,
    pub labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Inspected {
    #[serde(rename = "OCIv1")]
    image: Described,
}

#[derive(Deserialize)]
struct Described {
    config: Configuration,
}

impl Image {
    /// Builds it of the `Dockerfile` of this checkout and a static program, and begins a container.
    pub fn build(world: &World, program: &Path) -> Result<Self> {
        let mut image = Self {
            buildah: world.peers.buildah.clone(),
            home: world.folder("image-home")?,
            storage: world.folder("image-storage")?,
            container: String::new(),
            configuration: Configuration::none(),
        };
        let context = world.folder("image-context")?;
        let architecture = format!("dist/image/linux-{}", architecture()?);
        fs::create_dir_all(context.join(&architecture))?;
        fs::copy(program, context.join(&architecture).join("chart-release"))
            .with_context(|| program.display().to_string())?;
        for file in ["Dockerfile", ".dockerignore"] {
            fs::copy(root().join(file), context.join(file)).context(file)?;
        }
        copy(&root().join("release/image"), &context.join("release/image"))?;
        let mut bud = image.buildah();
        bud.args(["bud", "--quiet", "--isolation", "chroot", "--tag", "chart-release:check"]);
        for (name, value) in [("VERSION", VERSION), ("REVISION", REVISION), ("SOURCE", SOURCE)] {
            bud.args(["--build-arg", &format!("{name}={value}")]);
        }
        run(bud.arg(&context))?;
        let house = format!("{HOUSE}:127.0.0.1");
        image.container =
            image.said(&["from", "--pull-never", "--add-host", &house, "chart-release:check"])?;
        let inspected = image.said(&["inspect", "--type", "image", "chart-release:check"])?;
        image.configuration = serde_json::from_str::<Inspected>(&inspected)?.image.config;
        ensure!(!image.configuration.entrypoint.is_empty(), "the image has no entry point");
        Ok(image)
    }

    /// What the image runs, with these words; folders and files of this machine are `mounted`, as in `FROM:TO`.
    pub fn program(&self, mounted: &[String], variables: &[(&str, &str)], words: &[&str]) -> Command {
        let mut run = self.buildah();
        run.args(["run", "--isolation", "chroot"]);
        for volume in mounted {
            run.args(["--volume", volume]);
        }
        for (name, value) in variables {
            run.args(["--env", &format!("{name}={value}")]);
        }
        run.args([&self.container, "--"]).args(&self.configuration.entrypoint).args(words);
        run
    }

    fn said(&self, words: &[&str]) -> Result<String> {
        Ok(String::from_utf8(run(self.buildah().args(words))?)?.trim().to_owned())
    }

    /// Its images and containers are in a folder of their own; `vfs` needs nothing of the kernel.
    fn buildah(&self) -> Command {
        let mut buildah = command(&self.buildah, &self.home);
        buildah.arg("--root").arg(self.storage.join("root"));
        buildah.arg("--runroot").arg(self.storage.join("run"));
        buildah.args(["--storage-driver", "vfs"]);
        buildah
    }
}

impl Configuration {
    fn none() -> Self {
        Self {
            user: String::new(),
            working_dir: String::new(),
            entrypoint: Vec::new(),
            labels: BTreeMap::new(),
        }
    }
}

/// What belongs to another user in a container of somebody who is not root can be removed by nobody else.
impl Drop for Image {
    fn drop(&mut self) {
        self.said(&["rm", "--all"]).ok();
        self.said(&["rmi", "--all", "--force"]).ok();
    }
}

/// The program as the image needs it: linked without anything of this machine. In the dev profile, which is built
/// soonest; `release/build` builds what is shipped the same way.
pub fn static_program(world: &World) -> Result<PathBuf> {
    let dist = world.folder("image-dist")?;
    let status = Command::new(root().join("release/build"))
        .arg(format!("{}-unknown-linux-musl", std::env::consts::ARCH))
        .env("DIST", &dist)
        .env("PROFILE", "dev")
        .stdout(Stdio::null())
        .status()
        .context("could not start release/build")?;
    ensure!(status.success(), "release/build ended with {status}");
    Ok(dist.join(format!("image/linux-{}/chart-release", architecture()?)))
}

/// As images name it.
fn architecture() -> Result<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("amd64"),
        "aarch64" => Ok("arm64"),
        other => anyhow::bail!("no image is made for {other}"),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
