//! The shelf: packages by their sha256, on disk, for the length of a run.
//!
//! What was packaged for a decision is what is published, and a run holds no more packages in memory than it works on.

use crate::digest::Digest;
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use std::fs;
use tempfile::TempDir;

/// Bytes by their digest, in a temporary folder that goes with the run.
#[derive(Debug)]
pub struct Shelf {
    folder: TempDir,
}

impl Shelf {
    /// An empty shelf.
    pub fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("chart-release-").tempdir();
        Ok(Self { folder: folder.context("cannot make a temporary folder for packages")? })
    }

    /// Keeps these bytes. Blocks.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        let path = self.folder.path().join(digest.hex());
        if !path.exists() {
            let mut scratch = tempfile::NamedTempFile::new_in(self.folder.path())?;
            std::io::Write::write_all(&mut scratch, bytes).context("cannot keep a package for this run")?;
            scratch.persist(path)?;
        }
        Ok(digest)
    }

    /// The bytes of this digest, which were put here before. Blocks.
    pub fn get(&self, digest: Digest) -> Result<Bytes> {
        let bytes = fs::read(self.folder.path().join(digest.hex()))
            .with_context(|| format!("the package {digest} of this run is gone from the temporary folder"))?;
        ensure!(Digest::of(&bytes) == digest, "the package {digest} of this run was changed on disk");
        Ok(bytes.into())
    }
}
