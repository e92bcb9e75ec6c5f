//! Keeps the floors: a module uses lower floors, and of its own floor only what is listed here.
//!
//! The source is read as text: every `crate::module` in it counts, wherever it stands.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The floor of each module at the top of `src/`.
const FLOORS: [(&str, u8); 25] = [
    ("problem", 0),
    ("digest", 0),
    ("secret", 0),
    ("archive", 0),
    ("charts", 0),
    ("packages", 0),
    ("provenance", 0),
    ("holdings", 1),
    ("changes", 1),
    ("plan", 1),
    ("index", 1),
    ("manifest", 1),
    ("release", 1),
    ("report", 1),
    ("doors", 2),
    ("repo", 3),
    ("dependencies", 3),
    ("channels", 3),
    ("publish", 4),
    ("check", 4),
    ("progress", 5),
    ("config", 5),
    ("cli", 5),
    ("action", 5),
    ("setup", 5),
];

/// Who may use whom on the same floor. A list without circles.
const NEIGHBOURS: [(&str, &[&str]); 14] = [
    ("secret", &["problem"]),
    ("archive", &["problem"]),
    ("charts", &["problem", "digest", "archive"]),
    ("packages", &["problem", "digest", "secret", "archive", "charts"]),
    ("provenance", &["problem", "digest", "secret", "charts", "packages"]),
    ("plan", &["holdings"]),
    ("manifest", &["holdings"]),
    ("release", &["holdings"]),
    ("report", &["holdings", "plan"]),
    ("dependencies", &["repo"]),
    ("check", &["publish"]),
    ("setup", &["config"]),
    ("action", &["setup", "config", "progress"]),
    ("cli", &["setup", "config", "progress", "action"]),
];

/// The one place that may name an outside technology.
const DOORS: [(&str, &str); 7] = [
    ("git2::", "src/doors/git"),
    ("octocrab::", "src/doors/github"),
    ("oci_spec::", "src/doors/registry"),
    ("docker_credential::", "src/doors/credentials"),
    ("reqwest::", "src/doors/"),
    ("tempfile::", "src/doors/"),
    ("pgp::", "src/provenance/"),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("src can be listed") {
        let path = entry.expect("src can be listed").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every source file with its path below the crate's root and the code in it: no comments, and no tests, which may look
/// anywhere.
fn code() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source file can be read");
        let code = text.lines().take_while(|line| *line != "#[cfg(test)]" || !text.contains("\nmod tests {"));
        let code: Vec<&str> = code.filter(|line| !line.trim_start().starts_with("//")).collect();
        let shown = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
        (shown, code.join("\n"))
    };
    let tests = |path: &PathBuf| path.file_name().is_some_and(|name| name == "tests.rs");
    sources(&root.join("src")).into_iter().filter(|path| !tests(path)).map(read).collect()
}

/// The module at the top of `src/` that a file belongs to.
fn module(path: &str) -> &str {
    let below = path.trim_start_matches("src/");
    below.split('/').next().unwrap_or(below).trim_end_matches(".rs")
}

/// The modules that a piece of code names: `crate::a`, and `crate::{a::…, b}`.
fn used(code: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect()
    };
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let Some(list) = rest.strip_prefix('{') else {
            found.push(name(rest));
            continue;
        };
        let mut depth = 0;
        let mut begins = 0;
        for (index, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                '}' | ',' if depth == 0 => {
                    found.push(name(&list[begins..index]));
                    begins = index + 1;
                    if c == '}' {
                        break;
                    }
                }
                _ => {}
            }
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

#[test]
fn every_module_uses_lower_floors_and_its_listed_neighbours() {
    let floors: BTreeMap<&str, u8> = FLOORS.into();
    let neighbours: BTreeMap<&str, &[&str]> = NEIGHBOURS.into();
    let mut broken = Vec::new();
    for (path, code) in code() {
        let own = module(&path);
        if matches!(own, "lib" | "main") {
            continue;
        }
        let Some(floor) = floors.get(own) else {
            broken.push(format!("{path}: the module {own} has no floor"));
            continue;
        };
        for other in used(&code) {
            let allowed = other == own
                || floors.get(other.as_str()).is_some_and(|below| below < floor)
                || neighbours.get(own).is_some_and(|list| list.contains(&other.as_str()));
            if !allowed {
                broken.push(format!("{path}: {own} must not use {other}"));
            }
        }
    }
    assert!(broken.is_empty(), "the floors are broken:\n{}", broken.join("\n"));
}

#[test]
fn only_its_door_names_a_technology() {
    for (path, code) in code() {
        for (technology, door) in DOORS {
            assert!(
                !code.contains(technology) || path.starts_with(door),
                "{path} names {technology}, which belongs into {door}"
            );
        }
    }
}

#[test]
fn the_pure_floors_are_denied_the_outside_by_the_compiler() {
    let lib =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("src/lib.rs");
    let deny = "#[deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]";
    for (module, floor) in FLOORS {
        let public = format!("{deny}\npub mod {module};");
        assert_eq!(lib.contains(&public), floor < 2, "src/lib.rs: floor {floor} of {module}");
    }
}

#[test]
fn files_stay_small_enough_to_hold_in_the_head() {
    for (path, code) in code() {
        let lines = code.lines().count();
        assert!(lines <= 500, "{path} has {lines} lines of code: make it a folder");
    }
}

#[test]
fn every_file_says_what_it_is() {
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&path).expect("a source file can be read");
        assert!(text.starts_with("//! "), "{} does not begin with what it is", path.display());
    }
}
