//! Packages that earlier runs downloaded, by their sha256, in a folder of the user.
//!
//! A file there is what its name says or it is nothing: it is verified each time it is read. Each appears whole, so several
//! runs may use the folder at once. A folder that cannot be used costs downloads, and nothing else.

use crate::{digest::Digest, problem::Problem};
use bytes::Bytes;
use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Mutex, Once, PoisonError},
    time::Duration,
};

/// Files on their way begin with this.
const ON_ITS_WAY: &str = ".download-";
/// A file on its way that is older was left by a run that died.
const DEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// Where all that is kept lies in the folder that is named as the cache, in which others may have files, too.
pub fn packages_in(cache: &Path) -> PathBuf {
    cache.join("packages")
}

/// The folder. Its methods block.
#[derive(Debug)]
pub struct Cache {
    folder: Option<PathBuf>,
    cleared: Once,
    trouble: Mutex<Trouble>,
}

#[derive(Debug, Default)]
enum Trouble {
    #[default]
    None,
    New(Problem),
    Told,
}

impl Cache {
    /// In this folder, which is made when something is kept; `None` keeps nothing.
    pub fn new(folder: Option<PathBuf>) -> Self {
        let folder = folder.map(|folder| packages_in(&folder).join("sha256"));
        Self { folder, cleared: Once::new(), trouble: Mutex::default() }
    }

    /// The bytes of this digest, where they are kept, and not more than `most` of them.
    pub fn get(&self, digest: Digest, most: u64) -> Option<Bytes> {
        let path = self.path(digest)?;
        let mut bytes = Vec::new();
        let read = fs::File::open(&path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
        match read {
            Ok(_) if Digest::of(&bytes) == digest => Some(bytes.into()),
            // What is damaged is downloaded again, and replaced.
            Ok(_) => None,
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                self.failed("read", &path, &error);
                None
            }
        }
    }

    /// Keeps bytes that are worth keeping.
    pub fn put(&self, bytes: &[u8]) {
        let Some(path) = self.path(Digest::of(bytes)) else { return };
        let Some(folder) = path.parent() else { return };
        self.cleared.call_once(|| clear(folder));
        let keep = || {
            fs::create_dir_all(folder)?;
            let mut file = tempfile::Builder::new().prefix(ON_ITS_WAY).tempfile_in(folder)?;
            file.write_all(bytes)?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        if let Err(error) = keep() {
            self.failed("write", &path, &error);
        }
    }

    /// What is wrong with the folder: told once.
    pub fn trouble(&self) -> Option<Problem> {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *trouble, Trouble::Told) {
            Trouble::New(problem) => Some(problem),
            before => {
                *trouble = before;
                None
            }
        }
    }

    fn path(&self, digest: Digest) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("{}.tgz", digest.hex())))
    }

    fn failed(&self, tried: &str, path: &Path, error: &io::Error) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*trouble, Trouble::None) {
            let what = format!("the cache is not used: cannot {tried} {}: {error}", path.display());
            *trouble = Trouble::New(Problem::new(what).next("name another folder with `--cache`"));
        }
    }
}

/// Removes what runs that died left half-way. Best effort: the next one may do it.
fn clear(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_on_its_way = entry.file_name().to_string_lossy().starts_with(ON_ITS_WAY);
        let changed = entry.metadata().and_then(|metadata| metadata.modified());
        let age = changed.ok().and_then(|changed| changed.elapsed().ok());
        if is_on_its_way && age.is_some_and(|age| age > DEAD) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
