//! Where the packages of a repository's charts come from: files, guards, chart, `.tgz`.

use super::Source;
use crate::{
    changes::{Candidate, Earlier, Origin},
    charts::{Chart, ChartName, Files, Metadata, find::CHART_YAML},
    dependencies::Dependencies,
    doors::away::blocking,
    packages::{self, Contents, Package, guards},
    problem::{Place, Problem},
    repo::Repo,
    secret::Secret,
};
use async_trait::async_trait;
use std::{collections::BTreeMap, sync::Arc};

/// Where a chart of `apiVersion: v1` has its dependencies.
const REQUIREMENTS: &str = "requirements.yaml";

/// Packages charts of one repository.
pub struct Packing {
    /// Where the files are.
    pub repo: Repo,
    /// Where what the charts depend on comes from.
    pub dependencies: Dependencies,
    /// What must not be in any of them.
    pub secrets: Arc<[Secret]>,
    /// `SOURCE_DATE_EPOCH`, in seconds since 1970, where it is set: the time in the packages, as Helm 4.3 writes it.
    pub epoch: Option<u64>,
}

impl Packing {
    /// What the package of the chart in this folder contains, as far as the repository alone says it: nothing is fetched.
    ///
    /// # Errors
    /// What would stop its package, but for dependencies that are not there.
    pub async fn contents(&self, origin: &Origin) -> Result<Contents, Problem> {
        let (files, _) = self.repo.files(origin.clone()).await?;
        let brought = self.dependencies.at_hand(&self.repo, origin, files).await?;
        let read = move || Contents::of(&Chart::read(brought.files)?);
        blocking("reading a chart", read).await.map_err(|problem| below(origin.path(), problem))
    }
}

#[async_trait]
impl Source for Packing {
    async fn package(&self, candidate: &Candidate) -> Result<(Package, Vec<Problem>), Problem> {
        let folder = candidate.origin.path().to_owned();
        let (files, mut notices) = self.repo.files(candidate.origin.clone()).await?;
        let (secrets, epoch) = (Arc::clone(&self.secrets), self.epoch);
        let has_requirements = files.0.contains_key(REQUIREMENTS);
        let packed = blocking("packaging", move || pack(files, &secrets, epoch)).await;
        let (package, told) = packed.map_err(|problem| below(&folder, problem))?;
        if package.is != candidate.is {
            let problem = match has_requirements {
                // Helm reads it over the Chart.yaml, whatever it says.
                true => Problem::new(format!("requirements.yaml makes {} of {}", package.is, candidate.is))
                    .next("leave nothing but `dependencies` in it, or move them into Chart.yaml"),
                false => {
                    Problem::new(format!("{} was read a moment ago, and is {} now", candidate.is, package.is))
                        .next("run again when nothing changes the working tree any more")
                }
            };
            return Err(problem.in_file(folder));
        }
        notices.extend(told.into_iter().map(|notice| below(&folder, notice)));
        notices.extend(without_git(candidate));
        Ok((package, notices))
    }

    async fn metadata(&self, candidate: &Candidate) -> Result<Metadata, Problem> {
        let (files, _) = self.repo.files(candidate.origin.clone()).await?;
        let chart_yaml = files.0.get(CHART_YAML).ok_or_else(|| {
            Problem::new("Chart.yaml is not among the packaged files").in_file(candidate.origin.path())
        })?;
        let requirements = files.0.get(REQUIREMENTS).map(|bytes| &bytes[..]);
        Metadata::read_with_requirements(CHART_YAML, chart_yaml, requirements)
            .map_err(|problem| below(candidate.origin.path(), problem))
    }

    async fn earlier(
        &self,
        charts: Vec<ChartName>,
        at_most: usize,
    ) -> Result<BTreeMap<ChartName, Vec<Earlier>>, Problem> {
        self.repo.earlier(charts, at_most).await
    }
}

fn pack(files: Files, secrets: &[Secret], epoch: Option<u64>) -> Result<(Package, Vec<Problem>), Problem> {
    let mut notices = guards::check(&files, secrets)?;
    notices.extend(
        files.0.get(CHART_YAML).map(|bytes| Metadata::altered(CHART_YAML, bytes)).unwrap_or_default(),
    );
    let chart = Chart::read(files)?;
    let package = match epoch {
        Some(epoch) => packages::pack(&chart.stamped(epoch)?, epoch)?,
        None => packages::pack(&chart, packages::DEFAULT_TIME)?,
    };
    Ok((package, notices))
}

/// A problem in a file of the chart as one in a file of the repository.
pub(crate) fn below(folder: &str, mut problem: Problem) -> Problem {
    let inside = problem.place.take().unwrap_or(Place { file: String::new(), line: None });
    let file =
        [folder, &inside.file].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    problem.place = Some(Place { file, line: inside.line });
    problem
}

/// What nobody can package again from a commit is worth knowing.
fn without_git(candidate: &Candidate) -> Option<Problem> {
    let files = &candidate.ungitted;
    let what = match files.len() {
        0 => return None,
        1 => format!(
            "the package of {} has a file that git does not have like that: {}",
            candidate.is, files[0]
        ),
        count => {
            let some = files.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = if count > 5 { ", …" } else { "" };
            format!(
                "the package of {} has {count} files that git does not have like that: {some}{more}",
                candidate.is
            )
        }
    };
    Some(Problem::new(what).in_file(candidate.origin.path()))
}
