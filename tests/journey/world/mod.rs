//! The test world: a real git repository, the real program, and everything that is stored afterwards.

#[allow(dead_code, reason = "what stories do not use yet")]
pub mod front;
#[allow(dead_code, reason = "what stories do not use yet")]
pub mod git_http;
#[allow(dead_code, reason = "what stories do not use yet")]
pub mod github;
#[allow(dead_code, reason = "what stories do not use yet")]
pub mod online;
mod openapi;
#[allow(dead_code, reason = "what stories do not use yet")]
pub mod others;
#[allow(dead_code, reason = "what stories do not use yet")]
pub mod registry;
pub mod runner;
pub mod trials;
pub mod way;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output},
};
use tempfile::TempDir;

/// What is stored of [`World::with_a_chart`].
pub const DEMO: [&str; 3] = ["demo-1.0.0.tgz", "index.yaml: demo-1.0.0.tgz", "oci/demo: 1.0.0"];

/// A repository in a folder of its own, with a clock that moves one minute at each commit.
pub struct World {
    folder: TempDir,
    commits: u32,
}

/// How a run of the program ended.
pub struct Run {
    /// -1 when it was killed.
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Sends a signal (`-INT`) to a program that runs.
#[cfg(unix)]
pub fn send(signal: &str, to: &Child) {
    let sent = Command::new("kill").args([signal, &to.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

impl World {
    /// An empty repository on the branch `main`.
    pub fn new() -> Self {
        let world = Self { folder: TempDir::new().expect("a temporary folder"), commits: 0 };
        fs::create_dir(world.path("repository")).expect("a folder for the repository");
        world.git(&["init", "--quiet", "--initial-branch=main", "--template="]);
        world.write(".git/info/exclude", "/published/\n");
        world
    }

    /// A repository with one chart, committed: `demo` 1.0.0. Published, it is stored as [`DEMO`].
    pub fn with_a_chart() -> Self {
        let mut world = Self::new();
        world.chart("charts/demo", "demo", "1.0.0");
        world.commit("Add a chart");
        world
    }

    /// A copy of this world, byte for byte.
    pub fn copy(&self) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        copy_folder(self.folder.path(), folder.path());
        Self { folder, commits: self.commits }
    }

    /// A path in the world's folder.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The repository's folder.
    pub fn repository(&self) -> PathBuf {
        self.path("repository")
    }

    /// Writes a file of the repository.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.repository().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    /// Removes a file or folder of the repository.
    pub fn remove(&self, path: &str) {
        let path = self.repository().join(path);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
            .expect("it can be removed");
    }

    /// Writes a small chart: metadata, values, one template.
    pub fn chart(&self, path: &str, name: &str, version: &str) {
        self.write(
            &format!("{path}/Chart.yaml"),
            format!("apiVersion: v2\nname: {name}\nversion: {version}\n"),
        );
        self.write(&format!("{path}/values.yaml"), format!("greeting: hello from {name}\n"));
        self.write(
            &format!("{path}/templates/configmap.yaml"),
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  greeting: {{ .Values.greeting }}\n",
        );
    }

    /// Gives a chart another version and leaves the rest.
    pub fn bump(&self, path: &str, version: &str) {
        let file = self.repository().join(path).join("Chart.yaml");
        let text = fs::read_to_string(&file).expect("a Chart.yaml");
        let lines = text.lines().map(|line| match line.starts_with("version:") {
            true => format!("version: {version}\n"),
            false => format!("{line}\n"),
        });
        fs::write(file, lines.collect::<String>()).expect("a Chart.yaml can be written");
    }

    /// Commits everything, one minute after the last commit; returns its id.
    pub fn commit(&mut self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git_later(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// A git command in the repository, at the time of the last commit.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.repository(), arguments)
    }

    /// A git command that makes a commit, one minute after the last one.
    pub fn git_later(&mut self, arguments: &[&str]) -> String {
        self.commits += 1;
        self.git(arguments)
    }

    /// A git command in another folder.
    pub fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let time = format!("{} +0200", 1_700_000_000 + 60 * self.commits);
        let output = self
            .command("git")
            .current_dir(folder)
            .env("GIT_AUTHOR_DATE", &time)
            .env("GIT_COMMITTER_DATE", &time)
            .args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"])
            .args([
                "-c",
                "core.autocrlf=false",
                "-c",
                "protocol.file.allow=always",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(arguments)
            .output()
            .expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("git prints text")
    }

    /// Runs a command to its end.
    #[track_caller]
    pub fn end(command: &mut Command) -> Run {
        Run::of(command.output().expect("it runs"))
    }

    /// A command whose environment holds nothing of the person who runs the tests.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.folder.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        // What a process that dies leaves in its temporary folder goes with the world.
        command.env("TMPDIR", self.folder.path());
        for kept in ["PATH", "SYSTEMROOT"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command
    }

    /// The program, about to run in the repository.
    pub fn program(&self) -> Command {
        let mut command = self.command(crate::program());
        command.current_dir(self.repository());
        command
    }

    /// Runs the program in the repository.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.program().args(arguments).output().expect("the program runs"))
    }

    /// `chart-release publish`, to the default channel: `folder:published` of the repository.
    pub fn publish(&self, arguments: &[&str]) -> Run {
        self.run(&[&["publish"], arguments].concat())
    }

    /// Everything that is stored in `published`, told as what it is: see [`stored`].
    pub fn stored(&self) -> Vec<String> {
        stored(&self.repository().join("published"))
    }

    /// Every file in `published` with its digest: two worlds are the same when these are.
    pub fn bytes(&self) -> BTreeMap<String, String> {
        files(&self.repository().join("published"))
            .into_iter()
            .map(|(path, bytes)| (path, chart_release::digest::Digest::of(&bytes).to_string()))
            .collect()
    }

    /// The index, as text.
    pub fn index(&self) -> String {
        fs::read_to_string(self.repository().join("published/index.yaml")).unwrap_or_default()
    }
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("stdout is text"),
            err: String::from_utf8(output.stderr).expect("stderr is text"),
        }
    }

    /// Expects that a fault killed it.
    #[track_caller]
    pub fn was_killed(self) -> Self {
        self.ends_with(-1)
    }

    /// Expects this exit code; shows everything otherwise.
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    /// Expects this text on either stream.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let found = self.out.contains(text) || self.err.contains(text);
        assert!(found, "nothing says {text:?}\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    /// Expects that neither stream has this text.
    #[track_caller]
    pub fn never_says(self, text: &str) -> Self {
        let found = self.out.contains(text) || self.err.contains(text);
        assert!(!found, "something says {text:?}\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("a folder can be listed") {
        let entry = entry.expect("a folder can be listed");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}

/// Every file below a folder, by its path with `/`.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(folder: &Path, below: &str, found: &mut BTreeMap<String, Vec<u8>>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries {
            let entry = entry.expect("a folder can be listed");
            let path = format!("{below}{}", entry.file_name().to_string_lossy());
            if entry.file_type().expect("a type").is_dir() {
                walk(&entry.path(), &format!("{path}/"), found);
            } else {
                match fs::read(entry.path()) {
                    // A git of the server's side may still be ending what a killed run asked for.
                    Err(gone) if gone.kind() == std::io::ErrorKind::NotFound => {}
                    bytes => {
                        found.insert(path, bytes.expect("a file can be read"));
                    }
                }
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, "", &mut found);
    found
}

/// Everything in a folder that was published to, each file accounted for and every digest checked: the index and the
/// layouts are told by the versions they lead to, a file that nothing leads to by its path.
pub fn stored(folder: &Path) -> Vec<String> {
    use chart_release::digest::Digest;
    let mut files = files(folder);
    let mut told = Vec::new();
    files.remove(".chart-release.lock");
    if let Some(index) = files.remove("index.yaml") {
        let text = String::from_utf8(index).expect("the index is text");
        let mut version = "";
        let mut digest = "";
        // The last two keys of an entry are `urls` and `version`, in the order in which Helm writes them.
        for line in text.lines() {
            digest = line.strip_prefix("    digest: ").unwrap_or(digest);
            version = line.strip_prefix("    - ").filter(|url| url.ends_with(".tgz")).unwrap_or(version);
            if line.starts_with("    version: ") {
                let package = &files[version];
                assert_eq!(Digest::of(package).hex(), digest, "the index lies about {version}");
                told.push(format!("index.yaml: {version}"));
            }
        }
    }
    let charts: Vec<String> = files
        .keys()
        .filter_map(|path| path.strip_prefix("oci/")?.strip_suffix("/index.json"))
        .map(Into::into)
        .collect();
    for chart in charts {
        let take = |files: &mut BTreeMap<String, Vec<u8>>, path: &str| {
            files.remove(&format!("oci/{chart}/{path}")).unwrap_or_else(|| panic!("{chart} lacks {path}"))
        };
        let blob = |digest: &serde_json::Value| {
            let digest = digest["digest"].as_str().expect("a digest");
            format!("blobs/{}", digest.replace(':', "/"))
        };
        assert_eq!(take(&mut files, "oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#);
        let index: serde_json::Value = serde_json::from_slice(&take(&mut files, "index.json")).expect("JSON");
        for descriptor in index["manifests"].as_array().expect("manifests") {
            let tag = descriptor["annotations"]["org.opencontainers.image.ref.name"].as_str().expect("a tag");
            let manifest = take(&mut files, &blob(descriptor));
            assert_eq!(descriptor["digest"], Digest::of(&manifest).to_string());
            assert_eq!(descriptor["size"], manifest.len());
            let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
            take(&mut files, &blob(&manifest["config"]));
            let layer = take(&mut files, &blob(&manifest["layers"][0]));
            let package = format!("{chart}-{}.tgz", tag.replace('_', "+"));
            assert_eq!(Some(&layer), files.get(&package), "the layer is not {package}");
            for layer in &manifest["layers"].as_array().expect("layers")[1..] {
                take(&mut files, &blob(layer));
            }
            told.push(format!("oci/{chart}: {tag}"));
        }
    }
    told.extend(files.into_keys());
    told.sort();
    told
}
