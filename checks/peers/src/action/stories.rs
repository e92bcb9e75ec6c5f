//! What the Action does on each event, and what it leaves: outputs, summary, annotations, packages.

use super::{
    job::{NOTHING, Outcome, Released, WORKFLOW, pushed, repository, with_workflow},
    root, told,
};
use crate::{
    journey::{
        github::{READ_TOKEN, Release},
        online::Online,
    },
    report::Report,
    world::World,
};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;

pub fn check(world: &World, action: &Released, report: &mut Report) {
    report.check(
        "the ten lines of the README, in a fresh repository: published, and then nothing to do",
        || told(|| first_steps(world, action)),
    );
    report.check("a push publishes all that it brought, and leaves its packages", || {
        told(|| push(world, action))
    });
    report
        .check("a pull request is checked, and nothing is written", || told(|| pull_request(world, action)));
    report
        .check("a pull request from elsewhere with our token is refused", || told(|| target(world, action)));
    report.check("a push to another branch plans, and says why", || told(|| branch(world, action)));
    report.check("a tag publishes its version, when it is on the branch", || told(|| tag(world, action)));
    report.check("the variables and the cr.yaml of chart-releaser pass through the Action", || {
        told(|| of_chart_releaser(world, action))
    });
    report.check("a token that may only read is enough for a check, and publishes nothing", || {
        told(|| read_only(world, action))
    });
    report.check("a release publishes its version", || told(|| release(world, action)));
    report.check("a schedule publishes what is missing", || told(|| schedule(world, action)));
    report.check("a dispatch publishes", || told(|| dispatch(world, action)));
    report.check("a chart that changed is refused when it has to be: exit, outputs, summary", || {
        told(|| refused(world, action))
    });
    report
        .check("a broken chart fails the step, with its file and line, and the others are published", || {
            told(|| broken(world, action))
        });
    report.check("wrong inputs fail before anything is written", || told(|| wrong(world, action)));
    report.check("a program that is given is taken, and brought only when nothing more is wished", || {
        told(|| given(world, action))
    });
}

/// The workflow that the README tells newcomers to paste, with another registry than GitHub's, which this world lacks.
fn lines_of_readme(online: &Online) -> Result<String> {
    let readme = fs::read_to_string(root().join("README.md"))?;
    let blocks = readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks
        .into_iter()
        .find(|block| block.contains("OWNER/chart-release-action@v1") && block.starts_with("on:"));
    let lines = lines.context("the README has no workflow with OWNER/chart-release-action@v1")?;
    Ok(lines.replace(", oci", &format!(", {}", online.oci())))
}

fn first_steps(world: &World, action: &Released) -> Result<()> {
    let mut online = Online::new();
    let lines = lines_of_readme(&online)?;
    let count = lines.lines().count();
    ensure!(count <= 12, "these are {count} lines:\n{lines}");
    super::job::write_workflow(&online, &lines);
    online.chart("charts/hello", "hello", "0.1.0");
    online.chart("charts/demo", "demo", "1.0.0");
    let head = online.commit_and_push("Begin");

    let first = action.run(world, &online, "push", &pushed(NOTHING, &head))?.well()?;
    first.has(&[
        ("command", "publish"),
        ("changed_charts", "charts/demo,charts/hello"),
        ("index_changed", "true"),
    ])?;
    let listed = online.listed();
    for part in [
        "oci demo: 1.0.0",
        "index.yaml: demo 1.0.0",
        "index.yaml: hello 0.1.0",
        "release demo-1.0.0: demo-1.0.0.tgz",
        "tag hello-0.1.0",
    ] {
        ensure!(listed.iter().any(|line| line == part), "{part} is not there: {listed:#?}");
    }

    let before = online.published();
    let second = action.run(world, &online, "push", &pushed(NOTHING, &head))?.well()?;
    second.has(&[
        ("command", "publish"),
        ("changed_charts", ""),
        ("released", "[]"),
        ("refused", "[]"),
        ("failed", "[]"),
        ("index_changed", "false"),
    ])?;
    ensure!(online.published() == before, "the second run changed something");
    second.summary_says(&["othing to do"])
}

fn push(world: &World, action: &Released) -> Result<()> {
    let mut online = with_workflow(WORKFLOW);
    online.chart("charts/demo", "demo", "1.0.0");
    online.chart("charts/hello", "hello", "0.1.0");
    let first = online.commit_and_push("Begin");
    action.run(world, &online, "push", &pushed(NOTHING, &first))?.well()?;
    online.bump("charts/demo", "1.1.0");
    online.commit("Raise it");
    online.bump("charts/demo", "1.2.0");
    let head = online.commit_and_push("Raise it again");

    let outcome = action.run(world, &online, "push", &pushed(&first, &head))?.well()?;
    outcome.has(&[
        ("changed_charts", "charts/demo"),
        ("chart_version", "1.2.0"),
        ("index_changed", "true"),
    ])?;
    let mut versions = outcome.field("released", "version")?;
    versions.sort();
    ensure!(versions == ["1.1.0", "1.2.0"], "{versions:?}");
    let mut tags = outcome.field("released", "tag")?;
    tags.sort();
    ensure!(tags == ["demo-1.1.0", "demo-1.2.0"], "{tags:?}");
    for digest in outcome.field("released", "digest")? {
        ensure!(
            online.index().contains(digest.trim_start_matches("sha256:")),
            "{digest} is not in the index"
        );
        outcome.summary_says(&[digest.trim_start_matches("sha256:")])?;
    }
    ensure!(outcome.packages() == "demo-1.1.0.tgz demo-1.2.0.tgz", "{}", outcome.packages());
    ensure!(outcome.others.contains("/chart-release\n"), "it is not on the path: {}", outcome.others);
    outcome.summary_says(&[
        "### Published 2 chart versions, kept 1\n",
        "| `demo` | `1.1.0` | **published** | **published** |",
        "| `demo` | `1.2.0` | **published** | **published** |",
        "<details>",
        "| `hello` | `0.1.0` | kept | kept |",
    ])?;
    ensure!(outcome.annotations.is_empty(), "{:#?}", outcome.annotations);
    let released: Value = serde_json::from_str(outcome.output("released"))?;
    let (url, entries) = (online.asset_url("demo-1.2.0", "demo-1.2.0.tgz"), online.entries());
    let entry = entries.iter().find(|entry| entry.version == "1.2.0").context("1.2.0 is not in the index")?;
    let expected = json!({
        "name": "demo", "version": "1.2.0", "path": "charts/demo", "tag": "demo-1.2.0",
        "digest": format!("sha256:{}", entry.digest), "manifest": null, "references": {"pages": url, "releases": url},
    });
    let found = released.as_array().and_then(|all| all.iter().find(|one| one["version"] == "1.2.0"));
    ensure!(found == Some(&expected), "{released:#}\nand not\n{expected:#}");
    Ok(())
}

fn pull_request(world: &World, action: &Released) -> Result<()> {
    let mut online = with_workflow(WORKFLOW);
    online.chart("charts/demo", "demo", "1.0.0");
    let base = online.commit_and_push("Begin");
    git(&online, &["switch", "--quiet", "--create", "newer"]);
    online.bump("charts/demo", "1.1.0");
    let head = online.commit("Raise it");
    let payload = requested(&base, &head);
    let outcome = action.run(world, &online, "pull_request", &payload)?.well()?;
    online.nothing_was_written();
    outcome.has(&[
        ("command", "check"),
        ("changed_charts", "charts/demo"),
        ("released", "[]"),
        ("index_changed", "false"),
    ])?;
    ensure!(outcome.packages() == "", "{}", outcome.packages());
    outcome.summary_says(&[
        "### Checked: nothing to act on\n",
        "What a merge would publish",
        "| `demo` | `1.1.0` | **put** | **put** |",
    ])?;
    ensure!(outcome.annotations.is_empty(), "{:#?}", outcome.annotations);
    Ok(())
}

fn target(world: &World, action: &Released) -> Result<()> {
    let mut online = with_workflow(&WORKFLOW.replace("pull_request: {}", "pull_request_target: {}"));
    online.chart("charts/demo", "demo", "1.0.0");
    let base = online.commit_and_push("Begin");
    let payload = requested(&base, &base);
    let outcome = action.run(world, &online, "pull_request_target", &payload)?.badly()?;
    online.nothing_was_written();
    outcome.annotation("error", "pull_request_target").map(drop)
}

fn branch(world: &World, action: &Released) -> Result<()> {
    let mut online = with_workflow(&WORKFLOW.replace("{branches: [main]}", "{}"));
    online.chart("charts/demo", "demo", "1.0.0");
    online.commit_and_push("Begin");
    git(&online, &["switch", "--quiet", "--create", "feature"]);
    let head = online.commit("Go on");
    let mut payload = pushed(NOTHING, &head);
    payload["ref"] = "refs/heads/feature".into();
    let outcome = action.run(world, &online, "push", &payload)?.well()?;
    online.nothing_was_written();
    outcome.has(&[("command", "plan")])?;
    outcome.annotation("notice", "feature").map(drop)
}

fn tag(world: &World, action: &Released) -> Result<()> {
    let mut online = with_workflow(&WORKFLOW.replace("{branches: [main]}", "{tags: ['*']}"));
    online.chart("charts/demo", "demo", "1.0.0");
    let head = online.commit_and_push("Begin");
    git(&online, &["tag", "demo-1.0.0"]);
    online.git.run(&["tag", "demo-1.0.0", &head]);
    let mut payload = pushed(NOTHING, &head);
    payload["ref"] = "refs/tags/demo-1.0.0".into();
    let outcome = action.run(world, &online, "push", &payload)?.well()?;
    outcome.has(&[("command", "publish"), ("changed_charts", "charts/demo"), ("chart_version", "1.0.0")])?;
    let listed = online.listed();
    ensure!(listed.contains(&"release demo-1.0.0: demo-1.0.0.tgz".to_owned()), "{listed:#?}");

    // The same on a commit that is on no branch that is published from.
    git(&online, &["switch", "--quiet", "--create", "aside"]);
    online.bump("charts/demo", "1.1.0");
    let aside = online.commit("Aside");
    git(&online, &["tag", "demo-1.1.0"]);
    let mut payload = pushed(NOTHING, &aside);
    payload["ref"] = "refs/tags/demo-1.1.0".into();
    let before = online.published();
    let outcome = action.run(world, &online, "push", &payload)?.badly()?;
    ensure!(online.published() == before, "something was published");
    outcome.annotation("error", "demo-1.1.0").map(drop)
}

fn of_chart_releaser(world: &World, action: &Released) -> Result<()> {
    let lines = format!(
        "{WORKFLOW}        with: {{charts_dir: helm, mark_as_latest: false, skip_existing: true}}\n        env:\n          CR_TOKEN: ${{{{ secrets.OUR_TOKEN }}}}\n          CR_RELEASE_NAME_TEMPLATE: 'chart-{{{{ .Version }}}}'\n"
    );
    let mut online = with_workflow(&lines);
    online.chart("helm/demo", "demo", "1.0.0");
    online.write("helm/demo/NEWS.md", "What is new in it.\n");
    online.write("cr.yaml", "release-notes-file: NEWS.md\nrelease-name-template: not-this-{{ .Version }}\n");
    let head = online.commit_and_push("Begin");
    // The token of the job may only read: that of the caller has to win.
    let outcome =
        action.run_with_token(world, &online, "push", &pushed(NOTHING, &head), READ_TOKEN)?.well()?;
    outcome.has(&[("changed_charts", "helm/demo"), ("chart_version", "1.0.0")])?;
    ensure!(outcome.field("released", "tag")? == ["chart-1.0.0"], "{}", outcome.output("released"));
    let releases = online.github.releases();
    ensure!(releases.len() == 1 && releases[0].body.contains("What is new in it."), "{releases:?}");
    ensure!(online.github.latest().is_none(), "{:?} is the latest release", online.github.latest());
    Ok(())
}

fn read_only(world: &World, action: &Released) -> Result<()> {
    let mut online = with_workflow(WORKFLOW);
    online.chart("charts/demo", "demo", "1.0.0");
    let head = online.commit_and_push("Begin");
    online.git.token(READ_TOKEN, false);
    let payload = requested(&head, &head);
    let checked = action.run_with_token(world, &online, "pull_request", &payload, READ_TOKEN)?.well()?;
    checked.has(&[("command", "check"), ("changed_charts", "charts/demo")])?;
    let refused =
        action.run_with_token(world, &online, "push", &pushed(NOTHING, &head), READ_TOKEN)?.badly()?;
    online.nothing_was_written();
    refused.summary_says(&["contents: write"])?;
    refused.has(&[("released", "[]"), ("chart_version", ""), ("index_changed", "false")])
}

fn release(world: &World, action: &Released) -> Result<()> {
    let mut online = with_workflow(&WORKFLOW.replace("pull_request: {}", "release: {types: [published]}"));
    online.chart("charts/demo", "demo", "1.0.0");
    let head = online.commit_and_push("Begin");
    git(&online, &["tag", "demo-1.0.0"]);
    online.git.run(&["tag", "demo-1.0.0", &head]);
    online.github.seed(Release::published("demo-1.0.0"));
    let payload = json!({
        "action": "published", "repository": repository(),
        "release": {"tag_name": "demo-1.0.0", "target_commitish": "main", "draft": false, "prerelease": false},
    });
    let outcome = action.run(world, &online, "release", &payload)?.well()?;
    outcome.has(&[("command", "publish"), ("changed_charts", "charts/demo"), ("chart_version", "1.0.0")])?;
    let listed = online.listed();
    ensure!(listed.contains(&"release demo-1.0.0: demo-1.0.0.tgz".to_owned()), "{listed:#?}");
    Ok(())
}

fn schedule(world: &World, action: &Released) -> Result<()> {
    let mut online = with_workflow(&WORKFLOW.replace("pull_request: {}", "schedule: [{cron: '7 7 * * *'}]"));
    online.chart("charts/demo", "demo", "1.0.0");
    online.commit_and_push("Begin");
    let payload = json!({"schedule": "7 7 * * *", "repository": repository()});
    let outcome = action.run(world, &online, "schedule", &payload)?.well()?;
    outcome.has(&[("command", "publish"), ("changed_charts", "charts/demo")])
}

fn dispatch(world: &World, action: &Released) -> Result<()> {
    let mut online = with_workflow(&WORKFLOW.replace("pull_request: {}", "workflow_dispatch: {}"));
    online.chart("charts/demo", "demo", "1.0.0");
    online.commit_and_push("Begin");
    let payload = json!({"ref": "refs/heads/main", "inputs": {}, "repository": repository()});
    let outcome = action.run(world, &online, "workflow_dispatch", &payload)?.well()?;
    outcome.has(&[("command", "publish"), ("changed_charts", "charts/demo")])?;
    ensure!(online.entries().len() == 1, "{}", online.index());
    Ok(())
}

fn refused(world: &World, action: &Released) -> Result<()> {
    let strict = format!("{WORKFLOW}        with: {{strict: true}}\n");
    let mut online = with_workflow(&strict);
    online.chart("charts/demo", "demo", "1.0.0");
    let first = online.commit_and_push("Begin");
    action.run(world, &online, "push", &pushed(NOTHING, &first))?.well()?;
    online.write("charts/demo/values.yaml", "greeting: another\n");
    online.chart("charts/hello", "hello", "0.1.0");
    let head = online.commit_and_push("Change it");
    let outcome = action.run(world, &online, "push", &pushed(&first, &head))?.badly()?;
    outcome.has(&[("changed_charts", "charts/hello"), ("chart_version", "0.1.0")])?;
    ensure!(outcome.field("refused", "name")? == ["demo"], "{}", outcome.output("refused"));
    let reason = outcome.field("refused", "reason")?;
    ensure!(reason[0].contains("values.yaml") || outcome.summary.contains("values.yaml"), "{reason:?}");
    ensure!(outcome.packages() == "hello-0.1.0.tgz", "{}", outcome.packages());
    let shown: Vec<_> = outcome.annotations.iter().filter(|one| one.level == "error").collect();
    ensure!(shown.iter().any(|one| one.text.contains("demo") || one.title.contains("demo")), "{shown:#?}");
    outcome.summary_says(&["demo"])
}

fn broken(world: &World, action: &Released) -> Result<()> {
    let mut online = with_workflow(WORKFLOW);
    online.chart("charts/demo", "demo", "1.0.0");
    online.write("charts/broken/Chart.yaml", "apiVersion: v2\nname: broken\nversion: [1]\n");
    let head = online.commit_and_push("Begin");
    let outcome = action.run(world, &online, "push", &pushed(NOTHING, &head))?.badly()?;
    outcome.has(&[("changed_charts", "charts/demo"), ("chart_version", "1.0.0")])?;
    let paths = outcome.field("failed", "path")?;
    ensure!(paths == ["charts/broken"], "{}", outcome.output("failed"));
    let shown =
        outcome.annotations.iter().find(|one| one.level == "error" && one.file == "charts/broken/Chart.yaml");
    let shown = shown.with_context(|| format!("{:#?}", outcome.annotations))?;
    ensure!(shown.line == "3", "{shown:#?}");
    ensure!(online.entries().len() == 1, "{}", online.index());
    outcome.summary_says(&["broken"])
}

fn wrong(world: &World, action: &Released) -> Result<()> {
    for (input, word) in [
        ("channels: nowhere", "nowhere"),
        ("strict: maybe", "strict"),
        ("command: destroy", "destroy"),
        ("skip_packaging: true", "skip_packaging"),
    ] {
        let mut online = with_workflow(&format!("{WORKFLOW}        with: {{{input}}}\n"));
        online.chart("charts/demo", "demo", "1.0.0");
        let head = online.commit_and_push("Begin");
        let outcome = action.run(world, &online, "push", &pushed(NOTHING, &head))?.badly()?;
        online.nothing_was_written();
        outcome.annotation("error", word).with_context(|| input.to_owned())?;
        outcome
            .has(&[("changed_charts", ""), ("released", "")])
            .or_else(|_| outcome.has(&[("changed_charts", ""), ("released", "[]")]))?;
    }
    Ok(())
}

fn given(world: &World, action: &Released) -> Result<()> {
    let given = format!(
        "{WORKFLOW}        with:\n          binary: {}\n          install_only: true\n",
        world.program.path()
    );
    let mut online = with_workflow(&given);
    online.chart("charts/demo", "demo", "1.0.0");
    let head = online.commit_and_push("Begin");
    let outcome: Outcome = action.run(world, &online, "push", &pushed(NOTHING, &head))?.well()?;
    online.nothing_was_written();
    ensure!(outcome.others.contains("/chart-release\n"), "it is not on the path: {}", outcome.others);
    ensure!(outcome.output("command").is_empty(), "something was done: {}", outcome.log);
    Ok(())
}

/// The payload of a pull request from one commit to another.
fn requested(base: &str, head: &str) -> Value {
    json!({
        "action": "synchronize", "number": 7, "repository": repository(),
        "pull_request": {
            "number": 7,
            "base": {"ref": "main", "sha": base, "repo": repository()},
            "head": {"ref": "newer", "sha": head, "repo": repository()},
        },
    })
}

fn git(online: &Online, words: &[&str]) {
    super::job::git(online, words);
}
