//! The fake registry and the git server as other programs see them: git, and a client of registries.

use crate::world::{
    front::Fault,
    online::{Online, PASSWORD, TOKEN, USER, entries},
    registry::Registry,
};
use chart_release::digest::Digest;
use oci_client::{
    Client, Reference,
    client::{ClientConfig, ClientProtocol, Config, ImageLayer},
    errors::OciDistributionError,
    secrets::RegistryAuth,
};
use serde_json::json;
use std::future::Future;

const PACKAGE: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";

fn wait<T>(future: impl Future<Output = T>) -> T {
    chart_release::doors::http::install_cryptography();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

fn client() -> Client {
    Client::try_from(ClientConfig { protocol: ClientProtocol::Http, ..ClientConfig::default() })
        .expect("a client")
}

fn robot() -> RegistryAuth {
    RegistryAuth::Basic(USER.into(), PASSWORD.into())
}

async fn push(
    world: &Online,
    to: &str,
    package: &[u8],
    who: &RegistryAuth,
) -> Result<(), OciDistributionError> {
    let to: Reference = format!("{}/{to}", world.front.host()).parse().expect("a reference");
    let layers = [ImageLayer::new(package.to_vec(), PACKAGE.into(), None)];
    let config = Config::new(&b"{}"[..], CONFIG.into(), None);
    client().push(&to, &layers, config, who, None).await.map(|_| ())
}

#[test]
fn a_client_of_registries_pushes_and_pulls() {
    let world = Online::new();
    let package = vec![7; 5 << 20];
    wait(push(&world, "acme/charts/demo:1.0.0", &package, &robot())).expect("it is pushed");

    let from = format!("{}/acme/charts/demo:1.0.0", world.front.host()).parse().expect("a reference");
    let pulled = wait(client().pull(&from, &robot(), vec![PACKAGE])).expect("it is pulled");

    assert!(pulled.layers[0].data == package);
    assert_eq!(world.registry.names(), ["acme/charts/demo"]);
    let manifest = world.registry.manifest("acme/charts/demo", "1.0.0").expect("a manifest");
    assert_eq!(pulled.digest, Some(Digest::of(&manifest.bytes).to_string()));
    assert_eq!(world.registry.tags("acme/charts/demo")["1.0.0"], Digest::of(&manifest.bytes).to_string());
    assert_eq!(world.registry.pushes(), 1);
    assert_eq!(world.listed(), ["oci demo: 1.0.0"]);
    assert!(world.front.count("PATCH", "/blobs/uploads/") >= 2, "5 MiB went in chunks of 4");
}

#[test]
fn a_registry_refuses_who_may_not() {
    let world = Online::new();
    world.registry.user("reader", "marked-password-of-a-reader", false);
    let refused = |who: &str, password: &str| {
        let who = RegistryAuth::Basic(who.into(), password.into());
        format!("{:?}", wait(push(&world, "acme/charts/demo:1.0.0", b"package", &who)).expect_err("refused"))
    };
    let denied = refused("reader", "marked-password-of-a-reader");
    assert!(denied.contains("permission_denied: write_package"), "{denied}");
    refused(USER, "marked-other-password");
    assert_eq!(world.registry.names(), [""; 0]);

    // Missing and private are told apart from absent by nobody who is not known.
    let from = format!("{}/acme/charts/demo:1.0.0", world.front.host()).parse().expect("a reference");
    wait(client().fetch_manifest_digest(&from, &RegistryAuth::Anonymous)).expect_err("nobody knows him");
    let absent = wait(client().pull_manifest(&from, &robot())).expect_err("it is absent");
    assert!(format!("{absent:?}").contains("NameUnknown"), "{absent:?}");
    wait(push(&world, "acme/charts/demo:1.0.0", b"package", &robot())).expect("it is pushed");
    world.registry.habits(|habits| habits.public = true);
    wait(client().fetch_manifest_digest(&from, &RegistryAuth::Anonymous)).expect("anybody may");
}

#[test]
fn tags_come_by_the_hundred() {
    let world = Online::new();
    for number in 0..230 {
        world.registry.hold(
            "acme/charts/demo",
            &format!("1.{number:03}.0"),
            &json!({ "number": number }),
            &[],
        );
    }
    let name = format!("{}/acme/charts/demo", world.front.host()).parse().expect("a reference");
    let mut all: Vec<String> = Vec::new();
    loop {
        let page = wait(client().list_tags(&name, &robot(), Some(1000), all.last().map(String::as_str)));
        let page = page.expect("a page").tags;
        assert!(page.len() <= 100);
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    assert_eq!(all.len(), 230);
}

#[test]
fn a_tag_that_moved_is_remembered() {
    let registry = Registry::new(USER, PASSWORD);
    registry.hold_package("acme/charts/demo", "1.0.0+build.7", b"package", "2026-01-01T00:00:00Z");
    assert_eq!(registry.moved_tags(), [""; 0]);
    registry.hold_package("acme/charts/demo", "1.0.0+build.7", b"package", "2026-01-01T00:00:00Z");
    assert_eq!(registry.moved_tags(), [""; 0]);
    registry.hold_package("acme/charts/demo", "1.0.0+build.7", b"other", "2026-01-01T00:00:00Z");
    let moved = registry.moved_tags();
    assert!(moved[0].starts_with("acme/charts/demo:1.0.0_build.7 moved"), "{moved:?}");
}

/// A commit on a branch of another clone, pushed with this token.
fn push_with(world: &Online, folder: &str, token: &str) -> crate::world::Run {
    let clone = world.path(folder);
    std::fs::write(clone.join("README.md"), folder).expect("a file can be written");
    world.git_in(&clone, &["add", "--all"]);
    world.git_in(&clone, &["commit", "--quiet", "--allow-empty", "--message", "Write"]);
    let url = format!("http://x-access-token:{token}@{}/acme/charts.git", world.front.host());
    let mut command = world.command("git");
    command.env("GIT_TERMINAL_PROMPT", "0").current_dir(&clone).args(["push", &url, "HEAD:refs/heads/other"]);
    crate::world::World::end(&mut command)
}

#[test]
fn git_clones_and_pushes_over_http() {
    let world = Online::with_a_chart();
    let url = format!("{}/acme/charts.git", world.front.url());
    world.git_in(&world.path(""), &["clone", "--quiet", "--depth", "1", &url, "clone"]);
    assert!(world.path("clone/charts/demo/Chart.yaml").is_file());

    world.git.token("ghs_markedTokenThatReads", false);
    let refused = push_with(&world, "clone", "ghs_markedTokenThatReads").says("403");
    assert_ne!(refused.code, 0);
    assert_ne!(push_with(&world, "clone", "ghs_markedTokenOfNobody").code, 0);
    world.git.refuse_pushes("GH013: Repository rule violations found");
    assert_ne!(push_with(&world, "clone", TOKEN).says("GH013").code, 0);
    world.git.no_hook("pre-receive");
    // Large enough that git sends it in chunks, packed.
    let noise: Vec<u8> = (0u64..1 << 18)
        .flat_map(|number| Digest::of(&number.to_le_bytes()).hex().into_bytes())
        .take(3 << 20)
        .collect();
    std::fs::write(world.path("clone/noise"), noise).expect("a file can be written");
    push_with(&world, "clone", TOKEN).ends_with(0);
    world.git.settle();

    let moved: Vec<_> = world.git.moves().into_iter().map(|[name, ..]| name).collect();
    assert_eq!(moved, ["refs/heads/other"], "what was refused moved nothing");
    assert_eq!(world.git.run(&["log", "--format=%s", "other"]).lines().next(), Some("Write"));
    assert!(world.front.count("POST", "/acme/charts.git/git-receive-pack") >= 2);

    world.git.private(true);
    let mut command = world.command("git");
    let run = crate::world::World::end(command.env("GIT_TERMINAL_PROMPT", "0").args(["ls-remote", &url]));
    assert_ne!(run.code, 0);
    std::fs::remove_dir_all(world.path("clone")).expect("its pushes are recorded with the token");
}

#[test]
fn the_pages_are_served_from_their_branch() {
    let world = Online::with_a_chart();
    assert_eq!(world.pages_commits(), 0);
    let package = b"a package";
    let digest = Digest::of(package).hex();
    let index = format!(
        "apiVersion: v1\nentries:\n  demo:\n  - apiVersion: v2\n    digest: {digest}\n    name: demo\n    urls:\n    - demo-1.0.0.tgz\n    version: 1.0.0\ngenerated: \"2026-01-01T00:00:00Z\"\n"
    );
    world.hold_pages(&[("index.yaml", index.as_bytes()), ("demo-1.0.0.tgz", package)]);
    world.hold_pages(&[("index.html", b"<h1>Charts</h1>")]);

    assert_eq!(world.pages_commits(), 2);
    assert_eq!(world.listed(), ["index.yaml: demo 1.0.0", "pages demo-1.0.0.tgz", "pages index.html"]);
    assert_eq!(entries(&world.index())[0].url, "demo-1.0.0.tgz");
    let get = |path: &str| {
        let url = format!("{}/{path}", world.pages_url());
        wait(async { reqwest::Client::new().get(url).send().await.expect("an answer").status().as_u16() })
    };
    assert_eq!((get("index.yaml"), get("missing.tgz")), (200, 404));
}

#[test]
#[should_panic(expected = "the pages branch lost a line")]
fn a_world_notices_that_an_index_lost_a_line() {
    let world = Online::with_a_chart();
    world.hold_pages(&[("index.yaml", b"apiVersion: v1\nentries:\n  demo: []\n")]);
    world.hold_pages(&[("index.yaml", b"apiVersion: v1\nentries: {}\n")]);
    world.check();
}

#[test]
#[should_panic(expected = "has the secret")]
fn a_world_notices_a_secret_that_was_stored() {
    let world = Online::with_a_chart();
    world.hold_pages(&[("notes.md", format!("the token is {TOKEN}").as_bytes())]);
    world.check();
}

#[test]
#[should_panic(expected = "demo-1.0.0.tgz has several digests")]
fn a_world_notices_that_channels_differ() {
    let world = Online::with_a_chart();
    world.hold_pages(&[("demo-1.0.0.tgz", b"these bytes")]);
    world.registry.hold_package("acme/charts/demo", "1.0.0", b"other bytes", "2026-01-01T00:00:00Z");
    world.check();
}

#[test]
fn a_run_that_is_killed_says_so() {
    let world = Online::with_a_chart();
    let url = format!("{}/acme/charts.git", world.front.url());
    world.front.at(1, Fault::KillBefore);
    // Git fetches in a process of its own, which would outlive it.
    let ask = || world.end(world.command("sh").args(["-c", "exec git ls-remote \"$0\"", &url]));
    ask().was_killed();
    ask().ends_with(0).says("refs/heads/main");
}
