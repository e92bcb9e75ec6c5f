//! Publishing a draft, and what GitHub can have against it.

use super::{
    Releases, Staged,
    looking::{Place, holding, on_page, reference, whole},
    staging::writes,
    wording::versions_in,
};
use crate::{
    channels::ExposeError,
    charts::ChartVersion,
    digest::Digest,
    doors::github::{Refusal, Release, Wanted},
    holdings::{Record, Reference, Standing},
    problem::Problem,
    release::{Mark, provenance_file},
};
use bytes::Bytes;
use std::cmp::Ordering;

impl Releases {
    /// Makes one version visible.
    pub(super) async fn expose_one(&self, record: &Record) -> Result<Reference, ExposeError> {
        let staged = self.staged().get(&record.is).cloned();
        let staged = staged
            .ok_or_else(|| Problem::new(format!("no release of {} was prepared", record.is)).passing())?;
        let exposed = match staged.release.draft {
            true => self.publish(record, &staged).await,
            false => self.complete(record, &staged).await,
        };
        if exposed.is_ok() {
            // Its bytes are not needed any more, and its name is taken at GitHub now.
            self.staged().remove(&record.is);
        }
        exposed
    }

    async fn publish(&self, record: &Record, staged: &Staged) -> Result<Reference, ExposeError> {
        let id = staged.release.id;
        let wanted = Wanted {
            tag_name: &staged.name,
            target_commitish: record.commit.as_deref(),
            name: &staged.name,
            body: &staged.body,
            draft: Some(false),
            prerelease: record.is.version.is_prerelease(),
            make_latest: Some(if self.is_latest(record).await? { "true" } else { "false" }),
        };
        let look = || async {
            let now = self.github.by_id(id).await?;
            Ok(now.filter(|release| !release.draft).map(Ok))
        };
        match self.patience().write(|| self.github.update(id, &wanted), look).await? {
            Ok(release) => {
                self.know(&release).await;
                match self.visible(record, &release).await {
                    // One answer is not enough to say that other bytes are published: it is looked at again.
                    Err(ExposeError::Taken(_)) => {}
                    seen => return seen,
                }
                let now = self.patience().read(|| self.github.by_id(id)).await?.unwrap_or(release);
                self.know(&now).await;
                self.visible(record, &now).await
            }
            Err(refusal) => self.refused(record, staged, &refusal).await,
        }
    }

    /// Where readers find the package of a published release, which is the one that was meant.
    async fn visible(&self, record: &Record, release: &Release) -> Result<Reference, ExposeError> {
        let is = &record.is;
        let Some(asset) = whole(release, &is.package_file()).filter(|_| !release.draft) else {
            let what = format!("the release {} has no package of {is} after it was published", release.tag);
            return Err(Problem::new(what).passing().into());
        };
        let digest = self.digest(asset).await?;
        if digest != record.package.digest {
            let mut there = holding(release, is, Standing::Served);
            there.package = Some(digest);
            there.reference.digest = Some(digest);
            return Err(ExposeError::Taken(Box::new(there)));
        }
        Ok(reference(release, Some(asset), Some(digest)))
    }

    /// Adds what a published release lacks.
    async fn complete(&self, record: &Record, staged: &Staged) -> Result<Reference, ExposeError> {
        let is = &record.is;
        let now = self.again(is, staged.release.id).await?;
        let now = self.add(is, now, &is.package_file(), &staged.package).await?;
        self.know(&now).await;
        let reference = self.visible(record, &now).await?;
        if let Some(provenance) = &staged.provenance {
            let now = self.add(is, now, &provenance_file(is), provenance).await?;
            self.know(&now).await;
        }
        Ok(reference)
    }

    /// Adds a file to a published release that lacks it, and gives the release as it is then.
    async fn add(
        &self,
        is: &ChartVersion,
        now: Release,
        file: &str,
        bytes: &Bytes,
    ) -> Result<Release, Problem> {
        match now.asset(file) {
            Some(asset) if asset.is_whole() => return Ok(now),
            // Ours, and nobody could ever download it.
            Some(asset) if Mark::find(&now.body).is_some() => {
                self.patience().read(|| self.github.delete_asset(asset.id)).await?;
            }
            Some(_) => {
                let what = format!("the release {} has half of {file}", now.tag);
                return Err(Problem::new(what).next("delete that file from the release, then run again"));
            }
            None => {}
        }
        self.upload(&now, file, bytes).await?;
        self.again(is, now.id).await
    }

    /// What GitHub has against publishing. The draft stays, and nothing is lost.
    async fn refused(
        &self,
        record: &Record,
        staged: &Staged,
        refusal: &Refusal,
    ) -> Result<Reference, ExposeError> {
        let (is, tag) = (&record.is, &staged.name);
        let says = refusal.message.to_lowercase();
        if refusal.already_exists() {
            return self.raced(record, staged).await;
        }
        let because = |why: &str| {
            Problem::new(format!("the release {tag} cannot be published: {why} ({})", refusal.message))
        };
        let problem = match refusal.status {
            422 if says.contains("immutable") => {
                because("its tag was that of an immutable release, and can never be used again")
                    .next(format!("raise the version of {}", is.name))
            }
            422 if ["rule", "cannot create ref", "protected", "protection"].iter().any(|word| says.contains(word)) => {
                because("a rule of the repository forbids its tag").next(format!(
                    "let the rulesets for tags allow {tag} for this token (Settings > Rules), then run again: the draft waits"
                ))
            }
            403 if says.contains("not accessible") => {
                let commit = record.commit.as_deref().unwrap_or("HEAD");
                because("the token may not make a tag at this commit").next(format!(
                    "git tag '{tag}' {commit} && git push origin 'refs/tags/{tag}', then run again: the draft waits; or use a token that may write workflows"
                ))
            }
            404 => because("its draft was deleted meanwhile").next("run again").passing(),
            _ => refusal.problem(),
        };
        Err(problem.into())
    }

    /// Somebody else published under the tag meanwhile. Our draft can never be published then: what is there counts,
    /// and gets what it lacks.
    async fn raced(&self, record: &Record, staged: &Staged) -> Result<Reference, ExposeError> {
        let (is, tag) = (&record.is, &staged.name);
        let theirs = self.patience().read(|| self.github.by_tag(tag)).await?;
        let place = on_page(theirs.as_slice(), is, Some(tag))?;
        let Some(Place::Published(release)) = place else {
            let what = format!("somebody published the release {tag} of {is}, and it cannot be found");
            return Err(Problem::new(what).passing().into());
        };
        let exposed = self.complete(record, &Staged { release, ..staged.clone() }).await;
        if !matches!(exposed, Err(ExposeError::Failed(_))) {
            self.discard(&staged.release).await?;
        }
        exposed
    }

    /// Whether this is the release that people shall see first: the highest stable version of the one chart.
    async fn is_latest(&self, record: &Record) -> Result<bool, Problem> {
        let is = &record.is;
        if self.settings.latest.as_ref() != Some(&is.name)
            || is.version.is_prerelease()
            || !is.version.is_valid()
        {
            return Ok(false);
        }
        let latest = self.patience().read(|| self.github.latest()).await?;
        let page = self.page().await?;
        let published = page.iter().filter(|release| !release.draft).chain(&latest);
        let mut versions = published.flat_map(|release| versions_in(release, &is.name));
        Ok(!versions
            .any(|other| !other.is_prerelease() && other.precedence(&is.version) == Ordering::Greater))
    }

    /// Adds a provenance beside a package that is published.
    pub(super) async fn attach_provenance(&self, to: &Record, bytes: &Bytes) -> Result<(), Problem> {
        let is = &to.is;
        let tag = self.template.render(&to.metadata)?;
        let Place::Published(release) = self.find(&self.page().await?, is, Some(&tag)).await? else {
            return Err(Problem::new(format!("there is no release of {is} to add a provenance to")).passing());
        };
        let file = provenance_file(is);
        if release.immutable && whole(&release, &file).is_none() {
            return Err(Problem::new(format!(
                "the release {} is immutable: no provenance can be added",
                release.tag
            ))
            .next("sign the next version before it is published"));
        }
        self.reserve(writes(&release, is, false, whole(&release, &file).is_none()), is).await?;
        let now = self.add(is, release, &file, bytes).await?;
        self.know(&now).await;
        match whole(&now, &file) {
            Some(asset) if self.digest(asset).await? == Digest::of(bytes) => Ok(()),
            Some(_) => Err(Problem::new(format!("the release {} has another {file}", now.tag))
                .next("what is published stays as it is: sign the next version")),
            None => Err(Problem::new(format!("the release {} does not have {file} yet", now.tag)).passing()),
        }
    }
}
