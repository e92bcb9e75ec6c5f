//! Versions and constraints, as Masterminds' semver 3.5.0 takes them in Helm.

use chart_release::charts::{Constraint, Version};
use serde::Deserialize;
use std::cmp::Ordering;

#[derive(Deserialize)]
struct Vectors {
    versions: Vec<VersionCase>,
    constraints: Vec<ConstraintCase>,
    sort_desc_example: SortExample,
}

#[derive(Deserialize)]
struct VersionCase {
    r#in: String,
    new_version_ok: bool,
    normalized: Option<String>,
    strict_ok: bool,
}

#[derive(Deserialize)]
struct ConstraintCase {
    constraint: String,
    version: String,
    r#match: Option<bool>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct SortExample {
    r#in: Vec<String>,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors/semver.json")).unwrap()
}

#[test]
fn helm_and_we_take_the_same_texts_for_versions() {
    let cases = vectors().versions;
    assert_eq!(cases.len(), 43);
    for case in cases {
        let version = Version::new(&case.r#in);
        let normalized = version.parts().map(|parts| {
            let suffix = |sign: &str, text: &str| {
                if text.is_empty() { String::new() } else { format!("{sign}{text}") }
            };
            let (prerelease, build) = (suffix("-", parts.prerelease), suffix("+", parts.build));
            format!("{}.{}.{}{prerelease}{build}", parts.major, parts.minor, parts.patch)
        });
        assert_eq!(version.is_valid(), case.new_version_ok, "{}", case.r#in);
        assert_eq!(normalized, case.normalized, "{}", case.r#in);
        assert_eq!(version.is_strict(), case.strict_ok, "{}", case.r#in);
    }
}

#[test]
fn constraints_allow_what_helm_allows() {
    let cases = vectors().constraints;
    assert_eq!(cases.len(), 71);
    for case in cases {
        let constraint = Constraint::parse(&case.constraint);
        match (constraint, case.error) {
            (Ok(constraint), None) => {
                let allows = constraint.allows(&Version::new(&case.version));
                assert_eq!(Some(allows), case.r#match, "{} of {}", case.constraint, case.version);
            }
            (Err(problem), Some(error)) => assert_eq!(problem.what, error),
            (constraint, error) => panic!("{}: {constraint:?}, Helm {error:?}", case.constraint),
        }
    }
}

#[test]
fn newest_first() {
    let mut versions: Vec<Version> = vectors().sort_desc_example.r#in.iter().map(Version::new).collect();
    versions.push(Version::new("latest"));
    versions.sort_by(|left, right| right.precedence(left));
    let texts: Vec<&str> = versions.iter().map(Version::as_str).collect();
    let sorted = ["2.0.0-alpha", "1.10.0", "1.9.0", "v1.1.0", "1.0.0", "1.0.0+b", "1.0.0-rc.1", "latest"];
    assert_eq!(texts, sorted);
    assert_eq!(Version::new("v1.0.0").precedence(&Version::new("1.0.0+x")), Ordering::Equal);
}

#[test]
fn placeholders_are_known_by_their_numbers() {
    for text in ["0.0.0", "v0.0.0", "0.0.0-dev", "0.0.0+x", "0.0.0-0.1+x"] {
        assert!(Version::new(text).is_placeholder(), "{text}");
    }
    for text in ["0.0.1", "0.1.0", "0.0.0x", "latest", "10.0.0"] {
        assert!(!Version::new(text).is_placeholder(), "{text}");
    }
}
