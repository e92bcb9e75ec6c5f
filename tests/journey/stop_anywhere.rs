//! Publishes that are killed at any request: run again without a fault, they end in the world of one clean run.
//!
//! A request is killed at in three ways: before it is worked on, after that, and in the middle of its answer. How many
//! requests there are is measured by a clean run. The ids of commits and the number of commits on the pages branch are not
//! compared: everything that a reader can see is, to the byte.
//!
//! The quick stories, of a plain `cargo test`, kill a first publish at every request, in one of the three ways in turn;
//! where something is published before, at every other request; and they take few of the random places. The thorough ones
//! (`--ignored`, see CONTRIBUTING) kill at every request in every way, and at more random places.

use crate::world::{
    front::Fault,
    online::Online,
    trials::{Beginning, each, publish},
};

const WAYS: [Fault; 3] = [Fault::KillBefore, Fault::KillMiddle, Fault::KillAfter];

const TWO: [(&str, &str); 2] = [("demo", "1.0.0"), ("other", "0.3.1-rc.1+build.7")];
/// What adds calls and files.
const WITH_MORE: [&str; 2] = ["--generate-release-notes", "--packages-with-index"];
const FOUR: [(&str, &str); 4] = [("a", "1.0.0"), ("b", "1.0.0"), ("c", "1.0.0-beta.1"), ("d", "2.0.0+x.1")];

/// What one clean run makes of a beginning.
struct Clean {
    requests: usize,
    published: Vec<String>,
}

impl Clean {
    fn of(beginning: &Beginning, arguments: &[&str]) -> Self {
        let world = beginning.world();
        publish(&world, arguments).ends_with(0);
        let requests = world.front.requests().len();
        assert!(requests > 20, "only {requests} requests were seen: this is not what is to be killed");
        Self { requests, published: world.published() }
    }
}

/// Publishes, killed at this request in this way; whether the run came to it.
fn killed_at(world: &Online, number: usize, way: Fault, arguments: &[&str]) -> bool {
    world.front.clear();
    world.front.at(number, way);
    let run = publish(world, arguments);
    let came = world.front.requests().iter().any(|request| request.fault.is_some());
    assert!(run.code == -1 || run.code == 0, "it ended with {}\n{}", run.code, run.err);
    world.front.heal();
    came
}

/// The next run ends in the world of one clean run.
#[track_caller]
fn is_finished_by_the_next(world: &Online, clean: &Clean, arguments: &[&str]) {
    publish(world, arguments).ends_with(0);
    let published = world.published();
    if published != clean.published {
        let lacks: Vec<_> = clean.published.iter().filter(|line| !published.contains(line)).collect();
        let extra: Vec<_> = published.iter().filter(|line| !clean.published.contains(line)).collect();
        panic!("it is another world than that of one clean run\nlacks {lacks:#?}\nhas instead {extra:#?}");
    }
}

/// All of these worlds, in which the run must come to the request.
fn each_is_finished(beginning: &Beginning, arguments: &[&str], cases: impl Fn(usize) -> Vec<(usize, Fault)>) {
    let clean = Clean::of(beginning, arguments);
    each(&cases(clean.requests), |&(number, way)| {
        let world = beginning.world();
        assert!(killed_at(&world, number, way, arguments), "the run never came to request {number}");
        is_finished_by_the_next(&world, &clean, arguments);
    });
}

fn in_every_way(requests: usize) -> Vec<(usize, Fault)> {
    (1..=requests).flat_map(|number| WAYS.map(|way| (number, way))).collect()
}

fn in_turn(requests: impl Iterator<Item = usize>) -> Vec<(usize, Fault)> {
    requests.zip(WAYS.into_iter().cycle()).collect()
}

fn beside_what_is_there() -> Beginning {
    Beginning::after(&TWO, &[("demo", "1.1.0"), ("other", "0.3.1")])
}

#[test]
fn a_first_publish_that_is_killed_at_any_request_is_finished_by_the_next() {
    each_is_finished(&Beginning::of(&TWO), &[], |requests| in_turn(1..=requests));
}

#[test]
fn a_publish_beside_what_is_there_that_is_killed_is_finished_by_the_next() {
    each_is_finished(&beside_what_is_there(), &[], |requests| in_turn((1..=requests).step_by(2)));
}

#[test]
fn generated_notes_and_packages_beside_the_index_are_finished_too() {
    let beginning = Beginning::after(&[("demo", "1.0.0")], &[("demo", "1.1.0")]);
    each_is_finished(&beginning, &WITH_MORE, |requests| in_turn((1..=requests).step_by(2)));
}

#[test]
#[ignore = "some hundred worlds: CONTRIBUTING has the command"]
fn a_publish_that_is_killed_at_any_request_in_any_way_is_finished_by_the_next() {
    each_is_finished(&beside_what_is_there(), &WITH_MORE, in_every_way);
    each_is_finished(&Beginning::of(&TWO), &[], in_every_way);
    each_is_finished(&beside_what_is_there(), &[], in_every_way);
}

/// Numbers up to this one that look random and are the same each time: Knuth's linear congruential generator.
fn numbers(seed: u64, up_to: usize) -> impl Iterator<Item = usize> {
    let step = |state: &u64| {
        Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    };
    std::iter::successors(step(&seed), step).map(move |state| (state >> 33) as usize % up_to + 1)
}

/// Two runs that are killed one after the other, at this many pairs of random places.
fn killed_twice(worlds: usize) {
    let beginning = Beginning::of(&TWO);
    let clean = Clean::of(&beginning, &[]);
    let pairs = numbers(2, clean.requests).zip(numbers(3, clean.requests)).take(worlds);
    let cases: Vec<_> = pairs
        .enumerate()
        .map(|(case, (first, second))| (first, WAYS[case % 3], second, WAYS[case / 3 % 3]))
        .collect();
    each(&cases, |&(first, way, second, other_way)| {
        let world = beginning.world();
        assert!(killed_at(&world, first, way, &[]), "the run never came to request {first}");
        // There may be fewer requests left.
        killed_at(&world, second, other_way, &[]);
        is_finished_by_the_next(&world, &clean, &[]);
    });
}

/// Four charts that are published at once: which request has which number is another each time.
fn killed_among_four(worlds: usize) {
    const JOBS: [&str; 2] = ["--jobs", "4"];
    let beginning = Beginning::of(&FOUR);
    let clean = Clean::of(&beginning, &JOBS);
    let cases: Vec<_> = numbers(4, clean.requests).take(worlds).zip(WAYS.into_iter().cycle()).collect();
    each(&cases, |&(number, way)| {
        let world = beginning.world();
        let came = killed_at(&world, number, way, &JOBS);
        // Side by side, a run makes a request more or less than another: only the last ones may never come.
        assert!(came || number + 8 > clean.requests, "the run never came to request {number}");
        is_finished_by_the_next(&world, &clean, &JOBS);
    });
}

#[test]
fn two_runs_that_are_killed_one_after_the_other_are_finished_by_the_third() {
    killed_twice(6);
}

#[test]
fn a_publish_of_four_charts_at_once_that_is_killed_somewhere_is_finished_by_the_next() {
    killed_among_four(9);
}

#[test]
#[ignore = "some hundred worlds: CONTRIBUTING has the command"]
fn runs_that_are_killed_at_many_random_places_are_finished() {
    killed_twice(60);
    killed_among_four(90);
}
