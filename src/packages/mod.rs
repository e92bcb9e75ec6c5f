//! A chart's files as one package: written, read back, compared, and guarded against what must not be in it.

pub mod guards;
