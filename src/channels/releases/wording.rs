//! What a release says: the chart's own words, and what GitHub tells of the changes since the version before.

use super::Releases;
use crate::{
    archive::{self, Limits},
    charts::{ChartName, ChartVersion, Version},
    doors::github::{PAGE, Release},
    holdings::Record,
    packages::Package,
    problem::Problem,
    release::{Mark, Words, body, package_version},
};
use std::cmp::Ordering;

/// How many tags of earlier versions are asked after, where the newest releases have none of the chart: one may be no
/// release.
const ASKED_BACK: usize = 3;

impl Releases {
    /// How many writes its text costs: GitHub counts the request though nothing is stored.
    pub(super) fn writes_for_words(&self) -> usize {
        usize::from(self.settings.generate_notes)
    }

    /// The text of a release to come.
    pub(super) async fn words(
        &self,
        record: &Record,
        package: &Package,
        name: &str,
    ) -> Result<String, Problem> {
        let notes = self.settings.notes_file.as_deref().and_then(|file| {
            let notes = notes(package, file);
            if notes.is_none() {
                tracing::warn!("{} has no {file}: the release says its description instead", record.is);
            }
            notes
        });
        let generated = match self.settings.generate_notes {
            true => self.generated(record, name).await?,
            false => String::new(),
        };
        let words = Words {
            notes: notes.as_deref(),
            description: &record.metadata.description,
            install: &record.install,
            generated: &generated,
        };
        Ok(body(words, &Mark::of(record)))
    }

    /// What GitHub tells of the changes. Asked again for a draft that is finished: it is told what is true now.
    async fn generated(&self, record: &Record, name: &str) -> Result<String, Problem> {
        let before = self.before(&record.is).await?;
        let (target, before) = (record.commit.as_deref(), before.as_deref());
        let answer = self.patience().read(|| self.github.notes(name, target, before)).await?;
        answer.map_err(|refusal| refusal.problem())
    }

    /// The tag of the release that comes before this version, of the same chart: by itself GitHub would compare with the
    /// newest release, which may be another chart's.
    async fn before(&self, is: &ChartVersion) -> Result<Option<String>, Problem> {
        let page = self.page().await?;
        let published = page.iter().filter(|release| !release.draft);
        let of_chart = published.flat_map(|release| {
            versions_in(release, &is.name).into_iter().map(move |version| (version, release))
        });
        let highest = lower(is, of_chart).into_iter().next().map(|release| release.tag.clone());
        if highest.is_some() || page.len() < PAGE {
            return Ok(highest);
        }
        let around = self.template.around_version(&is.name).filter(|around| !around.before.is_empty());
        let Some(around) = around else { return Ok(None) };
        // The releases go on for pages and pages; the tags of one chart are one answer.
        let tags = self.patience().read(|| self.github.tags(&around.before)).await?;
        let of_chart = tags.into_iter().filter_map(|tag| Some((around.version(&tag)?, tag)));
        for tag in lower(is, of_chart).into_iter().take(ASKED_BACK) {
            let release = self.patience().read(|| self.github.by_tag(&tag)).await?;
            if release.is_some_and(|release| !versions_in(&release, &is.name).is_empty()) {
                return Ok(Some(tag));
            }
        }
        Ok(None)
    }
}

/// Of these, what belongs to lower versions than this one, the highest first.
fn lower<T>(is: &ChartVersion, of_chart: impl Iterator<Item = (Version, T)>) -> Vec<T> {
    let lower = |version: &Version| version.is_valid() && version.precedence(&is.version) == Ordering::Less;
    let mut found: Vec<(Version, T)> = of_chart.filter(|(version, _)| lower(version)).collect();
    found.sort_by(|(one, _), (other, _)| other.precedence(one));
    found.into_iter().map(|(_, of)| of).collect()
}

/// The versions of a chart that a release has packages of.
pub(super) fn versions_in(release: &Release, chart: &ChartName) -> Vec<Version> {
    release.assets.iter().filter_map(|asset| package_version(chart, &asset.name)).collect()
}

/// The text of a file of the package.
fn notes(package: &Package, file: &str) -> Option<String> {
    let files = archive::read(&package.bytes, &Limits::default()).ok()?;
    let (_, bytes) = files.into_iter().find(|(name, _)| name == file)?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
