//! What others publish: a classic chart repository in memory, and the packages for it.

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use chart_release::{
    charts::{Chart, Files},
    digest::Digest,
    packages,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// The repository: cheap to clone, every clone is the same one.
#[derive(Clone, Default)]
pub struct Others(Arc<Mutex<Served>>);

/// Packages, by the name and version of their charts.
type Served = BTreeMap<(String, String), Vec<u8>>;

impl Others {
    /// Serves it below `/others`.
    pub fn router(&self) -> Router {
        Router::new().route("/others/{file}", get(Self::file)).with_state(self.clone())
    }

    /// Publishes a chart: its package, and a line of the index.
    pub fn hold(&self, name: &str, version: &str) {
        let mut held = self.0.lock().expect("no request panicked");
        held.insert((name.to_owned(), version.to_owned()), package(name, version));
    }

    async fn file(State(others): State<Self>, Path(file): Path<String>) -> Result<Vec<u8>, StatusCode> {
        let held = others.0.lock().expect("no request panicked");
        if file == "index.yaml" {
            return Ok(index(&held).into_bytes());
        }
        let package = held.iter().find(|((name, version), _)| file == format!("{name}-{version}.tgz"));
        package.map(|(_, bytes)| bytes.clone()).ok_or(StatusCode::NOT_FOUND)
    }
}

fn index(held: &Served) -> String {
    let mut charts: BTreeMap<&str, String> = BTreeMap::new();
    for ((name, version), package) in held {
        *charts.entry(name).or_default() += &format!(
            "  - apiVersion: v2\n    digest: {}\n    name: {name}\n    urls:\n    - {name}-{version}.tgz\n    version: {version}\n",
            Digest::of(package).hex()
        );
    }
    let entries: String = charts.iter().map(|(chart, of)| format!("  {chart}:\n{of}")).collect();
    format!("apiVersion: v1\nentries:\n{entries}generated: \"2021-03-04T05:06:07Z\"\n")
}

/// The package of a small chart, which holds a key for its tests as public charts do.
pub fn package(name: &str, version: &str) -> Vec<u8> {
    let key = format!(
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{}\n-----END PGP PRIVATE KEY BLOCK-----\n",
        "Ab0+".repeat(16)
    );
    let files = [
        ("Chart.yaml", format!("apiVersion: v2\nname: {name}\nversion: {version}\n")),
        ("values.yaml", format!("from: {name} {version}\n")),
        ("ci/key.asc", key),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.into()));
    let chart = Chart::read(Files(files.into())).expect("a chart");
    packages::pack(&chart, packages::DEFAULT_TIME).expect("a package").bytes.to_vec()
}
