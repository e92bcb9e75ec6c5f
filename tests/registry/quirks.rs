//! What real registries do, and the networks before them.

use crate::{
    REPOSITORY, look, unknown,
    world::{self, PASSWORD, World, chart, chart_with, cut, page, plain, publish, reason},
};
use axum::http::header;
use bytes::Bytes;
use chart_release::{
    channels::Channel,
    charts::{ChartName, ChartVersion},
    digest::Digest,
    holdings::{Held, Holding, Reference, Standing},
};

const TAG: &str = "/v2/acme/charts/demo/manifests/1.0.0";

fn holding() -> Holding {
    Holding {
        standing: Standing::Served,
        package: None,
        attached: Default::default(),
        closed: false,
        created: None,
        reference: Reference::new("", None),
    }
}

#[tokio::test]
async fn only_a_404_that_says_so_is_absent() {
    let world = World::guarded().await;
    for code in ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND"] {
        // Some send the reason with a HEAD, which nobody can read.
        world.play(move |seen| (seen.path == TAG).then(|| reason(404, code, "no such thing")));
        assert_eq!(look(&world.channel(), "1.0.0").await, Held::Absent, "{code}");
    }
    for (status, answer) in [
        (404, ""),
        (404, "404 page not found"),
        (401, ""),
        (403, r#"{"errors":[{"code":"DENIED","message":"requested access is denied"}]}"#),
        (404, r#"{"errors":[{"code":"UNSUPPORTED"}]}"#),
        (405, ""),
        (301, ""),
        (204, ""),
    ] {
        world.play(move |seen| (seen.path == TAG).then(|| plain(status, answer)));
        let problem = unknown(look(&world.channel(), "1.0.0").await);
        assert!(problem.what.contains(&format!("{TAG}: {status}")), "{}", problem.what);
        assert!(!problem.passing, "{}", problem.what);
    }
    for status in [408, 429, 500, 502, 503] {
        world.play(move |seen| (seen.path == TAG).then(|| plain(status, "")));
        assert!(unknown(look(&world.channel(), "1.0.0").await).passing, "{status}");
    }
}

#[tokio::test]
async fn a_page_where_a_registry_should_answer_is_told_as_that() {
    let world = World::guarded().await;
    for path in ["/v2/", "/token", TAG] {
        world.play(move |seen| (seen.path == path).then(|| page(200)));
        let problem = unknown(look(&world.channel(), "1.0.0").await);
        assert!(problem.what.contains("a web page"), "{path}: {}", problem.what);
        assert!(!problem.passing && problem.next.is_some(), "{path}: {problem:?}");
    }
    let one = chart("1.0.0", "a");
    world.play(|seen| (seen.method == "PUT").then(|| page(200)));
    let problem = world.channel().stage(&one.0, &one.1).await.unwrap_err();
    assert!(problem.what.contains("a web page"), "{}", problem.what);
}

#[tokio::test]
async fn a_token_that_may_push_is_asked_for_from_the_beginning() {
    let world = World::guarded().await;
    // Quay, for a repository that is not there yet.
    world.play(|seen| {
        (seen.path == "/token" && !seen.query.contains("push")).then(|| reason(401, "UNAUTHORIZED", "no"))
    });
    assert_eq!(look(&world.channel(), "1.0.0").await, Held::Absent);
    // Somebody who may only read can still plan; the proof says what is missing.
    world.play(|seen| {
        (seen.path == "/token" && seen.query.contains("push")).then(|| reason(403, "DENIED", "only pull"))
    });
    let channel = world.channel();
    assert_eq!(look(&channel, "1.0.0").await, Held::Absent);
    let problem = channel.prove(&[ChartName::new("demo")]).await.unwrap_err();
    assert!(problem.what.ends_with("/token: 403 DENIED: only pull"), "{}", problem.what);
    assert!(problem.next.unwrap().contains("check user, password and rights"));
}

#[tokio::test]
async fn what_a_registry_says_is_repeated_without_its_secrets_on_one_line() {
    let world = World::guarded().await;
    let stranger = world::robot()
        .map(|robot| chart_release::doors::credentials::Credentials { user: "stranger".into(), ..robot });
    let problem = unknown(look(&world.channel_of(stranger, &[]), "1.0.0").await);
    assert!(
        problem.what.contains("/token: 401 UNAUTHORIZED: wrong password *** for robot  or nobody"),
        "{}",
        problem.what
    );
    assert!(!format!("{problem:?}").contains(PASSWORD));
}

#[tokio::test]
async fn a_token_that_has_expired_is_got_again_once() {
    let world = World::guarded().await;
    let channel = world.channel();
    let one = chart("1.0.0", "a");
    channel.stage(&one.0, &one.1).await.unwrap();
    world.called();
    world.expire_tokens();
    channel.expose(std::slice::from_ref(&one.0)).await.remove(0).unwrap();
    assert_eq!(world.called().iter().filter(|call| call.ends_with("/token")).count(), 1);
    world.play(|seen| (seen.path == TAG).then(|| plain(401, "")));
    unknown(look(&channel, "1.0.0").await);
    let heads = world.called().iter().filter(|call| call.starts_with("HEAD")).count();
    assert_eq!(heads, 2, "and not for ever");
}

#[tokio::test]
async fn a_blob_is_sent_in_chunks_where_it_is_not_taken_as_one() {
    // As random as bytes get that are the same each time.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let noise = (0..9 << 19).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    });
    let one = chart_with("1.0.0", Bytes::from_iter(noise));
    for status in [413, 416, 400, 405] {
        let world = World::guarded().await;
        world.play(move |seen| {
            let length = seen.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
            let whole = seen.method == "PUT" && seen.path.contains("/blobs/") && length != Some("0");
            whole.then(|| reason(status, "SIZE_INVALID", "too much at once"))
        });
        let channel = world.channel();
        publish(&channel, &one).await;
        let chunks = world.called().iter().filter(|call| call.starts_with("PATCH")).count();
        assert_eq!(chunks, 3, "one for the config, two for the package");
        assert_eq!(channel.fetch(&one.0.is, &holding()).await.unwrap().bytes, one.1.bytes);
    }
}

#[tokio::test]
async fn an_upload_goes_where_the_registry_says() {
    let world = World::guarded().await;
    let uploads = format!("{REPOSITORY}/blobs/uploads/");
    world.change(move |seen, mut response| {
        if seen.method == "POST" {
            let location = response.headers()[header::LOCATION].to_str().unwrap();
            let relative = format!("{}?state=a%2Fb", location.strip_prefix(&uploads).unwrap());
            response.headers_mut().insert(header::LOCATION, relative.parse().unwrap());
        } else if seen.path.contains("/uploads/") && seen.method == "PUT" {
            assert!(seen.query.starts_with("state=a%2Fb&digest=sha256"), "{}", seen.query);
        }
        response
    });
    publish(&world.channel(), &chart("1.0.0", "a")).await;
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_looked_for_and_not_repeated() {
    for what in ["/blobs/uploads/", "/manifests/sha256:", TAG] {
        let world = World::guarded().await;
        let mut first = true;
        world.change(move |seen, response| {
            let lost = seen.method == "PUT" && seen.path.contains(what) && std::mem::take(&mut first);
            if lost { plain(502, "bad gateway") } else { response }
        });
        publish(&world.channel(), &chart("1.0.0", "a")).await;
        let puts = |call: &&String| call.starts_with("PUT") && call.contains(what);
        let puts = world.called().iter().filter(puts).count();
        assert_eq!(puts, if what.contains("uploads") { 2 } else { 1 }, "{what}");
    }
}

#[tokio::test]
async fn every_call_may_fail_once_and_nobody_notices() {
    let world = World::guarded().await;
    let one = chart("1.0.0", "a");
    publish(&world.channel(), &one).await;
    let clean = world.called().len();
    for broken in 0..clean + 4 {
        let world = World::guarded().await;
        let mut calls = 0;
        world.play(move |_| {
            calls += 1;
            (calls == broken + 1).then(|| if broken % 2 == 0 { plain(500, "") } else { cut(1000) })
        });
        let channel = world.channel();
        publish(&channel, &one).await;
        world.play_no_more();
        assert_eq!(channel.fetch(&one.0.is, &holding()).await.unwrap().bytes, one.1.bytes, "{broken}");
    }
}

#[tokio::test]
async fn nobody_waits_longer_than_is_bearable() {
    let world = World::guarded().await;
    world.play(|seen| {
        let mut limited = reason(429, "TOOMANYREQUESTS", "slow down");
        limited.headers_mut().insert(header::RETRY_AFTER, "3600".parse().unwrap());
        (seen.path == TAG).then_some(limited)
    });
    let problem = unknown(look(&world.channel(), "1.0.0").await);
    assert!(problem.passing && problem.what.ends_with("it asks to wait 3600 s"), "{}", problem.what);
}

#[tokio::test]
async fn a_short_wait_that_is_asked_for_is_waited() {
    let world = World::guarded().await;
    let mut first = true;
    world.play(move |seen| {
        let mut limited = plain(429, "");
        limited.headers_mut().insert(header::RETRY_AFTER, "1".parse().unwrap());
        (seen.path == TAG && std::mem::take(&mut first)).then_some(limited)
    });
    let before = std::time::Instant::now();
    assert_eq!(look(&world.channel(), "1.0.0").await, Held::Absent);
    assert!(before.elapsed().as_secs() >= 1);
}

#[tokio::test]
async fn a_token_does_not_follow_a_redirect_to_another_host() {
    let world = World::guarded().await;
    let one = chart("1.0.0", "a");
    publish(&world.channel(), &one).await;
    world.called();
    let port = world.port;
    world.play(move |seen| {
        let digest = seen.path.strip_prefix(&format!("{REPOSITORY}/blobs/"))?;
        let mut redirect = plain(307, "");
        let elsewhere = format!("http://localhost:{port}/objects/{digest}?signature=secret");
        redirect.headers_mut().insert(header::LOCATION, elsewhere.parse().unwrap());
        Some(redirect)
    });
    // The front checks that no token came along.
    assert_eq!(world.channel().fetch(&one.0.is, &holding()).await.unwrap().bytes, one.1.bytes);
    let elsewhere = format!("GET /objects/{}", one.1.digest);
    assert!(world.called().contains(&elsewhere));
    world.play(|seen| {
        (seen.path.starts_with("/objects") || seen.path.contains("/blobs/")).then(|| {
            let mut redirect = plain(307, "");
            redirect
                .headers_mut()
                .insert(header::LOCATION, "http://127.0.0.1:9/x?signature=secret".parse().unwrap());
            redirect
        })
    });
    let problem = world.channel().fetch(&one.0.is, &holding()).await.unwrap_err();
    assert!(!format!("{problem:?}").contains("signature"), "{problem:?}");
    // Nothing that is written is sent after a redirect.
    world.play(|seen| {
        (seen.method == "POST").then(|| {
            let mut redirect = plain(307, "");
            redirect.headers_mut().insert(header::LOCATION, "/elsewhere".parse().unwrap());
            redirect
        })
    });
    let problem = world.channel().prove(&[ChartName::new("demo")]).await.unwrap_err();
    assert!(problem.what.contains("a redirect, which is not followed"), "{}", problem.what);
}

#[tokio::test]
async fn bytes_that_are_not_their_digest_are_never_taken() {
    let world = World::guarded().await;
    let one = chart("1.0.0", "a");
    publish(&world.channel(), &one).await;
    world.play(|seen| (seen.method == "GET" && seen.path.contains("/blobs/")).then(|| plain(200, "other")));
    let problem = world.channel().fetch(&one.0.is, &holding()).await.unwrap_err();
    assert!(problem.what.contains("the bytes have the digest"), "{}", problem.what);

    world.play(|seen| {
        (seen.method == "GET" && seen.path.contains("/manifests/sha256")).then(|| plain(200, "{}"))
    });
    let two = chart("2.0.0", "b");
    let problem = world.channel().stage(&two.0, &two.1).await.unwrap_err();
    assert!(problem.what.contains(&Digest::of(b"{}").to_string()), "{}", problem.what);

    // An upload that was stored as something else.
    world.play(|seen| {
        let mut stored = plain(201, "");
        stored.headers_mut().insert("docker-content-digest", Digest::of(b"x").to_string().parse().unwrap());
        (seen.method == "PUT").then_some(stored)
    });
    let problem = world.channel().stage(&two.0, &two.1).await.unwrap_err();
    assert!(problem.what.contains("stored as"), "{}", problem.what);
}

#[tokio::test]
async fn a_registry_whose_head_says_no_digest_is_asked_for_the_manifest() {
    let world = World::guarded().await;
    let one = chart("1.0.0", "a");
    publish(&world.channel(), &one).await;
    world.change(|_, mut response| {
        response.headers_mut().remove("docker-content-digest");
        response
    });
    assert!(matches!(look(&world.channel(), "1.0.0").await, Held::Present(_)));
    publish(&world.channel(), &chart("1.1.0", "a")).await;
    // A proxy that knows no HEAD.
    world.play(|seen| (seen.method == "HEAD").then(|| plain(405, "")));
    assert!(matches!(look(&world.channel(), "1.0.0").await, Held::Present(_)));
}

#[tokio::test]
async fn a_tag_that_is_immutable_and_taken_meanwhile_is_taken() {
    let world = World::guarded().await;
    let (ours, theirs) = (chart("1.0.0", "a"), chart("1.0.0", "b"));
    publish(&world.channel(), &theirs).await;
    let channel = world.channel();
    channel.stage(&ours.0, &ours.1).await.unwrap();
    let mut looks = 0;
    world.play(move |seen| match seen.method.as_str() {
        "HEAD" | "GET" if seen.path == TAG && looks < 2 => {
            looks += 1; // the look before the tag is set: nothing there yet
            Some(reason(404, "MANIFEST_UNKNOWN", ""))
        }
        "PUT" if seen.path == TAG => Some(reason(412, "PRECONDITION", "matched the immutable rule")),
        _ => None,
    });
    let taken = channel.expose(std::slice::from_ref(&ours.0)).await.remove(0).unwrap_err();
    assert!(
        matches!(&taken, chart_release::channels::ExposeError::Taken(holding)
        if holding.package == Some(theirs.1.digest)),
        "{taken:?}"
    );
}

#[tokio::test]
async fn a_registry_that_asks_only_where_it_must_is_answered_there() {
    let world = World::guarded().await;
    world.play(|seen| (seen.path == "/v2/").then(|| plain(200, "{}")));
    publish(&world.channel(), &chart("1.0.0", "a")).await;
    let problem = world.channel_of(None, &[]).prove(&[ChartName::new("demo")]).await.unwrap_err();
    assert!(problem.next.unwrap().contains("docker login"));
}

#[tokio::test]
async fn a_registry_with_passwords_and_without_tokens_gets_the_password() {
    let world = World::open().await;
    world.play(|seen| {
        let basic =
            seen.headers.get(header::AUTHORIZATION).is_some_and(|value| value == "Basic cm9ib3Q6b3Blbg==");
        let mut refused = reason(401, "UNAUTHORIZED", "who?");
        refused.headers_mut().insert(header::WWW_AUTHENTICATE, "Basic realm=\"here\"".parse().unwrap());
        (!basic).then_some(refused)
    });
    publish(&world.channel(), &chart("1.0.0", "a")).await;
    let problem = world.channel_of(None, &[]).prove(&[ChartName::new("demo")]).await.unwrap_err();
    assert!(problem.what.ends_with("401 UNAUTHORIZED: who?"), "{}", problem.what);
}

#[tokio::test]
async fn a_registry_that_is_down_is_waited_for_once_and_not_for_each_chart() {
    let world = World::guarded().await;
    world.play(|_| Some(plain(503, "")));
    let wanted: Vec<_> = (0..40).map(|index| ChartVersion::new(format!("demo-{index}"), "1.0.0")).collect();
    let held = world.channel().look(&wanted).await;
    assert!(held.into_iter().all(|held| unknown(held).passing));
    assert_eq!(world.called().len(), 4, "one call, and three times again");
}

#[tokio::test]
async fn a_registry_that_calls_its_empty_answers_html_is_understood() {
    let world = World::guarded().await;
    // Quay, for everything that it took.
    world.change(|seen, mut response| {
        if matches!(seen.method.as_str(), "POST" | "PUT" | "PATCH" | "HEAD") {
            response.headers_mut().insert(header::CONTENT_TYPE, "text/html; charset=utf-8".parse().unwrap());
        }
        response
    });
    let channel = world.channel();
    channel.prove(&[ChartName::new("demo")]).await.unwrap();
    publish(&channel, &chart("1.0.0", "a")).await;
    assert!(matches!(look(&channel, "1.0.0").await, Held::Present(_)));
}
