//! The locks of real charts. Not part of a plain `cargo test`: the corpora are not in the repository. One command:
//!
//! ```text
//! CORPORA=../shared/corpora cargo test --test dependencies -- --ignored --nocapture locks_of_real_charts
//! ```

use chart_release::{
    changes::Origin,
    charts::{Lock, lock_fits},
    repo::{self, Repo},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with(".git") {
            find(&path, found);
        } else if path.ends_with("Chart.lock") || path.ends_with("requirements.lock") {
            found.push(path);
        }
    }
}

/// Every lock is read, is written again as it stands there, and either fits its chart or is told as out of sync.
#[tokio::test]
#[ignore = "needs the corpora, which are not in the repository: see the head of this file"]
async fn locks_of_real_charts() {
    let corpora = std::env::var_os("CORPORA").expect("CORPORA names the folder of the corpora");
    let bundles = fs::read_dir(corpora).unwrap().map(|entry| entry.unwrap().path());
    let (mut fit, mut told) = (0, 0);
    for bundle in bundles.filter(|path| path.extension().is_some_and(|extension| extension == "bundle")) {
        let clone = tempfile::tempdir().unwrap();
        let cloned = Command::new("git").args(["clone", "--quiet"]).arg(&bundle).arg(clone.path()).status();
        assert!(cloned.unwrap().success());
        let repo = Repo::open(clone.path(), &repo::Settings::default()).unwrap();
        let mut locks = Vec::new();
        find(clone.path(), &mut locks);
        for path in locks {
            let folder =
                path.parent().unwrap().strip_prefix(clone.path()).unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let lock = Lock::read("Chart.lock", text.as_bytes()).unwrap().unwrap();
            let same = lock.to_yaml().unwrap() == text;
            let origin = Origin::WorkingTree { path: folder.clone() };
            let (files, _) = repo.files(origin).await.unwrap();
            match lock_fits(&folder, &files, &|_| None) {
                Ok(()) => fit += 1,
                Err(problem) => {
                    assert!(problem.what.contains("is out of sync"), "{folder}: {problem:?}");
                    told += 1;
                    println!("{}/{folder}: {}", bundle.file_stem().unwrap().display(), problem.what);
                }
            }
            if !same {
                println!(
                    "{}/{folder}: written by something else than Helm",
                    bundle.file_stem().unwrap().display()
                );
            }
        }
    }
    println!("{fit} locks fit, {told} are out of sync");
    assert!(fit > 0);
}
