//! A git repository with charts, a classic chart repository and a registry that count what is asked of them.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chart_release::{
    changes::Origin,
    charts::{Chart, ChartName, ChartVersion, Files, Version},
    dependencies::{Brought, Dependencies, Mode, NoSiblings, Settings, Siblings},
    digest::Digest,
    doors::{credentials::Credentials, http, patience::Patience},
    packages::{self, DEFAULT_TIME, Package},
    problem::Problem,
    repo::{self, Repo},
    secret::Secret,
};
use std::{
    collections::BTreeMap,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;

/// The log-in of hosts that want one.
pub const USER: &str = "reader";
pub const PASSWORD: &str = "open-sesame";

/// A chart with nothing but its name, version and what else its Chart.yaml says.
pub fn chart(name: &str, version: &str, more: &str) -> Package {
    let text = format!("apiVersion: v2\nname: {name}\nversion: {version}\n{more}");
    let files = Files(BTreeMap::from([("Chart.yaml".to_owned(), text.into())]));
    let (chart, _) = Chart::read_with_gaps(files).unwrap();
    packages::pack(&chart, DEFAULT_TIME).unwrap()
}

/// What a host answers to a path.
#[derive(Clone)]
pub enum Answer {
    Bytes(Bytes),
    Redirect(String),
    Status(u16),
}

/// A host that serves files, and remembers who asked for what.
#[derive(Default)]
pub struct Host {
    pub port: u16,
    files: Mutex<BTreeMap<String, Answer>>,
    /// Only whoever logs in reads.
    pub guarded: Mutex<bool>,
    log: Mutex<Vec<(String, Option<String>)>>,
}

impl Host {
    pub async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = Arc::new(Self { port: listener.local_addr().unwrap().port(), ..Self::default() });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&host));
        tokio::spawn(async move { axum::serve(listener, app).await });
        host
    }

    pub fn name(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.name())
    }

    pub fn serve(&self, path: &str, answer: Answer) {
        self.files.lock().unwrap().insert(path.to_owned(), answer);
    }

    /// Packages in `/charts`, with an index that says their digests.
    pub fn offer(&self, packages: &[Package]) {
        let mut entries = BTreeMap::<String, Vec<serde_json::Value>>::new();
        for package in packages {
            let file = package.is.package_file();
            self.serve(&format!("/charts/{file}"), Answer::Bytes(package.bytes.clone()));
            entries.entry(package.is.name.to_string()).or_default().push(serde_json::json!({
                "name": package.is.name, "version": package.is.version, "urls": [file],
                "digest": package.digest.hex(), "created": "2024-01-01T00:00:00Z", "apiVersion": "v2",
            }));
        }
        let index = serde_json::json!({"apiVersion": "v1", "entries": entries}).to_string();
        self.serve("/charts/index.yaml", Answer::Bytes(index.into()));
    }

    /// An index with these entries of one chart, each with a URL and perhaps a digest.
    pub fn list(&self, name: &str, entries: &[(&str, &str, Option<Digest>)]) {
        let entries: Vec<String> = entries
            .iter()
            .map(|(version, url, digest)| {
                let digest = digest.map(|digest| format!("    digest: {digest}\n")).unwrap_or_default();
                format!(
                    "  - apiVersion: v2\n    name: {name}\n    version: \"{version}\"\n{digest}    urls:\n    - {url}\n"
                )
            })
            .collect();
        let index = format!("apiVersion: v1\nentries:\n  {name}:\n{}", entries.concat());
        self.serve("/charts/index.yaml", Answer::Bytes(index.into()));
    }

    /// The paths that were asked for since it was asked last, in order.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap()).into_iter().map(|(path, _)| path).collect()
    }

    /// The paths, and the `Authorization` that came with them.
    pub fn asked_by(&self) -> Vec<(String, Option<String>)> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }
}

async fn answer(State(host): State<Arc<Host>>, request: Request) -> Response {
    let by = authorization(request.headers());
    let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    host.log.lock().unwrap().push((path.clone(), by.clone()));
    if *host.guarded.lock().unwrap() && by != Some(basic()) {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"charts\"")])
            .into_response();
    }
    let found = host.files.lock().unwrap().get(&path).cloned();
    match found {
        Some(Answer::Bytes(bytes)) => Response::new(Body::from(bytes)),
        Some(Answer::Redirect(to)) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Some(Answer::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn authorization(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(header::AUTHORIZATION)?.to_str().ok()?.to_owned())
}

pub fn basic() -> String {
    format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")))
}

pub fn reader() -> Credentials {
    Credentials { user: USER.into(), password: Secret::any(PASSWORD) }
}

pub fn settings() -> Settings {
    let patience = Patience { again: 1, pause: Duration::from_millis(1), longest: Duration::from_secs(1) };
    Settings {
        mode: None,
        cache: None,
        logins: BTreeMap::new(),
        plain_http: Vec::new(),
        environment: BTreeMap::new(),
        http: http::Settings { call: Duration::from_secs(20), patience },
    }
}

/// A git repository with charts, and who fetches for them.
pub struct Charts {
    pub folder: TempDir,
    pub settings: Settings,
}

impl Charts {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "-q", "-b", "main"]);
        Self { folder, settings: settings() }
    }

    pub fn mode(mut self, mode: Mode) -> Self {
        self.settings.mode = Some(mode);
        self
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// `charts/app`, with these dependencies: name, version and repository.
    pub fn app(&self, dependencies: &[(&str, &str, &str)]) {
        let each: String = dependencies
            .iter()
            .map(|(name, version, repository)| {
                format!("- name: {name}\n  version: \"{version}\"\n  repository: \"{repository}\"\n")
            })
            .collect();
        let text = format!("apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n{each}");
        self.write("charts/app/Chart.yaml", text);
    }

    pub fn commit(&self) -> String {
        git(self.folder.path(), &["add", "-A", "-f"]);
        let who = ["-c", "user.name=Some Body", "-c", "user.email=some@example.com"];
        git(self.folder.path(), &[&who[..], &["commit", "-q", "-m", "change"]].concat());
        git(self.folder.path(), &["rev-parse", "HEAD"]).trim().to_owned()
    }

    pub fn repo(&self) -> Repo {
        Repo::open(self.folder.path(), &repo::Settings::default()).unwrap()
    }

    pub fn dependencies(&self) -> Dependencies {
        Dependencies::new(self.settings.clone()).unwrap()
    }

    /// Everything for `charts/app` in the working tree.
    pub async fn bring(&self) -> Result<Brought, Problem> {
        self.bring_with(&self.dependencies(), &NoSiblings).await
    }

    pub async fn bring_with(
        &self,
        dependencies: &Dependencies,
        siblings: &dyn Siblings,
    ) -> Result<Brought, Problem> {
        let (repo, origin) = (self.repo(), app());
        let (files, _) = repo.files(origin.clone()).await?;
        dependencies.bring(&repo, &origin, files, siblings).await
    }

    pub async fn at_hand(&self) -> Result<Brought, Problem> {
        let (repo, origin) = (self.repo(), app());
        let (files, _) = repo.files(origin.clone()).await?;
        self.dependencies().at_hand(&repo, &origin, files).await
    }
}

pub fn app() -> Origin {
    Origin::WorkingTree { path: "charts/app".into() }
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let done = Command::new("git").current_dir(folder).args(arguments).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// What lies in `charts/`.
pub fn subcharts(brought: &Brought) -> Vec<&str> {
    brought.files.0.keys().filter_map(|path| path.strip_prefix("charts/")).collect()
}

/// The lock, without its time.
pub fn lock(brought: &Brought) -> String {
    let text = brought.files.0.get("Chart.lock").map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
    text.unwrap_or_default()
}

/// The line of a problem, and what it says.
pub fn told(problem: &Problem) -> String {
    let place = problem.place.as_ref().map(|place| match place.line {
        Some(line) => format!("{}:{line}: ", place.file),
        None => format!("{}: ", place.file),
    });
    let next = problem.next.as_ref().map(|next| format!(" → {next}")).unwrap_or_default();
    format!("{}{}{next}", place.unwrap_or_default(), problem.what)
}

/// Charts of the same run.
pub struct Run {
    pub repository: String,
    pub packages: Vec<Package>,
}

#[async_trait::async_trait]
impl Siblings for Run {
    fn versions(&self, repository: &str, name: &ChartName) -> Vec<Version> {
        let ours =
            self.packages.iter().filter(|package| repository == self.repository && package.is.name == *name);
        ours.map(|package| package.is.version.clone()).collect()
    }

    async fn package(&self, is: &ChartVersion) -> Result<Bytes, Problem> {
        let found = self.packages.iter().find(|package| package.is == *is);
        found.map(|package| package.bytes.clone()).ok_or_else(|| Problem::new("nobody has it"))
    }
}
