//! Keeps what the documents say of files true: the lines that are counted, the examples that are shown, the links.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a folder can be listed").path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|found| found == ending)).collect();
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[test]
fn every_workflow_is_shown_as_its_file_is_and_its_lines_are_counted() {
    let folder = root().join("docs/workflows");
    let shown = read(&root().join("docs/workflows.md"));
    let (before, after) = (files(&folder.join("before"), "yml"), files(&folder.join("after"), "yml"));
    let names = |files: &[PathBuf]| files.iter().map(|path| name(path)).collect::<Vec<_>>();
    assert!(!after.is_empty());
    assert_eq!(names(&before), names(&after), "each has its counterpart");
    let mut all = (0, 0);
    for (before, after) in before.iter().zip(&after) {
        let lines = (read(before).lines().count(), read(after).lines().count());
        all = (all.0 + lines.0, all.1 + lines.1);
        let block = format!("```yaml\n{}```\n", read(after));
        let (above, _) = shown
            .split_once(&block)
            .unwrap_or_else(|| panic!("docs/workflows.md does not show {} as it is", name(after)));
        let heading = above.rsplit("\n## ").next().and_then(|text| text.lines().next()).unwrap_or_default();
        let row = shown.lines().find(|line| line.starts_with(&format!("| [{heading}](")));
        let counted = format!(") | {} | {} | ", lines.0, lines.1);
        assert!(
            row.is_some_and(|row| row.contains(&counted)),
            "{}: {lines:?} is not in the row of {heading}",
            name(after)
        );
    }
    assert!(shown.contains(&format!("| all | {} | {} | |\n", all.0, all.1)), "all of them are {all:?}");
    assert!(read(&root().join("README.md")).contains(&format!("{} lines and {}", all.0, all.1)));
}

/// The anchor that a heading of Markdown gets on GitHub.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn every_link_to_a_file_or_a_heading_leads_there() {
    let mut documents = files(root(), "md");
    documents.extend(files(&root().join("docs"), "md"));
    for document in documents {
        let text = read(&document);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") || target.contains(char::is_whitespace) {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let place = match path {
                "" => document.clone(),
                _ => document.parent().unwrap_or(root()).join(path),
            };
            assert!(place.exists(), "{}: {target} is not there", name(&document));
            let leads = || {
                let there = read(&place);
                let mut headings = there.lines().filter(|line| line.starts_with('#'));
                headings.any(|line| anchor(line.trim_start_matches('#').trim()) == heading)
            };
            assert!(heading.is_empty() || leads(), "{}: {target} is no heading", name(&document));
        }
    }
}
