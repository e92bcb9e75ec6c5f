//! A chart's files as one package: written, read back, compared, and guarded against what must not be in it.

mod contents;
mod epoch;
pub mod guards;
mod pack;

pub use contents::Contents;
pub use epoch::{DEFAULT_TIME, parse_epoch};
pub use pack::{LARGEST_FILE, Package, pack, too_large, unpack};
