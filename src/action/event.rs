//! What started the workflow, and what follows from it: publish, check, plan, nothing, or a refusal.

use crate::{problem::Problem, repo::InBranch, setup::Asked};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde_json::Value;

/// What the runner says of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// `GITHUB_EVENT_NAME`; empty when somebody runs this by hand.
    pub name: String,
    /// `GITHUB_REF`.
    pub reference: String,
    /// What happened to a release, a pull request, ….
    pub action: Option<String>,
    /// The branch that the repository shows.
    pub default_branch: Option<String>,
    /// The commit before what happened: before a push, or the base of a pull request or of a merge group.
    pub before: Option<String>,
    /// The last commit of a pull request's branch.
    pub pulled: Option<String>,
    /// The push took the branch or tag away.
    pub deleted: bool,
}

impl Event {
    /// With what the document at `GITHUB_EVENT_PATH` says. What is not there as GitHub writes it was not said.
    pub fn new(name: &str, reference: &str, document: &Value) -> Self {
        let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        Self {
            name: name.to_owned(),
            reference: reference.to_owned(),
            action: text("/action"),
            default_branch: text("/repository/default_branch").filter(|branch| !branch.is_empty()),
            before: match name {
                "push" => text("/before"),
                "pull_request" => text("/pull_request/base/sha"),
                "merge_group" => text("/merge_group/base_sha"),
                _ => None,
            },
            pulled: text("/pull_request/head/sha").filter(|_| name == "pull_request"),
            deleted: name == "push" && document.pointer("/deleted") == Some(&Value::Bool(true)),
        }
    }

    fn tag(&self) -> Option<&str> {
        self.reference.strip_prefix("refs/tags/").filter(|tag| !tag.is_empty())
    }

    fn branch(&self) -> Option<&str> {
        self.reference.strip_prefix("refs/heads/").filter(|branch| !branch.is_empty())
    }
}

/// What the Action is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// What follows from the event.
    Auto,
    /// This, whatever happened.
    Always(Asked),
}

/// What follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// What is to be done; `None` is nothing.
    pub asked: Option<Asked>,
    /// The commit whose successors are meant.
    pub since: Option<String>,
    /// What a branch is compared with.
    pub base: Option<String>,
    /// The tag that started the workflow.
    pub tag: Option<String>,
    /// What is worth knowing about it.
    pub notices: Vec<Problem>,
}

/// The clone: asked only where the decision hangs on it.
pub trait Checkout {
    /// Whether it has the commit with this whole id.
    fn has(&self, commit: &str) -> bool;

    /// The parents of the head commit, as far as it knows them.
    fn parents(&self) -> Vec<String>;

    /// Whether the head commit is in a branch that is meant.
    ///
    /// # Errors
    /// The repository cannot be read.
    fn head_is_in(&self, is_meant: &dyn Fn(&str) -> bool) -> Result<InBranch, Problem>;
}

impl Checkout for crate::repo::Checkout {
    fn has(&self, commit: &str) -> bool {
        self.has(commit)
    }

    fn parents(&self) -> Vec<String> {
        self.parents()
    }

    fn head_is_in(&self, is_meant: &dyn Fn(&str) -> bool) -> Result<InBranch, Problem> {
        self.head_is_in(is_meant)
    }
}

/// The branches that are published from: those that `branches` names, or the default branch.
#[derive(Clone, Debug, Default)]
pub struct Branches(Option<(GlobSet, String)>);

impl Branches {
    /// Of the globs of the input; as GitHub reads them in `on: push: branches`, where `*` stays before a `/`. Its `!` is
    /// refused: who takes a branch out would have it published, were that not understood.
    ///
    /// # Errors
    /// One of them is no glob.
    pub fn new(globs: &[&str]) -> Result<Self, Problem> {
        if globs.is_empty() {
            return Ok(Self::default());
        }
        let mut set = GlobSetBuilder::new();
        for text in globs {
            if text.starts_with('!') {
                return Err(Problem::new(format!("input branches: `{text}` takes branches out again"))
                    .next("name the branches that are published from, without `!`"));
            }
            let glob = GlobBuilder::new(text).literal_separator(true).build().map_err(|error| {
                Problem::new(format!("input branches: `{text}` is not a glob: {}", error.kind()))
                    .next("write names or globs of branches, one on each line: `main`, `release/*`")
            })?;
            set.add(glob);
        }
        let set = set.build().map_err(|error| Problem::new(format!("input branches: {error}")))?;
        Ok(Self(Some((set, globs.join(", ")))))
    }

    fn has(&self, branch: &str, event: &Event) -> bool {
        match &self.0 {
            Some((globs, _)) => globs.is_match(branch),
            None => event.default_branch.as_deref() == Some(branch),
        }
    }

    fn told(&self, event: &Event) -> String {
        match (&self.0, &event.default_branch) {
            (Some((_, globs)), _) => format!("`branches` names {globs}"),
            (None, Some(branch)) => {
                format!("charts are published from {branch}, unless `branches` names others")
            }
            (None, None) => "name it with `branches`: the event does not say which one is the default".into(),
        }
    }
}

/// What follows from an event.
///
/// # Errors
/// The event is one that must not publish, or the head commit is not where charts are published from.
pub fn decide(
    order: Order,
    mut event: Event,
    branches: &Branches,
    checkout: &dyn Checkout,
) -> Result<Decision, Problem> {
    if event.name == "pull_request_target" {
        let what = "this workflow runs on pull_request_target: it has the rights of the repository, and files of a stranger";
        return Err(Problem::new(what)
            .next("let it run on `pull_request`, which checks, and on `push`, which publishes"));
    }
    // These run on the default branch only, and not all of their documents tell it.
    if matches!(event.name.as_str(), "schedule" | "repository_dispatch") && event.default_branch.is_none() {
        event.default_branch = event.branch().map(str::to_owned);
    }
    let mut notices = Vec::new();
    let asked = match order {
        Order::Always(asked) => Some(asked),
        Order::Auto => automatic(&event, branches, checkout, &mut notices)?,
    };
    if asked.is_none() || event.deleted {
        return Ok(Decision { asked, notices, ..Decision::default() });
    }
    if asked == Some(Asked::Check) {
        // What the clone lacks of it is told where it is compared.
        return Ok(Decision { asked, base: base(&event, checkout), notices, ..Decision::default() });
    }
    let since = match &event.before {
        Some(before) if event.tag().is_none() => since(before, checkout, &mut notices),
        _ => None,
    };
    Ok(Decision { asked, since, base: None, tag: event.tag().map(str::to_owned), notices })
}

/// What a branch is compared with. GitHub checks out the merge of a pull request: its first parent is what the base branch
/// was then, which may be more than the base that the event names.
fn base(event: &Event, checkout: &dyn Checkout) -> Option<String> {
    let parents = checkout.parents();
    match (parents.as_slice(), &event.pulled) {
        ([base, pulled], Some(head)) if pulled == head => Some(base.clone()),
        // The first push of a branch has no commit before it.
        _ => event.before.clone().filter(|before| is_id(before) && !before.bytes().all(|byte| byte == b'0')),
    }
}

fn is_id(text: &str) -> bool {
    [40, 64].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn automatic(
    event: &Event,
    branches: &Branches,
    checkout: &dyn Checkout,
    notices: &mut Vec<Problem>,
) -> Result<Option<Asked>, Problem> {
    let mut plan = |why: String, next: String| {
        notices.push(Problem::new(format!("{why}: this run plans, and publishes nothing")).next(next));
        Ok(Some(Asked::Plan))
    };
    let anyway = "`command: publish` publishes on any event";
    match event.name.as_str() {
        "pull_request" | "merge_group" => return Ok(Some(Asked::Check)),
        "push" if event.deleted => {
            let what = format!("{} was deleted: there is nothing to do", event.reference);
            notices.push(Problem::new(what));
            return Ok(None);
        }
        "push" | "schedule" | "workflow_dispatch" | "repository_dispatch" => {}
        "release" => {
            let action = event.action.as_deref().unwrap_or_default();
            if !["published", "released", "prereleased", "created"].contains(&action) {
                return plan(format!("a release was {action}"), anyway.into());
            }
            if event.tag().is_none() {
                return plan("the event does not say which tag the release has".into(), anyway.into());
            }
        }
        "" => return plan("GITHUB_EVENT_NAME is not set".into(), anyway.into()),
        other => return plan(format!("it runs on {other}"), anyway.into()),
    }
    if event.tag().is_some() {
        return contained(event, branches, checkout).map(|()| Some(Asked::Publish));
    }
    match event.branch() {
        Some(branch) if branches.has(branch, event) => Ok(Some(Asked::Publish)),
        Some(branch) => {
            plan(format!("{branch} is not a branch that charts are published from"), branches.told(event))
        }
        None => plan("GITHUB_REF is neither a branch nor a tag".into(), anyway.into()),
    }
}

/// A tag can be pushed by whoever may write, at any commit: it is published when the commit was merged.
fn contained(event: &Event, branches: &Branches, checkout: &dyn Checkout) -> Result<(), Problem> {
    let tag = event.tag().unwrap_or_default();
    match checkout.head_is_in(&|branch| branches.has(branch, event))? {
        InBranch::Yes(_) => Ok(()),
        InBranch::No => Err(Problem::new(format!(
            "the commit of the tag {tag} is in no branch that charts are published from"
        ))
        .next(format!("merge it first, then tag what was merged; {}", branches.told(event)))),
        InBranch::Unknown => Err(Problem::new(format!(
            "this clone cannot tell whether the commit of the tag {tag} is in a branch that charts are published from"
        ))
        .next(match branches.0.is_none() && event.default_branch.is_none() {
            true => branches.told(event),
            false => format!("let actions/checkout have `fetch-depth: 0`; {}", branches.told(event)),
        })),
    }
}

/// The commit before what happened, where it is one and the clone has it.
fn since(before: &str, checkout: &dyn Checkout, notices: &mut Vec<Problem>) -> Option<String> {
    let is_id = is_id(before);
    // The branch is new: there is nothing before it.
    if is_id && before.bytes().all(|byte| byte == b'0') {
        return None;
    }
    if is_id && checkout.has(before) {
        return Some(before.to_owned());
    }
    let why = match before.get(..10).filter(|_| is_id) {
        Some(short) => format!("the commit before this event, {short}, is not in this clone"),
        None => "what the event names as the commit before it is none".into(),
    };
    notices.push(Problem::new(format!("{why}: only the current version of each chart is looked at")).next(
        "let actions/checkout have `fetch-depth: 0`; after a force push, name older versions with `names`",
    ));
    None
}

#[cfg(test)]
mod tests;
