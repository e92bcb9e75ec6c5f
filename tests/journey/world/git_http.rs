//! Git over HTTP: the real `git http-backend` on a real bare repository, and the pages site that is served from it.

use super::registry::credentials;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path as UrlPath, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
    routing::{any, get},
};
use futures::{StreamExt, stream};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
};
use tokio::sync::{mpsc, oneshot};

/// The branch that the pages site is served from.
pub const PAGES: &str = "gh-pages";

/// The git server: cheap to clone, every clone is the same one.
#[derive(Clone)]
pub struct GitHttp(Arc<Server>);

struct Server {
    repository: PathBuf,
    rules: Mutex<Rules>,
    running: Mutex<usize>,
    idle: Condvar,
}

#[derive(Default)]
struct Rules {
    /// Nobody reads without a token.
    private: bool,
    /// Each token, and whether it may write.
    tokens: BTreeMap<String, bool>,
}

/// One request that has not been answered to its end.
struct Running(Arc<Server>);

impl Running {
    fn new(server: &Arc<Server>) -> Self {
        *server.running.lock().expect("a count") += 1;
        Self(server.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        *self.0.running.lock().expect("a count") -= 1;
        self.0.idle.notify_all();
    }
}

impl GitHttp {
    /// Serves a new bare repository in this folder, whose token may write.
    pub fn new(repository: PathBuf, token: &str) -> Self {
        let rules = Rules { private: false, tokens: [(token.to_owned(), true)].into() };
        let server = Server { repository, rules: rules.into(), running: 0.into(), idle: Condvar::new() };
        let git = Self(Arc::new(server));
        fs::create_dir_all(git.repository()).expect("a folder for the repository");
        git.run(&["init", "--quiet", "--bare", "--initial-branch=main", "--template=", "."]);
        let config = "[http]\n\treceivepack = true\n[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n[gc]\n\tauto = 0\n";
        let file = git.repository().join("config");
        fs::write(&file, fs::read_to_string(&file).expect("a config") + config)
            .expect("a config can be written");
        // Every change of a ref is kept: a branch that was forced or a tag that was moved shows here.
        git.hook("update", "#!/bin/sh\necho \"$1 $2 $3\" >> moves\n");
        git
    }

    /// The bare repository's folder.
    pub fn repository(&self) -> &Path {
        &self.0.repository
    }

    /// Adds a token, or changes what it may do.
    pub fn token(&self, token: &str, writes: bool) {
        self.rules(|rules| rules.tokens.insert(token.to_owned(), writes));
    }

    /// Whether a token is needed to read.
    pub fn private(&self, private: bool) {
        self.rules(|rules| rules.private = private);
    }

    fn rules<T>(&self, does: impl FnOnce(&mut Rules) -> T) -> T {
        does(&mut self.0.rules.lock().expect("no request panicked"))
    }

    /// Puts a hook into the repository.
    pub fn hook(&self, name: &str, script: &str) {
        let hooks = self.repository().join("hooks");
        fs::create_dir_all(&hooks).expect("a folder for hooks");
        fs::write(hooks.join(name), script).expect("a hook can be written");
        fs::set_permissions(hooks.join(name), fs::Permissions::from_mode(0o755)).expect("it can be run");
    }

    /// Takes a hook away again.
    pub fn no_hook(&self, name: &str) {
        fs::remove_file(self.repository().join("hooks").join(name)).expect("a hook");
    }

    /// Refuses every push with this message, as a protected branch does.
    pub fn refuse_pushes(&self, message: &str) {
        self.hook("pre-receive", &format!("#!/bin/sh\necho '{message}' >&2\nexit 1\n"));
    }

    /// A git command in the bare repository, which succeeds.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("git prints text")
    }

    /// A git command in the bare repository: what it printed, where it succeeded.
    pub fn ask(&self, arguments: &[&str]) -> Option<Vec<u8>> {
        let output = self.command(arguments).output().expect("git runs");
        output.status.success().then_some(output.stdout)
    }

    /// A file at the tip of the pages branch.
    pub fn page(&self, path: &str) -> Option<Vec<u8>> {
        self.ask(&["cat-file", "blob", &format!("refs/heads/{PAGES}:{path}")])
    }

    /// Every change of a ref that came by a push: its name, the old and the new id.
    pub fn moves(&self) -> Vec<[String; 3]> {
        let text = fs::read_to_string(self.repository().join("moves")).unwrap_or_default();
        let parts = |line: &str| {
            let mut parts = line.split(' ').map(str::to_owned);
            std::array::from_fn(|_| parts.next().expect("a name and two ids"))
        };
        text.lines().map(parts).collect()
    }

    /// Returns when no request is being worked on.
    pub fn settle(&self) {
        let running = self.0.running.lock().expect("a count");
        drop(self.0.idle.wait_while(running, |running| *running > 0).expect("a count"));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.current_dir(self.repository()).env_clear().env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("HOME", self.repository()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.args(arguments);
        command
    }

    /// `/acme/charts.git/…` and `/pages/…`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/acme/charts.git/{*rest}", any(Self::answer))
            .route("/pages/{*path}", get(Self::serve_page))
            .with_state(self.clone())
    }

    async fn serve_page(State(git): State<Self>, UrlPath(path): UrlPath<String>) -> Response {
        let kind = if path.ends_with(".yaml") { "text/yaml" } else { "application/octet-stream" };
        let found = tokio::task::spawn_blocking(move || git.page(&path)).await.expect("git runs");
        match found {
            Some(bytes) => response(StatusCode::OK, &[("content-type", kind)], bytes),
            None => response(StatusCode::NOT_FOUND, &[("content-type", "text/html")], "<h1>404</h1>"),
        }
    }

    /// 401, 403, or who it is.
    fn allowed(&self, headers: &HeaderMap, writes: bool) -> Result<Option<String>, Box<Response>> {
        let refused = |status, headers: &[(&str, &str)], text: &'static str| {
            Err(Box::new(response(status, &[headers, &[("content-type", "text/plain")]].concat(), text)))
        };
        let known = credentials(headers)
            .filter(|(user, _)| user == "x-access-token")
            .and_then(|(user, token)| Some((user, self.rules(|rules| rules.tokens.get(&token).copied())?)));
        let needed =
            writes || self.rules(|rules| rules.private) || headers.contains_key(header::AUTHORIZATION);
        match known {
            Some((_, false)) if writes => refused(
                StatusCode::FORBIDDEN,
                &[],
                "Permission to acme/charts.git denied to github-actions[bot].\n",
            ),
            Some((user, _)) => Ok(Some(user)),
            None if needed => refused(
                StatusCode::UNAUTHORIZED,
                &[("www-authenticate", "Basic realm=\"GitHub\"")],
                "Invalid username or token. Password authentication is not supported for Git operations.\n",
            ),
            None => Ok(None),
        }
    }

    async fn answer(State(git): State<Self>, request: Request) -> Response {
        let running = Running::new(&git.0);
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().trim_start_matches("/acme/charts.git");
        let query = parts.uri.query().unwrap_or_default();
        let writes = path == "/git-receive-pack" || query == "service=git-receive-pack";
        let user = match git.allowed(&parts.headers, writes) {
            Ok(user) => user,
            Err(refused) => return *refused,
        };
        let mut command = git.command(&["http-backend"]);
        command
            .env("GIT_PROJECT_ROOT", git.repository())
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("PATH_INFO", path)
            .env("QUERY_STRING", query)
            .env("REQUEST_METHOD", parts.method.as_str())
            .env("REMOTE_ADDR", "127.0.0.1");
        if let Some(user) = user {
            command.env("REMOTE_USER", user);
        }
        for (name, variable) in [
            ("content-type", "CONTENT_TYPE"),
            ("content-length", "CONTENT_LENGTH"),
            ("content-encoding", "HTTP_CONTENT_ENCODING"),
            ("git-protocol", "HTTP_GIT_PROTOCOL"),
        ] {
            if let Some(value) = parts.headers.get(name).and_then(|value| value.to_str().ok()) {
                command.env(variable, value);
            }
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("git runs");
        let stdin = child.stdin.take().expect("a pipe");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (bytes_in, to_write) = mpsc::channel(4);
        let (send_begin, begin) = oneshot::channel();
        let (send_chunk, chunks) = mpsc::channel(4);
        // Threads, which go on when nobody waits for the answer any more: what has arrived is done.
        thread::spawn(move || feed(stdin, to_write));
        thread::spawn(move || read(child, stdout, send_begin, send_chunk, running));
        let has_body = parts.method == Method::POST;
        let feeding = async move {
            let mut body = body.into_data_stream();
            while let Some(bytes) = body.next().await {
                // A body that is cut off ends early, and git notices.
                let Ok(bytes) = bytes else { break };
                if bytes_in.send(bytes).await.is_err() {
                    break;
                }
            }
        };
        if has_body {
            tokio::spawn(feeding);
        } else {
            drop(feeding);
        }
        let Ok((status, headers)) = begin.await else {
            return response(StatusCode::INTERNAL_SERVER_ERROR, &[], "git http-backend failed");
        };
        let chunks = stream::unfold(chunks, |mut chunks| async move {
            chunks.recv().await.map(|bytes| (Ok::<Bytes, io::Error>(bytes), chunks))
        });
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        response(status, &headers, Body::from_stream(chunks))
    }
}

fn feed(mut stdin: ChildStdin, mut bytes: mpsc::Receiver<Bytes>) {
    while let Some(bytes) = bytes.blocking_recv() {
        // It may have answered without reading all: 403 of a hook, say.
        if stdin.write_all(&bytes).is_err() {
            break;
        }
    }
}

type Begin = (StatusCode, Vec<(String, String)>);

fn read(
    mut child: Child,
    mut stdout: BufReader<ChildStdout>,
    begin: oneshot::Sender<Begin>,
    chunks: mpsc::Sender<Bytes>,
    running: Running,
) {
    let mut status = StatusCode::OK;
    let mut headers = Vec::new();
    let mut line = String::new();
    while stdout.read_line(&mut line).is_ok_and(|length| length > 0) {
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name {
            "Status" => {
                status = value.split(' ').next().and_then(|code| code.parse().ok()).expect("a status")
            }
            _ => headers.push((name.to_owned(), value.to_owned())),
        }
        line.clear();
    }
    let _ = begin.send((status, headers));
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = stdout.read(&mut buffer) {
        // Nobody may be there to read it; git goes on to its end.
        let _ = chunks.blocking_send(Bytes::copy_from_slice(&buffer[..length]));
    }
    child.wait().expect("git ends");
    drop(running);
}

fn response(status: StatusCode, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).expect("an answer")
}
