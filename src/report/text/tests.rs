//! The texts, as people read them.
