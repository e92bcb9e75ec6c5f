//! The texts, as people read them.

use super::*;
use crate::{
    holdings::{Kind, Reference},
    plan::{Failure, Refusal},
    report::words::samples::{begun, channel, holding, planned, refusal},
};

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn reference(url: &str, content: &str) -> Reference {
    Reference::new(url, Some(Digest::of(content.as_bytes())))
}

/// One version of everything that can be planned.
fn varied_plan() -> Plan {
    let busy = || Problem::new("the folder is locked").in_file("published/.lock").next("run again").passing();
    let kept = || Step::Keep(holding());
    let mut in_progress = planned("demo@1.2.0", &[("folder:a", kept()), ("folder:b", kept())]);
    in_progress.notes.push("unreleased changes since 1.2.0 (3 files)".into());
    Plan {
        versions: vec![
            planned("demo@1.1.0", &[("folder:a", Step::Finish(begun())), ("folder:b", Step::Put)]),
            in_progress,
            planned(
                "signed@0.1.0",
                &[("folder:a", kept()), ("folder:b", Step::Attach(holding(), [Kind::Provenance].into()))],
            ),
            planned("other@10.0.0-rc.1", &[("folder:a", kept()), ("folder:b", Step::Refuse(refusal()))]),
            planned("slow@1.0.0", &[("folder:a", Step::Stop(busy())), ("folder:b", Step::Stop(busy()))]),
        ],
        missed: vec![Missed {
            is: crate::charts::ChartVersion::new("demo", "1.0.0"),
            command: "chart-release publish demo@1.0.0".into(),
        }],
        notices: vec![Problem::new("history is shallow: older versions are not known")],
        problems: vec![Failure {
            chart: "charts/broken".into(),
            problem: Problem::new("`version` is missing")
                .at("charts/broken/Chart.yaml", 1)
                .next("add a line `version: 0.1.0`"),
        }],
    }
}

#[test]
fn a_plan_is_a_table_then_what_to_do_then_what_to_know() {
    insta::assert_snapshot!(plain(&plan(&varied_plan())), @r#"
    CHART   VERSION      folder:a  folder:b  WHY
    demo    1.1.0        finish    put       folder:a: an earlier run stopped half-way; folder:b: not published yet
    demo    1.2.0        keep      keep      already published; unreleased changes since 1.2.0 (3 files)
    signed  0.1.0        keep      attach    without its provenance
    other   10.0.0-rc.1  keep      refuse    other content is published: 2 files differ
    slow    1.0.0        stop      stop      the folder is locked

    Somebody has to act
      other@10.0.0-rc.1: folder:published holds other content under this version
        templates/service.yaml differs
        values.yaml differs
        published:  sha256:4c55a8552a2c7261f61f798c2265e6f13358f326ae5b934096ff16bd15e62c33
        repository: sha256:ae0bec9e9d33c56354bd612c8a6010840324fc5b9786ce0a18b696b304b09397
        in: charts/other/Chart.yaml
        next: raise `version` in charts/other/Chart.yaml: 10.0.0-rc.1 is published, and what is published never changes
      charts/broken: `version` is missing
        in: charts/broken/Chart.yaml:1
        next: add a line `version: 0.1.0`

    Unfinished: run again
      slow@1.0.0: the folder is locked
        in: published/.lock
        next: run again

    Older versions that were never published; to publish one
      demo@1.0.0  chart-release publish demo@1.0.0

    Worth knowing
      - history is shallow: older versions are not known

    put 1, attach 1, keep 1, refuse 1, stop 1, left out 1
    "#);
}

#[test]
fn a_plan_of_kept_versions_has_nothing_to_do() {
    let versions = vec![planned("demo@1.0.0", &[("folder:published", Step::Keep(holding()))])];
    insta::assert_snapshot!(plain(&plan(&Plan { versions, ..Plan::default() })), @r#"
    CHART  VERSION  folder:published  WHY
    demo   1.0.0    keep              already published

    nothing to do: keep 1
    "#);
    assert_eq!(plain(&plan(&Plan::default())), "nothing to do\n");
}

#[test]
fn a_report_begins_with_what_somebody_has_to_do() {
    let stopped = || Outcome::Stopped(Problem::new("no space left on device").next("make room in published"));
    let version = |is: &str, outcomes: &[(&str, Outcome)]| {
        let outcomes = outcomes.iter().map(|(id, outcome)| (channel(id), outcome.clone())).collect();
        (planned(is, &[]), outcomes)
    };
    let mut noted =
        version("noted@1.0.0", &[("folder:a", Outcome::Kept(reference("a/noted-1.0.0.tgz", "noted")))]);
    noted.0.notes.push("unreleased changes since 1.0.0 (1 file)".into());
    let disagree = Refusal::ChannelsDisagree(vec![
        (channel("folder:a"), Digest::of(b"one")),
        (channel("folder:b"), Digest::of(b"two")),
    ]);
    let told = Report {
        versions: vec![
            version(
                "demo@1.1.0",
                &[
                    ("folder:a", Outcome::Kept(reference("a/demo-1.1.0.tgz", "demo"))),
                    ("folder:b", Outcome::Published(reference("b/demo-1.1.0.tgz", "demo"))),
                ],
            ),
            version("kept@1.0.0", &[("folder:a", Outcome::Kept(reference("a/kept-1.0.0.tgz", "kept")))]),
            noted,
            version("other@1.0.0", &[("folder:a", Outcome::Refused(disagree))]),
            version("big@1.0.0", &[("folder:a", stopped()), ("folder:b", stopped())]),
            version("big@1.1.0", &[("folder:a", Outcome::HeldBack("big@1.0.0 stopped".into()))]),
            version(
                "slow@1.0.0",
                &[
                    ("folder:a", Outcome::Published(reference("a/slow-1.0.0.tgz", "slow"))),
                    ("folder:b", Outcome::Stopped(Problem::new("the folder is locked").passing())),
                ],
            ),
        ],
        ..Report::default()
    };
    insta::assert_snapshot!(plain(&report(&told, false)), @r#"
    Somebody has to act
      other@1.0.0: the channels hold different packages under this version
        folder:a: sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed
        folder:b: sha256:3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3
        in: charts/other/Chart.yaml
        next: raise `version` in charts/other/Chart.yaml, so that every channel gets the same package; what is published as 1.0.0 never changes
      big@1.0.0: no space left on device
        next: make room in published

    Unfinished: run again
      slow@1.0.0 in folder:b: the folder is locked

    Held back
      big@1.1.0 in folder:a: big@1.0.0 stopped

    Public now
      demo@1.1.0  sha256:2a97516c354b68848cdbd8f54a226a0a55b21ed138e207ad6c5cbb9c00aa5aea
        kept       a/demo-1.1.0.tgz
        published  b/demo-1.1.0.tgz
      noted@1.0.0  sha256:41954b2a68ec0170b074b54f609a87de5bf08220a1ba5436a992679b4714b626
        kept  a/noted-1.0.0.tgz
        unreleased changes since 1.0.0 (1 file)
      slow@1.0.0  sha256:5e0cf7bd1dfa3831788b0cf6dedcdd228fba6f34dc238d371e746567e80bc7b6
        published  a/slow-1.0.0.tgz

    published 1, kept 2, refused 1, stopped 2, held back 1
    "#);
    let all = plain(&report(&told, true));
    assert!(all.contains("a/kept-1.0.0.tgz"), "{all}");
}

#[test]
fn packages_are_one_line_each() {
    let made = |is: (&str, &str)| {
        let is = ChartVersion::new(is.0, is.1);
        super::super::Made {
            file: format!("packages/{}", is.package_file()),
            package: Digest::of(b"demo"),
            is,
        }
    };
    let told =
        Packages { made: vec![made(("demo", "1.0.0")), made(("other", "0.10.0"))], ..Packages::default() };
    insta::assert_snapshot!(plain(&packages(&told)), @r#"
    packages/demo-1.0.0.tgz    sha256:2a97516c354b68848cdbd8f54a226a0a55b21ed138e207ad6c5cbb9c00aa5aea
    packages/other-0.10.0.tgz  sha256:2a97516c354b68848cdbd8f54a226a0a55b21ed138e207ad6c5cbb9c00aa5aea
    "#);
}

#[test]
fn a_problem_says_what_where_and_what_next() {
    let problem = Problem::new("`version` is missing").at("charts/demo/Chart.yaml", 3).next("add it");
    assert_eq!(
        plain(&error(&problem)),
        "error: `version` is missing\n  in: charts/demo/Chart.yaml:3\n  next: add it\n"
    );
    assert_eq!(plain(&notice(&Problem::new("one\ntwo"))), "notice: one\n  two\n");
}

#[test]
fn colours_change_no_letter() {
    let text = plan(&varied_plan());
    assert!(text.contains("\u{1b}["));
    assert!(plain(&text).lines().all(|line| line == line.trim_end()), "{}", plain(&text));
}

#[test]
fn what_a_chart_holds_does_nothing_to_a_terminal() {
    let problem =
        Problem::new("`name` is \u{1b}[2Jdemo\r\nsecond\u{7} line").at("charts/\u{9b}/Chart.yaml", 1);
    let mut version = planned("demo\u{1b}c@1.0.0\n", &[("folder:a", Step::Stop(problem.clone()))]);
    version.notes.push("one\ttwo".into());
    let told = Plan { versions: vec![version], notices: vec![problem], ..Plan::default() };
    let text = plain(&plan(&told));
    assert!(text.chars().all(|character| character == '\n' || !character.is_control()), "{text:?}");
    assert!(text.contains("demo\\u{1b}c"), "{text}");
}
