//! Arguments and environment in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Read once, here: nothing below asks the process for them. What is not text cannot be an option.
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let environment = std::env::vars_os().filter_map(text).collect();
    ExitCode::from(chart_release::cli::main(std::env::args_os(), &environment))
}
