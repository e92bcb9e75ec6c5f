//! What strangers serve: it costs what it may cost, and is told as what it is.

use crate::{
    registry::Registry,
    world::{Answer, Charts, Host, chart, subcharts, told},
};
use bytes::Bytes;
use chart_release::digest::Digest;
use flate2::{Compression, write::GzEncoder};

/// An archive with this entry beside a Chart.yaml, whatever its name, and whatever size it says.
fn archive(name: &str, size: u64) -> Bytes {
    let chart_yaml = &b"apiVersion: v2\nname: lib\nversion: 1.0.0\n"[..];
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content, size) in [("lib/Chart.yaml", chart_yaml, chart_yaml.len() as u64), (name, b"x", size)]
    {
        let mut header = tar::Header::new_ustar();
        header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(size);
        header.set_mode(0o644);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        archive.append(&header, content).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap().into()
}

async fn refused(package: Bytes) -> String {
    let host = Host::start().await;
    host.list("lib", &[("1.0.0", "lib.tgz", Some(Digest::of(&package)))]);
    host.serve("/charts/lib.tgz", Answer::Bytes(package));
    let charts = Charts::new();
    charts.app(&[("lib", "^1", &host.url("/charts"))]);
    let said = told(&charts.bring().await.unwrap_err());
    assert!(said.starts_with(&format!("charts/app/Chart.yaml:5: {}", host.url("/charts/lib.tgz"))), "{said}");
    said
}

#[tokio::test]
async fn archives_that_lead_outside_or_are_too_large_or_no_charts_are_refused() {
    assert!(refused(archive("lib/../../evil", 1)).await.contains("illegally references parent directory"));
    assert!(
        refused(archive("lib/zeroes", &vec![0; 101 << 20])).await.contains("larger than the maximum size")
    );
    assert!(refused(Bytes::from_static(b"<html>")).await.contains("not a chart archive"));
    assert!(refused(chart("other", "1.0.0", "").bytes).await.contains("lib@1.0.0 was asked for"));
}

#[tokio::test]
async fn what_is_no_index_is_told_with_its_address() {
    let host = Host::start().await;
    let charts = Charts::new();
    charts.app(&[("lib", "^1", &host.url("/charts?token=private"))]);
    for (text, what) in [
        ("<html>sign in</html>", "Helm cannot load this index"),
        ("", "it is empty"),
        ("apiVersion: v1\nentries:\n  lib:\n  - name: lib\n    version: 1.10\n    urls: [x]\n", "line 5"),
        ("apiVersion: v1\nentries:\n  other: []\n", "has no chart `lib`"),
        ("apiVersion: v1\nentries:\n  lib:\n  - {name: lib, version: 1.0.0}\n", "has no chart `lib`"),
        (
            "apiVersion: v1\nentries:\n  lib:\n  - {name: lib, version: 1.0.0, urls: [\"file:///etc/passwd\"]}\n",
            "neither http nor oci",
        ),
    ] {
        host.serve("/charts/index.yaml?token=private", Answer::Bytes(text.into()));
        let said = told(&charts.bring().await.unwrap_err());
        assert!(said.contains(what) && !said.contains("private"), "{text}: {said}");
    }
}

#[tokio::test]
async fn a_server_that_sends_us_round_or_nowhere_is_left() {
    let host = Host::start().await;
    let charts = Charts::new();
    charts.app(&[("lib", "^1", &host.url("/charts"))]);
    host.serve("/charts/index.yaml", Answer::Redirect("/charts/index.yaml".into()));
    assert!(told(&charts.bring().await.unwrap_err()).contains("more than 10 redirects"));
    assert_eq!(host.asked().len(), 11);
    host.serve("/charts/index.yaml", Answer::Redirect("file:///etc/passwd".into()));
    assert!(told(&charts.bring().await.unwrap_err()).contains("a redirect to nowhere"));
}

#[tokio::test]
async fn what_may_pass_is_told_as_that_and_is_not_absent() {
    let (host, registry) = (Host::start().await, Registry::start().await);
    let charts = Charts::new();
    charts.app(&[("lib", "^1", &host.url("/charts"))]);
    host.serve("/charts/index.yaml", Answer::Status(503));
    let problem = charts.bring().await.unwrap_err();
    assert!(problem.passing && problem.what.ends_with("503"), "{problem:?}");
    assert_eq!(host.asked().len(), 2, "asked again once");

    // The index is there, and the package that it names is not.
    let lib = chart("lib", "1.0.0", "");
    host.list("lib", &[("1.0.0", "lib.tgz", Some(lib.digest))]);
    let problem = charts.bring().await.unwrap_err();
    assert!(
        !problem.passing && problem.what.contains("lib.tgz is not there, though the index names it"),
        "{problem:?}"
    );
    host.serve("/charts/lib.tgz", Answer::Bytes(lib.bytes));
    assert_eq!(subcharts(&charts.bring().await.unwrap()), ["lib-1.0.0.tgz"]);

    charts.app(&[("lib", "1.0.0", &registry.url())]);
    let problem = charts.bring().await.unwrap_err();
    assert!(problem.what.ends_with("/acme/charts/lib:1.0.0 is not there"), "{problem:?}");
    for name in ["Lib", "../other", "a b"] {
        charts.app(&[(name, "1.0.0", &registry.url())]);
        assert!(
            told(&charts.bring().await.unwrap_err()).contains("cannot be the name of a repository"),
            "{name}"
        );
    }
}
