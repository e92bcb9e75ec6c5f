//! The charts of one run, as what other charts of it depend on before anybody can download them.

use super::Run;
use crate::{
    changes::Candidate,
    charts::{ChartName, ChartVersion, Metadata, Version},
    dependencies::Siblings,
    digest::Digest,
    doors::away::guarded,
    holdings::{ChannelId, Held, Holding},
    packages::Contents,
    plan::Case,
    problem::Problem,
    report::Event,
};
use async_trait::async_trait;
use bytes::Bytes;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};
use tokio::sync::OnceCell;

/// The chart versions of a run, and the repositories that have, or will have, all of them.
pub(super) struct Family<'r> {
    run: &'r Run<'r>,
    repositories: Vec<String>,
    members: BTreeMap<ChartVersion, Member>,
    /// What each was given of the others. Circles are told by who asks.
    needs: Mutex<BTreeMap<ChartVersion, BTreeSet<ChartVersion>>>,
}

struct Member {
    candidate: Candidate,
    /// What the channels answered.
    case: Case,
    ours: OnceCell<Result<Made, Problem>>,
    theirs: OnceCell<Result<Digest, Problem>>,
}

/// A package of ours. Its bytes are on the shelf.
pub(super) struct Made {
    pub digest: Digest,
    pub contents: Contents,
    pub metadata: Metadata,
    /// What is worth knowing about it.
    pub notices: Vec<Problem>,
}

impl<'r> Family<'r> {
    pub fn new(run: &'r Run<'r>, cases: &[(Candidate, Case)]) -> Self {
        let repositories = run.channels.iter().filter_map(|channel| channel.repository());
        let member = |(candidate, case): &(Candidate, Case)| {
            let (candidate, case) = (candidate.clone(), case.clone());
            let (ours, theirs) = Default::default();
            (case.is.clone(), Member { candidate, case, ours, theirs })
        };
        Self {
            run,
            repositories: repositories.map(|repository| cleaned(&repository)).collect(),
            members: cases.iter().map(member).collect(),
            needs: Mutex::default(),
        }
    }

    /// Our package of this member: made once, whoever asks for it.
    pub async fn ours(&self, is: &ChartVersion) -> Result<&Made, Problem> {
        let Some(member) = self.members.get(is) else { return Err(stranger(is)) };
        let doing = format!("packaging {is}");
        let made = member.ours.get_or_init(|| guarded(&doing, self.make(&member.candidate))).await;
        made.as_ref().map_err(Problem::clone)
    }

    async fn make(&self, candidate: &Candidate) -> Result<Made, Problem> {
        let siblings = Relatives { family: self, of: candidate.is.clone() };
        let (package, notices) = self.run.source.package(candidate, &siblings).await?;
        self.run.watch.saw(Event::Packed(&candidate.is, package.bytes.len() as u64));
        self.run.shelve(package.bytes).await?;
        Ok(Made { digest: package.digest, contents: package.contents, metadata: package.metadata, notices })
    }

    /// The charts of this run that one with this metadata depends on: those it was given, what lies in the repository,
    /// and what was copied into its `charts/`. A public chart that is called like one of ours is another one.
    pub fn needed_by(&self, is: &ChartVersion, metadata: &Metadata) -> Vec<ChartName> {
        let beside = metadata.dependencies.iter().filter(|dependency| {
            dependency.repository.is_empty() || dependency.repository.starts_with("file://")
        });
        let beside = beside.map(|dependency| ChartName::new(&dependency.name));
        let known: BTreeSet<&ChartName> = self.members.keys().map(|is| &is.name).collect();
        let needs = self.needs.lock().unwrap_or_else(PoisonError::into_inner);
        let given = needs.get(is).into_iter().flatten().map(|needed| needed.name.clone());
        let needed: BTreeSet<ChartName> = beside.chain(given).collect();
        needed.into_iter().filter(|name| known.contains(name) && *name != is.name).collect()
    }

    /// The package of a member: what a channel holds, else ours.
    async fn bytes(&self, is: &ChartVersion) -> Result<Bytes, Problem> {
        let Some(member) = self.members.get(is) else { return Err(stranger(is)) };
        if let Some((channel, holding)) = member.case.source() {
            let fetch = || guarded("fetching a published package", self.fetch(is, channel, holding));
            let digest = member.theirs.get_or_init(fetch).await.clone()?;
            return self.run.shelved(digest).await;
        }
        let silent = member.case.held.iter().find_map(|(channel, held)| match held {
            Held::Unknown(problem) => Some((channel, problem)),
            _ => None,
        });
        if let Some((channel, problem)) = silent {
            let what = format!("it is not known what {channel} holds");
            return Err(Problem { passing: problem.passing, ..Problem::new(what) });
        }
        self.run.shelved(self.ours(is).await?.digest).await
    }

    async fn fetch(&self, is: &ChartVersion, id: &ChannelId, holding: &Holding) -> Result<Digest, Problem> {
        let fetched = self.run.fetch(id, is, Some(holding)).await?;
        let found = self.run.shelve(fetched.bytes).await?;
        match holding.package {
            Some(said) if said != found => {
                Err(Problem::new(format!("{id} serves {found}, and {said} a moment ago")).passing())
            }
            _ => Ok(found),
        }
    }

    /// Notes that one member was given another.
    fn note(&self, of: &ChartVersion, given: &ChartVersion) {
        let mut needs = self.needs.lock().unwrap_or_else(PoisonError::into_inner);
        needs.entry(of.clone()).or_default().insert(given.clone());
    }
}

fn stranger(is: &ChartVersion) -> Problem {
    Problem::new(format!("{is} is not part of this run"))
}

/// What a member of the family may depend on.
struct Relatives<'f> {
    family: &'f Family<'f>,
    of: ChartVersion,
}

#[async_trait]
impl Siblings for Relatives<'_> {
    fn versions(&self, repository: &str, name: &ChartName) -> Vec<Version> {
        if !self.family.repositories.contains(&cleaned(repository)) {
            return Vec::new();
        }
        let others = self.family.members.keys().filter(|is| is.name == *name && **is != self.of);
        others.map(|is| is.version.clone()).collect()
    }

    async fn package(&self, is: &ChartVersion) -> Result<Bytes, Problem> {
        self.family.note(&self.of, is);
        self.family.bytes(is).await.map_err(|problem| {
            let what = format!("{is}, which {} depends on, cannot be had: {}", self.of, problem.what);
            Problem { what, ..problem }
        })
    }
}

/// A repository's address in one spelling: scheme and host in lower case, without the port that everybody means, and
/// without `/` at the end.
fn cleaned(repository: &str) -> String {
    let Some((scheme, rest)) = repository.trim().split_once("://") else {
        return repository.trim().to_owned();
    };
    let scheme = scheme.to_ascii_lowercase();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "http" => ":80",
        _ => ":443",
    };
    let host = host.strip_suffix(usual).unwrap_or(&host);
    let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    [&format!("{scheme}://{host}")].into_iter().map(String::as_str).chain(path).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_repository_is_known_in_every_spelling() {
        for (spelling, other) in [
            ("https://Acme.github.io/charts/", "https://acme.github.io/charts"),
            ("https://acme.github.io:443/charts", "https://acme.github.io/charts"),
            ("HTTP://acme.example:80", "http://acme.example/"),
            ("oci://GHCR.io/acme/charts", "oci://ghcr.io/acme/charts/"),
        ] {
            assert_eq!(cleaned(spelling), cleaned(other));
        }
        for (one, other) in [
            ("https://acme.github.io/charts", "https://acme.github.io/Charts"),
            ("https://acme.github.io", "http://acme.github.io"),
            ("https://acme.github.io:8443", "https://acme.github.io"),
            ("https://acme.github.io/charts", "https://acme.github.io/chart"),
            ("@acme", "@other"),
        ] {
            assert_ne!(cleaned(one), cleaned(other));
        }
    }
}
