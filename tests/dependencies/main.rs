//! What charts depend on: found, fetched, verified and put into `charts/`, against a classic repository and a registry in
//! this process.

mod classic;
mod world;
