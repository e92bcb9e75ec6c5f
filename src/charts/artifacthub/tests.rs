//! Every rule, with what Artifact Hub takes and what makes it drop the version.

use super::problems;

/// The line and the text of each problem with this annotation, written as a `|` block that begins in line 5.
fn told(name: &str, value: &str) -> Vec<(usize, String)> {
    let block: String = value.lines().map(|line| format!("    {line}\n")).collect();
    lines(&format!("{CHART}  artifacthub.io/{name}: |\n{block}"))
}

/// The same, with the value in single quotes.
fn said(name: &str, value: &str) -> Vec<(usize, String)> {
    lines(&format!("{CHART}  artifacthub.io/{name}: '{}'\n", value.replace('\'', "''")))
}

const CHART: &str = "apiVersion: v2\nname: demo\nversion: 1.0.0\nannotations:\n";

fn lines(chart_yaml: &str) -> Vec<(usize, String)> {
    let one = |problem: crate::problem::Problem| {
        let place = problem.place.clone().expect("a place");
        assert_eq!(place.file, "charts/demo/Chart.yaml");
        assert!(problem.next.is_some(), "{problem:?} says what to do");
        (place.line.expect("a line"), problem.what)
    };
    problems("charts/demo/Chart.yaml", chart_yaml.as_bytes()).into_iter().map(one).collect()
}

#[test]
fn single_words() {
    for (name, good, bad) in [
        (
            "category",
            &["database", "skip-prediction", "ai-machine-learning"][..],
            &["", "Database", "databases", "web"][..],
        ),
        (
            "operatorCapabilities",
            &["basic install", "Seamless Upgrades", "AUTO PILOT"],
            &["", "Basic-Install", "seamless"],
        ),
        ("operator", &["true", "0", "F", "True"], &["", "yes", "tRUE", " true"]),
        ("prerelease", &["1", "false"], &["no", "2"]),
        ("containsSecurityUpdates", &["t", "FALSE"], &["maybe", "on"]),
        ("license", &["Apache-2.0", "", "whatever"], &[]),
        ("alternativeName", &["", "anything"], &[]),
        ("unknown", &["["], &[]),
    ] {
        for value in good {
            assert_eq!(said(name, value), [], "{name} {value}");
        }
        for value in bad {
            let told = said(name, value);
            assert_eq!(told.len(), 1, "{name} {value}");
            assert_eq!(told[0].0, 5, "{name} {value}");
            assert!(told[0].1.contains(&format!("artifacthub.io/{name}")), "{told:?}");
        }
    }
    // Helm turns what is no text into text.
    assert_eq!(lines(&format!("{CHART}  artifacthub.io/prerelease: true\n")), []);
    assert_eq!(lines(&format!("{CHART}  artifacthub.io/prerelease:\n")).len(), 1);
}

/// What is taken.
#[test]
fn good_lists() {
    for (name, value) in [
        ("changes", ""),
        ("changes", "- Added a thing\n- \"Fixed: the other\"\n- 12"),
        ("changes", "- kind: Added\n  description: A thing\n  links:\n  - name: x\n    url: y"),
        ("changes", "- description: d\n  kind:\n  links:\n  other: 1\n- description: 1.0"),
        ("changes", "- description: d\n  description: e"),
        ("crds", "- kind: A\n  version: v1\n  name: a.example.org\n  displayName: A\n  description: d"),
        ("crdsExamples", "- apiVersion: x/v1\n  kind: A\n  spec: {on: 1, a: [1, null]}"),
        ("crds", "- text\n- 1\n-"),
        ("images", "- name: a\n  image: ghcr.io/acme/a:1.0.0"),
        (
            "images",
            "- image: nginx\n  whitelisted: true\n  platforms: [linux/amd64]\n- image: nginx\n  whitelisted: \"yes\"\n  platforms:",
        ),
        ("links", "- name: support\n  url: https://example.org\n- url: x\n- name: 1"),
        ("maintainers", "- name: a\n  email: a@example.org\n- name: b"),
        ("recommendations", "- url: https://artifacthub.io/packages/helm/a/b\n-"),
        ("screenshots", "- title: One\n  url: https://example.org/1.png\n-\n- other: x"),
        ("signKey", "fingerprint: 0A\nurl: https://example.org/key.asc"),
        ("signKey", "url: x"),
    ] {
        assert_eq!(told(name, value), [], "{name}\n{value}");
    }
}

/// What is not, and in which line of the file.
#[test]
fn bad_lists() {
    for (name, value, line, what) in [
        ("changes", "- kind: added\n  description: Fix: the thing", 7, "not valid YAML"),
        ("changes", "- One\n- Fix: the thing", 7, "read as a map"),
        ("changes", "- One\n- kind: fixed\n  description: d", 6, "a text among"),
        ("changes", "- kind: feature\n  description: d", 6, "`feature`"),
        ("changes", "- description: d\n- kind: added", 7, "without a description"),
        ("changes", "- description: d\n-", 7, "an empty item"),
        ("changes", "- \"\"", 6, "an empty item"),
        ("changes", "- description: [a]", 6, "description must be a text"),
        ("changes", "- description: d\n  links:\n  - name: x", 8, "without a url"),
        ("changes", "- description: d\n  links:\n  - url: x", 8, "without a name"),
        ("changes", "- description: d\n  links: x", 7, "links must be a list"),
        ("changes", "- description: d\n  links:\n  - x", 8, "a map is wanted"),
        ("changes", "- [a]", 6, "not a list"),
        ("changes", "kind: added", 6, "no list but a map"),
        ("changes", "Added a thing", 6, "no list but a text"),
        ("changes", "- a\n- @b", 7, "not valid YAML"),
        ("crds", "kind: A", 6, "no list but a map"),
        ("crds", "- kind: A\n  kind: B", 7, "`kind` is there twice"),
        ("crdsExamples", "- kind: A\n  spec:\n    80: x", 8, "`80` is no text"),
        ("images", "- name: a\n  image: ghcr.io/Acme/a:1", 7, "`ghcr.io/Acme/a:1`"),
        ("images", "- name: a", 6, "without an image"),
        ("images", "- image: x1\n- nginx:1.0", 7, "a map is wanted"),
        ("images", "- image: x1\n-", 7, "an empty item"),
        ("images", "- image: x1\n  whitelisted: \"true\"", 7, "whitelisted"),
        ("images", "- image: x1\n  whitelisted: 1", 7, "whitelisted"),
        ("images", "- image: x1\n  platforms: linux/amd64", 7, "platforms"),
        ("images", "- image: x1\n  platforms: [{a: b}]", 7, "platforms"),
        ("images", "- image: x1\n  image: x2", 7, "`image` is there twice"),
        ("links", "- https://example.org", 6, "a map is wanted"),
        ("links", "- name: {a: b}\n  url: x", 6, "name must be a text"),
        ("links", "name: x", 6, "no list but a map"),
        ("maintainers", "- name: a\n- somebody", 7, "a map is wanted"),
        ("recommendations", "- https://example.org", 6, "a map is wanted"),
        ("recommendations", "- url: [x]", 6, "url must be a text"),
        ("screenshots", "- title: One\n  url: {a: b}", 7, "url must be a text"),
        ("signKey", "fingerprint: 0A", 6, "without a url"),
        ("signKey", "- url: x", 6, "a map is wanted"),
        ("signKey", "0A", 6, "a map is wanted"),
        ("signKey", "url: x\nurl: y", 7, "`url` is there twice"),
    ] {
        let told = told(name, value);
        assert_eq!(told.len(), 1, "{name}\n{value}\n{told:?}");
        assert_eq!(told[0].0, line, "{name}\n{value}\n{told:?}");
        assert!(told[0].1.contains(what), "{name}\n{value}\n{told:?}");
        assert!(!told[0].1.contains("line"), "only the place names a line: {told:?}");
    }
    assert_eq!(said("signKey", "").len(), 1, "it breaks off where there is no key");
}

#[test]
fn a_line_is_that_of_the_key_where_the_text_is_not_written_line_by_line() {
    let quoted = format!("{CHART}  a: b\n  artifacthub.io/changes: \"- One\\n- @\"\n");
    assert_eq!(lines(&quoted)[0].0, 6);
    let folded = format!("{CHART}  artifacthub.io/changes: >\n    - One\n\n    - Fix: it\n");
    assert_eq!(lines(&folded)[0].0, 5);
    let after_blank = format!("{CHART}  artifacthub.io/changes: |\n\n    # ours\n    - One\n    - Fix: it\n");
    assert_eq!(lines(&after_blank)[0].0, 9);
}

#[test]
fn all_are_told_in_the_order_of_the_file() {
    let chart = format!(
        "{CHART}  artifacthub.io/prerelease: maybe\n  artifacthub.io/images: |\n    - image: A\n    - image: B\n  artifacthub.io/category: web\n"
    );
    assert_eq!(lines(&chart).iter().map(|told| told.0).collect::<Vec<_>>(), [5, 7, 8, 9]);
}

#[test]
fn a_chart_that_helm_does_not_read_is_told_elsewhere() {
    for chart in ["", "a: [", "annotations:\n  artifacthub.io/category: web\n", "name: x\nannotations: [1]\n"]
    {
        assert_eq!(lines(chart), [], "{chart}");
    }
    assert_eq!(problems("Chart.yaml", b"\xff\xfe"), []);
}
