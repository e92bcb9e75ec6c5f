//! The journeys of chart versions, from a real repository into a folder. Each ends by listing everything stored.

mod world;

mod content;
mod dead_run;
mod fake_github;
mod first;
mod guards;
mod hostile;
mod library;
mod many;
mod places;
mod releases;
mod versions;
