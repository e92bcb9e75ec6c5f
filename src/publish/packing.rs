//! Where the packages of a repository's charts come from: files, guards, chart, `.tgz`.

use super::{AtHand, Source};
use crate::{
    changes::{Candidate, Earlier, Origin},
    charts::{Chart, ChartName, Files, Metadata, find::CHART_YAML},
    dependencies::{Brought, Dependencies, Siblings},
    doors::away::blocking,
    packages::{self, Contents, Package, guards},
    problem::{Place, Problem},
    release::package_version,
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
        let read = move || unfetched(brought).map(|(_, contents)| contents);
        blocking("reading a chart", read).await.map_err(|problem| below(origin.path(), problem))
    }
}

#[async_trait]
impl Source for Packing {
    async fn package(
        &self,
        candidate: &Candidate,
        siblings: &dyn Siblings,
    ) -> Result<(Package, Vec<Problem>), Problem> {
        let folder = candidate.origin.path();
        let (files, mut notices) = self.repo.files(candidate.origin.clone()).await?;
        // Before anybody is asked for anything.
        notices.extend(self.guarded(folder, files.clone()).await?);
        let own = files.clone();
        let brought = self.dependencies.bring(&self.repo, &candidate.origin, files, siblings).await?;
        notices.extend(brought.notices);
        let package = self.packed(candidate, own, brought.files, &mut notices).await?;
        notices.extend(without_git(candidate));
        Ok((package, notices))
    }

    async fn at_hand(&self, candidate: &Candidate) -> Result<AtHand, Problem> {
        let folder = candidate.origin.path();
        let (files, mut notices) = self.repo.files(candidate.origin.clone()).await?;
        notices.extend(self.guarded(folder, files.clone()).await?);
        let own = files.clone();
        let mut brought = self.dependencies.at_hand(&self.repo, &candidate.origin, files).await?;
        notices.append(&mut brought.notices);
        if brought.lacking.is_empty() && brought.undetermined.is_empty() {
            let package = self.packed(candidate, own, brought.files, &mut notices).await?;
            notices.extend(without_git(candidate));
            let Package { digest, contents, metadata, .. } = package;
            return Ok(AtHand { digest: Some(digest), contents, metadata, notices });
        }
        let read = move || unfetched(brought);
        let (metadata, contents) =
            blocking("reading a chart", read).await.map_err(|problem| below(folder, problem))?;
        notices.extend(without_git(candidate));
        Ok(AtHand { digest: None, contents, metadata, notices })
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

impl Packing {
    /// Refuses what must not be in a package, and tells what should be looked at, in the chart's own files.
    async fn guarded(&self, folder: &str, files: Files) -> Result<Vec<Problem>, Problem> {
        let secrets = Arc::clone(&self.secrets);
        let look = move || {
            let mut notices = guards::check(&files, &secrets)?;
            let chart_yaml = files.0.get(CHART_YAML);
            notices.extend(chart_yaml.map(|text| Metadata::altered(CHART_YAML, text)).unwrap_or_default());
            Ok::<_, Problem>(notices)
        };
        let told =
            blocking("looking through a chart", look).await.map_err(|problem| below(folder, problem))?;
        Ok(told.into_iter().map(|notice| below(folder, notice)).collect())
    }

    /// The package of these files; `own` are those of the chart itself, which were looked through.
    async fn packed(
        &self,
        candidate: &Candidate,
        own: Files,
        files: Files,
        notices: &mut Vec<Problem>,
    ) -> Result<Package, Problem> {
        let folder = candidate.origin.path();
        let (secrets, epoch) = (Arc::clone(&self.secrets), self.epoch);
        let has_requirements = files.0.contains_key(REQUIREMENTS);
        let pack = move || {
            let told = look_at_brought(&own, &files, &secrets)?;
            Ok::<_, Problem>((pack(files, epoch)?, told))
        };
        let packed = blocking("packaging", pack).await;
        let (package, told) = packed.map_err(|problem| below(folder, problem))?;
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
        notices.extend(told.into_iter().map(|notice| below(folder, notice)));
        Ok(package)
    }
}

/// Looks through what was brought to a chart. What comes from this repository must hold no keys either; what others
/// published is public already.
fn look_at_brought(own: &Files, files: &Files, secrets: &[Secret]) -> Result<Vec<Problem>, Problem> {
    let local = local_dependencies(files);
    let is_local = |path: &str| {
        let file = path.strip_prefix("charts/").unwrap_or(path);
        local.iter().any(|name| package_version(&ChartName::new(name), file).is_some())
    };
    let brought = files.0.iter().filter(|(path, content)| own.0.get(*path) != Some(content));
    let (local, fetched): (BTreeMap<_, _>, BTreeMap<_, _>) =
        brought.map(|(path, content)| (path.clone(), content.clone())).partition(|(path, _)| is_local(path));
    guards::check_fetched(&Files(fetched), secrets)?;
    guards::check(&Files(local), secrets)
}

/// The names of the dependencies that are folders of this repository.
fn local_dependencies(files: &Files) -> Vec<String> {
    let requirements = files.0.get(REQUIREMENTS).map(|text| &text[..]);
    let chart_yaml = files.0.get(CHART_YAML);
    let metadata = chart_yaml.map(|text| Metadata::read_with_requirements(CHART_YAML, text, requirements));
    // What cannot be read is told where it is packaged.
    let dependencies =
        metadata.and_then(Result::ok).map(|metadata| metadata.dependencies).unwrap_or_default();
    let local = dependencies.into_iter().filter(|dependency| dependency.repository.starts_with("file://"));
    local.map(|dependency| dependency.name).collect()
}

fn pack(files: Files, epoch: Option<u64>) -> Result<Package, Problem> {
    let chart = Chart::read(files)?;
    match epoch {
        Some(epoch) => packages::pack(&chart.stamped(epoch)?, epoch),
        None => packages::pack(&chart, packages::DEFAULT_TIME),
    }
}

/// What a chart contains without what would have to be fetched.
fn unfetched(brought: Brought) -> Result<(Metadata, Contents), Problem> {
    let chart = Chart::read_without(brought.files, &brought.lacking)?;
    let mut contents = Contents::of(&chart)?;
    contents.undetermined.extend(brought.undetermined);
    Ok((chart.metadata, contents))
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
