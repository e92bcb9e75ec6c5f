//! What a folder holds: told by its index, its files and its layouts together.

use super::{Location, layout::Tagged};
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
    /// Where the package is or would be, from the folder.
    pub(super) url: String,
    pub(super) file: Option<PathBuf>,
    pub(super) tagged: Option<Tagged>,
}

impl Location {
    /// The index as it is now; an empty one where there is none.
    pub(super) fn index(&self) -> Result<Index, Problem> {
        let Some(bytes) = disk::read(&self.index_path())? else { return Ok(Index::empty()) };
        Index::scan(bytes).map_err(|problem| self.in_index(problem))
    }

    /// A problem of the index as one of this folder's.
    pub(super) fn in_index(&self, mut problem: Problem) -> Problem {
        let line = problem.place.as_ref().and_then(|place| place.line);
        problem.place = Some(Place { file: format!("{}/index.yaml", self.shown), line });
        problem
    }

    /// What the folder holds of these versions.
    pub(super) fn look(&self, wanted: &[ChartVersion]) -> Result<Vec<Held>, Problem> {
        let index = self.index()?;
        let look = |is| self.held(is, &self.find(&index, is)?);
        let held = |is| match look(is).unwrap_or_else(Held::Unknown) {
            // There are indexes that Helm reads and that nothing can be added to: a plan has to know.
            Held::Absent => match index.can_take(is.name.as_str()) {
                Ok(()) => Held::Absent,
                Err(problem) => Held::Unknown(self.in_index(problem)),
            },
            held => held,
        };
        Ok(wanted.iter().map(held).collect())
    }

    /// What the folder holds of one version, told by its index, its files and its layout together.
    pub(super) fn held(&self, is: &ChartVersion, found: &Found<'_>) -> Result<Held, Problem> {
        let said = found.entry.as_ref().and_then(|entry| entry.digest);
        let tagged = found.tagged.map(|tagged| tagged.package);
        if let (Some(said), Some(tagged)) = (said, tagged)
            && said != tagged
        {
            return Err(self.two_packages(is, ("index.yaml says", said), tagged));
        }
        let holding = |standing, package| -> Result<Holding, Problem> {
            let provenance = disk::is_file(&self.provenance(&found.url))?;
            Ok(Holding {
                standing,
                package,
                attached: provenance.then_some(Kind::Provenance).into_iter().collect(),
                closed: false,
                created: found
                    .entry
                    .as_ref()
                    .and_then(|entry| entry.created)
                    .or_else(|| found.tagged.and_then(|tagged| tagged.created)),
                reference: self.reference(&found.url, package),
            })
        };
        let of_file = |file: &Path| -> Result<Option<Digest>, Problem> {
            Ok(disk::read(file)?.map(|bytes| Digest::of(&bytes)))
        };
        Ok(match (&found.entry, &found.file, tagged) {
            (None, None, None) => Held::Absent,
            (Some(_), Some(_), Some(tagged)) => Held::Present(holding(Standing::Served, Some(tagged))?),
            (Some(_), Some(file), None) => {
                // The rest is made from this file, so it is read: publishing would not go on with another one.
                let there = of_file(file)?;
                if let (Some(said), Some(there)) = (said, there) {
                    self.unchanged(is, said, (file, there))?;
                }
                Held::Begun(holding(Standing::Served, there)?)
            }
            (None, Some(file), tagged) => {
                let there = of_file(file)?;
                if let (Some(there), Some(tagged)) = (there, tagged)
                    && there != tagged
                {
                    return Err(self.two_packages(is, ("the file is", there), tagged));
                }
                Held::Begun(holding(Standing::Placed, there)?)
            }
            (_, None, Some(tagged)) => Held::Begun(holding(Standing::Placed, Some(tagged))?),
            (Some(_), None, None) => Held::Begun(holding(Standing::Claimed, said)?),
        })
    }

    fn two_packages(&self, is: &ChartVersion, (who, one): (&str, Digest), tagged: Digest) -> Problem {
        let what = format!(
            "{} holds two packages of {is}: {who} {one}, the OCI image layout has {tagged}",
            self.shown
        );
        Problem::new(what).next("remove the one that was never served, then run again")
    }

    /// Whether a file still has the bytes that were published.
    fn unchanged(
        &self,
        is: &ChartVersion,
        said: Digest,
        (path, there): (&Path, Digest),
    ) -> Result<(), Problem> {
        if said == there {
            return Ok(());
        }
        let what = format!(
            "the package of {is} in {} was changed: {said} was published, {there} is there",
            self.shown
        );
        Err(Problem::new(what).in_file(path.display().to_string()).next(
            "put back the file that was published; nothing will be written for this version until then",
        ))
    }

    /// What leads to one version.
    pub(super) fn find<'a>(&self, index: &'a Index, is: &ChartVersion) -> Result<Found<'a>, Problem> {
        let entry = index.get(is.name.as_str(), is.version.as_str());
        let url = match &entry {
            Some(entry) => self.url_of(entry, is)?,
            None => is.package_file(),
        };
        let file = self.path.join(&url);
        let file = match disk::is_file(&file)? {
            true => Some(file),
            false if disk::exists(&file)? => {
                let what = format!("the name of the package of {is} is taken by something that is no file");
                return Err(Problem::new(what)
                    .in_file(file.display().to_string())
                    .next("move it out of the folder"));
            }
            false => None,
        };
        Ok(Found { entry, url, file, tagged: self.layout(is).look(&is.version)? })
    }

    /// The file that an index entry points to, from the folder. An entry that points out of it is somebody else's.
    fn url_of(&self, entry: &Entry<'_>, is: &ChartVersion) -> Result<String, Problem> {
        let elsewhere = |url: &str| {
            Problem::new(format!("the entry of {is} points to {url}, which is not a file of this folder"))
                .at(format!("{}/index.yaml", self.shown), entry.line)
                .next("give the folder an index of its own: let this channel be another folder")
        };
        let url = entry.url.ok_or_else(|| elsewhere("nothing"))?;
        let path = percent_decode_str(url.strip_prefix("./").unwrap_or(url)).decode_utf8();
        let path = path.map_err(|_| elsewhere(url))?;
        let inside = |part: &str| !matches!(part, "" | ".." | ".");
        if url.contains([':', '?', '#', '\\']) || !path.split('/').all(inside) {
            return Err(elsewhere(url));
        }
        Ok(path.into_owned())
    }

    /// The package of a version, with the digest that was said of it, and its provenance.
    pub(super) fn fetch(&self, is: &ChartVersion, package: Option<Digest>) -> Result<Fetched, Problem> {
        let index = self.index()?;
        let found = self.find(&index, is)?;
        let path = match (found.file, package) {
            (Some(file), _) => file,
            (None, Some(digest)) => self.layout(is).blob(digest),
            (None, None) => self.path.join(&found.url),
        };
        let bytes = disk::read(&path)?
            .ok_or_else(|| Problem::new(format!("{} has no package of {is} any more", self.shown)))?;
        if let Some(said) = package {
            self.unchanged(is, said, (&path, Digest::of(&bytes)))?;
        }
        let provenance = disk::read(&self.provenance(&found.url))?;
        let attached = provenance.map(|bytes| Attachment { kind: Kind::Provenance, bytes });
        Ok(Fetched { bytes, attached: attached.into_iter().collect(), created: None })
    }
}
