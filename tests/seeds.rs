//! The seeds of the fuzz targets, and what the fuzzer ever found: all of it holds without the fuzzer too, and so does
//! what comes of a little damage to them.

#[path = "../fuzz/src/lib.rs"]
mod bodies;

use proptest::{
    prelude::*,
    test_runner::{TestCaseError, TestRunner},
};
use std::{
    fs,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
};

/// A target: what is done with one input of it.
type Body = fn(&[u8]);

/// The seeds of a target, in the order of their names.
fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let listed = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = listed.map(|entry| entry.expect("the folder is listed").path()).collect();
    paths.sort();
    assert!(paths.len() > 5, "{} has hardly any seeds", folder.display());
    paths
        .into_iter()
        .map(|path| {
            let data = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path, data)
        })
        .collect()
}

fn holds(body: Body, data: &[u8]) -> bool {
    panic::catch_unwind(AssertUnwindSafe(|| body(data))).is_ok()
}

/// Runs the target on each of its seeds, and names all that fail.
fn every_seed_holds(target: &str, body: Body) {
    let seeds = seeds(target);
    let failing: Vec<_> = seeds.iter().filter(|(_, data)| !holds(body, data)).map(|(path, _)| path).collect();
    assert!(failing.is_empty(), "what the target {target} asserts does not hold of {failing:#?}");
}

/// Puts pieces of other seeds into one, takes some out, and changes bytes.
fn damaged(target: &str) -> impl Strategy<Value = Vec<u8>> {
    let seeds: Vec<Vec<u8>> = seeds(target).into_iter().map(|(_, data)| data).collect();
    let others = seeds.clone();
    let place = any::<prop::sample::Index>;
    let edit = (place(), 0..24usize, prop::sample::select(others), place(), 0..24usize, any::<Option<u8>>());
    (prop::sample::select(seeds), prop::collection::vec(edit, 1..4)).prop_map(|(mut data, edits)| {
        for (at, taken, other, from, put, byte) in edits {
            let at = at.index(data.len() + 1);
            let taken = at..data.len().min(at + taken);
            let from = from.index(other.len() + 1);
            let piece = &other[from..other.len().min(from + put)];
            match byte {
                Some(byte) => data.splice(at..at, [byte]).for_each(drop),
                None => data.splice(taken, piece.iter().copied()).for_each(drop),
            }
        }
        data
    })
}

/// Runs the target on what comes of its seeds.
fn what_is_damaged_holds(target: &str, body: Body) {
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    let tried = TestRunner::new(config).run(&damaged(target), |data| {
        let shown = || format!("{:?}", String::from_utf8_lossy(&data));
        if holds(body, &data) { Ok(()) } else { Err(TestCaseError::fail(shown())) }
    });
    tried.unwrap_or_else(|error| panic!("{target}: {error}"));
}

macro_rules! targets {
    ($($target:ident),*) => {$(
        mod $target {
            #[test]
            fn every_seed_holds() {
                super::every_seed_holds(stringify!($target), super::bodies::$target);
            }

            #[test]
            fn what_is_damaged_holds() {
                super::what_is_damaged_holds(stringify!($target), super::bodies::$target);
            }
        }
    )*};
}

targets!(archive, chart_yaml, helmignore, index, oci_manifest, provenance);

#[test]
fn every_target_of_the_fuzzer_is_run_here() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/Cargo.toml"))
        .expect("fuzz/Cargo.toml is read");
    let targets: Vec<_> =
        manifest.lines().filter_map(|line| line.strip_prefix("path = \"targets/")).collect();
    assert!(!targets.is_empty());
    let here = include_str!("seeds.rs");
    let list = here.split("targets!(").nth(1).and_then(|rest| rest.split(')').next()).expect("the list");
    for target in targets {
        let name = target.trim_end_matches(".rs\"");
        assert!(list.split(", ").any(|listed| listed == name), "{name} is not run by plain tests");
    }
}
