//! What Helm pushes, how it names it, and what it pulls.

use chart_release::{
    charts::{Metadata, Version},
    digest::Digest,
    holdings::{Blob, Record},
    manifest::{self, Artifact},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn manifests() -> Value {
    document(include_str!("vectors/oci-manifest.json"))
}

/// What is published of a chart with this metadata, whose package had Helm's digest and size.
fn record(config: &str, layer: &Value, provenance: Option<&[u8]>, created: i64) -> Record {
    let metadata = Metadata::read("Chart.yaml", config.as_bytes()).unwrap();
    Record {
        is: metadata.chart_version(),
        path: "charts/demo".into(),
        commit: None,
        metadata,
        package: Blob {
            digest: Digest::parse(layer["digest"].as_str().unwrap()).unwrap(),
            size: layer["size"].as_u64().unwrap(),
        },
        provenance: provenance.map(Blob::of),
        created,
        source: None,
        revision: None,
        released: None,
        install: Vec::new(),
    }
}

#[test]
fn the_manifest_is_the_one_that_helm_pushes() {
    const CREATED: i64 = 1_714_979_289;
    for case in manifests()["push_golden"].as_array().unwrap() {
        let golden = case["manifest_bytes"].as_str().unwrap();
        let layers = document(golden)["layers"].clone();
        let provenance = layers.get(1).map(|_| &b"prov\n"[..]);
        let record = record(case["config_bytes"].as_str().unwrap(), &layers[0], provenance, CREATED);
        let artifact = Artifact::of(&record);
        assert_eq!(artifact.config, case["config_bytes"].as_str().unwrap());
        // The third golden manifest was pushed in Berlin: Helm writes local time, we write UTC.
        let in_berlin = "2024-05-06T09:08:09+02:00";
        let expected = golden.replace(in_berlin, "2024-05-06T07:08:09Z");
        assert_eq!(artifact.manifest, expected);
        if !golden.contains(in_berlin) {
            assert_eq!(Digest::of(&artifact.manifest).to_string(), case["manifest_digest"].as_str().unwrap());
        }
        assert_eq!(manifest::tag(&record.is.version).unwrap(), case["tag"].as_str().unwrap());
        let (digest, created) = manifest::package_digest(golden.as_bytes()).unwrap();
        assert_eq!(digest, record.package.digest);
        assert_eq!(created, Some(if golden.contains("2000-01-01") { 946_684_800 } else { CREATED }));
    }
}

#[test]
fn the_annotations_are_those_that_helm_generates() {
    for case in manifests()["annotations"].as_array().unwrap() {
        // The cases of Helm's own test have no apiVersion, which a Chart.yaml may leave out.
        let metadata = Metadata::read("Chart.yaml", case["metadata"].to_string().as_bytes()).unwrap();
        let expected: BTreeMap<String, String> = serde_json::from_str(
            &case["annotations"].to_string().replace("<CREATED>", "2024-05-06T07:08:09Z"),
        )
        .unwrap();
        assert_eq!(manifest::annotations(&metadata, 1_714_979_289), expected, "{}", case["case"]);
    }
}

#[test]
fn source_and_revision_are_added_where_the_chart_does_not_say_them() {
    let layer = json!({ "size": 3, "digest": Digest::of(b"tgz").to_string() });
    let annotations = |config: &str| {
        let mut record = record(config, &layer, None, 0);
        record.source = Some("https://example.org/repository".into());
        record.revision = Some("abc".into());
        let artifact = Artifact::of(&record);
        let manifest: Value = serde_json::from_slice(&artifact.manifest).unwrap();
        (
            manifest["annotations"]["org.opencontainers.image.source"].as_str().unwrap().to_owned(),
            manifest["annotations"]["org.opencontainers.image.revision"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(
        annotations(r#"{"name":"c","version":"1.0.0"}"#),
        ("https://example.org/repository".into(), "abc".into())
    );
    assert_eq!(
        annotations(
            r#"{"name":"c","version":"1.0.0","sources":["https://own"],"annotations":{"org.opencontainers.image.revision":"r"}}"#
        ),
        ("https://own".into(), "r".into())
    );
}

#[test]
fn the_chart_layer_is_first_also_where_helm_would_sort_it_last() {
    let layer = json!({ "size": 3, "digest": format!("sha256:{}", "f".repeat(64)) });
    let artifact = Artifact::of(&record(r#"{"name":"c","version":"1.0.0"}"#, &layer, Some(b"prov\n"), 0));
    let manifest: Value = serde_json::from_slice(&artifact.manifest).unwrap();
    assert_eq!(manifest["layers"][0]["mediaType"], LAYER);
    assert_eq!(manifest["layers"][1]["mediaType"], manifest::PROVENANCE);
}

/// Of the cases that say what `helm pull` takes, those that are decided by the manifest's text.
#[test]
fn what_helm_pulls_is_read() {
    const NOT_IN_THE_TEXT: &[(&str, &str)] = &[
        ("config JSON name/version differ from chart", "the config blob is not compared with the chart"),
        ("config is {}", "the config blob is not read"),
        ("config is not JSON", "the config blob is not read"),
        ("registry serves manifest as application/vnd.docker.distribution.manifest.v2+json", "HTTP"),
        ("registry serves manifest as application/json", "HTTP"),
        ("registry serves no Content-Type", "HTTP"),
        (
            "manifest wrapped in an OCI image index under the tag",
            "whoever asks the registry follows the index",
        ),
        ("reference by digest only", "references"),
        ("reference tag@digest with a wrong digest, at registry client level", "references"),
        ("blob content does not match digest", "whoever downloads verifies"),
        ("provenance requested but missing", "provenance is not asked for"),
    ];
    let layer = |media_type: &str| json!({"mediaType": media_type, "digest": Digest::of(b"tgz"), "size": 3});
    let made = |config: &str, layers: Value| json!({"schemaVersion": 2, "config": layer(config), "layers": layers, "annotations": {}});
    let config = manifest::CONFIG;
    let normal = made(config, json!([layer(LAYER)]));
    for case in manifests()["pull_acceptance"].as_array().unwrap() {
        let name = case["case"].as_str().unwrap();
        let mut manifest = normal.clone();
        match name {
            "normal manifest" => {}
            "prov layer listed before chart layer" => {
                manifest = made(config, json!([layer(manifest::PROVENANCE), layer(LAYER)]));
            }
            "manifest has mediaType and artifactType fields" => {
                manifest["mediaType"] = manifest::MANIFEST.into();
                manifest["artifactType"] = config.into();
            }
            "manifest without annotations" => {
                manifest.as_object_mut().unwrap().remove("annotations");
            }
            "chart layer media type application/tar+gzip" => {
                manifest = made(config, json!([layer("application/tar+gzip")]));
            }
            "config media type application/vnd.oci.image.config.v1+json"
            | "config media type application/vnd.oci.empty.v1+json" => {
                manifest["config"] = layer(name.trim_start_matches("config media type "));
            }
            "no chart layer" => manifest["layers"] = json!([]),
            "extra layer of unknown type" => {
                manifest["layers"] = json!([layer("text/plain"), layer(LAYER)]);
            }
            other => {
                assert!(NOT_IN_THE_TEXT.iter().any(|(case, _)| *case == other), "{other}");
                continue;
            }
        }
        let read = manifest::package_digest(manifest.to_string().as_bytes());
        assert_eq!(read.is_ok(), case["result"].as_str().unwrap().starts_with("ok"), "{name}: {read:?}");
        if let Ok((digest, _)) = read {
            assert_eq!(digest, Digest::of(b"tgz"));
        }
    }
    let two = made(config, json!([layer(LAYER), layer(LAYER)]));
    assert!(manifest::package_digest(two.to_string().as_bytes()).is_err(), "undefined in Helm");
}

#[test]
fn every_version_gets_the_tag_that_helm_gives_it() {
    let cases = document(include_str!("vectors/oci-tag.json"));
    let groups: Vec<&String> = cases.as_object().unwrap().keys().collect();
    for group in groups {
        match group.as_str() {
            "version_to_tag" | "source" => {}
            // Parsing `oci://` references is the registry door's.
            "reference_parsing" => {}
            // Choosing a version for a range is what `helm pull` and dependencies do, not publishing.
            "tag_selection" | "tag_listing" => {}
            other => panic!("the group {other} is new"),
        }
    }
    let versions = cases["version_to_tag"].as_array().unwrap();
    assert_eq!(versions.len(), 14);
    for case in versions {
        let tag = manifest::tag(&Version::new(case["version"].as_str().unwrap()));
        match case["tag"].as_str() {
            Some(expected) => assert_eq!(tag.unwrap(), expected),
            None => assert!(tag.unwrap_err().what.contains("128 characters")),
        }
    }
}
