//! A folder for files on their way, which a later run can tell from one that is still in use.

use super::disk::{self, DiskError, Lock};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The file by whose lock runs take turns in a folder that they publish to. It stays, and so says what the folder is.
pub const FOLDER_LOCK: &str = ".chart-release.lock";

/// The file whose lock says that the run is alive: the system takes it back from a process that dies.
const ALIVE: &str = "alive";

/// A run's own folder below `root`, so that no other run writes into its files.
///
/// Several runs may have one below the same root. Whoever makes, removes or clears there holds the lock of the folder
/// that the root lies in.
#[derive(Debug)]
pub struct Scratch {
    root: PathBuf,
    folder: PathBuf,
    _alive: Lock,
}

impl Scratch {
    /// A new one, once what dead runs left below this root is cleared away.
    pub fn new(root: &Path) -> Result<Self, DiskError> {
        clear(root)?;
        let folder = disk::make_unique_folder(root)?;
        let alive = disk::lock(&folder.join(ALIVE), || ())?;
        Ok(Self { root: root.to_owned(), folder, _alive: alive })
    }

    /// The path of a file in it.
    pub fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.join(name)
    }

    /// Removes it, and the root with the last one.
    pub fn remove(self) -> Result<(), DiskError> {
        disk::remove_folder(&self.folder)?;
        remove_root(&self.root)
    }
}

/// Removes what is below this root of runs that are not alive any more, and the root with the last one.
pub fn clear(root: &Path) -> Result<(), DiskError> {
    for folder in disk::list(root)? {
        // The lock is dropped before the folder goes: not every system removes a file that is held.
        let alive = folder.join(ALIVE);
        let dead = !disk::exists(&alive)? || disk::try_lock(&alive)?.is_some();
        if dead {
            disk::remove_folder(&folder)?;
        }
    }
    remove_root(root)
}

fn remove_root(root: &Path) -> Result<(), DiskError> {
    match fs::remove_dir(root) {
        Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty) => {
            Err(disk::failed("remove", root)(error))
        }
        _ => Ok(()),
    }
}
