//! What every check leans on: the peers, the program, and a temporary folder.

use crate::{peers::Peers, program::Program};
use anyhow::{Context, Result};
use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

pub struct World {
    pub peers: Peers,
    pub program: Program,
    /// One for the image; none: it is built when it is needed.
    pub static_program: Option<PathBuf>,
    temporary: TempDir,
    folders: Cell<usize>,
}

impl World {
    pub fn new(peers: &Path, program: Option<PathBuf>, static_program: Option<PathBuf>) -> Result<Self> {
        // A short path: sockets of gpg's agent must fit into 108 bytes.
        let temporary = tempfile::Builder::new().prefix("peers-").tempdir()?;
        let peers = Peers::find(peers, temporary.path())?;
        let program = Program::get(program, temporary.path())?;
        Ok(Self { peers, program, static_program, temporary, folders: Cell::new(0) })
    }

    /// A new, empty folder.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        self.folders.set(self.folders.get() + 1);
        let folder = self.temporary.path().join(format!("{:03}-{name}", self.folders.get()));
        fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        Ok(folder)
    }
}

/// Copies a folder with everything in it; links as what they point to.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() { copy(&source, &target)? } else { fs::copy(&source, &target).map(drop)? }
    }
    Ok(())
}
