//! `.helmignore`, rule by rule, as Helm decides.

use chart_release::charts::helmignore::Rules;
use serde_json::Value;

#[test]
fn every_vector_is_decided_as_helm_decides_it() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("vectors/helmignore.json")).unwrap();
    assert_eq!(cases.len(), 114);
    for case in &cases {
        let lines: Vec<&str> = case["pattern_file_lines"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line.as_str().unwrap())
            .collect();
        let rules = Rules::parse(lines.join("\n").as_bytes());
        if let Some(error) = case["error"].as_str() {
            let problem = rules.expect_err(&case.to_string());
            assert!(problem.what.starts_with(error), "{case}: {problem}");
            assert!(problem.place.is_some_and(|place| place.line.is_some()), "{case}");
            continue;
        }
        let rules = rules.unwrap_or_else(|problem| panic!("{case}: {problem}"));
        let (path, is_directory) = (case["path"].as_str().unwrap(), case["is_dir"].as_bool().unwrap());
        // A case that Helm ran without its default rule says nothing about paths that only this rule ignores.
        let by_default = case["defaults_applied"] == false && Rules::default().ignores(path, is_directory);
        let expected = case["ignored"].as_bool().unwrap() || by_default;
        assert_eq!(rules.ignores(path, is_directory), expected, "{case}");
    }
}
