//! Running another program: in an empty environment, with its words and its output in every error.

use anyhow::{Context, Result, bail};
use std::{ffi::OsStr, path::Path, process::Command};

/// A command that sees nothing of the caller but `PATH`; `home` is its home and its temporary folder.
pub fn command(program: impl AsRef<OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("TMPDIR", home)
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

/// git in a folder, as one person at one time.
pub fn git(folder: &Path, home: &Path) -> Command {
    let mut git = command("git", home);
    git.current_dir(folder).args(["-c", "core.autocrlf=false"]);
    for role in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{role}_NAME"), "Peers")
            .env(format!("GIT_{role}_EMAIL"), "peers@example.com")
            .env(format!("GIT_{role}_DATE"), "2024-05-06T07:08:09+00:00");
    }
    git
}

/// What the command wrote to stdout; any other end than success is an error.
pub fn run(command: &mut Command) -> Result<Vec<u8>> {
    let (words, output) = (words(command), command.output());
    let output = output.with_context(|| format!("could not start {words}"))?;
    if !output.status.success() {
        bail!(
            "{words}\n  ended with {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(output.stdout)
}

/// What a command that must fail said on stderr; success is an error.
pub fn refused(command: &mut Command) -> Result<String> {
    let (words, output) = (words(command), command.output());
    let output = output.with_context(|| format!("could not start {words}"))?;
    if output.status.success() {
        bail!("{words}\n  ended well, which it must not");
    }
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
