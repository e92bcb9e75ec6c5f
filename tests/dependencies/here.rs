//! What needs no network: charts in `charts/`, charts of this repository, and charts of the same run.

use crate::world::{Charts, Host, Run, app, chart, lock, subcharts, told};
use chart_release::{
    changes::Origin,
    charts::{ChartName, ChartVersion, Version, lock_fits},
    dependencies::{Mode, NoSiblings, Siblings},
    packages::unpack,
    problem::Problem,
};

const NOWHERE: &str = "https://nobody.invalid/charts";

#[tokio::test]
async fn what_lies_in_charts_and_will_do_is_used_as_it_is() {
    let charts = Charts::new();
    charts.app(&[("lib", "^1", NOWHERE), ("folder", "~2.1", NOWHERE)]);
    charts.write("charts/app/charts/lib-1.2.0.tgz", chart("lib", "1.2.0", "").bytes);
    charts.write("charts/app/charts/lib-1.1.0.tgz", chart("lib", "1.1.0", "").bytes);
    charts.write("charts/app/charts/extra-1.0.0.tgz", chart("extra", "1.0.0", "").bytes);
    charts.write("charts/app/charts/folder/Chart.yaml", "apiVersion: v2\nname: folder\nversion: 2.1.7\n");
    let brought = charts.bring().await.unwrap();
    assert_eq!(
        subcharts(&brought),
        ["extra-1.0.0.tgz", "folder/Chart.yaml", "lib-1.2.0.tgz"],
        "an older one goes"
    );
    assert_eq!(lock(&brought), "", "nothing was resolved");
    assert_eq!(charts.at_hand().await.unwrap().files, brought.files);
    let brought = charts.mode(Mode::Vendored).bring().await.unwrap();
    assert!(subcharts(&brought).contains(&"lib-1.1.0.tgz"), "as it lies there");
}

#[tokio::test]
async fn once_something_is_fetched_other_archives_go_as_in_helm() {
    let host = Host::start().await;
    host.offer(&[chart("lib", "2.0.0", "")]);
    let charts = Charts::new();
    charts.app(&[("lib", "^2", &host.url("/charts")), ("local", "*", "")]);
    charts.write("charts/app/charts/lib-1.1.0.tgz", chart("lib", "1.1.0", "").bytes);
    charts.write("charts/app/charts/extra-1.0.0.tgz", chart("extra", "1.0.0", "").bytes);
    charts.write("charts/app/charts/local-1.0.0.tgz", chart("local", "1.0.0", "").bytes);
    charts.write("charts/app/charts/folder/Chart.yaml", "apiVersion: v2\nname: folder\nversion: 1.0.0\n");
    let at_hand = charts.at_hand().await.unwrap();
    assert_eq!(at_hand.undetermined, ["Chart.lock", "charts/lib/"]);
    assert_eq!(at_hand.lacking, [ChartName::new("lib")]);
    assert_eq!(subcharts(&at_hand), ["folder/Chart.yaml", "local-1.0.0.tgz"]);
    assert!(host.asked().is_empty());
    let brought = charts.bring().await.unwrap();
    assert_eq!(subcharts(&brought), ["folder/Chart.yaml", "lib-2.0.0.tgz", "local-1.0.0.tgz"]);
    // A chart that can only be in charts/ is locked as it was asked for.
    assert!(
        lock(&brought).contains("- name: local\n  repository: \"\"\n  version: '*'\n"),
        "{}",
        lock(&brought)
    );
}

#[tokio::test]
async fn a_chart_without_a_repository_has_to_lie_in_charts() {
    let charts = Charts::new();
    charts.app(&[("lib", "^1", "")]);
    let said = told(&charts.bring().await.unwrap_err());
    assert!(
        said.starts_with("charts/app/Chart.yaml:5: the chart depends on `lib`, names no repository"),
        "{said}"
    );
    charts.write("charts/app/charts/lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 2.0.0\n");
    let said = told(&charts.bring().await.unwrap_err());
    assert!(said.contains("charts/lib is lib@2.0.0, and the chart depends on `lib` ^1"), "{said}");
}

#[tokio::test]
async fn constraints_and_repositories_that_are_none_are_told_with_their_line() {
    let charts = Charts::new();
    for (version, repository, what) in [
        ("", NOWHERE, "improper constraint: \\\"\\\""),
        ("one", NOWHERE, "improper constraint: \\\"one\\\""),
        ("^1", "stable", "`stable` is no repository"),
        ("^1", "s3://bucket/charts", "is no repository"),
        ("^1", "@stable", "no repository definition for @stable"),
    ] {
        charts.app(&[("lib", version, repository)]);
        let said = told(&charts.bring().await.unwrap_err()).replace('"', "\\\"");
        assert!(said.starts_with("charts/app/Chart.yaml:5: ") && said.contains(what), "{said}");
    }
}

#[tokio::test]
async fn a_chart_of_this_repository_is_packaged_as_it_is_at_the_same_commit() {
    let charts = Charts::new();
    charts.app(&[("lib", "^1", "file://../../libs/lib")]);
    charts.write("libs/lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 1.0.0\ndependencies:\n- name: deeper\n  version: 1.0.0\n  repository: file://../deeper\n");
    charts.write("libs/lib/.helmignore", "*.md\n");
    charts.write("libs/lib/README.md", "not packaged");
    charts.write("libs/lib/templates/_helpers.tpl", "committed");
    let commit = charts.commit();
    charts.write("libs/lib/templates/_helpers.tpl", "changed");
    let brought = charts.bring().await.unwrap();
    assert_eq!(subcharts(&brought), ["lib-1.0.0.tgz"]);
    let lib = unpack(brought.files.0["charts/lib-1.0.0.tgz"].clone()).unwrap();
    let paths: Vec<&str> = lib.contents.files.keys().map(String::as_str).collect();
    assert_eq!(paths, [".helmignore", "Chart.yaml", "templates/_helpers.tpl"]);
    let [notice] = &brought.notices[..] else { panic!("{:?}", brought.notices) };
    assert!(
        notice
            .what
            .contains("lib@1.0.0 is packaged into app@1.0.0 without what it depends on itself: deeper")
    );
    assert_eq!(charts.at_hand().await.unwrap().files, brought.files, "no network is needed");

    let (repo, origin) = (charts.repo(), Origin::Commit { path: "charts/app".into(), commit });
    let (files, _) = repo.files(origin.clone()).await.unwrap();
    let then = charts.dependencies().bring(&repo, &origin, files, &NoSiblings).await.unwrap();
    let then = unpack(then.files.0["charts/lib-1.0.0.tgz"].clone()).unwrap();
    assert_ne!(then.digest, lib.digest, "as it was then");
}

#[tokio::test]
async fn a_folder_that_is_not_in_this_repository_is_not_packaged() {
    let (charts, outside) = (Charts::new(), Charts::new());
    outside.write("Chart.yaml", "apiVersion: v2\nname: lib\nversion: 1.0.0\n");
    charts.write("libs/lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 1.0.0\n");
    let absolute = |charts: &Charts, path: &str| {
        format!("file://{}", charts.folder.path().canonicalize().unwrap().join(path).display())
    };
    for (repository, what) in [
        ("file://../../../outside".to_owned(), "leads out of this repository"),
        (absolute(&outside, ""), "leads out of this repository"),
        ("file://../nothing".to_owned(), "there is no folder nothing"),
        ("file://.".to_owned(), "depends on itself"),
        ("file://../../libs".to_owned(), "Chart.yaml file is missing"),
    ] {
        charts.app(&[("lib", "^1", &repository)]);
        let said = told(&charts.bring().await.unwrap_err());
        assert!(said.contains(what), "{repository}: {said}");
    }
    charts.app(&[("lib", "^1", &absolute(&charts, "libs/lib"))]);
    assert_eq!(subcharts(&charts.bring().await.unwrap()), ["lib-1.0.0.tgz"]);
    charts.app(&[("lib", "^2", "file://../../libs/lib")]);
    assert!(told(&charts.bring().await.unwrap_err()).contains("is lib@1.0.0, and `^2` is asked for"));
    charts.app(&[("other", "^1", "file://../../libs/lib")]);
    assert!(
        told(&charts.bring().await.unwrap_err()).contains("is the chart `lib`, and `other` is asked for")
    );
}

#[tokio::test]
#[cfg(unix)]
async fn links_to_folders_are_followed_inside_the_repository_only() {
    use std::os::unix::fs::symlink;
    let (charts, outside) = (Charts::new(), Charts::new());
    for place in [&charts, &outside] {
        place.write("libs/lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 1.0.0\n");
    }
    charts.app(&[("lib", "^1", "file://../in")]);
    symlink("../libs/lib", charts.folder.path().join("charts/in")).unwrap();
    symlink(outside.folder.path().join("libs/lib"), charts.folder.path().join("charts/out")).unwrap();
    let commit = charts.commit();
    for origin in [app(), Origin::Commit { path: "charts/app".into(), commit }] {
        let (repo, dependencies) = (charts.repo(), charts.dependencies());
        let (files, _) = repo.files(origin.clone()).await.unwrap();
        let brought = dependencies.bring(&repo, &origin, files, &NoSiblings).await.unwrap();
        assert_eq!(subcharts(&brought), ["lib-1.0.0.tgz"]);
    }
    charts.app(&[("lib", "^1", "file://../out")]);
    assert!(told(&charts.bring().await.unwrap_err()).contains("leads out of this repository"));
}

#[tokio::test]
async fn locked_wants_a_lock_where_something_is_to_be_fetched() {
    let charts = Charts::new().mode(Mode::Locked);
    charts.app(&[("lib", "^1", NOWHERE)]);
    let said = told(&charts.bring().await.unwrap_err());
    assert!(said.contains("`lib` is to be fetched, and the chart has no Chart.lock"), "{said}");
    charts.write("charts/app/charts/lib-1.0.0.tgz", chart("lib", "1.0.0", "").bytes);
    charts.bring().await.unwrap();
}

#[tokio::test]
async fn a_v1_chart_has_its_dependencies_and_its_lock_in_files_of_their_own() {
    let charts = Charts::new();
    charts.write("charts/app/Chart.yaml", "apiVersion: v1\nname: app\nversion: 1.0.0\n");
    charts.write(
        "charts/app/requirements.yaml",
        "dependencies:\n- name: lib\n  version: ^1\n  repository: file://../../lib\n",
    );
    charts.write("lib/Chart.yaml", "apiVersion: v1\nname: lib\nversion: 1.3.0\n");
    let brought = charts.bring().await.unwrap();
    let text = &brought.files.0["requirements.lock"];
    assert!(!brought.files.0.contains_key("Chart.lock"));
    charts.write("charts/app/requirements.lock", text);
    assert_eq!(charts.bring().await.unwrap().files, brought.files);
    // What Helm 2 wrote counts too: its digest is over the dependencies of the chart alone.
    let helm_2 = "sha256:".to_owned()
        + &chart_release::digest::Digest::of(
            br#"{"dependencies":[{"name":"lib","version":"^1","repository":"file://../../lib"}]}"#,
        )
        .hex();
    let old: String = String::from_utf8(text.to_vec())
        .unwrap()
        .lines()
        .map(|line| match line.starts_with("digest:") {
            true => format!("digest: {helm_2}\n"),
            false => format!("{line}\n"),
        })
        .collect();
    charts.write("charts/app/requirements.lock", old);
    charts.bring().await.unwrap();
    charts.write(
        "charts/app/requirements.yaml",
        "dependencies:\n- name: lib\n  version: ^2\n  repository: file://../../lib\n",
    );
    let said = told(&charts.bring().await.unwrap_err());
    assert!(
        said.starts_with(
            "charts/app/requirements.yaml:2: requirements.lock is out of sync with requirements.yaml"
        ),
        "{said}"
    );
    let (files, _) = charts.repo().files(app()).await.unwrap();
    assert_eq!(
        told(&lock_fits("charts/app", &files, &|_| None).unwrap_err()),
        said,
        "without any repository"
    );
}

#[tokio::test]
async fn one_chart_under_two_names_is_fetched_once() {
    let host = Host::start().await;
    host.offer(&[chart("lib", "1.0.0", "")]);
    let charts = Charts::new();
    let url = host.url("/charts");
    let dependency =
        |alias: &str| format!("- name: lib\n  version: ^1\n  repository: {url}\n  alias: {alias}\n");
    charts.write(
        "charts/app/Chart.yaml",
        format!(
            "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n{}{}",
            dependency("one"),
            dependency("two")
        ),
    );
    let brought = charts.bring().await.unwrap();
    assert_eq!(subcharts(&brought), ["lib-1.0.0.tgz"]);
    assert_eq!(lock(&brought).matches("version: 1.0.0").count(), 2);
    assert_eq!(host.asked(), ["/charts/index.yaml", "/charts/lib-1.0.0.tgz"]);
}

/// A chart that asks for itself through the run.
struct Circle<'a>(&'a Charts, chart_release::dependencies::Dependencies);

#[async_trait::async_trait]
impl Siblings for Circle<'_> {
    fn versions(&self, _: &str, name: &ChartName) -> Vec<Version> {
        let is_ours = matches!(name.as_str(), "app" | "lib");
        is_ours.then(|| Version::new("1.0.0")).into_iter().collect()
    }

    async fn package(&self, is: &ChartVersion) -> Result<bytes::Bytes, Problem> {
        let origin = Origin::WorkingTree { path: format!("charts/{}", is.name) };
        let (repo, package) = (self.0.repo(), chart(is.name.as_str(), is.version.as_str(), ""));
        let (files, _) = repo.files(origin.clone()).await?;
        self.1.bring(&repo, &origin, files, self).await?;
        Ok(package.bytes)
    }
}

#[tokio::test]
async fn charts_that_depend_on_each_other_are_told() {
    let charts = Charts::new();
    // The exact version: nobody is asked for a list.
    charts.app(&[("lib", "1.0.0", NOWHERE)]);
    let dependencies = format!("- name: app\n  version: 1.0.0\n  repository: {NOWHERE}\n");
    charts.write(
        "charts/lib/Chart.yaml",
        format!("apiVersion: v2\nname: lib\nversion: 1.0.0\ndependencies:\n{dependencies}"),
    );
    let circle = Circle(&charts, charts.dependencies());
    let problem = charts.bring_with(&circle.1, &circle).await.unwrap_err();
    assert_eq!(problem.what, "the charts depend on each other: lib@1.0.0 → app@1.0.0 → lib@1.0.0");
}

#[tokio::test]
async fn the_first_version_of_a_repository_that_is_not_there_yet_comes_from_the_run() {
    let host = Host::start().await;
    let charts = Charts::new();
    charts.app(&[("lib", "^1", &host.url("/charts"))]);
    let said = told(&charts.bring().await.unwrap_err());
    assert!(said.contains("there is no repository at http://127.0.0.1"), "{said}");
    let run = Run { repository: host.url("/charts"), packages: vec![chart("lib", "1.0.0", "")] };
    let brought = charts.bring_with(&charts.dependencies(), &run).await.unwrap();
    assert_eq!(subcharts(&brought), ["lib-1.0.0.tgz"]);
}
