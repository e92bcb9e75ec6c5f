//! A version's draft, with everything in it, where readers do not see it.

use super::{
    Releases, Staged,
    looking::{Place, holding, whole},
};
use crate::{
    charts::{ChartVersion, Metadata},
    digest::Digest,
    doors::github::{Release, Wanted},
    holdings::{Blob, Holding, Record, Standing},
    packages::Package,
    problem::Problem,
    release::{Mark, keeps_its_name, provenance_file},
};
use bytes::Bytes;

impl Releases {
    /// Brings one version as far as readers do not see it.
    pub(super) async fn stage_one(&self, record: &Record, package: &Package) -> Result<Holding, Problem> {
        let is = &record.is;
        let name = self.template.render(&record.metadata)?;
        self.unique(is, &name)?;
        let (begun, scrap) = match self.find(&self.page().await?, is, Some(&name)).await? {
            Place::Published(release) => return self.stage_published(record, package, release).await,
            Place::Draft(draft, scrap) => {
                let release = self.again(is, draft.id).await?;
                if !release.draft {
                    self.know(&release).await;
                    return self.stage_published(record, package, release).await;
                }
                (Some(release), scrap)
            }
            Place::Nowhere => (None, Vec::new()),
        };
        self.check_tag(record, &name).await?;
        if !keeps_its_name(&is.package_file()) {
            let what = format!(
                "GitHub would store {} under another name, because of its characters",
                is.package_file()
            );
            return Err(Problem::new(what)
                .next("let the chart's `name` have letters from a to z, digits and `-` only, or name channels without `releases`"));
        }
        let provenance = package.provenance.is_some();
        let files = match &begun {
            Some(release) => scrap.len() + writes(release, is, true, provenance),
            None => 1 + usize::from(provenance),
        };
        // All writes that the version needs, before the first: also its text and its publication.
        self.reserve(files + self.writes_for_words() + 2, is).await?;
        let body = self.words(record, package, &name).await?;
        for draft in &scrap {
            self.discard(draft).await?;
        }
        let release = match begun {
            Some(release) => release,
            None => self.create(record, &name, &body).await?,
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
            // Nothing was brought yet, and nothing else is there.
            _ => held.package = Some(record.package.digest),
        }
        let lacks_package = whole(&release, &is.package_file()).is_none();
        let provenance = package.provenance.is_some() && whole(&release, &provenance_file(is)).is_none();
        self.reserve(writes(&release, is, lacks_package, provenance), is).await?;
        let (package, provenance) = (package.bytes.clone(), package.provenance.clone());
        let name = release.tag.clone();
        self.staged().insert(is.clone(), Staged { release, name, body: String::new(), package, provenance });
        Ok(held)
    }

    /// A draft as it is wanted.
    fn draft<'a>(record: &'a Record, name: &'a str, body: &'a str) -> Wanted<'a> {
        Wanted {
            tag_name: name,
            target_commitish: record.commit.as_deref(),
            name,
            body,
            draft: Some(true),
            prerelease: record.is.version.is_prerelease(),
            make_latest: None,
        }
    }

    /// Makes a draft.
    async fn create(&self, record: &Record, name: &str, body: &str) -> Result<Release, Problem> {
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
            let wanted = Wanted { draft: None, ..Self::draft(record, &staged.name, &staged.body) };
            let answer = self.patience().read(|| self.github.update(release.id, &wanted)).await?;
            answer.map_err(|refusal| refusal.problem())?;
        }
        let (package, provenance) = (is.package_file(), provenance_file(is));
        self.put(release, &package, Some(&staged.package)).await?;
        self.put(release, &provenance, staged.provenance.as_ref()).await?;
        let filled = self.again(is, release.id).await?;
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

    /// A release of ours as it is now.
    pub(super) async fn again(&self, is: &ChartVersion, id: u64) -> Result<Release, Problem> {
        let now = self.patience().read(|| self.github.by_id(id)).await?;
        now.ok_or_else(|| Problem::new(format!("the release of {is} was deleted meanwhile")).passing())
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
        match answer? {
            Ok(_) => Ok(()),
            Err(refusal) if refusal.already_exists() => {
                let what = format!("somebody else is uploading {file} to the release {}", release.tag);
                let now = self.patience().read(|| self.github.by_id(release.id)).await?;
                let there = now.as_ref().and_then(|now| whole(now, file));
                there.map(|_| ()).ok_or_else(|| Problem::new(what).passing())
            }
            Err(refusal) => Err(refusal.problem()),
        }
    }

    /// A git tag that waits for its release has to hold this version.
    async fn check_tag(&self, record: &Record, name: &str) -> Result<(), Problem> {
        let tagged = self.patience().read(|| self.github.tagged(name)).await?;
        let Some(commit) = tagged.filter(|commit| record.commit.as_ref() != Some(commit)) else {
            return Ok(());
        };
        let path = match record.path.as_str() {
            "" | "." => "Chart.yaml".to_owned(),
            path => format!("{path}/Chart.yaml"),
        };
        let file = self.patience().read(|| self.github.file(&path, &commit)).await?;
        let found =
            file.and_then(|bytes| Metadata::read(&path, &bytes).ok()).map(|read| read.chart_version());
        if found.as_ref() == Some(&record.is) {
            return Ok(());
        }
        let there = found.map_or_else(|| "no chart".to_owned(), |found| found.to_string());
        let what = format!(
            "the git tag for the release of {} is at {commit}, which has {there} in {path}",
            record.is
        );
        Err(Problem::new(what)
            .next("move the tag to a commit that has this version, or delete it, then run again"))
    }
}

/// How many writes it takes at most to bring the package, or the provenance, to a release: what is in its place goes.
pub(super) fn writes(release: &Release, is: &ChartVersion, package: bool, provenance: bool) -> usize {
    let of = |file: &str, wanted: bool| match release.asset(file) {
        Some(_) => usize::from(wanted) + usize::from(wanted || release.draft),
        None => usize::from(wanted),
    };
    of(&is.package_file(), package) + of(&provenance_file(is), provenance)
}
