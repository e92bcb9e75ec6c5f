//! Chart.yaml, requirements.yaml, a lock, values.yaml, a constraint and versions.

use bytes::Bytes;
use chart_release::{
    charts::{Chart, Constraint, Files, Lock, Metadata, Version},
    problem::Problem,
};
use std::{cmp::Ordering, fmt};

/// The parts: Chart.yaml, lock, requirements.yaml, values.yaml, constraint, versions (one to a line).
pub fn chart_yaml(data: &[u8]) {
    let [chart_yaml, lock, requirements, values, constraint, versions] = super::parts(data);
    let metadata = metadata(chart_yaml, requirements);
    has_line(chart_yaml);
    lock_reads_back(lock);
    versions_are_in_order(&String::from_utf8_lossy(constraint), &String::from_utf8_lossy(versions));
    let files = [("Chart.yaml", chart_yaml), ("Chart.lock", lock), ("values.yaml", values)];
    let files = files.into_iter().filter(|(_, text)| !text.is_empty());
    let files = files.map(|(path, text)| (path.to_owned(), Bytes::copy_from_slice(text)));
    let chart = Chart::read(Files(files.collect()));
    if let (Ok(chart), Some(metadata), true) = (&chart, &metadata, requirements.is_empty()) {
        assert_eq!(chart.metadata, *metadata);
        // What cannot be written is told.
        let _ = chart.entries();
    }
}

/// What is read is written, where it can be, so that it reads as the same.
fn metadata(chart_yaml: &[u8], requirements: &[u8]) -> Option<Metadata> {
    let both = (!requirements.is_empty()).then_some(requirements);
    let read = Metadata::read_with_requirements("Chart.yaml", chart_yaml, both);
    let strictly = Metadata::check_strictly("Chart.yaml", chart_yaml);
    if let (Err(problem), true, None) = (&read, strictly.is_ok(), both) {
        assert!(problem.what.starts_with("validation: "), "a strict reader takes it: {problem:?}");
    }
    for altered in Metadata::altered("Chart.yaml", chart_yaml) {
        assert!(altered.place.is_some_and(|place| place.line.is_some()));
    }
    let metadata = read.map_err(|problem| is_told(&problem)).ok()?;
    let mut again = metadata.clone();
    again.validate().expect("what was valid is valid");
    assert_eq!(again, metadata, "cleaned once is clean");
    if let Some(written) = metadata.to_yaml().ok().filter(|_| reads_back(&metadata)) {
        assert_eq!(Metadata::read("Chart.yaml", written.as_bytes()).as_ref(), Ok(&metadata), "{written}");
        assert_eq!(Metadata::check_strictly("Chart.yaml", written.as_bytes()), Ok(()), "{written}");
        assert_eq!(Metadata::altered("Chart.yaml", written.as_bytes()), []);
    }
    let json: serde_json::Value = serde_json::from_str(&metadata.to_json()).expect("a config is JSON");
    assert_eq!(json["name"].as_str(), Some(metadata.name.as_str()));
    assert_eq!(json["version"].as_str(), Some(metadata.version.as_str()));
    Some(metadata)
}

/// Helm writes a space for the first of these; at the others YAML 1.1, which it writes, breaks lines, and YAML 1.2 does
/// not.
fn reads_back(said: &impl fmt::Debug) -> bool {
    let said = format!("{said:?}");
    !["\\u{85}", "\\u{2028}", "\\u{2029}"].into_iter().any(|character| said.contains(character))
}

/// A chart that is read says its version somewhere in the file.
fn has_line(chart_yaml: &[u8]) {
    let line = Metadata::version_line(chart_yaml);
    if Metadata::read("Chart.yaml", chart_yaml).is_ok() {
        assert!(line.is_some());
    }
    let characters = String::from_utf8_lossy(chart_yaml).chars().count();
    assert!(line.is_none_or(|line| (1..=characters + 1).contains(&line)));
}

fn lock_reads_back(text: &[u8]) {
    match Lock::read("Chart.lock", text) {
        Ok(Some(lock)) => {
            if let Some(written) = lock.to_yaml().ok().filter(|_| reads_back(&lock)) {
                assert_eq!(Lock::read("Chart.lock", written.as_bytes()), Ok(Some(lock.clone())), "{written}");
            }
            if let Some(found) = &lock.dependencies {
                assert!(Lock::digest_of(found, found).starts_with("sha256:"));
            }
            let later = lock.generated_at(1_700_000_000).expect("a time that a lock can hold");
            assert_eq!(later.generated, "2023-11-14T22:13:20Z");
        }
        Ok(None) => {}
        Err(problem) => is_told(&problem),
    }
}

/// Precedence is an order, and a constraint says the same of versions that it cannot tell apart.
fn versions_are_in_order(constraint: &str, versions: &str) {
    let versions: Vec<Version> = versions.lines().take(4).map(Version::new).collect();
    for left in &versions {
        assert_eq!(left.precedence(left), Ordering::Equal);
        assert!(left.is_valid() || !left.is_strict());
        for right in &versions {
            assert_eq!(left.precedence(right), right.precedence(left).reverse());
            for third in &versions {
                if left.precedence(right).is_le() && right.precedence(third).is_le() {
                    assert!(left.precedence(third).is_le(), "{left} {right} {third}");
                }
            }
        }
        if left.is_valid()
            && left.as_str().split(['-', '+']).next().is_some_and(|core| core.matches('.').count() == 2)
        {
            let exact = Constraint::parse(&format!("={left}")).expect("a whole version is a constraint");
            assert!(exact.allows(left), "={left}");
        }
    }
    let Ok(constraint) = Constraint::parse(constraint) else { return };
    for left in &versions {
        assert!(left.is_valid() || !constraint.allows(left));
        for right in &versions {
            if left.is_valid() && right.is_valid() && left.precedence(right).is_eq() {
                assert_eq!(constraint.allows(left), constraint.allows(right), "{left} {right}");
            }
        }
    }
}

/// A problem says what and where.
fn is_told(problem: &Problem) {
    assert!(!problem.what.is_empty() && problem.place.is_some(), "{problem:?}");
}
