//! The manifest of an OCI artifact, and the one that is made of a chart.

use chart_release::{
    charts::{ChartVersion, Metadata, Version},
    digest::Digest,
    holdings::{Blob, Record},
    manifest::{self, Artifact},
    release::Mark,
};
use serde_json::Value;

/// The parts: a manifest, the Chart.yaml of an artifact, a time, and a tag.
pub fn oci_manifest(data: &[u8]) {
    let [manifest, chart_yaml, time, text] = super::parts(data);
    is_what_it_says(manifest);
    tag_leads_back(&String::from_utf8_lossy(text));
    Mark::find(&String::from_utf8_lossy(text));
    let time =
        std::str::from_utf8(time).ok().and_then(|time| time.trim().parse().ok()).unwrap_or(1_714_979_289);
    if let Ok(metadata) = Metadata::read("Chart.yaml", chart_yaml) {
        ours_reads_back(&metadata, time);
    }
}

/// What is found is what another reader of JSON finds.
fn is_what_it_says(manifest: &[u8]) {
    // What nobody looks at may hold what is no text: Helm reads over it too.
    let Ok(read) = serde_json::from_slice::<Value>(manifest) else { return };
    let layers = |media_type: &str| -> Vec<Value> {
        let layers = read["layers"].as_array().expect("a list of layers").clone();
        layers.into_iter().filter(|layer| layer["mediaType"] == media_type).collect()
    };
    let digest = |layer: &Value| layer["digest"].as_str().and_then(Digest::parse);
    if let Ok((found, _)) = manifest::package_digest(manifest) {
        let charts = [layers(manifest::CHART), layers("application/tar+gzip")];
        let charts = charts.iter().find(|layers| !layers.is_empty()).expect("a layer with the chart");
        assert_eq!(charts.len(), 1);
        assert_eq!(digest(&charts[0]), Some(found));
        assert_eq!(Digest::parse(&found.to_string()), Some(found));
    }
    if let Some(found) = manifest::provenance_digest(manifest) {
        assert_eq!(layers(manifest::PROVENANCE).first().and_then(digest), Some(found));
    }
}

fn ours_reads_back(metadata: &Metadata, created: i64) {
    let record = Record {
        is: metadata.chart_version(),
        path: "charts/demo".into(),
        commit: None,
        metadata: metadata.clone(),
        package: Blob::of(b"package"),
        provenance: Some(Blob::of(b"provenance")),
        created,
        source: Some("https://example.org/charts".into()),
        revision: Some("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03".into()),
        released: None,
        install: Vec::new(),
    };
    let artifact = Artifact::of(&record);
    let (package, said) = manifest::package_digest(&artifact.manifest).expect("ours is a chart's");
    assert_eq!(package, record.package.digest);
    assert_eq!(manifest::provenance_digest(&artifact.manifest), Some(Blob::of(b"provenance").digest));
    if !metadata.annotations.contains_key("org.opencontainers.image.created") {
        let can_be_said = (-62_167_219_200..=253_402_207_200).contains(&created);
        assert_eq!(said, Some(created).filter(|_| can_be_said));
    }
    let read: Value = serde_json::from_slice(&artifact.manifest).expect("JSON");
    assert_eq!(read["config"]["digest"].as_str(), Some(Digest::of(&artifact.config).to_string().as_str()));
    assert_eq!(
        read["annotations"]["org.opencontainers.image.title"].as_str(),
        Some(metadata.name.trim()).filter(|name| !name.is_empty()).map(|_| metadata.name.as_str())
    );
    assert_eq!(
        read["annotations"]["org.opencontainers.image.version"].as_str(),
        Some(metadata.version.as_str())
    );
    let mark = Mark::of(&record);
    if !record.is.name.as_str().contains('\\') {
        assert_eq!(Mark::find(&format!("text\n{}\nmore", mark.line())), Some(mark));
    }
}

/// What is a version and has a tag is found by it: only `+` is written in another way.
fn tag_leads_back(text: &str) {
    let version = Version::new(text);
    if let (true, Ok(tag)) = (version.is_valid(), manifest::tag(&version)) {
        assert_eq!(tag.replace('_', "+"), text);
        assert_eq!(ChartVersion::new("c", text).package_file(), format!("c-{text}.tgz"));
    }
}
