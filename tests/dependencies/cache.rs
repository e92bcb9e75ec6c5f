//! What earlier runs fetched is not fetched again, and what is damaged is.

use crate::{
    registry::Registry,
    world::{Answer, Charts, Host, app, chart, subcharts, told},
};
use chart_release::{dependencies::NoSiblings, digest::Digest, doors::cache::Cache};
use std::{fs, path::PathBuf};
use tempfile::TempDir;

fn cached(folder: &TempDir) -> Vec<PathBuf> {
    let folder = folder.path().join("packages/sha256");
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn a_second_run_downloads_no_package_and_a_damaged_one_is_replaced() {
    let (host, registry, folder) =
        (Host::start().await, Registry::start().await, tempfile::tempdir().unwrap());
    let (lib, other) = (chart("lib", "1.0.0", ""), chart("other", "1.0.0", ""));
    host.offer(std::slice::from_ref(&lib));
    registry.push(&other);
    let mut charts = Charts::new();
    charts.settings.cache = Some(folder.path().to_owned());
    charts.app(&[("lib", "^1", &host.url("/charts")), ("other", "^1", &registry.url())]);
    let first = charts.bring().await.unwrap();
    assert_eq!(subcharts(&first), ["lib-1.0.0.tgz", "other-1.0.0.tgz"]);
    assert_eq!(host.asked(), ["/charts/index.yaml", "/charts/lib-1.0.0.tgz"]);
    assert_eq!(registry.asked(), ["tags", "manifests/1.0.0", "blobs"]);

    let second = charts.bring().await.unwrap();
    assert_eq!(second.files, first.files);
    assert_eq!(host.asked(), ["/charts/index.yaml"]);
    assert_eq!(registry.asked(), ["tags", "manifests/1.0.0"]);

    let kept = folder.path().join(format!("packages/sha256/{}.tgz", lib.digest.hex()));
    fs::write(&kept, b"damaged").unwrap();
    assert_eq!(charts.bring().await.unwrap().files, first.files);
    assert_eq!(host.asked(), ["/charts/index.yaml", "/charts/lib-1.0.0.tgz"]);
    assert_eq!(Digest::of(&fs::read(&kept).unwrap()), lib.digest);
}

#[tokio::test]
async fn what_is_refused_or_has_no_digest_is_not_kept() {
    let (host, folder) = (Host::start().await, tempfile::tempdir().unwrap());
    let lib = chart("lib", "1.0.0", "");
    let mut charts = Charts::new();
    charts.settings.cache = Some(folder.path().to_owned());
    charts.app(&[("lib", "1.0.0", &host.url("/charts"))]);
    // The right digest of the wrong chart.
    let wrong = chart("lib", "2.0.0", "");
    host.list("lib", &[("1.0.0", "lib.tgz", Some(wrong.digest))]);
    host.serve("/charts/lib.tgz", Answer::Bytes(wrong.bytes));
    assert!(told(&charts.bring().await.unwrap_err()).contains("lib@1.0.0 was asked for"));
    host.list("lib", &[("1.0.0", "lib.tgz", None)]);
    host.serve("/charts/lib.tgz", Answer::Bytes(lib.bytes));
    assert_eq!(subcharts(&charts.bring().await.unwrap()), ["lib-1.0.0.tgz"]);
    assert!(cached(&folder).is_empty(), "{:?}", cached(&folder));
}

#[tokio::test]
async fn a_cache_that_cannot_be_used_is_told_once() {
    let (host, folder) = (Host::start().await, tempfile::tempdir().unwrap());
    host.offer(&[chart("lib", "1.0.0", "")]);
    let file = folder.path().join("a-file");
    fs::write(&file, "").unwrap();
    let mut charts = Charts::new();
    charts.settings.cache = Some(file);
    charts.app(&[("lib", "^1", &host.url("/charts"))]);
    let dependencies = charts.dependencies();
    let brought = charts.bring_with(&dependencies, &NoSiblings).await.unwrap();
    assert_eq!(subcharts(&brought), ["lib-1.0.0.tgz"]);
    let [notice] = &brought.notices[..] else { panic!("{:?}", brought.notices) };
    assert!(notice.what.starts_with("the cache is not used: cannot "), "{}", notice.what);
    assert!(charts.bring_with(&dependencies, &NoSiblings).await.unwrap().notices.is_empty());
}

#[tokio::test]
async fn many_charts_of_one_run_fetch_the_same_thing_once() {
    let host = Host::start().await;
    host.offer(&[chart("lib", "1.0.0", "")]);
    let charts = Charts::new();
    charts.app(&[("lib", "^1", &host.url("/charts"))]);
    let (dependencies, repo) = (charts.dependencies(), charts.repo());
    let (files, _) = repo.files(app()).await.unwrap();
    let bring = || dependencies.bring(&repo, &APP, files.clone(), &NoSiblings);
    let all = futures::future::join_all((0..20).map(|_| bring())).await;
    assert!(all.into_iter().all(|brought| subcharts(&brought.unwrap()) == ["lib-1.0.0.tgz"]));
    assert_eq!(host.asked(), ["/charts/index.yaml", "/charts/lib-1.0.0.tgz"]);
}

static APP: std::sync::LazyLock<chart_release::changes::Origin> = std::sync::LazyLock::new(app);

/// Many who write and damage the same entries at once: each read is whole or nothing.
#[test]
fn several_runs_may_use_the_folder_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let packages: Vec<_> = (0..4).map(|number| chart("lib", &format!("1.0.{number}"), "")).collect();
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let (packages, folder) = (&packages, folder.path().to_owned());
            scope.spawn(move || {
                let cache = Cache::new(Some(folder.clone()));
                for round in 0..40 {
                    let package = &packages[(worker + round) % packages.len()];
                    if worker == 0 {
                        let path = folder.join(format!("packages/sha256/{}.tgz", package.digest.hex()));
                        // It may not be there yet.
                        let _ = fs::write(path, b"half");
                        continue;
                    }
                    cache.put(&package.bytes);
                    if let Some(bytes) = cache.get(package.digest, 1 << 20) {
                        assert_eq!(bytes, package.bytes);
                    }
                }
                assert_eq!(cache.trouble(), None);
            });
        }
    });
    assert_eq!(cached(&folder).len(), packages.len(), "nothing that was on its way is left");
    let cache = Cache::new(Some(folder.path().to_owned()));
    assert_eq!(cache.get(packages[0].digest, 10), None, "larger than somebody wants");
}
