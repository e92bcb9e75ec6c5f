//! How a version becomes visible in a registry: its tag is looked at again, set, and read back.

use super::{Oci, Place};
use crate::{
    channels::ExposeError,
    digest::Digest,
    holdings::{Record, Reference, Standing},
    manifest::Artifact,
    problem::Problem,
};

impl Oci {
    pub(super) async fn expose_one(&self, record: &Record) -> Result<Reference, ExposeError> {
        let place = self.place(&record.is)?;
        let manifest = Artifact::of(record).manifest;
        let ours = Digest::of(&manifest);
        let tagged = || self.registry.manifest_digest(&place.repository, &place.tag);
        // Hardly ever there, and only the answer to a GET says that it is not: a HEAD first would be one call more.
        if let Some((there, _)) = self.registry.manifest(&place.repository, &place.tag).await? {
            return self.taken(&place, record, ours, there).await;
        }
        let put = self.registry.put_manifest(&place.repository, &place.tag, &manifest).await;
        match (tagged().await, put) {
            // Also when it was refused: a registry with immutable tags refuses when somebody was faster.
            (Ok(Some(there)), _) => self.taken(&place, record, ours, there).await,
            (_, Err(problem)) | (Err(problem), Ok(_)) => Err(problem.into()),
            (Ok(None), Ok(_)) => {
                let what = format!("{} took the tag of {} and does not have it", self.id, record.is);
                Err(Problem::new(what).passing().into())
            }
        }
    }

    /// A tag that is set: to our manifest, to another one with the same package, or to something else.
    async fn taken(
        &self,
        place: &Place,
        record: &Record,
        ours: Digest,
        there: Digest,
    ) -> Result<Reference, ExposeError> {
        if there == ours {
            return Ok(place.reference(ours, Some(record.package.digest)));
        }
        let found = self.registry.manifest(&place.repository, &there.to_string()).await?;
        let (_, bytes) = found.ok_or_else(|| {
            Problem::new(format!("{} leads to {there}, which is not there", place.url)).passing()
        })?;
        let holding = self.holding(place, Standing::Served, &bytes)?;
        match holding.package == Some(record.package.digest) {
            true => Ok(holding.reference),
            false => Err(ExposeError::Taken(Box::new(holding))),
        }
    }
}
