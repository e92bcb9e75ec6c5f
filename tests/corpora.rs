//! Replays the histories of real chart repositories, commit by commit, and compares what a sweep would have published
//! with what their authors introduced.
//!
//! Not part of a plain `cargo test`: the corpora are not in the repository. One command:
//!
//! ```text
//! CORPORA=../shared/corpora cargo test --release --test corpora -- --ignored --nocapture
//! ```

use chart_release::{
    changes::{Selection, Survey},
    repo::{Repo, Settings},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

/// What a corpus says of one commit.
#[derive(serde::Deserialize)]
struct Commit {
    commit: String,
    parent: Option<String>,
    introduced: Vec<Introduced>,
}

#[derive(serde::Deserialize)]
struct Introduced {
    name: serde_json::Value,
    version: serde_json::Value,
    path: String,
    #[serde(default)]
    nested: bool,
}

/// Versions that are rightly not published where a push has many commits, each with the reason; beside those that are
/// told by rule.
const NOT_PUBLISHED: [(&str, &str, &str); 3] = [
    ("codecentric-helm-charts", "mailhog@3.2.1", "reverted to 3.2.0 by the next commit of the push"),
    (
        "cloudnative-pg-charts",
        "cloudnative-pg@0.13.0",
        "replaced within the first push, before which nothing was",
    ),
    (
        "cloudnative-pg-charts",
        "cnpg-sandbox@0.4.0",
        "replaced within the first push, before which nothing was",
    ),
];

/// Why a sweep never takes up this version, whatever the history.
fn no_sweep_takes(introduced: &Introduced, roots: &[String], is: &str) -> Option<&'static str> {
    let version = is.rsplit('@').next().unwrap_or_default();
    if introduced.nested {
        Some("a subchart")
    } else if version.starts_with("0.0.0") {
        Some("a placeholder")
    } else if !roots.iter().any(|root| introduced.path.starts_with(&format!("{root}/"))) {
        Some("outside the configured folders")
    } else {
        None
    }
}

/// Whether this is a prerelease of a chart that is at a release after the push.
fn is_overtaken(is: &str, survey: &Survey) -> bool {
    let Some((name, version)) = is.rsplit_once('@') else { return false };
    let lane = survey.lanes.iter().find(|(lane, _)| lane.as_str() == name);
    let current = lane.and_then(|(_, lane)| lane.last());
    version.contains('-') && current.is_some_and(|current| !current.is.version.is_prerelease())
}

#[derive(serde::Deserialize)]
struct Truth {
    charts_dirs: Vec<String>,
    commits: Vec<Commit>,
}

#[tokio::test]
#[ignore = "needs the corpora, which are not in the repository: see the head of this file"]
async fn every_push_publishes_what_it_introduced_and_nothing_twice() {
    let mut wrong = Vec::new();
    for bundle in &bundles() {
        wrong.extend(replay(bundle).await);
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

fn bundles() -> Vec<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("CORPORA").unwrap_or_else(|| "../shared/corpora".into()));
    let mut bundles: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("the corpora are not in {}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "bundle"))
        .collect();
    bundles.sort();
    assert!(!bundles.is_empty(), "{} has no bundle", folder.display());
    bundles
}

/// Prints how long a sweep takes over each corpus as it is checked out, with nothing in it to remember from before.
#[tokio::test]
#[ignore = "needs the corpora, which are not in the repository: see the head of this file"]
async fn how_long_a_sweep_takes() {
    for bundle in bundles() {
        let clone = tempfile::tempdir().unwrap();
        let cloned = Command::new("git").args(["clone", "--quiet"]).arg(&bundle).arg(clone.path()).status();
        assert!(cloned.unwrap().success());
        let charts = truth(&bundle.with_extension("truth.json.xz")).charts_dirs;
        let settings = Settings { charts, ..Settings::default() };
        let open = || Repo::open(clone.path(), &settings).unwrap();
        let milliseconds = |begun: Instant| begun.elapsed().as_secs_f64() * 1000.0;
        let begun = Instant::now();
        open().facts().await.unwrap();
        let opened = milliseconds(begun);
        let begun = Instant::now();
        let survey = open().survey(Selection::Sweep { since: None }).await.unwrap();
        let swept = milliseconds(begun);
        let charts: Vec<_> = survey.lanes.keys().cloned().collect();
        let begun = Instant::now();
        let earlier = open().earlier(charts.clone(), usize::MAX).await.unwrap();
        println!(
            "{}: opening {opened:.1} ms, a sweep over {} charts {swept:.1} ms, all {} earlier versions {:.1} ms",
            bundle.file_stem().unwrap().display(),
            charts.len(),
            earlier.values().flatten().count(),
            milliseconds(begun),
        );
    }
}

async fn replay(bundle: &Path) -> Vec<String> {
    let corpus = bundle.file_stem().unwrap().to_str().unwrap().to_owned();
    let truth = truth(&bundle.with_extension("truth.json.xz"));
    let clone = tempfile::tempdir().unwrap();
    let cloned =
        Command::new("git").args(["clone", "--quiet", "--bare"]).arg(bundle).arg(clone.path()).status();
    assert!(cloned.unwrap().success(), "cloning {corpus}");
    let oldest_first: Vec<_> = truth.commits.iter().rev().collect();
    let settings = Settings { charts: truth.charts_dirs.clone(), ..Settings::default() };
    let repo = Repo::open(clone.path(), &settings).unwrap();
    let mut wrong = Vec::new();
    for pushed_at_once in [1, 10] {
        let begun = Instant::now();
        let mut published = BTreeSet::new();
        let (mut missed, mut twice, mut expected) = (0, 0, 0);
        for push in oldest_first.chunks(pushed_at_once) {
            let (first, last) = (push[0], push[push.len() - 1]);
            let survey =
                repo.at(&last.commit).survey(Selection::Sweep { since: first.parent.clone() }).await.unwrap();
            let new: BTreeSet<_> = planned(&survey).filter(|is| !published.contains(is)).collect();
            let introduced: BTreeMap<_, _> =
                push.iter().flat_map(|commit| &commit.introduced).map(told).collect();
            expected += introduced.len();
            let place = |what: &str, is: &str| {
                format!("{corpus}, {pushed_at_once} at once, {}: {what} {is}", last.commit)
            };
            for (is, introduced) in &introduced {
                if new.contains(is) || published.contains(is) {
                    continue;
                }
                let listed =
                    NOT_PUBLISHED.iter().find(|(of, not_published, _)| *of == corpus && not_published == is);
                let reason = no_sweep_takes(introduced, &truth.charts_dirs, is)
                    .or_else(|| {
                        is_overtaken(is, &survey)
                            .then_some("a prerelease whose release came in the same push")
                    })
                    .or_else(|| listed.filter(|_| pushed_at_once > 1).map(|(.., reason)| *reason));
                match reason {
                    Some(reason) => println!("  {is} is not published: {reason}"),
                    None => {
                        missed += 1;
                        wrong.push(place("missed", is));
                    }
                }
            }
            for is in new.iter().filter(|is| !introduced.contains_key(*is)) {
                twice += 1;
                wrong.push(place("not introduced", is));
            }
            published.extend(new);
        }
        println!(
            "{corpus}: {pushed_at_once} at once: {} commits, {expected} introduced, {} published, {missed} missed, {twice} unexpected, {:.1} s",
            oldest_first.len(),
            published.len(),
            begun.elapsed().as_secs_f32(),
        );
    }
    wrong
}

fn planned(survey: &Survey) -> impl Iterator<Item = String> {
    survey.lanes.values().flatten().map(|candidate| candidate.is.to_string())
}

fn told(introduced: &Introduced) -> (String, &Introduced) {
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    (format!("{}@{}", text(&introduced.name), text(&introduced.version)), introduced)
}

fn truth(file: &Path) -> Truth {
    let mut packed = std::io::BufReader::new(std::fs::File::open(file).unwrap());
    let mut text = Vec::new();
    lzma_rs::xz_decompress(&mut packed, &mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}
