//! What lies in a published folder: packages, the index, an image layout for each chart.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The annotation of an image layout's index that holds the tag.
const REFERENCE: &str = "org.opencontainers.image.ref.name";
pub const PACKAGE_LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
pub const PROVENANCE_LAYER: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";

/// A folder that was published into.
#[derive(Clone)]
pub struct Published(pub PathBuf);

#[derive(Deserialize)]
struct Index {
    entries: BTreeMap<String, Vec<serde_json::Value>>,
}

#[derive(Deserialize)]
struct LayoutIndex {
    #[serde(rename = "schemaVersion")]
    schema: u32,
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
pub struct Manifest {
    pub config: Descriptor,
    pub layers: Vec<Descriptor>,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub struct Descriptor {
    #[serde(rename = "mediaType")]
    pub media_type: String,
    /// `sha256:` and hex digits.
    pub digest: String,
    pub size: u64,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

impl Published {
    pub fn package(&self, name: &str, version: &str) -> PathBuf {
        self.0.join(format!("{name}-{version}.tgz"))
    }

    pub fn index_file(&self) -> PathBuf {
        self.0.join("index.yaml")
    }

    pub fn layout(&self, name: &str) -> PathBuf {
        self.0.join("oci").join(name)
    }

    /// Every entry of the index by chart and version, as data.
    pub fn entries(&self) -> Result<BTreeMap<(String, String), serde_json::Value>> {
        let index: Index = serde_saphyr::from_str(&fs::read_to_string(self.index_file())?)?;
        let mut entries = BTreeMap::new();
        for (name, list) in index.entries {
            for entry in list {
                let version =
                    entry["version"].as_str().context("an index entry without a version")?.to_owned();
                if entries.insert((name.clone(), version.clone()), entry).is_some() {
                    bail!("the index lists {name} {version} twice");
                }
            }
        }
        Ok(entries)
    }

    /// The manifests of a chart's image layout by their tags. Every blob that they name is there, with the size and
    /// digest that they give it.
    pub fn tags(&self, name: &str) -> Result<BTreeMap<String, Descriptor>> {
        let layout = self.layout(name);
        let marker: serde_json::Value = serde_json::from_slice(&read(&layout.join("oci-layout"))?)?;
        ensure!(marker["imageLayoutVersion"] == "1.0.0", "{}: oci-layout says {marker}", layout.display());
        let index: LayoutIndex = serde_json::from_slice(&read(&layout.join("index.json"))?)?;
        ensure!(index.schema == 2, "{}: index.json has the schema {}", layout.display(), index.schema);
        let mut tags = BTreeMap::new();
        for descriptor in index.manifests {
            let tag = descriptor.annotations.get(REFERENCE).context("a manifest without a tag")?.clone();
            let manifest: Manifest = serde_json::from_slice(&self.blob(name, &descriptor)?)?;
            for blob in manifest.layers.iter().chain([&manifest.config]) {
                self.blob(name, blob)?;
            }
            ensure!(tags.insert(tag.clone(), descriptor).is_none(), "the tag {tag} of {name} is there twice");
        }
        Ok(tags)
    }

    pub fn manifest(&self, name: &str, tag: &str) -> Result<Manifest> {
        let tags = self.tags(name)?;
        let descriptor = tags.get(tag).with_context(|| format!("the layout of {name} has no tag {tag}"))?;
        Ok(serde_json::from_slice(&self.blob(name, descriptor)?)?)
    }

    /// A blob of a chart's layout, checked against what names it.
    pub fn blob(&self, name: &str, descriptor: &Descriptor) -> Result<Vec<u8>> {
        let bytes = read(&self.layout(name).join("blobs").join(descriptor.digest.replace(':', "/")))?;
        ensure!(digest(&bytes) == descriptor.digest, "a blob of {name} is not {}", descriptor.digest);
        ensure!(bytes.len() as u64 == descriptor.size, "{} of {name} has another size", descriptor.digest);
        Ok(bytes)
    }

    /// Every file below the folder with its bytes, by its path.
    pub fn files(&self) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
        let mut files = BTreeMap::new();
        collect(&self.0, &self.0, &mut files)?;
        Ok(files)
    }
}

impl Manifest {
    pub fn layer(&self, media_type: &str) -> Option<&Descriptor> {
        self.layers.iter().find(|layer| layer.media_type == media_type)
    }
}

/// The tag of a version: a tag knows no plus sign.
pub fn tag(version: &str) -> String {
    version.replace('+', "_")
}

/// `sha256:` and hex digits.
pub fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| path.display().to_string())
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else {
            files.insert(path.strip_prefix(root)?.to_owned(), read(&path)?);
        }
    }
    Ok(())
}
