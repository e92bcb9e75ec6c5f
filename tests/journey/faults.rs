//! Every fault at every call: it is absorbed, or told with the right exit code; nothing is lost, doubled or overwritten;
//! and a run without a fault ends in the world of one clean run.
//!
//! One version is published everywhere before, and another one is being published: what is there must stay, and what a
//! fault hides must not be taken for absent. A fault happens once, or from one request on at every call of that kind: of
//! that method, to a path of that shape.
//!
//! Two samples are taken, and it is said here what they leave out. The quick one meets every request once, with the
//! faults in turn, by turns once and for good. The thorough one, which is not part of a plain `cargo test`, meets the first
//! call of every kind with every fault, once and for good. Neither tries every fault at every request: requests of one
//! kind are answered by the same code.

use crate::world::{
    Run,
    front::{Fault, Request},
    online::Online,
    trials::{Beginning, each, publish},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

const FAULTS: [Fault; 17] = [
    Fault::Status(401),
    Fault::Status(403),
    Fault::Status(404),
    Fault::Status(409),
    Fault::Status(412),
    Fault::Status(422),
    Fault::Status(500),
    Fault::Status(502),
    Fault::TooMany(0),
    Fault::TooMany(3600),
    Fault::RateLimited,
    Fault::Hang,
    Fault::Reset,
    Fault::ResetAfter,
    Fault::CutBody,
    Fault::WrongDigest,
    Fault::SignInPage,
];

/// How often a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Often {
    Once,
    /// From there on, at every call of that kind.
    Always,
}

/// Where a fault begins.
#[derive(Clone, Debug)]
enum At {
    /// At the request with this number.
    Request(usize),
    /// At the first of this [`kind`].
    Kind(String),
}

/// A call without what is different each time: `PUT /v2/acme/charts/CHART/manifests/sha256:*`.
fn kind(request: &Request) -> String {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let parts = path.split('/').map(|part| match part {
        "v2" | "v3" => part,
        "demo" | "other" => "CHART",
        _ if part.starts_with("sha256:") => "sha256:*",
        _ if part.contains(|c: char| c.is_ascii_digit()) => "*",
        _ => part,
    });
    let path = parts.collect::<Vec<_>>().join("/");
    match query.strip_prefix("service=") {
        Some(service) => format!("{} {path} {service}", request.method),
        None => format!("{} {path}", request.method),
    }
}

/// One version is everywhere, and stays as it is; another one comes.
fn beginning() -> Beginning {
    Beginning::after(&[("demo", "1.0.0")], &[("demo", "1.0.0"), ("other", "0.3.1-rc.1+build.7")])
}

/// What one clean run asks, and what it makes.
struct Clean {
    requests: Vec<Request>,
    published: Vec<String>,
    listed: Vec<String>,
    listed_before: Vec<String>,
}

impl Clean {
    fn of(beginning: &Beginning) -> Self {
        let world = beginning.world();
        let listed_before = world.listed();
        publish(&world, &[]).ends_with(0);
        let requests = world.front.requests();
        Self { requests, published: world.published(), listed: world.listed(), listed_before }
    }
}

/// The fault from this request on, and what of it happened.
fn break_from(world: &Online, at: &At, fault: Fault, often: Often) -> Arc<Mutex<Vec<Request>>> {
    let broken: Arc<Mutex<Vec<Request>>> = Arc::default();
    let (seen, at) = (Arc::clone(&broken), at.clone());
    world.front.plan(move |request| {
        let mut seen = seen.lock().expect("a list");
        let here = match (often, seen.first()) {
            (_, None) => match &at {
                At::Request(number) => request.number >= *number,
                At::Kind(wanted) => kind(request) == *wanted,
            },
            (Often::Always, Some(first)) => kind(first) == kind(request),
            (Often::Once, Some(_)) => false,
        };
        here.then(|| {
            seen.push(request.clone());
            fault
        })
    });
    broken
}

/// The faults that pass by themselves: nobody has to do anything but run it again.
fn passes(fault: Fault) -> bool {
    !matches!(fault, Fault::Status(400..=499) | Fault::WrongDigest | Fault::SignInPage)
}

/// What is true after a run that met a fault.
fn is_told(run: &Run, broken: &[Request], fault: Fault) {
    let text = format!("{}\n{}", run.out, run.err);
    let context = || {
        let broken: Vec<_> = broken.iter().map(Request::call).collect();
        format!("{fault:?} at {broken:?}\n{text}")
    };
    match (run.code, fault) {
        (0, _) => return,
        (4, fault) if passes(fault) => {}
        (1, Fault::Status(_) | Fault::WrongDigest | Fault::SignInPage) if !passes(fault) => {}
        // Somebody may have been faster, or something was not yet there: that may pass, too.
        (4, Fault::Status(404 | 409 | 412 | 422) | Fault::WrongDigest) => {}
        (code, _) => panic!("it ended with {code} after {}", context()),
    }
    let named = broken.iter().any(|request| {
        let path = request.path.split('?').next().unwrap_or_default();
        text.contains(path) || text.contains(&request.host)
    });
    assert!(named, "nothing says what was called: {}", context());
    let next = if run.code == 4 { "run again" } else { "next:" };
    assert!(text.contains(next), "nothing says what to do: {}", context());
}

/// Nothing that was there is gone, nothing is there twice, and nothing that one clean run would not have made.
fn is_sound(world: &Online, clean: &Clean) {
    let listed = world.listed();
    let lost: Vec<_> = clean.listed_before.iter().filter(|line| !listed.contains(line)).collect();
    assert!(lost.is_empty(), "this is lost: {lost:?}");
    // A draft is nothing that readers see, and a release under way may lack its package.
    let seen = listed.iter().filter(|line| !line.starts_with("draft "));
    let strange: Vec<_> = seen.filter(|line| !clean.listed.contains(line)).collect();
    assert!(strange.is_empty(), "no clean run makes this: {strange:?}");
    let mut once = BTreeSet::new();
    let twice: Vec<_> = listed.iter().filter(|line| !once.insert(*line)).collect();
    assert!(twice.is_empty(), "this is there twice: {twice:?}");
    let mut tags: Vec<_> = world.github.releases().into_iter().map(|release| release.tag).collect();
    tags.sort();
    assert!(tags.windows(2).all(|pair| pair[0] != pair[1]), "two releases for one tag: {tags:?}");
}

fn meets(beginning: &Beginning, clean: &Clean, at: &At, fault: Fault, often: Often) {
    let world = beginning.world();
    let broken = break_from(&world, at, fault, often);
    let arguments: &[&str] = match fault {
        // A call that hangs is waited for, and a limit too.
        Fault::Hang => &["--timeout", "1", "--retries", "1"],
        Fault::RateLimited => &["--retries", "1"],
        _ => &[],
    };
    let run = publish(&world, arguments);
    let broken = broken.lock().expect("a list").clone();
    world.front.heal();
    assert!(!broken.is_empty(), "the run never came there");
    is_told(&run, &broken, fault);
    is_sound(&world, clean);
    let calls: Vec<String> = broken.iter().map(Request::call).collect();
    if run.code == 0 {
        assert_eq!(world.published(), clean.published, "it ended with 0 after {calls:?}\n{}", run.err);
    }
    let after = publish(&world, &[]);
    assert_eq!(
        after.code, 0,
        "the next run, after {calls:?}\n{}\n{}\nfirst:\n{}",
        after.out, after.err, run.out
    );
    let published = world.published();
    if published != clean.published {
        let lacks: Vec<_> = clean.published.iter().filter(|line| !published.contains(line)).collect();
        let extra: Vec<_> = published.iter().filter(|line| !clean.published.contains(line)).collect();
        panic!("after {calls:?} it is not the world of one clean run\nlacks {lacks:#?}\nhas {extra:#?}");
    }
}

#[test]
fn every_request_meets_a_fault() {
    let beginning = beginning();
    let clean = Clean::of(&beginning);
    let often = |number| if number % 2 == 0 { Often::Once } else { Often::Always };
    let cases: Vec<(At, Fault, Often)> = (1..=clean.requests.len())
        .map(|number| (At::Request(number), FAULTS[number * 5 % FAULTS.len()], often(number)))
        .collect();
    each(&cases, |(at, fault, often)| meets(&beginning, &clean, at, *fault, *often));
}

#[test]
#[ignore = "hundreds of worlds: CONTRIBUTING has the command"]
fn every_kind_of_call_meets_every_fault() {
    let beginning = beginning();
    let clean = Clean::of(&beginning);
    let mut kinds = BTreeSet::new();
    kinds.extend(clean.requests.iter().map(kind));
    eprintln!("{} requests of {} kinds: {kinds:#?}", clean.requests.len(), kinds.len());
    let mut cases = Vec::new();
    for kind in kinds {
        for fault in FAULTS {
            cases.extend([Often::Once, Often::Always].map(|often| (At::Kind(kind.clone()), fault, often)));
        }
    }
    each(&cases, |(at, fault, often)| meets(&beginning, &clean, at, *fault, *often));
}
