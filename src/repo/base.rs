//! What a branch is compared with: the commit where it left the branch that it will be merged into.

use super::{Inner, NoSurvey};
use crate::{
    doors::git::{FETCH_EVERYTHING, Id, Open},
    problem::Problem,
};

/// What a branch is compared with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Base {
    /// Where it left this branch, tag or commit: somebody named it.
    Named(String),
    /// Where it left this commit: the event of a workflow says so, and the clone may lack it.
    Event(String),
    /// Where it left the branch that `origin` shows: its `HEAD`, `main` or `master`, whichever the clone has first.
    #[default]
    OfOrigin,
}

/// What a base is in this clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaseFound {
    /// This commit.
    At {
        /// What was named, or looked for.
        name: String,
        /// Its id in hex.
        commit: String,
    },
    /// There is nothing to compare with, for this reason.
    Nothing(Problem),
}

/// Where the branch is that others are merged into, when nobody says it.
const OF_ORIGIN: [&str; 3] = ["origin/HEAD", "origin/main", "origin/master"];

/// See [`super::Repo::base`].
pub fn base(inner: &Inner, git: &Open, base: &Base) -> Result<BaseFound, NoSurvey> {
    let Some(head) = inner.head(git)? else {
        let problem = Problem::new("the branch has no commit yet, so nothing is compared");
        return Ok(BaseFound::Nothing(problem.next("commit the charts")));
    };
    let (name, tip) = match base {
        Base::Named(name) => (name.as_str(), git.resolve(name).map_err(NoSurvey::NotThere)?),
        Base::Event(commit) => match git.resolve(commit) {
            Ok(tip) => (commit.as_str(), tip),
            Err(_) => return Ok(BaseFound::Nothing(not_here(commit))),
        },
        Base::OfOrigin => match OF_ORIGIN.iter().find_map(|name| Some((*name, git.resolve(name).ok()?))) {
            Some(found) => found,
            None => return Ok(BaseFound::Nothing(nowhere(git))),
        },
    };
    Ok(match git.merge_base(head, tip)? {
        Some(commit) => BaseFound::At { name: name.to_owned(), commit: commit.to_string() },
        None => BaseFound::Nothing(apart(git, name, tip)),
    })
}

fn not_here(commit: &str) -> Problem {
    let short: String = commit.chars().take(10).collect();
    Problem::new(format!("the base of this event, {short}, is not in this clone: {NOTHING_COMPARED}"))
        .next("let actions/checkout have `fetch-depth: 0`")
}

fn nowhere(git: &Open) -> Problem {
    let what = format!("this clone has none of {}: {NOTHING_COMPARED}", OF_ORIGIN.join(", "));
    Problem::new(what).next(match git.is_shallow() {
        true => FETCH_EVERYTHING,
        false => "name what the branch will be merged into: --base REF",
    })
}

fn apart(git: &Open, name: &str, tip: Id) -> Problem {
    let what = format!("the head and {name} ({}) have no commit in common: {NOTHING_COMPARED}", tip.short());
    Problem::new(what).next(match git.is_shallow() {
        true => FETCH_EVERYTHING,
        false => "name what the branch was made from: --base REF",
    })
}

const NOTHING_COMPARED: &str = "what the branch changes is not known";
