//! Where the key that signs comes from, what happens without it, and that it goes nowhere.

use crate::world::{Run, World, online::Online, runner::Runner};
use chart_release::provenance;
use std::fs;

/// A key that was made for these stories, in the year 2020.
const SECRET_KEY: &str = include_str!("keys/test.secret.asc");
const PUBLIC_KEY: &str = include_str!("keys/test.public.asc");
const PASSPHRASE: &str = "marked passphrase of a test key";

/// The lines that nobody else may read.
fn secret_lines() -> Vec<&'static str> {
    let lines = SECRET_KEY.lines().filter(|line| line.len() > 30 && !line.starts_with("---"));
    lines.collect()
}

#[track_caller]
fn keeps_the_secret(run: Run) -> Run {
    secret_lines().into_iter().fold(run.never_says(PASSPHRASE), Run::never_says)
}

/// A world with the key and its passphrase in files beside the repository.
fn with_a_key() -> World {
    let world = World::with_a_chart();
    fs::write(world.path("key.asc"), SECRET_KEY).expect("a file can be written");
    fs::write(world.path("passphrase"), format!("{PASSPHRASE}\nnot this\n")).expect("a file can be written");
    world
}

const FILES: [&str; 5] = ["--sign", "--keyring", "../key.asc", "--passphrase-file", "../passphrase"];

#[track_caller]
fn is_signed(world: &World, folder: &str) -> Vec<u8> {
    let read = |name: &str| fs::read(world.repository().join(folder).join(name)).expect("a file");
    let (package, signature) = (read("demo-1.0.0.tgz"), read("demo-1.0.0.tgz.prov"));
    let keyring = provenance::Keyring::read(PUBLIC_KEY.as_bytes()).expect("a keyring");
    provenance::verify(&keyring, "demo-1.0.0.tgz", &package, &signature, 1_800_000_000)
        .expect("a good signature");
    signature
}

#[test]
fn a_package_is_signed_with_a_key_from_a_file_and_from_a_variable_in_the_same_bytes() {
    let world = with_a_key();
    keeps_the_secret(world.run(&[&["package", "--into", "one"], &FILES[..]].concat())).ends_with(0);
    let mut program = world.program();
    program.args(["package", "--into", "two", "-vvv"]);
    program.env("CHART_RELEASE_SIGNING_KEY", SECRET_KEY).env("CHART_RELEASE_SIGNING_PASSPHRASE", PASSPHRASE);
    keeps_the_secret(World::end(&mut program)).ends_with(0);
    assert_eq!(is_signed(&world, "one"), is_signed(&world, "two"));
    // What has one keeps it; what is another package now has none.
    world.run(&["package", "--into", "one"]).ends_with(0);
    is_signed(&world, "one");
    world.write("charts/demo/values.yaml", "another: true\n");
    world.run(&["package", "--into", "one"]).ends_with(0);
    assert!(!world.repository().join("one/demo-1.0.0.tgz.prov").exists());
}

#[test]
fn without_its_key_nothing_is_published_and_a_plan_says_so() {
    let world = Online::with_a_chart();
    fs::write(world.path("wrong"), "another passphrase\n").expect("a file can be written");
    fs::write(world.path("key.asc"), SECRET_KEY).expect("a file can be written");
    fs::write(world.path("public.asc"), PUBLIC_KEY).expect("a file can be written");
    let wrong: [&[&str]; 6] = [
        &[],
        &["--keyring", "../nowhere"],
        &["--keyring", ".."],
        &["--keyring", "../public.asc"],
        &["--keyring", "../key.asc", "--key", "nobody"],
        &["--keyring", "../key.asc", "--passphrase-file", "../wrong"],
    ];
    for options in wrong {
        for (command, code) in [("publish", 2), ("package", 2), ("plan", 0)] {
            let run = world.run(&[&[command, "--sign"], options].concat()).ends_with(code);
            keeps_the_secret(run).never_says("another passphrase");
        }
    }
    world.run(&["plan", "--sign"]).ends_with(0).says("there is no key").says("--keyring FILE");
    let mut program = world.program();
    let run = world.end(program.args(["publish"]).env("CHART_RELEASE_SIGNING_KEY", "/keys/secring.gpg"));
    run.ends_with(2).says("CHART_RELEASE_SIGNING_KEY: this is neither an armoured key nor Base64");
    world.nothing_was_written();
}

#[test]
fn the_files_with_key_and_passphrase_are_packaged_by_nobody() {
    let world = with_a_key();
    fs::copy(world.path("key.asc"), world.repository().join("charts/demo/key.bin")).expect("a copy");
    world.write("charts/demo/opens-it", format!("{PASSPHRASE}\n"));
    let files = ["--keyring", "charts/demo/key.bin", "--passphrase-file", "charts/demo/opens-it"];
    keeps_the_secret(world.run(&[&["package", "--sign"], &files[..]].concat())).ends_with(0);
    is_signed(&world, "packages");
    let package = fs::read(world.repository().join("packages/demo-1.0.0.tgz")).expect("a package");
    let packed = chart_release::archive::read(&package, &chart_release::archive::Limits::default());
    let names: Vec<_> = packed.expect("an archive").into_iter().map(|(name, _)| name).collect();
    assert!(!names.iter().any(|name| name.contains("key.bin") || name.contains("opens-it")), "{names:?}");
    // Any other copy stops the chart: as it is, and what is left of it in a value.
    let run = world.run(&[&["package"], &FILES[..]].concat()).ends_with(1);
    keeps_the_secret(run).says("an OpenPGP secret key would be packaged");
    world.remove("charts/demo/key.bin");
    let run = world.run(&[&["package"], &FILES[..]].concat()).ends_with(1);
    keeps_the_secret(run).says("charts/demo/opens-it").says("the value of a secret");
}

#[test]
fn a_chart_may_bring_the_public_key_and_no_line_of_the_secret_one() {
    let world = World::with_a_chart();
    let package = || {
        let mut program = world.program();
        program.args(["package"]).env("CHART_RELEASE_SIGNING_KEY", SECRET_KEY);
        keeps_the_secret(World::end(program.env("CHART_RELEASE_SIGNING_PASSPHRASE", PASSPHRASE)))
    };
    world.write("charts/demo/KEYS", PUBLIC_KEY);
    package().ends_with(0);
    is_signed(&world, "packages");
    let escaped = SECRET_KEY.replace('\n', "\\n");
    world.write("charts/demo/values.yaml", format!("key: \"{escaped}\"\n"));
    package().ends_with(1).says("charts/demo/values.yaml").says("the value of a secret");
}

#[test]
fn a_runner_masks_every_line_of_a_key_and_the_log_has_none() {
    let world = Online::with_a_chart();
    let event = world.path("event.json");
    fs::write(&event, r#"{"before": "", "repository": {"default_branch": "main"}}"#).expect("a document");
    let mut command = world.program();
    command
        .arg("action")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_EVENT_NAME", "push")
        .env("GITHUB_REF", "refs/heads/main")
        .env("GITHUB_EVENT_PATH", event)
        .env("GITHUB_STEP_SUMMARY", world.path("summary.md"))
        .env("INPUT_CHANNELS", "releases")
        .env("INPUT_VERBOSE", "2")
        .env("INPUT_SIGNING_KEY", SECRET_KEY)
        .env("INPUT_SIGNING_PASSPHRASE", PASSPHRASE);
    let run = world.end(&mut command).ends_with(0);
    let runner = Runner::read(&run.err);
    let masked: Vec<&str> = runner.named("add-mask").iter().map(|done| done.data.as_str()).collect();
    for secret in secret_lines().into_iter().chain([PASSPHRASE]) {
        assert!(masked.contains(&secret), "{secret} is not masked alone");
        assert!(!runner.log.contains(secret));
    }
    assert!(masked.iter().all(|line| !line.contains("PGP") && !line.contains('\n')), "{masked:?}");
    assert!(world.listed().iter().any(|file| file.contains("demo-1.0.0.tgz.prov")), "{:?}", world.listed());
}
