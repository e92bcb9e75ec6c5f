//! How long publishing takes, and how many requests, where each request waits 25 ms as in a network.
//!
//! `HELM3=… HELM4=… cargo bench --bench publish`. 40 charts go to a GitHub, a pages branch and a registry, those of the
//! tests; then there is nothing to do; then one chart has a new version. The part of the registry is done beside
//! `helm push` in a loop, each into a registry of its own: Helm's packages are made and it is logged in before, while this
//! program packages within its time. `-- --requests` lists the requests of one go instead of measuring.

use charts::CHARTS;
use std::{
    cell::RefCell,
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use timing::{Row, calls, table};
use world::{
    World,
    online::{Online, PASSWORD, USER},
};

mod charts;
#[allow(dead_code, reason = "not every benchmark measures in its own process")]
mod timing;
#[allow(dead_code, reason = "what stories need and benchmarks do not")]
#[path = "../tests/journey/world/mod.rs"]
mod world;

/// What each request waits.
const DELAY: Duration = Duration::from_millis(25);
const ROUNDS: usize = 3;

/// The program that is measured, which the world asks for.
fn program() -> &'static str {
    env!("CARGO_BIN_EXE_chart-release")
}

fn main() {
    let world = World::new();
    charts::repository(&world.repository(), 200);
    let mut helms = Vec::new();
    for helm in ["HELM4", "HELM3"] {
        match env::var_os(helm) {
            Some(path) => helms.push(Helm::with_packages(&world, helm, path.into())),
            None => println!("{helm} is not set: its part is left out"),
        }
    }
    if env::args().any(|argument| argument == "--requests") {
        requests(&world, &helms);
    } else {
        everywhere(&world);
        registry(&world, &helms);
    }
}

/// Everything: first, with nothing to do, with one new version.
fn everywhere(world: &World) {
    // Each round has a world of its own, which its three goes share.
    let online: RefCell<Option<Online>> = RefCell::default();
    let count = || online.borrow().as_ref().map_or(0, |online| online.front.requests().len());
    let first = || {
        let online = &mut *online.borrow_mut();
        vec![publish(online.insert(fresh(world)))]
    };
    let again = || vec![publish(online.borrow().as_ref().expect("published to"))];
    let newer = || {
        let online = &mut *online.borrow_mut();
        let online = online.as_mut().expect("published to");
        bump(online);
        vec![publish(online)]
    };
    table(
        &format!("Publish {CHARTS} charts to releases, pages and a registry"),
        ROUNDS,
        &mut [
            ("everything", calls(first, count)),
            ("nothing to do", calls(again, count)),
            ("one new version", calls(newer, count)),
        ],
    );
}

/// Only the part of the registry, beside Helm.
fn registry(world: &World, helms: &[Helm]) {
    let online: RefCell<Option<Online>> = RefCell::default();
    let count = || online.borrow().as_ref().map_or(0, |online| online.front.requests().len());
    let ours = || {
        let online = &mut *online.borrow_mut();
        vec![publish_to_registry(online.insert(fresh(world)))]
    };
    let titles: Vec<String> =
        helms.iter().map(|helm| format!("helm push in a loop, {}", helm.called)).collect();
    let mut rows: Vec<Row> = vec![("chart-release publish", calls(ours, count))];
    for (helm, title) in helms.iter().zip(&titles) {
        let online = &online;
        let push = move || {
            let online = &mut *online.borrow_mut();
            helm.pushes(online.insert(fresh(world)))
        };
        rows.push((title, calls(push, count)));
    }
    table(&format!("Publish {CHARTS} charts to a registry"), ROUNDS, &mut rows);
}

/// What is asked of whom, by kind, in one go of each.
fn requests(world: &World, helms: &[Helm]) {
    let run = |title: &str, online: &Online, commands: Vec<Command>| {
        for mut command in commands {
            let ended = command.stdout(Stdio::null()).status();
            assert!(ended.expect("it starts").success(), "{command:?}");
        }
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        let seen = online.front.requests();
        for request in &seen {
            let status = request.status.map_or_else(|| "closed".to_owned(), |status| status.to_string());
            *kinds.entry(format!("{} {status}", kind(&request.call()))).or_default() += 1;
        }
        println!("{title}: {} requests", seen.len());
        kinds.into_iter().for_each(|(kind, times)| println!("  {times:4} {kind}"));
    };
    let mut online = fresh(world);
    run("everything", &online, vec![publish(&online)]);
    run("nothing to do", &online, vec![publish(&online)]);
    bump(&mut online);
    run("one new version", &online, vec![publish(&online)]);
    let online = fresh(world);
    run("registry only", &online, vec![publish_to_registry(&online)]);
    for helm in helms {
        let online = fresh(world);
        run(&format!("helm push, {}", helm.called), &online, helm.pushes(&online));
    }
}

/// A call without the names of charts, their versions and digests.
fn kind(call: &str) -> String {
    let plain = |part: &str| {
        let of_one =
            part.contains("service-") || part.contains(':') || part.contains('.') && part != "charts.git";
        if of_one || part.contains(|c: char| c.is_ascii_digit()) && part.len() > 3 { "…" } else { part }
            .to_owned()
    };
    call.split('/').map(plain).collect::<Vec<_>>().join("/")
}

/// A copy of the repository with a GitHub and a registry around it, where nothing is published.
fn fresh(world: &World) -> Online {
    Online::around(world.copy())
}

/// The program, with nothing but its own requests counted and delayed.
fn counted(online: &Online, channels: &[&str]) -> Command {
    online.front.delay(DELAY);
    online.front.clear();
    let mut program = online.program();
    program.arg("publish").args(channels.iter().flat_map(|channel| ["--channel", channel]));
    program
}

fn publish(online: &Online) -> Command {
    counted(online, &["releases", "pages", &online.oci()])
}

fn publish_to_registry(online: &Online) -> Command {
    counted(online, &[&online.oci()])
}

fn bump(online: &mut Online) {
    online.bump(&format!("charts/{}", charts::name(0)), "9.0.0");
    online.commit("Release one chart");
    online.push();
}

/// A Helm, and the packages that it made.
struct Helm {
    called: &'static str,
    program: PathBuf,
    packages: PathBuf,
    /// Its log-ins: outside every world, because those are searched for secrets.
    home: tempfile::TempDir,
}

impl Helm {
    fn with_packages(world: &World, called: &'static str, program: PathBuf) -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let helm = Self { called, program, packages: home.path().join("packages"), home };
        let mut package = helm.command(world);
        package.current_dir(world.repository()).args(["package", "--destination"]).arg(&helm.packages);
        end(package.args((0..CHARTS).map(|chart| format!("charts/{}", charts::name(chart)))));
        helm
    }

    /// In an environment where it has no plugins and no repositories.
    fn command(&self, world: &World) -> Command {
        let mut command = world.command(self.program.to_str().expect("a path that is text"));
        command.env("HOME", self.home.path());
        command
    }

    /// Logs in, and gives the loop.
    fn pushes(&self, online: &Online) -> Vec<Command> {
        let mut login = self.command(online);
        login.args(["registry", "login", &online.front.host(), "--plain-http"]);
        end(login.args(["--username", USER, "--password", PASSWORD]));
        online.front.delay(DELAY);
        online.front.clear();
        let packages =
            self.packages.read_dir().expect("packages").map(|file| file.expect("a package").path());
        packages.map(|package| self.push(online, &package)).collect()
    }

    fn push(&self, online: &Online, package: &Path) -> Command {
        let mut push = self.command(online);
        push.arg("push").arg(package).args([&online.oci(), "--plain-http"]);
        push
    }
}

fn end(command: &mut Command) {
    let ended = command.output().expect("it starts");
    assert!(ended.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ended.stderr));
}
