//! The channel of registries, against a registry in this process: publishing, reading, and what real ones do.

mod credentials;
mod quirks;
mod world;

use chart_release::{
    channels::{Channel, ExposeError, oci::Oci},
    charts::{ChartName, ChartVersion},
    holdings::{Attachment, Blob, Held, Kind, Standing},
    problem::Problem,
};
use world::{World, chart, publish};

const REPOSITORY: &str = "/v2/acme/charts/demo";

async fn look(channel: &Oci, version: &str) -> Held {
    channel.look(&[ChartVersion::new("demo", version)]).await.remove(0)
}

fn unknown(held: Held) -> Problem {
    match held {
        Held::Unknown(problem) => problem,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_version_is_brought_staged_tagged_and_fetched() {
    let world = World::guarded().await;
    let channel = world.channel();
    let (mut record, mut package) = chart("1.0.0+build.1", "a");
    package.provenance = Some("signed".into());
    record.provenance = Some(Blob::of(b"signed"));
    assert_eq!(look(&channel, "1.0.0+build.1").await, Held::Absent);

    let staged = channel.stage(&record, &package).await.unwrap();
    assert_eq!((staged.standing, staged.package), (Standing::Placed, Some(package.digest)));
    assert_eq!(staged.created, Some(record.created));
    assert_eq!(staged.attached, [Kind::Provenance].into());
    assert_eq!(look(&channel, "1.0.0+build.1").await, Held::Absent, "nobody sees what is staged");

    let exposed = channel.expose(std::slice::from_ref(&record)).await.remove(0).unwrap();
    assert_eq!(exposed.url, world.url("1.0.0_build.1"));
    assert_eq!(exposed.digest, Some(package.digest));
    let Held::Present(holding) = look(&channel, "1.0.0+build.1").await else { panic!() };
    assert_eq!(holding.reference.url, world.url("1.0.0_build.1"));
    let fetched = channel.fetch(&record.is, &holding).await.unwrap();
    assert_eq!(fetched.bytes, package.bytes);
    assert_eq!(fetched.attached, [Attachment { kind: Kind::Provenance, bytes: "signed".into() }]);

    assert!(channel.attach(&record, &fetched.attached[0]).await.unwrap_err().next.is_some());
    let install =
        format!("helm install demo oci://{}/acme/charts/demo --version 1.0.0+build.1", world.host());
    assert_eq!(channel.install(&record.is), Some(install));
}

#[tokio::test]
async fn publishing_and_having_nothing_to_do_cost_what_they_must() {
    let world = World::guarded().await;
    let (record, package) = chart("1.0.0", "a");
    let channel = world.channel();
    look(&channel, "1.0.0").await;
    channel.prove(&[ChartName::new("demo"), ChartName::new("other")]).await.unwrap();
    publish(&channel, &(record.clone(), package.clone())).await;
    assert!(channel.expose(&[]).await.is_empty());
    let mut counted: Vec<String> = world.called();
    let tokens: Vec<String> = counted.drain(..2).collect();
    assert_eq!(tokens, ["GET /v2/", "GET /token"], "one token for everything");
    // The uploads of the two blobs run at once: sorted by what is done.
    let kind = |call: &String| {
        let (method, path) = call.split_once(' ').unwrap();
        let what = path.strip_prefix(REPOSITORY).unwrap().split('/').nth(1).unwrap();
        format!("{method} {what}")
    };
    let mut kinds: Vec<String> = counted.iter().map(kind).collect();
    let of = |kinds: &[String], what: &str| kinds.iter().filter(|kind| kind.as_str() == what).count();
    let figures = ["HEAD blobs", "POST blobs", "PUT blobs", "DELETE blobs"].map(|what| of(&kinds, what));
    assert_eq!(figures, [2, 3, 2, 1], "config and package, and the proof");
    kinds.retain(|kind| kind.ends_with("manifests"));
    let expected = [
        "HEAD", "GET", // is it there?
        "PUT", "GET", // by digest, and read back
        "GET", // is it still not there?
        "PUT", "HEAD", // the tag, and read back
    ];
    assert_eq!(kinds, expected.map(|method| format!("{method} manifests")));

    let later = world.channel();
    assert!(matches!(look(&later, "1.0.0").await, Held::Present(_)));
    assert_eq!(world.called(), ["GET /v2/", "GET /token", &format!("HEAD {REPOSITORY}/manifests/1.0.0")]);

    // Again, from the start: nothing is sent twice, and the digest is the same.
    publish(&later, &(record, package)).await;
    let sent: Vec<String> =
        world.called().into_iter().filter(|call| call.contains("/blobs/uploads")).collect();
    assert_eq!(sent, Vec::<String>::new());
}

#[tokio::test]
async fn a_tag_that_appears_between_staging_and_exposing_is_never_moved() {
    let world = World::guarded().await;
    let (ours, theirs) = (world.channel(), world.channel());
    let one = chart("1.0.0", "a");
    // The same package, from a repository of another name: another manifest.
    let mut same = one.clone();
    same.0.source = Some("https://example.com/moved".into());
    ours.stage(&one.0, &one.1).await.unwrap();
    publish(&theirs, &same).await;
    let kept = ours.expose(std::slice::from_ref(&one.0)).await.remove(0).unwrap();
    assert_eq!(kept.digest, Some(one.1.digest));
    let tag_puts = |calls: Vec<String>| {
        calls.iter().filter(|call| call.starts_with("PUT") && call.ends_with("/1.0.0")).count()
    };
    assert_eq!(tag_puts(world.called()), 1, "theirs");

    let (one, other) = (chart("1.1.0", "a"), chart("1.1.0", "b"));
    ours.stage(&one.0, &one.1).await.unwrap();
    publish(&theirs, &other).await;
    let Err(ExposeError::Taken(holding)) = ours.expose(std::slice::from_ref(&one.0)).await.remove(0) else {
        panic!()
    };
    assert_eq!(holding.package, Some(other.1.digest));
    let Held::Present(holding) = look(&ours, "1.1.0").await else { panic!() };
    assert_eq!(ours.fetch(&one.0.is, &holding).await.unwrap().bytes, other.1.bytes);
}

#[tokio::test]
async fn what_is_no_chart_is_told_and_not_taken_for_one() {
    let world = World::guarded().await;
    let channel = world.channel();
    let one = chart("1.0.0", "a");
    publish(&channel, &one).await;
    let image = r#"{"schemaVersion":2,"manifests":[]}"#;
    world.play(move |seen| {
        let tag = seen.path.contains("/manifests/") && seen.method == "GET";
        tag.then(|| world::plain(200, image))
    });
    let Held::Present(holding) = look(&channel, "1.0.0").await else { panic!() };
    let problem = channel.fetch(&one.0.is, &holding).await.unwrap_err();
    assert!(problem.what.contains("not the manifest of a chart"), "{}", problem.what);
}

#[tokio::test]
async fn names_and_versions_that_no_registry_takes_are_unknown_with_a_reason() {
    let world = World::guarded().await;
    let long = format!("1.0.0-{}", "a".repeat(128));
    let wanted = [ChartVersion::new("Demo", "1.0.0"), ChartVersion::new("demo", &long)];
    let held = world.channel().look(&wanted).await;
    let told: Vec<String> = held.into_iter().map(|held| unknown(held).what).collect();
    assert!(told[0].contains("`acme/charts/Demo` cannot be the name"), "{}", told[0]);
    assert!(told[1].contains("longer than the 128 characters"), "{}", told[1]);
    assert_eq!(world.called(), Vec::<String>::new());
}

#[tokio::test]
async fn a_registry_is_in_use_when_a_tag_is_a_version() {
    let world = World::guarded().await;
    let channel = world.channel();
    let charts = [ChartName::new("other"), ChartName::new("demo")];
    assert!(!channel.in_use(&charts).await.unwrap());
    publish(&channel, &chart("1.0.0", "a")).await;
    assert!(channel.in_use(&charts).await.unwrap());

    // Hundreds of tags that are no versions, and one behind them, with and without a word about the next page.
    for linked in [true, false] {
        world.called();
        let mut pages = 0;
        world.play(move |seen| {
            if !seen.path.ends_with("demo/tags/list") {
                return None;
            }
            pages += 1;
            let tags: Vec<String> = match pages {
                1 | 2 => (0..100).map(|index| format!("sha256-{pages}-{index:03}")).collect(),
                _ => vec!["v1".into(), "2.0.0_x".into()],
            };
            let mut answer = world::plain(200, &serde_json::json!({ "name": "x", "tags": tags }).to_string());
            if linked && pages < 3 {
                let link = format!("<{REPOSITORY}/tags/list?n=100&last={pages}>; rel=\"next\"");
                answer.headers_mut().insert("link", link.parse().unwrap());
            }
            Some(answer)
        });
        assert!(channel.in_use(&charts).await.unwrap());
        let lists = world.called().iter().filter(|call| call.ends_with("demo/tags/list")).count();
        assert_eq!(lists, 3, "linked: {linked}");
    }
}

#[tokio::test]
async fn a_registry_that_asks_nobody_who_they_are_works() {
    let world = World::open().await;
    let channel = world.channel_of(None, &[]);
    let one = chart("1.0.0", "a");
    assert_eq!(look(&channel, "1.0.0").await, Held::Absent);
    channel.prove(&[ChartName::new("demo")]).await.unwrap();
    publish(&channel, &one).await;
    assert!(matches!(look(&channel, "1.0.0").await, Held::Present(_)));
    assert!(!world.called().iter().any(|call| call.contains("/token")));
}

#[tokio::test]
async fn a_blob_that_lies_in_another_repository_is_mounted_or_sent() {
    let world = World::guarded().await;
    let registry = chart_release::doors::registry::Registry::new(
        &world.host(),
        true,
        world::robot(),
        Default::default(),
        world.settings(None).http,
    )
    .unwrap();
    let bytes = bytes::Bytes::from_static(b"some bytes");
    registry.put_blob("acme/from", &bytes, None).await.unwrap();
    world.called();
    // This registry refuses every mount with 202.
    registry.put_blob("acme/to", &bytes, Some("acme/from")).await.unwrap();
    assert!(registry.has_blob("acme/to", Blob::of(&bytes)).await.unwrap());
    world.called();
    world.play(|seen| (seen.method == "POST").then(|| world::plain(201, "")));
    registry.put_blob("acme/third", &bytes::Bytes::from_static(b"other"), Some("acme/from")).await.unwrap();
    assert!(!world.called().iter().any(|call| call.starts_with("PUT")), "a mounted blob is not sent");
}
