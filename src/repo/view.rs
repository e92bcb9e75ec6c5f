//! One state of the repository's files: the working tree, or the tree of a commit. Both are read alike.

use crate::{
    charts::find::join,
    doors::git::{Id, Open, TreeKind},
    problem::Problem,
};
use bytes::Bytes;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A folder of a view: its path from the repository root (`""` is the root), and its tree where it is one of git's.
#[derive(Clone, Debug)]
pub struct Folder {
    /// With `/`.
    pub path: String,
    /// Its tree; `None` in the working tree.
    pub tree: Option<Id>,
}

/// What lies in a folder.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name in bytes; most often UTF-8.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    place: Place,
}

/// What an entry of a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An ordinary file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// Another repository: a submodule, or one that was cloned into this working tree.
    Submodule,
    /// A socket, a device, a pipe.
    Irregular,
}

#[derive(Clone, Debug)]
enum Place {
    Git(Id),
    Disk(PathBuf),
}

/// One state of the repository's files.
pub trait View {
    /// The repository root.
    fn root(&self) -> Folder;
    /// What is in a folder, but for git's own `.git`.
    fn entries(&self, folder: &Folder) -> Result<Vec<Entry>, Problem>;
    /// The size of a file in bytes.
    fn size(&self, file: &Entry) -> Result<u64, Problem>;
    /// The bytes of a file.
    fn read(&self, file: &Entry) -> Result<Bytes, Problem>;
    /// The target of a link, as it is written; with `/`.
    fn target(&self, link: &Entry) -> Result<Vec<u8>, Problem>;
    /// An absolute link target as a path from the repository root, where it leads into the repository.
    fn inside<'a>(&self, target: &'a [u8]) -> Option<&'a [u8]>;

    /// Whether this entry is a folder that has something of this name directly in it, whatever the entry's own name.
    fn holds(&self, folder: &Entry, name: &str) -> Result<bool, Problem>;

    /// One entry of a folder. Found among the names that are listed: not every file system tells `chart.yaml` from
    /// `Chart.yaml`.
    fn entry(&self, folder: &Folder, name: &[u8]) -> Result<Option<Entry>, Problem> {
        Ok(self.entries(folder)?.into_iter().find(|entry| entry.name == name))
    }
}

impl Entry {
    /// The name, where it is UTF-8.
    pub fn utf8(&self) -> Option<&str> {
        std::str::from_utf8(&self.name).ok()
    }

    /// The name for people: what is not UTF-8 is written as `\xff`.
    pub fn shown(&self) -> String {
        self.name.utf8_chunks().fold(String::new(), |mut shown, chunk| {
            shown.push_str(chunk.valid());
            chunk.invalid().iter().for_each(|byte| shown.push_str(&format!("\\x{byte:02x}")));
            shown
        })
    }

    /// The blob, tree or commit; `None` in the working tree.
    pub fn id(&self) -> Option<Id> {
        match self.place {
            Place::Git(id) => Some(id),
            Place::Disk(_) => None,
        }
    }

    /// This entry of `parent` as a folder of its own.
    pub fn as_folder(&self, parent: &Folder) -> Folder {
        Folder { path: join(&parent.path, &self.shown()), tree: self.id() }
    }
}

/// The tree of a commit, without what this program itself writes into a checkout: somebody may have committed that.
pub struct CommitView<'a> {
    /// The repository.
    pub git: &'a Open,
    /// The commit's root tree.
    pub tree: Id,
    /// Paths from the root that are never looked at.
    pub own_outputs: &'a [String],
}

/// The commits of a repository as views.
#[derive(Clone, Copy)]
pub struct Commits<'a> {
    /// The repository.
    pub git: &'a Open,
    /// Paths from the root that are never looked at.
    pub own_outputs: &'a [String],
}

impl<'a> Commits<'a> {
    /// The view of this root tree.
    pub fn view(self, tree: Id) -> CommitView<'a> {
        CommitView { git: self.git, tree, own_outputs: self.own_outputs }
    }
}

impl View for CommitView<'_> {
    fn root(&self) -> Folder {
        Folder { path: String::new(), tree: Some(self.tree) }
    }

    fn entries(&self, folder: &Folder) -> Result<Vec<Entry>, Problem> {
        let Some(tree) = folder.tree else { return Ok(Vec::new()) };
        let entries = self.git.tree(tree)?.into_iter();
        Ok(entries
            .filter(|entry| !is_git(&entry.name) && !is_own(self.own_outputs, folder, &entry.name))
            .map(|entry| Entry {
                name: entry.name,
                kind: match entry.kind {
                    TreeKind::File => Kind::File,
                    TreeKind::Folder => Kind::Folder,
                    TreeKind::Link => Kind::Link,
                    TreeKind::Submodule => Kind::Submodule,
                },
                place: Place::Git(entry.id),
            })
            .collect())
    }

    fn size(&self, file: &Entry) -> Result<u64, Problem> {
        file.id().map_or(Ok(0), |id| self.git.blob_size(id))
    }

    fn read(&self, file: &Entry) -> Result<Bytes, Problem> {
        file.id().map_or(Ok(Bytes::new()), |id| self.git.blob(id))
    }

    fn target(&self, link: &Entry) -> Result<Vec<u8>, Problem> {
        self.read(link).map(Vec::from)
    }

    fn inside<'a>(&self, _: &'a [u8]) -> Option<&'a [u8]> {
        None
    }

    fn holds(&self, folder: &Entry, name: &str) -> Result<bool, Problem> {
        let Some(tree) = folder.id().filter(|_| folder.kind == Kind::Folder) else { return Ok(false) };
        Ok(self.git.tree(tree)?.iter().any(|entry| entry.name == name.as_bytes()))
    }
}

/// The checkout, without what this program itself writes into it.
pub struct WorkingTree<'a> {
    /// The root of the checkout, canonical.
    pub root: &'a Path,
    /// Paths from the root that are never looked at.
    pub own_outputs: &'a [String],
    /// The paths of the submodules that git knows, checked out or not.
    pub submodules: BTreeSet<Vec<u8>>,
}

impl WorkingTree<'_> {
    fn entry_of(
        &self,
        folder: &Folder,
        name: Vec<u8>,
        on_disk: PathBuf,
        kind: fs::FileType,
    ) -> Option<Entry> {
        if is_git(&name) || is_own(self.own_outputs, folder, &name) {
            return None;
        }
        let path = path_of(folder, &name);
        let kind = if kind.is_symlink() {
            Kind::Link
        } else if kind.is_file() {
            Kind::File
        } else if !kind.is_dir() {
            Kind::Irregular
        } else if self.submodules.contains(&path) || on_disk.join(".git").symlink_metadata().is_ok() {
            Kind::Submodule
        } else {
            Kind::Folder
        };
        Some(Entry { name, kind, place: Place::Disk(on_disk) })
    }

    fn told(&self, path: &Path, error: &std::io::Error) -> Problem {
        let place = path.strip_prefix(self.root).unwrap_or(path).display().to_string();
        Problem::new(format!("reading {place}: {error}")).in_file(place)
    }

    fn on_disk<'a>(&self, entry: &'a Entry) -> &'a Path {
        match &entry.place {
            Place::Disk(path) => path,
            Place::Git(_) => Path::new(""),
        }
    }
}

impl View for WorkingTree<'_> {
    fn root(&self) -> Folder {
        Folder { path: String::new(), tree: None }
    }

    fn entries(&self, folder: &Folder) -> Result<Vec<Entry>, Problem> {
        let directory = self.root.join(&folder.path);
        let told = |error: &std::io::Error| self.told(&directory, error);
        let mut entries = Vec::new();
        for entry in fs::read_dir(&directory).map_err(|error| told(&error))? {
            let entry = entry.map_err(|error| told(&error))?;
            let kind = entry.file_type().map_err(|error| self.told(&entry.path(), &error))?;
            let name = entry.file_name().as_encoded_bytes().to_owned();
            entries.extend(self.entry_of(folder, name, entry.path(), kind));
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn size(&self, file: &Entry) -> Result<u64, Problem> {
        let path = self.on_disk(file);
        fs::metadata(path).map(|metadata| metadata.len()).map_err(|error| self.told(path, &error))
    }

    fn read(&self, file: &Entry) -> Result<Bytes, Problem> {
        let path = self.on_disk(file);
        fs::read(path).map(Bytes::from).map_err(|error| self.told(path, &error))
    }

    fn target(&self, link: &Entry) -> Result<Vec<u8>, Problem> {
        let path = self.on_disk(link);
        let target = fs::read_link(path).map_err(|error| self.told(path, &error))?;
        let target = target.as_os_str().as_encoded_bytes().to_owned();
        Ok(if cfg!(windows) {
            target.into_iter().map(|b| if b == b'\\' { b'/' } else { b }).collect()
        } else {
            target
        })
    }

    fn inside<'a>(&self, target: &'a [u8]) -> Option<&'a [u8]> {
        let rest = target.strip_prefix(self.root.as_os_str().as_encoded_bytes())?;
        if rest.is_empty() { Some(rest) } else { rest.strip_prefix(b"/") }
    }

    fn holds(&self, folder: &Entry, name: &str) -> Result<bool, Problem> {
        Ok(self.on_disk(folder).join(name).exists())
    }
}

fn path_of(folder: &Folder, name: &[u8]) -> Vec<u8> {
    [folder.path.as_bytes(), if folder.path.is_empty() { b"" } else { b"/" }, name].concat()
}

fn is_own(own_outputs: &[String], folder: &Folder, name: &[u8]) -> bool {
    !own_outputs.is_empty() && {
        let path = path_of(folder, name);
        own_outputs.iter().any(|own| own.as_bytes() == path)
    }
}

/// Git's own folder (or file, in a submodule) is nobody's content, however a file system writes its name.
fn is_git(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b".git")
}
