//! What people type, and what they get: arguments in, data on stdout, everything else on stderr, an exit code out.

#[macro_use]
mod exit_codes;
mod arguments;
mod verify;

pub use arguments::Cli;

use crate::{
    action,
    config::{Color, Config, Given},
    problem::Problem,
    progress,
    report::{self, ExitCode, documents, text},
    secret::Redaction,
    setup::{self, Answer, Asked, NoAnswer},
};
use arguments::Command;
use clap::{CommandFactory, FromArgMatches, ValueEnum};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{self, Write},
    num::NonZeroUsize,
    path::Path,
};

/// The whole program: arguments (the first is the program's name) and environment in, exit code out.
pub fn main(arguments: impl IntoIterator<Item = OsString>, environment: &BTreeMap<String, String>) -> u8 {
    let arguments: Vec<_> = arguments.into_iter().collect();
    // What is wrong with the arguments is told in colour, too: so colours are settled before they are read.
    use_colors(typed_color(&arguments).unwrap_or_default());
    let definition = Cli::command();
    let redaction = Redaction::new(&crate::config::secrets(environment));
    progress::tell_faults(&redaction);
    let matches = match definition.clone().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(told) => return without_command(&told, &redaction),
    };
    let command = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli.command,
        Err(told) => return without_command(&told, &redaction),
    };
    let asked = match command {
        Command::Completions { shell } => return completions(shell, &redaction),
        Command::Verify(asked) => return verify::verify(&asked, environment, &redaction),
        Command::Action => return action::main(&definition, environment, &redaction),
        Command::Plan(_) => Asked::Plan,
        Command::Publish { .. } => Asked::Publish,
        Command::Check(_) => Asked::Check,
        Command::Package { .. } => Asked::Package,
    };
    let typed = matches.subcommand().map_or(&matches, |(_, typed)| typed);
    let mut given = Given::new(&definition, typed, environment);
    if asked == Asked::Check {
        given.without_passwords();
    }
    match run(asked, given, &redaction) {
        Ok(code) => code.number(),
        Err(NoAnswer { code, problems }) => {
            problems.iter().for_each(|problem| progress::tell(&redaction, &text::error(problem)));
            code.number()
        }
    }
}

fn run(asked: Asked, given: Given, redaction: &Redaction) -> Result<ExitCode, NoAnswer> {
    let start = given.repository().unwrap_or(Path::new("."));
    let root = setup::root(start).map_err(|problem| NoAnswer::usage(vec![problem]))?;
    let file = given.file(&root);
    let bytes = file.read(&root).map_err(|problem| NoAnswer::usage(vec![problem]))?;
    let bytes = bytes.as_deref().map(|bytes| (file.name.as_str(), bytes));
    let processors = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let config = given.check(&root, bytes, processors).map_err(NoAnswer::usage)?;
    use_colors(config.color);
    progress::log(config.quiet, config.verbose, redaction);
    let watch = progress::watch(config.quiet, config.verbose, redaction);
    let answer = setup::run(&config, asked, watch.as_ref());
    // A bar must be gone before the answer is printed.
    drop(watch);
    let answer = answer?;
    let (told, code) = in_words(&answer, &config);
    print(redaction, &told).map_err(NoAnswer::from)?;
    Ok(code)
}

/// The answer as it is printed, and the exit code.
fn in_words(answer: &Answer, config: &Config) -> (String, ExitCode) {
    match answer {
        Answer::Plan(plan) if config.json => (documents::json(&documents::plan(plan)), plan.exit_code()),
        Answer::Plan(plan) => (text::plan(plan), plan.exit_code()),
        Answer::Report(report) if config.json => {
            (documents::json(&documents::report(report)), report.exit_code())
        }
        Answer::Report(report) => (text::report(report, config.verbose > 0), report.exit_code()),
        Answer::Check(check) if config.json => {
            (documents::json(&report::check::document(check)), check.exit_code())
        }
        Answer::Check(check) => (text::check(check), check.exit_code()),
        Answer::Packages(packages) => (text::packages(packages), packages.exit_code()),
    }
}

/// Help, the version, or what is wrong with the arguments, which may hold anything.
fn without_command(told: &clap::Error, redaction: &Redaction) -> u8 {
    let text = told.render().ansi().to_string();
    if told.use_stderr() {
        progress::tell(redaction, &text);
        return u8::try_from(told.exit_code()).unwrap_or(2);
    }
    // A reader that has read enough is no problem, and no other one can be told.
    let _ = print(redaction, &text);
    ExitCode::Done.number()
}

fn completions(shell: clap_complete::Shell, redaction: &Redaction) -> u8 {
    let mut definition = Cli::command();
    let mut script = vec![];
    clap_complete::generate(shell, &mut definition, "chart-release", &mut script);
    match print(redaction, &String::from_utf8_lossy(&script)) {
        Ok(()) => ExitCode::Done.number(),
        Err(problem) => {
            progress::tell(redaction, &text::error(&problem));
            ExitCode::of(&problem).number()
        }
    }
}

/// Prints data: everything on stdout goes through here. A reader that has read enough (`| head`) is no problem.
fn print(redaction: &Redaction, data: &str) -> Result<(), Problem> {
    let mut out = anstream::stdout().lock();
    match out.write_all(redaction.of(data).as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Problem::new(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

fn use_colors(color: Color) {
    let choice = match color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    };
    choice.write_global();
}

/// What `--color` says, in arguments that nobody has read yet.
fn typed_color(arguments: &[OsString]) -> Option<Color> {
    let texts: Vec<_> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let joined = texts.iter().find_map(|text| text.strip_prefix("--color="));
    let parted = || texts.windows(2).find(|pair| pair[0] == "--color").map(|pair| pair[1]);
    Color::from_str(joined.or_else(parted)?, true).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn colours_are_known_before_the_arguments_are_read() {
        let typed = |texts: &[&str]| typed_color(&texts.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(typed(&["plan"]), None);
        assert_eq!(typed(&["plan", "--color", "never"]), Some(Color::Never));
        assert_eq!(typed(&["--color=Always", "plan"]), Some(Color::Always));
        assert_eq!(typed(&["plan", "--color"]), None);
        assert_eq!(typed(&["plan", "--color=red"]), None);
    }

    #[test]
    fn a_problem_of_the_run_is_for_somebody_or_for_the_next_run() {
        assert_eq!(NoAnswer::from(Problem::new("no room")).code.number(), 1);
        assert_eq!(NoAnswer::from(Problem::new("locked").passing()).code.number(), 4);
        assert_eq!(NoAnswer::usage(vec![Problem::new("no such option")]).code.number(), 2);
    }
}
