//! What the configuration file says. Read strictly: what is not understood is an error with its line.

use super::{
    chart_releaser::{self, Terms},
    options::{Options, Origin, Said, Takes, Word},
};
use crate::{
    charts::yaml::{self, Node, Value},
    problem::{Problem, nearest},
};
use std::collections::BTreeMap;

/// What the file says of each option. A file of chart-releaser may have the keys of both programs; what it says of the
/// other's is heard by `theirs`.
///
/// # Errors
/// Everything in it that is not understood.
pub(super) fn read(
    options: &Options,
    name: &str,
    bytes: &[u8],
    mut theirs: Option<&mut Terms>,
) -> Result<Said, Vec<Problem>> {
    let document = yaml::read(name, bytes).map_err(|problem| vec![problem])?;
    if let Some(line) = second_document(bytes) {
        let problem = Problem::new("a second document begins here, and only one is read").at(name, line);
        return Err(vec![problem.next("put everything into one document")]);
    }
    let entries = match &document.value {
        Value::Null => return Ok(Said::new()),
        Value::Map(entries) => entries,
        _ => {
            let problem = Problem::new("the configuration is not a map of options").at(name, document.line);
            return Err(vec![problem.next(every(options, theirs.is_some()))]);
        }
    };
    let mut problems = vec![];
    let mut said = Said::new();
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for (key, value) in entries {
        if let Some(first) = key.text().and_then(|text| lines.insert(text, key.line)) {
            let again = format!("`{}` stands here again, after line {first}", key.text().unwrap_or_default());
            problems.push(Problem::new(again).at(name, key.line).next("remove one of them"));
        }
        let Some((text, takes)) = key.text().and_then(|text| Some((text, *options.get(text)?))) else {
            let heard =
                theirs.as_mut().and_then(|theirs| key.text().map(|text| theirs.hear(text, value, name)));
            match heard {
                Some(Ok(true)) => {}
                Some(Err((line, what))) => {
                    let key = key.text().unwrap_or_default();
                    problems.push(Problem::new(format!("{key}: {what}")).at(name, line));
                }
                Some(Ok(false)) | None => problems.push(unknown(options, name, key, theirs.is_some())),
            }
            continue;
        };
        // chart-releaser takes a switch in quotes; what is in them is looked at later, as in a variable.
        let quoted =
            value.text().filter(|text| takes == Takes::Switch && theirs.is_some() && !text.is_empty());
        match quoted.map_or_else(|| words(takes, value), |text| Ok(vec![(text.to_owned(), value.line)])) {
            Ok(words) if words.is_empty() => {}
            Ok(words) => {
                let word = |(text, line)| Word { text, origin: Origin::File { name: name.into(), line } };
                said.insert(text.into(), words.into_iter().map(word).collect());
            }
            Err((line, what)) => problems.push(Problem::new(format!("{text}: {what}")).at(name, line)),
        }
    }
    if problems.is_empty() { Ok(said) } else { Err(problems) }
}

/// The line on which another document begins: one that starts with `---`, behind something that is no comment.
fn second_document(bytes: &[u8]) -> Option<usize> {
    let mut begun = false;
    for (line, text) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let text = text.trim_ascii_end();
        if begun && (text == b"---" || text.starts_with(b"--- ")) {
            return Some(line);
        }
        begun |= !text.is_empty() && !text.starts_with(b"#") && !text.starts_with(b"%");
    }
    None
}

/// The words of a value with their lines. None for a key without a value and for an empty list: nothing was said.
fn words(takes: Takes, value: &Node) -> Result<Vec<(String, usize)>, (usize, &'static str)> {
    let line = value.line;
    match (takes, &value.value) {
        (_, Value::Null) => Ok(vec![]),
        (Takes::Text | Takes::List, Value::Text(text)) if text.trim().is_empty() => Ok(vec![]),
        (Takes::Text | Takes::List, Value::Text(text)) => Ok(vec![(text.clone(), line)]),
        (Takes::List, Value::List(items)) => {
            let text = |item: &Node| match item.text() {
                Some(text) => Ok((text.to_owned(), item.line)),
                None => Err((item.line, "every item of the list must be text; in quotes anything is text")),
            };
            items.iter().map(text).collect()
        }
        (Takes::Switch, Value::Bool(on)) => Ok(vec![(on.to_string(), line)]),
        (Takes::Number, Value::Integer(number)) => Ok(vec![(number.to_string(), line)]),
        (Takes::Text, _) => Err((line, "must be text; in quotes anything is text")),
        (Takes::List, _) => Err((line, "must be a list of texts, or one text; in quotes anything is text")),
        (Takes::Switch, _) => Err((line, "must be true or false")),
        (Takes::Number, _) => Err((line, "must be a whole number")),
    }
}

fn unknown(options: &Options, name: &str, key: &Node, with_theirs: bool) -> Problem {
    let text = key.coerced().unwrap_or_default();
    let mut known: Vec<&str> = options.keys().map(String::as_str).collect();
    if with_theirs {
        chart_releaser::keys().for_each(|key| known.push(key));
    }
    let every = every(options, with_theirs);
    let next = match nearest(&text, known.into_iter()) {
        Some(near) => format!("did you mean `{near}`? {every}"),
        None => every,
    };
    Problem::new(format!("there is no option `{text}`")).at(name, key.line).next(next)
}

fn every(options: &Options, with_theirs: bool) -> String {
    let theirs = if with_theirs { ", and those of chart-releaser" } else { "" };
    format!("the options are {}{theirs}", options.keys().cloned().collect::<Vec<_>>().join(", "))
}
