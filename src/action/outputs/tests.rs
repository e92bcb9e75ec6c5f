//! What later steps read, whatever happened.

use super::*;
use crate::plan::{Bytes, Plan};

fn planned(is: &str, path: &str) -> Planned {
    let (name, version) = is.split_once('@').expect("name@version");
    Planned {
        is: ChartVersion::new(name, version),
        version_line: None,
        path: path.into(),
        commit: None,
        created: 0,
        revision: None,
        depends_on: vec![],
        bytes: Bytes::None,
        made: [].into(),
        package: Some(Digest::of(b"package")),
        steps: BTreeMap::new(),
        notes: vec![],
    }
}

fn outcomes(of: &[(&str, Outcome)]) -> BTreeMap<ChannelId, Outcome> {
    of.iter().map(|(id, outcome)| (ChannelId((*id).into()), outcome.clone())).collect()
}

fn at(url: &str, tag: &str) -> Reference {
    Reference { tag: Some(tag.into()), ..Reference::new(url, Some(Digest::of(b"package"))) }
}

fn json(outputs: &Outputs, name: &str) -> serde_json::Value {
    serde_json::from_str(outputs.get(name).expect("an output")).expect("JSON")
}

/// What the runner reads from the file: its rule for values of several lines.
fn read_back(text: &str) -> BTreeMap<String, String> {
    let mut lines = text.lines();
    let mut values = BTreeMap::new();
    while let Some(line) = lines.next() {
        let (name, delimiter) = line.split_once("<<").expect("a name and a delimiter");
        let value: Vec<_> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        values.insert(name.to_owned(), value.join("\n"));
    }
    values
}

#[test]
fn outputs_say_what_was_released_and_what_was_not() {
    let mut moved_on = planned("moved@1.0.0", "charts/moved");
    moved_on.notes.push(format!("{} 1.0.0 (1 file)", Planned::UNRELEASED));
    let report = Report {
        versions: vec![
            (
                planned("demo@1.9.0", "charts/demo"),
                outcomes(&[("releases", Outcome::Published(at("r", "demo-1.9.0")))]),
            ),
            (
                planned("demo@1.10.0", "charts/demo"),
                outcomes(&[
                    ("oci://a/b", Outcome::Published(at("o", "1.10.0"))),
                    ("pages", Outcome::Published(Reference::new("p", None))),
                    ("releases", Outcome::Published(at("r", "demo-1.10.0"))),
                ]),
            ),
            (moved_on, outcomes(&[("releases", Outcome::Kept(at("r", "moved-1.0.0")))])),
            (
                planned("demo@2.0.0", "charts/demo"),
                outcomes(&[
                    ("pages", Outcome::HeldBack("an earlier channel failed".into())),
                    ("releases", Outcome::Stopped(Problem::new("no answer").passing())),
                ]),
            ),
        ],
        problems: vec![Failure { chart: "charts/broken@1".into(), problem: Problem::new("no version") }],
        ..Report::default()
    };
    let outputs =
        Outputs::of(Some(Asked::Publish), Some(&Answer::Report(report)), Some(Path::new("/tmp/report.json")));
    assert_eq!(outputs.get("changed_charts"), Some("charts/demo"));
    assert_eq!(outputs.get("chart_version"), Some("1.10.0"), "the highest, not the last in the alphabet");
    assert_eq!(outputs.get("index_changed"), Some("true"));
    assert_eq!(outputs.get("command"), Some("publish"));
    assert_eq!(outputs.get("report"), Some("/tmp/report.json"));
    let released = json(&outputs, "released");
    assert_eq!(released.as_array().expect("a list").len(), 2);
    assert_eq!(released[1]["tag"], "demo-1.10.0");
    assert_eq!(released[1]["references"]["oci://a/b"], "o");
    assert_eq!(json(&outputs, "unreleased_changes")[0]["reason"], "unreleased changes since 1.0.0 (1 file)");
    let failed = json(&outputs, "failed");
    assert_eq!((&failed[0]["version"], &failed[0]["reason"]), (&"2.0.0".into(), &"no answer".into()));
    assert_eq!((&failed[1]["path"], &failed[1]["version"]), (&"charts/broken@1".into(), &().into()));
}

#[test]
fn every_output_is_there_without_an_answer() {
    let outputs = Outputs::of(None, None, None);
    let values = read_back(&outputs.lines("word"));
    assert_eq!(values.len(), 9);
    assert_eq!((values["released"].as_str(), values["changed_charts"].as_str()), ("[]", ""));
    assert_eq!(values["index_changed"], "false");
}

#[test]
fn no_value_forges_an_output() {
    let hostile = "charts/x\nword\nchart_version<<EOF\n9.9.9\nEOF\n\"\u{2028}\u{1f600}";
    let mut one = planned("x@1", hostile);
    one.is = ChartVersion::new(hostile, hostile);
    one.steps = [(ChannelId(hostile.into()), Step::Put)].into();
    one.notes.push(format!("{} {hostile}", Planned::UNRELEASED));
    let plan = Plan { versions: vec![one], ..Plan::default() };
    let outputs = Outputs::of(Some(Asked::Plan), Some(&Answer::Plan(plan)), None);
    let word = unpredictable().unwrap();
    let values = read_back(&outputs.lines(&word));
    assert_eq!(values.len(), 9, "{values:?}");
    assert_eq!(values["changed_charts"], hostile);
    assert_eq!(values["chart_version"], "");
    assert!(!values["unreleased_changes"].contains('\n'));
    assert_eq!(json(&outputs, "unreleased_changes")[0]["name"], hostile);
}

#[test]
fn what_is_too_long_for_a_step_is_whole_and_told() {
    let of = |count: usize| {
        let version = |number: usize| {
            let published = Outcome::Published(at(&"u".repeat(500), "t"));
            (planned(&format!("c{number}@1.0.0"), "charts/c"), outcomes(&[("releases", published)]))
        };
        let report = Report { versions: (0..count).map(version).collect(), ..Report::default() };
        Outputs::of(Some(Asked::Publish), Some(&Answer::Report(report)), None)
    };
    assert_eq!(of(100).too_long(), None);
    let long = of(1500);
    assert_eq!(json(&long, "released").as_array().map(Vec::len), Some(1500));
    let told = long.too_long().expect("a notice");
    assert!(told.what.ends_with(": `released`"), "{told:?}");
}
