//! Who we are on which host, and what is said of dependencies.

use super::*;
use crate::dependencies::Mode;

const PASSWORD: &str = "CHART_RELEASE_REGISTRY_PASSWORD";

/// The users that have a password, and it.
fn users(config: &Config) -> Vec<(&str, &str, &str)> {
    let users = config.registries.credentials.iter();
    users.map(|(host, who)| (host.as_str(), who.user.as_str(), who.password.expose())).collect()
}

#[test]
fn what_is_wrong_with_a_registry_is_told_without_secrets() {
    let password = ("CHART_RELEASE_REGISTRY_PASSWORD_R_EXAMPLE_5000", "correct horse");
    let typed = "plan --channel oci://r.example:5000/charts";
    let good = config(&format!("{typed} --registry-user r.example:5000=robot"), &[password], "");
    assert_eq!(good.registries.credentials["r.example:5000"].password.expose(), "correct horse");
    assert!(check(typed, &[password], "").is_err(), "a password of nobody");
    assert!(check(&format!("{typed} --registry-user r.example:5000=robot"), &[], "").is_err(), "no password");
    for wrong in
        ["oci://", "oci://r.example", "oci://u:hunter2@r.example/a", "oci://r.example/a:1", "oci://r/a//b"]
    {
        let told = format!("{:?}", problems(&format!("plan --channel {wrong}"), &[], ""));
        assert!(!told.contains("hunter2"), "{told}");
    }
    let token = [("GITHUB_TOKEN", "ghs_1234\n5678")];
    let told = format!("{:?}", problems("plan --channel oci://ghcr.io/a", &token, ""));
    assert!(told.contains("GITHUB_TOKEN: ") && !told.contains("5678"), "{told}");
}

#[test]
fn a_user_with_a_password_is_known_to_dependencies_whatever_the_channels_are() {
    let typed = "--registry-user charts.example.com=reader --registry-user r.example:5000=robot";
    let own = [
        ("CHART_RELEASE_REGISTRY_PASSWORD_CHARTS_EXAMPLE_COM", "password-of-reader"),
        ("CHART_RELEASE_REGISTRY_PASSWORD_R_EXAMPLE_5000", "password-of-robot"),
    ];
    let both = [
        ("charts.example.com", "reader", "password-of-reader"),
        ("r.example:5000", "robot", "password-of-robot"),
    ];
    let oci = "--channel oci://r.example:5000/charts";
    for command in [format!("plan {typed}"), format!("publish {oci} {typed}"), format!("package {typed}")] {
        assert_eq!(users(&config(&command, &own, "")), both, "{command}");
    }
    // Without a password somebody else may know who we are; a channel has to be written to.
    assert_eq!(users(&config(&format!("package {typed}"), &own[..1], "")), both[..1]);
    let told = problems(&format!("plan {oci} {typed}"), &own[..1], "");
    assert_eq!(told[0].what, "--registry-user names robot for r.example:5000, and there is no password");
}

#[test]
fn the_password_without_a_host_is_for_one_host_and_the_channel_goes_first() {
    let password = [(PASSWORD, "password-of-all")];
    let typed = "--registry-user charts.example.com=reader --registry-user r.example:5000=robot";
    let channel = config(&format!("plan --channel oci://r.example:5000/charts {typed}"), &password, "");
    assert_eq!(users(&channel), [("r.example:5000", "robot", "password-of-all")]);
    let one = config("plan --registry-user charts.example.com=reader", &password, "");
    assert_eq!(users(&one), [("charts.example.com", "reader", "password-of-all")]);
    let told = problems(&format!("plan {typed}"), &password, "");
    assert_eq!(
        told[0].what,
        format!("{PASSWORD} would go to two hosts, charts.example.com and r.example:5000")
    );
    assert!(told[0].next.as_deref().unwrap().contains("CHART_RELEASE_REGISTRY_PASSWORD_CHARTS_EXAMPLE_COM"));
}

#[test]
fn the_token_of_github_goes_to_no_host_of_a_dependency() {
    let here = [("GITHUB_REPOSITORY", "acme/charts"), ("GITHUB_TOKEN", "ghs_12345678")];
    let without = config("plan --channel releases --channel oci://r.example/charts", &here, "");
    assert_eq!(users(&without), []);
    let with = config("plan --channel releases --channel oci", &here, "");
    assert_eq!(users(&with), [("ghcr.io", "acme", "ghs_12345678")]);
}

#[test]
fn dependencies_are_found_as_somebody_says_or_as_the_chart_does() {
    for (text, mode) in [("locked", Mode::Locked), ("Update", Mode::Update), ("VENDORED", Mode::Vendored)] {
        assert_eq!(config(&format!("package --dependencies {text}"), &[], "").dependencies, Some(mode));
        let variable = [("CHART_RELEASE_DEPENDENCIES", text)];
        assert_eq!(config("plan", &variable, "dependencies: locked\n").dependencies, Some(mode));
    }
    assert_eq!(config("plan", &[], "").dependencies, None);
    assert_eq!(
        lines("dependencies: newest\n"),
        ["chart-release.yaml:1 dependencies: `newest` is neither locked nor update nor vendored"]
    );
}

#[test]
#[cfg(not(windows))]
fn what_is_fetched_is_kept_where_the_system_keeps_such_files() {
    let cache = |typed: &str, environment: &[(&str, &str)], file: &str| {
        config(typed, environment, file).cache.map(|path| path.display().to_string())
    };
    let home = ("HOME", "/home/demo");
    let at_home = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    assert_eq!(cache("plan", &[], ""), None);
    assert_eq!(cache("plan", &[home], ""), Some(format!("/home/demo/{at_home}/chart-release")));
    let xdg = [home, ("XDG_CACHE_HOME", "/var/cache/demo")];
    assert_eq!(cache("plan", &xdg, "").as_deref(), Some("/var/cache/demo/chart-release"));
    let relative = [home, ("XDG_CACHE_HOME", "cache")];
    assert_eq!(cache("plan", &relative, ""), cache("plan", &[home], ""));
    assert_eq!(cache("plan --cache here", &[home], "").as_deref(), Some("here"));
    assert_eq!(cache("plan", &[home], "cache: here\n").as_deref(), Some("repository/here"));
    // No shell reads what stands in a file.
    assert_eq!(cache("plan", &[home], "cache: ~/kept\n").as_deref(), Some("/home/demo/kept"));
}

#[test]
fn other_programs_variables_are_known_below_and_ours_and_secrets_are_not() {
    let environment = [
        ("HOME", "/home/demo"),
        ("HELM_REPOSITORY_CONFIG", "/repositories.yaml"),
        ("GITHUB_TOKEN", "ghs_12345678"),
        ("CHART_RELEASE_JOBS", "2"),
        ("CHART_RELEASE_SIGNING_KEY", "bWFya2VkLWtleQ=="),
        ("INPUT_SIGNING_KEY", "bWFya2VkLWtleQ=="),
        ("INPUT_JOBS", "3"),
    ];
    let known = config("plan", &environment, "").environment;
    assert_eq!(known.keys().collect::<Vec<_>>(), ["HELM_REPOSITORY_CONFIG", "HOME"]);
}
