//! The file system: files that appear whole or not at all.
//!
//! Everything here blocks; callers on the async side use `spawn_blocking`. Each effect is announced by one event of the
//! target `outside` before it happens, so that a test can stop the process between any two of them.

use crate::problem::Problem;
use bytes::Bytes;
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Component, Path, PathBuf},
};

/// Announces one effect on disk.
macro_rules! outside {
    ($effect:literal, $path:expr) => {
        tracing::trace!(target: "outside", effect = $effect, path = %$path.display());
    };
}

/// An error of the file system, with what was tried and where.
#[derive(Debug, thiserror::Error)]
#[error("cannot {tried} {}: {source}", path.display())]
pub struct DiskError {
    tried: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl From<DiskError> for Problem {
    fn from(error: DiskError) -> Self {
        Self::new(error.to_string())
    }
}

/// How [`place`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// The file has its name now.
    New,
    /// There was a file of that name; nothing was changed.
    Taken,
}

/// The right to write in a folder, until it is dropped. The system takes it back from a process that dies.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its lock, never read")] File);

pub(super) fn failed<'a>(tried: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> DiskError + 'a {
    move |source| DiskError { tried, path: path.to_owned(), source }
}

/// The bytes of a file; `None` when there is no such file. A link that leads nowhere is an error: what it led to may be
/// back soon.
pub fn read(path: &Path) -> Result<Option<Bytes>, DiskError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => Ok(None),
        Err(error) => Err(failed("read", path)(error)),
    }
}

/// Whether there is anything at this path.
pub fn exists(path: &Path) -> Result<bool, DiskError> {
    path.try_exists().map_err(failed("read", path))
}

/// Whether there is a file (not a folder) at this path.
pub fn is_file(path: &Path) -> Result<bool, DiskError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.is_file()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("read", path)(error)),
    }
}

/// The absolute form of a path, its links resolved as far as it exists: two paths of one folder have the same.
pub fn absolute(path: &Path) -> Result<PathBuf, DiskError> {
    let path = std::path::absolute(path).map_err(failed("find", path))?;
    let mut missing = Vec::new();
    let mut up = 0_usize;
    let mut existing = path.as_path();
    loop {
        match (existing.canonicalize(), existing.parent(), existing.file_name()) {
            (Ok(found), ..) if up == 0 => {
                return Ok(missing.iter().rev().fold(found, |path, name| path.join(name)));
            }
            (_, Some(parent), Some(name)) => {
                match up {
                    0 => missing.push(name.to_owned()),
                    _ => up -= 1,
                }
                existing = parent;
            }
            // `..` of a folder that does not exist yet.
            (_, Some(parent), None) => {
                up += 1;
                existing = parent;
            }
            (_, None, _) => return Ok(path),
        }
    }
}

/// Whether a path that begins below a folder ends outside of it, over a link. A path that was written with `..`, or
/// from elsewhere, is what somebody meant.
pub fn leads_out(path: &Path, folder: &Path) -> Result<bool, DiskError> {
    let lexical = |path: &Path| std::path::absolute(path).map_err(failed("find", path));
    let (written, around) = (lexical(path)?, lexical(folder)?);
    let below = written
        .strip_prefix(&around)
        .is_ok_and(|rest| !rest.components().any(|part| part == Component::ParentDir));
    Ok(below && !absolute(path)?.starts_with(absolute(folder)?))
}

/// Makes a folder and those above it, durably.
pub fn make_folder(path: &Path) -> Result<(), DiskError> {
    if path.is_dir() {
        return Ok(());
    }
    outside!("make folder", path);
    fs::create_dir_all(path).map_err(failed("make the folder", path))?;
    path.parent().map_or(Ok(()), settle_names)
}

/// Writes a file that nobody else reads yet, to be given its name by [`place`] or [`replace`].
pub fn write_scratch(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    outside!("write", path);
    let mut file = File::create(path).map_err(failed("write", path))?;
    file.write_all(bytes).map_err(failed("write", path))?;
    file.sync_all().map_err(failed("write", path))
}

/// Gives the bytes of a finished file another name, unless there is a file of that name already.
pub fn place(scratch: &Path, path: &Path) -> Result<Placed, DiskError> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    outside!("place", path);
    match fs::hard_link(scratch, path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(Placed::Taken),
        // File systems without hard links: the caller holds the lock of the folder, so looking first is enough.
        Err(_) if path.exists() => return Ok(Placed::Taken),
        Err(_) => {
            // On its way it lies with the scratch file, where it is cleared away if this process dies.
            let copy = scratch.with_extension("copy");
            fs::copy(scratch, &copy)
                // Windows syncs only what may be written to.
                .and_then(|_| File::options().write(true).open(&copy)?.sync_all())
                .map_err(failed("write", path))?;
            fs::rename(&copy, path).map_err(failed("write", path))?;
        }
    }
    path.parent().map_or(Ok(()), settle_names)?;
    Ok(Placed::New)
}

/// Gives a scratch file its name, in place of the file that had it: readers see the old bytes or the new ones.
pub fn replace(scratch: &Path, path: &Path) -> Result<(), DiskError> {
    outside!("replace", path);
    fs::rename(scratch, path).map_err(failed("write", path))?;
    path.parent().map_or(Ok(()), settle_names)
}

/// Makes a folder with a name of its own in this one.
pub fn make_unique_folder(folder: &Path) -> Result<PathBuf, DiskError> {
    make_folder(folder)?;
    outside!("make folder", folder);
    let made =
        tempfile::Builder::new().prefix("run-").tempdir_in(folder).map_err(failed("write into", folder))?;
    Ok(made.keep())
}

/// What is in a folder, by name; nothing when there is no such folder.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("read", folder)(error)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(failed("read", folder))?;
    paths.sort();
    Ok(paths)
}

/// Removes a folder with all that is in it, if it is there.
pub fn remove_folder(path: &Path) -> Result<(), DiskError> {
    if !exists(path)? {
        return Ok(());
    }
    outside!("remove", path);
    fs::remove_dir_all(path).map_err(failed("remove", path))
}

/// Removes a file, or the link of this name; a folder stays where it is.
pub fn remove_file(path: &Path) -> Result<(), DiskError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        _ => {}
    }
    outside!("remove", path);
    fs::remove_file(path).map_err(failed("remove", path))
}

/// Waits until no other process holds the lock of this file, and takes it. `waiting` is called once if it has to wait.
pub fn lock(path: &Path, waiting: impl FnOnce()) -> Result<Lock, DiskError> {
    if let Some(lock) = try_lock(path)? {
        return Ok(lock);
    }
    waiting();
    let file = File::options().write(true).open(path).map_err(failed("lock", path))?;
    file.lock().map_err(failed("lock", path))?;
    Ok(Lock(file))
}

/// Takes the lock of this file; `None` when another process holds it.
pub fn try_lock(path: &Path) -> Result<Option<Lock>, DiskError> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    if !path.exists() {
        outside!("make lock", path);
    }
    let open = File::options().create(true).truncate(false).write(true).open(path);
    let file = open.map_err(failed("lock", path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(failed("lock", path)(error)),
    }
}

/// Makes the names in a folder survive a loss of power. Not every system can open a folder for this: best effort there.
fn settle_names(folder: &Path) -> Result<(), DiskError> {
    match File::open(folder) {
        Ok(open) if cfg!(unix) => open.sync_all().map_err(failed("write", folder)),
        _ => Ok(()),
    }
}
