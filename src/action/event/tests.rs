//! Every event, as the runner tells it, and what follows.

use super::*;
use serde_json::json;

const BEFORE: &str = "1111111111111111111111111111111111111111";
const LOST: &str = "2222222222222222222222222222222222222222";
/// The parents of the head: it is the merge that GitHub makes of a pull request.
const FIRST: &str = "3333333333333333333333333333333333333333";
const PULLED: &str = "4444444444444444444444444444444444444444";
const ZEROS: &str = "0000000000000000000000000000000000000000";

/// A clone that has one commit before the head; its head is in these branches of origin.
struct Clone(&'static [&'static str], bool);

impl Checkout for Clone {
    fn has(&self, commit: &str) -> bool {
        commit == BEFORE
    }

    fn parents(&self) -> Vec<String> {
        vec![FIRST.into(), PULLED.into()]
    }

    fn head_is_in(&self, is_meant: &dyn Fn(&str) -> bool) -> Result<InBranch, Problem> {
        Ok(match self.0.iter().find(|branch| is_meant(branch)) {
            Some(branch) => InBranch::Yes((*branch).to_owned()),
            None if self.1 => InBranch::No,
            None => InBranch::Unknown,
        })
    }
}

const MERGED: Clone = Clone(&["main", "topic"], true);
const NOT_MERGED: Clone = Clone(&["topic"], true);
const SHALLOW: Clone = Clone(&[], false);

fn document(mut with: Value) -> Value {
    with["repository"] = json!({"default_branch": "main"});
    with
}

/// What follows, told briefly: what is asked, what of it comes from the event, and how many notices there are.
fn follows(order: Order, event: Event, branches: &[&str], checkout: &dyn Checkout) -> String {
    match decide(order, event, &Branches::new(branches).unwrap(), checkout) {
        Err(problem) => format!("refused: {}", problem.what),
        Ok(Decision { asked, since, base, tag, notices }) => {
            let asked = asked.map_or("nothing".into(), |asked| format!("{asked:?}").to_lowercase());
            let since = since.map(|since| format!(" since {since}")).unwrap_or_default();
            let base = base.map(|base| format!(" base {base}")).unwrap_or_default();
            let tag = tag.map(|tag| format!(" tag {tag}")).unwrap_or_default();
            let notices = if notices.is_empty() { "" } else { " with a notice" };
            format!("{asked}{since}{base}{tag}{notices}")
        }
    }
}

fn auto(name: &str, reference: &str, document: &Value, branches: &[&str], checkout: &dyn Checkout) -> String {
    follows(Order::Auto, Event::new(name, reference, document), branches, checkout)
}

#[test]
fn a_branch_that_is_published_from_publishes_and_others_plan() {
    let since = format!("publish since {BEFORE}");
    let planned = format!("plan since {BEFORE} with a notice");
    for (branch, branches, expected) in [
        ("main", &[][..], &since),
        ("topic", &[], &planned),
        ("main", &["release/*", "main"], &since),
        ("release/1.x", &["release/*", "main"], &since),
        ("release/1.x/topic", &["release/*"], &planned),
        ("release/1.x/topic", &["release/**"], &since),
        // Who names branches names all of them.
        ("main", &["release/*"], &planned),
        ("anything", &["*"], &since),
        ("any/thing", &["*"], &planned),
        // The name of a branch is a name, not a glob.
        ("*", &[], &planned),
        ("{main,topic}", &[], &planned),
        ("ma?n", &["ma[?]n"], &since),
    ] {
        let document = document(json!({"before": BEFORE}));
        let reference = format!("refs/heads/{branch}");
        assert_eq!(
            auto("push", &reference, &document, branches, &MERGED),
            *expected,
            "{branch} {branches:?}"
        );
    }
}

#[test]
fn the_commit_before_a_push_is_taken_where_there_is_one() {
    for (before, expected) in [
        (json!(BEFORE), format!("publish since {BEFORE}")),
        (json!(ZEROS), "publish".into()),
        (json!(LOST), "publish with a notice".into()),
        (json!("--upload-pack=x"), "publish with a notice".into()),
        (json!("HEAD~1"), "publish with a notice".into()),
        (json!(""), "publish with a notice".into()),
        (json!("äöü€🦀"), "publish with a notice".into()),
        (json!(7), "publish".into()),
        (Value::Null, "publish".into()),
    ] {
        let document = document(json!({"before": before}));
        assert_eq!(auto("push", "refs/heads/main", &document, &[], &MERGED), expected, "{before}");
    }
}

#[test]
fn a_document_that_says_nothing_publishes_nothing() {
    for document in [Value::Null, json!([]), json!("main"), json!({"repository": {"default_branch": ""}})] {
        let plan = "plan with a notice";
        assert_eq!(auto("push", "refs/heads/main", &document, &[], &MERGED), plan, "{document}");
        assert_eq!(auto("push", "refs/heads/", &document, &[], &MERGED), plan, "{document}");
        assert_eq!(auto("push", "", &document, &[], &MERGED), plan, "{document}");
        assert_eq!(auto("", "", &document, &[], &MERGED), plan, "{document}");
        // These are told by the event itself.
        assert_eq!(auto("schedule", "refs/heads/main", &document, &[], &MERGED), "publish", "{document}");
        assert_eq!(auto("push", "refs/heads/main", &document, &["main"], &MERGED), "publish", "{document}");
    }
}

#[test]
fn what_was_deleted_needs_nothing() {
    let document = document(json!({"before": BEFORE, "deleted": true}));
    for reference in ["refs/heads/main", "refs/heads/topic", "refs/tags/demo-1.0.0"] {
        assert_eq!(auto("push", reference, &document, &[], &NOT_MERGED), "nothing with a notice");
    }
}

#[test]
fn a_tag_publishes_what_was_merged() {
    for (name, document) in [
        ("push", document(json!({"before": ZEROS}))),
        ("push", document(json!({"before": BEFORE, "forced": true}))),
        ("release", document(json!({"action": "published"}))),
        ("release", document(json!({"action": "released"}))),
        ("release", document(json!({"action": "prereleased"}))),
        ("release", document(json!({"action": "created"}))),
        ("workflow_dispatch", document(json!({}))),
    ] {
        let tag = "refs/tags/demo-1.0.0";
        let published = "publish tag demo-1.0.0";
        assert_eq!(auto(name, tag, &document, &[], &MERGED), published, "{name}");
        assert_eq!(auto(name, tag, &document, &["topic"], &NOT_MERGED), published, "{name}");
        let refused = auto(name, tag, &document, &[], &NOT_MERGED);
        assert!(
            refused.starts_with("refused: the commit of the tag demo-1.0.0 is in no branch"),
            "{refused}"
        );
        let refused = auto(name, tag, &document, &["release/*"], &MERGED);
        assert!(refused.starts_with("refused: the commit"), "{refused}");
        let refused = auto(name, tag, &document, &[], &SHALLOW);
        assert!(refused.starts_with("refused: this clone cannot tell"), "{refused}");
    }
}

#[test]
fn a_clone_that_is_too_shallow_is_told_what_to_fetch() {
    let event = Event::new("push", "refs/tags/v1", &document(json!({})));
    let problem = decide(Order::Auto, event, &Branches::default(), &SHALLOW).unwrap_err();
    assert!(problem.next.unwrap().contains("fetch-depth: 0"));
}

#[test]
fn other_events_check_or_plan() {
    let base = json!({"base": {"sha": BEFORE}});
    let merge = json!({"base": {"sha": BEFORE}, "head": {"sha": PULLED}});
    let checked = format!("check base {BEFORE}");
    let merged = format!("check base {FIRST}");
    for (name, reference, with, expected) in [
        ("pull_request", "refs/pull/1/merge", json!({"pull_request": base}), checked.as_str()),
        ("pull_request", "refs/pull/1/merge", json!({"pull_request": merge}), &merged),
        ("pull_request", "refs/pull/1/merge", json!({}), "check"),
        ("pull_request", "refs/pull/1/merge", json!({"pull_request": {"base": {"sha": "HEAD~1"}}}), "check"),
        (
            "merge_group",
            "refs/heads/gh-readonly-queue/main/pr-1",
            json!({"merge_group": {"base_sha": BEFORE}}),
            &checked,
        ),
        ("merge_group", "refs/heads/main", json!({}), "check"),
        ("release", "refs/tags/v1", json!({"action": "deleted"}), "plan tag v1 with a notice"),
        ("release", "refs/tags/v1", json!({}), "plan tag v1 with a notice"),
        ("release", "refs/heads/main", json!({"action": "published"}), "plan with a notice"),
        ("schedule", "refs/heads/main", json!({}), "publish"),
        ("workflow_dispatch", "refs/heads/main", json!({}), "publish"),
        ("workflow_dispatch", "refs/heads/topic", json!({}), "plan with a notice"),
        ("repository_dispatch", "refs/heads/main", json!({"action": "go"}), "publish"),
        ("workflow_run", "refs/heads/main", json!({}), "plan with a notice"),
        ("issue_comment", "refs/heads/main", json!({}), "plan with a notice"),
        ("delete", "refs/heads/main", json!({}), "plan with a notice"),
        ("push\n::error::x", "refs/heads/main", json!({}), "plan with a notice"),
    ] {
        assert_eq!(auto(name, reference, &document(with), &[], &MERGED), expected, "{name} {reference}");
    }
}

#[test]
fn a_command_goes_over_the_event_but_for_the_one_that_is_dangerous() {
    let document = document(json!({"before": BEFORE, "pull_request": {"base": {"sha": BEFORE}}}));
    for asked in [Asked::Plan, Asked::Publish, Asked::Package] {
        let word = format!("{asked:?}").to_lowercase();
        let told = |name, reference, checkout: &dyn Checkout| {
            follows(Order::Always(asked), Event::new(name, reference, &document), &[], checkout)
        };
        assert_eq!(told("push", "refs/heads/topic", &MERGED), format!("{word} since {BEFORE}"));
        assert_eq!(told("pull_request", "refs/pull/1/merge", &MERGED), format!("{word} since {BEFORE}"));
        assert_eq!(told("workflow_run", "refs/heads/main", &MERGED), word);
        assert_eq!(told("push", "refs/tags/v1", &SHALLOW), format!("{word} tag v1"));
        assert_eq!(told("", "", &SHALLOW), word);
        assert!(told("pull_request_target", "refs/heads/main", &MERGED).starts_with("refused"));
    }
    assert!(auto("pull_request_target", "refs/heads/main", &document, &[], &MERGED).starts_with("refused"));
    let check = |name, reference| {
        follows(Order::Always(Asked::Check), Event::new(name, reference, &document), &[], &MERGED)
    };
    assert_eq!(check("push", "refs/heads/topic"), format!("check base {BEFORE}"));
    assert_eq!(check("workflow_dispatch", "refs/heads/topic"), "check");
    assert!(check("pull_request_target", "refs/heads/main").starts_with("refused"));
}

#[test]
fn what_is_no_glob_is_told_with_its_input() {
    let problem = Branches::new(&["main", "release/["]).unwrap_err();
    assert!(problem.what.starts_with("input branches: `release/[`"), "{}", problem.what);
}
