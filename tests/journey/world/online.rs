//! A world with everybody else in it: the origin of the repository, GitHub, a registry and the pages site, behind one
//! front; and what readers find there.

use super::{
    Run, World, files,
    front::Front,
    git_http::{GitHttp, PAGES},
    github::{Access, GitHub, READ_TOKEN, Release},
    others::Others,
    registry::Registry,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use chart_release::digest::Digest;
use memchr::memmem;
use percent_encoding::percent_decode_str;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::{Deref, DerefMut},
    path::Path,
    process::Command,
    sync::Mutex,
};

/// The token of GitHub and of its git server, which may write.
pub const TOKEN: &str = "ghs_markedTokenOfGitHub0123456789abcdef";
/// Who pushes to the registry.
pub const USER: &str = "robot";
/// That user's password.
pub const PASSWORD: &str = "marked-password-of-the-registry";

/// A [`World`] whose repository has an origin, and everything that is published to.
pub struct Online {
    world: World,
    pub front: Front,
    pub github: GitHub,
    pub git: GitHttp,
    pub registry: Registry,
    pub others: Others,
    /// What every run printed.
    printed: Mutex<Vec<String>>,
    /// What a run did to published releases that must never be done.
    changed: Mutex<Vec<String>>,
    differing: BTreeSet<String>,
}

/// One entry of an index: the name of its package, its digest and its first URL.
pub struct Entry {
    pub chart: String,
    pub version: String,
    pub digest: String,
    pub url: String,
}

impl Online {
    /// The world of [`World::with_a_chart`], pushed to its origin.
    pub fn with_a_chart() -> Self {
        Self::around(World::with_a_chart())
    }

    /// An empty repository: the story commits, and pushes.
    pub fn new() -> Self {
        Self::around(World::new())
    }

    /// Everybody else, around a repository; its `main` is pushed, where it has one.
    pub fn around(world: World) -> Self {
        let git = GitHttp::new(world.path("origin.git"), TOKEN);
        let registry = Registry::new(USER, PASSWORD);
        let others = Others::default();
        let mut github = None;
        let front = Front::start(|base| {
            let github = github.insert(GitHub::new(base, git.repository()));
            github.token(TOKEN, Access::Write);
            github.router().merge(git.router()).merge(registry.router()).merge(others.router())
        });
        let github = github.expect("it was made");
        let config = world.repository().join(".git/config");
        let origin = format!(
            "[remote \"origin\"]\n\turl = {}/acme/charts.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n",
            front.url()
        );
        append(&config, &origin);
        let (printed, changed, differing) = Default::default();
        let online = Self { world, front, github, git, registry, others, printed, changed, differing };
        if online.repository().join(".git/refs/heads/main").exists() {
            online.push();
        }
        online
    }

    /// Brings `main` to the origin, past the front: nothing is counted. As files, because a story does it often and
    /// git takes its time.
    pub fn push(&self) {
        let from = self.repository().join(".git");
        copy_missing(&from.join("objects"), &self.git.repository().join("objects"));
        for to in [self.git.repository().join("refs/heads"), from.join("refs/remotes/origin")] {
            fs::create_dir_all(&to).expect("a folder for refs");
            fs::copy(from.join("refs/heads/main"), to.join("main")).expect("main can be pushed");
        }
    }

    /// Gives the repository the state of another one that went on from it, and pushes that.
    pub fn become_repository(&mut self, other: &World) {
        let config = fs::read(self.repository().join(".git/config")).expect("a config");
        fs::remove_dir_all(self.repository()).expect("it can be removed");
        super::copy_folder(&other.repository(), &self.repository());
        fs::write(self.repository().join(".git/config"), config).expect("a config can be written");
        self.push();
    }

    /// The channel of the registry: `oci://127.0.0.1:PORT/acme/charts`.
    pub fn oci(&self) -> String {
        format!("oci://{}/acme/charts", self.front.host())
    }

    /// Where Helm finds the index.
    pub fn pages_url(&self) -> String {
        format!("{}/pages", self.front.url())
    }

    /// The program, about to run in the repository, as a job of GitHub Actions would run it.
    pub fn program(&self) -> Command {
        let mut command = self.world.program();
        command
            .env("GITHUB_API_URL", format!("{}/api/v3", self.front.url()))
            .env("GITHUB_SERVER_URL", self.front.url())
            .env("GITHUB_REPOSITORY", "acme/charts")
            .env("GITHUB_TOKEN", TOKEN)
            .env("CHART_RELEASE_REGISTRY_USER", format!("{}={USER}", self.front.host()))
            .env("CHART_RELEASE_REGISTRY_PASSWORD", PASSWORD)
            .env("CHART_RELEASE_PAGES_URL", self.pages_url())
            .env("CHART_RELEASE_TIMEOUT", "20")
            .env("CHART_RELEASE_RETRIES", "2")
            .env("CHART_RELEASE_RETRY_PAUSE", "1")
            .env("DOCKER_CONFIG", self.path("docker"));
        command
    }

    /// Runs a command to its end, or to the fault that kills it; what it printed is searched for secrets later.
    pub fn end(&self, command: &mut Command) -> Run {
        let before = self.assets();
        let run = Run::of(self.front.end(command));
        // What had arrived when it died is done before anybody looks.
        self.git.settle();
        let after = self.assets();
        let lost = before.into_iter().filter(|asset| !after.contains(asset));
        let lost =
            lost.map(|(tag, name, digest)| format!("{name} {digest} of the release {tag} was changed"));
        self.changed.lock().expect("a list").extend(lost);
        // These lines tell the runner of GitHub what it must not show: they are not shown.
        let shown = run.err.lines().filter(|line| !line.starts_with("::add-mask::"));
        let shown: Vec<&str> = shown.collect();
        self.printed.lock().expect("a list").push(format!("{}\n{}", run.out, shown.join("\n")));
        run
    }

    /// Runs the program in the repository.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.end(self.program().args(arguments))
    }

    /// `chart-release publish` to releases, pages and the registry.
    pub fn publish(&self, arguments: &[&str]) -> Run {
        self.publish_to(&["releases", "pages", &self.oci()], arguments)
    }

    /// `chart-release publish` to these channels.
    pub fn publish_to(&self, channels: &[&str], arguments: &[&str]) -> Run {
        let channels: Vec<&str> = channels.iter().flat_map(|channel| ["--channel", channel]).collect();
        self.run(&[&["publish"], channels.as_slice(), arguments].concat())
    }

    /// Runs the program with more in its environment.
    pub fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Run {
        self.end(self.program().envs(variables.iter().copied()).args(arguments))
    }

    /// Everything that is committed, brought to the origin.
    pub fn commit_and_push(&mut self, message: &str) -> String {
        let commit = self.commit(message);
        self.push();
        commit
    }

    /// The package of a chart of the working tree as another program made it: the same files, and other bytes.
    pub fn packed_by_others(&self, chart: &str) -> Vec<u8> {
        self.packed_at(chart, 1_600_000_000)
    }

    /// The package of a chart of the working tree, with this time in it.
    pub fn packed_at(&self, chart: &str, time: u64) -> Vec<u8> {
        let into = self.path("packed");
        let mut command = self.world.program();
        command.env("SOURCE_DATE_EPOCH", time.to_string()).args(["package", chart, "--into"]).arg(&into);
        World::end(&mut command).ends_with(0);
        let (_, package) = files(&into).pop_first().expect("a package");
        fs::remove_dir_all(into).expect("it can be removed");
        package
    }

    /// The package of a chart with other values, and the working tree as it was.
    pub fn packed_with_values(&self, path: &str, chart: &str, values: &str) -> Vec<u8> {
        let file = self.repository().join(path).join("values.yaml");
        let before = fs::read(&file).expect("values");
        self.write(&format!("{path}/values.yaml"), values);
        let package = self.packed_by_others(chart);
        fs::write(file, before).expect("values can be written");
        package
    }

    /// Puts an index on the pages branch as `helm repo index` writes it: chart, version, URL and package. A package
    /// whose URL is a file name lies beside it.
    pub fn hold_index(&self, held: &[(&str, &str, &str, &[u8])]) {
        let mut charts: BTreeMap<&str, String> = BTreeMap::new();
        for (chart, version, url, package) in held {
            *charts.entry(chart).or_default() += &format!(
                "  - apiVersion: v2\n    created: \"2021-03-04T05:06:07Z\"\n    digest: {}\n    name: {chart}\n    urls:\n    - {url}\n    version: {version}\n",
                Digest::of(package).hex()
            );
        }
        let entries: String = charts.iter().map(|(chart, of)| format!("  {chart}:\n{of}")).collect();
        let index = format!("apiVersion: v1\nentries:\n{entries}generated: \"2021-03-04T05:06:07Z\"\n");
        let beside = held.iter().filter(|(_, _, url, _)| !url.contains("://"));
        let files = beside.map(|(_, _, url, package)| (*url, *package));
        self.hold_pages(&files.chain([("index.yaml", index.as_bytes())]).collect::<Vec<_>>());
    }

    /// The URL of an asset, as people download it.
    pub fn asset_url(&self, tag: &str, file: &str) -> String {
        format!("{}/acme/charts/releases/download/{tag}/{file}", self.front.url())
    }

    /// How many packages were downloaded: from the storage of GitHub, or blobs of the registry.
    pub fn downloads(&self) -> usize {
        self.front.count("GET", "/objects/") + self.front.count("GET", "/blobs/")
    }

    /// Expects that no run has written anything anywhere: no write to GitHub, no tag in a registry, no push.
    #[track_caller]
    pub fn nothing_was_written(&self) {
        assert_eq!(self.github.writes(), BTreeMap::new(), "writes to GitHub");
        assert_eq!(self.registry.pushes(), 0, "tags in the registry");
        assert_eq!(self.git.moves(), [[""; 3]; 0], "pushes");
    }

    /// In this story the holders of a package differ from the beginning: named as `demo-1.0.0.tgz`.
    pub fn allow_differing(&mut self, package: &str) {
        self.differing.insert(package.to_owned());
    }

    /// Puts files on the pages branch, past the front, as another program or a person did: one commit.
    pub fn hold_pages(&self, held: &[(&str, &[u8])]) {
        let folder = self.path("pages-of-others");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let origin = self.git.repository().to_string_lossy().into_owned();
        self.git_in(&folder, &["init", "--quiet", "--initial-branch", PAGES]);
        if self.pages_commits() > 0 {
            self.git_in(&folder, &["pull", "--quiet", &origin, PAGES]);
        }
        for (path, bytes) in held {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, bytes).expect("a file can be written");
        }
        self.git_in(&folder, &["add", "--all", "--force"]);
        self.git_in(&folder, &["commit", "--quiet", "--allow-empty", "--message", "Pages of others"]);
        self.git_in(&folder, &["push", "--quiet", &origin, PAGES]);
        fs::remove_dir_all(folder).expect("it can be removed");
    }

    /// How many commits the pages branch has.
    pub fn pages_commits(&self) -> usize {
        let count = self.git.ask(&["rev-list", "--count", &format!("refs/heads/{PAGES}")]);
        count.map_or(0, |text| String::from_utf8_lossy(&text).trim().parse().expect("a number"))
    }

    /// The index that Helm reads.
    pub fn index(&self) -> String {
        let index = self.git.page("index.yaml").unwrap_or_default();
        String::from_utf8(index).expect("the index is text")
    }

    /// Its entries.
    pub fn entries(&self) -> Vec<Entry> {
        entries(&self.index())
    }

    /// Everything that readers can see, told briefly: for a story to list.
    pub fn listed(&self) -> Vec<String> {
        self.told(false)
    }

    /// Everything that readers can see, told in full: two worlds are the same when these are. Ports, ids of commits
    /// and the time at which an index was written are left out.
    pub fn published(&self) -> Vec<String> {
        self.told(true)
    }

    fn told(&self, full: bool) -> Vec<String> {
        let mut told = Vec::new();
        let more = |text: String, detail: String| if full { format!("{text} {detail}") } else { text };
        for name in self.registry.names() {
            for tag in self.registry.tags(&name).into_keys() {
                let manifest = self.registry.manifest(&name, &tag).expect("a tag leads to a manifest").json();
                let chart = name.strip_prefix("acme/charts/").unwrap_or(&name);
                told.push(more(format!("oci {chart}: {tag}"), self.without_port(&manifest.to_string())));
            }
        }
        for tag in self.git.run(&["tag"]).lines() {
            let at = format!("refs/tags/{tag}^{{commit}}");
            told.push(more(
                format!("tag {tag}"),
                self.git.run(&["log", "-1", "--format=at %s", &at]).trim().into(),
            ));
        }
        for (path, bytes) in self.pages() {
            if path == "index.yaml" {
                let text = String::from_utf8(bytes).expect("the index is text");
                let named = |entry: Entry| format!("index.yaml: {} {}", entry.chart, entry.version);
                told.extend(entries(&text).into_iter().map(named));
                if full {
                    let lines = text.lines().filter(|line| !line.starts_with("generated:"));
                    let text: String = lines.map(|line| format!("{line}\n")).collect();
                    told.push(format!("index.yaml is\n{}", self.without_port(&text)));
                }
            } else {
                told.push(more(format!("pages {path}"), Digest::of(&bytes).to_string()));
            }
        }
        told.extend(self.github.releases().iter().map(|release| self.told_release(release, full)));
        told.sort();
        told
    }

    fn told_release(&self, release: &Release, full: bool) -> String {
        let mut assets: Vec<String> = release
            .assets
            .iter()
            .map(|asset| match (full, asset.state.as_str()) {
                (true, state) => format!(" {} ({state}, sha256:{})", asset.name, asset.sha256()),
                (false, "uploaded") => format!(" {}", asset.name),
                (false, state) => format!(" {} ({state})", asset.name),
            })
            .collect();
        assets.sort();
        let Release { tag, name, target, prerelease, immutable, body, draft, .. } = release;
        let kind = if *draft { "draft" } else { "release" };
        let brief = format!("{kind} {tag}:{}", assets.concat());
        if !full {
            return brief;
        }
        let is_commit = target.len() == 40;
        let target = match is_commit.then(|| self.git.ask(&["log", "-1", "--format=%s", target])).flatten() {
            Some(subject) => String::from_utf8_lossy(&subject).trim().to_owned(),
            None => target.clone(),
        };
        let latest = !draft && self.github.latest().as_ref() == Some(tag);
        let body = self.without_port(body);
        format!(
            "{brief} named {name}, at {target:?}, prerelease {prerelease}, immutable {immutable}, latest {latest}\n{body}"
        )
    }

    /// The assets of published releases: tag, name and sha256.
    fn assets(&self) -> BTreeSet<(String, String, String)> {
        let published = self.github.releases().into_iter().filter(|release| !release.draft);
        let named = |release: Release| {
            let uploaded = release.assets.into_iter().filter(|asset| asset.state == "uploaded");
            uploaded.map(move |asset| (release.tag.clone(), asset.name.clone(), asset.sha256()))
        };
        published.flat_map(named).collect()
    }

    /// The bytes that a URL of an index leads to, in this world.
    fn served(&self, url: &str) -> Option<Vec<u8>> {
        let downloads = format!("{}/acme/charts/releases/download/", self.front.url());
        if let Some((tag, name)) = url.strip_prefix(&downloads).and_then(|rest| rest.rsplit_once('/')) {
            let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
            let tagged = self.github.tagged(&decoded(tag)).into_iter().filter(|release| !release.draft);
            let name = decoded(name);
            let mut assets = tagged.flat_map(|release| release.assets);
            return assets.find(|asset| asset.name == name).map(|asset| asset.bytes.to_vec());
        }
        let path = url.strip_prefix(&format!("{}/", self.pages_url())).unwrap_or(url);
        self.git.page(&percent_decode_str(path).decode_utf8_lossy())
    }

    /// What a reader without a token gets from a URL, a path below the pages site, redirects followed.
    pub fn download(&self, url: &str) -> Option<Vec<u8>> {
        let url = if url.contains("://") { url.to_owned() } else { format!("{}/{url}", self.pages_url()) };
        chart_release::doors::http::install_cryptography();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().expect("a client");
            let answer = client.get(url).send().await.ok()?.error_for_status().ok()?;
            answer.bytes().await.ok().map(Into::into)
        })
    }

    /// Every file of the pages branch.
    pub fn pages(&self) -> BTreeMap<String, Vec<u8>> {
        let list = self.git.ask(&["ls-tree", "-r", "-z", "--name-only", &format!("refs/heads/{PAGES}")]);
        let list = String::from_utf8(list.unwrap_or_default()).expect("paths are text");
        let paths = list.split('\0').filter(|path| !path.is_empty());
        paths.map(|path| (path.to_owned(), self.git.page(path).expect("it is listed"))).collect()
    }

    fn without_port(&self, text: &str) -> String {
        let host = self.front.host();
        text.replace(&host, "HOST").replace(&host.replace("127.0.0.1", "localhost"), "LOCALHOST")
    }

    /// What must be true of every world at any time. Asked at the end of every story too.
    #[track_caller]
    pub fn check(&self) {
        self.git.settle();
        let mut wrong = self.registry.moved_tags();
        wrong.extend(self.registry.deletions().into_iter().map(|what| format!("tried to delete {what}")));
        wrong.extend(self.changed.lock().expect("a list").iter().cloned());
        self.check_refs(&mut wrong);
        self.check_index_lines(&mut wrong);
        self.check_digests(&mut wrong);
        self.check_urls(&mut wrong);
        self.check_secrets(&mut wrong);
        self.github.check();
        assert!(wrong.is_empty(), "this must never be:\n{}", wrong.join("\n"));
    }

    /// No ref was deleted, no tag moved, no branch forced.
    fn check_refs(&self, wrong: &mut Vec<String>) {
        let none = |id: &str| id.bytes().all(|byte| byte == b'0');
        for [name, old, new] in self.git.moves() {
            if none(&new) {
                wrong.push(format!("{name} was deleted"));
            } else if name.starts_with("refs/tags/") && !none(&old) {
                wrong.push(format!("{name} was moved"));
            } else if !none(&old) && self.git.ask(&["merge-base", "--is-ancestor", &old, &new]).is_none() {
                wrong.push(format!("{name} was forced from {old} to {new}"));
            }
        }
    }

    /// No commit of the pages branch takes a line or a file away, but for the time of the index.
    fn check_index_lines(&self, wrong: &mut Vec<String>) {
        let branch = format!("refs/heads/{PAGES}");
        let arguments = ["log", "--patch", "--unified=0", "--no-renames", "--no-color", "--format=", &branch];
        let Some(patches) = self.git.ask(&arguments) else { return };
        for line in String::from_utf8_lossy(&patches).lines() {
            let header = line.starts_with("--- a/") || line == "--- /dev/null";
            let kept = header || line.starts_with("-generated:");
            let taken = line.starts_with('-') && !kept;
            let replaced = line.starts_with("Binary files a/");
            if taken || replaced {
                wrong.push(format!("the pages branch lost a line: {line}"));
            }
        }
    }

    /// Each package has one digest in all channels, and the index says that of the bytes its URL leads to.
    fn check_digests(&self, wrong: &mut Vec<String>) {
        let mut digests: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
        let mut holds = |package: String, digest: String, place: String| {
            digests.entry(package).or_default().entry(digest).or_default().push(place);
        };
        for name in self.registry.names() {
            let chart = name.rsplit('/').next().expect("a name");
            for tag in self.registry.tags(&name).into_keys() {
                let manifest = self.registry.manifest(&name, &tag).expect("a tag leads to a manifest").json();
                let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
                let is_chart = |layer: &&serde_json::Value| {
                    layer["mediaType"].as_str().is_some_and(|media| media.ends_with("tar+gzip"))
                };
                for layer in layers.iter().filter(is_chart) {
                    let digest = layer["digest"].as_str().expect("a digest").to_owned();
                    let package = format!("{chart}-{}.tgz", tag.replace('_', "+"));
                    holds(package, digest, format!("{name}:{tag}"));
                }
            }
        }
        for (path, bytes) in self.pages().into_iter().filter(|(path, _)| path.ends_with(".tgz")) {
            let package = path.rsplit('/').next().expect("a path").to_owned();
            holds(package, Digest::of(&bytes).to_string(), format!("{path} of the pages"));
        }
        for (tag, asset, digest) in self.assets().into_iter().filter(|(_, name, _)| name.ends_with(".tgz")) {
            holds(asset, format!("sha256:{digest}"), format!("the release {tag}"));
        }
        for Entry { chart, version, digest, .. } in self.entries() {
            if !digest.is_empty() {
                holds(format!("{chart}-{version}.tgz"), format!("sha256:{digest}"), "the index".into());
            }
        }
        for (package, digests) in digests {
            if digests.len() > 1 && !self.differing.contains(&package) {
                wrong.push(format!("{package} has several digests: {digests:?}"));
            }
        }
    }

    /// The index says the digest of the bytes that its URL leads to. URLs of other hosts are not followed.
    fn check_urls(&self, wrong: &mut Vec<String>) {
        for Entry { chart, version, digest, url } in self.entries() {
            let package = format!("{chart}-{version}.tgz");
            let elsewhere = url.contains("://") && !url.starts_with(&self.front.url());
            if elsewhere || digest.is_empty() || self.differing.contains(&package) {
                continue;
            }
            match self.served(&url) {
                None => wrong.push(format!("the index leads to {url}, where nothing is")),
                Some(bytes) if Digest::of(&bytes).hex() != digest => {
                    wrong.push(format!("the index says {digest} of {url}, which has other bytes"));
                }
                Some(_) => {}
            }
        }
    }

    /// No secret was printed or stored, in whatever form.
    fn check_secrets(&self, wrong: &mut Vec<String>) {
        let mut secrets = self.registry.secrets();
        secrets.extend([TOKEN, READ_TOKEN, super::github::TOKEN].map(str::to_owned));
        let needles: Vec<String> = secrets.iter().flat_map(|secret| forms(secret)).collect();
        let finders: Vec<_> = needles.iter().map(memmem::Finder::new).collect();
        let mut search = |place: &str, bytes: &[u8]| {
            if let Some(found) = finders.iter().position(|finder| finder.find(bytes).is_some()) {
                wrong.push(format!("{place} has the secret {}", needles[found]));
            }
        };
        for text in self.printed.lock().expect("a list").iter() {
            search("the output", text.as_bytes());
        }
        for release in self.github.releases() {
            search(&format!("the release {}", release.tag), format!("{release:?}").as_bytes());
        }
        for (place, bytes) in self.registry.everything() {
            search(&place, &bytes);
        }
        let objects = self.git.ask(&["cat-file", "--batch-all-objects", "--batch"]);
        search("an object of the origin", &objects.unwrap_or_default());
        for (path, bytes) in files(&self.path("")) {
            // The story's own gift to the program.
            if !path.starts_with("docker/") {
                search(&path, &bytes);
            }
        }
    }
}

fn append(file: &Path, text: &str) {
    let before = fs::read_to_string(file).expect("it can be read");
    fs::write(file, before + text).expect("it can be written");
}

fn copy_missing(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder can be listed") {
        let entry = entry.expect("a folder can be listed");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            fs::create_dir_all(&target).expect("a folder can be made");
            copy_missing(&entry.path(), &target);
        } else if !target.exists() {
            fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}

impl Deref for Online {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Online {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

impl Drop for Online {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check();
        }
    }
}

/// The entries of an index as Helm writes it.
pub fn entries(index: &str) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    let mut chart = "";
    let below = index.lines().skip_while(|line| *line != "entries:").skip(1);
    let mut in_urls = false;
    for line in below.take_while(|line| line.is_empty() || line.starts_with(' ')) {
        if let Some(name) = line.strip_prefix("  ").filter(|rest| !rest.starts_with([' ', '-'])) {
            chart = name.trim_end_matches(':').trim_matches(['"', '\'']);
            continue;
        }
        let mut key = line.strip_prefix("    ");
        if let Some(first) = line.strip_prefix("  - ") {
            let empty = String::new;
            found.push(Entry { chart: chart.to_owned(), version: empty(), digest: empty(), url: empty() });
            key = Some(first);
        }
        let (Some(entry), Some(key)) = (found.last_mut(), key) else { continue };
        let value = |value: &str| value.trim().trim_matches(['"', '\'']).to_owned();
        if let Some(url) = key.strip_prefix("- ").filter(|_| in_urls && entry.url.is_empty()) {
            entry.url = value(url);
        } else if let Some(digest) = key.strip_prefix("digest:") {
            entry.digest = value(digest);
        } else if let Some(version) = key.strip_prefix("version:") {
            entry.version = value(version);
        }
        if !key.starts_with(['-', ' ']) {
            in_urls = key == "urls:";
        }
    }
    found
}

/// A secret as it may be found: itself, and inside anything that was written in base64.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    for before in 0..3 {
        let padded = [&vec![b' '; before], secret.as_bytes()].concat();
        let encoded = BASE64_STANDARD.encode(&padded);
        // Only what does not depend on its neighbours.
        let whole = padded.len() / 3 * 4;
        let begins = if before == 0 { 0 } else { 4 };
        forms.push(encoded[begins..whole].to_owned());
    }
    forms
}

#[test]
fn a_secret_is_found_in_base64_at_any_place() {
    for before in ["", "a", "ab", "abc", "robot:"] {
        let header = BASE64_STANDARD.encode(format!("{before}{PASSWORD} and more"));
        assert!(forms(PASSWORD).iter().any(|form| header.contains(form)), "{header}");
    }
}
