//! Arguments and environment in, exit code out.

use std::{collections::BTreeMap, process::ExitCode};

fn main() -> ExitCode {
    // Read once, here: nothing below asks the process for them. What is not text cannot be an option.
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let environment: BTreeMap<String, String> = std::env::vars_os().filter_map(text).collect();
    // Programs that are started later (ssh, credential helpers) have no use for what is secret here.
    for secret in environment.keys().filter(|name| chart_release::config::is_secret(name)) {
        // SAFETY: this is the only thread yet, so nobody reads the environment meanwhile.
        #[allow(unsafe_code)]
        unsafe {
            std::env::remove_var(secret);
        }
    }
    ExitCode::from(chart_release::cli::main(std::env::args_os(), &environment))
}
