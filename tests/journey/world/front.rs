//! One HTTP server before all fakes: it numbers and remembers every request, and does to it what a test wants.

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderValue, Request as HttpRequest, Response as HttpResponse, header},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures::{StreamExt, stream};
use http_body_util::BodyExt;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    io::Read,
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};
use tokio::sync::watch;
use tower::ServiceExt;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The program dies before the request is worked on.
    KillBefore,
    /// The request is done, then the program dies when half of the answer is sent.
    KillMiddle,
    /// The request is done, then the program dies before it gets the answer.
    KillAfter,
    /// Nothing is done; this status is answered, as each side says it.
    Status(u16),
    /// Nothing is done; this status is answered, with everything that was sent to say who we are: as a server does that
    /// was never meant for others' eyes.
    Echo(u16),
    /// Nothing is done; 429 is answered with this `Retry-After`, in seconds.
    TooMany(u64),
    /// Nothing is done; 403 is answered as GitHub does when a primary rate limit is used up for two seconds.
    RateLimited,
    /// Nothing is done or answered, until the other side gives up.
    Hang,
    /// Nothing is done, the connection is closed without an answer.
    Reset,
    /// The request is done, the connection is closed without an answer.
    ResetAfter,
    /// The request is done, the connection is closed when half of the answer's body is sent.
    CutBody,
    /// The request is done; the digest in the answer, or else a byte of its body, is another.
    WrongDigest,
    /// Nothing is done; 200 is answered with a page for people, as a proxy that wants to know them does.
    SignInPage,
}

/// One request, as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// 1 is the first.
    pub number: usize,
    pub method: String,
    /// With the query.
    pub path: String,
    pub host: String,
    /// The beginning of the sha256 of the header `Authorization`, where one was sent.
    pub authorization: Option<String>,
    /// What was answered; nothing when the connection was closed before.
    pub status: Option<u16>,
    pub fault: Option<Fault>,
}

impl Request {
    /// `GET /path`, without the query: enough to count by.
    pub fn call(&self) -> String {
        format!("{} {}", self.method, self.path.split('?').next().unwrap_or_default())
    }

    /// Whether it is of this method, or of any when that is empty, and has this in its path or query.
    pub fn is(&self, method: &str, part: &str) -> bool {
        (method.is_empty() || self.method == method) && self.path.contains(part)
    }
}

type Plan = Box<dyn FnMut(&Request) -> Option<Fault> + Send>;

/// What is asked before each request goes on.
#[derive(Default)]
struct Shared {
    requests: Mutex<Vec<Request>>,
    plans: Mutex<Vec<Plan>>,
    children: Mutex<Vec<Child>>,
    delay: Mutex<Duration>,
}

/// The server, on a port of its own and in a thread of its own, until it is dropped.
pub struct Front {
    port: u16,
    shared: Arc<Shared>,
    stop: Option<watch::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Front {
    /// Begins to serve. `fakes` gets the URL at which they are served, without a slash at its end.
    pub fn start(fakes: impl FnOnce(&str) -> Router) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port of this machine");
        listener.set_nonblocking(true).expect("a listener that does not block");
        let port = listener.local_addr().expect("an address").port();
        let router = fakes(&format!("http://127.0.0.1:{port}"));
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = watch::channel(());
        let served = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(serve(listener, router, served, stopped));
            runtime.shutdown_timeout(Duration::from_secs(1));
        });
        Self { port, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.host())
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Every request since the beginning or since the last [`Front::clear`].
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// How many requests of this method (any, when empty) have this in their path or query.
    pub fn count(&self, method: &str, part: &str) -> usize {
        lock(&self.shared.requests).iter().filter(|request| request.is(method, part)).count()
    }

    /// Forgets the requests: the next one is number 1.
    pub fn clear(&self) {
        lock(&self.shared.requests).clear();
    }

    /// Does this to the request with this number.
    pub fn at(&self, number: usize, fault: Fault) {
        self.plan(move |request| (request.number == number).then_some(fault));
    }

    /// Does this to one of the requests that [`Request::is`] so: 1 is the first from now on.
    pub fn at_nth(&self, method: &'static str, part: &'static str, nth: usize, fault: Fault) {
        let mut seen = 0;
        self.plan(move |request| {
            seen += usize::from(request.is(method, part));
            (request.is(method, part) && seen == nth).then_some(fault)
        });
    }

    /// Does this to every request that [`Request::is`] so.
    pub fn always(&self, method: &'static str, part: &'static str, fault: Fault) {
        self.plan(move |request| request.is(method, part).then_some(fault));
    }

    /// Asks this about each request. Of several plans the first that wants something gets it; all are asked.
    pub fn plan(&self, plan: impl FnMut(&Request) -> Option<Fault> + Send + 'static) {
        lock(&self.shared.plans).push(Box::new(plan));
    }

    /// No more faults and no delay.
    pub fn heal(&self) {
        lock(&self.shared.plans).clear();
        self.delay(Duration::ZERO);
    }

    /// Waits this long before each request, as a network does.
    pub fn delay(&self, delay: Duration) {
        *lock(&self.shared.delay) = delay;
    }

    /// Runs a command to its end. It is what dies by the faults that kill; several may run at once, then all die.
    /// Where none runs, these faults only close the connection.
    pub fn end(&self, command: &mut Command) -> Output {
        // Known before its first request comes.
        let mut children = lock(&self.shared.children);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let id = child.id();
        let out = read(child.stdout.take().expect("its stdout"));
        let err = read(child.stderr.take().expect("its stderr"));
        children.push(child);
        drop(children);
        let (stdout, stderr) = (out.join().expect("its stdout"), err.join().expect("its stderr"));
        // Never waited for with the lock held: who kills needs it.
        loop {
            let mut children = lock(&self.shared.children);
            let index = children.iter().position(|child| child.id() == id).expect("it is still there");
            if children[index].try_wait().expect("it can be waited for").is_some() {
                let status = children.remove(index).wait().expect("it has ended");
                return Output { status, stdout, stderr };
            }
            drop(children);
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).expect("it can be read");
        bytes
    })
}

async fn serve(
    listener: std::net::TcpListener,
    router: Router,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<()>,
) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted.map(|(stream, _)| stream),
            _ = stopped.changed() => return,
        };
        let Ok(stream) = stream else { continue };
        let _ = stream.set_nodelay(true);
        let (router, shared) = (router.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            let service = service_fn(|request| pass(request, router.clone(), Arc::clone(&shared)));
            // Connections that break are what this server is for.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// The connection is to be closed without an answer.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("closed on purpose")
    }
}

impl std::error::Error for Closed {}

async fn pass(
    request: HttpRequest<Incoming>,
    router: Router,
    shared: Arc<Shared>,
) -> Result<HttpResponse<Body>, Closed> {
    let seen = shared.see(&request);
    let delay = *lock(&shared.delay);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    match seen.fault {
        Some(Fault::KillBefore) => {
            shared.kill();
            return Err(Closed);
        }
        Some(Fault::Reset) => return Err(Closed),
        Some(Fault::Hang) => std::future::pending().await,
        _ => {}
    }
    let (parts, body) = request.into_parts();
    let echo = parts.headers.get(header::AUTHORIZATION).map(repeated).unwrap_or_default();
    // A request that breaks off is never worked on.
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let instead = match seen.fault {
        Some(Fault::Status(status)) => Some(refusal(&seen, status, "")),
        Some(Fault::Echo(status)) => Some(refusal(&seen, status, &echo)),
        Some(Fault::TooMany(after)) => Some(with(refusal(&seen, 429, ""), "retry-after", &after.to_string())),
        Some(Fault::RateLimited) => Some(rate_limited()),
        Some(Fault::SignInPage) => Some(answer(200, "text/html; charset=utf-8", SIGN_IN_PAGE.into())),
        _ => None,
    };
    if let Some(answer) = instead {
        shared.answered(&seen, answer.status().as_u16());
        return Ok(answer);
    }
    let request = HttpRequest::from_parts(parts, Body::from(body));
    let Ok(response) = router.oneshot(request).await;
    let (mut parts, body) = response.into_parts();
    let mut body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    // An answer without a body cannot be cut: then all of it is lost.
    let fault = match seen.fault {
        Some(Fault::CutBody) if body.is_empty() => Some(Fault::ResetAfter),
        Some(Fault::KillMiddle) if body.is_empty() => Some(Fault::KillAfter),
        fault => fault,
    };
    match fault {
        Some(Fault::KillAfter) => {
            shared.kill();
            return Err(Closed);
        }
        Some(Fault::ResetAfter) => return Err(Closed),
        Some(Fault::WrongDigest) => {
            if let Some(digest) = parts.headers.get_mut("docker-content-digest") {
                *digest = HeaderValue::from_bytes(&other_digest(digest.as_bytes())).expect("a header");
            }
            body = other_digest(&body).into();
        }
        _ => {}
    }
    shared.answered(&seen, parts.status.as_u16());
    let Some(fault @ (Fault::CutBody | Fault::KillMiddle)) = fault else {
        return Ok(HttpResponse::from_parts(parts, Body::from(body)));
    };
    parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
    let half = body.slice(..body.len() / 2);
    let end = stream::once(async move {
        // Long enough for the first half to leave.
        tokio::time::sleep(Duration::from_millis(20)).await;
        if fault == Fault::KillMiddle {
            shared.kill();
        }
        Err::<Bytes, _>(Closed)
    });
    Ok(HttpResponse::from_parts(parts, Body::from_stream(stream::iter([Ok(half)]).chain(end))))
}

impl Shared {
    /// Numbers a request, remembers it, and asks the plans about it.
    fn see(&self, request: &HttpRequest<Incoming>) -> Request {
        let header = |name| request.headers().get(name).map(HeaderValue::as_bytes);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut requests = lock(&self.requests);
        let mut seen = Request {
            number: requests.len() + 1,
            method: request.method().to_string(),
            path: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
            host: header(header::HOST).map(text).unwrap_or_default(),
            authorization: header(header::AUTHORIZATION)
                .map(|value| chart_release::digest::Digest::of(value).hex()[..16].to_owned()),
            status: None,
            fault: None,
        };
        // All plans see all requests, so that each counts right.
        let wanted: Vec<Fault> = lock(&self.plans).iter_mut().filter_map(|plan| plan(&seen)).collect();
        seen.fault = wanted.first().copied();
        requests.push(seen.clone());
        seen
    }

    /// Remembers what was answered. The request may have been forgotten meanwhile.
    fn answered(&self, seen: &Request, status: u16) {
        let mut requests = lock(&self.requests);
        if let Some(request) = requests.get_mut(seen.number - 1).filter(|request| *request == seen) {
            request.status = Some(status);
        }
    }

    fn kill(&self) {
        for child in lock(&self.children).iter_mut() {
            // It may be over already.
            let _ = child.kill();
        }
    }
}

const SIGN_IN_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>\
    <form action=\"/login\"><input name=\"user\"><input name=\"password\" type=\"password\"></form></body></html>\n";

fn answer(status: u16, content_type: &str, body: Bytes) -> HttpResponse<Body> {
    HttpResponse::builder()
        .status(status)
        .header(header::CONTENT_TYPE, content_type)
        .body(Body::from(body))
        .expect("an answer")
}

fn with(mut answer: HttpResponse<Body>, name: &'static str, value: &str) -> HttpResponse<Body> {
    answer.headers_mut().insert(name, HeaderValue::from_str(value).expect("a header"));
    answer
}

/// A header, as it came and decoded.
fn repeated(authorization: &HeaderValue) -> String {
    let text = String::from_utf8_lossy(authorization.as_bytes()).into_owned();
    let decoded = text.strip_prefix("Basic ").and_then(|basic| BASE64_STANDARD.decode(basic).ok());
    format!(" for {text} ({})", String::from_utf8_lossy(&decoded.unwrap_or_default()))
}

/// A status as each side answers it: GitHub's API, a registry, and everybody else.
fn refusal(request: &Request, status: u16, more: &str) -> HttpResponse<Body> {
    let reason = axum::http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Unknown");
    let json = |value: serde_json::Value| {
        answer(status, "application/json; charset=utf-8", value.to_string().into())
    };
    if request.path.starts_with("/api/") {
        let message = match status {
            401 => "Bad credentials",
            403 => "Resource not accessible by integration",
            422 => "Validation Failed",
            429 => "API rate limit exceeded",
            500.. => "Server Error",
            _ => reason,
        };
        let documentation = "https://docs.github.com/rest";
        return json(serde_json::json!({
            "message": format!("{message}{more}"), "documentation_url": documentation, "status": status.to_string(),
        }));
    }
    if request.path.starts_with("/v2/") || request.path.starts_with("/token") {
        let code = match status {
            401 => "UNAUTHORIZED",
            403 => "DENIED",
            404 if request.path.contains("/blobs/uploads/") => "BLOB_UPLOAD_UNKNOWN",
            404 if request.path.contains("/blobs/") => "BLOB_UNKNOWN",
            404 if request.path.contains("/manifests/") => "MANIFEST_UNKNOWN",
            404 => "NAME_UNKNOWN",
            429 => "TOOMANYREQUESTS",
            400 | 422 => "MANIFEST_INVALID",
            _ => "UNKNOWN",
        };
        let refused =
            json(serde_json::json!({ "errors": [{ "code": code, "message": format!("{reason}{more}") }] }));
        let refused = with(refused, "docker-distribution-api-version", "registry/2.0");
        let host = &request.host;
        return match status {
            401 => with(
                refused,
                "www-authenticate",
                &format!("Bearer realm=\"http://{host}/token\",service=\"{host}\""),
            ),
            _ => refused,
        };
    }
    let refused = answer(status, "text/plain; charset=utf-8", format!("{reason}{more}\n").into());
    match status {
        401 => with(refused, "www-authenticate", "Basic realm=\"GitHub\""),
        _ => refused,
    }
}

fn rate_limited() -> HttpResponse<Body> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let body = serde_json::json!({
        "message": "API rate limit exceeded for installation ID 1.",
        "documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api",
        "status": "403",
    });
    let refused = answer(403, "application/json; charset=utf-8", body.to_string().into());
    let refused = with(refused, "x-ratelimit-limit", "1000");
    let refused = with(refused, "x-ratelimit-remaining", "0");
    with(refused, "x-ratelimit-reset", &(now.as_secs() + 2).to_string())
}

/// The same with another digest: the first one in it is changed, or else a byte in its middle.
fn other_digest(bytes: &[u8]) -> Vec<u8> {
    const PREFIX: &[u8] = b"sha256:";
    let mut bytes = bytes.to_vec();
    let digest = bytes.windows(PREFIX.len()).position(|window| window == PREFIX);
    match digest.map(|at| at + PREFIX.len()) {
        Some(at) if at < bytes.len() => bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' },
        _ => {
            let middle = bytes.len() / 2;
            if let Some(byte) = bytes.get_mut(middle) {
                *byte ^= 1;
            }
        }
    }
    bytes
}
