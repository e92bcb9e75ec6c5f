//! The fake GitHub behaves as the real one does where this program leans on it, and the front does its faults.

use crate::world::{
    World,
    front::{Fault, Front},
    github::{Access, GitHub, READ_TOKEN, Release, TOKEN},
};
use reqwest::{Client, Method, StatusCode, redirect::Policy};
use serde_json::{Value, json};
use std::time::Duration;

/// A GitHub with one commit, behind its front.
struct Hub {
    world: World,
    github: GitHub,
    front: Front,
    client: Client,
}

/// What came back.
struct Reply {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    #[track_caller]
    fn refused(&self, status: u16, text: &str) {
        let body = String::from_utf8_lossy(&self.body);
        assert!(self.status == status && body.contains(text), "{}: {body}", self.status);
    }
}

impl Hub {
    fn new() -> Self {
        let mut world = World::with_a_chart();
        world.write("charts/demo/values.yaml", "greeting: again\n");
        world.commit("Change it");
        world.git_in(&world.path("."), &["clone", "--quiet", "--bare", "repository", "bare.git"]);
        let mut github = None;
        let front = Front::start(|base| {
            let fake = GitHub::new(base, world.path("bare.git"));
            github.insert(fake).router()
        });
        chart_release::doors::http::install_cryptography();
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build()
            .expect("a client");
        Self { world, github: github.expect("it was made"), front, client }
    }

    async fn ask(
        &self,
        method: Method,
        url: &str,
        token: &str,
        accept: &str,
        body: Vec<u8>,
    ) -> Option<Reply> {
        let url = if url.starts_with("http") { url.to_owned() } else { self.front.url() + url };
        let mut request = self.client.request(method, url).header("accept", accept);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if !body.is_empty() {
            let json = serde_json::from_slice::<Value>(&body).is_ok();
            let kind = if json { "application/json" } else { "application/octet-stream" };
            request = request.header("content-type", kind).body(body);
        }
        let reply = request.send().await.ok()?;
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        let body = reply.bytes().await.ok()?.to_vec();
        Some(Reply { status, headers, body })
    }

    async fn get(&self, path: &str, token: &str) -> Reply {
        self.ask(Method::GET, path, token, "application/vnd.github+json", Vec::new())
            .await
            .expect("an answer")
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Reply {
        let body = body.to_string().into_bytes();
        self.ask(method, path, TOKEN, "application/vnd.github+json", body).await.expect("an answer")
    }

    async fn upload(&self, release: &Value, name: &str) -> Reply {
        let url = release["upload_url"].as_str().expect("a URL").replace("{?name,label}", "?name=") + name;
        self.ask(Method::POST, &url, TOKEN, "*/*", b"\x1f\x8b a package".to_vec()).await.expect("an answer")
    }

    async fn draft(&self, tag: &str) -> Value {
        let body = json!({ "tag_name": tag, "name": tag, "body": "Words", "draft": true });
        let reply = self.send(Method::POST, RELEASES, &body).await;
        assert_eq!(reply.status, 201, "{}", reply.json());
        reply.json()
    }

    /// Publishes a draft, as the program does: everything is sent again.
    async fn publish(&self, draft: &Value, target: &str) -> Reply {
        let body = json!({
            "tag_name": draft["tag_name"], "target_commitish": target, "draft": false, "make_latest": "true",
        });
        self.send(Method::PATCH, &release_path(draft), &body).await
    }
}

const RELEASES: &str = "/api/v3/repos/acme/charts/releases";

fn release_path(release: &Value) -> String {
    format!("{RELEASES}/{}", release["id"])
}

#[tokio::test]
async fn a_release_goes_from_draft_to_download() {
    let hub = Hub::new();
    let draft = hub.draft("demo-1.0.0").await;
    assert!(draft["html_url"].as_str().unwrap().contains("/releases/tag/untagged-"));
    let asset = hub.upload(&draft, "demo%201.0.0%2B(1).tgz").await.json();
    assert_eq!(asset["name"], "demo.1.0.0+.1.tgz");
    let digest = chart_release::digest::Digest::of(b"\x1f\x8b a package").to_string();
    assert_eq!(asset["digest"], digest);
    assert!(asset["browser_download_url"].as_str().unwrap().contains("/untagged-"));
    hub.upload(&draft, "demo.1.0.0%2B.1.tgz").await.refused(422, "already_exists");
    // A `+` that was not encoded is a space.
    let other = hub.upload(&draft, "demo-1.0.0+b.tgz").await.json();
    assert_eq!(other["name"], "demo-1.0.0.b.tgz");
    let url = other["url"].as_str().unwrap();
    assert_eq!(hub.ask(Method::DELETE, url, TOKEN, "*/*", Vec::new()).await.unwrap().status, 204);
    // Nobody else sees it, and nobody at all sees it by its tag.
    hub.get(&format!("{RELEASES}/tags/demo-1.0.0"), TOKEN).await.refused(404, "Not Found");
    hub.get(&release_path(&draft), READ_TOKEN).await.refused(404, "Not Found");
    assert_eq!(hub.get(RELEASES, "").await.json(), json!([]));
    assert_eq!(hub.get(RELEASES, TOKEN).await.json()[0]["id"], draft["id"]);
    assert_eq!(hub.github.stored(), ["draft demo-1.0.0: demo.1.0.0+.1.tgz"]);

    let first = hub.world.git(&["rev-parse", "HEAD~1"]).trim().to_owned();
    let published = hub.publish(&draft, &first).await.json();
    assert_eq!(published["draft"], false);
    assert_eq!(hub.github.tags()["demo-1.0.0"], first);
    assert_eq!(hub.github.latest().as_deref(), Some("demo-1.0.0"));
    let by_tag = hub.get(&format!("{RELEASES}/tags/demo-1.0.0"), "").await.json();
    let url = by_tag["assets"][0]["browser_download_url"].as_str().unwrap().to_owned();
    assert!(url.ends_with("/acme/charts/releases/download/demo-1.0.0/demo.1.0.0%2B.1.tgz"), "{url}");
    for (url, accept) in [(url.as_str(), "*/*"), (asset["url"].as_str().unwrap(), "application/octet-stream")]
    {
        let lead = hub.ask(Method::GET, url, TOKEN, accept, Vec::new()).await.unwrap();
        assert_eq!(lead.status, 302);
        let storage = lead.headers["location"].to_str().unwrap();
        assert!(storage.starts_with("http://localhost:"), "{storage}");
        assert_eq!(hub.get(storage, "").await.body, b"\x1f\x8b a package");
        hub.get(storage, TOKEN).await.refused(400, "InvalidAuthenticationInfo");
    }
    assert_eq!(hub.github.writes()["POST assets"], 2);
}

#[tokio::test]
async fn what_cannot_be_published_is_refused_and_changes_nothing() {
    let hub = Hub::new();
    let draft = hub.draft("demo-1.0.0").await;
    hub.publish(&draft, "0123456789012345678901234567890123456789").await.refused(422, "target_commitish");
    hub.github.set(|switches| switches.no_new_tags = true);
    hub.publish(&draft, "main").await.refused(422, "Cannot create ref due to creations being restricted");
    hub.github.set(|switches| (switches.no_new_tags, switches.only_newest_target) = (false, true));
    let first = hub.world.git(&["rev-parse", "HEAD~1"]).trim().to_owned();
    hub.publish(&draft, &first).await.refused(403, "Resource not accessible by integration");
    assert_eq!(hub.github.stored(), ["draft demo-1.0.0:"]);
    assert!(hub.github.latest().is_none());

    // A draft may be doubled, a release may not.
    let second = hub.draft("demo-1.0.0").await;
    assert_eq!(hub.publish(&draft, "main").await.status, 200);
    hub.publish(&second, "main").await.refused(422, "already_exists");
    let again = json!({ "tag_name": "demo-1.0.0" });
    hub.send(Method::POST, RELEASES, &again).await.refused(422, "already_exists");
    hub.send(Method::POST, RELEASES, &json!({ "name": "none" })).await.refused(422, "missing_field");
}

#[tokio::test]
async fn a_tag_that_is_there_is_used_and_the_target_is_not() {
    let hub = Hub::new();
    let bare = hub.world.path("bare.git");
    hub.world.git_in(&bare, &["tag", "--annotate", "--message", "Words", "demo-1.0.0", "main~1"]);
    let draft = hub.draft("demo-1.0.0").await;
    hub.github.set(|switches| switches.no_new_tags = true);
    assert_eq!(hub.publish(&draft, "nowhere").await.status, 200);
    let commit = hub.world.git(&["rev-parse", "HEAD~1"]).trim().to_owned();
    assert_eq!(hub.github.tags()["demo-1.0.0"], commit);
    let git = "/api/v3/repos/acme/charts/git";
    let reference = hub.get(&format!("{git}/ref/tags/demo-1.0.0"), TOKEN).await.json();
    assert_eq!(reference["object"]["type"], "tag");
    let tag = hub.get(reference["object"]["url"].as_str().unwrap(), TOKEN).await.json();
    assert_eq!((&tag["object"]["sha"], &tag["tagger"]["name"]), (&json!(commit), &json!("Somebody")));
    let told = hub.get(tag["object"]["url"].as_str().unwrap(), TOKEN).await.json();
    assert_eq!(told["message"], "Add a chart");
    hub.get(&format!("{git}/ref/tags/demo-1.0"), TOKEN).await.refused(404, "Not Found");
    let chart = "/api/v3/repos/acme/charts/contents/charts/demo/Chart.yaml?ref=demo-1.0.0";
    let raw =
        hub.ask(Method::GET, chart, TOKEN, "application/vnd.github.raw+json", Vec::new()).await.unwrap();
    assert!(raw.body.starts_with(b"apiVersion: v2\n"));
    assert_eq!(hub.get(chart, TOKEN).await.json()["encoding"], "base64");
    let folder = hub.get("/api/v3/repos/acme/charts/contents/charts?ref=main", TOKEN).await.json();
    assert_eq!((&folder[0]["name"], &folder[0]["type"]), (&json!("demo"), &json!("dir")));
}

#[tokio::test]
async fn an_immutable_release_stays_as_it_is_and_burns_its_tag() {
    let hub = Hub::new();
    hub.github.set(|switches| switches.immutable = true);
    let draft = hub.draft("demo-1.0.0").await;
    let published = hub.publish(&draft, "main").await.json();
    assert_eq!(published["immutable"], true);
    hub.upload(&published, "late.tgz").await.refused(422, "Cannot upload assets to an immutable release.");
    let back = hub.send(Method::PATCH, &release_path(&draft), &json!({ "draft": true })).await;
    back.refused(422, "state cannot be changed");
    assert_eq!(hub.send(Method::PATCH, &release_path(&draft), &json!({ "body": "More" })).await.status, 200);
    let gone = hub.ask(Method::DELETE, &release_path(&draft), TOKEN, "*/*", Vec::new()).await.unwrap();
    assert_eq!(gone.status, 204);
    let again = hub.draft("demo-1.0.0").await;
    hub.publish(&again, "main").await.refused(422, "tag_name was used by an immutable release");
}

#[tokio::test]
async fn who_may_do_what() {
    let hub = Hub::new();
    let repository = "/api/v3/repos/acme/charts";
    hub.get(repository, "ghs_unknown").await.refused(401, "Bad credentials");
    assert_eq!(hub.get(repository, TOKEN).await.json()["permissions"]["push"], true);
    assert_eq!(hub.get(repository, READ_TOKEN).await.json()["permissions"]["push"], false);
    assert!(hub.get(repository, "").await.json().get("permissions").is_none());
    let body = json!({ "tag_name": "demo-1.0.0" }).to_string().into_bytes();
    let refused = hub.ask(Method::POST, RELEASES, READ_TOKEN, "*/*", body).await.unwrap();
    refused.refused(403, "Resource not accessible by integration");
    hub.github.token("ghp_another", Access::Write);
    hub.github.set(|switches| switches.private = true);
    hub.get(repository, "").await.refused(404, "Not Found");
    assert_eq!(hub.get(repository, "ghp_another").await.json()["private"], true);
    hub.get("/api/v3/repos/acme/other", TOKEN).await.refused(404, "Not Found");
    hub.get("/api/v3/graphql", TOKEN).await.refused(404, "Not Found");
    assert_eq!(hub.get("/api/v3/rate_limit", "").await.status, 200);
}

#[tokio::test]
async fn years_of_releases_come_a_hundred_a_page_the_newest_first() {
    let hub = Hub::new();
    hub.github.seed_years(&["demo", "other"], 60, |tag| tag.as_bytes().to_vec());
    let page = hub.get(&format!("{RELEASES}?per_page=200"), TOKEN).await;
    assert_eq!(page.json().as_array().unwrap().len(), 100);
    assert_eq!(page.json()[0]["tag_name"], "other-0.60.0");
    let link = page.headers["link"].to_str().unwrap();
    let next = link.strip_prefix('<').unwrap().split_once(">; rel=\"next\"").unwrap().0.to_owned();
    // What is published now is newer.
    let draft = hub.draft("demo-1.0.0").await;
    hub.publish(&draft, "main").await;
    assert_eq!(hub.get(RELEASES, TOKEN).await.json()[0]["tag_name"], "demo-1.0.0");
    let rest = hub.get(&next, TOKEN).await;
    assert_eq!(rest.json().as_array().unwrap().len(), 21);
    assert!(rest.headers["link"].to_str().unwrap().contains("rel=\"prev\""));
    assert_eq!(hub.get(RELEASES, TOKEN).await.json().as_array().unwrap().len(), 30);
}

#[tokio::test]
async fn latest_is_what_was_said_and_else_the_last() {
    let hub = Hub::new();
    hub.github.seed(Release::published("demo-1.0.0"));
    let publish = async |tag: &str, more: Value| {
        let mut body = json!({ "tag_name": tag });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(hub.send(Method::POST, RELEASES, &body).await.status, 201);
        hub.get(&format!("{RELEASES}/latest"), "").await.json()["tag_name"].as_str().unwrap().to_owned()
    };
    assert_eq!(publish("demo-1.1.0", json!({ "make_latest": "false" })).await, "demo-1.0.0");
    assert_eq!(publish("demo-1.2.0-rc.1", json!({ "prerelease": true })).await, "demo-1.0.0");
    assert_eq!(publish("other-1.0.0", json!({})).await, "other-1.0.0");
}

#[tokio::test]
async fn an_upload_that_broke_off_stays_and_blocks_its_name() {
    let hub = Hub::new();
    hub.github.set(|switches| switches.broken_uploads = 1);
    let draft = hub.draft("demo-1.0.0").await;
    assert_eq!(hub.upload(&draft, "demo-1.0.0.tgz").await.status, 502);
    assert_eq!(hub.github.stored(), ["draft demo-1.0.0: demo-1.0.0.tgz (starter)"]);
    hub.upload(&draft, "demo-1.0.0.tgz").await.refused(422, "already_exists");
    let seen = hub.get(&release_path(&draft), TOKEN).await.json();
    assert_eq!(
        (&seen["assets"][0]["state"], &seen["assets"][0]["digest"]),
        (&json!("starter"), &Value::Null)
    );
    let url = seen["assets"][0]["url"].as_str().unwrap();
    hub.ask(Method::DELETE, url, TOKEN, "*/*", Vec::new()).await.unwrap();
    hub.github.set(|switches| switches.no_digests = true);
    assert_eq!(hub.upload(&draft, "demo-1.0.0.tgz").await.json()["digest"], Value::Null);
}

#[tokio::test]
async fn too_many_calls_are_refused_for_a_while() {
    let hub = Hub::new();
    let pause = Duration::from_millis(300);
    hub.github.set(|switches| switches.secondary_limit = Some((2, pause)));
    hub.draft("demo-1.0.0").await;
    hub.draft("demo-1.1.0").await;
    let body = json!({ "tag_name": "demo-1.2.0", "draft": true });
    let refused = hub.send(Method::POST, RELEASES, &body).await;
    refused.refused(403, "secondary rate limit");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(hub.get(RELEASES, TOKEN).await.status, 200);
    tokio::time::sleep(pause).await;
    hub.draft("demo-1.2.0").await;

    hub.github.set(|switches| switches.remaining = Some(1));
    assert_eq!(hub.get(RELEASES, TOKEN).await.status, 200);
    let refused = hub.get(RELEASES, TOKEN).await;
    refused.refused(403, "API rate limit exceeded");
    assert_eq!(refused.headers["x-ratelimit-remaining"], "0");
}

#[tokio::test]
async fn a_call_that_github_does_not_describe_fails_the_test() {
    let hub = Hub::new();
    let body = json!({ "tag_name": "demo-1.0.0", "draft": true, "tag": "demo-1.0.0" }).to_string();
    let reply = hub.ask(Method::POST, RELEASES, TOKEN, "*/*", body.into_bytes()).await;
    assert!(reply.is_none());
    assert!(violations(&hub.github).contains("'tag' was unexpected"));
    let query = format!("{RELEASES}?per_page=many&sort=name");
    assert!(hub.ask(Method::GET, &query, TOKEN, "*/*", Vec::new()).await.is_none());
    let told = violations(&hub.github);
    assert!(told.contains("no query parameter sort") && told.contains("\"many\" is not of type"), "{told}");

    // The fake's own answers are held to it too.
    let id = hub.github.seed(Release::published("demo-1.0.0").asset("demo-1.0.0.tgz", "bytes"));
    hub.github.change(id, |release| release.assets[0].state = "lost".into());
    assert!(hub.ask(Method::GET, RELEASES, TOKEN, "*/*", Vec::new()).await.is_none());
    assert!(violations(&hub.github).contains("\"lost\" is not one of"));
}

fn violations(github: &GitHub) -> String {
    let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| github.check())).unwrap_err();
    told.downcast_ref::<String>().expect("words").clone()
}

#[tokio::test]
async fn the_front_does_every_fault_where_it_is_told() {
    let hub = Hub::new();
    let created = |tag: &str| json!({ "tag_name": tag, "draft": true }).to_string().into_bytes();
    let post = async |tag: &str| hub.ask(Method::POST, RELEASES, TOKEN, "*/*", created(tag)).await;
    hub.front.at_nth("POST", "/releases", 1, Fault::Reset);
    assert!(post("a").await.is_none());
    hub.front.at_nth("POST", "/releases", 1, Fault::ResetAfter);
    assert!(post("b").await.is_none());
    hub.front.at_nth("POST", "/releases", 1, Fault::CutBody);
    assert!(post("c").await.is_none());
    hub.front.at_nth("POST", "/releases", 1, Fault::Status(502));
    post("d").await.unwrap().refused(502, "Server Error");
    hub.front.at(5, Fault::TooMany(7));
    assert_eq!(post("e").await.unwrap().headers["retry-after"], "7");
    hub.front.at(6, Fault::SignInPage);
    post("f").await.unwrap().refused(200, "<!DOCTYPE html>");
    hub.front.at(7, Fault::RateLimited);
    post("g").await.unwrap().refused(403, "rate limit exceeded");
    assert_eq!(hub.github.stored(), ["draft b:", "draft c:"]);
    let log = hub.front.requests();
    let seen: Vec<_> = log.iter().map(|request| request.status).collect();
    assert_eq!(seen, [None, None, Some(201), Some(502), Some(429), Some(200), Some(403)]);
    assert!(log.iter().all(|request| request.call() == format!("POST {RELEASES}")));
    assert_eq!(hub.front.count("POST", "/releases"), 7);
    assert!(log[0].authorization.is_some() && log[0].host == hub.front.host());

    hub.front.clear();
    hub.front.heal();
    hub.front.always("GET", "/objects/", Fault::WrongDigest);
    let id = hub.github.seed(Release::published("demo-1.0.0").asset("demo-1.0.0.tgz", "bytes")) + 1;
    let url = format!("/objects/{id}?signature=signed-{id}");
    assert_ne!(hub.get(&url, "").await.body, b"bytes");
    hub.front.always("GET", "/api/v3/rate_limit", Fault::Hang);
    let hanging = hub.client.get(hub.front.url() + "/api/v3/rate_limit").timeout(Duration::from_millis(100));
    assert!(hanging.send().await.unwrap_err().is_timeout());
    hub.front.always("", "/v2/", Fault::Status(401));
    let refused = hub.get("/v2/charts/demo/manifests/1.0.0", "").await;
    refused.refused(StatusCode::UNAUTHORIZED.as_u16(), "UNAUTHORIZED");
    assert!(refused.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer realm="));
}

#[test]
fn the_front_kills_the_program_at_the_request_it_is_told() {
    let hub = Hub::new();
    for (fault, done) in [(Fault::KillBefore, 0), (Fault::KillAfter, 1), (Fault::KillMiddle, 2)] {
        hub.front.clear();
        hub.front.heal();
        hub.front.at(1, fault);
        let program = std::env::current_exe().expect("this test");
        let mut command = hub.world.command(&program.to_string_lossy());
        command
            .args(["--exact", "fake_github::making_drafts", "--ignored"])
            .env("JOURNEY_FRONT", hub.front.url());
        let output = hub.front.end(&mut command);
        assert!(!output.status.success(), "{fault:?}");
        assert_eq!(output.status.code(), None, "{fault:?}: it was killed");
        assert_eq!(hub.github.releases().len(), done, "{fault:?}");
        assert_eq!(hub.front.requests().len(), 1, "{fault:?}");
    }
    hub.front.heal();
}

#[tokio::test]
#[ignore = "the process that dies: the story above starts it"]
async fn making_drafts() {
    let url = std::env::var("JOURNEY_FRONT").expect("the story says where") + RELEASES;
    chart_release::doors::http::install_cryptography();
    let client = Client::builder().no_proxy().build().expect("a client");
    let body = json!({ "tag_name": "demo-1.0.0", "draft": true });
    loop {
        let request = client.post(&url).bearer_auth(TOKEN).json(&body);
        if let Ok(reply) = request.send().await {
            let _ = reply.bytes().await;
        }
    }
}

#[tokio::test]
async fn notes_are_told_since_the_tag_that_is_named_or_else_since_the_newest_release() {
    let hub = Hub::new();
    let first = hub.world.git(&["rev-parse", "HEAD~1"]).trim().to_owned();
    hub.github.seed(Release { target: first, ..Release::published("demo-1.0.0") });
    hub.github.seed(Release::published("other-5.0.0"));
    let before = hub.github.stored();
    let path = format!("{RELEASES}/generate-notes");
    let ask = async |asked: Value| hub.send(Method::POST, &path, &asked).await;
    let to_come = |before: &str| json!({ "tag_name": "demo-1.1.0", "previous_tag_name": before });

    let told = ask(to_come("demo-1.0.0")).await.json()["body"].to_string();
    assert!(told.contains("* Change it by") && told.contains("compare/demo-1.0.0...demo-1.1.0"), "{told}");
    let told = ask(json!({ "tag_name": "demo-1.1.0" })).await.json()["body"].to_string();
    assert!(!told.contains("Change it") && told.contains("compare/other-5.0.0...demo-1.1.0"), "{told}");
    ask(to_come("demo-0.1.0")).await.refused(422, "previous_tag");
    let asked = to_come("demo-1.0.0").to_string().into_bytes();
    let reply = hub.ask(Method::POST, &path, READ_TOKEN, "*/*", asked).await.expect("an answer");
    reply.refused(403, "not accessible");
    assert_eq!(hub.github.stored(), before);
    assert!(hub.github.writes().is_empty(), "nothing is stored");
}
