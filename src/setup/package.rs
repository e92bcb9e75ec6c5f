//! The packages of charts as files, without any channel.

use super::{NoAnswer, published};
use crate::{
    changes::{About, Survey},
    config::Config,
    dependencies::NoSiblings,
    digest::Digest,
    doors::{away::blocking, disk},
    packages::Package,
    plan::Failure,
    problem::Problem,
    provenance::Key,
    publish::{Packing, Source},
    report::{Event, Made, Packages, Watch},
};
use futures::{StreamExt as _, stream};
use std::path::Path;

/// The packages of the selected charts as files: in the folder that holds exactly those of a run, or in the one of --into.
///
/// # Errors
/// The folder is no place for them. A chart that fails does not stop the others.
pub(super) async fn into_folder(
    config: &Config,
    packing: &Packing,
    signer: Option<&Key>,
    survey: Survey,
    watch: &dyn Watch,
) -> Result<Packages, NoAnswer> {
    let (option, into) = match &config.packages {
        Some(packages) => ("--packages", packages),
        None => ("--into", &config.into),
    };
    published::outside_charts(option, into, config, &survey)
        .map_err(|problem| NoAnswer::usage(vec![problem]))?;
    if config.packages.is_some() && !survey.lanes.is_empty() {
        published::clear(into).await?;
    }
    let problem = |(about, problem): (About, Problem)| Failure { chart: about.to_string(), problem };
    let problems = survey.problems.into_iter().map(problem).collect();
    let mut packages = Packages { made: Vec::new(), notices: survey.notices, problems };
    let candidates = survey.lanes.into_values().flatten();
    let mut all = stream::iter(candidates)
        .map(async |candidate| {
            let packed = packing.package(&candidate, &NoSiblings).await;
            (candidate, packed)
        })
        .buffered(config.jobs.get())
        // A second stage: the next charts are packaged while these wait for the disk.
        .map(async |(candidate, packed)| match packed {
            Ok((package, notices)) => {
                watch.saw(Event::Packed(&candidate.is, package.bytes.len() as u64));
                let made = write(into, package, signer, candidate.created).await;
                (candidate, made.map(|made| (made, notices)))
            }
            Err(problem) => (candidate, Err(problem)),
        })
        .buffered(config.jobs.get());
    while let Some((candidate, made)) = all.next().await {
        match made {
            Ok((made, notices)) => {
                packages.notices.extend(notices);
                packages.made.push(made);
            }
            Err(problem) => {
                watch.saw(Event::Stopped(&candidate.is, &problem));
                packages.problems.push(Failure { chart: candidate.is.to_string(), problem });
            }
        }
    }
    Ok(packages)
}

/// Writes a package as a file of this folder, with its provenance, signed at `created`, where there is a key.
async fn write(into: &Path, package: Package, signer: Option<&Key>, created: i64) -> Result<Made, Problem> {
    let file = into.join(package.is.package_file());
    let made = Made { is: package.is.clone(), file: file.display().to_string(), package: package.digest };
    let (folder, digest, signer) = (into.to_owned(), made.package, signer.cloned());
    let write = move || -> Result<(), Problem> {
        let provenance = signer.map(|key| key.sign(&package, created)).transpose()?;
        unserved(&folder, &file, digest)?;
        let name = package.is.package_file();
        let there = disk::read(&file)?.is_some_and(|bytes| Digest::of(&bytes) == digest);
        replace(&folder, &name, &package.bytes)?;
        let name = format!("{name}.prov");
        match provenance {
            // It was signed by whoever signed it.
            _ if there && disk::exists(&folder.join(&name))? => Ok(()),
            Some(provenance) => replace(&folder, &name, &provenance),
            // It is of another package.
            None => Ok(disk::remove_file(&folder.join(&name))?),
        }
    };
    blocking(&format!("writing {}", made.file), write).await.map(|()| made)
}

/// Writes a file of this folder, in place of the one of this name.
fn replace(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Problem> {
    let scratch = folder.join(format!(".{name}.partial"));
    disk::write_scratch(&scratch, bytes)?;
    Ok(disk::replace(&scratch, &folder.join(name))?)
}

/// A package that people install is not written over, by no command.
fn unserved(folder: &Path, file: &Path, package: Digest) -> Result<(), Problem> {
    disk::make_folder(folder)?;
    match disk::read(file)?.map(|bytes| Digest::of(&bytes)) {
        Some(there) if there != package && disk::exists(&folder.join("index.yaml"))? => Err(Problem::new(
            "another package of this name is there, and the index.yaml beside it may lead to it",
        )
        .in_file(file.display().to_string())
        .next("let --into be another folder")),
        _ => Ok(()),
    }
}
