//! What is wrong with one chart in one state of the repository, whoever changed it.

use super::Task;
use crate::{
    changes::Origin,
    channels::oci,
    charts::{
        ChartVersion, Files, Metadata, artifacthub,
        find::{CHART_YAML, join},
        yaml,
    },
    doors::away::{blocking, guarded},
    manifest,
    packages::{Contents, guards},
    problem::Problem,
    publish::below,
    report::check::Rule,
};
use std::sync::Arc;

/// What is known of one chart in one state of the repository.
pub(super) struct Looked {
    /// What its package contains, as far as the repository says it; `None` where no package can be made.
    pub contents: Option<Contents>,
    pub faults: Vec<Fault>,
}

/// Something that is wrong with it. Its place is one of the repository.
pub(super) struct Fault {
    pub rule: Rule,
    pub problem: Problem,
}

impl Fault {
    /// Whether it is the same as in another state of the repository, where lines and folders may be others.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.rule == other.rule && self.problem.what == other.problem.what
    }
}

/// Looks at everything that no channel has to be asked for.
pub(super) async fn looked_at(task: &Task<'_>, origin: &Origin, is: &ChartVersion) -> Looked {
    let doing = format!("checking {is}");
    let mut looked = Looked { contents: None, faults: Vec::new() };
    let stopped = |problem| Fault { rule: Rule::NoPackage, problem };
    let read = async { task.packing.repo.files(origin.clone()).await };
    let files = match guarded(&doing, read).await {
        Ok((files, _)) => files,
        Err(problem) => {
            looked.faults.extend(names(task, origin, is, None));
            looked.faults.push(stopped(problem));
            return looked;
        }
    };
    let chart_yaml = files.0.get(CHART_YAML).cloned();
    looked.faults.extend(names(task, origin, is, chart_yaml.as_deref()));
    if let Some(bytes) = &chart_yaml {
        looked.faults.extend(other_source(task, origin, bytes));
        let dropped = artifacthub::problems(&join(origin.path(), CHART_YAML), bytes);
        looked.faults.extend(dropped.into_iter().map(|problem| Fault { rule: Rule::ArtifactHub, problem }));
    }
    match guarded(&doing, contents(task, origin, files)).await {
        Ok(contents) => looked.contents = Some(contents),
        Err(problem) => looked.faults.push(stopped(problem)),
    }
    looked
}

/// What the package contains; or what stops it, but for dependencies that would have to be fetched.
async fn contents(task: &Task<'_>, origin: &Origin, files: Files) -> Result<Contents, Problem> {
    let secrets = Arc::clone(&task.packing.secrets);
    let guarded = blocking("looking for secrets", move || guards::check(&files, &secrets)).await;
    guarded.map_err(|problem| below(origin.path(), problem))?;
    task.packing.contents(origin).await
}

/// Where its Chart.yaml says this.
fn at_key(problem: Problem, origin: &Origin, chart_yaml: Option<&[u8]>, key: &str) -> Problem {
    let file = join(origin.path(), CHART_YAML);
    let document = chart_yaml.and_then(|bytes| yaml::read(CHART_YAML, bytes).ok());
    let value = document.as_ref().and_then(|document| document.get(key));
    let line = value.map(|value| value.items().first().map_or(value.line, |item| item.line));
    match line {
        Some(line) => problem.at(file, line),
        None => problem.in_file(file),
    }
}

/// Names and versions that a registry refuses, where one is a channel.
fn names(task: &Task<'_>, origin: &Origin, is: &ChartVersion, chart_yaml: Option<&[u8]>) -> Vec<Fault> {
    let fault = |problem, key| Fault {
        rule: Rule::NotForRegistries,
        problem: at_key(problem, origin, chart_yaml, key),
    };
    let mut refused = task.registries.iter().filter_map(|path| oci::repository(path, &is.name).err());
    let name = refused.next().map(|problem| fault(problem, "name"));
    let has_registry = !task.registries.is_empty();
    let version = manifest::tag(&is.version).err().filter(|_| has_registry);
    name.into_iter().chain(version.map(|problem| fault(problem, "version"))).collect()
}

/// What updaters such as Renovate take release notes from is the first source, and the source of the artifact in a
/// registry. Elsewhere nothing hangs on it.
fn other_source(task: &Task<'_>, origin: &Origin, chart_yaml: &[u8]) -> Option<Fault> {
    let home = task.home.as_ref().filter(|_| !task.registries.is_empty())?;
    let metadata = Metadata::read(CHART_YAML, chart_yaml).ok()?;
    let first = metadata.sources.first().filter(|first| !leads_to(first, &home.url))?;
    let what = format!(
        "the first of its sources is {first}, and not this repository: who looks for release notes of what a \
         registry holds looks there"
    );
    let problem = Problem::new(what).next(format!("let {} be the first of `sources`", home.url));
    Some(Fault { rule: Rule::OtherSource, problem: at_key(problem, origin, Some(chart_yaml), "sources") })
}

/// Whether a URL leads to a repository, or to a place in it.
fn leads_to(url: &str, home: &str) -> bool {
    let (url, home) = (plain(url), plain(home));
    url.strip_prefix(&home).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `host/owner/name` of any way to write it: `https://HOST/OWNER/NAME.git`, `git@HOST:OWNER/NAME`.
fn plain(url: &str) -> String {
    let url = url.trim().to_lowercase();
    let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let (authority, path) = match rest.find(['/', ':']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // `host:22/path`, and `host:path`.
    let path = path.trim_start_matches([':', '/']);
    let path = match path.split_once('/') {
        Some((port, rest)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => path,
    };
    format!("{host}/{}", path.trim_end_matches('/').trim_end_matches(".git"))
}

#[cfg(test)]
mod tests {
    use super::leads_to;

    #[test]
    fn a_repository_is_known_however_it_is_written() {
        let home = "https://github.com/acme/charts";
        for own in [
            "https://github.com/acme/charts",
            "http://github.com/Acme/Charts.git/",
            "git@github.com:acme/charts.git",
            "ssh://git@github.com:22/acme/charts",
            "https://github.com/acme/charts/tree/main/charts/demo",
        ] {
            assert!(leads_to(own, home), "{own}");
        }
        for other in [
            "https://github.com/acme/charts-2",
            "https://github.com/acme/app",
            "https://github.com.example.com/acme/charts",
            "https://gitlab.com/acme/charts",
            "https://github.com/acme",
            "",
        ] {
            assert!(!leads_to(other, home), "{other}");
        }
        assert!(leads_to("http://127.0.0.1:8080/acme/charts", "http://127.0.0.1:8080/acme/charts"));
        assert!(leads_to("https://github.com/acme/charts", "git@github.com:acme/charts.git"));
    }
}
