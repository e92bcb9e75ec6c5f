//! The documents, as their readers get them.

use super::*;
use crate::report::words::samples::{channel, holding, planned, reference, refusal};
use crate::{digest::Digest, holdings::Kind};

#[test]
fn a_plan_document_says_everything_that_is_planned() {
    let mut first = planned(
        "demo@1.0.0",
        &[("folder:a", Step::Put), ("folder:b", Step::Attach(holding(), [Kind::Provenance].into()))],
    );
    first.package = Some(Digest::of(b"demo"));
    first.commit = Some("0123456789abcdef0123456789abcdef01234567".into());
    first.notes.push("2 packaged files are not in git".into());
    let told = Plan {
        versions: vec![
            first,
            planned(
                "demo@1.1.0",
                &[("folder:a", Step::Keep(holding())), ("folder:b", Step::Refuse(refusal()))],
            ),
            planned("slow@1.0.0", &[("folder:a", Step::Stop(Problem::new("locked").passing()))]),
        ],
        missed: vec![Missed {
            is: ChartVersion::new("demo", "0.9.0"),
            command: "chart-release publish demo@0.9.0".into(),
        }],
        notices: vec![Problem::new("history is shallow")],
        problems: vec![Failure {
            chart: "broken".into(),
            problem: Problem::new("no version").at("charts/broken/Chart.yaml", 2).next("add one"),
        }],
    };
    insta::assert_snapshot!(json(&plan(&told)), @r#"
    {
      "schema": "chart-release/plan/1",
      "exit_code": 1,
      "counts": {
        "attach": 0,
        "finish": 0,
        "keep": 0,
        "omit": 0,
        "put": 1,
        "refuse": 1,
        "stop": 1
      },
      "versions": [
        {
          "chart": "demo",
          "version": "1.0.0",
          "path": "charts/demo",
          "commit": "0123456789abcdef0123456789abcdef01234567",
          "created": "2026-01-01T00:00:00Z",
          "package": "sha256:2a97516c354b68848cdbd8f54a226a0a55b21ed138e207ad6c5cbb9c00aa5aea",
          "made": [],
          "notes": [
            "2 packaged files are not in git"
          ],
          "channels": [
            {
              "channel": "folder:a",
              "step": "put",
              "why": "not published yet",
              "holds": null,
              "attach": [],
              "refusal": null,
              "problem": null
            },
            {
              "channel": "folder:b",
              "step": "attach",
              "why": "without its provenance",
              "holds": {
                "package": "sha256:2a97516c354b68848cdbd8f54a226a0a55b21ed138e207ad6c5cbb9c00aa5aea",
                "attached": [],
                "created": "2026-01-01T00:00:00Z",
                "reference": {
                  "url": "published/demo-1.0.0.tgz",
                  "digest": "sha256:2a97516c354b68848cdbd8f54a226a0a55b21ed138e207ad6c5cbb9c00aa5aea",
                  "tag": null,
                  "manifest": null
                }
              },
              "attach": [
                "provenance"
              ],
              "refusal": null,
              "problem": null
            }
          ]
        },
        {
          "chart": "demo",
          "version": "1.1.0",
          "path": "charts/demo",
          "commit": null,
          "created": "2026-01-01T00:00:00Z",
          "package": null,
          "made": [],
          "notes": [],
          "channels": [
            {
              "channel": "folder:a",
              "step": "keep",
              "why": "already published",
              "holds": {
                "package": "sha256:2a97516c354b68848cdbd8f54a226a0a55b21ed138e207ad6c5cbb9c00aa5aea",
                "attached": [],
                "created": "2026-01-01T00:00:00Z",
                "reference": {
                  "url": "published/demo-1.0.0.tgz",
                  "digest": "sha256:2a97516c354b68848cdbd8f54a226a0a55b21ed138e207ad6c5cbb9c00aa5aea",
                  "tag": null,
                  "manifest": null
                }
              },
              "attach": [],
              "refusal": null,
              "problem": null
            },
            {
              "channel": "folder:b",
              "step": "refuse",
              "why": "other content is published: 2 files differ",
              "holds": null,
              "attach": [],
              "refusal": {
                "kind": "other_content",
                "ours": "sha256:ae0bec9e9d33c56354bd612c8a6010840324fc5b9786ce0a18b696b304b09397",
                "published": [
                  {
                    "channel": "folder:published",
                    "package": "sha256:4c55a8552a2c7261f61f798c2265e6f13358f326ae5b934096ff16bd15e62c33"
                  }
                ],
                "files": [
                  "templates/service.yaml",
                  "values.yaml"
                ]
              },
              "problem": null
            }
          ]
        },
        {
          "chart": "slow",
          "version": "1.0.0",
          "path": "charts/slow",
          "commit": null,
          "created": "2026-01-01T00:00:00Z",
          "package": null,
          "made": [],
          "notes": [],
          "channels": [
            {
              "channel": "folder:a",
              "step": "stop",
              "why": "locked",
              "holds": null,
              "attach": [],
              "refusal": null,
              "problem": {
                "what": "locked",
                "file": null,
                "line": null,
                "next": null,
                "run_again": true
              }
            }
          ]
        }
      ],
      "missed": [
        {
          "chart": "demo",
          "version": "0.9.0",
          "command": "chart-release publish demo@0.9.0"
        }
      ],
      "notices": [
        {
          "what": "history is shallow",
          "file": null,
          "line": null,
          "next": null,
          "run_again": false
        }
      ],
      "problems": [
        {
          "chart": "broken",
          "problem": {
            "what": "no version",
            "file": "charts/broken/Chart.yaml",
            "line": 2,
            "next": "add one",
            "run_again": false
          }
        }
      ]
    }
    "#);
}

#[test]
fn a_report_document_says_everything_that_was_done() {
    let outcome = |is: &str, outcomes: &[(&str, Outcome)]| {
        let outcomes = outcomes.iter().map(|(id, outcome)| (channel(id), outcome.clone())).collect();
        (planned(is, &[]), outcomes)
    };
    let disagree = Refusal::ChannelsDisagree(vec![
        (channel("folder:a"), Digest::of(b"one")),
        (channel("folder:b"), Digest::of(b"two")),
    ]);
    let told = Report {
        versions: vec![
            outcome(
                "demo@1.0.0",
                &[("folder:a", Outcome::Kept(reference())), ("folder:b", Outcome::Published(reference()))],
            ),
            outcome("demo@1.1.0", &[("folder:a", Outcome::Stopped(Problem::new("no room")))]),
            outcome("demo@1.2.0", &[("folder:a", Outcome::HeldBack("demo@1.1.0 stopped".into()))]),
            outcome("other@1.0.0", &[("folder:a", Outcome::Refused(disagree))]),
        ],
        ..Report::default()
    };
    insta::assert_snapshot!(json(&report(&told)), @r#"
    {
      "schema": "chart-release/report/1",
      "exit_code": 1,
      "counts": {
        "attached": 0,
        "held_back": 1,
        "kept": 0,
        "omitted": 0,
        "published": 1,
        "refused": 1,
        "stopped": 1
      },
      "versions": [
        {
          "chart": "demo",
          "version": "1.0.0",
          "path": "charts/demo",
          "commit": null,
          "created": "2026-01-01T00:00:00Z",
          "package": null,
          "made": [],
          "notes": [],
          "channels": [
            {
              "channel": "folder:a",
              "outcome": "kept",
              "reference": {
                "url": "published/demo-1.0.0.tgz",
                "digest": "sha256:2a97516c354b68848cdbd8f54a226a0a55b21ed138e207ad6c5cbb9c00aa5aea",
                "tag": null,
                "manifest": null
              },
              "refusal": null,
              "problem": null,
              "waits_for": null,
              "install": null
            },
            {
              "channel": "folder:b",
              "outcome": "published",
              "reference": {
                "url": "published/demo-1.0.0.tgz",
                "digest": "sha256:2a97516c354b68848cdbd8f54a226a0a55b21ed138e207ad6c5cbb9c00aa5aea",
                "tag": null,
                "manifest": null
              },
              "refusal": null,
              "problem": null,
              "waits_for": null,
              "install": null
            }
          ]
        },
        {
          "chart": "demo",
          "version": "1.1.0",
          "path": "charts/demo",
          "commit": null,
          "created": "2026-01-01T00:00:00Z",
          "package": null,
          "made": [],
          "notes": [],
          "channels": [
            {
              "channel": "folder:a",
              "outcome": "stopped",
              "reference": null,
              "refusal": null,
              "problem": {
                "what": "no room",
                "file": null,
                "line": null,
                "next": null,
                "run_again": false
              },
              "waits_for": null,
              "install": null
            }
          ]
        },
        {
          "chart": "demo",
          "version": "1.2.0",
          "path": "charts/demo",
          "commit": null,
          "created": "2026-01-01T00:00:00Z",
          "package": null,
          "made": [],
          "notes": [],
          "channels": [
            {
              "channel": "folder:a",
              "outcome": "held_back",
              "reference": null,
              "refusal": null,
              "problem": null,
              "waits_for": "demo@1.1.0 stopped",
              "install": null
            }
          ]
        },
        {
          "chart": "other",
          "version": "1.0.0",
          "path": "charts/other",
          "commit": null,
          "created": "2026-01-01T00:00:00Z",
          "package": null,
          "made": [],
          "notes": [],
          "channels": [
            {
              "channel": "folder:a",
              "outcome": "refused",
              "reference": null,
              "refusal": {
                "kind": "channels_disagree",
                "ours": null,
                "published": [
                  {
                    "channel": "folder:a",
                    "package": "sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
                  },
                  {
                    "channel": "folder:b",
                    "package": "sha256:3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"
                  }
                ],
                "files": []
              },
              "problem": null,
              "waits_for": null,
              "install": null
            }
          ]
        }
      ],
      "missed": [],
      "notices": [],
      "problems": [],
      "afterwards": []
    }
    "#);
}

#[test]
fn a_plan_document_selects_its_versions_in_its_order() {
    let versions = vec![
        planned("demo@1.0.0+x", &[("folder:a", Step::Put)]),
        planned("other@0.1.0", &[("folder:a", Step::Put)]),
    ];
    let document = json(&plan(&Plan { versions, ..Plan::default() }));
    let selected = selected("plan.json", document.as_bytes()).unwrap();
    assert_eq!(selected, [ChartVersion::new("demo", "1.0.0+x"), ChartVersion::new("other", "0.1.0")]);
}

#[test]
fn what_is_no_plan_document_is_told_with_its_place() {
    let wrong = |document: &str| {
        let problem = selected("plan.json", document.as_bytes()).unwrap_err();
        assert!(problem.next.as_ref().unwrap().contains("plan --json"));
        assert_eq!(problem.place.unwrap().file, "plan.json");
        problem.what
    };
    let report = json(&report(&Report::default()));
    assert_eq!(
        wrong(&report),
        "this is a chart-release/report/1 document, and `--only` takes chart-release/plan/1"
    );
    for document in ["{}", "[]", "1", "{\"schema\": 1}"] {
        assert_eq!(wrong(document), "this document has no `schema`, and `--only` takes chart-release/plan/1");
    }
    assert!(wrong("{\n  nothing").contains("line 2"));
    assert!(wrong("").starts_with("this is not JSON"));
    let plan = |versions: &str| wrong(&format!("{{\"schema\":\"{PLAN}\"{versions}}}"));
    assert!(plan("").contains("missing field `versions`"));
    assert!(plan(",\"versions\":[{\"chart\":\"demo\"}]").contains("missing field `version`"));
    assert!(plan(",\"versions\":[{\"chart\":\"demo\",\"version\":1}]").contains("expected a string"));
}
