//! What a folder holds: told by its index, its files and its layouts together.

use super::{Location, layout::Tagged, provenance_file};
use crate::{
    channels::Fetched,
    charts::ChartVersion,
    digest::Digest,
    doors::disk,
    holdings::{Attachment, Held, Holding, Kind, Standing},
    index::{Entry, Index},
    problem::{Place, Problem},
};
use percent_encoding::percent_decode_str;
use std::path::{Path, PathBuf};

/// What leads to a version in the folder, as far as it is there.
pub(super) struct Found<'a> {
    entry: Option<Entry<'a>>,
    pub(super) file: Option<PathBuf>,
    pub(super) tagged: Option<Tagged>,
}

impl Location {
    /// The index as it is now; an empty one where there is none.
    pub(super) fn index(&self) -> Result<Index, Problem> {
        let Some(bytes) = disk::read(&self.index_path())? else { return Ok(Index::empty()) };
        Index::scan(bytes).map_err(|mut problem| {
            let line = problem.place.as_ref().and_then(|place| place.line);
            problem.place = Some(Place { file: format!("{}/index.yaml", self.shown), line });
            problem
        })
    }

    /// What the folder holds of these versions.
    pub(super) fn look(&self, wanted: &[ChartVersion]) -> Result<Vec<Held>, Problem> {
        let index = self.index()?;
        let held = |is| self.look_in(&index, is).unwrap_or_else(Held::Unknown);
        Ok(wanted.iter().map(held).collect())
    }

    /// What the folder holds of one version, told by its index, its files and its layout together.
    pub(super) fn look_in(&self, index: &Index, is: &ChartVersion) -> Result<Held, Problem> {
        let found = self.find(index, is)?;
        let said = found.entry.as_ref().and_then(|entry| entry.digest);
        let tagged = found.tagged.map(|tagged| tagged.package);
        if let (Some(said), Some(tagged)) = (said, tagged)
            && said != tagged
        {
            let what = format!(
                "{} holds two packages of {is}: index.yaml says {said}, the OCI image layout has {tagged}",
                self.shown
            );
            return Err(Problem::new(what).next("remove the one that was never served, then run again"));
        }
        let holding = |standing, package| -> Result<Holding, Problem> {
            let provenance = disk::is_file(&self.path.join(provenance_file(is)))?;
            Ok(Holding {
                standing,
                package,
                attached: provenance.then_some(Kind::Provenance).into_iter().collect(),
                created: found
                    .entry
                    .as_ref()
                    .and_then(|entry| entry.created)
                    .or_else(|| found.tagged.and_then(|tagged| tagged.created)),
                reference: self.reference(is, package),
            })
        };
        let of_file = |file: &Path| -> Result<Option<Digest>, Problem> {
            Ok(disk::read(file)?.map(|bytes| Digest::of(&bytes)))
        };
        Ok(match (&found.entry, &found.file, tagged) {
            (None, None, None) => Held::Absent,
            (Some(_), Some(_), Some(tagged)) => Held::Present(holding(Standing::Served, Some(tagged))?),
            (Some(_), Some(file), None) => {
                let digest = match said {
                    Some(digest) => Some(digest),
                    None => of_file(file)?,
                };
                Held::Begun(holding(Standing::Served, digest)?)
            }
            (None, Some(file), _) => Held::Begun(holding(Standing::Placed, of_file(file)?)?),
            (_, None, Some(tagged)) => Held::Begun(holding(Standing::Placed, Some(tagged))?),
            (Some(_), None, None) => Held::Begun(holding(Standing::Claimed, said)?),
        })
    }

    /// What leads to one version.
    pub(super) fn find<'a>(&self, index: &'a Index, is: &ChartVersion) -> Result<Found<'a>, Problem> {
        let entry = index.get(is.name.as_str(), is.version.as_str());
        let file = match &entry {
            Some(entry) => self.file_of(entry, is)?,
            None => self.path.join(is.package_file()),
        };
        let file = disk::is_file(&file)?.then_some(file);
        Ok(Found { entry, file, tagged: self.layout(is).look(&is.version)? })
    }

    /// The file that an index entry points to. An entry that points out of the folder is somebody else's.
    fn file_of(&self, entry: &Entry<'_>, is: &ChartVersion) -> Result<PathBuf, Problem> {
        let elsewhere = |url: &str| {
            Problem::new(format!("the entry of {is} points to {url}, which is not a file of this folder"))
                .at(format!("{}/index.yaml", self.shown), entry.line)
                .next("give the folder an index of its own: let this channel be another folder")
        };
        let url = entry.url.ok_or_else(|| elsewhere("nothing"))?;
        let path = percent_decode_str(url).decode_utf8().map_err(|_| elsewhere(url))?;
        let inside = |part: &str| !matches!(part, "" | ".." | ".");
        if url.contains([':', '?', '#', '\\']) || !path.split('/').all(inside) {
            return Err(elsewhere(url));
        }
        Ok(self.path.join(&*path))
    }

    /// The package of a version, with the digest that was said of it, and its provenance.
    pub(super) fn fetch(&self, is: &ChartVersion, package: Option<Digest>) -> Result<Fetched, Problem> {
        let index = self.index()?;
        let path = match (self.find(&index, is)?.file, package) {
            (Some(file), _) => file,
            (None, Some(digest)) => self.layout(is).blob(digest),
            (None, None) => self.path.join(is.package_file()),
        };
        let bytes = disk::read(&path)?
            .ok_or_else(|| Problem::new(format!("{} has no package of {is} any more", self.shown)))?;
        let digest = Digest::of(&bytes);
        if let Some(said) = package
            && said != digest
        {
            let what = format!(
                "the package of {is} in {} was changed: {said} was published, {digest} is there",
                self.shown
            );
            return Err(Problem::new(what).in_file(path.display().to_string()).next(
                "put back the file that was published; nothing will be written for this version until then",
            ));
        }
        let provenance = disk::read(&self.path.join(provenance_file(is)))?;
        let attached = provenance.map(|bytes| Attachment { kind: Kind::Provenance, bytes });
        Ok(Fetched { bytes, attached: attached.into_iter().collect() })
    }
}
