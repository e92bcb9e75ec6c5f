//! How long an index.yaml takes to scan and to add to, against the time of looking for its newlines; how much memory.
//!
//! `cargo bench --bench index` measures. `cargo bench --bench index -- --write FOLDER` writes the two indexes that it
//! measures with, for a comparison with other tools. `cargo bench --bench index -- --replay FILE…` reads real indexes,
//! adds two entries to each, and checks that every old line is still there. `--add FILE NEW` writes what comes of that.

use bytes::Bytes;
use chart_release::{
    charts::Metadata,
    digest::Digest,
    index::{Index, NewEntry},
};
use std::{fmt::Write as _, fs, hint::black_box, path::Path, time::Instant};

#[global_allocator]
static MEMORY: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

const CHARTS: usize = 46;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.split_first() {
        Some((flag, rest)) if flag == "--write" => write(Path::new(rest.first().expect("a folder"))),
        Some((flag, files)) if flag == "--replay" => {
            files.iter().for_each(|file| drop(replay(Path::new(file))))
        }
        Some((flag, files)) if flag == "--add" => {
            let more = replay(Path::new(&files[0])).expect("it can be added to");
            fs::write(&files[1], more).expect("it is written");
        }
        _ => {
            measure("5 MB", 74, 200);
            measure("54 MB", 740, 25);
        }
    }
}

/// An index of realistic entries, in Helm's own layout.
fn generated(versions: usize) -> String {
    let mut text = String::from("apiVersion: v1\nentries:\n");
    for chart in 0..CHARTS {
        let _ = writeln!(text, "  chart-{chart:02}:");
        for version in (0..versions).rev() {
            entry(&mut text, chart, version);
        }
    }
    text.push_str("generated: \"2024-05-06T07:08:09.123456789Z\"\n");
    text
}

fn entry(text: &mut String, chart: usize, version: usize) {
    let name = format!("chart-{chart:02}");
    let digest = Digest::of(format!("{name}{version}").as_bytes()).hex();
    let (minor, patch) = (version / 10, version % 10);
    let _ = write!(
        text,
        r#"  - annotations:
      artifacthub.io/changes: |
        - kind: fixed
          description: Wait for the database before the first migration
        - kind: changed
          description: "Update the image to 4.{minor}.{patch}"
      artifacthub.io/license: Apache-2.0
      artifacthub.io/links: |
        - name: source
          url: https://github.com/example/{name}
    apiVersion: v2
    appVersion: "4.{minor}"
    created: "2024-05-06T07:08:09.123456789Z"
    dependencies:
    - condition: postgresql.enabled
      name: postgresql
      repository: https://charts.example.org/databases
      version: 15.{minor}.{patch}
    - condition: redis.enabled
      name: redis
      repository: oci://registry.example.org/charts
      tags:
      - cache
      version: ^19.0.0
    description: 'A service that does one thing and does it well: it keeps what it is
      told, and says it again when asked.'
    digest: {digest}
    home: https://example.org/{name}
    icon: https://example.org/{name}/icon.svg
    keywords:
    - service
    - database
    - example
    kubeVersion: '>=1.25.0-0'
    maintainers:
    - email: first@example.org
      name: first
      url: https://example.org/people/first
    - email: second@example.org
      name: second
    name: {name}
    sources:
    - https://github.com/example/charts/tree/main/charts/{name}
    - https://github.com/example/{name}
    type: application
    urls:
    - https://github.com/example/charts/releases/download/{name}-1.{minor}.{patch}/{name}-1.{minor}.{patch}.tgz
    version: 1.{minor}.{patch}
"#
    );
}

fn write(folder: &Path) {
    for (name, versions) in [("index-5mb.yaml", 74), ("index-54mb.yaml", 740)] {
        let path = folder.join(name);
        fs::write(&path, generated(versions)).expect("the index is written");
        println!("{}", path.display());
    }
}

fn metadata(name: &str, version: &str) -> Metadata {
    Metadata {
        name: name.into(),
        version: version.into(),
        api_version: "v2".into(),
        description: "A new one".into(),
        ..Metadata::default()
    }
}

fn new(metadata: &Metadata) -> NewEntry<'_> {
    let urls = vec![format!("https://example.org/{}-{}.tgz", metadata.name, metadata.version)];
    NewEntry { metadata, urls, created: 1_715_000_000, digest: Digest::of(b"package") }
}

fn measure(title: &str, versions: usize, runs: usize) {
    let bytes = Bytes::from(generated(versions));
    let metadata = metadata("chart-23", "1.3.5-rc.1");
    let entry = [new(&metadata)];
    let newlines = times(runs, || memchr::memchr_iter(b'\n', black_box(&bytes)).count());
    let scan = times(runs, || Index::scan(black_box(bytes.clone())).expect("it is read").charts().count());
    let index = Index::scan(bytes.clone()).expect("it is read");
    let splice = times(runs, || black_box(&index).with(&entry, 1_715_000_000).expect("it is added to").len());
    let both = times(runs, || {
        let index = Index::scan(bytes.clone()).expect("it is read");
        index.with(&entry, 1_715_000_000).expect("it is added to").len()
    });
    drop(index);
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let index = Index::scan(bytes.clone()).expect("it is read");
    let scanned = MEMORY.peak_usage() - before;
    drop(black_box(index.with(&entry, 1_715_000_000)));
    let spliced = MEMORY.peak_usage() - before;
    println!("{title}: {} bytes, {} entries", bytes.len(), CHARTS * versions);
    for (what, times) in
        [("look for newlines", &newlines), ("scan", &scan), ("add one entry", &splice), ("both", &both)]
    {
        let ratio = times.median / newlines.median;
        let (median, best) = (times.median * 1e3, times.best * 1e3);
        println!("  {what:18} median {median:8.2} ms, best {best:8.2} ms, {ratio:5.1} times the first");
    }
    let share = |used: usize| used as f64 / bytes.len() as f64;
    println!(
        "  memory beside the file: scan {:.2}, both {:.2} times its size",
        share(scanned),
        share(spliced)
    );
}

/// How long something takes, in seconds.
struct Times {
    /// The middle one of all runs.
    median: f64,
    /// What it takes when nothing else runs.
    best: f64,
}

fn times<T>(runs: usize, mut work: impl FnMut() -> T) -> Times {
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    Times { median: times[runs / 2], best: times[0] }
}

fn replay(file: &Path) -> Option<Bytes> {
    let bytes = Bytes::from(fs::read(file).expect("the file is read"));
    let told = |problem| println!("{}: {problem:?}", file.display());
    let index = Index::scan(bytes.clone()).map_err(told).ok()?;
    let entries: usize = index.charts().map(|name| index.versions(name).count()).sum();
    let first = index.charts().next().unwrap_or("demo").to_owned();
    let (known, unknown) = (metadata(&first, "1.2.3-replayed.1"), metadata("a-new-chart", "1.0.0"));
    let more = index.with(&[new(&known), new(&unknown)], 0).map_err(told).ok()?;
    let mut left = more.split_inclusive(|byte| *byte == b'\n');
    let kept = bytes.split_inclusive(|byte| *byte == b'\n').all(|line| left.any(|other| other == line));
    let again = Index::scan(more.clone()).expect("what was written is read");
    let found = [&known, &unknown].iter().all(|new| again.get(&new.name, &new.version).is_some());
    println!(
        "{}: {entries} entries, {} notices, kept {kept}, found {found}",
        file.display(),
        index.notices().len()
    );
    Some(more)
}
