//! Which call is which, who may make it, and everything that only reads.

use super::{Access, Answer, Call, Inner, State, documents, git::Object};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::time::Instant;

/// How many calls an hour are allowed, as a header tells.
const LIMIT: usize = 5000;

impl Inner {
    /// What a token may do; none was sent, or nobody knows it.
    pub fn access(&self, authorization: &str) -> Result<Option<Access>, Answer> {
        if authorization.is_empty() {
            return Ok(None);
        }
        let token = authorization.split_once(' ').filter(|(scheme, _)| {
            scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token")
        });
        let access = token.and_then(|(_, token)| self.state().tokens.get(token.trim()).copied());
        access.map(Some).ok_or_else(|| Answer::refusal(401, "Bad credentials"))
    }

    /// Answers a call, unless there were too many.
    pub fn limited(&self, call: &Call<'_>) -> Answer {
        let mut state = self.state();
        if call.path != ["rate_limit"] {
            match &mut state.switches.remaining {
                Some(0) => return Answer::refusal(403, "API rate limit exceeded for installation ID 1."),
                Some(remaining) => *remaining -= 1,
                None => {}
            }
        }
        if let Some((writes, pause)) = state.switches.secondary_limit
            && *call.method != "GET"
        {
            if state.refused_since.is_some_and(|since| since.elapsed() >= pause) {
                (state.refused_since, state.window) = (None, 0);
            }
            if state.window >= writes {
                let since = *state.refused_since.get_or_insert_with(Instant::now);
                let left = pause.saturating_sub(since.elapsed()).as_secs_f64().ceil();
                let message = "You have exceeded a secondary rate limit and have been temporarily blocked from \
                    content creation. Please retry your request again later.";
                return Answer::refusal(403, message).with("retry-after", left.max(1.0));
            }
            state.window += 1;
        }
        drop(state);
        self.answer(call)
    }

    /// The headers that every answer of the API has.
    pub fn limit_headers(&self, answer: &mut Answer) {
        let remaining = self.state().switches.remaining;
        let left = remaining.unwrap_or(LIMIT - 1);
        let reset = jiff::Timestamp::now().as_second() + 2;
        answer.headers.extend([
            ("x-ratelimit-limit", LIMIT.to_string()),
            ("x-ratelimit-remaining", left.to_string()),
            ("x-ratelimit-used", (LIMIT - left).to_string()),
            ("x-ratelimit-reset", reset.to_string()),
            ("x-ratelimit-resource", "core".to_owned()),
            ("x-github-request-id", "C0DE:1:2:3:4".to_owned()),
            ("x-github-media-type", "github.v3; format=json".to_owned()),
        ]);
    }

    fn answer(&self, call: &Call<'_>) -> Answer {
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        let method = call.method.as_str();
        if (method, path.as_slice()) == ("GET", &["rate_limit"]) {
            return self.rate_limit();
        }
        let ["repos", owner, name, below @ ..] = path.as_slice() else { return Answer::not_found() };
        let here = owner.eq_ignore_ascii_case("acme") && name.eq_ignore_ascii_case("charts");
        let switches = self.state().switches.clone();
        if !here || (switches.private && call.access.is_none()) {
            return Answer::not_found();
        }
        if method != "GET" {
            // Without a token GitHub does not say what is there.
            match call.access {
                None => return Answer::refusal(401, "Requires authentication"),
                Some(Access::Read) => return Answer::forbidden(),
                Some(Access::Write) if switches.archived => {
                    return Answer::refusal(403, "Repository was archived so is read-only.");
                }
                Some(Access::Write) => {}
            }
        }
        match (method, below) {
            ("GET", []) => Answer::json(200, &self.repository(&self.state(), call.access)),
            ("GET", ["releases"]) => self.list(call),
            ("POST", ["releases"]) => self.create(call),
            ("POST", ["releases", "generate-notes"]) => self.generate_notes(call),
            ("GET", ["releases", "latest"]) => {
                let state = self.state();
                let latest = state.releases.iter().find(|release| Some(release.id) == state.latest);
                self.release_or_nothing(&state, latest)
            }
            ("GET", ["releases", "tags", tag @ ..]) => {
                let (state, tag) = (self.state(), tag.join("/"));
                let published = state.releases.iter().find(|release| !release.draft && release.tag == tag);
                self.release_or_nothing(&state, published)
            }
            ("GET", ["releases", "assets", id]) => self.asset_or_bytes(call, id),
            ("PATCH" | "DELETE", ["releases", "assets", id]) => self.change_asset(call, id),
            ("GET", ["releases", id]) => {
                let state = self.state();
                let listed = self.listed(&state, call.access);
                let release = listed.into_iter().find(|release| release.id.to_string() == *id);
                self.release_or_nothing(&state, release)
            }
            ("PATCH", ["releases", id]) => self.update(call, id),
            ("DELETE", ["releases", id]) => self.delete(id),
            ("GET", ["releases", id, "assets"]) => self.assets(call, id),
            ("POST", ["releases", id, "assets"]) => self.upload(call, id),
            ("GET", ["git", "ref", name @ ..]) => {
                let name = format!("refs/{}", name.join("/"));
                match self.git.references("refs/").get(&name) {
                    Some(object) => Answer::json(200, &self.reference(&name, object)),
                    None => Answer::not_found(),
                }
            }
            ("GET", ["git", "matching-refs", name @ ..]) => {
                let found = self.git.references(&format!("refs/{}", name.join("/")));
                let told = found.iter().map(|(name, object)| self.reference(name, object));
                Answer::json(200, &told.collect())
            }
            ("GET", ["git", "tags", sha]) => self.annotated(sha).unwrap_or_else(Answer::not_found),
            ("GET", ["git", "commits", sha]) => self.commit(sha).unwrap_or_else(Answer::not_found),
            ("GET", ["contents", path @ ..]) => {
                self.contents(call, &path.join("/")).unwrap_or_else(Answer::not_found)
            }
            _ => Answer::not_found(),
        }
    }

    fn release_or_nothing(&self, state: &State, release: Option<&super::Release>) -> Answer {
        match release {
            Some(release) => Answer::json(200, &self.release(release, &state.switches)),
            None => Answer::not_found(),
        }
    }

    /// One page, with the header that leads to the next.
    fn page(&self, call: &Call<'_>, path: &str, all: &[Value]) -> Answer {
        let asked = |name, default: usize| {
            call.asked(name).and_then(|text| text.parse().ok()).unwrap_or(default).max(1)
        };
        let (size, page) = (asked("per_page", 30).min(100), asked("page", 1));
        let pages = all.len().div_ceil(size).max(1);
        let shown = all.chunks(size).nth(page - 1).unwrap_or_default();
        let link = |page: usize, relation: &str| {
            format!("<{}/{path}?per_page={size}&page={page}>; rel=\"{relation}\"", self.repository_url())
        };
        let mut links = Vec::new();
        if page > 1 {
            links.extend([link(page - 1, "prev"), link(1, "first")]);
        }
        if page < pages {
            links.extend([link(page + 1, "next"), link(pages, "last")]);
        }
        let answer = Answer::json(200, &json!(shown));
        if links.is_empty() { answer } else { answer.with("link", links.join(", ")) }
    }

    fn list(&self, call: &Call<'_>) -> Answer {
        let state = self.state();
        let listed = self.listed(&state, call.access);
        let told: Vec<Value> =
            listed.into_iter().map(|release| self.release(release, &state.switches)).collect();
        self.page(call, "releases", &told)
    }

    fn assets(&self, call: &Call<'_>, id: &str) -> Answer {
        let state = self.state();
        let listed = self.listed(&state, call.access);
        let Some(release) = listed.into_iter().find(|release| release.id.to_string() == id) else {
            return Answer::not_found();
        };
        let told: Vec<Value> =
            release.assets.iter().map(|asset| self.asset(release, asset, &state.switches)).collect();
        self.page(call, &format!("releases/{id}/assets"), &told)
    }

    fn asset_or_bytes(&self, call: &Call<'_>, id: &str) -> Answer {
        let state = self.state();
        let Some((release, asset)) = state.asset(id) else { return Answer::not_found() };
        let release = &state.releases[release];
        let asset = &release.assets[asset];
        if release.draft && !call.pushes() {
            return Answer::not_found();
        }
        match call.accept.contains("application/octet-stream") {
            true => Answer::elsewhere(self.storage(asset.id)),
            false => Answer::json(200, &self.asset(release, asset, &state.switches)),
        }
    }

    /// `/acme/charts/releases/download/TAG/FILE`, where browsers and Helm download.
    pub fn download(&self, call: &Call<'_>) -> Answer {
        let missing = || Answer::bytes(404, "text/plain; charset=utf-8", "Not Found");
        let ["acme", "charts", "releases", "download", tag @ .., file] =
            &call.path.iter().map(String::as_str).collect::<Vec<_>>()[..]
        else {
            return missing();
        };
        let (state, tag) = (self.state(), tag.join("/"));
        if state.switches.private && call.access.is_none() {
            return missing();
        }
        let release = state.releases.iter().find(|release| !release.draft && release.tag == tag);
        let asset = release.and_then(|release| release.assets.iter().find(|asset| asset.name == *file));
        match asset {
            Some(asset) if asset.state == "uploaded" => Answer::elsewhere(self.storage(asset.id)),
            _ => missing(),
        }
    }

    /// The storage behind downloads. It knows signatures, and refuses whoever comes with a token.
    pub fn object(&self, id: &str, query: &str, authorized: bool) -> Answer {
        let refused = |status, code: &str| {
            let text =
                format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code></Error>");
            Answer::bytes(status, "application/xml", text)
        };
        if authorized {
            return refused(400, "InvalidAuthenticationInfo");
        }
        if query != format!("signature=signed-{id}") {
            return refused(403, "AuthenticationFailed");
        }
        let state = self.state();
        match state.asset(id) {
            Some((release, asset)) => {
                let asset = &state.releases[release].assets[asset];
                Answer::bytes(200, "application/octet-stream", asset.bytes.to_vec())
            }
            None => refused(404, "BlobNotFound"),
        }
    }

    fn rate_limit(&self) -> Answer {
        let left = self.state().switches.remaining.unwrap_or(LIMIT);
        let reset = jiff::Timestamp::now().as_second() + 2;
        let rate = json!({ "limit": LIMIT, "remaining": left, "used": LIMIT - left, "reset": reset });
        Answer::json(200, &json!({ "resources": { "core": rate, "search": rate }, "rate": rate }))
    }

    fn reference(&self, name: &str, object: &Object) -> Value {
        let url = self.repository_url();
        let kind = &object.kind;
        json!({
            "ref": name,
            "node_id": format!("REF_{}", object.sha),
            "url": format!("{url}/git/{name}"),
            "object": {
                "sha": object.sha, "type": kind, "url": format!("{url}/git/{kind}s/{}", object.sha),
            },
        })
    }

    /// An annotated tag.
    fn annotated(&self, sha: &str) -> Option<Answer> {
        if self.git.text(&["cat-file", "-t", sha])? != "tag" {
            return None;
        }
        let text = self.git.text(&["cat-file", "-p", sha])?;
        let (head, message) = text.split_once("\n\n").unwrap_or((&text, ""));
        let field = |name: &str| {
            head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap_or_default()
        };
        let (object, kind) = (field("object"), field("type"));
        let url = self.repository_url();
        let date = self.git.text(&["for-each-ref", "--format=%(objectname) %(taggerdate:unix)"])?;
        let date = date.lines().find_map(|line| line.strip_prefix(sha)?.trim().parse().ok()).unwrap_or(0);
        let (name, rest) = field("tagger").split_once(" <").unwrap_or_default();
        let email = rest.split('>').next().unwrap_or_default();
        Some(Answer::json(
            200,
            &json!({
                "node_id": format!("TA_{sha}"), "tag": field("tag"), "sha": sha, "message": message,
                "url": format!("{url}/git/tags/{sha}"),
                "tagger": { "name": name, "email": email, "date": documents::time(date) },
                "object": { "sha": object, "type": kind, "url": format!("{url}/git/{kind}s/{object}") },
                "verification": UNSIGNED.clone(),
            }),
        ))
    }

    fn commit(&self, sha: &str) -> Option<Answer> {
        let commit = self.git.target(sha).filter(|commit| commit == sha)?;
        let format = "--format=%T%n%P%n%an%n%ae%n%at%n%cn%n%ce%n%ct%n%B";
        let text = self.git.text(&["show", "--no-patch", format, &commit])?;
        let lines: Vec<&str> = text.splitn(9, '\n').collect();
        let [tree, parents, author, author_email, authored, committer, email, committed, message] =
            lines.as_slice()
        else {
            return None;
        };
        let url = self.repository_url();
        let web = format!("{}/acme/charts/commit", self.base);
        let parents: Vec<Value> = parents
            .split_whitespace()
            .map(|sha| {
                json!({ "sha": sha, "url": format!("{url}/git/commits/{sha}"), "html_url": format!("{web}/{sha}") })
            })
            .collect();
        let date = |seconds: &str| documents::time(seconds.parse().expect("a number"));
        Some(Answer::json(
            200,
            &json!({
                "sha": sha, "node_id": format!("C_{sha}"), "url": format!("{url}/git/commits/{sha}"),
                "html_url": format!("{web}/{sha}"),
                "author": { "name": author, "email": author_email, "date": date(authored) },
                "committer": { "name": committer, "email": email, "date": date(committed) },
                "tree": { "sha": tree, "url": format!("{url}/git/trees/{tree}") },
                "message": message, "parents": parents, "verification": UNSIGNED.clone(),
            }),
        ))
    }

    /// A file or a folder at a commit.
    fn contents(&self, call: &Call<'_>, path: &str) -> Option<Answer> {
        let reference = call.asked("ref").unwrap_or_else(|| "HEAD".into());
        let commit = ["", "refs/heads/", "refs/tags/"].iter().find_map(|prefix| {
            let name = format!("{prefix}{reference}^{{commit}}");
            self.git.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", &name])
        })?;
        let path = path.trim_end_matches('/');
        let object = format!("{commit}:{path}");
        let kind = self.git.text(&["cat-file", "-t", &object])?;
        if kind == "tree" {
            let listed = self.git.text(&["ls-tree", "--long", &object])?;
            let entries = listed.lines().filter_map(|line| {
                let (head, name) = line.split_once('\t')?;
                let words: Vec<&str> = head.split_whitespace().collect();
                let below = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
                let kind = if words[1] == "tree" { "dir" } else { "file" };
                Some(self.entry(&below, &commit, kind, words[2], words[3].parse().unwrap_or(0)))
            });
            return Some(Answer::json(200, &entries.collect()));
        }
        let bytes = self.git.ask(&["cat-file", "blob", &object])?;
        if call.accept.contains("raw") {
            return Some(Answer::bytes(200, "application/vnd.github.raw+json; charset=utf-8", bytes));
        }
        let sha = self.git.text(&["rev-parse", &object])?;
        let mut entry = self.entry(path, &commit, "file", &sha, bytes.len());
        entry["encoding"] = json!("base64");
        entry["content"] = json!(format!("{}\n", BASE64_STANDARD.encode(&bytes)));
        Some(Answer::json(200, &entry))
    }

    fn entry(&self, path: &str, commit: &str, kind: &str, sha: &str, size: usize) -> Value {
        let url = format!("{}/contents/{path}?ref={commit}", self.repository_url());
        let objects = if kind == "dir" { "trees" } else { "blobs" };
        let git = format!("{}/git/{objects}/{sha}", self.repository_url());
        let web = format!("{}/acme/charts/blob/{commit}/{path}", self.base);
        let raw = (kind == "file").then(|| format!("{}/acme/charts/raw/{commit}/{path}", self.base));
        json!({
            "name": path.rsplit('/').next().unwrap_or(path), "path": path, "sha": sha, "size": size,
            "type": kind, "url": url, "git_url": git, "html_url": web, "download_url": raw,
            "_links": { "self": url, "git": git, "html": web },
        })
    }
}

static UNSIGNED: std::sync::LazyLock<Value> = std::sync::LazyLock::new(
    || json!({ "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null }),
);
