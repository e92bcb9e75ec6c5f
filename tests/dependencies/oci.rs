//! Registries: tags, manifests, layers, and who may read them.

use crate::{
    registry::{Door, Registry},
    world::{Charts, chart, lock, reader, subcharts, told},
};
use chart_release::{doors::credentials::Credentials, secret::Secret};

#[tokio::test]
async fn a_range_is_looked_for_among_the_tags_and_a_version_is_its_tag() {
    let registry = Registry::start().await;
    for version in ["1.2.0", "1.10.0+b.1", "1.10.0-rc.1", "2.0.0"] {
        registry.push(&chart("lib", version, ""));
    }
    // What is no strict SemVer is no version for Helm's list.
    for tag in ["latest", "v1.99.0", "1.98"] {
        registry.push_as(&chart("lib", "1.2.0", ""), tag);
    }
    let charts = Charts::new();
    charts.app(&[("lib", "^1.2", &registry.url())]);
    let brought = charts.bring().await.unwrap();
    assert_eq!(subcharts(&brought), ["lib-1.10.0+b.1.tgz"]);
    assert!(lock(&brought).contains("version: 1.10.0+b.1\n"), "{}", lock(&brought));
    assert_eq!(registry.asked(), ["tags", "manifests/1.10.0_b.1", "blobs"]);

    charts.app(&[("lib", "1.10.0-rc.1", &registry.url())]);
    assert_eq!(subcharts(&charts.bring().await.unwrap()), ["lib-1.10.0-rc.1.tgz"]);
    assert_eq!(registry.asked(), ["manifests/1.10.0-rc.1", "blobs"], "no list");

    charts.app(&[("lib", "^3", &registry.url())]);
    let said = told(&charts.bring().await.unwrap_err());
    assert!(said.starts_with("charts/app/Chart.yaml:5: ") && said.contains("its newest is 2.0.0"), "{said}");
    charts.app(&[("nolib", "^3", &registry.url())]);
    assert!(told(&charts.bring().await.unwrap_err()).contains("has no chart `nolib`"));
}

#[tokio::test]
async fn an_image_index_leads_to_the_chart_in_it() {
    let registry = Registry::start().await;
    let lib = chart("lib", "1.0.0", "");
    registry.push_as(&lib, "of-the-chart");
    let other = registry.push_manifest(
        "lib",
        "other",
        r#"{"schemaVersion":2,"config":{"mediaType":"x","digest":"y"},"layers":[]}"#.into(),
    );
    let is = |digest: &str| serde_json::json!({"mediaType": chart_release::manifest::MANIFEST, "digest": digest, "size": 1});
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "config": {"mediaType": chart_release::manifest::CONFIG, "digest": other.to_string(), "size": 1},
        "layers": [{"mediaType": chart_release::manifest::CHART, "digest": lib.digest.to_string(), "size": 1}],
    });
    let ours = registry.push_manifest("lib", "ours", manifest.to_string());
    let index =
        serde_json::json!({"schemaVersion": 2, "manifests": [is(&other.to_string()), is(&ours.to_string())]});
    registry.push_manifest("lib", "1.0.0", index.to_string());
    let charts = Charts::new();
    charts.app(&[("lib", "1.0.0", &registry.url())]);
    assert_eq!(subcharts(&charts.bring().await.unwrap()), ["lib-1.0.0.tgz"]);
}

#[tokio::test]
async fn a_layer_that_is_not_its_digest_and_a_chart_that_is_another_are_refused() {
    let registry = Registry::start().await;
    let lib = chart("lib", "1.0.0", "");
    registry.push(&lib);
    let charts = Charts::new();
    charts.app(&[("lib", "1.0.0", &registry.url())]);
    registry.damage(lib.digest);
    assert!(told(&charts.bring().await.unwrap_err()).contains("the bytes have the digest"));
    registry.push_as(&lib, "1.1.0");
    charts.app(&[("lib", "1.1.0", &registry.url())]);
    let said = told(&charts.bring().await.unwrap_err());
    assert!(said.contains("is the package of lib@1.0.0, and lib@1.1.0 was asked for"), "{said}");
}

#[tokio::test]
async fn whoever_is_refused_as_somebody_reads_as_nobody_and_private_charts_want_a_login() {
    let registry = Registry::start().await;
    *registry.door.lock().unwrap() = Door::Anonymous;
    registry.push(&chart("lib", "1.0.0", ""));
    let mut charts = Charts::new();
    charts.app(&[("lib", "1.0.0", &registry.url())]);
    let token = "ghs_0123456789abcdef";
    let wrong = Credentials { user: "x-access-token".into(), password: Secret::any(token) };
    charts.settings.logins.insert(registry.host(), wrong);
    assert_eq!(subcharts(&charts.bring().await.unwrap()), ["lib-1.0.0.tgz"]);

    *registry.door.lock().unwrap() = Door::Guarded;
    let said = told(&charts.bring().await.unwrap_err());
    assert!(!said.contains(token) && said.contains("are not let in here"), "{said}");
    charts.settings.logins.insert(registry.host(), reader());
    assert_eq!(subcharts(&charts.bring().await.unwrap()), ["lib-1.0.0.tgz"]);
}

#[tokio::test]
async fn an_index_may_lead_to_a_registry() {
    let (registry, host) = (Registry::start().await, crate::world::Host::start().await);
    let lib = chart("lib", "1.0.0", "");
    registry.push(&lib);
    let url = format!("{}/lib:1.0.0", registry.url());
    host.list("lib", &[("1.0.0", &url, Some(lib.digest))]);
    let charts = Charts::new();
    charts.app(&[("lib", "1.0.0", &host.url("/charts"))]);
    assert_eq!(subcharts(&charts.bring().await.unwrap()), ["lib-1.0.0.tgz"]);
    host.list("lib", &[("1.0.0", &url, Some(chart("lib", "1.0.0", "description: x\n").digest))]);
    let said = told(&charts.bring().await.unwrap_err());
    assert!(said.contains("and the index says"), "{said}");
}
