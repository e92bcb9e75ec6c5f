//! How long an index.yaml takes to scan, to add to, and to read some charts out of, against the time of looking for its
//! newlines; how much memory.
//!
//! `HELM4=… cargo bench --bench index` measures; without `HELM4`, it leaves out how long `helm repo index --merge` and
//! `helm search repo` take for the same and how much memory. `cargo bench --bench index -- --write FOLDER` writes the two indexes that it
//! measures with, for a comparison with other tools, and `--add FILE NEW` adds one entry,
//! `--some FILE` reads three charts and `--all FILE` all of them. `--replay FILE…` reads real
//! indexes, adds two entries to each, and checks that every old line is still there.

use bytes::Bytes;
use chart_release::{
    archive,
    charts::Metadata,
    digest::Digest,
    index::{Excerpt, Index, NewEntry},
    problem::Problem,
};
use std::{
    collections::BTreeSet,
    env,
    fmt::Write as _,
    fs,
    hint::black_box,
    io::{Cursor, Read, Seek},
    path::Path,
    process::{Command, Stdio},
};
use timing::{processes, table, work};

mod timing;

#[global_allocator]
static MEMORY: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

const CHARTS: usize = 46;
/// The indexes, and how many versions each chart has in them.
const FILES: [(&str, usize); 2] = [("index-5mb.yaml", 74), ("index-54mb.yaml", 740)];
/// The charts that are read out of them.
const WANTED: [&str; 3] = ["chart-03", "chart-23", "chart-45"];
/// When entries are added, in seconds since 1970.
const NOW: i64 = 1_715_000_000;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.split_first() {
        Some((flag, rest)) if flag == "--write" => write(Path::new(rest.first().expect("a folder"))),
        Some((flag, files)) if flag == "--replay" => {
            files.iter().for_each(|file| replay(Path::new(file)));
        }
        Some((flag, files)) if flag == "--some" => {
            println!("{}", some(fs::File::open(&files[0]).expect("the file is there")));
        }
        Some((flag, files)) if flag == "--all" => {
            let index = Index::scan(fs::read(&files[0]).expect("the file is read")).expect("it is read");
            println!("{}", WANTED.iter().map(|name| index.versions(name).count()).sum::<usize>());
        }
        Some((flag, files)) if flag == "--add" => add(Path::new(&files[0]), Path::new(&files[1])),
        _ => {
            match env::var_os("HELM4") {
                Some(helm) => beside_helm(Path::new(&helm)),
                None => println!("HELM4 is not set: its part is left out"),
            }
            measure("5 MB", FILES[0].1, 200);
            measure("54 MB", FILES[1].1, 25);
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
    for (name, versions) in FILES {
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
    NewEntry { metadata, urls, created: NOW, digest: Digest::of(b"package") }
}

fn measure(title: &str, versions: usize, runs: usize) {
    let bytes = Bytes::from(generated(versions));
    let metadata = metadata("chart-23", "1.3.5-rc.1");
    let entry = [new(&metadata)];
    let scan = || Index::scan(black_box(bytes.clone())).expect("it is read");
    let index = scan();
    table(
        &format!("{title}: {} bytes, {} entries", bytes.len(), CHARTS * versions),
        runs,
        &mut [
            ("look for newlines", work(|| memchr::memchr_iter(b'\n', black_box(&bytes)).count())),
            ("scan", work(|| scan().charts().count())),
            ("add one entry", work(|| index.with(&entry, NOW).expect("it is added to").len())),
            ("scan and add", work(|| scan().with(&entry, NOW).expect("it is added to").len())),
            ("read three charts", work(|| some(Cursor::new(black_box(&bytes))))),
        ],
    );
    drop(index);
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let index = scan();
    let scanned = MEMORY.peak_usage() - before;
    drop(black_box(index.with(&entry, NOW)));
    let spliced = MEMORY.peak_usage() - before;
    MEMORY.reset_peak_usage();
    let without = MEMORY.current_usage();
    some(Cursor::new(&bytes));
    let read = MEMORY.peak_usage() - without;
    let share = |used: usize| used as f64 / bytes.len() as f64;
    println!(
        "  memory beside the file: scan {:.2}, scan and add {:.2}, read three charts {:.2} times its size\n",
        share(scanned),
        share(spliced),
        share(read)
    );
}

/// Adds one entry to an index, from file to file: this program as a process of its own, and `helm repo index --merge`.
/// To be called before anything large is in memory.
fn beside_helm(helm: &Path) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let again = |flag: &str| {
        let mut command = Command::new(env::current_exe().expect("this program"));
        command.arg(flag);
        command
    };
    let written = again("--write").arg(folder.path()).stdout(Stdio::null()).status();
    assert!(written.expect("this program runs").success());
    let packages = folder.path().join("packages");
    fs::create_dir(&packages).expect("a folder");
    let chart = "apiVersion: v2\nname: chart-23\nversion: 1.3.5-rc.1\ndescription: A new one\n";
    let package = archive::write(&[("chart-23/Chart.yaml".to_owned(), chart.into())], 0);
    fs::write(packages.join("chart-23-1.3.5-rc.1.tgz"), package).expect("the package is written");
    for (title, file, runs) in [("5 MB", FILES[0].0, 5), ("54 MB", FILES[1].0, 3)] {
        let old = folder.path().join(file);
        let new = folder.path().join("new.yaml");
        let ours = || {
            let mut command = again("--add");
            command.arg(&old).arg(&new);
            vec![command]
        };
        let theirs = || {
            let mut command = Command::new(helm);
            command.env("HOME", folder.path()).args(["repo", "index"]).arg(&packages);
            command.args(["--url", "https://example.org", "--merge"]).arg(&old);
            vec![command]
        };
        table(
            &format!("Add one entry to an index of {title}, from file to file"),
            runs,
            &mut [
                ("scan and add, as a process", processes(ours)),
                ("helm repo index --merge", processes(theirs)),
            ],
        );
    }
    let home = folder.path().join("home");
    fs::create_dir(&home).expect("a folder");
    let repositories = home.join("repositories.yaml");
    fs::write(&repositories, "repositories:\n- name: large\n  url: https://example.org\n")
        .expect("it is written");
    for (title, file, runs) in [("5 MB", FILES[0].0, 10), ("54 MB", FILES[1].0, 3)] {
        let index = folder.path().join(file);
        fs::copy(&index, home.join("large-index.yaml")).expect("it is copied");
        let ours = |flag: &'static str| {
            let (again, index) = (&again, &index);
            move || {
                let mut command = again(flag);
                command.arg(index);
                vec![command]
            }
        };
        let theirs = || {
            let mut command = Command::new(helm);
            command.args(["search", "repo", "large/chart-23", "--versions", "--repository-cache"]).arg(&home);
            command.arg("--repository-config").arg(&repositories);
            vec![command]
        };
        table(
            &format!("Find the versions of charts in an index of {title}, from a file"),
            runs,
            &mut [
                ("read three charts, as a process", processes(ours("--some"))),
                ("scan all, as a process", processes(ours("--all"))),
                ("helm search repo, of one chart", processes(theirs)),
            ],
        );
    }
}

/// How many entries three charts have.
fn some(document: impl Read + Seek) -> usize {
    let names = BTreeSet::from(WANTED);
    let excerpt = Excerpt::read(document, &names, 16 << 20).expect("it is read in pieces");
    WANTED.iter().map(|name| excerpt.versions(name).count()).sum()
}

/// One entry more.
fn add(old: &Path, more: &Path) {
    let metadata = metadata("chart-23", "1.3.5-rc.1");
    let index = Index::scan(fs::read(old).expect("the file is read")).expect("it is read");
    fs::write(more, index.with(&[new(&metadata)], NOW).expect("it is added to")).expect("it is written");
}

fn replay(file: &Path) {
    let bytes = Bytes::from(fs::read(file).expect("the file is read"));
    if let Err(problem) = replayed(file, bytes) {
        println!("{}: {problem:?}", file.display());
    }
}

fn replayed(file: &Path, bytes: Bytes) -> Result<(), Problem> {
    let index = Index::scan(bytes.clone())?;
    let entries: usize = index.charts().map(|name| index.versions(name).count()).sum();
    let first = index.charts().next().unwrap_or("demo").to_owned();
    let (known, unknown) = (metadata(&first, "1.2.3-replayed.1"), metadata("a-new-chart", "1.0.0"));
    let more = index.with(&[new(&known), new(&unknown)], 0)?;
    let mut left = more.split_inclusive(|byte| *byte == b'\n');
    let kept = bytes.split_inclusive(|byte| *byte == b'\n').all(|line| left.any(|other| other == line));
    let again = Index::scan(more.clone()).expect("what was written is read");
    let found = [&known, &unknown].iter().all(|new| again.get(&new.name, &new.version).is_some());
    println!(
        "{}: {entries} entries, {} notices, kept {kept}, found {found}",
        file.display(),
        index.notices().len()
    );
    Ok(())
}
