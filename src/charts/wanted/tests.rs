//! What a chart wants, and whether its lock fits: against what Helm wrote.

use super::*;
use crate::charts::Version;

fn files(list: &[(&str, &str)]) -> Files {
    Files(list.iter().map(|(path, text)| ((*path).to_owned(), text.to_string().into())).collect())
}

/// The chart and the lock that Helm 4.2.4 wrote for it.
const HELMS: [(&str, &str); 2] = [
    (
        "Chart.yaml",
        "apiVersion: v2\nname: demo\nversion: 1.0.0\ndependencies:\n- name: lib\n  version: \">=1.0.0-0\"\n  \
         repository: file://../lib\n  condition: lib.enabled\n  alias: mylib\n- name: loc\n  version: ~1\n  repository: \"\"\n",
    ),
    (
        "Chart.lock",
        "dependencies:\n- name: lib\n  repository: file://../lib\n  version: 1.4.0\n- name: loc\n  repository: \"\"\n  \
         version: ~1\ndigest: sha256:cf3c336671841784ad8529fe891421d0aabd62ed551baf42de6aea8337e8af49\n\
         generated: \"2026-11-20T22:06:07.810331518Z\"\n",
    ),
];

fn changed(file: &str, from: &str, to: &str) -> Files {
    let list =
        HELMS.map(|(path, text)| (path, if path == file { text.replace(from, to) } else { text.to_owned() }));
    Files(list.into_iter().map(|(path, text)| (path.to_owned(), text.into())).collect())
}

fn nobody(_: &str) -> Option<String> {
    None
}

#[test]
fn the_lock_that_helm_wrote_fits() {
    lock_fits("charts/demo", &files(&HELMS), &nobody).unwrap();
    lock_fits("charts/demo", &files(&HELMS[..1]), &nobody).unwrap();
    // A chart that depends on nothing is built with nothing, whatever was forgotten beside it.
    let alone = files(&[("Chart.yaml", "apiVersion: v2\nname: demo\nversion: 1.0.0\n"), HELMS[1]]);
    lock_fits("charts/demo", &alone, &nobody).unwrap();
}

#[test]
fn what_differs_is_told_at_its_line() {
    for (file, from, to, place, what) in [
        (
            "Chart.yaml",
            ">=1.0.0-0",
            ">=2",
            ("charts/demo/Chart.yaml", Some(5)),
            "`lib` is asked for as `>=2`, and the lock has 1.4.0",
        ),
        (
            "Chart.yaml",
            "../lib",
            "../lob",
            ("charts/demo/Chart.yaml", Some(5)),
            "`lib` comes from file://../lob, and in the lock from file://../lib",
        ),
        (
            "Chart.yaml",
            "name: loc",
            "name: lock",
            ("charts/demo/Chart.yaml", Some(10)),
            "`lock` is not in the lock",
        ),
        (
            "Chart.yaml",
            "~1",
            "~2",
            ("charts/demo/Chart.yaml", Some(10)),
            "`loc` is asked for as `~2`, and the lock has ~1",
        ),
        (
            "Chart.yaml",
            "mylib",
            "yourlib",
            ("charts/demo/Chart.lock", None),
            "something of a dependency was changed",
        ),
        (
            "Chart.lock",
            "version: 1.4.0",
            "version: 1.5.0",
            ("charts/demo/Chart.lock", None),
            "or the lock itself",
        ),
        (
            "Chart.lock",
            "digest:",
            "- name: more\n  repository: x\ndigest:",
            ("charts/demo/Chart.lock", None),
            "`more` is in the lock",
        ),
    ] {
        let problem = lock_fits("charts/demo", &changed(file, from, to), &nobody).unwrap_err();
        assert!(problem.what.starts_with("Chart.lock is out of sync with Chart.yaml: "), "{}", problem.what);
        assert!(problem.what.contains(what), "{}", problem.what);
        let found = problem.place.unwrap();
        assert_eq!((found.file.as_str(), found.line), place, "{what}");
        assert!(problem.next.unwrap().contains("helm dependency update charts/demo"));
    }
}

#[test]
fn a_name_that_helm_was_told_is_its_url_and_without_helm_the_lock_knows_it() {
    let dependency = |repository: &str, version: &str| Dependency {
        name: "lib".into(),
        version: version.into(),
        repository: repository.into(),
        ..Dependency::default()
    };
    let url = "https://example.com/charts";
    let digest = Lock::digest_of(&[dependency(url, "^1")], &[dependency(url, "1.2.0")]);
    let lock =
        format!("dependencies:\n- name: lib\n  repository: {url}\n  version: 1.2.0\ndigest: {digest}\n");
    let chart = "apiVersion: v2\nname: demo\nversion: 1.0.0\ndependencies:\n- {name: lib, version: ^1, repository: \"@ours\"}\n";
    let files = files(&[("Chart.yaml", chart), ("Chart.lock", &lock)]);
    lock_fits("", &files, &|name| (name == "ours").then(|| url.to_owned())).unwrap();
    lock_fits("", &files, &nobody).unwrap();
    let problem = lock_fits("", &files, &|_| Some("https://example.com/other".into())).unwrap_err();
    assert!(problem.what.contains("comes from https://example.com/other"), "{}", problem.what);
    let wanted = Wanted::of("", &files).unwrap();
    let supplies = wanted.settled(&nobody).unwrap();
    let [Supply::Brought(request)] = &supplies[..] else { panic!("{supplies:?}") };
    assert_eq!((request.repository.as_str(), request.asked.as_str()), (url, "1.2.0"));
}

#[test]
fn what_helm_was_told_for_somebody_alone_is_not_published_with_the_lock() {
    let chart = "apiVersion: v2\nname: demo\nversion: 1.0.0\ndependencies:\n- {name: lib, version: ^1, repository: \"@ours\"}\n";
    let files = files(&[("Chart.yaml", chart)]);
    let wanted = Wanted::of("charts/demo", &files).unwrap();
    let completed = |url: &'static str| {
        let aliases = move |_: &str| Some(url.to_owned());
        let supplies = wanted.anew(&aliases).unwrap();
        let is = ChartVersion::new("lib", "1.0.0");
        let arrivals = vec![Arrival::Package(is.version.clone(), is, Bytes::new())];
        wanted.completed(files.clone(), &supplies, arrivals, true, &aliases, 0)
    };
    assert!(completed("https://example.com/charts").unwrap().files.0.contains_key("Chart.lock"));
    let problem = completed("https://me:marked@example.com/charts").unwrap_err();
    assert!(problem.what.contains("`@ours` holds a user or a password"), "{}", problem.what);
    assert!(!format!("{problem:?}").contains("marked"));
    assert_eq!(problem.place.unwrap().line, Some(5));
}

#[test]
fn the_newest_that_will_do_is_chosen_and_of_a_lock_its_very_text() {
    let chosen = |request: Request, offered: &[&str]| {
        let offered = offered.iter().map(Version::new);
        request.choose(offered, |version| version).map(|version| version.to_string())
    };
    let any = |constraint: &str| Request::any("lib", constraint).unwrap();
    let offered = ["1.0.0", "2.0.0-rc.1", "v1.10.0", "1.9.0", "nonsense"];
    assert_eq!(chosen(any("^1"), &offered).as_deref(), Some("v1.10.0"));
    assert_eq!(chosen(any(">1-0"), &offered).as_deref(), Some("2.0.0-rc.1"));
    assert_eq!(chosen(any("3.x"), &offered), None);
    assert_eq!(
        chosen(any("1.0.0"), &["1.0.0+b", "1.0.0"]).as_deref(),
        Some("1.0.0+b"),
        "of equals the first"
    );
    let locked = |version: &str| Request::locked("lib", version);
    assert_eq!(chosen(locked("1.0.0"), &["1.0.0+b", "1.0.0", "2.0.0"]).as_deref(), Some("1.0.0"));
    assert_eq!(chosen(locked("1.10.0"), &offered).as_deref(), Some("v1.10.0"), "as Helm compares");
    assert_eq!(chosen(locked("~1"), &offered), None, "a range is no version that was found");
}
