//! Classic repositories: an index, and the packages that it names.

use crate::world::{Answer, Charts, Host, Run, chart, lock, subcharts, told};
use chart_release::{dependencies::Mode, packages::unpack};

#[tokio::test]
async fn the_newest_that_will_do_is_fetched_and_the_lock_of_helm_is_written() {
    let host = Host::start().await;
    host.offer(&[
        chart("lib", "1.2.0", ""),
        chart("lib", "2.0.0", ""),
        chart("lib", "1.10.0", ""),
        chart("lib", "1.11.0-rc.1", ""),
    ]);
    let charts = Charts::new();
    charts.app(&[("lib", "^1.2", &host.url("/charts"))]);
    let brought = charts.bring().await.unwrap();
    assert_eq!(subcharts(&brought), ["lib-1.10.0.tgz"]);
    assert_eq!(host.asked(), ["/charts/index.yaml", "/charts/lib-1.10.0.tgz"]);
    let text = lock(&brought);
    let begins = format!(
        "dependencies:\n- name: lib\n  repository: {}\n  version: 1.10.0\ndigest: sha256:",
        host.url("/charts")
    );
    assert!(text.starts_with(&begins), "{text}");
    assert!(text.ends_with("generated: \"1980-02-01T00:00:00Z\"\n"), "{text}");
    assert!(brought.undetermined.is_empty() && brought.lacking.is_empty());

    // With that lock, exactly its versions, whatever is newer.
    charts.write("charts/app/Chart.lock", &text);
    host.offer(&[chart("lib", "1.10.0", ""), chart("lib", "1.12.0", "")]);
    let brought = charts.bring().await.unwrap();
    assert_eq!((subcharts(&brought), lock(&brought)), (vec!["lib-1.10.0.tgz"], text.clone()));
    let brought = charts.mode(Mode::Update).bring().await.unwrap();
    assert_eq!(subcharts(&brought), ["lib-1.12.0.tgz"]);
    assert!(lock(&brought).contains("version: 1.12.0"));
}

#[tokio::test]
async fn a_lock_that_does_not_fit_is_told_with_what_differs() {
    let host = Host::start().await;
    host.offer(&[chart("lib", "1.0.0", ""), chart("lib", "2.0.0", "")]);
    let charts = Charts::new();
    charts.app(&[("lib", "^1", &host.url("/charts"))]);
    charts.write("charts/app/Chart.lock", lock(&charts.bring().await.unwrap()));
    charts.app(&[("lib", "^2", &host.url("/charts"))]);
    let problem = charts.bring().await.unwrap_err();
    let said = told(&problem);
    assert!(said.starts_with("charts/app/Chart.yaml:5: Chart.lock is out of sync with Chart.yaml: `lib` is asked for as `^2`, and the lock has 1.0.0"), "{said}");
    assert!(
        said.contains("helm dependency update charts/app") && said.contains("--dependencies update"),
        "{said}"
    );
    assert_eq!(charts.at_hand().await.unwrap_err(), problem);
}

#[tokio::test]
async fn bytes_that_are_not_what_the_index_says_are_refused() {
    let host = Host::start().await;
    let (good, other) = (chart("lib", "1.0.0", ""), chart("lib", "1.0.0", "description: other\n"));
    host.list("lib", &[("1.0.0", "lib.tgz", Some(good.digest))]);
    host.serve("/charts/lib.tgz", Answer::Bytes(other.bytes));
    let charts = Charts::new();
    charts.app(&[("lib", "1.0.0", &host.url("/charts"))]);
    let said = told(&charts.bring().await.unwrap_err());
    assert!(said.starts_with("charts/app/Chart.yaml:5: "), "{said}");
    assert!(said.contains("is said of them"), "{said}");
}

#[tokio::test]
async fn a_chart_of_this_run_comes_before_the_network() {
    let host = Host::start().await;
    host.offer(&[chart("lib", "1.0.0", "")]);
    let charts = Charts::new();
    charts.app(&[("lib", "^1", &host.url("/charts"))]);
    let run = Run { repository: host.url("/charts"), packages: vec![chart("lib", "1.1.0", "")] };
    let brought = charts.bring_with(&charts.dependencies(), &run).await.unwrap();
    assert_eq!(subcharts(&brought), ["lib-1.1.0.tgz"]);
    assert_eq!(
        unpack(brought.files.0["charts/lib-1.1.0.tgz"].clone()).unwrap().digest,
        run.packages[0].digest
    );
}
