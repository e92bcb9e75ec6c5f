//! Chart.yaml texts: what Helm reads from them, writes for them and says against them.

use chart_release::{charts::Metadata, problem::Problem};
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
