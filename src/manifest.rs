//! The OCI artifact of a chart: config, layers and manifest, as Helm pushes them.

use crate::{
    charts::{
        Metadata, Version,
        go_json::{self, Object},
        time,
    },
    digest::Digest,
    holdings::{Blob, Record},
    problem::Problem,
};
use bytes::Bytes;
use serde::Deserialize;
use std::collections::BTreeMap;

/// With this media type a manifest is sent to a registry.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The config blob: the chart's metadata.
pub const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
/// The layer with the package.
pub const CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// The layer with the `.prov` file.
pub const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";
/// What Helm 3.0 to 3.6 called [`CHART`]; Helm still reads it.
const OLD_CHART: &str = "application/tar+gzip";

const TITLE: &str = "org.opencontainers.image.title";
const VERSION: &str = "org.opencontainers.image.version";
const CREATED: &str = "org.opencontainers.image.created";
const SOURCE: &str = "org.opencontainers.image.source";
const REVISION: &str = "org.opencontainers.image.revision";

/// What a registry or an image layout has of a chart version, beside the package and its provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// The config blob.
    pub config: Bytes,
    /// The manifest, of media type [`MANIFEST`]. A tag points to its digest, which is not the package's.
    pub manifest: Bytes,
}

impl Artifact {
    /// The artifact of a chart version, as Helm 4.3.1 makes it, but: the chart layer comes first (there are readers that
    /// take the first layer for the chart; Helm sorts by digest), `created` is written in UTC, and where the chart does
    /// not say where it comes from, the repository's URL and the commit are added.
    pub fn of(record: &Record) -> Self {
        let config = Bytes::from(record.metadata.to_json());
        let mut layers = vec![(CHART, record.package)];
        layers.extend(record.provenance.map(|blob| (PROVENANCE, blob)));
        let mut annotations = annotations(&record.metadata, record.created);
        for (key, value) in [(SOURCE, &record.source), (REVISION, &record.revision)] {
            if let Some(value) = value {
                annotations.entry(key.to_owned()).or_insert_with(|| value.clone());
            }
        }
        let annotations =
            annotations.iter().fold(Object::new(), |object, (key, value)| object.text(key, value)).finished();
        let manifest = Object::new()
            .json("schemaVersion", "2")
            .json("config", &descriptor(&(CONFIG, Blob::of(&config))))
            .json("layers", &go_json::list(&layers, descriptor))
            .json("annotations", &annotations)
            .finished();
        Self { config, manifest: Bytes::from(manifest) }
    }
}

fn descriptor((media_type, blob): &(&str, Blob)) -> String {
    Object::new()
        .text("mediaType", media_type)
        .text("digest", &blob.digest.to_string())
        .json("size", &blob.size.to_string())
        .finished()
}

/// The manifest's annotations as Helm generates them: from the metadata, each that is not blank, and over them those of
/// the Chart.yaml, which can change all but title and version. A time that RFC 3339 cannot write is left out.
pub fn annotations(metadata: &Metadata, created: i64) -> BTreeMap<String, String> {
    let authors: Vec<String> = metadata
        .maintainers
        .iter()
        .map(|person| match person.email.as_str() {
            "" => person.name.clone(),
            email => format!("{} ({email})", person.name),
        })
        .collect();
    let generated = [
        (TITLE, metadata.name.clone()),
        (VERSION, metadata.version.clone()),
        (CREATED, time::rfc_3339(created).unwrap_or_default()),
        ("org.opencontainers.image.description", metadata.description.clone()),
        ("org.opencontainers.image.url", metadata.home.clone()),
        (SOURCE, metadata.sources.first().cloned().unwrap_or_default()),
        ("org.opencontainers.image.authors", authors.join(", ")),
    ];
    let mut annotations: BTreeMap<String, String> = generated
        .into_iter()
        .filter(|(_, value)| !value.trim().is_empty())
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    for (key, value) in &metadata.annotations {
        if key != TITLE && key != VERSION {
            annotations.insert(key.clone(), value.clone());
        }
    }
    annotations
}

/// The tag of a version: `+`, which a tag cannot hold, becomes `_`, and Helm turns it back.
///
/// # Errors
/// A version that is too long for a tag, or that no registry takes.
pub fn tag(version: &Version) -> Result<String, Problem> {
    const LONGEST: usize = 128;
    let tag = version.as_str().replace('+', "_");
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if tag.len() > LONGEST {
        let what = format!("the version {version} is longer than the {LONGEST} characters of an OCI tag");
        return Err(Problem::new(what).next("shorten its prerelease or build part"));
    }
    let mut bytes = tag.bytes();
    let fits =
        bytes.next().is_some_and(is_word) && bytes.all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'));
    if !fits {
        return Err(Problem::new(format!("the version {version:?} cannot be an OCI tag")));
    }
    Ok(tag)
}

/// What a registry's manifest says of the chart: the digest of its package, and the time of its `created` annotation in
/// seconds since 1970.
///
/// # Errors
/// What Helm could not pull: no image manifest, another config than a chart's, no chart layer or several.
pub fn package_digest(manifest: &[u8]) -> Result<(Digest, Option<i64>), Problem> {
    let manifest: Found = serde_json::from_slice(manifest)
        .map_err(|error| Problem::new(format!("not the manifest of a chart: {error}")))?;
    if manifest.config.media_type != CONFIG {
        let what = format!("not a chart: its config is of type {:?}", manifest.config.media_type);
        return Err(Problem::new(what));
    }
    let of_type = |media_type: &str| {
        manifest.layers.iter().filter(|layer| layer.media_type == media_type).collect::<Vec<_>>()
    };
    let layers = match of_type(CHART) {
        layers if layers.is_empty() => of_type(OLD_CHART),
        layers => layers,
    };
    let [layer] = layers[..] else {
        let what =
            format!("the manifest of a chart has one layer of type {CHART}, this one {}", layers.len());
        return Err(Problem::new(what));
    };
    let digest = Digest::parse(&layer.digest)
        .ok_or_else(|| Problem::new(format!("the chart layer's digest is no sha256: {:?}", layer.digest)))?;
    let created = manifest.annotations.unwrap_or_default();
    let created = created.get(CREATED).and_then(|time| time::seconds(time));
    Ok((digest, created))
}

/// The manifests that an image index leads to, those that say that they are a chart first; `None` for what is no image
/// index. Helm follows one since 3.20.1.
pub fn manifests_in(index: &[u8]) -> Option<Vec<Digest>> {
    #[derive(Deserialize)]
    struct Listed {
        manifests: Vec<Manifest>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Manifest {
        digest: String,
        artifact_type: Option<String>,
    }
    let mut listed: Listed = serde_json::from_slice(index).ok()?;
    listed.manifests.sort_by_key(|manifest| manifest.artifact_type.as_deref() != Some(CONFIG));
    Some(listed.manifests.iter().filter_map(|manifest| Digest::parse(&manifest.digest)).collect())
}

/// The digest of the `.prov` file that a chart's manifest names, where it names one.
pub fn provenance_digest(manifest: &[u8]) -> Option<Digest> {
    let manifest: Found = serde_json::from_slice(manifest).ok()?;
    let layer = manifest.layers.iter().find(|layer| layer.media_type == PROVENANCE)?;
    Digest::parse(&layer.digest)
}

#[derive(Deserialize)]
struct Found {
    config: FoundDescriptor,
    layers: Vec<FoundDescriptor>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FoundDescriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
}
