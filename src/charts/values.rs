//! Whether Helm can load a values.yaml.

use super::yaml::{self, Node, Value};
use crate::problem::Problem;

/// Checks every document, as Helm 4 does (Helm 3 sees only the first): each is a map or null, and all of it can be said
/// in JSON.
///
/// # Errors
/// The first place that Helm stumbles over. `file` is what the problem names.
pub(super) fn check(file: &str, text: &[u8]) -> Result<(), Problem> {
    for document in documents(text) {
        let node = yaml::read(file, &document).map_err(|problem| Problem {
            what: format!("cannot load values.yaml: {}", problem.what),
            ..problem
        })?;
        let cannot =
            |line: usize, what: &str| Problem::new(format!("cannot load values.yaml: {what}")).at(file, line);
        if !matches!(node.value, Value::Map(_) | Value::Null) {
            return Err(cannot(
                node.line,
                &format!("it is no map of values but of the kind `{}`", node.kind()),
            )
            .next("a values.yaml consists of `key: value` lines"));
        }
        if let Some((line, what)) = unsayable(&node) {
            return Err(cannot(line, what));
        }
    }
    Ok(())
}

/// The first thing, with its line, that JSON has no form for.
fn unsayable(node: &Node) -> Option<(usize, &'static str)> {
    match &node.value {
        Value::Float(number) if !number.is_finite() => {
            Some((node.line, "infinite numbers and `.nan` are not supported"))
        }
        Value::List(items) => items.iter().find_map(unsayable),
        Value::Map(entries) => entries.iter().find_map(|(key, value)| match key.as_key() {
            None => Some((key.line, "unsupported map key")),
            Some(_) => unsayable(value),
        }),
        _ => None,
    }
}

/// The documents as Helm 4 divides them: at lines of `---` and white space. Each is padded with empty lines, so that
/// its line numbers are those of the file.
fn documents(text: &[u8]) -> Vec<Vec<u8>> {
    let mut documents = Vec::new();
    let mut current = Vec::new();
    let mut empty = true;
    let mut lines = 0;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let divides = line.strip_prefix(b"---").is_some_and(|rest| rest.trim_ascii().is_empty());
        lines += 1;
        if divides && !empty {
            documents.push(std::mem::replace(&mut current, vec![b'\n'; lines]));
            empty = true;
        } else {
            current.extend_from_slice(line);
            empty = false;
        }
    }
    if !empty {
        documents.push(current);
    }
    documents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of_problem(text: &str) -> Option<usize> {
        check("values.yaml", text.as_bytes()).err().map(|problem| problem.place.unwrap().line.unwrap())
    }

    #[test]
    fn every_document_counts_and_is_told_by_its_line_in_the_file() {
        assert_eq!(line_of_problem("a: 1\n---\nb: 2\n---\n\n- c\n"), Some(6));
        assert_eq!(line_of_problem("---\n# only a comment\n---   \na: 1\n"), None);
        assert_eq!(line_of_problem(""), None);
    }

    #[test]
    fn what_json_cannot_say_is_refused() {
        assert_eq!(line_of_problem("a:\n  - b: .inf\n"), Some(2));
        assert_eq!(line_of_problem("a: 1\nb:\n  ~: 1\n"), Some(3));
        assert_eq!(line_of_problem("yes: 1\n2: x\n1.5: y\n"), None);
    }
}
