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
    check::{Task, check},
    dependencies::{self, Dependencies},
    doors::{http, patience::Patience, shelf::Shelf},
    publish::{AskedFor, Packing, Run},
    repo::{Base, Repo, Settings},
    report::{
        Event, Watch,
        check::{Rule, Severity},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
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

/// A branch of one commit, for each commit of the first-parent line, against the commit before it: an error where content
/// changed and the version stayed, and nowhere else. What changed is asked of git.
#[tokio::test]
#[ignore = "needs the corpora, which are not in the repository: see the head of this file"]
async fn every_commit_is_checked_against_the_one_before_it() {
    let mut wrong = Vec::new();
    for bundle in &bundles() {
        wrong.extend(check_each(bundle).await);
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// Nobody who is told what happens.
struct Nobody;

impl Watch for Nobody {
    fn saw(&self, _: Event<'_>) {}
}

async fn check_each(bundle: &Path) -> Vec<String> {
    let corpus = bundle.file_stem().unwrap().to_str().unwrap().to_owned();
    let truth = truth(&bundle.with_extension("truth.json.xz"));
    let clone = tempfile::tempdir().unwrap();
    let cloned =
        Command::new("git").args(["clone", "--quiet", "--bare"]).arg(bundle).arg(clone.path()).status();
    assert!(cloned.unwrap().success(), "cloning {corpus}");
    let settings = Settings { charts: truth.charts_dirs.clone(), ..Settings::default() };
    let repo = Repo::open(clone.path(), &settings).unwrap();
    let shelf = Arc::new(Shelf::new().unwrap());
    let (mut wrong, mut reported, mut unpackaged, mut unseen, mut notices) = (Vec::new(), 0, 0, 0, 0);
    let begun = Instant::now();
    for commit in &truth.commits {
        let Some(parent) = commit.parent.as_ref().filter(|parent| !parent.is_empty()) else { continue };
        let repo = repo.at(&commit.commit);
        let survey = repo.survey(Selection::Sweep { since: None }).await.unwrap();
        let charts = repo.compared(Some(parent.clone())).await.unwrap();
        let dependencies = Dependencies::new(dependencies::Settings {
            mode: None,
            cache: None,
            logins: BTreeMap::new(),
            plain_http: Vec::new(),
            environment: BTreeMap::new(),
            http: http::Settings {
                call: Duration::ZERO,
                patience: Patience { again: 0, pause: Duration::ZERO, longest: Duration::ZERO },
            },
        });
        let packing = Packing { repo, dependencies: dependencies.unwrap(), secrets: [].into(), epoch: None };
        let task = Task {
            packing: &packing,
            base: Base::Named(parent.clone()),
            edited_here: false,
            registries: Vec::new(),
            home: None,
        };
        let run = Run {
            channels: &[],
            source: &packing,
            shelf: &shelf,
            watch: &Nobody,
            sweep: false,
            only: None,
            asked: AskedFor::Nothing,
            backfill: false,
            head: Some(commit.commit.clone()),
            at_once: 16,
            source_url: None,
            signer: None,
            keep: false,
            stop: &|| false,
        };
        let check = check(&task, run, survey).await.unwrap();
        notices += check.of(Severity::Notice).count();
        let changed = changed_files(clone.path(), parent, &commit.commit);
        let errors: BTreeSet<&str> = check
            .of(Severity::Error)
            .filter(|finding| finding.rule == Rule::VersionStays)
            .map(|finding| finding.path.as_str())
            .collect();
        for finding in check.of(Severity::Error) {
            // The reason lies in what the commit changed: below the chart, or in a chart that it has by `file://`.
            let below = |file: &String| file.starts_with(&format!("{}/", finding.path));
            let roots =
                |file: &String| truth.charts_dirs.iter().any(|root| file.starts_with(&format!("{root}/")));
            if !changed.iter().any(below) && !changed.iter().any(roots) {
                wrong.push(format!("{corpus}, {}: {finding:?} has no reason", commit.commit));
            }
        }
        reported += errors.len();
        for chart in charts {
            let path = chart.path();
            let stays = chart.before.as_ref().is_some_and(|before| before.is == chart.is);
            let placeholder = chart.is.version.is_placeholder();
            let same_folder = chart.before.as_ref().is_some_and(|before| before.origin.path() == path);
            let packaged = |file: &String| {
                file.strip_prefix(&format!("{path}/"))
                    .is_some_and(|file| file == "values.yaml" || file.starts_with("templates/"))
            };
            if !stays || placeholder || !same_folder || !changed.iter().any(packaged) || errors.contains(path)
            {
                continue;
            }
            let stopped = |finding: &&chart_release::report::check::Finding| {
                finding.rule == Rule::NoPackage && finding.path == path
            };
            let before = &chart.before.as_ref().unwrap().origin;
            if check.findings.iter().any(|finding| stopped(&finding))
                || packing.contents(before).await.is_err()
            {
                unpackaged += 1;
            } else {
                unseen += 1;
                wrong.push(format!("{corpus}, {}: {} changed, unseen", commit.commit, chart.is));
            }
        }
    }
    println!(
        "{corpus}: {} commits, {reported} versions stayed, {unpackaged} could not be packaged, {unseen} unseen, {notices} notices, {:.1} s",
        truth.commits.len(),
        begun.elapsed().as_secs_f32(),
    );
    wrong
}

/// The files that differ between two commits, whatever they hold.
fn changed_files(repository: &Path, one: &str, other: &str) -> Vec<String> {
    let output = Command::new("git")
        .current_dir(repository)
        .args(["diff-tree", "-r", "--no-renames", "--name-only", "-z", one, other])
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split('\0').filter(|file| !file.is_empty()).map(str::to_owned).collect()
}
