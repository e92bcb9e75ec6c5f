//! Chart.yaml texts: what Helm reads from them, writes for them and says against them.

use chart_release::{
    charts::{Metadata, yaml},
    problem::Problem,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    chart_yaml: String,
    requirements_yaml: Option<String>,
    result: String,
    error: Option<String>,
    reserialized_yaml: Option<String>,
    config_json: Option<String>,
    strict_unmarshal_error: Option<String>,
}

/// What our YAML parser words in its own way. Helm's words are its parser's; the line is the same.
const OTHER_WORDS: [(&str, usize); 1] = [("tabs-indent", 5)];

fn cases() -> Vec<Case> {
    let vectors: Vectors = serde_json::from_str(include_str!("vectors/chart-yaml.json")).unwrap();
    assert_eq!(vectors.cases.len(), 265);
    vectors.cases
}

fn read(case: &Case) -> Result<Metadata, Problem> {
    let requirements = case.requirements_yaml.as_deref().map(str::as_bytes);
    Metadata::read_with_requirements("Chart.yaml", case.chart_yaml.as_bytes(), requirements)
}

/// The part of Helm's message that does not depend on where Helm met the problem, nor on the Go it was built with.
fn core(error: &str) -> String {
    let start =
        ["validation: ", "json: ", "unsupported map key", "document contains", "key \"", "found invalid"]
            .iter()
            .find_map(|start| error.find(start))
            .unwrap_or_else(|| panic!("no known message: {error}"));
    let core = error[start..].replace("<pkg>", "chart");
    match core.find(", key: <nil>, value") {
        Some(end) => core[..end].to_owned(),
        None => core,
    }
}

#[test]
fn helm_and_we_accept_and_write_the_same() {
    let mut wrong = Vec::new();
    for case in cases() {
        match (case.result.as_str(), read(&case)) {
            ("accept", Ok(metadata)) => {
                let yaml = metadata.to_yaml().ok();
                if yaml != case.reserialized_yaml {
                    wrong.push(format!("{}: wrote {yaml:?}, Helm {:?}", case.id, case.reserialized_yaml));
                }
                let json = Some(metadata.to_json());
                if json != case.config_json {
                    wrong.push(format!("{}: wrote {json:?}, Helm {:?}", case.id, case.config_json));
                }
            }
            ("accept", Err(problem)) => wrong.push(format!("{}: refused: {problem:?}", case.id)),
            (_, Ok(metadata)) => wrong.push(format!("{}: accepted: {metadata:?}", case.id)),
            (_, Err(problem)) => {
                let error = case.error.unwrap();
                match OTHER_WORDS.iter().find(|(id, _)| *id == case.id) {
                    Some((_, line)) if problem.place.as_ref().and_then(|place| place.line) == Some(*line) => {
                    }
                    None if problem.what.contains(&core(&error)) => {}
                    _ => wrong.push(format!("{}: said {problem:?}, Helm {error}", case.id)),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_strict_reader_finds_what_helm_finds() {
    let mut wrong = Vec::new();
    for case in cases() {
        let found = Metadata::check_strictly("Chart.yaml", case.chart_yaml.as_bytes());
        match (found, case.strict_unmarshal_error) {
            (Ok(()), None) => {}
            (Err(_), Some(_)) if OTHER_WORDS.iter().any(|(id, _)| *id == case.id) => {}
            (Err(problem), Some(error)) if problem.what.contains(&core(&error)) => {}
            (found, error) => wrong.push(format!("{}: {found:?}, Helm {error:?}", case.id)),
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_problem_names_the_line() {
    let text = "apiVersion: v2\nname: demo\nversion: latest\ndependencies:\n- name: a\n- name: a\n";
    let line = |text: &str| {
        let problem = Metadata::read("charts/demo/Chart.yaml", text.as_bytes()).unwrap_err();
        let place = problem.place.unwrap();
        assert_eq!(place.file, "charts/demo/Chart.yaml");
        place.line
    };
    assert_eq!(line(text), Some(3));
    assert_eq!(line(&text.replace("latest", "1.0.0")), Some(6));
    assert_eq!(line("name: demo\nkeywords: one\n"), Some(2));
    assert_eq!(line("name: demo\nkeywords: [one\n"), Some(2));
    assert_eq!(line("name: demo\n"), None);
}

/// What Helm says of the first entry of an index with these fields; it loads the index where that is nothing.
fn check_entry(fields: &str) -> Result<(), Problem> {
    let index = format!("apiVersion: v1\nentries:\n  a:\n  - {fields}\n");
    let index = yaml::read("index.yaml", index.as_bytes()).unwrap();
    let entries = index.get("entries").and_then(|entries| entries.get("a")).unwrap();
    Metadata::check_index_entry("index.yaml", &entries.items()[0])
}

#[test]
fn an_index_entry_is_read_without_mercy() {
    let refused = [
        ("{name: a, version: 1.0.0, foo: 1, urls: [x]}", "json: unknown field \"foo\""),
        ("{name: a, version: 1.10, urls: [x]}", "cannot unmarshal number into"),
        ("{name: a, version: 1.0.0, appVersion: 72551e2}", "cannot unmarshal number into"),
        ("{name: a, version: 1.0.0, annotations: {k: 1}}", "cannot unmarshal number into"),
        ("{name: a, version: 1.0.0, keywords: [1]}", "cannot unmarshal number into"),
        ("{name: a, version: 1.0.0, urls: x}", "cannot unmarshal string into"),
        ("{name: a, version: 1.0.0, created: yesterday}", "parsing time \"yesterday\""),
        ("{name: a, version: 1.0.0, created: 2020-01-02}", "parsing time \"2020-01-02\""),
        ("{name: a, version: 1.0.0, created: \"\"}", "parsing time \"\""),
        ("{name: a, version: 1.0.0, name: b}", "key \"name\" already set in map"),
        ("{name: a, maintainers: [{name: b, name: c}]}", "key \"name\" already set in map"),
        ("{name: a, dependencies: [{name: b, version: 1}]}", "cannot unmarshal number into"),
    ];
    for (fields, words) in refused {
        let problem = check_entry(fields).unwrap_err();
        assert!(problem.what.contains(words), "{fields}: {}", problem.what);
        assert_eq!(problem.place.and_then(|place| place.line), Some(4), "{fields}");
    }
    let accepted = [
        "",
        "{name: a, version: 1.0.0}",
        "{name: a, version: 1.0.0, Icon: q, deprecated: yes, created: 2020-01-02T03:04:05.5+02:00}",
        "{name: a, version: 1.0.0, created: null, urls: [1], digest: 12, removed: true}",
        "{name: a, engine: gotpl, tillerVersion: \">2\", url: u, checksum: c}",
    ];
    for fields in accepted {
        assert_eq!(check_entry(fields), Ok(()), "{fields}");
    }
}

#[test]
fn fields_of_requirements_are_read_over_those_of_the_chart() {
    let chart = "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: a, alias: x}\n- name: b\n";
    let requirements = "version: 2.0.0\ndependencies:\n- name: d\n";
    let read = |requirements: &str| {
        Metadata::read_with_requirements("c/Chart.yaml", chart.as_bytes(), Some(requirements.as_bytes()))
    };
    let metadata = read(requirements).unwrap();
    assert_eq!(metadata.version, "2.0.0");
    let [dependency] = &metadata.dependencies[..] else { panic!("{:?}", metadata.dependencies) };
    // Go reads over the items that are there: the alias of another dependency stays.
    assert_eq!((dependency.name.as_str(), dependency.alias.as_str()), ("d", "x"));
    let place = read("version: 2.x\n").unwrap_err().place.unwrap();
    assert_eq!((place.file.as_str(), place.line), ("c/requirements.yaml", Some(1)));
}

#[test]
fn a_version_from_elsewhere_is_validated_again() {
    let mut metadata = Metadata::read("Chart.yaml", b"apiVersion: v1\nname: c\nversion: 1.0.0\n").unwrap();
    metadata.version = "2.0".into();
    assert_eq!(metadata.validate(), Ok(()));
    metadata.version = "latest".into();
    let problem = metadata.validate().unwrap_err();
    assert_eq!(problem.what, "validation: chart.metadata.version \"latest\" is invalid");
}

proptest::proptest! {
    #[test]
    fn no_chart_yaml_makes_us_panic(
        text in "((name|version|tags|keywords|maintainers|dependencies|annotations|x|<<): ?[ \n&*a-c0-9.,:{}\\[\\]'\"-]{0,12}\n){0,5}",
    ) {
        let _ = Metadata::read_with_requirements("Chart.yaml", text.as_bytes(), Some(text.as_bytes()))
            .map(|metadata| (metadata.to_packaged_yaml(), metadata.to_json()));
        let _ = Metadata::check_strictly("Chart.yaml", text.as_bytes());
    }
}
