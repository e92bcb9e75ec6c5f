//! The journeys of chart versions, from a real repository into every channel. Each ends by listing everything stored.

mod world;

mod action;
mod adoption;
mod begun;
mod budget;
mod channels;
mod checks;
mod checks_in_workflows;
mod content;
mod dead_run;
mod dependencies;
mod fake_github;
mod fake_others;
mod faults;
mod first;
mod generated_notes;
mod guards;
mod hostile;
#[cfg(unix)]
mod hostile_action;
mod incidents;
mod left_packages;
mod library;
mod many;
mod places;
mod provenance;
mod races;
mod releases;
mod runner_commands;
mod secrets;
mod signing;
mod signing_keys;
mod stop_anywhere;
mod tagged;
mod versions;
mod ways;
mod with_index;

/// The program of these stories, which the world asks for.
fn program() -> &'static str {
    env!("CARGO_BIN_EXE_chart-release")
}
