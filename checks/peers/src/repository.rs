//! A git repository with charts, as the program finds it.

use crate::{
    charts,
    commands::{git, run},
    peers::Helm,
    world::{World, copy},
};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::{
    fs,
    path::{Path, PathBuf},
};

pub struct Repository {
    pub folder: PathBuf,
    home: PathBuf,
}

/// A chart of the working tree.
pub struct Chart {
    pub name: String,
    pub version: String,
    /// Renders nothing by itself.
    pub library: bool,
    /// One of `examples/charts`, and so held to the strictest rules.
    pub example: bool,
    pub folder: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    version: String,
    #[serde(default, rename = "type")]
    kind: String,
}

impl Repository {
    /// The sample charts and the charts of `charts.rs`, below `charts/`, in one commit.
    pub fn with_all_charts(world: &World, helm: &Helm) -> Result<Self> {
        Self::with_charts(world, helm, |_| true)
    }

    /// Those of them whose folders have such names.
    pub fn with_charts(world: &World, helm: &Helm, chosen: impl Fn(&str) -> bool) -> Result<Self> {
        let repository = Self { folder: world.folder("repository")?, home: world.folder("git")? };
        repository.git(&["init", "--quiet", "--initial-branch=main"])?;
        copy(&samples(), &repository.folder.join("charts"))?;
        charts::write(&repository.folder, &world.folder("bundled")?, helm)?;
        for entry in fs::read_dir(repository.folder.join("charts"))? {
            let entry = entry?;
            if !chosen(&entry.file_name().to_string_lossy()) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        repository.commit("Add the charts")?;
        Ok(repository)
    }

    pub fn commit(&self, message: &str) -> Result<()> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message", message])
    }

    /// Every chart of the working tree, by folder.
    pub fn charts(&self) -> Result<Vec<Chart>> {
        let mut folders = fs::read_dir(self.folder.join("charts"))?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>>>()?;
        folders.sort();
        folders.into_iter().map(Chart::read).collect()
    }

    pub fn chart(&self, name: &str) -> Result<Chart> {
        Chart::read(self.folder.join("charts").join(name))
    }

    /// Gives a chart another version and one file more, as a maintainer would.
    pub fn raise(&self, name: &str, version: &str) -> Result<()> {
        let chart = self.chart(name)?;
        let file = chart.folder.join("Chart.yaml");
        // The chart's own line, and none of its dependencies'.
        let (old, new) = (format!("\nversion: {}", chart.version), format!("\nversion: {version}"));
        let raised = fs::read_to_string(&file)?.replacen(&old, &new, 1);
        fs::write(&file, raised)?;
        fs::write(chart.folder.join("CHANGES.md"), format!("{version}: this file\n"))?;
        anyhow::ensure!(self.chart(name)?.version == version, "{name} did not take the version {version}");
        Ok(())
    }

    /// The commit that is checked out.
    pub fn head(&self) -> Result<String> {
        let head = run(git(&self.folder, &self.home).args(["rev-parse", "HEAD"]))?;
        Ok(String::from_utf8(head)?.trim().to_owned())
    }

    fn git(&self, words: &[&str]) -> Result<()> {
        run(git(&self.folder, &self.home).args(words)).map(drop)
    }
}

impl Chart {
    pub fn read(folder: PathBuf) -> Result<Self> {
        let file = folder.join("Chart.yaml");
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let metadata: Metadata = serde_saphyr::from_str(text.trim_start_matches('\u{feff}'))
            .with_context(|| file.display().to_string())?;
        let example = samples().join(folder.file_name().unwrap_or_default()).is_dir();
        Ok(Self {
            name: metadata.name,
            version: metadata.version,
            library: metadata.kind == "library",
            example,
            folder,
        })
    }

    pub fn title(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

/// The folder with the charts that the README talks about.
pub fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/charts")
}
