//! A version's draft, with everything in it, where readers do not see it.

use super::{
    Releases, Staged,
    looking::{Place, holding, whole},
};
use crate::{
    archive::{self, Limits},
    charts::{ChartVersion, Metadata},
    digest::Digest,
    doors::github::{Release, Wanted},
    holdings::{Blob, Holding, Record, Standing},
    packages::Package,
    problem::Problem,
    release::{Mark, Words, body, provenance_file},
};
use bytes::Bytes;

/// What a draft that is there can still need: its text, a package in place of another, its publication.
const MOST_FOR_A_DRAFT: usize = 4;

impl Releases {
    /// Brings one version as far as readers do not see it.
    pub(super) async fn stage_one(&self, record: &Record, package: &Package) -> Result<Holding, Problem> {
        let is = &record.is;
        let name = self.template.render(&record.metadata)?;
        self.unique(is, &name)?;
        let body = self.words(record, package);
        let release = match self.find(&self.page().await?, is, Some(&name)).await? {
            Place::Published(release) => return self.stage_published(record, package, release).await,
            Place::Draft(release, scrap) => {
                self.reserve(scrap.len() + MOST_FOR_A_DRAFT, is).await?;
                for draft in &scrap {
                    self.discard(draft).await?;
                }
                release
            }
            Place::Wish(commit) => {
                self.check_wish(record, &commit).await?;
                self.create(record, &name, &body).await?
            }
            Place::Nowhere => self.create(record, &name, &body).await?,
        };
        let (bytes, provenance) = (package.bytes.clone(), package.provenance.clone());
        let mut staged = Staged { release, name, body, package: bytes, provenance };
        staged.release = self.fill(record, &staged).await?;
        let mut held = holding(&staged.release, is, Standing::Drafted);
        if let Some(asset) = whole(&staged.release, &is.package_file()) {
            held.package = Some(self.digest(asset).await?);
            held.reference.digest = held.package;
        }
        self.staged().insert(is.clone(), staged);
        Ok(held)
    }

    /// Nothing else of this run has the name.
    fn unique(&self, is: &ChartVersion, name: &str) -> Result<(), Problem> {
        let staged = self.staged();
        match staged.iter().find(|(other, staged)| *other != is && staged.name == name) {
            None => Ok(()),
            Some((other, _)) => Err(Problem::new(format!(
                "{other} and {is} would both be released as {name}"
            ))
            .next("change --release-name-template so that each version of each chart has a name of its own")),
        }
    }

    /// A published release is seen at once: what it lacks is uploaded when the version is exposed.
    async fn stage_published(
        &self,
        record: &Record,
        package: &Package,
        release: Release,
    ) -> Result<Holding, Problem> {
        let is = &record.is;
        let mut held = holding(&release, is, Standing::Claimed);
        match release.asset(&is.package_file()) {
            Some(asset) if asset.is_whole() => {
                held.standing = Standing::Served;
                held.package = Some(self.digest(asset).await?);
            }
            Some(_) if Mark::find(&release.body).is_none() => {
                let what = format!("the release {} has half of {}", release.tag, is.package_file());
                return Err(Problem::new(what).next("delete that file from the release, then run again"));
            }
            _ => {
                self.reserve(3, is).await?;
                // Nothing was brought yet, and nothing else is there.
                held.package = Some(record.package.digest);
            }
        }
        let (package, provenance) = (package.bytes.clone(), package.provenance.clone());
        let name = release.tag.clone();
        self.staged().insert(is.clone(), Staged { release, name, body: String::new(), package, provenance });
        Ok(held)
    }

    fn words(&self, record: &Record, package: &Package) -> String {
        let notes = self.settings.notes_file.as_deref().and_then(|file| {
            let files = archive::read(&package.bytes, &Limits::default()).ok()?;
            let (_, bytes) = files.into_iter().find(|(name, _)| name == file)?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        });
        let description = &record.metadata.description;
        body(Words { notes: notes.as_deref(), description, install: &record.install }, &Mark::of(record))
    }

    /// A draft as it is wanted.
    fn draft<'a>(record: &'a Record, name: &'a str, body: &'a str) -> Wanted<'a> {
        Wanted {
            tag_name: name,
            target_commitish: record.commit.as_deref(),
            name,
            body,
            draft: true,
            prerelease: record.is.version.is_prerelease(),
            make_latest: None,
        }
    }

    /// Makes a draft, after taking all writes that the version needs.
    async fn create(&self, record: &Record, name: &str, body: &str) -> Result<Release, Problem> {
        let is = &record.is;
        self.reserve(3 + usize::from(record.provenance.is_some()), is).await?;
        let wanted = Self::draft(record, name, body);
        let mark = Mark::of(record);
        let look = || async {
            let newest = self.github.newest().await?;
            let made =
                newest.into_iter().find(|one| one.draft && Mark::find(&one.body).as_ref() == Some(&mark));
            Ok(made.map(Ok))
        };
        let answer = self.patience().write(|| self.github.create(&wanted), look).await;
        let made = answer?.map_err(|refusal| refusal.problem())?;
        self.know(&made).await;
        Ok(made)
    }

    /// Brings a draft of ours to what is wanted, and reads it back.
    async fn fill(&self, record: &Record, staged: &Staged) -> Result<Release, Problem> {
        let (is, release) = (&record.is, &staged.release);
        if Mark::find(&release.body) != Some(Mark::of(record)) || release.tag != staged.name {
            // A later run must finish this package, not the one that the draft was begun for.
            let wanted = Self::draft(record, &staged.name, &staged.body);
            let answer = self.patience().read(|| self.github.update(release.id, &wanted)).await?;
            answer.map_err(|refusal| refusal.problem())?;
        }
        let (package, provenance) = (is.package_file(), provenance_file(is));
        self.put(release, &package, Some(&staged.package)).await?;
        self.put(release, &provenance, staged.provenance.as_ref()).await?;
        let filled = self.patience().read(|| self.github.by_id(release.id)).await?.ok_or_else(|| {
            Problem::new(format!("the draft release of {is} was deleted meanwhile")).passing()
        })?;
        for (file, blob) in
            [(&package, Some(record.package)), (&provenance, staged.provenance.as_deref().map(Blob::of))]
        {
            let Some(blob) = blob else { continue };
            let there = whole(&filled, file).filter(|asset| asset.size == blob.size);
            if !matches!(there, Some(asset) if self.digest(asset).await? == blob.digest) {
                let what = format!("the draft release of {is} does not have {file} as it was uploaded");
                return Err(Problem::new(what).passing());
            }
        }
        Ok(filled)
    }

    /// Makes a file of a draft what it has to be: other bytes and halves go, what is right stays.
    async fn put(&self, release: &Release, file: &str, bytes: Option<&Bytes>) -> Result<(), Problem> {
        if let Some(asset) = release.asset(file) {
            if let Some(bytes) = bytes
                && asset.is_whole()
                && asset.size == bytes.len() as u64
                && self.digest(asset).await? == Digest::of(bytes)
            {
                return Ok(());
            }
            self.patience().read(|| self.github.delete_asset(asset.id)).await?;
        }
        match bytes {
            Some(bytes) => self.upload(release, file, bytes).await,
            None => Ok(()),
        }
    }

    /// Uploads a file. What an upload left that broke off is removed before it is made again.
    pub(super) async fn upload(&self, release: &Release, file: &str, bytes: &Bytes) -> Result<(), Problem> {
        let look = || async {
            let now = self.github.by_id(release.id).await?;
            let Some(asset) = now.as_ref().and_then(|now| now.asset(file)) else { return Ok(None) };
            if asset.is_whole() {
                return Ok(Some(Ok(asset.clone()))); // read back by whoever asked
            }
            self.github.delete_asset(asset.id).await?;
            Ok(None)
        };
        let answer = self.patience().write(|| self.github.upload(release, file, bytes.clone()), look).await;
        answer?.map_err(|refusal| refusal.problem())?;
        Ok(())
    }

    /// A git tag that waits for its release has to hold this version.
    async fn check_wish(&self, record: &Record, commit: &str) -> Result<(), Problem> {
        let path = match record.path.as_str() {
            "" | "." => "Chart.yaml".to_owned(),
            path => format!("{path}/Chart.yaml"),
        };
        let file = self.patience().read(|| self.github.file(&path, commit)).await?;
        let found =
            file.and_then(|bytes| Metadata::read(&path, &bytes).ok()).map(|read| read.chart_version());
        if found.as_ref() == Some(&record.is) {
            return Ok(());
        }
        let there = found.map_or_else(|| "no such chart".to_owned(), |found| found.to_string());
        let what = format!(
            "the git tag for the release of {} is at {commit}, which has {there} in {path}",
            record.is
        );
        Err(Problem::new(what)
            .next("move the tag to a commit that has this version, or delete it, then run again"))
    }
}
