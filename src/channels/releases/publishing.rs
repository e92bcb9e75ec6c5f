//! Publishing a draft, and what GitHub can have against it.

use super::{
    Releases, Staged,
    looking::{Place, holding, whole},
};
use crate::{
    channels::ExposeError,
    charts::{ChartName, Version},
    digest::Digest,
    doors::github::{Refusal, Release, Wanted},
    holdings::{Record, Reference, Standing},
    problem::Problem,
    release::{Mark, package_version, provenance_file},
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
            draft: false,
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
        Ok(Reference { url: asset.download_url.clone(), digest: Some(digest) })
    }

    /// Adds what a published release lacks.
    async fn complete(&self, record: &Record, staged: &Staged) -> Result<Reference, ExposeError> {
        let is = &record.is;
        let id = staged.release.id;
        let gone = || Problem::new(format!("the release {} was deleted meanwhile", staged.name)).passing();
        let now = self.patience().read(|| self.github.by_id(id)).await?.ok_or_else(gone)?;
        let files =
            [(is.package_file(), Some(&staged.package)), (provenance_file(is), staged.provenance.as_ref())];
        for (file, bytes) in files {
            let Some(bytes) = bytes else { continue };
            match now.asset(&file) {
                Some(asset) if asset.is_whole() => continue,
                // Ours, and nobody could ever download it.
                Some(asset) if Mark::find(&now.body).is_some() => {
                    self.patience().read(|| self.github.delete_asset(asset.id)).await?;
                }
                Some(_) => {
                    let what = format!("the release {} has half of {file}", now.tag);
                    return Err(Problem::new(what).next("delete that file, then run again").into());
                }
                None => {}
            }
            self.upload(&now, &file, bytes).await?;
        }
        let now = self.patience().read(|| self.github.by_id(id)).await?.ok_or_else(gone)?;
        self.know(&now).await;
        self.visible(record, &now).await
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
        if refusal.status == 422 && says.contains("already_exists") {
            return self.raced(record, staged, refusal).await;
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

    /// Somebody else published under the tag meanwhile.
    async fn raced(
        &self,
        record: &Record,
        staged: &Staged,
        refusal: &Refusal,
    ) -> Result<Reference, ExposeError> {
        let theirs = self.patience().read(|| self.github.by_tag(&staged.name)).await?;
        let Some(theirs) = theirs else { return Err(refusal.problem().into()) };
        if whole(&theirs, &record.is.package_file()).is_none() {
            let what =
                format!("somebody published the release {} meanwhile, without the package", staged.name);
            return Err(Problem::new(what).next("run again, to complete it").passing().into());
        }
        let reference = self.visible(record, &theirs).await?;
        self.know(&theirs).await;
        self.discard(&staged.release).await?;
        Ok(reference)
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
        if let Some(asset) = whole(&release, &file) {
            return match self.digest(asset).await? == Digest::of(bytes) {
                true => Ok(()),
                false => Err(Problem::new(format!("the release {} has another {file}", release.tag))
                    .next("what is published stays as it is: sign the next version")),
            };
        }
        if release.immutable {
            return Err(Problem::new(format!(
                "the release {} is immutable: no provenance can be added",
                release.tag
            ))
            .next("sign the next version before it is published"));
        }
        self.reserve(1, is).await?;
        let done = self.upload(&release, &file, bytes).await;
        self.doubt().await;
        done
    }
}

/// The versions of a chart that a release has packages of.
fn versions_in(release: &Release, chart: &ChartName) -> Vec<Version> {
    release.assets.iter().filter_map(|asset| package_version(chart, &asset.name)).collect()
}
