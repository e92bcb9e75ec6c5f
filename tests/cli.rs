//! The built program, as people call it: help, version, completions, wrong usage.

use std::{
    path::Path,
    process::{Command, Output},
};

struct Told {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs the program in this folder, in an environment that holds nothing else.
fn run_in(folder: &Path, typed: &[&str], environment: &[(&str, &str)]) -> Told {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_chart-release"))
        .args(typed)
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .expect("the program runs");
    Told {
        code: output.status.code().expect("an exit code"),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

fn run(typed: &[&str]) -> Told {
    run_in(Path::new("."), typed, &[])
}

/// A folder that git takes for a repository.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let git = Command::new("git").args(["init", "--quiet"]).current_dir(&folder).status();
    assert!(git.expect("git runs").success());
    folder
}

#[test]
fn version_is_data() {
    let told = run(&["--version"]);
    assert_eq!(told.code, 0);
    assert_eq!(told.stdout, format!("chart-release {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(told.stderr, "");
}

#[test]
fn help_of_every_command_teaches_examples_and_exit_codes() {
    for command in [
        &["--help"][..],
        &["plan", "--help"],
        &["check", "--help"],
        &["publish", "--help"],
        &["package", "--help"],
    ] {
        let told = run(command);
        assert_eq!(told.code, 0, "{command:?}");
        assert!(told.stdout.contains("\nExamples:\n"), "{}", told.stdout);
        assert!(told.stdout.contains("\nExit codes:\n  0  done, or nothing to do\n"), "{}", told.stdout);
        assert!(!told.stdout.contains('\u{1b}'), "no colours in a pipe: {}", told.stdout);
    }
}

#[test]
fn the_options_of_each_command_are_those_that_apply() {
    let has = |command: &str, option: &str| {
        let help = run(&[command, "-h"]).stdout;
        help.lines()
            .any(|line| line.split_whitespace().take(2).any(|word| word.trim_matches([',', '.']) == option))
    };
    let everywhere = [
        "--charts",
        "--exclude",
        "--since",
        "--only",
        "--generated",
        "--jobs",
        "--repository",
        "--config",
        "--color",
        "--quiet",
        "--verbose",
    ];
    for command in ["plan", "publish", "package"] {
        for option in everywhere {
            assert!(has(command, option), "{command} {option}");
        }
    }
    for (option, on_package) in
        [("--channel", false), ("--strict", false), ("--tag", false), ("--json", false), ("--into", true)]
    {
        assert_eq!(has("package", option), on_package, "{option}");
        assert_eq!(has("plan", option), !on_package, "{option}");
        assert_eq!(has("publish", option), !on_package, "{option}");
    }
}

#[test]
fn without_a_command_help_is_told_and_the_usage_is_wrong() {
    let told = run(&[]);
    assert_eq!((told.code, told.stdout.as_str()), (2, ""));
    assert!(told.stderr.contains("Usage: chart-release [OPTIONS] <COMMAND>"), "{}", told.stderr);
}

#[test]
fn wrong_usage_ends_with_2_and_says_nothing_on_stdout() {
    let wrong: [&[&str]; 10] = [
        &["pubish"],
        &["plan", "--nope"],
        &["plan", "--jobs", "0"],
        &["plan", "--color", "red"],
        &["plan", "--quiet", "-v"],
        &["package", "--channel", "folder:x"],
        &["publish", "--only", "plan.json", "demo"],
        &["publish", "--since", "HEAD~1", "demo"],
        &["publish", "--tag", "demo-1.0.0", "demo"],
        &["package", "--tag", "demo-1.0.0"],
    ];
    for typed in wrong {
        let told = run(typed);
        assert_eq!((told.code, told.stdout.as_str()), (2, ""), "{typed:?}");
        assert!(told.stderr.starts_with("error: "), "{}", told.stderr);
    }
    assert!(run(&["pubish"]).stderr.contains("publish"));
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let told = run(&["completions", shell]);
        assert_eq!((told.code, told.stderr.as_str()), (0, ""), "{shell}");
        for word in ["plan", "publish", "package", "channel"] {
            assert!(told.stdout.contains(word), "{shell} {word}");
        }
    }
}

#[test]
fn a_wrong_configuration_ends_with_2_and_tells_all_that_is_wrong() {
    let repository = repository();
    std::fs::create_dir(repository.path().join("below")).expect("a folder");
    std::fs::write(repository.path().join("chart-release.yaml"), "chanel: folder:x\njobs: many\n")
        .expect("a file");
    let told = run_in(&repository.path().join("below"), &["plan"], &[]);
    assert_eq!((told.code, told.stdout.as_str()), (2, ""));
    assert!(
        told.stderr.starts_with(
            "error: there is no option `chanel`\n  in: chart-release.yaml:1\n  next: did you mean `channel`? "
        ),
        "{}",
        told.stderr
    );
    assert!(
        told.stderr.ends_with("error: jobs: must be a whole number\n  in: chart-release.yaml:2\n"),
        "{}",
        told.stderr
    );
}

#[test]
fn a_configuration_that_was_named_must_be_there() {
    let told = run_in(repository().path(), &["plan", "--config", "other.yaml"], &[]);
    assert_eq!(told.code, 2);
    assert!(told.stderr.starts_with("error: cannot read the configuration: "), "{}", told.stderr);
    assert!(told.stderr.contains("\n  in: other.yaml\n"), "{}", told.stderr);
}

#[test]
fn outside_a_repository_the_usage_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = run_in(folder.path(), &["plan"], &[]);
    assert_eq!((told.code, told.stdout.as_str()), (2, ""));
    assert!(told.stderr.contains("--repository DIR"), "{}", told.stderr);
}

#[test]
fn colours_are_for_terminals_or_for_those_who_ask() {
    let coloured = |typed: &[&str], environment: &[(&str, &str)]| {
        let told = run_in(Path::new("."), typed, environment);
        assert_eq!(told.code, 2);
        told.stderr.contains('\u{1b}')
    };
    assert!(!coloured(&["plan", "a/b"], &[]));
    assert!(coloured(&["plan", "--color", "always", "a/b"], &[]));
    assert!(coloured(&["plan", "--color=always", "--nope"], &[]));
    assert!(
        coloured(&["plan", "--color=always", "a/b"], &[("NO_COLOR", "1")]),
        "a flag goes over the environment"
    );
    assert!(!coloured(&["plan", "--color=never", "a/b"], &[("CLICOLOR_FORCE", "1")]));
    assert!(coloured(&["plan", "a/b"], &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn a_misspelt_variable_is_an_error() {
    let told = run_in(repository().path(), &["plan"], &[("CHART_RELEASE_CHANEL", "folder:x")]);
    assert_eq!(told.code, 2);
    assert!(
        told.stderr.starts_with("error: CHART_RELEASE_CHANEL is set, and there is no such option\n"),
        "{}",
        told.stderr
    );
}
