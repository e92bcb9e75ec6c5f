//! Stories of what a chart depends on.
