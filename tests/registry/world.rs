//! A registry in this process, with a front that signs people in, counts, and plays the quirks of real ones.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chart_release::{
    channels::{
        Channel,
        oci::{Oci, Settings},
    },
    charts::{Chart, Files},
    doors::{credentials::Credentials, http, patience::Patience},
    holdings::{Blob, ChannelId, Record},
    packages::{DEFAULT_TIME, Package, pack},
    secret::Secret,
};
use ferro_blob_store::InMemoryBlobStore;
use ferro_oci_server::{AppState, InMemoryRegistryMeta, router};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

pub const USER: &str = "robot";
pub const PASSWORD: &str = "open";
/// What Docker exchanges for tokens in place of a password.
pub const IDENTITY: &str = "identity-of-the-robot";

/// What came to the front.
pub struct Seen {
    pub method: Method,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
}

type Quirk = Box<dyn FnMut(&Seen) -> Option<Response> + Send>;
type Change = Box<dyn FnMut(&Seen, Response) -> Response + Send>;

/// The registry.
#[derive(Default)]
pub struct World {
    pub port: u16,
    /// Without it, anybody may do everything.
    pub guarded: bool,
    /// Anybody may get a token to pull.
    pub anonymous: bool,
    log: Mutex<Vec<String>>,
    tokens: Mutex<BTreeMap<String, String>>,
    quirk: Mutex<Option<Quirk>>,
    change: Mutex<Option<Change>>,
}

impl World {
    pub async fn guarded() -> Arc<Self> {
        Self::start(Self { guarded: true, ..Self::default() }).await
    }

    /// Anybody may do everything.
    pub async fn open() -> Arc<Self> {
        Self::start(Self::default()).await
    }

    /// Anybody may read, and only the robot may write.
    pub async fn public() -> Arc<Self> {
        Self::start(Self { guarded: true, anonymous: true, ..Self::default() }).await
    }

    async fn start(mut world: Self) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        world.port = listener.local_addr().unwrap().port();
        let world = Arc::new(world);
        let state = AppState::new(Arc::new(InMemoryBlobStore::new()), Arc::new(InMemoryRegistryMeta::new()));
        let app = Router::new()
            .fallback_service(router(state))
            .layer(from_fn_with_state(Arc::clone(&world), front));
        tokio::spawn(async move { axum::serve(listener, app).await });
        world
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What is answered in place of the registry.
    pub fn play(&self, quirk: impl FnMut(&Seen) -> Option<Response> + Send + 'static) {
        *self.quirk.lock().unwrap() = Some(Box::new(quirk));
    }

    /// What becomes of the registry's answers.
    pub fn change(&self, change: impl FnMut(&Seen, Response) -> Response + Send + 'static) {
        *self.change.lock().unwrap() = Some(Box::new(change));
    }

    pub fn play_no_more(&self) {
        *self.quirk.lock().unwrap() = None;
        *self.change.lock().unwrap() = None;
    }

    /// What was called since it was asked last, in order.
    pub fn called(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    pub fn settings(&self, credentials: Option<Credentials>) -> Settings {
        let patience =
            Patience { again: 3, pause: Duration::from_millis(1), longest: Duration::from_secs(20) };
        Settings {
            host: self.host(),
            path: "acme/charts".into(),
            plain_http: true,
            credentials,
            http: http::Settings { call: Duration::from_secs(10), patience },
        }
    }

    /// The channel of somebody with a password.
    pub fn channel(&self) -> Oci {
        self.channel_of(robot(), &[])
    }

    pub fn channel_of(&self, credentials: Option<Credentials>, environment: &[(&str, &str)]) -> Oci {
        let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let id = ChannelId(format!("oci://{}/acme/charts", self.host()).into());
        Oci::with_environment(id, self.settings(credentials), environment).unwrap()
    }

    pub fn url(&self, tag: &str) -> String {
        format!("oci://{}/acme/charts/demo:{tag}", self.host())
    }

    fn refused(&self) -> Response {
        let challenge = format!("Bearer realm=\"http://{}/token\",service=\"registry\"", self.host());
        let mut response = reason(401, "UNAUTHORIZED", "authentication required");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge.parse().unwrap());
        response
    }

    fn lets_in(&self, seen: &Seen) -> bool {
        let Some(rest) = seen.path.strip_prefix("/v2/") else { return true };
        let value = seen.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| value.strip_prefix("Bearer "));
        let tokens = self.tokens.lock().unwrap();
        let Some(scope) = token.and_then(|token| tokens.get(token)) else { return false };
        let ends = ["/manifests/", "/blobs/", "/tags/"].iter().filter_map(|part| rest.find(part)).min();
        let repository = &rest[..ends.unwrap_or(rest.len())];
        let writes = !matches!(seen.method, Method::GET | Method::HEAD);
        match scope.strip_prefix(&format!("repository:{repository}:")) {
            Some(actions) => !writes || actions.contains("push"),
            None => false,
        }
    }

    fn token(&self, query: &str, form: &str, headers: &HeaderMap) -> Response {
        let basic = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let known = given == Some(basic.as_str()) || form.contains(&format!("refresh_token={IDENTITY}"));
        let query = if form.is_empty() { query } else { form };
        let decoded = query.replace("%3A", ":").replace("%2F", "/").replace("%2C", ",");
        let scope = decoded.split('&').find_map(|pair| pair.strip_prefix("scope=")).unwrap_or_default();
        let reads = self.anonymous && given.is_none() && !scope.contains("push");
        if !known && !reads {
            return reason(
                401,
                "UNAUTHORIZED",
                &format!("wrong password {PASSWORD} for {USER}\r\nor nobody"),
            );
        }
        let mut tokens = self.tokens.lock().unwrap();
        let token = format!("token-{}", tokens.len());
        tokens.insert(token.clone(), scope.to_owned());
        format!("{{\"token\":\"{token}\"}}").into_response()
    }

    /// Tokens that were given out are worth nothing any more.
    pub fn expire_tokens(&self) {
        self.tokens.lock().unwrap().values_mut().for_each(String::clear);
    }
}

async fn front(State(world): State<Arc<World>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let seen = Seen {
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.clone(),
    };
    world.log.lock().unwrap().push(format!("{} {}", seen.method, seen.path));
    let played = world.quirk.lock().unwrap().as_mut().and_then(|quirk| quirk(&seen));
    if let Some(response) = played {
        return response;
    }
    if seen.path == "/token" {
        let form = axum::body::to_bytes(body, 1 << 16).await.unwrap();
        let query = parts.uri.query().unwrap_or_default();
        return world.token(query, &String::from_utf8_lossy(&form), &seen.headers);
    }
    if let Some(digest) = seen.path.strip_prefix("/objects/") {
        assert!(!seen.headers.contains_key(header::AUTHORIZATION), "a token went to another host");
        parts.uri = format!("/v2/acme/charts/demo/blobs/{digest}").parse().unwrap();
    } else if world.guarded && !world.lets_in(&seen) {
        return world.refused();
    }
    let response = next.run(Request::from_parts(parts, body)).await;
    match world.change.lock().unwrap().as_mut() {
        Some(change) => change(&seen, response),
        None => response,
    }
}

/// Somebody with a password.
pub fn robot() -> Option<Credentials> {
    Some(Credentials { user: USER.into(), password: Secret::any(PASSWORD) })
}

/// A refusal as the distribution specification writes it.
pub fn reason(status: u16, code: &str, message: &str) -> Response {
    let body = serde_json::json!({ "errors": [{ "code": code, "message": message }] });
    plain(status, &body.to_string())
}

pub fn plain(status: u16, body: &str) -> Response {
    (StatusCode::from_u16(status).unwrap(), body.to_owned()).into_response()
}

pub fn page(status: u16) -> Response {
    let mut response = plain(status, "<html><body>Please sign in</body></html>");
    response.headers_mut().insert(header::CONTENT_TYPE, "text/html; charset=utf-8".parse().unwrap());
    response
}

/// A body that ends before it said it would.
pub fn cut(length: u64) -> Response {
    let broken = futures::stream::iter([Ok(Bytes::from("{")), Err(std::io::Error::other("gone"))]);
    let mut response = Response::new(Body::from_stream(broken));
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    response
}

/// A chart with this text in it, packaged, and the record of publishing it.
pub fn chart(version: &str, text: &str) -> (Record, Package) {
    chart_with(version, Bytes::from(text.to_owned()))
}

pub fn chart_with(version: &str, content: Bytes) -> (Record, Package) {
    let about = format!("apiVersion: v2\nname: demo\nversion: {version}\n");
    let files = [("Chart.yaml".to_owned(), Bytes::from(about)), ("files/text".to_owned(), content)];
    let package = pack(&Chart::read(Files(files.into())).unwrap(), DEFAULT_TIME).unwrap();
    let record = Record {
        is: package.is.clone(),
        path: "charts/demo".into(),
        commit: None,
        metadata: package.metadata.clone(),
        package: Blob::of(&package.bytes),
        provenance: None,
        created: 1_700_000_000,
        source: Some("https://example.com/acme/charts".into()),
        revision: None,
        released: None,
        install: Vec::new(),
    };
    (record, package)
}

pub async fn publish(channel: &Oci, (record, package): &(Record, Package)) {
    channel.stage(record, package).await.unwrap();
    channel.expose(std::slice::from_ref(record)).await.remove(0).unwrap();
}
