//! The OCI image layout (image-spec 1.1) of one chart: what a repository is in a registry, as a folder.

use crate::{
    charts::Version,
    digest::Digest,
    doors::disk,
    holdings::Blob,
    manifest::{self, Artifact},
    problem::Problem,
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Names a manifest in the layout's index, as a tag does in a registry.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// One chart's layout folder. It need not exist yet.
#[derive(Clone, Debug)]
pub struct Layout {
    folder: PathBuf,
}

/// What a tag of the layout leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// The package: the manifest's chart layer.
    pub package: Digest,
    /// `org.opencontainers.image.created`, in seconds since 1970.
    pub created: Option<i64>,
}

impl Layout {
    /// The layout in this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where the blob of this digest lies, or will.
    pub fn blob(&self, digest: Digest) -> PathBuf {
        self.folder.join("blobs").join("sha256").join(digest.hex())
    }

    /// What the layout has under the tag of this version.
    pub fn look(&self, version: &Version) -> Result<Option<Tagged>, Problem> {
        let tag = manifest::tag(version)?;
        let Some(index) = self.index()? else { return Ok(None) };
        let named = |descriptor: &&Value| descriptor["annotations"][REF_NAME] == tag.as_str();
        let Some(descriptor) = descriptors(&index).iter().find(named) else { return Ok(None) };
        let digest = descriptor["digest"].as_str().and_then(Digest::parse).ok_or_else(|| {
            self.unreadable(format!("the tag {tag} has no sha256 digest"), &self.folder.join("index.json"))
        })?;
        let path = self.blob(digest);
        let bytes = disk::read(&path)?
            .ok_or_else(|| self.unreadable(format!("the manifest of the tag {tag} is missing"), &path))?;
        let read = manifest::package_digest(&bytes)?;
        Ok(Some(Tagged { package: read.0, created: read.1 }))
    }

    /// Makes the tag of this version lead to this artifact, whose blobs are in place. Other tags stay.
    pub fn tag(&self, scratch: &Path, version: &Version, artifact: &Artifact) -> Result<(), Problem> {
        let tag = manifest::tag(version)?;
        let marker = self.folder.join("oci-layout");
        if !disk::is_file(&marker)? {
            disk::write_scratch(scratch, br#"{"imageLayoutVersion":"1.0.0"}"#)?;
            disk::replace(scratch, &marker)?;
        }
        let mut index = self.index()?.unwrap_or_else(|| {
            json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [] })
        });
        let Blob { digest, size } = Blob::of(&artifact.manifest);
        let descriptor = json!({
            "mediaType": manifest::MANIFEST,
            "digest": digest.to_string(),
            "size": size,
            "annotations": { REF_NAME: tag },
        });
        if let Some(manifests) = index["manifests"].as_array_mut() {
            manifests.push(descriptor);
        }
        disk::write_scratch(scratch, index.to_string().as_bytes())?;
        Ok(disk::replace(scratch, &self.folder.join("index.json"))?)
    }

    /// The layout's index.json, as it is: what others wrote into it stays.
    fn index(&self) -> Result<Option<Value>, Problem> {
        let path = self.folder.join("index.json");
        let Some(bytes) = disk::read(&path)? else { return Ok(None) };
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(index) if index["schemaVersion"] == 2 && index["manifests"].is_array() => Ok(Some(index)),
            Ok(_) => Err(self.unreadable("it is not an OCI image index".to_owned(), &path)),
            Err(error) => Err(self.unreadable(error.to_string(), &path)),
        }
    }

    fn unreadable(&self, why: String, path: &Path) -> Problem {
        Problem::new(format!("cannot read the OCI image layout {}: {why}", self.folder.display()))
            .in_file(path.display().to_string())
            .next("put the file back from a copy, or move the layout away to have it written anew")
    }
}

fn descriptors(index: &Value) -> &[Value] {
    index["manifests"].as_array().map_or(&[], Vec::as_slice)
}
