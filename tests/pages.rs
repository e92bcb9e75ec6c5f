//! The channel `pages`: an index on a branch of a real git repository, reached by its path and over HTTP, with other
//! publishers, hooks, refusals and broken connections in the way.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, Response, header},
};
use bytes::Bytes;
use chart_release::{
    channels::{
        Channel, ExposeError,
        pages::{Author, Pages, Settings},
    },
    charts::{Chart, ChartName, ChartVersion, Files},
    digest::Digest,
    doors::{
        git::remote::{Access, Change, Found, Rejection, Remote},
        http,
        patience::Patience,
    },
    holdings::{Attachment, Blob, ChannelId, Held, Kind, Record, Reference, Standing},
    index::Index,
    packages::{DEFAULT_TIME, Package, pack},
    secret::Secret,
};
use futures::future::join_all;
use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;

const TOKEN: &str = "ghs_0123456789abcdef";
const CREATED: i64 = 1_700_000_000;

/// A bare repository, and a clone in which somebody works.
struct World {
    folder: TempDir,
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"])
        .args(["-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

impl World {
    /// A repository without a commit.
    fn empty() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        git(world.folder.path(), &["init", "-q", "--bare", "charts.git"]);
        git(&world.bare(), &["config", "http.receivepack", "true"]);
        world
    }

    /// A repository whose branch gh-pages has these files.
    fn with(files: &[(&str, &str)]) -> Self {
        let world = Self::empty();
        git(world.folder.path(), &["init", "-q", "-b", "gh-pages", "work"]);
        git(&world.work(), &["remote", "add", "origin", "../charts.git"]);
        world.commit(files);
        world
    }

    /// Somebody else commits and pushes.
    fn commit(&self, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = self.work().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        git(&self.work(), &["add", "-A"]);
        git(&self.work(), &["commit", "-q", "--allow-empty", "-m", "Theirs"]);
        git(&self.work(), &["push", "-q", "origin", "gh-pages"]);
    }

    fn bare(&self) -> PathBuf {
        self.folder.path().join("charts.git")
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn address(&self) -> String {
        format!("file://{}", self.bare().display())
    }

    /// What git says of the bare repository.
    fn git(&self, arguments: &[&str]) -> String {
        git(&self.bare(), arguments)
    }

    fn file(&self, path: &str) -> String {
        self.git(&["show", &format!("gh-pages:{path}")])
    }

    fn index(&self) -> Index {
        Index::scan(self.file("index.yaml").into_bytes()).unwrap()
    }

    fn commits(&self) -> usize {
        self.git(&["rev-list", "--count", "gh-pages"]).trim().parse().unwrap()
    }

    fn hook(&self, name: &str, script: &str) {
        let path = self.bare().join("hooks").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn pages(&self) -> Pages {
        pages(settings(&self.address()))
    }
}

fn calls() -> http::Settings {
    let patience =
        Patience { again: 3, pause: Duration::from_millis(4), longest: Duration::from_millis(100) };
    http::Settings { call: Duration::from_secs(60), patience }
}

fn settings(remote: &str) -> Settings {
    Settings {
        remote: remote.to_owned(),
        token: None,
        branch: "gh-pages".to_owned(),
        index_path: "index.yaml".to_owned(),
        url: Some("https://acme.github.io/charts/".to_owned()),
        author: Author { name: "Release Bot".to_owned(), email: "bot@example.com".to_owned() },
        packages_with_index: false,
        sign_off: false,
        http: calls(),
    }
}

fn pages(settings: Settings) -> Pages {
    Pages::new(ChannelId("pages".into()), settings).unwrap()
}

/// A package and the record of it.
fn chart(name: &str, version: &str) -> (Record, Package) {
    let metadata = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
    let files = Files([("Chart.yaml".to_owned(), Bytes::from(metadata))].into());
    let package = pack(&Chart::read(files).unwrap(), DEFAULT_TIME).unwrap();
    let record = Record {
        is: ChartVersion::new(name, version),
        path: format!("charts/{name}"),
        commit: None,
        metadata: package.metadata.clone(),
        package: Blob::of(&package.bytes),
        provenance: None,
        created: CREATED,
        source: None,
        revision: None,
        released: None,
        install: Vec::new(),
    };
    (record, package)
}

/// The same, published as a release.
fn released(name: &str, version: &str) -> (Record, Package) {
    let (mut record, package) = chart(name, version);
    let url =
        format!("https://github.com/acme/charts/releases/download/{name}-{version}/{name}-{version}.tgz");
    record.released = Some(Reference::new(url, Some(package.digest)));
    (record, package)
}

async fn publish(pages: &Pages, charts: &[(Record, Package)]) -> Vec<Result<Reference, ExposeError>> {
    for (record, package) in charts {
        let staged = pages.stage(record, package).await.unwrap();
        assert_eq!(staged.package, Some(package.digest));
    }
    let records: Vec<Record> = charts.iter().map(|(record, _)| record.clone()).collect();
    pages.expose(&records).await
}

async fn publish_one(pages: &Pages, one: (Record, Package)) -> Result<Reference, ExposeError> {
    publish(pages, &[one]).await.pop().unwrap()
}

async fn look(pages: &Pages, name: &str, version: &str) -> Held {
    pages.look(&[ChartVersion::new(name, version)]).await.pop().unwrap()
}

const INDEX: &str = "apiVersion: v1
entries:
  demo:
  - apiVersion: v2
    created: \"2023-01-02T03:04:05Z\"
    digest: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    name: demo
    urls:
    - https://example.com/demo-1.0.0.tgz
    version: 1.0.0
";

#[tokio::test(flavor = "multi_thread")]
async fn a_release_adds_lines_and_everything_else_on_the_branch_survives() {
    let world = World::with(&[
        ("index.yaml", INDEX),
        ("README.md", "hello\n"),
        ("CNAME", "charts.acme.io\n"),
        ("run.sh", "true\n"),
    ]);
    git(&world.work(), &["update-index", "--chmod=+x", "run.sh"]);
    fs::set_permissions(world.work().join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("README.md", world.work().join("link")).unwrap();
    world.commit(&[]);
    let before = world.git(&["ls-tree", "-r", "gh-pages"]);
    let pages = pages(Settings { sign_off: true, ..settings(&world.address()) });

    assert_eq!(look(&pages, "demo", "1.1.0").await, Held::Absent);
    pages.prove(&[ChartName::new("demo")]).await.unwrap();
    let one = released("demo", "1.1.0");
    let reference = publish_one(&pages, one.clone()).await.unwrap();
    assert_eq!(reference, one.0.released.unwrap());

    let diff = world.git(&["diff", "--numstat", "gh-pages~", "gh-pages"]);
    assert!(diff.ends_with("\t0\tindex.yaml\n") && diff.lines().count() == 1, "{diff}");
    let others =
        |text: &str| text.lines().filter(|line| !line.ends_with("index.yaml")).collect::<Vec<_>>().join("\n");
    assert_eq!(others(&world.git(&["ls-tree", "-r", "gh-pages"])), others(&before));
    assert_eq!(
        world.git(&["log", "-1", "--format=%an <%ae>%n%cn%n%B", "gh-pages"]).trim_end(),
        "Release Bot <bot@example.com>\nRelease Bot\nPublish demo 1.1.0\n\n\
         Signed-off-by: Release Bot <bot@example.com>"
    );
    let entry = world.index();
    let entry = entry.get("demo", "1.1.0").unwrap();
    assert_eq!((entry.digest, entry.created), (Some(one.1.digest), Some(CREATED)));
    let Held::Present(held) = look(&pages, "demo", "1.1.0").await else { panic!() };
    assert_eq!(
        (held.standing, held.package, held.created),
        (Standing::Served, Some(one.1.digest), Some(CREATED))
    );
    git(&world.bare(), &["fsck", "--strict"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_lie_beside_the_index_where_there_is_no_release() {
    let world = World::with(&[("stable/index.yaml", INDEX)]);
    let mut one = chart("demo", "1.1.0+build.1");
    one.1.provenance = Some(Bytes::from_static(b"signed"));
    one.0.provenance = one.1.provenance.as_deref().map(Blob::of);
    let two = chart("other", "0.1.0");
    let pages = pages(Settings { index_path: "stable".to_owned(), ..settings(&world.address()) });
    let exposed = publish(&pages, &[one.clone(), two.clone()]).await;
    assert_eq!(exposed[0].as_ref().unwrap().url, "https://acme.github.io/charts/demo-1.1.0+build.1.tgz");

    git(world.folder.path(), &["clone", "-q", "-b", "gh-pages", "charts.git", "read"]);
    let read = world.folder.path().join("read/stable");
    assert_eq!(fs::read(read.join("demo-1.1.0+build.1.tgz")).unwrap(), one.1.bytes);
    assert_eq!(fs::read(read.join("demo-1.1.0+build.1.tgz.prov")).unwrap(), b"signed");
    let index = Index::scan(fs::read(read.join("index.yaml")).unwrap()).unwrap();
    assert_eq!(index.get("demo", "1.1.0+build.1").unwrap().url, Some("demo-1.1.0+build.1.tgz"));
    assert_eq!(
        world.git(&["log", "-1", "--format=%B", "gh-pages"]).trim_end(),
        "Publish 2 charts\n\n- demo 1.1.0+build.1\n- other 0.1.0"
    );
    let Held::Present(held) = look(&pages, "demo", "1.1.0+build.1").await else { panic!() };
    assert!(held.attached.contains(&Kind::Provenance));
    let fetched = pages.fetch(&one.0.is, &held).await.unwrap();
    assert_eq!(fetched.bytes, one.1.bytes);
    assert_eq!(fetched.attached[0].bytes, &b"signed"[..]);

    // A second time nothing lacks, so nothing is committed; a provenance that comes later is.
    assert!(publish_one(&pages, two.clone()).await.is_ok());
    assert_eq!(world.commits(), 2);
    let signed = Attachment { kind: Kind::Provenance, bytes: Bytes::from_static(b"later") };
    pages.attach(&two.0, &signed).await.unwrap();
    pages.attach(&two.0, &signed).await.unwrap();
    assert_eq!(world.commits(), 3);
    assert_eq!(world.file("stable/other-0.1.0.tgz.prov"), "later");
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_that_are_wanted_beside_the_index_lie_there_though_a_release_has_them() {
    let world = World::with(&[("stable/index.yaml", INDEX)]);
    let settings = Settings { index_path: "stable".to_owned(), ..settings(&world.address()) };
    let before = released("demo", "1.1.0");
    publish_one(&pages(settings.clone()), before.clone()).await.unwrap();
    let pages = pages(Settings { packages_with_index: true, ..settings });

    // What has an entry keeps it.
    assert_eq!(publish_one(&pages, before.clone()).await.unwrap(), before.0.released.clone().unwrap());
    let one = released("demo", "1.2.0");
    let reference = publish_one(&pages, one.clone()).await.unwrap();

    assert_eq!(reference.url, "https://acme.github.io/charts/demo-1.2.0.tgz");
    git(world.folder.path(), &["clone", "-q", "-b", "gh-pages", "charts.git", "read"]);
    let read = world.folder.path().join("read/stable");
    assert_eq!(fs::read(read.join("demo-1.2.0.tgz")).unwrap(), one.1.bytes);
    assert!(!read.join("demo-1.1.0.tgz").exists());
    let index = Index::scan(fs::read(read.join("index.yaml")).unwrap()).unwrap();
    assert_eq!(index.get("demo", "1.2.0").unwrap().url, Some("demo-1.2.0.tgz"));
    assert_eq!(index.get("demo", "1.1.0").unwrap().url, Some(before.0.released.unwrap().url.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_without_an_entry_is_begun_and_other_bytes_are_told() {
    let world = World::with(&[("index.yaml", INDEX)]);
    let one = chart("demo", "1.1.0");
    fs::write(world.work().join("demo-1.1.0.tgz"), &one.1.bytes).unwrap();
    fs::write(world.work().join("demo-1.2.0.tgz"), "others'").unwrap();
    world.commit(&[]);
    let pages = world.pages();
    let Held::Begun(held) = look(&pages, "demo", "1.1.0").await else { panic!() };
    assert_eq!((held.standing, held.package), (Standing::Placed, Some(one.1.digest)));
    assert_eq!(pages.fetch(&one.0.is, &held).await.unwrap().bytes, one.1.bytes);
    publish_one(&pages, one).await.unwrap();
    let diff = world.git(&["diff", "--name-only", "gh-pages~", "gh-pages"]);
    assert_eq!(diff, "index.yaml\n");
    let Err(ExposeError::Taken(held)) = publish_one(&pages, chart("demo", "1.2.0")).await else { panic!() };
    assert_eq!(held.package, Some(Digest::of(b"others'")));
    let Err(ExposeError::Taken(_)) = publish_one(&pages, chart("demo", "1.0.0")).await else { panic!() };
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_branch_is_told_and_made_by_the_proof() {
    for world in [World::empty(), {
        let world = World::with(&[]);
        git(&world.work(), &["push", "-q", "origin", "gh-pages:main", ":gh-pages"]);
        world
    }] {
        let pages = world.pages();
        assert_eq!(look(&pages, "demo", "1.0.0").await, Held::Absent);
        let missing = pages.missing().await.unwrap();
        assert_eq!(missing.what, "the branch gh-pages does not exist");
        assert!(missing.next.unwrap().contains("git push origin gh-pages"));
        assert!(!pages.in_use(&[ChartName::new("demo")]).await.unwrap());
        // Of two who make it, the slower one is content.
        let other = world.pages();
        assert_eq!(look(&other, "demo", "1.0.0").await, Held::Absent);
        other.prove(&[]).await.unwrap();
        pages.prove(&[]).await.unwrap();
        assert_eq!(world.git(&["ls-tree", "gh-pages"]), "");
        assert_eq!(world.commits(), 1);
        publish_one(&pages, chart("demo", "1.0.0")).await.unwrap();
        assert!(pages.in_use(&[ChartName::new("demo")]).await.unwrap());
        assert!(pages.missing().await.is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_unknown_with_its_place() {
    let world = World::with(&[("index.yaml", "apiVersion: v1\nentries:\n  demo: 7\n")]);
    let Held::Unknown(problem) = look(&world.pages(), "demo", "1.0.0").await else { panic!() };
    let place = problem.place.unwrap();
    assert_eq!(place.file, "gh-pages:index.yaml");
    assert!(place.line.is_some());

    let nowhere = pages(settings(&format!("{}/nothing", world.address())));
    let Held::Unknown(problem) = look(&nowhere, "demo", "1.0.0").await else { panic!() };
    assert!(problem.what.contains("does not appear to be a git repository"), "{problem:?}");
    assert!(!problem.passing && nowhere.missing().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_refuses_is_told_with_its_words() {
    let world = World::with(&[("index.yaml", INDEX)]);
    world.hook(
        "pre-receive",
        "echo 'GH006: Protected branch update failed for refs/heads/gh-pages.' >&2; exit 1",
    );
    let Err(ExposeError::Failed(problem)) = publish_one(&world.pages(), chart("demo", "1.1.0")).await else {
        panic!()
    };
    assert!(problem.what.contains("GH006: Protected branch update failed"), "{problem:?}");
    assert!(problem.what.contains("pre-receive hook declined"), "{problem:?}");
    assert!(problem.next.unwrap().contains("--pages-branch"));
    assert!(!problem.passing);
    assert_eq!(world.commits(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_lands_in_between_is_built_upon() {
    let world = World::with(&[("index.yaml", INDEX)]);
    let (pages, other) = (world.pages(), world.pages());
    assert_eq!(look(&pages, "demo", "1.1.0").await, Held::Absent);
    world.commit(&[("README.md", "meanwhile\n")]);
    publish_one(&other, chart("other", "1.0.0")).await.unwrap();
    // One that has the same bytes already is content; other bytes are told.
    publish_one(&other, chart("same", "1.0.0")).await.unwrap();
    let mut changed = chart("same", "1.0.0");
    publish_one(&pages, chart("demo", "1.1.0")).await.unwrap();
    publish_one(&pages, changed.clone()).await.unwrap();
    changed.0.package = Blob::of(b"other bytes");
    let Err(ExposeError::Taken(_)) = pages.expose(&[changed.0]).await.pop().unwrap() else { panic!() };
    let index = world.index();
    assert!(index.get("demo", "1.1.0").is_some() && index.get("other", "1.0.0").is_some());
    assert_eq!(world.file("README.md"), "meanwhile\n");
    assert_eq!(world.commits(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_race_that_only_the_server_sees_is_lost_and_run_again() {
    let world = World::with(&[("index.yaml", INDEX)]);
    world.commit(&[("theirs", "1")]);
    let theirs = world.git(&["rev-parse", "gh-pages"]).trim().to_owned();
    world.git(&["update-ref", "refs/heads/gh-pages", "gh-pages~"]);
    // Once, between the server's advertisement and its update of the branch, somebody else's commit comes.
    // git keeps a hook from changing references by its quarantine: the hook speaks as another process would.
    world.hook(
        "pre-receive",
        &format!("test -e done || {{ touch done; unset GIT_QUARANTINE_PATH; git update-ref refs/heads/gh-pages {theirs}; }}"),
    );
    publish_one(&world.pages(), chart("demo", "1.1.0")).await.unwrap();
    assert!(world.bare().join("done").exists());
    assert_eq!(world.file("theirs"), "1");
    assert!(world.index().get("demo", "1.1.0").is_some());
    assert_eq!(world.commits(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_publishers_at_once_all_succeed() {
    let world = World::with(&[("index.yaml", INDEX)]);
    let publish = |number: usize| {
        let mut settings = settings(&world.address());
        settings.http.patience.pause = Duration::from_millis(80);
        async move { publish_one(&pages(settings), chart(&format!("chart-{number}"), "1.0.0")).await }
    };
    for (number, done) in join_all((0..50).map(publish)).await.into_iter().enumerate() {
        assert!(done.is_ok(), "{number}: {done:?}");
    }
    let index = world.index();
    for number in 0..50 {
        assert!(index.get(&format!("chart-{number}"), "1.0.0").is_some(), "{number}");
    }
    assert_eq!(world.commits(), 51);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_branch_is_fine() {
    let mut index = String::from("apiVersion: v1\nentries:\n");
    for chart in 0..100 {
        index += &format!("  chart-{chart:03}:\n");
        for version in (0..200).rev() {
            index += &format!(
                "  - apiVersion: v2\n    created: \"2023-01-02T03:04:05Z\"\n    description: {}\n    digest: {:064x}\n    name: chart-{chart:03}\n    \
                 urls:\n    - https://example.com/chart-{chart:03}-1.{version}.0.tgz\n    version: 1.{version}.0\n",
                "x".repeat(60),
                chart * 1000 + version
            );
        }
    }
    assert!(index.len() > 5_000_000, "{}", index.len());
    let files: Vec<(String, String)> =
        (0..3000).map(|at| (format!("site/{at}.html"), format!("page {at}\n"))).collect();
    let mut files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    files.push(("index.yaml", &index));
    let world = World::with(&files);
    let pages = world.pages();
    assert!(matches!(look(&pages, "chart-042", "1.199.0").await, Held::Present(_)));
    publish_one(&pages, chart("chart-042", "1.200.0")).await.unwrap();
    let diff = world.git(&["diff", "--numstat", "gh-pages~", "gh-pages", "--", "index.yaml"]);
    assert!(diff.ends_with("\t0\tindex.yaml\n"), "{diff}");
    assert_eq!(world.git(&["ls-tree", "-r", "--name-only", "gh-pages"]).lines().count(), 3002);
}

/// What the server in front of the repository was asked, and how it misbehaves.
#[derive(Default)]
struct Server {
    /// Method, path and user of each call.
    seen: Mutex<Vec<String>>,
    /// So many pushes are taken without an answer.
    cut: AtomicUsize,
    /// So many calls are answered with 503.
    busy: AtomicUsize,
    /// Everything leads to this other host.
    elsewhere: Mutex<Option<String>>,
    /// Every call is answered so.
    always: Mutex<Option<(u16, &'static str, &'static str)>>,
}

fn one_less(count: &AtomicUsize) -> bool {
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

/// git's own server for HTTP, with Basic authentication for a push.
fn backend(root: &Path, request: (&str, &str, &str, &HeaderMap), body: &[u8]) -> Response<Body> {
    let (method, path, query, headers) = request;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "x-access-token")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", text(header::CONTENT_TYPE))
        .env("CONTENT_LENGTH", body.len().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut question = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || drop(question.write_all(body)));
        child.wait_with_output().unwrap()
    });
    let ends = output.stdout.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(&output.stdout[..ends]).lines() {
        let (name, value) = line.split_once(": ").unwrap();
        response = match name {
            "Status" => response.status(value[..3].parse::<u16>().unwrap()),
            name => response.header(name, value),
        };
    }
    response.body(Body::from(output.stdout[ends + 4..].to_vec())).unwrap()
}

impl Server {
    fn answer(&self, root: &Path, request: (&str, &str, &str, &HeaderMap), body: &[u8]) -> Response<Body> {
        use base64::Engine;
        let (method, path, query, headers) = request;
        let user = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
        let shown = if user.is_some() { "with token" } else { "anonymous" };
        self.seen.lock().unwrap().push(format!("{method} {path} {shown}"));
        let plain = |status: u16, media: &str, text: &str| {
            let response = Response::builder().status(status).header(header::CONTENT_TYPE, media);
            response.body(Body::from(text.to_owned())).unwrap()
        };
        if let Some((status, media, text)) = *self.always.lock().unwrap() {
            return plain(status, media, text);
        }
        if let Some(host) = &*self.elsewhere.lock().unwrap() {
            let url = format!("{host}{path}?{query}");
            return Response::builder()
                .status(302)
                .header(header::LOCATION, url)
                .body(Body::empty())
                .unwrap();
        }
        if one_less(&self.busy) {
            return plain(503, "text/plain", "busy");
        }
        let known = base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{TOKEN}"));
        let push = format!("{path}?{query}").contains("git-receive-pack");
        match user.as_deref() {
            _ if !push => {}
            None => return plain(401, "text/plain", "who are you?"),
            Some(user) if user == format!("Basic {known}") => {}
            Some(_) => return plain(403, "text/plain", "Permission to acme/charts.git denied to bot."),
        }
        let answer = backend(root, request, body);
        if method == "POST" && push && one_less(&self.cut) {
            let (parts, _) = answer.into_parts();
            let broken =
                futures::stream::iter([Ok(Bytes::from_static(b"00")), Err(std::io::Error::other("cut"))]);
            return Response::from_parts(parts, Body::from_stream(broken));
        }
        answer
    }
}

/// Serves the repositories below this folder; the answer is the address of `charts.git`.
async fn serve(world: &World) -> (String, Arc<Server>) {
    let server = Arc::new(Server::default());
    let (root, shared) = (world.folder.path().to_owned(), Arc::clone(&server));
    let handler = move |request: Request| {
        let (root, server) = (root.clone(), Arc::clone(&shared));
        async move {
            let (parts, body) = request.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            let answer = move || {
                let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
                server.answer(&root, (parts.method.as_str(), path, query, &parts.headers), &body)
            };
            tokio::task::spawn_blocking(answer).await.unwrap()
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await.unwrap() });
    (format!("http://127.0.0.1:{port}/charts.git"), server)
}

fn with_token(address: &str) -> Settings {
    Settings { token: Some(Secret::new(TOKEN).unwrap()), ..settings(address) }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_a_run_is_few_calls() {
    let world = World::with(&[("index.yaml", INDEX), ("README.md", "hello\n")]);
    let (address, server) = serve(&world).await;
    let pages = pages(with_token(&address));
    assert_eq!(look(&pages, "demo", "1.1.0").await, Held::Absent);
    assert!(matches!(look(&pages, "demo", "1.0.0").await, Held::Present(_)));
    pages.prove(&[]).await.unwrap();
    publish_one(&pages, chart("demo", "1.1.0")).await.unwrap();
    assert!(matches!(look(&pages, "demo", "1.1.0").await, Held::Present(_)));
    assert_eq!(
        *server.seen.lock().unwrap(),
        [
            "GET /charts.git/info/refs with token",
            // Where the history ends, and then the files: libgit2 asks for them one after the other.
            "POST /charts.git/git-upload-pack with token",
            "POST /charts.git/git-upload-pack with token",
            "GET /charts.git/info/refs with token",
            "GET /charts.git/info/refs with token",
            "POST /charts.git/git-receive-pack with token",
        ]
    );
    // The next commit of somebody else is fetched upon what is here already.
    git(&world.work(), &["pull", "-q", "origin", "gh-pages"]);
    world.commit(&[("README.md", "meanwhile\n")]);
    publish_one(&pages, chart("demo", "1.2.0")).await.unwrap();
    assert_eq!(world.file("README.md"), "meanwhile\n");
    assert!(world.index().get("demo", "1.1.0").is_some() && world.index().get("demo", "1.2.0").is_some());
    git(&world.bare(), &["fsck", "--strict"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_is_made_over_http() {
    let world = World::empty();
    let (address, _server) = serve(&world).await;
    let pages = pages(with_token(&address));
    assert_eq!(look(&pages, "demo", "1.0.0").await, Held::Absent);
    assert!(pages.missing().await.is_some());
    pages.prove(&[]).await.unwrap();
    publish_one(&pages, chart("demo", "1.0.0")).await.unwrap();
    assert_eq!(world.commits(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_whose_answer_was_cut_is_not_made_twice() {
    let world = World::with(&[("index.yaml", INDEX)]);
    let (address, server) = serve(&world).await;
    server.cut.store(1, Ordering::SeqCst);
    publish_one(&pages(with_token(&address)), chart("demo", "1.1.0")).await.unwrap();
    assert_eq!(world.commits(), 2);
    let pushes = server.seen.lock().unwrap().iter().filter(|call| call.contains("receive-pack")).count();
    assert_eq!(pushes, 1);
    // A run that died after its push is run again: nothing lacks.
    let again = pages(with_token(&address));
    assert!(matches!(look(&again, "demo", "1.1.0").await, Held::Present(_)));
    publish_one(&again, chart("demo", "1.1.0")).await.unwrap();
    assert_eq!(world.commits(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_busy_is_asked_again_and_given_up_as_passing() {
    let world = World::with(&[("index.yaml", INDEX)]);
    let (address, server) = serve(&world).await;
    let pages = pages(with_token(&address));
    server.busy.store(2, Ordering::SeqCst);
    assert_eq!(look(&pages, "demo", "1.1.0").await, Held::Absent);
    server.busy.store(2, Ordering::SeqCst);
    publish_one(&pages, chart("demo", "1.1.0")).await.unwrap();
    assert_eq!(world.commits(), 2);
    server.busy.store(100, Ordering::SeqCst);
    let problem = pages.prove(&[]).await.unwrap_err();
    assert!(problem.passing && problem.what.contains("503"), "{problem:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_push_is_told_the_line_to_paste_and_never_the_token() {
    let world = World::with(&[("index.yaml", INDEX)]);
    let (address, server) = serve(&world).await;
    let anonymous = pages(settings(&address)).prove(&[]).await.unwrap_err();
    assert!(anonymous.what.contains("401"), "{anonymous:?}");
    assert!(anonymous.next.unwrap().contains("set GITHUB_TOKEN"));
    let mut other = settings(&address);
    other.token = Some(Secret::new("ghs_another_token").unwrap());
    let denied = pages(other).prove(&[]).await.unwrap_err();
    assert!(
        denied.what.contains("403") && denied.what.contains("Permission to acme/charts.git denied"),
        "{denied:?}"
    );
    assert!(denied.next.unwrap().contains("permissions: contents: write"));

    for always in
        [(404, "text/plain", "no ghs_0123456789abcdef here"), (200, "text/html", "<html>sign in</html>")]
    {
        *server.always.lock().unwrap() = Some(always);
        let Held::Unknown(problem) = look(&pages(with_token(&address)), "demo", "1.0.0").await else {
            panic!()
        };
        assert!(!problem.passing, "{problem:?}");
        assert!(!format!("{problem:?}").contains(TOKEN), "{problem:?}");
        assert!(problem.what.contains(if always.0 == 404 { "404" } else { "text/html" }), "{problem:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_to_no_other_host() {
    let world = World::with(&[("index.yaml", INDEX)]);
    let (address, first) = serve(&world).await;
    let (other, second) = serve(&world).await;
    *first.elsewhere.lock().unwrap() =
        Some(other.trim_end_matches("/charts.git").replace("127.0.0.1", "localhost"));
    let pages = pages(with_token(&address));
    assert_eq!(look(&pages, "demo", "1.1.0").await, Held::Absent);
    assert!(publish_one(&pages, chart("demo", "1.1.0")).await.is_err());
    let seen = second.seen.lock().unwrap();
    assert!(seen.len() >= 3 && seen.iter().all(|call| call.ends_with("anonymous")), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_elsewhere_are_downloaded_without_a_token_and_verified() {
    let world = World::empty();
    let (address, server) = serve(&world).await;
    *server.always.lock().unwrap() = Some((200, "application/gzip", "the package"));
    let base = address.trim_end_matches("/charts.git");
    let digest = Digest::of(b"the package").hex();
    let index = INDEX.replace("https://example.com", base).replace(&"a".repeat(64), &digest);
    let world = World::with(&[("index.yaml", &index)]);
    let pages = pages(Settings { token: Some(Secret::new(TOKEN).unwrap()), ..settings(&world.address()) });
    let is = ChartVersion::new("demo", "1.0.0");
    let Held::Present(held) = look(&pages, "demo", "1.0.0").await else { panic!() };
    assert_eq!(pages.fetch(&is, &held).await.unwrap().bytes, &b"the package"[..]);
    *server.always.lock().unwrap() = Some((200, "application/gzip", "another package"));
    let problem = pages.fetch(&is, &held).await.unwrap_err();
    assert!(problem.what.contains("was changed"), "{problem:?}");
    *server.always.lock().unwrap() = Some((404, "text/plain", ""));
    assert!(pages.fetch(&is, &held).await.is_err());
    assert!(server.seen.lock().unwrap().iter().all(|call| call.ends_with("anonymous")));
}

#[tokio::test(flavor = "multi_thread")]
async fn ssh_is_the_program_of_the_system_and_asks_nobody() {
    let world = World::with(&[("index.yaml", INDEX)]);
    let ssh = world.folder.path().join("fake ssh");
    let script = "#!/bin/sh\necho \"$@\" >> \"$0.log\"\nfor last; do :; done\nexec sh -c \"$last\"\n";
    fs::write(&ssh, script).unwrap();
    fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).unwrap();
    let path = world.bare().display().to_string();
    for address in [format!("git@example.com:{path}"), format!("ssh://git@example.com:2222{path}")] {
        let access =
            Access { address, token: None, ssh: Some(format!("'{}'", ssh.display())), http: calls() };
        let remote = Remote::new(access, "gh-pages").unwrap();
        let (before, after) = tokio::task::spawn_blocking(move || {
            let tip = remote.fetch().unwrap().unwrap();
            assert!(matches!(remote.find(tip, "index.yaml").unwrap(), Some(Found::File(_))));
            remote.may_push().unwrap();
            let files = vec![("a/b".to_owned(), remote.keep(b"new").unwrap())];
            let change =
                Change { files, message: "Add".to_owned(), author: ("A", "a@example.com"), time: CREATED };
            let commit = remote.commit(Some(tip), &change).unwrap();
            remote.push(commit).unwrap();
            // Upon the old tip again: somebody, we, was faster.
            let change = Change { message: "Again".to_owned(), ..change };
            let late = remote.commit(Some(tip), &change).unwrap();
            assert!(matches!(remote.push(late), Err(Rejection::Moved)));
            (commit, remote.fetch().unwrap().unwrap())
        })
        .await
        .unwrap();
        assert_eq!(before, after);
        assert_eq!(world.file("a/b"), "new");
    }
    let log = fs::read_to_string(world.folder.path().join("fake ssh.log")).unwrap();
    assert!(
        log.lines().all(|line| line.contains("BatchMode=yes") && line.contains("git@example.com git-")),
        "{log}"
    );
    assert!(log.contains("-p 2222"));

    let refusing = "echo 'git@example.com: Permission denied (publickey).' >&2; exit 255; :".to_owned();
    let access =
        Access { address: "git@example.com:x".to_owned(), token: None, ssh: Some(refusing), http: calls() };
    let remote = Remote::new(access, "gh-pages").unwrap();
    let problem = tokio::task::spawn_blocking(move || remote.fetch().unwrap_err()).await.unwrap();
    let problem = chart_release::problem::Problem::from(problem);
    assert!(problem.what.contains("Permission denied (publickey)") && !problem.passing, "{problem:?}");
}
