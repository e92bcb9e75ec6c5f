//! What charts depend on: found, fetched, verified and put into `charts/`, against a classic repository and a registry in
//! this process.

mod cache;
mod classic;
mod corpora;
mod here;
mod hostile;
mod oci;
mod people;
mod registry;
mod world;
