//! A registry in memory, with tokens as GHCR gives them, and with the habits of others where a story asks for them.

mod answers;
mod verbs;

use answers::{answer, told};
use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::Response,
    routing::any,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use chart_release::digest::Digest;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

/// A page of tags has no more.
const PAGE: usize = 100;
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// The registry: cheap to clone, every clone is the same one.
#[derive(Clone, Default)]
pub struct Registry(Arc<Mutex<Stored>>);

/// What this registry does otherwise than the next one. The default is GHCR.
#[derive(Clone, Debug)]
pub struct Habits {
    /// Everybody may read without a user, as far as a name exists.
    pub public: bool,
    /// It asks nobody who they are.
    pub no_authentication: bool,
    /// Quay: a name that does not exist answers 401 to a token that may only pull.
    pub hides_new_names: bool,
    /// The answer to a tag that exists already, even with the same manifest: 409 or 412.
    pub immutable_tags: Option<u16>,
    /// A PATCH with more is answered with 416.
    pub chunk_limit: Option<usize>,
    /// A whole blob in one request with more is answered with 413.
    pub whole_limit: Option<usize>,
    /// `Location` is a whole URL with a query, as that of distribution; a path otherwise.
    pub whole_locations: bool,
    /// Blobs can be mounted from another name.
    pub mounts: bool,
    /// It has the referrers API.
    pub referrers: bool,
    /// Every digest that it says of a manifest is wrong.
    pub lies: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            public: false,
            no_authentication: false,
            hides_new_names: false,
            immutable_tags: None,
            chunk_limit: Some(4 << 20),
            whole_limit: None,
            whole_locations: false,
            mounts: true,
            referrers: false,
            lies: false,
        }
    }
}

/// A manifest as it was pushed.
#[derive(Clone, Debug)]
pub struct Manifest {
    pub media_type: String,
    pub bytes: Bytes,
}

impl Manifest {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("it was JSON when it came")
    }
}

#[derive(Default)]
struct Stored {
    habits: Habits,
    users: BTreeMap<String, User>,
    tokens: BTreeMap<String, Vec<Grant>>,
    names: BTreeMap<String, Name>,
    blobs: BTreeMap<String, Bytes>,
    sessions: BTreeMap<String, Session>,
    counted: u64,
    /// Manifests that were put under a tag.
    tagged: usize,
    /// Attempts to delete something that readers may follow.
    deletions: Vec<String>,
    race: Option<Race>,
}

/// What somebody else does right before a tag is put.
type Race = Box<dyn FnOnce(&Registry, &str, &str) + Send>;

struct User {
    password: String,
    writes: bool,
}

struct Grant {
    name: String,
    pull: bool,
    push: bool,
}

#[derive(Default)]
struct Name {
    blobs: BTreeSet<String>,
    manifests: BTreeMap<String, Manifest>,
    /// All digests that a tag ever had, the present one last.
    tags: BTreeMap<String, Vec<String>>,
}

struct Session {
    name: String,
    bytes: Vec<u8>,
}

impl Registry {
    /// An empty registry where one user may write.
    pub fn new(user: &str, password: &str) -> Self {
        let registry = Self::default();
        registry.user(user, password, true);
        registry
    }

    /// Adds a user, or changes what one may do.
    pub fn user(&self, user: &str, password: &str, writes: bool) {
        self.stored().users.insert(user.into(), User { password: password.into(), writes });
    }

    /// Changes the habits.
    pub fn habits(&self, change: impl FnOnce(&mut Habits)) {
        change(&mut self.stored().habits);
    }

    /// Somebody else does something right before the next tag is put: gets the name and the tag.
    pub fn before_next_tag(&self, does: impl FnOnce(&Self, &str, &str) + Send + 'static) {
        self.stored().race = Some(Box::new(does));
    }

    /// `/v2/…` and `/token`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/token", any(Self::token))
            .route("/v2/", any(Self::answer))
            .route("/v2/{*rest}", any(Self::answer))
            .with_state(self.clone())
    }

    /// Names that have a manifest.
    pub fn names(&self) -> Vec<String> {
        let stored = self.stored();
        let full = stored.names.iter().filter(|(_, name)| !name.manifests.is_empty());
        full.map(|(name, _)| name.clone()).collect()
    }

    /// The tags of a name with the digest of their manifest.
    pub fn tags(&self, name: &str) -> BTreeMap<String, String> {
        let stored = self.stored();
        let tags = stored.names.get(name).into_iter().flat_map(|name| &name.tags);
        tags.map(|(tag, digests)| (tag.clone(), digests.last().expect("never empty").clone())).collect()
    }

    /// The manifest that a tag leads to.
    pub fn manifest(&self, name: &str, tag: &str) -> Option<Manifest> {
        let stored = self.stored();
        let name = stored.names.get(name)?;
        name.manifests.get(name.tags.get(tag)?.last()?).cloned()
    }

    /// Every manifest and blob there is, with what it is.
    pub fn everything(&self) -> Vec<(String, Bytes)> {
        let stored = self.stored();
        let manifests = stored.names.iter().flat_map(|(name, there)| {
            let told = move |(digest, manifest): (&String, &Manifest)| {
                (format!("manifest {digest} of {name}"), manifest.bytes.clone())
            };
            there.manifests.iter().map(told)
        });
        let blobs = stored.blobs.iter().map(|(digest, bytes)| (format!("blob {digest}"), bytes.clone()));
        manifests.chain(blobs).collect()
    }

    /// The bytes of a blob.
    pub fn blob(&self, digest: &str) -> Option<Bytes> {
        self.stored().blobs.get(digest).cloned()
    }

    /// Tags that led to more than one manifest, ever.
    pub fn moved_tags(&self) -> Vec<String> {
        let stored = self.stored();
        let mut moved = Vec::new();
        for (name, there) in &stored.names {
            let tags = there.tags.iter().filter(|(_, digests)| digests.len() > 1);
            moved.extend(tags.map(|(tag, digests)| format!("{name}:{tag} moved: {}", digests.join(", "))));
        }
        moved
    }

    /// Attempts to delete a manifest or a blob.
    pub fn deletions(&self) -> Vec<String> {
        self.stored().deletions.clone()
    }

    /// How often a manifest was put under a tag.
    pub fn pushes(&self) -> usize {
        self.stored().tagged
    }

    /// Uploads that were begun and neither finished nor cancelled.
    pub fn open_uploads(&self) -> usize {
        self.stored().sessions.len()
    }

    /// Every password and token that this registry knows.
    pub fn secrets(&self) -> Vec<String> {
        let stored = self.stored();
        let passwords = stored.users.values().map(|user| user.password.clone());
        passwords.chain(stored.tokens.keys().cloned()).collect()
    }

    /// What another program pushed: a manifest with its blobs, under a tag.
    pub fn hold(&self, name: &str, tag: &str, manifest: &Value, blobs: &[&[u8]]) -> String {
        let mut stored = self.stored();
        for bytes in blobs {
            let digest = Digest::of(bytes).to_string();
            stored.blobs.insert(digest.clone(), Bytes::copy_from_slice(bytes));
            stored.names.entry(name.into()).or_default().blobs.insert(digest);
        }
        let bytes = Bytes::from(manifest.to_string());
        let digest = Digest::of(&bytes).to_string();
        let there = stored.names.entry(name.into()).or_default();
        there.manifests.insert(digest.clone(), Manifest { media_type: MANIFEST.into(), bytes });
        there.tag(tag, &digest);
        digest
    }

    /// A package as `helm push` brings it, under `path/chart` and the version's tag.
    pub fn hold_package(&self, name: &str, version: &str, package: &[u8], created: &str) -> String {
        let chart = name.rsplit('/').next().expect("a name");
        let config = json!({ "name": chart, "version": version, "apiVersion": "v2" }).to_string();
        let of = |media: &str, bytes: &[u8]| json!({ "mediaType": media, "digest": Digest::of(bytes).to_string(), "size": bytes.len() });
        let manifest = json!({
            "schemaVersion": 2,
            "config": of("application/vnd.cncf.helm.config.v1+json", config.as_bytes()),
            "layers": [of("application/vnd.cncf.helm.chart.content.v1.tar+gzip", package)],
            "annotations": {
                "org.opencontainers.image.created": created,
                "org.opencontainers.image.title": chart,
                "org.opencontainers.image.version": version,
            },
        });
        self.hold(name, &version.replace('+', "_"), &manifest, &[config.as_bytes(), package])
    }

    fn stored(&self) -> MutexGuard<'_, Stored> {
        self.0.lock().expect("no request panicked")
    }

    /// The token service: Basic in, a token for the scopes out, as far as they are granted.
    async fn token(State(registry): State<Self>, uri: Uri, headers: HeaderMap, form: Bytes) -> Response {
        let mut query = query(&uri);
        // OAuth: a form with the identity token that a credential helper gave.
        query.extend(pairs(&String::from_utf8_lossy(&form)));
        let identity = query.iter().find(|(key, _)| key == "refresh_token").map(|(_, token)| token.clone());
        let mut stored = registry.stored();
        let writes = match credentials(&headers) {
            Some((user, password)) => match stored.users.get(&user) {
                Some(known) if known.password == password => Some(known.writes),
                _ => return told(StatusCode::FORBIDDEN, "DENIED", "denied: wrong user or password"),
            },
            None if identity.is_some() => {
                let known = stored.users.values().find(|user| Some(&user.password) == identity.as_ref());
                match known {
                    Some(known) => Some(known.writes),
                    None => return told(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "unknown identity token"),
                }
            }
            None if headers.contains_key(header::AUTHORIZATION) => {
                return told(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required");
            }
            None => None,
        };
        let mut grants = Vec::new();
        let scopes = query.iter().filter(|(key, _)| key == "scope").flat_map(|(_, scope)| scope.split(' '));
        for scope in scopes.filter(|scope| !scope.is_empty()) {
            let mut parts = scope.splitn(3, ':');
            let (Some("repository"), Some(name), Some(verbs)) = (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let asked = |verb| verbs.split(',').any(|each| each == verb);
            let readable = writes.is_some() || (stored.habits.public && stored.exists(name));
            if !readable {
                // Missing or private: nobody who is not known is told which.
                return told(StatusCode::FORBIDDEN, "DENIED", "requested access to the resource is denied");
            }
            let push = asked("push") && writes == Some(true);
            grants.push(Grant { name: name.into(), pull: asked("pull"), push });
        }
        if writes.is_none() && grants.is_empty() {
            return told(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required");
        }
        stored.counted += 1;
        let token = format!("marked-registry-token-{:08}", stored.counted);
        stored.tokens.insert(token.clone(), grants);
        // OAuth's name for it is another one.
        let named = json!({ if identity.is_some() { "access_token" } else { "token" }: token });
        answer(StatusCode::OK, &[("content-type", "application/json")], named.to_string())
    }

    async fn answer(State(registry): State<Self>, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        // A body that is cut off changes nothing.
        let Ok(body) = to_bytes(body, usize::MAX).await else {
            return told(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", "the body was cut off");
        };
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let asked = Asked {
            method: parts.method.clone(),
            host: host.to_owned(),
            query: query(&parts.uri),
            headers: parts.headers.clone(),
            body,
        };
        let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy().into_owned();
        let Some((name, what)) = route(path.trim_start_matches("/v2/")) else {
            return registry.stored().ping(&asked);
        };
        if !is_name(name) {
            return told(StatusCode::BAD_REQUEST, "NAME_INVALID", "invalid repository name");
        }
        if let Err(refused) = registry.stored().allowed(&asked, name) {
            return *refused;
        }
        if let What::Manifest(tag) = &what
            && asked.method == Method::PUT
            && !tag.contains(':')
        {
            let race = registry.stored().race.take();
            if let Some(race) = race {
                race(&registry, name, tag);
            }
        }
        let mut stored = registry.stored();
        match what {
            What::Tags => stored.list_tags(&asked, name),
            What::Referrers(digest) => stored.list_referrers(name, digest),
            What::Manifest(reference) if asked.method == Method::PUT => {
                stored.put_manifest(&asked, name, reference)
            }
            What::Manifest(reference) => stored.get_manifest(&asked, name, reference),
            What::Blob(digest) => stored.get_blob(&asked, name, digest),
            What::Upload("") => stored.begin_upload(&asked, name),
            What::Upload(session) => stored.upload(&asked, name, session),
        }
    }
}

/// A request, read to its end.
struct Asked {
    method: Method,
    host: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
}

impl Asked {
    fn query(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// What a path below a name means.
enum What<'p> {
    Tags,
    Referrers(&'p str),
    Manifest(&'p str),
    Blob(&'p str),
    Upload(&'p str),
}

fn route(path: &str) -> Option<(&str, What<'_>)> {
    if let Some(name) = path.strip_suffix("/tags/list") {
        return Some((name, What::Tags));
    }
    if let Some((name, session)) = path.split_once("/blobs/uploads") {
        return Some((name, What::Upload(session.trim_start_matches('/'))));
    }
    let (before, last) = path.rsplit_once('/')?;
    let (name, kind) = before.rsplit_once('/')?;
    match kind {
        "manifests" => Some((name, What::Manifest(last))),
        "blobs" => Some((name, What::Blob(last))),
        "referrers" => Some((name, What::Referrers(last))),
        _ => None,
    }
}

impl Name {
    fn tag(&mut self, tag: &str, digest: &str) {
        let digests = self.tags.entry(tag.into()).or_default();
        if digests.last().is_none_or(|last| last != digest) {
            digests.push(digest.into());
        }
    }
}

fn query(uri: &Uri) -> Vec<(String, String)> {
    pairs(uri.query().unwrap_or_default())
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(k, v)| (decoded(k), decoded(v)))
        .collect()
}

/// User and password of a Basic header.
pub fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = BASE64_STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
        let edge = |byte: Option<u8>| byte.is_some_and(|byte| inner(byte) && !b"._-".contains(&byte));
        part.bytes().all(inner) && edge(part.bytes().next()) && edge(part.bytes().last())
    };
    name.len() < 256 && name.split('/').all(part)
}
