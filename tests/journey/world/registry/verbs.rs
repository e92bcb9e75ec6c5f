//! The verbs of the registry: tokens' rights, manifests, tags, blobs and uploads.

use super::{
    Asked, INDEX, MANIFEST, Manifest, PAGE, Session, Stored,
    answers::{answer, challenge, name_unknown, told, unsupported},
};
use axum::{
    body::Bytes,
    http::{Method, StatusCode},
    response::Response,
};
use chart_release::digest::Digest;
use serde_json::{Value, json};

impl Stored {
    pub(super) fn exists(&self, name: &str) -> bool {
        self.names.get(name).is_some_and(|name| !name.manifests.is_empty())
    }

    /// `/v2/` itself: who are you?
    pub(super) fn ping(&self, asked: &Asked) -> Response {
        let known = asked.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        match self.habits.no_authentication || known.is_some_and(|token| self.tokens.contains_key(token)) {
            true => answer(StatusCode::OK, &[("content-type", "application/json")], "{}"),
            false => challenge(asked, "repository:user/image:pull", None),
        }
    }

    pub(super) fn allowed(&self, asked: &Asked, name: &str) -> Result<(), Box<Response>> {
        if self.habits.no_authentication {
            return Ok(());
        }
        let reads = matches!(asked.method, Method::GET | Method::HEAD);
        let scope = format!("repository:{name}:{}", if reads { "pull" } else { "pull,push" });
        let Some(value) = asked.header("authorization") else {
            return Err(challenge(asked, &scope, None).into());
        };
        let grants = value.strip_prefix("Bearer ").and_then(|token| self.tokens.get(token));
        let Some(grants) = grants else {
            // Somebody's password, where a token of ours belongs.
            return Err(told(StatusCode::FORBIDDEN, "DENIED", "invalid token").into());
        };
        let Some(grant) = grants.iter().find(|grant| grant.name == name) else {
            return Err(challenge(asked, &scope, Some("insufficient_scope")).into());
        };
        if self.habits.hides_new_names && reads && !grant.push && !self.exists(name) {
            return Err(challenge(asked, &scope, Some("insufficient_scope")).into());
        }
        match if reads { grant.pull } else { grant.push } {
            true => Ok(()),
            false if reads => Err(challenge(asked, &scope, Some("insufficient_scope")).into()),
            false => Err(told(StatusCode::FORBIDDEN, "DENIED", "permission_denied: write_package").into()),
        }
    }

    pub(super) fn list_tags(&self, asked: &Asked, name: &str) -> Response {
        let Some(there) = self.names.get(name).filter(|_| self.exists(name)) else {
            return name_unknown(name);
        };
        let most = asked.query("n").and_then(|n| n.parse().ok()).unwrap_or(PAGE).min(PAGE);
        let last = asked.query("last").unwrap_or("");
        let mut tags: Vec<&String> = there.tags.keys().filter(|tag| tag.as_str() > last).collect();
        let more = tags.len() > most;
        tags.truncate(most);
        let body = json!({ "name": name, "tags": tags }).to_string();
        let mut headers = vec![("content-type", "application/json".to_owned())];
        if let (true, Some(last)) = (more, tags.last()) {
            headers.push(("link", format!("</v2/{name}/tags/list?last={last}&n={most}>; rel=\"next\"")));
        }
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        answer(StatusCode::OK, &headers, body)
    }

    pub(super) fn list_referrers(&self, name: &str, digest: &str) -> Response {
        if !self.habits.referrers {
            return answer(StatusCode::NOT_FOUND, &[("content-type", "text/plain")], "404 page not found");
        }
        let manifests = self.names.get(name).into_iter().flat_map(|name| &name.manifests);
        let with = manifests.filter_map(|(its, manifest)| {
            let json = manifest.json();
            let media = &manifest.media_type;
            (json["subject"]["digest"] == digest).then(|| {
                json!({ "mediaType": media, "digest": its, "size": manifest.bytes.len(),
                    "artifactType": json["artifactType"], "annotations": json["annotations"] })
            })
        });
        let with: Vec<Value> = with.collect();
        let body = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": with }).to_string();
        answer(StatusCode::OK, &[("content-type", INDEX)], body)
    }

    /// The digest as this registry says it.
    pub(super) fn said(&self, digest: &str) -> String {
        if self.habits.lies { Digest::of(digest.as_bytes()).to_string() } else { digest.to_owned() }
    }

    pub(super) fn get_manifest(&mut self, asked: &Asked, name: &str, reference: &str) -> Response {
        if asked.method == Method::DELETE {
            self.deletions.push(format!("{name}@{reference}"));
        }
        if !matches!(asked.method, Method::GET | Method::HEAD) {
            return unsupported();
        }
        let Some(there) = self.names.get(name).filter(|_| self.exists(name)) else {
            return name_unknown(name);
        };
        let digest = match reference.contains(':') {
            true => Some(reference),
            false => there.tags.get(reference).and_then(|digests| digests.last()).map(String::as_str),
        };
        let found = digest.and_then(|digest| Some((digest, there.manifests.get(digest)?)));
        let Some((digest, manifest)) = found else {
            return told(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "manifest unknown");
        };
        let said = self.said(digest);
        let headers = [("content-type", manifest.media_type.as_str()), ("docker-content-digest", &said)];
        answer(StatusCode::OK, &headers, manifest.bytes.clone())
    }

    pub(super) fn put_manifest(&mut self, asked: &Asked, name: &str, reference: &str) -> Response {
        let invalid = |message: &str| told(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", message);
        let Ok(manifest) = serde_json::from_slice::<Value>(&asked.body) else {
            return invalid("manifest invalid: not JSON");
        };
        let media_type = asked.header("content-type").unwrap_or_default().to_owned();
        if manifest["schemaVersion"] != 2 || ![MANIFEST, INDEX].contains(&media_type.as_str()) {
            return invalid("manifest invalid: unknown kind");
        }
        if manifest.get("mediaType").is_some_and(|own| *own != *media_type) {
            return invalid("manifest invalid: mediaType is not the Content-Type");
        }
        let there = self.names.entry(name.into()).or_default();
        let list = |key: &str| manifest[key].as_array().cloned().unwrap_or_default();
        let blobs = manifest.get("config").cloned().into_iter().chain(list("layers"));
        for descriptor in blobs.chain(list("manifests")) {
            let digest = descriptor["digest"].as_str().unwrap_or_default();
            let blob = self.blobs.get(digest).filter(|_| there.blobs.contains(digest));
            let size = blob.map(Bytes::len).or(there.manifests.get(digest).map(|child| child.bytes.len()));
            match size {
                None => {
                    return told(
                        StatusCode::BAD_REQUEST,
                        "MANIFEST_BLOB_UNKNOWN",
                        "blob unknown to registry",
                    );
                }
                Some(size) if descriptor["size"] != size => return invalid("manifest invalid: wrong size"),
                Some(_) => {}
            }
        }
        let digest = Digest::of(&asked.body).to_string();
        match reference.contains(':') {
            true if reference != digest => {
                return told(
                    StatusCode::BAD_REQUEST,
                    "DIGEST_INVALID",
                    "the digest is not that of the content",
                );
            }
            true => {}
            false if !is_tag(reference) => return invalid("manifest invalid: not a tag"),
            false => {
                let immutable = self.habits.immutable_tags.filter(|_| there.tags.contains_key(reference));
                if let Some(status) = immutable {
                    let status = StatusCode::from_u16(status).expect("a status");
                    return told(status, "DENIED", &format!("tag {reference} is immutable"));
                }
                there.tag(reference, &digest);
                self.tagged += 1;
            }
        }
        there.manifests.insert(digest.clone(), Manifest { media_type, bytes: asked.body.clone() });
        let location = format!("/v2/{name}/manifests/{digest}");
        let said = self.said(&digest);
        let mut headers = vec![("location", location.as_str()), ("docker-content-digest", &said)];
        let subject = manifest["subject"]["digest"].as_str().filter(|_| self.habits.referrers);
        headers.extend(subject.map(|subject| ("oci-subject", subject)));
        answer(StatusCode::CREATED, &headers, String::new())
    }

    pub(super) fn get_blob(&mut self, asked: &Asked, name: &str, digest: &str) -> Response {
        if asked.method == Method::DELETE {
            self.deletions.push(format!("{name} blob {digest}"));
        }
        if !matches!(asked.method, Method::GET | Method::HEAD) {
            return unsupported();
        }
        let there = self.names.get(name).is_some_and(|name| name.blobs.contains(digest));
        match self.blobs.get(digest).filter(|_| there) {
            Some(bytes) => {
                let headers =
                    [("content-type", "application/octet-stream"), ("docker-content-digest", digest)];
                answer(StatusCode::OK, &headers, bytes.clone())
            }
            None => told(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "blob unknown to registry"),
        }
    }

    pub(super) fn begin_upload(&mut self, asked: &Asked, name: &str) -> Response {
        if asked.method != Method::POST {
            return unsupported();
        }
        if let (Some(digest), Some(from)) = (asked.query("mount"), asked.query("from")) {
            let source = self.names.get(from).is_some_and(|from| from.blobs.contains(digest));
            let readable = self.habits.no_authentication || self.may_read(asked, from);
            if self.habits.mounts && source && readable {
                return self.blob_created(name, digest);
            }
        } else if let Some(digest) = asked.query("digest") {
            if self.habits.whole_limit.is_some_and(|limit| asked.body.len() > limit) {
                return told(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "SIZE_INVALID",
                    "the blob is too large for one request",
                );
            }
            return self.finish_upload(name, digest, asked.body.clone());
        }
        self.counted += 1;
        let session = format!("00000000-0000-4000-8000-{:012}", self.counted);
        self.sessions.insert(session.clone(), Session { name: name.into(), bytes: Vec::new() });
        self.upload_answer(asked, name, &session, StatusCode::ACCEPTED)
    }

    pub(super) fn may_read(&self, asked: &Asked, name: &str) -> bool {
        let token = asked.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let grants = token.and_then(|token| self.tokens.get(token));
        grants.is_some_and(|grants| grants.iter().any(|grant| grant.name == name && grant.pull))
    }

    pub(super) fn upload(&mut self, asked: &Asked, name: &str, id: &str) -> Response {
        let unknown =
            || told(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
        let habits = self.habits.clone();
        let Some(session) = self.sessions.get_mut(id).filter(|session| session.name == name) else {
            return unknown();
        };
        let wrong_range = || {
            told(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "BLOB_UPLOAD_INVALID",
                "the chunk does not follow the last one",
            )
        };
        if habits.whole_locations && asked.query("_state") != Some(id) {
            return told(
                StatusCode::BAD_REQUEST,
                "BLOB_UPLOAD_INVALID",
                "the query of the Location is missing",
            );
        }
        match asked.method {
            Method::GET => self.upload_answer(asked, name, id, StatusCode::NO_CONTENT),
            Method::DELETE => {
                self.sessions.remove(id);
                answer(StatusCode::NO_CONTENT, &[], String::new())
            }
            Method::PATCH => {
                let begins = asked.header("content-range").and_then(|range| range.split('-').next());
                let begins = begins.map(|begins| begins.trim_start_matches("bytes ").parse::<usize>());
                if begins.is_some_and(|begins| begins != Ok(session.bytes.len()))
                    || habits.chunk_limit.is_some_and(|limit| asked.body.len() > limit)
                {
                    return wrong_range();
                }
                session.bytes.extend_from_slice(&asked.body);
                self.upload_answer(asked, name, id, StatusCode::ACCEPTED)
            }
            Method::PUT => {
                let Some(digest) = asked.query("digest") else {
                    return told(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "the digest is missing");
                };
                let chunk = if session.bytes.is_empty() { habits.whole_limit } else { habits.chunk_limit };
                if chunk.is_some_and(|limit| asked.body.len() > limit) {
                    return told(StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID", "too large for one request");
                }
                let session = self.sessions.remove(id).expect("it was there");
                let whole = [session.bytes.as_slice(), &asked.body].concat();
                self.finish_upload(name, digest, whole.into())
            }
            _ => unsupported(),
        }
    }

    pub(super) fn upload_answer(&self, asked: &Asked, name: &str, id: &str, status: StatusCode) -> Response {
        let mut location = format!("/v2/{name}/blobs/uploads/{id}");
        if self.habits.whole_locations {
            location = format!("http://{}{location}?_state={id}", asked.host);
        }
        let range = format!("0-{}", self.sessions[id].bytes.len().saturating_sub(1));
        answer(
            status,
            &[("location", &location), ("range", &range), ("docker-upload-uuid", id)],
            String::new(),
        )
    }

    pub(super) fn finish_upload(&mut self, name: &str, digest: &str, bytes: Bytes) -> Response {
        if Digest::of(&bytes).to_string() != digest {
            return told(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "the digest is not that of the content");
        }
        self.blobs.insert(digest.into(), bytes);
        self.blob_created(name, digest)
    }

    pub(super) fn blob_created(&mut self, name: &str, digest: &str) -> Response {
        self.names.entry(name.into()).or_default().blobs.insert(digest.into());
        let location = format!("/v2/{name}/blobs/{digest}");
        let headers = [("location", location.as_str()), ("docker-content-digest", digest)];
        answer(StatusCode::CREATED, &headers, String::new())
    }
}

fn is_tag(tag: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= 128 && tag.starts_with(word) && tag.chars().all(|c| word(c) || c == '.' || c == '-')
}
