//! The steps of the workflow `release`, as they follow each other there, against a git repository and a stand-in for
//! GitHub: whatever kills a run, the next one finishes it, and what is public never changes.
#![cfg(unix)]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

const TOOL: &str = env!("CARGO_BIN_EXE_chart-release-shipping");
const TARGETS: [&str; 6] = [
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
];

struct World {
    folder: TempDir,
    /// Each build makes other bytes, as real ones do when a runner's image changed between them.
    builds: Cell<u32>,
}

impl World {
    /// A repository that is ready to release 1.2.3.
    fn new() -> Self {
        let world = Self { folder: TempDir::new().expect("a folder"), builds: Cell::new(0) };
        for folder in ["releases", "work/release", "work/action", "work/src"] {
            fs::create_dir_all(world.path(folder)).expect("a folder");
        }
        let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
        for script in ["steps", "stage", "publish", "action-tag"] {
            fs::copy(ours.join(script), world.path("work/release").join(script)).expect("a script");
        }
        fs::copy(ours.join("../action/checksums.txt"), world.path("work/action/checksums.txt"))
            .expect("a file");
        fs::write(world.path("work/src/lib.rs"), "").expect("a file");
        world.git("", &["init", "--quiet", "--bare", "--initial-branch=main", "origin"]);
        world.git("work", &["init", "--quiet", "--initial-branch=main"]);
        world.prepare("main", "1.2.3");
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Dev", "-c", "user.email=dev@example.com", "-C"])
            .arg(self.path(folder))
            .args(arguments)
            .output()
            .expect("git runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Commits what a version needs on a branch, as a person does.
    fn prepare(&self, branch: &str, version: &str) {
        let manifest =
            format!("[package]\nname = \"chart-release\"\nversion = \"{version}\"\nedition = \"2024\"\n");
        fs::write(self.path("work/Cargo.toml"), manifest).expect("a file");
        fs::write(self.path("work/CHANGELOG.md"), format!("# Changelog\n\n## {version}\n\n- New.\n"))
            .expect("a file");
        self.git("work", &["add", "--all"]);
        self.git("work", &["commit", "--quiet", "--message", &format!("Prepare {version}")]);
        let origin = self.path("origin");
        self.git("work", &["push", "--quiet", &origin.to_string_lossy(), &format!("HEAD:{branch}")]);
    }

    fn checkout(&self, what: &str) -> PathBuf {
        let folder = TempDir::new_in(self.folder.path()).expect("a folder").keep();
        let origin = self.path("origin");
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        self.git("", &["clone", "--quiet", "--branch", what, &origin.to_string_lossy(), &name]);
        folder
    }

    fn run(
        &self,
        folder: &Path,
        command: &str,
        arguments: &[&str],
        die_at: Option<u32>,
    ) -> Result<String, String> {
        let stand_ins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/github");
        let path = std::env::var("PATH").expect("a path");
        let real_git =
            std::env::split_paths(&path).map(|folder| folder.join("git")).find(|git| git.is_file());
        let output: Output = Command::new(folder.join(command))
            .args(arguments)
            .current_dir(folder)
            .env("PATH", format!("{}:{path}", stand_ins.display()))
            .env("REAL_GIT", real_git.expect("git is there"))
            .env("WORLD", self.folder.path())
            .env("SHIPPING", TOOL)
            .env("GITHUB_REPOSITORY", "owner/name")
            .envs(die_at.map(|point| ("DIE_AT", point.to_string())))
            .process_group(0)
            .output()
            .expect("the step runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(said)
        }
    }

    fn build(&self, folder: &Path, version: &str) {
        self.builds.set(self.builds.get() + 1);
        for target in TARGETS {
            let name = format!("chart-release-{version}-{target}");
            let file = fs::File::create(folder.join(format!("{name}.tar.gz"))).expect("a file");
            let bytes = format!("{target}, build {}", self.builds.get());
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o755);
            let program = if target.contains("windows") { "chart-release.exe" } else { "chart-release" };
            let mut builder = tar::Builder::new(GzEncoder::new(file, Compression::fast()));
            builder.append_data(&mut header, program, bytes.as_bytes()).expect("an entry");
            builder.into_inner().expect("an archive").finish().expect("a stream");
        }
    }

    /// The workflow, from its start; `meanwhile` happens while it builds.
    fn release(
        &self,
        branch: &str,
        version: &str,
        die_at: Option<u32>,
        meanwhile: impl Fn(),
    ) -> Result<(), String> {
        fs::write(self.path("points"), "0").expect("a file");
        let tag = format!("v{version}");
        if self.git("origin", &["tag", "--list", &tag]).is_empty() {
            let checkout = self.checkout(branch);
            let built = checkout.join("dist");
            fs::create_dir(&built).expect("a folder");
            self.build(&built, version);
            meanwhile();
            self.run(&checkout, "release/stage", &[version, branch, "dist"], die_at)?;
        }
        let checkout = self.checkout(&tag);
        self.run(&checkout, "release/publish", &[version, "dist"], die_at)?;
        self.run(&checkout, "release/action-tag", &[version], die_at)?;
        Ok(())
    }

    fn points(&self) -> u32 {
        fs::read_to_string(self.path("points")).expect("a file").trim().parse().expect("a number")
    }

    /// The bytes of the release, once they are public.
    fn public(&self, tag: &str) -> Option<BTreeMap<String, Vec<u8>>> {
        let release = self.path("releases").join(tag);
        let state = fs::read_to_string(release.join("state")).ok()?;
        (state.trim() == "public").then(|| {
            let files =
                fs::read_dir(release.join("files")).expect("a folder").map(|file| file.expect("a file"));
            files
                .map(|file| {
                    (file.file_name().to_string_lossy().into_owned(), fs::read(file.path()).expect("bytes"))
                })
                .collect()
        })
    }

    fn commit(&self, name: &str) -> String {
        self.git("origin", &["rev-parse", name])
    }

    #[track_caller]
    fn assert_released(&self, tag: &str) {
        assert!(!self.path("broken").exists(), "{:?}", fs::read_to_string(self.path("broken")));
        let files = self.public(tag).expect("it is public");
        assert_eq!(files.len(), TARGETS.len() + 1, "{:?}", files.keys());
        let checksums = self.git("origin", &["show", &format!("{tag}:action/checksums.txt")]);
        let sums = String::from_utf8_lossy(&files["SHA256SUMS"]).into_owned();
        for line in sums.lines() {
            let (sum, file) = line.split_once("  ").expect("two columns");
            assert!(checksums.lines().any(|line| line.starts_with(sum) && line.ends_with(file)), "{file}");
        }
    }
}

#[test]
fn a_release_has_its_files_its_tag_and_the_tag_of_the_action() {
    let world = World::new();
    world.release("main", "1.2.3", None, || {}).expect("a release");
    world.assert_released("v1.2.3");
    assert_eq!(world.commit("v1"), world.commit("v1.2.3"));
    assert_eq!(world.commit("main"), world.commit("v1.2.3"));
    assert_eq!(fs::read_to_string(world.path("latest")).expect("a latest release").trim(), "v1.2.3");
}

#[test]
fn killed_anywhere_it_is_finished_by_the_next_run_and_nothing_public_changes() {
    for point in 1.. {
        let world = World::new();
        if world.release("main", "1.2.3", Some(point), || {}).is_ok() {
            assert!(
                world.points() < point && point > 12,
                "it was killed at every point, and these were few: {point}"
            );
            return;
        }
        let before = world.public("v1.2.3");
        world
            .release("main", "1.2.3", None, || {})
            .unwrap_or_else(|said| panic!("after point {point}: {said}"));
        world.assert_released("v1.2.3");
        assert_eq!(world.commit("v1"), world.commit("v1.2.3"), "after point {point}");
        if before.is_some() {
            assert_eq!(before, world.public("v1.2.3"), "after point {point}");
        }
    }
}

#[test]
fn a_branch_that_moved_meanwhile_makes_nothing_public_and_the_next_run_begins_anew() {
    let world = World::new();
    let said = world.release("main", "1.2.3", None, || world.prepare_more()).expect_err("it is refused");
    assert!(said.contains("start the workflow again"), "{said}");
    assert_eq!(world.git("origin", &["tag"]), "");
    assert_eq!(world.public("v1.2.3"), None);
    world.release("main", "1.2.3", None, || {}).expect("a release");
    world.assert_released("v1.2.3");
}

impl World {
    fn prepare_more(&self) {
        fs::write(self.path("work/src/lib.rs"), "//! More.\n").expect("a file");
        self.prepare("main", "1.2.3");
    }
}

#[test]
fn a_patch_of_an_older_line_leaves_the_tag_of_the_action_and_the_latest_release_alone() {
    let world = World::new();
    world.release("main", "1.2.3", None, || {}).expect("a release");
    let old = world.commit("main");
    world.git("work", &["pull", "--quiet", &world.path("origin").to_string_lossy(), "main"]);
    world.prepare("main", "1.3.0");
    world.release("main", "1.3.0", None, || {}).expect("a release");
    world.git("work", &["reset", "--quiet", "--hard", &old]);
    world.prepare("releases/1.2", "1.2.4");
    world.release("releases/1.2", "1.2.4", None, || {}).expect("a release");
    world.assert_released("v1.2.4");
    world.assert_released("v1.3.0");
    assert_eq!(world.commit("v1"), world.commit("v1.3.0"));
    assert_eq!(fs::read_to_string(world.path("latest")).expect("a latest release").trim(), "v1.3.0");
}

#[test]
fn a_github_that_does_not_answer_is_not_taken_for_one_without_releases() {
    let world = World::new();
    fs::write(world.path("unreachable"), "").expect("a file");
    world.release("main", "1.2.3", None, || {}).expect_err("it stops");
    assert_eq!(fs::read_dir(world.path("releases")).expect("a folder").count(), 0);
    assert_eq!(world.git("origin", &["tag"]), "");
}

#[test]
fn a_draft_with_other_files_is_not_published() {
    let world = World::new();
    for point in 1.. {
        world.release("main", "1.2.3", Some(point), || {}).expect_err("it is killed");
        if world.git("origin", &["tag"]) == "v1.2.3" {
            break;
        }
    }
    let file = world.path("releases/v1.2.3/files/chart-release-1.2.3-aarch64-apple-darwin.tar.gz");
    fs::copy(world.path("releases/v1.2.3/files/chart-release-1.2.3-x86_64-apple-darwin.tar.gz"), file)
        .expect("a file");
    let said = world.release("main", "1.2.3", None, || {}).expect_err("it is refused");
    assert!(said.contains("chart-release-1.2.3-aarch64-apple-darwin.tar.gz differs"), "{said}");
    assert_eq!(world.public("v1.2.3"), None);
}
