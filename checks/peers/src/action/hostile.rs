//! Names that try to be more than names: nothing is executed, forged or garbled.

use super::{
    job::{NOTHING, Released, WORKFLOW, pushed, with_workflow},
    told,
};
use crate::{journey::online::Online, report::Report, world::World};
use anyhow::{Result, ensure};

pub fn check(world: &World, action: &Released, report: &mut Report) {
    report.check("charts, files and folders whose names are commands", || told(|| names(world, action)));
    report.check("a folder and a file whose names have several lines", || told(|| lines(world, action)));
    report.check("a branch and a tag whose names are commands", || told(|| refs(world, action)));
    report.check("a commit message and a payload that are commands", || told(|| payload(world, action)));
    report.check("inputs that are commands", || told(|| inputs(world, action)));
    report.must_fail("an Action that takes an input into a shell line", || {
        told(|| inputs(world, &action.careless(world)?))
    });
}

/// What each of them would do, were it executed.
const EXECUTED: &str = "executed-by-a-name";

fn hostile_names() -> [String; 6] {
    [
        format!("$(touch ${{HOME}}/{EXECUTED})"),
        format!("`touch ${{HOME}}/{EXECUTED}`"),
        "::set-output name=changed_charts::forged".into(),
        "##[set-output name=changed_charts;]forged".into(),
        "quotes \" and ' and \\ and %0A%25".into(),
        "four bytes \u{1f6a2} and \u{202e} right to left".into(),
    ]
}

fn nothing_executed(action: &Released, online: &Online) -> Result<()> {
    for folder in [online.path(""), online.repository(), action.home().to_owned()] {
        ensure!(!folder.join(EXECUTED).exists(), "something was executed in {}", folder.display());
    }
    ensure!(!std::env::current_dir()?.join(EXECUTED).exists(), "something was executed here");
    Ok(())
}

fn names(world: &World, action: &Released) -> Result<()> {
    let mut online = with_workflow(WORKFLOW);
    for (number, name) in hostile_names().iter().enumerate() {
        // A folder may have any name; the chart in it must not.
        let folder = format!("charts/{name}");
        online.chart(&folder, &format!("demo-{number}"), "1.0.0");
        // No Helm reads a file back whose name has a backslash: such a chart is refused.
        online.write(&format!("{folder}/files/{}", name.replace('\\', "")), "text\n");
        let bad = format!("charts/bad-{number}");
        let quoted = serde_json::to_string(name)?;
        online
            .write(&format!("{bad}/Chart.yaml"), format!("apiVersion: v2\nname: {quoted}\nversion: 1.0.0\n"));
        online.write(
            &format!("charts/worse-{number}/Chart.yaml"),
            format!("apiVersion: v2\nname: worse\nversion: {quoted}\n"),
        );
    }
    online.write(
        "charts/lines/Chart.yaml",
        "apiVersion: v2\nname: \"a\\n::set-output name=changed_charts::forged\\n\"\nversion: 1.0.0\n",
    );
    let head = online.commit_and_push("Begin");
    let outcome = action.run(world, &online, "push", &pushed(NOTHING, &head))?.badly()?;
    nothing_executed(action, &online)?;
    let mut names = outcome.field("released", "name")?;
    names.sort();
    ensure!(
        names == ["demo-0", "demo-1", "demo-2", "demo-3", "demo-4", "demo-5"],
        "{names:?}\n{}",
        outcome.log
    );
    // Names come out as they went in.
    let paths = outcome.field("released", "path")?;
    for name in hostile_names() {
        ensure!(paths.contains(&format!("charts/{name}")), "{name} is garbled in {paths:#?}");
    }
    ensure!(!outcome.output("changed_charts").contains("\n"), "{}", outcome.output("changed_charts"));
    // Where a line begins with a command, the runner of GitHub takes that; else it also takes commands in another form, anywhere
    // in the line.
    for line in outcome.log.lines().filter(|line| line.contains("##[") && !line.starts_with("::")) {
        ensure!(!stands_alone(&outcome.log, line), "the runner would take this as a command: {line}");
    }
    Ok(())
}

/// Whether a line of the log is outside of the parts where commands are stopped.
fn stands_alone(log: &str, line: &str) -> bool {
    let mut ends: Option<String> = None;
    for one in log.lines() {
        match &ends {
            None => {
                if let Some(token) = one.strip_prefix("::stop-commands::") {
                    ends = Some(format!("::{token}::"));
                } else if one == line {
                    return true;
                }
            }
            Some(end) if one == end => ends = None,
            Some(_) => {}
        }
    }
    false
}

fn lines(world: &World, action: &Released) -> Result<()> {
    let mut online = with_workflow(WORKFLOW);
    let forged = "a\n::set-output name=chart_version::forged\nchart_version=forged\nEOF\n";
    online.chart(&format!("charts/{forged}"), "demo", "1.0.0");
    online.chart("charts/hello", "hello", "0.1.0");
    online.write(&format!("charts/hello/{forged}.txt"), "text\n");
    online.chart("charts/plain", "plain", "0.2.0");
    let head = online.commit_and_push("Begin");
    let outcome = action.run(world, &online, "push", &pushed(NOTHING, &head))?;
    nothing_executed(action, &online)?;
    ensure!(outcome.field("released", "name")?.contains(&"plain".to_owned()), "{}", outcome.log);
    for (name, value) in &outcome.outputs {
        ensure!(value != "forged", "{name} is forged");
    }
    outcome.has(&[("command", "publish")])
}

fn refs(world: &World, action: &Released) -> Result<()> {
    let branch = "a$(touch${IFS}$HOME/executed-by-a-name)";
    let mut online = with_workflow(&WORKFLOW.replace("{branches: [main]}", "{}"));
    online.chart("charts/demo", "demo", "1.0.0");
    online.commit_and_push("Begin");
    super::job::git(&online, &["switch", "--quiet", "--create", branch]);
    let head = online.commit("Go on");
    let mut payload = pushed(NOTHING, &head);
    payload["ref"] = format!("refs/heads/{branch}").into();
    action.run(world, &online, "push", &payload)?.well()?.has(&[("command", "plan")])?;
    nothing_executed(action, &online)?;

    let tag = "a'\"`touch${IFS}$HOME/executed-by-a-name`";
    super::job::git(&online, &["tag", tag]);
    payload["ref"] = format!("refs/tags/{tag}").into();
    action.run(world, &online, "push", &payload)?.badly()?;
    online.nothing_was_written();
    nothing_executed(action, &online)
}

fn payload(world: &World, action: &Released) -> Result<()> {
    let mut online = with_workflow(WORKFLOW);
    online.chart("charts/demo", "demo", "1.0.0");
    let head =
        online.commit_and_push("$(touch $HOME/executed-by-a-name)\n\n::set-output name=released::forged\n");
    // The event of a push, with fields that are not what they should be.
    let mut payload = pushed("main --upload-pack=touch${IFS}$HOME/executed-by-a-name", &head);
    payload["head_commit"] = serde_json::json!({"message": "::set-output name=released::forged"});
    let outcome = action.run(world, &online, "push", &payload)?;
    nothing_executed(action, &online)?;
    ensure!(!outcome.output("released").contains("forged"), "{}", outcome.output("released"));
    Ok(())
}

fn inputs(world: &World, action: &Released) -> Result<()> {
    for input in [
        "charts_dir",
        "channels",
        "names",
        "since",
        "branches",
        "release_name_template",
        "commit_author",
        "config",
    ] {
        let hostile = format!("$(touch $HOME/{EXECUTED}) # ' \" \\n::set-output name=released::forged");
        let mut online = with_workflow(&format!(
            "{WORKFLOW}        with:\n          {input}: {}\n",
            serde_json::to_string(&hostile)?
        ));
        online.chart("charts/demo", "demo", "1.0.0");
        let head = online.commit_and_push("Begin");
        let outcome = action.run(world, &online, "push", &pushed(NOTHING, &head))?;
        nothing_executed(action, &online)?;
        ensure!(!outcome.output("released").contains("forged"), "{input}: {}", outcome.output("released"));
    }
    Ok(())
}
