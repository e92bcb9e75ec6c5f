//! A channel `oci://host/path`: a repository for each chart in an OCI registry, as `helm push` makes it.
//!
//! There is no "create only if absent" for a tag. What keeps two publishers of one version apart is that the same files
//! are the same bytes, that the tag is looked at right before it is set, and that it is read back afterwards.

mod exposing;

use super::{Channel, ExposeError, Fetched};
use crate::{
    charts::{ChartName, ChartVersion, Version},
    digest::Digest,
    doors::{
        credentials::Credentials,
        http,
        registry::{Registry, check_name},
    },
    holdings::{Attachment, ChannelId, Exposure, Held, Holding, Kind, Record, Reference, Standing},
    manifest::{self, Artifact},
    packages::Package,
    problem::Problem,
};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use std::collections::BTreeMap;

/// Questions that are asked of a registry at once.
const AT_ONCE: usize = 16;

/// A package with more bytes is none that Helm could unpack: it allows 100 MiB unpacked.
const LARGEST_PACKAGE: u64 = 128 << 20;
/// The `.prov` file holds the Chart.yaml and a signature.
const LARGEST_PROVENANCE: u64 = 8 << 20;

/// What the channel has to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The registry, with its port where it has one: `ghcr.io`.
    pub host: String,
    /// What the charts' repositories begin with, in lower case: `acme/charts`.
    pub path: String,
    /// Speak HTTP, not HTTPS.
    pub plain_http: bool,
    /// Who we are, where the configuration says it; otherwise Docker's and Helm's files are asked.
    pub credentials: Option<Credentials>,
    /// How calls are made.
    pub http: http::Settings,
}

/// The channel.
pub struct Oci {
    id: ChannelId,
    host: String,
    path: String,
    registry: Registry,
}

impl Oci {
    /// The channel that the configuration calls so. Log-ins are looked for in the files that the environment of this
    /// process leads to.
    ///
    /// # Errors
    /// The settings do not fit together.
    pub fn new(id: ChannelId, settings: Settings) -> Result<Self, Problem> {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self::with_environment(id, settings, std::env::vars_os().filter_map(text).collect())
    }

    /// The same, in this environment.
    ///
    /// # Errors
    /// The settings do not fit together.
    pub fn with_environment(
        id: ChannelId,
        settings: Settings,
        environment: BTreeMap<String, String>,
    ) -> Result<Self, Problem> {
        let Settings { host, path, plain_http, credentials, http } = settings;
        let registry = Registry::new(&host, plain_http, credentials, environment, http)?;
        Ok(Self { id, host, path: path.trim_matches('/').to_owned(), registry })
    }

    /// The repository of a chart.
    fn of_chart(&self, chart: &ChartName) -> Result<String, Problem> {
        repository(&self.path, chart)
    }

    /// Where a version goes: its repository and tag.
    fn place(&self, is: &ChartVersion) -> Result<Place, Problem> {
        let (repository, tag) = (self.of_chart(&is.name)?, manifest::tag(&is.version)?);
        Ok(Place { url: format!("oci://{}/{repository}:{tag}", self.host), repository, tag })
    }

    async fn held(&self, is: &ChartVersion) -> Result<Held, Problem> {
        let place = self.place(is)?;
        let tagged = self.registry.manifest_digest(&place.repository, &place.tag).await?;
        Ok(tagged.map_or(Held::Absent, |manifest| {
            Held::Present(Holding {
                standing: Standing::Served,
                // Only the manifest says it, and one question for each version is enough where nothing is to do.
                package: None,
                attached: Default::default(),
                // Its tag would have to move.
                closed: true,
                created: None,
                reference: place.reference(manifest, None),
            })
        }))
    }

    /// What a manifest says that it holds.
    fn holding(&self, place: &Place, standing: Standing, manifest: &[u8]) -> Result<Holding, Problem> {
        let (package, created) = manifest::package_digest(manifest).map_err(|problem| {
            Problem { what: format!("{}: {}", place.url, problem.what), ..problem }
                .next("somebody pushed something else there: give the charts a path of their own")
        })?;
        Ok(Holding {
            standing,
            package: Some(package),
            attached: manifest::provenance_digest(manifest).map(|_| Kind::Provenance).into_iter().collect(),
            closed: true,
            created,
            reference: place.reference(Digest::of(manifest), Some(package)),
        })
    }
}

/// The repository of a chart below this path of a registry.
///
/// # Errors
/// A name that no registry takes.
pub fn repository(path: &str, chart: &ChartName) -> Result<String, Problem> {
    let repository = match path {
        "" => chart.to_string(),
        path => format!("{path}/{chart}"),
    };
    check_name(&repository)?;
    Ok(repository)
}

/// Where a version goes.
struct Place {
    /// As people write it.
    url: String,
    repository: String,
    tag: String,
}

impl Place {
    /// Where people find it; with what is known of the manifest and of the package in it.
    fn reference(&self, manifest: Digest, package: Option<Digest>) -> Reference {
        Reference {
            tag: Some(self.tag.clone()),
            manifest: Some(manifest),
            ..Reference::new(self.url.clone(), package)
        }
    }
}

#[async_trait]
impl Channel for Oci {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn exposure(&self) -> Exposure {
        Exposure::Tag
    }

    fn install(&self, is: &ChartVersion) -> Option<String> {
        let repository = self.of_chart(&is.name).ok()?;
        Some(format!("helm install {} oci://{}/{repository} --version {}", is.name, self.host, is.version))
    }

    fn repository(&self) -> Option<String> {
        let parts = [self.host.as_str(), &self.path].into_iter().filter(|part| !part.is_empty());
        Some(format!("oci://{}", parts.collect::<Vec<_>>().join("/")))
    }

    async fn look(&self, wanted: &[ChartVersion]) -> Vec<Held> {
        let look = |is| async move { self.held(is).await.unwrap_or_else(Held::Unknown) };
        some_at_once(wanted.iter().map(look).collect()).await
    }

    async fn in_use(&self, charts: &[ChartName]) -> Result<bool, Problem> {
        let is_version = |tag: &str| Version::new(tag.replace('_', "+")).is_strict();
        for chart in charts {
            let repository = self.of_chart(chart)?;
            if self.registry.find_tag(&repository, is_version).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn prove(&self, charts: &[ChartName]) -> Result<(), Problem> {
        let Some(chart) = charts.first() else { return Ok(()) };
        self.registry.prove_write(&self.of_chart(chart)?).await
    }

    async fn fetch(&self, is: &ChartVersion, _holding: &Holding) -> Result<Fetched, Problem> {
        let place = self.place(is)?;
        let found = self.registry.manifest(&place.repository, &place.tag).await?;
        let (_, bytes) = found.ok_or_else(|| Problem::new(format!("{} is not there any more", place.url)))?;
        let Holding { package, created, .. } = self.holding(&place, Standing::Served, &bytes)?;
        let blob = |digest, largest| self.registry.blob(&place.repository, digest, largest);
        let package = package.ok_or_else(|| Problem::new(format!("{} names no package", place.url)))?;
        let mut attached = Vec::new();
        if let Some(digest) = manifest::provenance_digest(&bytes) {
            let bytes = blob(digest, LARGEST_PROVENANCE).await?;
            attached.push(Attachment { kind: Kind::Provenance, bytes });
        }
        Ok(Fetched { bytes: blob(package, LARGEST_PACKAGE).await?, attached, created })
    }

    async fn stage(&self, record: &Record, package: &Package) -> Result<Holding, Problem> {
        let place = self.place(&record.is)?;
        let artifact = Artifact::of(record);
        let blobs = [&artifact.config, &package.bytes].into_iter().chain(&package.provenance);
        let put = |bytes| self.registry.put_blob(&place.repository, bytes, None);
        some_at_once(blobs.map(put).collect()).await.into_iter().collect::<Result<(), Problem>>()?;
        let digest = Digest::of(&artifact.manifest).to_string();
        self.registry.put_manifest(&place.repository, &digest, &artifact.manifest).await?;
        let found = self.registry.manifest(&place.repository, &digest).await?;
        let (_, there) = found.ok_or_else(|| {
            Problem::new(format!("{} took the manifest of {} and does not have it", self.id, record.is))
                .passing()
        })?;
        self.holding(&place, Standing::Placed, &there)
    }

    async fn attach(&self, to: &Record, attachment: &Attachment) -> Result<(), Problem> {
        let Kind::Provenance = attachment.kind;
        let what =
            format!("the provenance of {} cannot be added in {}: its tag would have to move", to.is, self.id);
        Err(Problem::new(what).next("publish it together with the next version"))
    }

    async fn expose(&self, staged: &[Record]) -> Vec<Result<Reference, ExposeError>> {
        some_at_once(staged.iter().map(|record| self.expose_one(record)).collect()).await
    }
}

/// The answers in order. The futures are in a list: an iterator that makes them cannot be sent between threads.
async fn some_at_once<T>(asked: Vec<impl Future<Output = T>>) -> Vec<T> {
    stream::iter(asked).buffered(AT_ONCE).collect().await
}
