//! The way to the others: proxies, and certificates that only this house knows.

use crate::world::{
    online::{Online, PASSWORD, USER},
    way::{Proxy, tls_before},
};

/// A world with a version in releases and on the pages, and none in the registry yet: a run to all three writes, reads
/// and downloads.
fn half_published() -> Online {
    let mut world = Online::with_a_chart();
    world.publish_to(&["releases"], &[]).ends_with(0);
    world.bump("charts/demo", "1.1.0");
    world.commit_and_push("Bump it");
    world.hold_pages(&[("README.md", b"Charts\n")]);
    world.front.clear();
    world
}

fn port(world: &Online) -> u16 {
    world.front.host().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
}

#[test]
fn everything_goes_through_a_proxy_that_is_named() {
    let world = half_published();
    let (proxy, oci) = (Proxy::start(0), world.oci());
    let publish = ["publish", "--channel", "releases", "--channel", "pages", "--channel", &oci];

    world.run_with(&[("HTTP_PROXY", &proxy.url())], &publish).ends_with(0);

    assert_eq!(world.entries().len(), 2);
    assert!(world.downloads() > 0);
    let went: Vec<String> = world.front.requests().iter().map(|request| request.call()).collect();
    assert_eq!(proxy.seen().len(), went.len(), "{:#?}\n{went:#?}", proxy.seen());
}

#[test]
fn a_proxy_is_left_out_for_the_hosts_that_need_none() {
    let world = half_published();
    let (proxy, oci) = (Proxy::start(0), world.oci());
    let publish = ["publish", "--channel", "releases", "--channel", "pages", "--channel", &oci];
    let proxied = [("HTTP_PROXY", proxy.url()), ("NO_PROXY", "localhost".into())];
    let proxied = proxied.each_ref().map(|(name, value)| (*name, value.as_str()));

    world.run_with(&proxied, &publish).ends_with(0);

    // The storage behind the downloads has that name here.
    let stored = world.front.count("GET", "/objects/");
    assert!(stored > 0);
    assert_eq!(proxy.seen().len(), world.front.requests().len() - stored);
    assert!(proxy.seen().iter().all(|seen| !seen.contains("localhost")), "{:?}", proxy.seen());

    let (before, none) = (proxy.seen().len(), [proxied[0], ("NO_PROXY", "localhost,127.0.0.1")]);
    world.run_with(&none, &publish).ends_with(0);
    assert_eq!(proxy.seen().len(), before);
}

#[test]
fn a_registry_with_a_certificate_of_the_house_is_trusted_when_it_is_named() {
    let world = Online::with_a_chart();
    world.registry.habits(|habits| habits.no_authentication = true);
    let (tls, certificate) = tls_before(port(&world), "registry.example.com");
    let file = world.path("house.pem");
    std::fs::write(&file, certificate).expect("a certificate can be written");
    let (proxy, file) = (Proxy::start(tls), file.to_string_lossy().into_owned());
    let proxied = ("HTTPS_PROXY", proxy.url());
    let trusted = [(proxied.0, proxied.1.as_str()), ("SSL_CERT_FILE", &file)];
    let publish = ["publish", "--channel", "oci://registry.example.com/acme/charts"];

    // It does not get better by waiting.
    world.run_with(&trusted[..1], &publish).ends_with(1).says("certificate").says("SSL_CERT_FILE");
    assert_eq!(world.listed(), [""; 0]);

    world.run_with(&trusted, &publish).ends_with(0);
    assert_eq!(world.listed(), ["oci demo: 1.0.0"]);
    assert!(proxy.seen().iter().all(|seen| seen == "CONNECT registry.example.com:443"), "{:?}", proxy.seen());
}

#[test]
fn a_github_with_a_certificate_that_nobody_knows_is_told() {
    let world = Online::with_a_chart();
    let (tls, certificate) = tls_before(port(&world), "127.0.0.1");
    let file = world.path("house.pem");
    std::fs::write(&file, certificate).expect("a certificate can be written");
    let (api, file) = (format!("https://127.0.0.1:{tls}/api/v3"), file.to_string_lossy().into_owned());
    let server = format!("https://127.0.0.1:{tls}");
    let github = [("GITHUB_API_URL", api.as_str()), ("GITHUB_SERVER_URL", &server), ("SSL_CERT_FILE", &file)];
    let publish = ["publish", "--channel", "releases", "--channel", "pages"];

    let run = world.run_with(&github[..2], &publish).ends_with(1);
    run.says("certificate").says("SSL_CERT_FILE");
    world.nothing_was_written();

    // This GitHub names its plain address for uploads, so its releases are only looked at here.
    world.run_with(&github, &["plan", "--channel", "releases"]).ends_with(0);
    world.run_with(&github, &["publish", "--channel", "pages"]).ends_with(0);
    assert_eq!(world.listed(), ["index.yaml: demo 1.0.0", "pages demo-1.0.0.tgz"]);
}

#[test]
fn certificates_that_are_named_and_not_there_are_told_and_no_others_are_trusted_instead() {
    let world = Online::with_a_chart();
    let (empty, publish) = (world.path("no-certificates"), ["publish", "--channel", &world.oci()]);
    std::fs::create_dir_all(&empty).expect("a folder");
    let (folder, file) = (empty.to_string_lossy().into_owned(), empty.join("house.pem"));

    let named = [("SSL_CERT_DIR", folder.as_str())];
    world.run_with(&named, &publish).ends_with(2).says("SSL_CERT_DIR is set: let it name certificates");
    let named = [("SSL_CERT_FILE", &*file.to_string_lossy())];
    world.run_with(&named, &publish).ends_with(2).says("SSL_CERT_FILE is set: let it name certificates");
    world.nothing_was_written();
}

#[test]
fn log_ins_are_taken_from_the_file_of_docker_and_go_to_their_own_host_only() {
    let world = Online::with_a_chart();
    let (oci, host) = (world.oci(), world.front.host());
    let login = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, format!("{USER}:{PASSWORD}"));
    let folder = world.path("docker");
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = serde_json::json!({ "auths": { host: { "auth": login }, "ghcr.io": { "auth": "bm9ib2R5Om5vdGhpbmc=" } } });
    std::fs::write(folder.join("config.json"), file.to_string()).expect("a file");
    let mut command = world.program();
    command.env_remove("CHART_RELEASE_REGISTRY_USER").env_remove("CHART_RELEASE_REGISTRY_PASSWORD");

    world.end(command.args(["publish", "--channel", &oci])).ends_with(0);

    assert_eq!(world.listed(), ["oci demo: 1.0.0"]);
}
