//! Writing a chart's package, and reading one back.

use super::Contents;
use crate::{
    archive::{self, Limits},
    charts::{Chart, ChartVersion, Metadata},
    digest::Digest,
    problem::Problem,
};
use bytes::Bytes;

/// The `.tgz` of a chart version. Cheap to clone, never changed; made here or read back from a channel.
#[derive(Clone, Debug)]
pub struct Package {
    /// The chart version.
    pub is: ChartVersion,
    /// The archive.
    pub bytes: Bytes,
    /// Its sha256.
    pub digest: Digest,
    /// Its Chart.yaml as Helm reads it from the package: with the dependencies of a v1 chart's requirements.yaml.
    pub metadata: Metadata,
    /// What is in it.
    pub contents: Contents,
    /// The `.prov` file, where there is one.
    pub provenance: Option<Bytes>,
}

/// The size of the largest file that is packaged, in bytes. A larger one could be read by Helm 4.3 and by nothing else.
pub const LARGEST_FILE: u64 = 5 << 20;

/// What is said of a file of this size, which is above [`LARGEST_FILE`].
pub fn too_large(size: u64) -> Problem {
    let what = format!(
        "the file has {size} bytes, and Helm 3 and Helm 4 before 4.3 cannot read a chart with a file above 5 MiB"
    );
    Problem::new(what).next(SMALLER)
}

/// Packages a chart: a function of the chart and the time alone. `time`, in seconds since 1970, is that of every entry.
///
/// # Errors
/// A file above 5 MiB, or all files together of 100 MiB: no Helm before 4.3, or no Helm at all, could install it. And
/// what does not read back as it was packaged.
pub fn pack(chart: &Chart, time: u64) -> Result<Package, Problem> {
    let entries = chart.entries()?;
    let limit = Limits::default();
    let mut total = 0;
    for (name, content) in &entries {
        let path = name.split_once('/').map_or(name.as_str(), |(_, path)| path);
        if content.len() as u64 > LARGEST_FILE {
            return Err(too_large(content.len() as u64).in_file(path));
        }
        total += content.len() as u64;
        if total >= limit.total {
            let what = format!("with this file the chart reaches {} bytes: no Helm can read it", limit.total);
            return Err(Problem::new(what).in_file(path).next(SMALLER));
        }
    }
    if entries.len() > limit.entries {
        return Err(Problem::new(format!("the chart has more than {} files", limit.entries)).next(SMALLER));
    }
    let package = package(chart, archive::write(&entries, time))?;
    // Some names of charts and subcharts mean something else to readers. Nobody shall find out after it is public.
    let wrong = match unpack(package.bytes.clone()) {
        Err(problem) => problem.what,
        Ok(read) => match package.contents.differing(&read.contents) {
            differing if differing.is_empty() => return Ok(package),
            differing => format!("other files: {}", differing.join(", ")),
        },
    };
    Err(Problem::new(format!("Helm could not read the package back as it is: {wrong}"))
        .in_file("Chart.yaml")
        .next("give the chart and its subcharts plain names"))
}

const SMALLER: &str = "add what the chart does not need to .helmignore";

/// Reads a package, whoever wrote it.
///
/// # Errors
/// What Helm could not load either, and an archive that breaks [`Limits`].
pub fn unpack(bytes: Bytes) -> Result<Package, Problem> {
    let chart = Chart::published(archive::read(&bytes, &Limits::default())?)?;
    package(&chart, bytes)
}

fn package(chart: &Chart, bytes: Bytes) -> Result<Package, Problem> {
    Ok(Package {
        is: chart.is(),
        digest: Digest::of(&bytes),
        bytes,
        metadata: chart.metadata.clone(),
        contents: Contents::of(chart)?,
        provenance: None,
    })
}
