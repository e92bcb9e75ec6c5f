//! The vectors taken from running Helm.

mod helmignore;
