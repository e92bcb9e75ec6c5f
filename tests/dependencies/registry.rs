//! A registry in this process: it wants to know who asks, where it is told to, and counts.

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
    digest::Digest,
    manifest::{CHART, CONFIG, MANIFEST},
    packages::Package,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// Who is let in.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Door {
    /// Everybody.
    #[default]
    Open,
    /// Everybody with a token, which everybody gets who does not say who they are.
    Anonymous,
    /// Who has the password.
    Guarded,
}

#[derive(Default)]
pub struct Registry {
    port: u16,
    pub door: Mutex<Door>,
    tags: Mutex<BTreeMap<String, Vec<String>>>,
    manifests: Mutex<BTreeMap<String, Bytes>>,
    blobs: Mutex<BTreeMap<String, Bytes>>,
    log: Mutex<Vec<String>>,
}

impl Registry {
    pub async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let registry = Arc::new(Self { port: listener.local_addr().unwrap().port(), ..Self::default() });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&registry));
        tokio::spawn(async move { axum::serve(listener, app).await });
        registry
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("oci://{}/acme/charts", self.host())
    }

    /// A package under its tag, as Helm pushes it.
    pub fn push(&self, package: &Package) {
        self.push_as(package, &package.is.version.as_str().replace('+', "_"));
    }

    pub fn push_as(&self, package: &Package, tag: &str) {
        let config = Bytes::from_static(b"{}");
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "config": {"mediaType": CONFIG, "digest": Digest::of(&config).to_string(), "size": config.len()},
            "layers": [
                {"mediaType": "application/x-other", "digest": Digest::of(b"other").to_string(), "size": 5},
                {"mediaType": CHART, "digest": package.digest.to_string(), "size": package.bytes.len()},
            ],
        });
        self.blobs.lock().unwrap().insert(package.digest.to_string(), package.bytes.clone());
        self.push_manifest(package.is.name.as_str(), tag, manifest.to_string());
    }

    pub fn push_manifest(&self, name: &str, tag: &str, manifest: String) -> Digest {
        let (manifest, repository) = (Bytes::from(manifest), format!("acme/charts/{name}"));
        let digest = Digest::of(&manifest);
        let mut manifests = self.manifests.lock().unwrap();
        for reference in [tag, &digest.to_string()] {
            manifests.insert(format!("{repository}/{reference}"), manifest.clone());
        }
        let mut tags = self.tags.lock().unwrap();
        let tags = tags.entry(repository).or_default();
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
        digest
    }

    /// Other bytes in place of a blob.
    pub fn damage(&self, digest: Digest) {
        self.blobs.lock().unwrap().insert(digest.to_string(), Bytes::from_static(b"damaged"));
    }

    /// What was asked for since it was asked last: `manifests/1.0.0`, `blobs`, `tags`, `token`.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    fn note(&self, what: impl Into<String>) {
        self.log.lock().unwrap().push(what.into());
    }

    fn refused(&self) -> Response {
        let challenge = format!("Bearer realm=\"http://{}/token\",service=\"registry\"", self.host());
        let told = r#"{"errors":[{"code":"UNAUTHORIZED","message":"who is it?"}]}"#;
        (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)], told).into_response()
    }
}

async fn answer(State(registry): State<Arc<Registry>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let (door, by) = (*registry.door.lock().unwrap(), authorization(request.headers()));
    if path == "/token" {
        let known = by.as_deref() == Some(&basic());
        registry.note(if by.is_some() { "token for somebody" } else { "token" });
        return match door {
            Door::Open => "{\"token\":\"everybody\"}".into_response(),
            _ if known => "{\"token\":\"let-in\"}".into_response(),
            Door::Anonymous if by.is_none() => "{\"token\":\"let-in\"}".into_response(),
            _ => (StatusCode::FORBIDDEN, r#"{"errors":[{"code":"DENIED","message":"not you"}]}"#)
                .into_response(),
        };
    }
    if door != Door::Open && by.as_deref() != Some("Bearer let-in") {
        return registry.refused();
    }
    let Some(rest) = path.strip_prefix("/v2/") else { return StatusCode::NOT_FOUND.into_response() };
    if rest.is_empty() {
        return "{}".into_response();
    }
    let absent = |code: &str| {
        (StatusCode::NOT_FOUND, format!(r#"{{"errors":[{{"code":"{code}","message":"none"}}]}}"#))
            .into_response()
    };
    if let Some(repository) = rest.strip_suffix("/tags/list") {
        registry.note("tags");
        let tags = registry.tags.lock().unwrap();
        return match tags.get(repository) {
            Some(tags) => serde_json::json!({"name": repository, "tags": tags}).to_string().into_response(),
            None => absent("NAME_UNKNOWN"),
        };
    }
    if let Some((repository, reference)) = rest.split_once("/manifests/") {
        registry.note(format!("manifests/{reference}"));
        let manifests = registry.manifests.lock().unwrap();
        return match manifests.get(&format!("{repository}/{reference}")) {
            Some(bytes) => ([(header::CONTENT_TYPE, MANIFEST)], bytes.clone()).into_response(),
            None => absent("MANIFEST_UNKNOWN"),
        };
    }
    if let Some((_, digest)) = rest.split_once("/blobs/") {
        registry.note("blobs");
        return match registry.blobs.lock().unwrap().get(digest) {
            Some(bytes) => Response::new(Body::from(bytes.clone())),
            None => absent("BLOB_UNKNOWN"),
        };
    }
    StatusCode::NOT_FOUND.into_response()
}

fn authorization(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(header::AUTHORIZATION)?.to_str().ok()?.to_owned())
}

fn basic() -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", super::world::USER, super::world::PASSWORD)))
}
