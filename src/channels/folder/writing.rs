//! How a folder changes: files on their way, then their names, then the tags, then the index.

use super::{Location, looking::Found};
use crate::{
    channels::ExposeError,
    digest::Digest,
    doors::{
        disk::{self, Lock, Placed},
        scratch::{self, Scratch},
    },
    holdings::{Attachment, Held, Holding, Kind, Record, Reference, Standing},
    index::{self, Index, NewEntry},
    manifest::Artifact,
    packages::Package,
    problem::Problem,
};
use std::{
    path::{Path, PathBuf},
    sync::PoisonError,
};

impl Location {
    /// Waits for the right to change what readers see, for as long as the answer lives. Never held from one verb to the
    /// next: a run that waits for another channel must not keep others out of this one.
    fn lock(&self) -> Result<Lock, Problem> {
        let waiting = || tracing::warn!("waiting for another run that is writing to {}", self.shown);
        Ok(disk::lock(&self.lock_path(), waiting)?)
    }

    /// Where the file of this name lies on its way.
    fn scratch(&self, name: &str) -> Result<PathBuf, Problem> {
        let mut on_their_way = self.on_their_way.lock().unwrap_or_else(PoisonError::into_inner);
        let scratch = match on_their_way.take() {
            Some(scratch) => scratch,
            None => {
                let _lock = self.lock()?;
                Scratch::new(&self.scratch_root())?
            }
        };
        Ok(on_their_way.insert(scratch).file(name))
    }

    /// Clears away what this run has no more use for. The caller holds the lock.
    fn end_writing(&self) -> Result<(), Problem> {
        let scratch = self.on_their_way.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(scratch.map_or(Ok(()), Scratch::remove)?)
    }

    /// Clears away what this run, or a dead one, left half-way, unless another run is writing now.
    fn sweep_out(&self) -> Result<(), Problem> {
        if disk::exists(&self.scratch_root())?
            && let Some(_lock) = disk::try_lock(&self.lock_path())?
        {
            self.end_writing()?;
            scratch::clear(&self.scratch_root())?;
        }
        Ok(())
    }

    /// Where these bytes lie on their way. Not under the name that they get: `a` 1.0.0-2.0.0 and `a-1.0.0` 2.0.0 share
    /// one.
    fn scratch_of(&self, digest: Digest) -> Result<PathBuf, Problem> {
        self.scratch(&digest.hex())
    }

    /// Writes the files of a version where nobody looks, and reads the package back.
    pub(super) fn stage(&self, record: &Record, package: &Package) -> Result<Holding, Problem> {
        let is = &record.is;
        let scratch = self.scratch_of(record.package.digest)?;
        disk::write_scratch(&scratch, &package.bytes)?;
        let artifact = Artifact::of(record);
        for bytes in [&artifact.config, &artifact.manifest].into_iter().chain(&package.provenance) {
            disk::write_scratch(&self.scratch_of(Digest::of(bytes))?, bytes)?;
        }
        let written = disk::read(&scratch)?.map(|bytes| Digest::of(&bytes));
        if written != Some(record.package.digest) {
            let what = format!("the package of {is} reads back as other bytes than were written");
            return Err(Problem::new(what).in_file(scratch.display().to_string()).next("check the disk"));
        }
        Ok(Holding {
            standing: Standing::Placed,
            package: written,
            attached: package.provenance.is_some().then_some(Kind::Provenance).into_iter().collect(),
            closed: false,
            created: Some(record.created),
            reference: self.reference(&is.package_file(), written),
        })
    }

    /// Adds a provenance to a version that is published; the one that is there stays.
    pub(super) fn attach(&self, to: &Record, attachment: &Attachment) -> Result<(), Problem> {
        let Kind::Provenance = attachment.kind;
        let digest = Digest::of(&attachment.bytes);
        disk::write_scratch(&self.scratch_of(digest)?, &attachment.bytes)?;
        let _lock = self.lock()?;
        self.place(digest, &self.provenance(&self.find(&self.index()?, &to.is)?.url))
    }

    /// Gives the staged files their names, then the tags, then the index: what readers follow comes last.
    pub(super) fn expose(&self, records: &[Record]) -> Result<Vec<Result<Reference, ExposeError>>, Problem> {
        if records.is_empty() {
            self.sweep_out()?;
            return Ok(Vec::new());
        }
        let new_index = self.scratch("index.yaml")?; // before the lock, because the first one takes it
        let _lock = self.lock()?;
        let index = self.index()?;
        let mut exposed: Vec<_> = records.iter().map(|record| self.expose_files(&index, record)).collect();
        if let Err(problem) = self.extend_index(&index, &new_index, records, &exposed) {
            for one in exposed.iter_mut().filter(|one| one.is_ok()) {
                *one = Err(problem.clone().into());
            }
        }
        self.end_writing()?;
        Ok(exposed)
    }

    /// Everything of one version but its index entry, unless somebody was faster with other bytes.
    fn expose_files(&self, index: &Index, record: &Record) -> Result<Reference, ExposeError> {
        let (is, digest) = (&record.is, record.package.digest);
        let found = self.find(index, is)?;
        match self.held(is, &found)? {
            Held::Unknown(problem) => return Err(problem.into()),
            Held::Begun(holding) | Held::Present(holding)
                if holding.package.is_some_and(|there| there != digest) =>
            {
                return Err(ExposeError::Taken(Box::new(holding)));
            }
            Held::Present(holding) => return Ok(holding.reference),
            Held::Absent | Held::Begun(_) => {}
        }
        self.place_files(record, &found)?;
        Ok(self.reference(&found.url, Some(digest)))
    }

    fn place_files(&self, record: &Record, found: &Found<'_>) -> Result<(), Problem> {
        let (is, layout, artifact) = (&record.is, self.layout(&record.is), Artifact::of(record));
        if found.file.is_none() {
            self.place(record.package.digest, &self.path.join(&found.url))?;
        }
        if let Some(blob) = record.provenance {
            self.place(blob.digest, &self.provenance(&found.url))?;
        }
        if found.tagged.is_none() {
            let made = [&artifact.config, &artifact.manifest].map(|bytes| Digest::of(bytes));
            let brought = [record.package].into_iter().chain(record.provenance).map(|blob| blob.digest);
            for digest in brought.chain(made) {
                self.place(digest, &layout.blob(digest))?;
            }
            layout.tag(&self.scratch("index.json")?, &is.version, &artifact)?;
        }
        Ok(())
    }

    /// Gives staged bytes a name. What has the name already must be the same, or nothing may lead there.
    fn place(&self, digest: Digest, path: &Path) -> Result<(), Problem> {
        if disk::place(&self.scratch_of(digest)?, path)? == Placed::Taken
            && disk::read(path)?.map(|bytes| Digest::of(&bytes)) != Some(digest)
        {
            return Err(Problem::new(format!("{} has other bytes under the name of {digest}", self.shown))
                .in_file(path.display().to_string())
                .next("move the file out of the folder if it was never served, then run again"));
        }
        Ok(())
    }

    /// Adds the entries that the index lacks, in one step.
    fn extend_index(
        &self,
        index: &Index,
        scratch: &Path,
        records: &[Record],
        exposed: &[Result<Reference, ExposeError>],
    ) -> Result<(), Problem> {
        let lacking =
            |record: &&Record| index.get(record.is.name.as_str(), record.is.version.as_str()).is_none();
        let new: Vec<NewEntry<'_>> = records
            .iter()
            .zip(exposed)
            .filter(|(_, exposed)| exposed.is_ok())
            .map(|(record, _)| record)
            .filter(lacking)
            .map(|record| NewEntry {
                metadata: &record.metadata,
                urls: vec![index::relative_url(&record.is.package_file())],
                created: record.created,
                digest: record.package.digest,
            })
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let newest = new.iter().map(|entry| entry.created).max().unwrap_or_default();
        let extended = index.extended(&new, newest).map_err(|problem| self.in_index(problem))?;
        disk::write_scratch(scratch, extended.bytes())?;
        // An index that is a link stays one: what it leads to is replaced.
        Ok(disk::replace(scratch, &disk::absolute(&self.index_path())?)?)
    }
}
