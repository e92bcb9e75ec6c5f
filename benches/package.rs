//! How long it takes to package all charts of a repository, beside `helm package` in the same run.
//!
//! `HELM3=… HELM4=… cargo bench --bench package`. Each Helm is started once with all charts, which is the quickest that
//! it can do, and once for each chart, which is what a loop over the changed charts does.

use charts::CHARTS;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};
use timing::{Row, processes, table};

mod charts;
#[allow(dead_code, reason = "not every benchmark measures in its own process")]
mod timing;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (repository, into) = (folder.path().join("repository"), folder.path().join("packages"));
    fs::create_dir(&repository).expect("a folder for the repository");
    fs::create_dir(&into).expect("a folder for the packages");
    charts::repository(&repository, 200);
    let mut helms = Vec::new();
    for helm in ["HELM3", "HELM4"] {
        match env::var_os(helm) {
            Some(path) => helms.push((helm, PathBuf::from(path))),
            None => println!("{helm} is not set: its part is left out"),
        }
    }
    let one_call: Vec<_> = helms.iter().map(|(helm, _)| format!("helm package, {helm}, one call")).collect();
    let many_calls: Vec<_> =
        helms.iter().map(|(helm, _)| format!("helm package, {helm}, a call for each chart")).collect();
    let ours = |more: &'static [&str]| {
        let (repository, into) = (&repository, &into);
        processes(move || {
            let mut program = Command::new(env!("CARGO_BIN_EXE_chart-release"));
            program.current_dir(repository).arg("package").args(more).arg("--into").arg(into);
            vec![program]
        })
    };
    let all: Vec<usize> = (0..CHARTS).collect();
    let mut rows: Vec<Row> = vec![
        ("chart-release package", ours(&[])),
        ("chart-release package --jobs 1", ours(&["--jobs", "1"])),
    ];
    for (at, (_, helm)) in helms.iter().enumerate() {
        let (repository, into, all) = (&repository, &into, &all);
        let package = move |charts: &[usize]| helm_package(helm, repository, into, charts);
        rows.push((&one_call[at], processes(move || vec![package(all)])));
        rows.push((&many_calls[at], processes(move || all.chunks(1).map(package).collect())));
    }
    table(&format!("Package {CHARTS} charts"), 15, &mut rows);
    drop(rows);
    let sizes = fs::read_dir(&into)
        .expect("packages")
        .map(|file| file.and_then(|file| file.metadata()).expect("a package").len());
    let sizes: Vec<u64> = sizes.collect();
    println!("{} packages of {} bytes", sizes.len(), sizes.iter().sum::<u64>() / sizes.len() as u64);
}

fn helm_package(helm: &Path, repository: &Path, into: &Path, charts: &[usize]) -> Command {
    let mut command = Command::new(helm);
    // An empty home: no plugins, no repositories.
    command.current_dir(repository).env("HOME", into).args(["package", "--destination"]).arg(into);
    command.args(charts.iter().map(|chart| format!("charts/{}", charts::name(*chart))));
    command
}
