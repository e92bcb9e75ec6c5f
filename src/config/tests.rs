//! What is meant by flags, environment and file together.
