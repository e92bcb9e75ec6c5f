//! Plan, report and problems as the summary of a job, in Markdown.

use super::{Packages, Report};
use crate::{plan::Plan, problem::Problem};

/// Where the files of the repository can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Of the repository: `https://github.com/acme/charts`.
    pub url: String,
    /// The commit that was checked out, in hex.
    pub commit: String,
}

/// Of a plan.
pub fn plan(_plan: &Plan, _source: Option<&Source>) -> String {
    String::new()
}

/// Of a report.
pub fn report(_report: &Report, _source: Option<&Source>) -> String {
    String::new()
}

/// Of what `package` made.
pub fn packages(_packages: &Packages, _source: Option<&Source>) -> String {
    String::new()
}

/// Of a run that has no answer.
pub fn problems(_problems: &[Problem], _source: Option<&Source>) -> String {
    String::new()
}
