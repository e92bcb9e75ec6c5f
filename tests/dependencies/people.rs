//! Who we are, and for whom only.

use crate::world::{Answer, Charts, Host, PASSWORD, USER, basic, chart, reader, subcharts, told};
use chart_release::{doors::credentials::Credentials, secret::Secret};

/// Helm's repositories.yaml with one repository.
fn helm_knows(charts: &mut Charts, entry: &str) {
    let text = format!(
        "apiVersion: \"\"\ngenerated: \"0001-01-01T00:00:00Z\"\nrepositories:\n- {}\n",
        entry.replace('\n', "\n  ")
    );
    charts.write("helm/repositories.yaml", text);
    let path = charts.folder.path().join("helm").display().to_string();
    charts.settings.environment.insert("HELM_CONFIG_HOME".into(), path);
}

#[tokio::test]
async fn a_login_goes_to_its_host_and_along_no_redirect() {
    let (host, other) = (Host::start().await, Host::start().await);
    *host.guarded.lock().unwrap() = true;
    let lib = chart("lib", "1.0.0", "");
    host.list("lib", &[("1.0.0", "lib.tgz", Some(lib.digest))]);
    host.serve("/charts/lib.tgz", Answer::Redirect(other.url("/elsewhere.tgz")));
    other.serve("/elsewhere.tgz", Answer::Bytes(lib.bytes.clone()));
    let mut charts = Charts::new();
    charts.app(&[("lib", "^1", &host.url("/charts"))]);
    let said = told(&charts.bring().await.unwrap_err());
    assert!(
        said.contains("401") && said.contains(&format!("--registry-user {}=USER", host.name())),
        "{said}"
    );
    host.asked();

    charts.settings.logins.insert(host.name(), reader());
    assert_eq!(subcharts(&charts.bring().await.unwrap()), ["lib-1.0.0.tgz"]);
    assert!(host.asked_by().iter().all(|(_, by)| *by == Some(basic())));
    assert_eq!(other.asked_by(), [("/elsewhere.tgz".to_owned(), None)]);

    // The index names another host: the log-in stays here.
    host.list("lib", &[("1.0.0", &other.url("/elsewhere.tgz"), Some(lib.digest))]);
    assert_eq!(subcharts(&charts.bring().await.unwrap()), ["lib-1.0.0.tgz"]);
    assert_eq!(other.asked_by(), [("/elsewhere.tgz".to_owned(), None)]);
}

#[tokio::test]
async fn a_wrong_password_does_not_keep_anybody_from_what_is_public() {
    let host = Host::start().await;
    host.offer(&[chart("lib", "1.0.0", "")]);
    host.serve("/charts/index.yaml", Answer::Status(403));
    let mut charts = Charts::new();
    charts.app(&[("lib", "^1", &host.url("/charts"))]);
    let password = "a-wrong-password";
    let wrong = Credentials { user: "me".into(), password: Secret::any(password) };
    charts.settings.logins.insert(host.name(), wrong);
    let said = told(&charts.bring().await.unwrap_err());
    assert!(said.contains("is not let in") && !said.contains(password), "{said}");
    let asked: Vec<bool> = host.asked_by().iter().map(|(_, by)| by.is_some()).collect();
    assert_eq!(asked, [true, false], "as somebody, then as nobody");
}

#[tokio::test]
async fn a_repository_that_helm_has_been_told_of_is_found_by_name_and_by_url() {
    let host = Host::start().await;
    *host.guarded.lock().unwrap() = true;
    host.offer(&[chart("lib", "1.0.0", "")]);
    let mut charts = Charts::new();
    let entry = format!("name: ours\nurl: {}\nusername: {USER}\npassword: {PASSWORD}", host.url("/charts/"));
    helm_knows(&mut charts, &entry);
    for repository in ["@ours", "alias:ours", &host.url("/charts")] {
        charts.app(&[("lib", "^1", repository)]);
        let brought = charts.bring().await.unwrap();
        assert_eq!(subcharts(&brought), ["lib-1.0.0.tgz"], "{repository}");
        let url = if repository.starts_with("http") { host.url("/charts") } else { host.url("/charts/") };
        let lock = crate::world::lock(&brought);
        assert!(lock.contains(&format!("repository: {url}\n")), "{lock}");
        // Whoever has no such file reads the lock.
        charts.write("charts/app/Chart.lock", &lock);
        let environment = std::mem::take(&mut charts.settings.environment);
        charts.settings.logins.insert(host.name(), reader());
        assert_eq!(subcharts(&charts.bring().await.unwrap()), ["lib-1.0.0.tgz"], "{repository}");
        charts.settings.logins.clear();
        charts.settings.environment = environment;
        std::fs::remove_file(charts.folder.path().join("charts/app/Chart.lock")).unwrap();
    }
    charts.app(&[("lib", "^1", "@theirs")]);
    let said = told(&charts.bring().await.unwrap_err());
    assert!(said.starts_with("charts/app/Chart.yaml:5: no repository definition for @theirs"), "{said}");
}

#[tokio::test]
async fn a_password_goes_elsewhere_only_where_helm_was_told_so() {
    let (host, other) = (Host::start().await, Host::start().await);
    let lib = chart("lib", "1.0.0", "");
    host.list("lib", &[("1.0.0", &other.url("/lib.tgz"), Some(lib.digest))]);
    other.serve("/lib.tgz", Answer::Bytes(lib.bytes.clone()));
    let mut charts = Charts::new();
    charts.app(&[("lib", "^1", &host.url("/charts"))]);
    for (more, by) in [("", None), ("\npass_credentials_all: true", Some(basic()))] {
        let entry =
            format!("name: ours\nurl: {}\nusername: {USER}\npassword: {PASSWORD}{more}", host.url("/charts"));
        helm_knows(&mut charts, &entry);
        charts.bring().await.unwrap();
        assert_eq!(other.asked_by(), [("/lib.tgz".to_owned(), by)]);
    }
}

#[tokio::test]
async fn a_broken_file_of_helms_is_told_when_it_is_needed() {
    let host = Host::start().await;
    host.offer(&[chart("lib", "1.0.0", "")]);
    let mut charts = Charts::new();
    helm_knows(&mut charts, "name: [");
    charts.app(&[("lib", "^1", &host.url("/charts"))]);
    let said = told(&charts.bring().await.unwrap_err());
    assert!(said.contains("repositories.yaml:"), "{said}");
    charts.write("charts/app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n");
    charts.bring().await.unwrap();
}
