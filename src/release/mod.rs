//! What a release of a chart version is called, says and carries; and how our own are told from others'.

mod assets;
mod body;
mod mark;
mod name;

pub use assets::{keeps_its_name, package_version, provenance_file};
pub use body::{Words, body};
pub use mark::Mark;
pub use name::{AroundVersion, Template};
