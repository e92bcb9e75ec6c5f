//! A local folder that Helm can read: packages, `index.yaml`, and an OCI image layout for each chart.
//!
//! ```text
//! PATH/index.yaml                     what `helm repo add` reads
//! PATH/demo-1.2.0.tgz                 the package (and demo-1.2.0.tgz.prov)
//! PATH/oci/demo/                      the layout: what oci://…/demo is in a registry
//! PATH/.chart-release.lock            held while a run writes here
//! PATH/.chart-release/                files on their way; gone when no run writes here
//! ```

mod layout;

use super::{Channel, ExposeError, Fetched};
use crate::{
    charts::ChartVersion,
    digest::Digest,
    doors::disk::{self, Lock, Placed},
    holdings::{Attachment, ChannelId, Exposure, Held, Holding, Kind, Record, Reference, Standing},
    index::{Entry, Index, NewEntry},
    manifest::Artifact,
    packages::Package,
    problem::Problem,
};
use async_trait::async_trait;
use bytes::Bytes;
use layout::{Layout, Tagged};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// The channel `folder:PATH`.
#[derive(Clone, Debug)]
pub struct Folder {
    id: ChannelId,
    place: Arc<Location>,
}

/// The folder itself. Everything here blocks.
#[derive(Debug)]
struct Location {
    path: PathBuf,
    /// As it was configured: what people are told.
    shown: String,
    /// Held from the first stage of a wave until it was exposed, so that two runs write one after the other.
    writing: Mutex<Option<Lock>>,
}

/// What leads to a version in the folder, as far as it is there.
struct Found<'a> {
    entry: Option<Entry<'a>>,
    /// Where the package is or would be, from the folder.
    url: String,
    file: Option<PathBuf>,
    tagged: Option<Tagged>,
}

impl Folder {
    /// The channel that the configuration calls `shown` (`folder:published`), at this path.
    pub fn new(shown: &str, path: PathBuf) -> Self {
        let place = Location { path, shown: shown.to_owned(), writing: Mutex::default() };
        Self { id: ChannelId(shown.into()), place: Arc::new(place) }
    }

    /// Does something that blocks, away from the threads that everybody shares.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Location) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let place = Arc::clone(&self.place);
        match tokio::task::spawn_blocking(move || work(&place)).await {
            Ok(done) => done,
            Err(error) => Err(Problem::new(format!("stopped while working in {}: {error}", self.id))),
        }
    }
}

#[async_trait]
impl Channel for Folder {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn exposure(&self) -> Exposure {
        Exposure::Index
    }

    async fn look(&self, wanted: &[ChartVersion]) -> Vec<Held> {
        let asked = wanted.to_vec();
        match self.blocking(move |place| place.look(&asked)).await {
            Ok(held) => held,
            Err(problem) => vec![Held::Unknown(problem); wanted.len()],
        }
    }

    async fn fetch(&self, is: &ChartVersion, holding: &Holding) -> Result<Fetched, Problem> {
        let (is, package) = (is.clone(), holding.package);
        self.blocking(move |place| place.fetch(&is, package)).await
    }

    async fn stage(&self, record: &Record, package: &Package) -> Result<Holding, Problem> {
        let (record, package) = (record.clone(), package.clone());
        self.blocking(move |place| place.stage(&record, &package)).await
    }

    async fn attach(&self, to: &Record, attachment: &Attachment) -> Result<(), Problem> {
        let (record, attachment) = (to.clone(), attachment.clone());
        self.blocking(move |place| place.attach(&record, &attachment)).await
    }

    async fn expose(&self, staged: &[Record]) -> Vec<Result<Reference, ExposeError>> {
        let records = staged.to_vec();
        match self.blocking(move |place| place.expose(&records)).await {
            Ok(exposed) => exposed,
            Err(problem) => vec![Err(problem.into()); staged.len()],
        }
    }
}

impl Location {
    fn index_path(&self) -> PathBuf {
        self.path.join("index.yaml")
    }

    fn layout(&self, is: &ChartVersion) -> Layout {
        Layout::new(self.path.join("oci").join(is.name.as_str()))
    }

    /// Where files lie before they get their names.
    fn scratch(&self, file: impl AsRef<Path>) -> PathBuf {
        self.path.join(".chart-release").join(file)
    }

    /// Where these bytes lie before they get a name. Not under that name: a 1.0.0-2.0.0 and a-1.0.0 2.0.0 share one.
    fn scratch_of(&self, digest: Digest) -> PathBuf {
        self.scratch(digest.hex())
    }

    fn lock_path(&self) -> PathBuf {
        self.path.join(".chart-release.lock")
    }

    fn reference(&self, url: &str, digest: Option<Digest>) -> Reference {
        let folder = self.shown.strip_prefix("folder:").unwrap_or(&self.shown);
        Reference { url: format!("{}/{url}", folder.trim_end_matches('/')), digest }
    }

    /// What lies beside the package at this place.
    fn provenance(&self, url: &str) -> PathBuf {
        self.path.join(format!("{url}.prov"))
    }

    fn index(&self) -> Result<Index, Problem> {
        let Some(bytes) = disk::read(&self.index_path())? else { return Ok(Index::empty()) };
        Index::scan(bytes).map_err(|problem| self.in_index(problem))
    }

    /// A problem of the index as one of this folder's.
    fn in_index(&self, mut problem: Problem) -> Problem {
        let line = problem.place.as_ref().and_then(|place| place.line);
        problem.place = Some(crate::problem::Place { file: format!("{}/index.yaml", self.shown), line });
        problem
    }

    fn look(&self, wanted: &[ChartVersion]) -> Result<Vec<Held>, Problem> {
        let index = self.index()?;
        let held = |is| self.look_in(&index, is).unwrap_or_else(Held::Unknown);
        Ok(wanted.iter().map(held).collect())
    }

    /// What the folder holds of one version, told by its index, its files and its layout together.
    fn look_in(&self, index: &Index, is: &ChartVersion) -> Result<Held, Problem> {
        let found = self.find(index, is)?;
        let said = found.entry.as_ref().and_then(|entry| entry.digest);
        let tagged = found.tagged.map(|tagged| tagged.package);
        if let (Some(said), Some(tagged)) = (said, tagged)
            && said != tagged
        {
            return Err(self.two_packages(is, ("index.yaml says", said), tagged));
        }
        let holding = |standing, package| -> Result<Holding, Problem> {
            let provenance = disk::is_file(&self.provenance(&found.url))?;
            Ok(Holding {
                standing,
                package,
                attached: provenance.then_some(Kind::Provenance).into_iter().collect(),
                created: found
                    .entry
                    .as_ref()
                    .and_then(|entry| entry.created)
                    .or_else(|| found.tagged.and_then(|tagged| tagged.created)),
                reference: self.reference(&found.url, package),
            })
        };
        let of_file = |file: &Path| -> Result<Option<Digest>, Problem> {
            Ok(disk::read(file)?.map(|bytes| Digest::of(&bytes)))
        };
        Ok(match (&found.entry, &found.file, tagged) {
            (None, None, None) => Held::Absent,
            (Some(_), Some(_), Some(tagged)) => Held::Present(holding(Standing::Served, Some(tagged))?),
            (Some(_), Some(file), None) => {
                // The rest is made from this file, so it is read: publishing would not go on with another one.
                let there = of_file(file)?;
                if let (Some(said), Some(there)) = (said, there) {
                    self.unchanged(is, said, (file, there))?;
                }
                Held::Begun(holding(Standing::Served, there)?)
            }
            (None, Some(file), tagged) => {
                let there = of_file(file)?;
                if let (Some(there), Some(tagged)) = (there, tagged)
                    && there != tagged
                {
                    return Err(self.two_packages(is, ("the file is", there), tagged));
                }
                Held::Begun(holding(Standing::Placed, there)?)
            }
            (_, None, Some(tagged)) => Held::Begun(holding(Standing::Placed, Some(tagged))?),
            (Some(_), None, None) => Held::Begun(holding(Standing::Claimed, said)?),
        })
    }

    fn two_packages(&self, is: &ChartVersion, (who, one): (&str, Digest), tagged: Digest) -> Problem {
        let what = format!(
            "{} holds two packages of {is}: {who} {one}, the OCI image layout has {tagged}",
            self.shown
        );
        Problem::new(what).next("remove the one that was never served, then run again")
    }

    fn find<'a>(&self, index: &'a Index, is: &ChartVersion) -> Result<Found<'a>, Problem> {
        let entry = index.get(is.name.as_str(), is.version.as_str());
        let url = match &entry {
            Some(entry) => self.url_of(entry, is)?,
            None => is.package_file(),
        };
        let file = self.path.join(&url);
        let file = match disk::is_file(&file)? {
            true => Some(file),
            false if disk::exists(&file)? => {
                let what = format!("the name of the package of {is} is taken by something that is no file");
                return Err(Problem::new(what)
                    .in_file(file.display().to_string())
                    .next("move it out of the folder"));
            }
            false => None,
        };
        Ok(Found { entry, url, file, tagged: self.layout(is).look(&is.version)? })
    }

    /// The file that an index entry points to, from the folder. An entry that points out of it is somebody else's.
    fn url_of(&self, entry: &Entry<'_>, is: &ChartVersion) -> Result<String, Problem> {
        let elsewhere = |url: &str| {
            Problem::new(format!("the entry of {is} points to {url}, which is not a file of this folder"))
                .at(format!("{}/index.yaml", self.shown), entry.line)
                .next("give the folder an index of its own: let this channel be another folder")
        };
        let url = entry.url.ok_or_else(|| elsewhere("nothing"))?;
        let url = url.strip_prefix("./").unwrap_or(url);
        let inside = |part: &str| !matches!(part, "" | ".." | ".");
        if url.contains([':', '\\', '%', '?', '#']) && url.replace("%2B", "+") != is.package_file()
            || !url.split('/').all(inside)
        {
            return Err(elsewhere(url));
        }
        Ok(url.replace("%2B", "+"))
    }

    fn fetch(&self, is: &ChartVersion, package: Option<Digest>) -> Result<Fetched, Problem> {
        let index = self.index()?;
        let found = self.find(&index, is)?;
        let path = match (found.file, package) {
            (Some(file), _) => file,
            (None, Some(digest)) => self.layout(is).blob(digest),
            (None, None) => self.path.join(&found.url),
        };
        let bytes = disk::read(&path)?
            .ok_or_else(|| Problem::new(format!("{} has no package of {is} any more", self.shown)))?;
        if let Some(said) = package {
            self.unchanged(is, said, (&path, Digest::of(&bytes)))?;
        }
        let provenance = disk::read(&self.provenance(&found.url))?;
        let attached = provenance.map(|bytes| Attachment { kind: Kind::Provenance, bytes });
        Ok(Fetched { bytes, attached: attached.into_iter().collect() })
    }

    /// Whether a file still has the bytes that were published.
    fn unchanged(
        &self,
        is: &ChartVersion,
        said: Digest,
        (path, there): (&Path, Digest),
    ) -> Result<(), Problem> {
        if said == there {
            return Ok(());
        }
        let what = format!(
            "the package of {is} in {} was changed: {said} was published, {there} is there",
            self.shown
        );
        Err(Problem::new(what).in_file(path.display().to_string()).next(
            "put back the file that was published; nothing will be written for this version until then",
        ))
    }

    /// Takes the folder for this run, unless it has it. What a dead run left half-way is swept out first.
    fn begin_writing(&self) -> Result<(), Problem> {
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if writing.is_none() {
            let told = || tracing::warn!("waiting for another run that is writing to {}", self.shown);
            let lock = disk::lock(&self.lock_path(), told)?;
            disk::remove_folder(&self.scratch(""))?;
            *writing = Some(lock);
        }
        Ok(())
    }

    fn end_writing(&self) -> Result<(), Problem> {
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if writing.is_some() {
            disk::remove_folder(&self.scratch(""))?;
            *writing = None;
        }
        Ok(())
    }

    /// Removes what a dead run left half-way, unless another run is writing now.
    fn sweep_out(&self) -> Result<(), Problem> {
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if writing {
            return self.end_writing();
        }
        if disk::exists(&self.scratch(""))?
            && let Some(_lock) = disk::try_lock(&self.lock_path())?
        {
            disk::remove_folder(&self.scratch(""))?;
        }
        Ok(())
    }

    /// Writes the files of a version where nobody looks, and reads the package back.
    fn stage(&self, record: &Record, package: &Package) -> Result<Holding, Problem> {
        self.begin_writing()?;
        let is = &record.is;
        let scratch = self.scratch_of(record.package.digest);
        disk::write_scratch(&scratch, &package.bytes)?;
        if let Some(provenance) = &package.provenance {
            disk::write_scratch(&self.scratch_of(Digest::of(provenance)), provenance)?;
        }
        let artifact = Artifact::of(record);
        for blob in [&artifact.config, &artifact.manifest] {
            disk::write_scratch(&self.scratch_of(Digest::of(blob)), blob)?;
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
            created: Some(record.created),
            reference: self.reference(&is.package_file(), written),
        })
    }

    fn attach(&self, to: &Record, attachment: &Attachment) -> Result<(), Problem> {
        self.begin_writing()?;
        let Kind::Provenance = attachment.kind;
        let path = self.provenance(&self.find(&self.index()?, &to.is)?.url);
        let digest = Digest::of(&attachment.bytes);
        disk::write_scratch(&self.scratch_of(digest), &attachment.bytes)?;
        self.place(digest, &path)
    }

    /// Gives staged bytes a name, unless they have it already.
    fn place(&self, digest: Digest, path: &Path) -> Result<(), Problem> {
        if disk::place(&self.scratch_of(digest), path)? == Placed::New {
            return Ok(());
        }
        match disk::read(path)?.map(|bytes| Digest::of(&bytes)) {
            Some(there) if there == digest => Ok(()),
            _ => Err(Problem::new(format!("{} has other bytes under the name of {digest}", self.shown))
                .in_file(path.display().to_string())
                .next("move the file out of the folder if it was never served, then run again")),
        }
    }

    /// Gives the staged files their names, then the tags, then the index: what readers follow comes last.
    fn expose(&self, records: &[Record]) -> Result<Vec<Result<Reference, ExposeError>>, Problem> {
        if records.is_empty() {
            self.sweep_out()?;
            return Ok(Vec::new());
        }
        self.begin_writing()?;
        let index = self.index()?;
        // An index that nothing can be added to is found before anything can be seen.
        let mut exposed = match self.extended(&index, records.iter()) {
            Ok(_) => records.iter().map(|record| self.expose_files(&index, record)).collect(),
            Err(problem) => vec![Err(problem.into()); records.len()],
        };
        let going = records.iter().zip(&exposed).filter(|(_, exposed)| exposed.is_ok());
        if let Err(problem) = self.extend_index(&index, going.map(|(record, _)| record)) {
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
        match self.look_in(index, is)? {
            Held::Unknown(problem) => return Err(problem.into()),
            Held::Begun(holding) | Held::Present(holding)
                if holding.package.is_some_and(|there| there != digest) =>
            {
                return Err(ExposeError::Taken(Box::new(holding)));
            }
            Held::Present(holding) => return Ok(holding.reference),
            Held::Absent | Held::Begun(_) => {}
        }
        let url = self.place_files(index, record)?;
        Ok(self.reference(&url, Some(digest)))
    }

    /// Answers where the package is, from the folder.
    fn place_files(&self, index: &Index, record: &Record) -> Result<String, Problem> {
        let (is, layout, artifact) = (&record.is, self.layout(&record.is), Artifact::of(record));
        let found = self.find(index, is)?;
        if found.file.is_none() {
            self.place(record.package.digest, &self.path.join(&found.url))?;
        }
        if let Some(blob) = record.provenance {
            self.place(blob.digest, &self.provenance(&found.url))?;
        }
        if found.tagged.is_none() {
            let blobs = [&artifact.config, &artifact.manifest].map(|blob| Digest::of(blob));
            let provenance = record.provenance.map(|blob| blob.digest);
            for digest in [record.package.digest].into_iter().chain(provenance).chain(blobs) {
                self.place(digest, &layout.blob(digest))?;
            }
            layout.tag(&self.scratch("index.json"), &is.version, &artifact)?;
        }
        Ok(found.url)
    }

    /// Adds the entries that the index lacks, in one step.
    fn extend_index<'a>(
        &self,
        index: &Index,
        records: impl Iterator<Item = &'a Record>,
    ) -> Result<(), Problem> {
        let Some(bytes) = self.extended(index, records)? else { return Ok(()) };
        let scratch = self.scratch("index.yaml");
        disk::write_scratch(&scratch, &bytes)?;
        // An index that is a link stays one: what it leads to is replaced.
        Ok(disk::replace(&scratch, &disk::absolute(&self.index_path())?)?)
    }

    /// The index with the entries that it lacks; `None` when it lacks none.
    fn extended<'a>(
        &self,
        index: &Index,
        records: impl Iterator<Item = &'a Record>,
    ) -> Result<Option<Bytes>, Problem> {
        let new: Vec<NewEntry<'_>> = records
            .filter(|record| index.get(record.is.name.as_str(), record.is.version.as_str()).is_none())
            .map(|record| NewEntry {
                metadata: &record.metadata,
                urls: vec![record.is.package_file()],
                created: record.created,
                digest: record.package.digest,
            })
            .collect();
        if new.is_empty() {
            return Ok(None);
        }
        let newest = new.iter().map(|entry| entry.created).max().unwrap_or_default();
        let bytes = index.with(&new, newest).map_err(|problem| self.in_index(problem))?;
        self.check_extended(&bytes, &new)?;
        Ok(Some(bytes))
    }

    /// Reads what is about to be the index: readers must never see one that lost what it should have gained.
    fn check_extended(&self, bytes: &Bytes, new: &[NewEntry<'_>]) -> Result<(), Problem> {
        let index = Index::scan(bytes.clone())?;
        for entry in new {
            let there = index.get(&entry.metadata.name, &entry.metadata.version);
            if there.and_then(|there| there.digest) != Some(entry.digest) {
                let is = entry.metadata.chart_version();
                return Err(Problem::new(format!("the entry of {is} does not read back from the new index"))
                    .in_file(format!("{}/index.yaml", self.shown))
                    .next("please report it, with the index as it is"));
            }
        }
        Ok(())
    }
}
