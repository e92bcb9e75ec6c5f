//! What is done with one input of each fuzz target, and what has to hold of it.
//!
//! The targets run these on what the fuzzer invents, and `tests/seeds.rs`, in stable Rust, on every seed that is kept.

mod archive;
mod chart_yaml;
mod helmignore;
mod index;
mod oci_manifest;
mod provenance;

pub use archive::archive;
pub use chart_yaml::chart_yaml;
pub use helmignore::helmignore;
pub use index::index;
pub use oci_manifest::oci_manifest;
pub use provenance::provenance;

/// One input is several documents: they stand between lines of three equals signs, and what is not there is empty.
fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    const BETWEEN: &[u8] = b"\n===\n";
    let mut rest = data;
    std::array::from_fn(|part| {
        let place = rest.windows(BETWEEN.len()).position(|bytes| bytes == BETWEEN).filter(|_| part + 1 < N);
        let (found, left) = match place {
            Some(place) => (&rest[..place], &rest[place + BETWEEN.len()..]),
            None => (rest, &rest[rest.len()..]),
        };
        rest = left;
        found
    })
}
