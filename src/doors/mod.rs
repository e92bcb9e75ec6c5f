//! The doors: the only places that name an outside technology. What fails behind them is said in our words.

pub mod away;
pub mod cache;
pub mod credentials;
pub mod disk;
pub mod download;
pub mod git;
pub mod github;
pub mod helm;
pub mod http;
pub mod patience;
pub mod registry;
pub mod repositories;
pub mod scratch;
pub mod shelf;
