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
