//! Secrets stay where they belong: not in what is printed or stored, not in the environment of other programs.
//!
//! Every story of this world ends with a search for its marked secrets, in any form, in all that was printed and stored
//! ([`Online::check`]). Here are the stories in which they come close to it.

use crate::world::{
    front::Fault,
    online::{Online, PASSWORD, TOKEN, USER},
    trials::publish,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::{fs, os::unix::fs::PermissionsExt, process::Command};

/// What every secret of these stories has in it.
const MARK: &str = "marked";

/// Every variable that may hold a secret, with one.
const VARIABLES: [(&str, &str); 7] = [
    ("CHART_RELEASE_GITHUB_TOKEN", TOKEN),
    ("GITHUB_TOKEN", "ghs_markedTokenOfTheJob"),
    ("GH_TOKEN", "ghs_markedTokenOfThePerson"),
    ("CR_TOKEN", "ghs_markedTokenOfTheReleaser"),
    ("ACTIONS_RUNTIME_TOKEN", "marked-token-of-the-runner"),
    ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "marked-token-of-the-identity"),
    ("CHART_RELEASE_REGISTRY_PASSWORD_ELSEWHERE_EXAMPLE_COM", "marked-password-of-elsewhere"),
];

fn script(world: &Online, path: &str, text: &str) {
    let path = world.path(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, text).expect("a script can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it can be run");
}

/// The program with all those secrets, and scripts of this folder before all others.
fn program(world: &Online, scripts: &str) -> Command {
    let mut program = world.program();
    let path = std::env::var("PATH").expect("a PATH");
    program.env("PATH", format!("{}:{path}", world.path(scripts).display())).envs(VARIABLES);
    program.env("CHART_RELEASE_REGISTRY_USER", "elsewhere.example.com=robot");
    program.env_remove("CHART_RELEASE_REGISTRY_PASSWORD");
    program
}

/// What a program was started with: it has what it needs, and nothing secret.
fn environment(world: &Online, file: &str) -> String {
    let environment = fs::read_to_string(world.path(file)).expect("it was started");
    assert!(environment.contains("\nPATH=") || environment.starts_with("PATH="), "{environment}");
    assert!(!environment.contains(MARK), "it was started with\n{environment}");
    environment
}

#[test]
fn a_credential_helper_gets_no_secret_in_its_environment() {
    let world = Online::with_a_chart();
    let answer = format!("{{\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}");
    // The folder `docker` is the one place where the world has secrets of its own.
    let helper =
        format!("#!/bin/sh\nenv > \"$HOME/environment-of-the-helper\"\ncat > /dev/null\necho '{answer}'\n");
    script(&world, "docker/docker-credential-story", &helper);
    fs::write(world.path("docker/config.json"), r#"{"credsStore":"story"}"#).expect("a file can be written");

    let oci = world.oci();
    world.end(program(&world, "docker").args(["publish", "-vv", "--channel", &oci])).ends_with(0);

    assert_eq!(world.listed(), ["oci demo: 1.0.0"]);
    environment(&world, "environment-of-the-helper");
}

#[test]
fn ssh_and_the_hooks_behind_a_path_get_no_secret_in_their_environment() {
    let world = Online::with_a_chart();
    // The last argument is what the other machine is to run.
    let ssh = "#!/bin/sh\nenv > \"$HOME/environment-of-ssh\"\nfor last; do :; done\nexec sh -c \"$last\"\n";
    script(&world, "bin/ssh", ssh);
    script(&world, "bin/another-ssh", ssh);
    world.git.hook("pre-receive", "#!/bin/sh\nenv > \"$HOME/environment-of-a-hook\"\ncat > /dev/null\n");
    let origin = world.git.repository().display().to_string();
    let ways = [
        (format!("ssh://git@git.example.com{origin}"), "bin/ssh", "environment-of-ssh"),
        (format!("ssh://git@git.example.com{origin}"), "bin/another-ssh", "environment-of-ssh"),
        (format!("file://{origin}"), "bin/ssh", "environment-of-a-hook"),
    ];
    for (number, (remote, ssh, told)) in ways.iter().enumerate() {
        let branch = format!("pages-{number}");
        let arguments =
            ["publish", "-vv", "--channel", "pages", "--pages-remote", remote, "--pages-branch", &branch];
        let mut program = program(&world, "bin");
        if *ssh != "bin/ssh" {
            program.env("GIT_SSH_COMMAND", world.path(ssh));
        }
        world.end(program.args(arguments)).ends_with(0).never_says(MARK);
        environment(&world, told);
        fs::remove_file(world.path(told)).expect("it is there");
        assert!(world.git.ask(&["rev-parse", &branch]).is_some(), "{remote} was not pushed to");
    }
}

#[test]
fn no_log_and_no_document_of_a_publish_has_a_secret() {
    for told in [&["-v"][..], &["-vv"], &["-vvv"], &["--json"], &["--json", "-vvv"]] {
        let world = Online::with_a_chart();
        let oci = world.oci();
        let channels = ["--channel", "releases", "--channel", "pages", "--channel", &oci];
        for command in ["plan", "publish", "publish"] {
            let mut program = world.program();
            program.args([command]).args(channels).args(told);
            // What other programs in Rust listen to.
            program.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
            let run = world.end(&mut program).ends_with(0).never_says(TOKEN).never_says(PASSWORD);
            if told.contains(&"-vvv") || told.contains(&"-vv") {
                // Of each side, what was asked.
                run.says("/repos/acme/charts/releases")
                    .says("/v2/acme/charts/demo")
                    .says("/acme/charts.git/info");
            }
        }
    }
}

#[test]
fn a_password_in_an_address_is_refused_and_never_repeated() {
    const SECRET: &str = "marked-password-in-an-address";
    let world = Online::with_a_chart();
    let (host, oci) = (world.front.host(), world.oci());
    let web = format!("http://somebody:{SECRET}@{host}/acme/charts.git");
    let options = [
        ("pages-remote", web.clone()),
        ("pages-remote", format!("https://{SECRET}@git.example.com/acme/charts.git")),
        ("pages-remote", format!("ssh://somebody:{SECRET}@git.example.com/acme/charts.git")),
        ("pages-remote", format!("git://somebody:{SECRET}@git.example.com/acme/charts.git")),
        ("pages-remote", format!("https://somebody:{SECRET}@git.example.com:port/acme")),
        ("pages-url", format!("https://somebody:{SECRET}@charts.example.com")),
        ("channel", format!("oci://somebody:{SECRET}@{host}/acme/charts")),
        ("registry-user", format!("{host}={USER}:{SECRET}")),
        ("plain-http", format!("somebody:{SECRET}@{host}")),
        ("github-repository", format!("https://somebody:{SECRET}@{host}/acme/charts")),
    ];
    let run = |program: &mut Command| {
        let run = world.end(program.args(["publish", "-vvv", "--channel", "pages", "--channel", &oci]));
        run.ends_with(2).never_says(SECRET)
    };
    for (option, value) in &options {
        run(world.program().args([&format!("--{option}"), value])).says(option);
        let variable = format!("CHART_RELEASE_{}", option.replace('-', "_").to_uppercase());
        // A channel that is typed goes over that of the environment.
        if *option != "channel" {
            run(world.program().env(&variable, value)).says(&variable);
            world.write("chart-release.yaml", format!("{option}: {value:?}\n"));
            run(world.program().env_remove(&variable)).says("chart-release.yaml");
            world.remove("chart-release.yaml");
        }
    }
    for variable in ["GITHUB_API_URL", "GITHUB_SERVER_URL"] {
        run(world.program().env(variable, &web)).says(variable);
    }
    assert_eq!(world.published(), [""; 0]);
    assert_eq!(world.front.requests(), []);
}

#[test]
fn the_password_in_the_address_of_the_origin_goes_nowhere() {
    const SECRET: &str = "marked-password-of-the-origin";
    let world = Online::with_a_chart();
    let origin = format!("http://somebody:{SECRET}@{}/acme/charts.git", world.front.host());
    world.git(&["remote", "set-url", "origin", &origin]);
    let oci = world.oci();
    let publish = |channels: &[&str]| {
        let mut program = world.program();
        program.args(["publish", "-vvv"]).env_remove("GITHUB_REPOSITORY").env_remove("GITHUB_SERVER_URL");
        program.env_remove("GITHUB_API_URL");
        world.end(program.args(channels.iter().flat_map(|channel| ["--channel", channel]))).never_says(SECRET)
    };

    publish(&[&oci, "folder:published"]).ends_with(0);
    // Nobody said that plain HTTP may be used for the pages.
    publish(&["pages"]).ends_with(2);

    let manifest = world.registry.manifest("acme/charts/demo", "1.0.0").expect("it is there").json();
    let source = manifest["annotations"]["org.opencontainers.image.source"].as_str().map(str::to_owned);
    assert_eq!(source, Some(format!("{}/acme/charts.git", world.front.url())));
    for (place, bytes) in world.registry.everything() {
        assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "{place}");
    }
    for (path, bytes) in crate::world::files(&world.repository().join("published")) {
        assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "{path}");
    }
}

#[test]
fn a_server_that_repeats_who_we_are_is_not_quoted_with_it() {
    let parts = [
        "/api/v3/",
        "/api/uploads/",
        "/token",
        "/v2/",
        "/manifests/",
        "/blobs/",
        "/info/refs",
        "/git-receive-pack",
    ];
    let mut quoted = 0;
    for (number, part) in parts.into_iter().enumerate() {
        let world = Online::with_a_chart();
        // Known from a file, so that no variable tells that it is secret.
        let auth = BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}"));
        fs::create_dir_all(world.path("docker")).expect("a folder");
        let config = format!(r#"{{"auths":{{"{}":{{"auth":"{auth}"}}}}}}"#, world.front.host());
        fs::write(world.path("docker/config.json"), config).expect("a file can be written");
        for status in [401, 403, 422, 500] {
            world.front.always("", part, Fault::Echo(status));
            let oci = world.oci();
            let mut program = world.program();
            program.env_remove("CHART_RELEASE_REGISTRY_USER").env_remove("CHART_RELEASE_REGISTRY_PASSWORD");
            program.args([
                "publish",
                "-vvv",
                "--channel",
                "releases",
                "--channel",
                "pages",
                "--channel",
                &oci,
            ]);
            if number % 2 == 1 {
                program.arg("--json");
            }
            let run = world.end(&mut program).never_says(TOKEN).never_says(PASSWORD).never_says(&auth);
            assert!([1, 4].contains(&run.code), "{part} {status}: {}\n{}\n{}", run.code, run.out, run.err);
            world.front.heal();
            quoted += usize::from(run.out.contains("***"));
        }
        publish(&world, &[]).ends_with(0);
    }
    assert!(quoted > 20, "only {quoted} answers were quoted at all: nothing was there to be taken out");
}
