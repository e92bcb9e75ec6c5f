//! What is published of a version: its canonical bytes, and the record of them.

use super::Run;
use crate::{
    digest::Digest,
    doors::away::blocking,
    holdings::{Blob, Kind, Record},
    packages::{self, Package},
    plan::{Bytes, Planned, Step},
    problem::Problem,
    provenance::Key,
};

/// The bytes that rule 3 says are the package: what was packaged for the decision, or what a channel serves.
pub(super) async fn canonical(run: &Run<'_>, planned: &Planned) -> Result<Package, Problem> {
    let (bytes, attached) = match &planned.bytes {
        Bytes::Ours(digest) => (run.shelved(*digest).await?, Vec::new()),
        Bytes::Theirs(id, digest) => {
            let holding = planned.steps.get(id).and_then(|step| match step {
                Step::Keep(holding) | Step::Finish(holding) | Step::Attach(holding, _) => Some(holding),
                _ => None,
            });
            let fetched = run.fetch(id, &planned.is, holding).await?;
            let found = Digest::of(&fetched.bytes);
            if found != *digest {
                let what = format!("{id} serves {found} for {}, and {digest} a moment ago", planned.is);
                return Err(Problem::new(what));
            }
            (fetched.bytes, fetched.attached)
        }
        Bytes::None => {
            return Err(Problem::new(format!("it was not decided which bytes are {}", planned.is)));
        }
    };
    let mut package = blocking("reading a package", move || packages::unpack(bytes)).await?;
    if package.is != planned.is {
        let what = format!("the package that is published as {} is one of {}", planned.is, package.is);
        return Err(Problem::new(what)
            .next(format!("nothing is made of it: raise the version of {}", planned.is.name)));
    }
    package.provenance = attached.into_iter().find(|one| one.kind == Kind::Provenance).map(|one| one.bytes);
    if package.provenance.is_none()
        && planned.made.contains(&Kind::Provenance)
        && let Some(key) = run.signer
    {
        package.provenance = Some(signed(key, &package, planned.created).await?);
    }
    Ok(package)
}

/// The provenance of a package that nobody has signed. Of the time that it is published under, so that whoever goes on
/// after a dead run makes the same bytes.
async fn signed(key: &Key, package: &Package, created: i64) -> Result<bytes::Bytes, Problem> {
    let (key, package) = (key.clone(), package.clone());
    let doing = format!("signing {}", package.is);
    blocking(&doing, move || key.sign(&package, created)).await
}

/// What the channels are told of it.
pub(super) fn record(run: &Run<'_>, planned: &Planned, package: &Package) -> Record {
    Record {
        is: planned.is.clone(),
        path: planned.path.clone(),
        commit: planned.commit.clone().or_else(|| run.head.clone()),
        metadata: package.metadata.clone(),
        package: Blob { digest: package.digest, size: package.bytes.len() as u64 },
        provenance: package.provenance.as_deref().map(Blob::of),
        created: planned.created,
        source: run.source_url.clone(),
        revision: planned.revision.clone(),
        released: None,
        install: run.channels.iter().filter_map(|channel| channel.install(&planned.is)).collect(),
    }
}
