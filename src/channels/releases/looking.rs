//! What the releases hold of a chart version, whoever made them.

use super::Releases;
use crate::{
    channels::Fetched,
    charts::ChartVersion,
    digest::Digest,
    doors::github::{Asset, PAGE, Release},
    holdings::{Attachment, Held, Holding, Kind, Reference, Standing},
    problem::Problem,
    release::{Mark, package_version, provenance_file},
};
use bytes::Bytes;

/// Where a chart version is, or would be.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// A published release, with or without the package.
    Published(Release),
    /// A draft of ours, and others of ours that are not needed.
    Draft(Release, Vec<Release>),
    /// Nothing. There may be a git tag: somebody's wish for a release, which is looked at before one is made.
    Nowhere,
}

impl Releases {
    /// What there is of one version.
    pub(super) async fn held(&self, page: &[Release], is: &ChartVersion) -> Result<Held, Problem> {
        // A name that needs more than name and version is known when the version is staged, and asked for then.
        let tag = self.template.of(is);
        Ok(match self.find(page, is, tag.as_deref()).await? {
            Place::Nowhere => Held::Absent,
            Place::Published(release) => match whole(&release, &is.package_file()) {
                Some(_) => Held::Present(holding(&release, is, Standing::Served)),
                None => Held::Begun(holding(&release, is, Standing::Claimed)),
            },
            Place::Draft(release, _) => match whole(&release, &is.package_file()) {
                Some(_) => Held::Begun(holding(&release, is, Standing::Drafted)),
                None => Held::Begun(holding(&release, is, Standing::Claimed)),
            },
        })
    }

    /// Where a version is. `tag` is that of its release, where it is known.
    pub(super) async fn find(
        &self,
        page: &[Release],
        is: &ChartVersion,
        tag: Option<&str>,
    ) -> Result<Place, Problem> {
        if let Some(place) = on_page(page, is, tag)? {
            return Ok(place);
        }
        let Some(tag) = tag else { return Ok(Place::Nowhere) };
        if page.len() >= PAGE
            && let Some(release) = self.patience().read(|| self.github.by_tag(tag)).await?
        {
            return Ok(on_page(&[release], is, Some(tag))?.unwrap_or(Place::Nowhere));
        }
        Ok(Place::Nowhere)
    }

    /// The bytes of a version and what lies beside them, verified.
    pub(super) async fn fetched(&self, is: &ChartVersion, holding: &Holding) -> Result<Fetched, Problem> {
        let page = self.page().await?;
        let tag = self.template.of(is);
        let gone = || Problem::new(format!("the release of {is} has no package any more")).passing();
        let (Place::Published(release) | Place::Draft(release, _)) =
            self.find(&page, is, tag.as_deref()).await?
        else {
            return Err(gone());
        };
        let asset = whole(&release, &is.package_file()).ok_or_else(gone)?;
        let bytes = self.download(asset).await?;
        let found = Digest::of(&bytes);
        if holding.package.is_some_and(|said| said != found) {
            let what = format!("the release {} has another package of {is} than a moment ago", release.tag);
            return Err(Problem::new(what).passing());
        }
        let mut attached = Vec::new();
        if let Some(asset) = whole(&release, &provenance_file(is)) {
            attached.push(Attachment { kind: Kind::Provenance, bytes: self.download(asset).await? });
        }
        Ok(Fetched { bytes, attached, created: None })
    }

    /// The bytes of an asset.
    pub(super) async fn download(&self, asset: &Asset) -> Result<Bytes, Problem> {
        self.patience().read(|| self.github.download(asset)).await
    }

    /// The digest of an asset: what GitHub says, or what a download has.
    pub(super) async fn digest(&self, asset: &Asset) -> Result<Digest, Problem> {
        match asset.digest {
            Some(digest) => Ok(digest),
            None => Ok(Digest::of(&self.download(asset).await?)),
        }
    }
}

/// The asset of this name, where all of it is there.
pub(super) fn whole<'a>(release: &'a Release, file: &str) -> Option<&'a Asset> {
    release.asset(file).filter(|asset| asset.is_whole())
}

pub(super) fn holding(release: &Release, is: &ChartVersion, standing: Standing) -> Holding {
    let package = whole(release, &is.package_file());
    let digest = package.and_then(|asset| asset.digest);
    let mark = Mark::find(&release.body).filter(|mark| mark.is == *is);
    let provenance = whole(release, &provenance_file(is)).map(|_| Kind::Provenance);
    Holding {
        standing,
        package: digest,
        attached: provenance.into_iter().collect(),
        closed: release.immutable,
        created: mark.map(|mark| mark.created),
        reference: reference(release, package, digest),
    }
}

/// Where people find this asset of a release; the release itself where it has none.
pub(super) fn reference(release: &Release, package: Option<&Asset>, digest: Option<Digest>) -> Reference {
    let url = package.map_or(&release.html_url, |asset| &asset.download_url);
    Reference { tag: Some(release.tag.clone()), ..Reference::new(url, digest) }
}

/// Whether readers can fetch a version from one of these releases.
pub(super) fn is_public(page: &[Release], is: &ChartVersion) -> bool {
    let file = is.package_file();
    page.iter().any(|release| !release.draft && whole(release, &file).is_some())
}

/// Where a version is among these releases. `None`: they do not say.
pub(super) fn on_page(
    page: &[Release],
    is: &ChartVersion,
    tag: Option<&str>,
) -> Result<Option<Place>, Problem> {
    let file = is.package_file();
    let has_tag = |release: &&Release| tag == Some(release.tag.as_str());
    let mark = |release: &Release| Mark::find(&release.body);
    let is_ours = |release: &Release| mark(release).is_some_and(|mark| mark.is == *is);
    let published = || page.iter().filter(|release| !release.draft);
    let drafts = || page.iter().filter(|release| release.draft);
    // Its package in a release of any name: it was made under another template.
    let with_package = |release: &&Release| whole(release, &file).is_some();
    let served = published().find(|one| has_tag(one) && with_package(one));
    if let Some(release) = served.or_else(|| published().find(with_package)) {
        return Ok(Some(Place::Published(release.clone())));
    }
    if let Some(release) = published().find(has_tag).or_else(|| published().find(|one| is_ours(one))) {
        let other = mark(release).map(|mark| mark.is).filter(|other| other != is);
        let of_chart = release.assets.iter().filter_map(|asset| package_version(&is.name, &asset.name));
        let other = other.or_else(|| {
            let mut others = of_chart.filter(|version| *version != is.version);
            others.next().map(|version| ChartVersion::new(is.name.as_str(), version.as_str()))
        });
        if let Some(other) = other {
            return Err(same_name(is, &release.tag, &other));
        }
        if release.immutable {
            let what = format!(
                "the release {} was published without the package of {is}, and is immutable: it can never be completed",
                release.tag
            );
            return Err(Problem::new(what).next(format!("raise the version of {}", is.name)));
        }
        return Ok(Some(Place::Published(release.clone())));
    }
    for draft in drafts().filter(|draft| has_tag(draft) || draft.asset(&file).is_some()) {
        match mark(draft) {
            None => {
                let what = format!("a draft release {} exists that this program did not make", draft.tag);
                return Err(Problem::new(what).next(format!("publish it or delete it: {}", draft.html_url)));
            }
            Some(mark) if mark.is != *is => return Err(same_name(is, &draft.tag, &mark.is)),
            Some(_) => {}
        }
    }
    let mut ours: Vec<&Release> = drafts().filter(|draft| is_ours(draft)).collect();
    // The one with the whole package, else the oldest.
    ours.sort_by_key(|draft| (whole(draft, &file).is_none(), draft.id));
    let mut ours = ours.into_iter().cloned();
    Ok(ours.next().map(|first| Place::Draft(first, ours.collect())))
}

/// The template gives one name to two versions.
fn same_name(is: &ChartVersion, tag: &str, other: &ChartVersion) -> Problem {
    Problem::new(format!("the release {tag} is that of {other}, and would be that of {is} too"))
        .next("change --release-name-template so that each version of each chart has a name of its own")
}
