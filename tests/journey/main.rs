//! The journeys of chart versions, from a real repository into every channel. Each ends by listing everything stored.

mod world;

mod channels;
mod content;
mod dead_run;
mod fake_github;
mod fake_others;
mod first;
mod guards;
mod hostile;
mod library;
mod many;
mod places;
mod provenance;
mod releases;
mod versions;
