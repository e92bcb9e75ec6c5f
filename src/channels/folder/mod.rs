//! A local folder that Helm can read: packages, `index.yaml`, and an OCI image layout for each chart.
//!
//! ```text
//! PATH/index.yaml                     what `helm repo add` reads
//! PATH/demo-1.2.0.tgz                 the package (and demo-1.2.0.tgz.prov)
//! PATH/oci/demo/                      the layout: what oci://…/demo is in a registry
//! PATH/.chart-release.lock            held while a run changes what readers see
//! PATH/.chart-release/                files on their way; gone when no run writes here
//! ```

mod layout;
mod looking;
mod writing;

use super::{Channel, ExposeError, Fetched};
use crate::{
    charts::{ChartName, ChartVersion},
    digest::Digest,
    doors::{
        away::blocking,
        scratch::{FOLDER_LOCK, Scratch},
    },
    holdings::{Attachment, ChannelId, Exposure, Held, Holding, Record, Reference},
    packages::Package,
    problem::Problem,
};
use async_trait::async_trait;
use layout::Layout;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

/// The channel `folder:PATH`.
#[derive(Clone, Debug)]
pub struct Folder {
    id: ChannelId,
    place: Arc<Location>,
}

/// The folder itself. Everything here blocks.
#[derive(Debug)]
struct Location {
    path: PathBuf,
    /// As it was configured: what people are told.
    shown: String,
    /// The files of this run that are on their way: from the first stage of a wave until it was exposed.
    on_their_way: Mutex<Option<Scratch>>,
}

impl Folder {
    /// The channel that the configuration calls `shown` (`folder:published`), at this path.
    pub fn new(shown: &str, path: PathBuf) -> Self {
        let place = Location { path, shown: shown.to_owned(), on_their_way: Mutex::default() };
        Self { id: ChannelId(shown.into()), place: Arc::new(place) }
    }

    /// Does something that blocks, away from the threads that everybody shares.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Location) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let place = Arc::clone(&self.place);
        blocking(&format!("working in {}", self.id), move || work(&place)).await
    }
}

#[async_trait]
impl Channel for Folder {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn exposure(&self) -> Exposure {
        Exposure::Index
    }

    fn install(&self, _is: &ChartVersion) -> Option<String> {
        // Where the folder is served from is not known here.
        None
    }

    async fn in_use(&self, charts: &[ChartName]) -> Result<bool, Problem> {
        let charts = charts.to_vec();
        self.blocking(move |place| {
            let index = place.index()?;
            Ok(charts.iter().any(|chart| index.versions(chart.as_str()).next().is_some()))
        })
        .await
    }

    async fn prove(&self, _charts: &[ChartName]) -> Result<(), Problem> {
        // The first file that is staged proves it, where no reader looks.
        Ok(())
    }

    async fn look(&self, wanted: &[ChartVersion]) -> Vec<Held> {
        let asked = wanted.to_vec();
        match self.blocking(move |place| place.look(&asked)).await {
            Ok(held) => held,
            Err(problem) => vec![Held::Unknown(problem); wanted.len()],
        }
    }

    async fn fetch(&self, is: &ChartVersion, holding: &Holding) -> Result<Fetched, Problem> {
        let (is, package) = (is.clone(), holding.package);
        self.blocking(move |place| place.fetch(&is, package)).await
    }

    async fn stage(&self, record: &Record, package: &Package) -> Result<Holding, Problem> {
        let (record, package) = (record.clone(), package.clone());
        self.blocking(move |place| place.stage(&record, &package)).await
    }

    async fn attach(&self, to: &Record, attachment: &Attachment) -> Result<(), Problem> {
        let (record, attachment) = (to.clone(), attachment.clone());
        self.blocking(move |place| place.attach(&record, &attachment)).await
    }

    async fn expose(&self, staged: &[Record]) -> Vec<Result<Reference, ExposeError>> {
        let records = staged.to_vec();
        match self.blocking(move |place| place.expose(&records)).await {
            Ok(exposed) => exposed,
            Err(problem) => vec![Err(problem.into()); staged.len()],
        }
    }
}

impl Location {
    fn index_path(&self) -> PathBuf {
        self.path.join("index.yaml")
    }

    fn layout(&self, is: &ChartVersion) -> Layout {
        Layout::new(self.path.join("oci").join(is.name.as_str()))
    }

    /// Where each run has a folder for files that have no name yet.
    fn scratch_root(&self) -> PathBuf {
        self.path.join(".chart-release")
    }

    fn lock_path(&self) -> PathBuf {
        self.path.join(FOLDER_LOCK)
    }

    /// Where people find the package at this place of the folder.
    fn reference(&self, url: &str, digest: Option<Digest>) -> Reference {
        let folder = self.shown.strip_prefix("folder:").unwrap_or(&self.shown);
        Reference::new(format!("{}/{url}", folder.trim_end_matches('/')), digest)
    }

    /// What lies beside the package at this place of the folder, as `helm package --sign` names it.
    fn provenance(&self, url: &str) -> PathBuf {
        self.path.join(format!("{url}.prov"))
    }
}
