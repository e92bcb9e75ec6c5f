//! What the line reader is not certain of, through the YAML reader: the answers are Helm's, only slower.

use super::{Chart, End, FILE, Item, List, Text, time};
use crate::{
    charts::{
        Dependency, Metadata,
        yaml::{self, Node, Value},
    },
    problem::Problem,
};
use std::collections::HashSet;

/// An entry, and why Helm leaves it out, where it does.
pub(super) struct Read {
    pub item: Item,
    pub skipped: Option<String>,
}

/// One chart's entries.
pub(super) struct ReadChart {
    pub name: Box<str>,
    pub line: usize,
    pub items: Vec<Item>,
    pub notices: Vec<Problem>,
}

/// A whole index.
pub(super) struct ReadIndex(Vec<ReadChart>);

impl ReadIndex {
    pub fn collect(self) -> (Vec<Chart>, Vec<Item>, Vec<Problem>) {
        let (mut charts, mut items, mut notices) = (vec![], vec![], vec![]);
        for mut read in self.0 {
            let first = items.len();
            items.append(&mut read.items);
            notices.append(&mut read.notices);
            let end = End { at: 0, open: false };
            charts.push(Chart {
                name: read.name,
                start: 0,
                end,
                items: first..items.len(),
                list: List::Other,
            });
        }
        (charts, items, notices)
    }
}

/// A whole document.
pub(super) fn document(text: &str) -> Result<ReadIndex, Problem> {
    let root = yaml::read(FILE, text.as_bytes())?;
    unrepeated(&root)?;
    index(&root, Strict(true))
}

/// The lines of one item of a chart's list.
pub(super) fn item(lines: &str) -> Result<Read, Problem> {
    let list = yaml::read(FILE, lines.as_bytes())?;
    unrepeated(&list)?;
    match list.items() {
        [one] => entry(one, Strict(true)),
        _ => Err(Problem::new("not one entry")),
    }
}

/// The lines of one chart: its key and its list. `line` is the number of the first.
pub(super) fn chart(lines: &str, line: usize) -> Result<ReadChart, Problem> {
    // A brace, a tag or an anchor can belong to the whole map: then no other chart could stand beside this one.
    if lines.trim_start().starts_with(['{', '!', '&', '*', '?']) {
        return Err(Problem::new("not certainly one chart"));
    }
    let map = yaml::read(FILE, lines.as_bytes())?;
    unrepeated(&map)?;
    let [(key, list)] = map.entries() else { return Err(Problem::new("not one chart")) };
    let mut chart = entries(key, list)?;
    let shift = u32::try_from(line - 1).unwrap_or(u32::MAX);
    chart.items.iter_mut().for_each(|item| item.line += shift);
    for place in chart.notices.iter_mut().filter_map(|notice| notice.place.as_mut()) {
        place.line = place.line.map(|within| within + line - 1);
    }
    Ok(chart)
}

/// The lines of one key at the top of the document that says nothing about entries.
pub(super) fn top_level(lines: &str) -> Result<(), Problem> {
    let map = yaml::read(FILE, lines.as_bytes())?;
    unrepeated(&map)?;
    let [(key, value)] = map.entries() else { return Err(Problem::new("not one key")) };
    match key.text() {
        Some("apiVersion") if api_version(value)? => Ok(()),
        Some("generated" | "serverInfo" | "annotations" | "publicKeys") => top(key, value),
        _ => Err(wrong(key, "not a known key")),
    }
}

/// Whether unknown keys are refused: Helm does so in YAML, and not in JSON.
#[derive(Clone, Copy)]
pub(super) struct Strict(pub bool);

/// An index that is read.
pub(super) fn index(root: &Node, strict: Strict) -> Result<ReadIndex, Problem> {
    match root.value {
        Value::Map(_) | Value::Null => {}
        _ => return Err(wrong(root, format!("an index is a map, not {}", a(root)))),
    }
    let mut has_version = false;
    let mut charts = Vec::new();
    for (key, value) in root.entries() {
        match known(key, &["apiVersion", "entries", "generated", "serverInfo", "publicKeys", "annotations"]) {
            Some("apiVersion") => has_version = api_version(value)?,
            Some("entries") => match &value.value {
                Value::Null => {}
                Value::Map(map) => {
                    for (name, list) in map {
                        charts.push(entries(name, list)?);
                    }
                }
                _ => return Err(wrong(value, format!("entries must be a map, not {}", a(value)))),
            },
            Some(_) => top(key, value)?,
            None if strict.0 => return Err(unknown(key)),
            None => {}
        }
    }
    if !has_version {
        return Err(Problem::new("no apiVersion").at(FILE, 1).next("add the line `apiVersion: v1`"));
    }
    let mut names: Vec<_> = charts.iter().map(|chart| (&*chart.name, chart.line)).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(
            Problem::new(format!("key \"{}\" is already set in the map", pair[0].0)).at(FILE, pair[1].1)
        );
    }
    Ok(ReadIndex(charts))
}

/// Whether it says anything.
fn api_version(value: &Node) -> Result<bool, Problem> {
    match value.coerced() {
        Some(text) => Ok(!text.is_empty()),
        None if value.value == Value::Null => Ok(false),
        None => Err(wrong(value, format!("apiVersion must be text, not {}", a(value)))),
    }
}

fn top(key: &Node, value: &Node) -> Result<(), Problem> {
    match known(key, &["generated", "serverInfo", "annotations", "publicKeys"]) {
        Some("generated") => created(value).map(|_| ()),
        Some("serverInfo") => match value.value {
            Value::Map(_) | Value::Null => Ok(()),
            _ => Err(wrong(value, format!("serverInfo must be a map, not {}", a(value)))),
        },
        Some("annotations") => match &value.value {
            Value::Null => Ok(()),
            Value::Map(map) => map.iter().try_for_each(|(_, value)| text(value, "an annotation").map(|_| ())),
            _ => Err(wrong(value, format!("annotations must be a map, not {}", a(value)))),
        },
        _ => texts(value, "publicKeys").map(|_| ()),
    }
}

fn entries(name: &Node, list: &Node) -> Result<ReadChart, Problem> {
    let Some(name) = name.as_key() else { return Err(wrong(name, "this cannot be a chart's name")) };
    if !matches!(list.value, Value::List(_) | Value::Null) {
        return Err(wrong(list, format!("the entries of {name} must be a list, not {}", a(list))));
    }
    let mut chart = ReadChart { name: name.as_ref().into(), line: list.line, items: vec![], notices: vec![] };
    for node in list.items() {
        let read = entry(node, Strict(true))?;
        if let Some(why) = read.skipped {
            chart.notices.push(wrong(node, why));
        }
        chart.items.push(read.item);
    }
    Ok(chart)
}

/// One entry.
pub(super) fn entry(node: &Node, strict: Strict) -> Result<Read, Problem> {
    if strict.0 {
        Metadata::check_index_entry(FILE, node)?;
    } else {
        Metadata::check_json_index_entry(FILE, node)?;
    }
    let own = |node: &Node| node.coerced().map(|text| Text::Own(text.into()));
    let version = field(node, "version").and_then(own);
    let created = field(node, "created").map_or(Ok(None), created)?;
    let skipped = why_skipped(node);
    let item = Item {
        start: 0,
        end: End { at: 0, open: false },
        line: u32::try_from(node.line).unwrap_or(u32::MAX),
        version: version.unwrap_or_else(|| Text::Own("".into())),
        digest: field(node, "digest").and_then(own),
        url: field(node, "urls").and_then(|urls| urls.items().first()).and_then(own),
        created,
        skipped: skipped.is_some(),
    };
    Ok(Read { item, skipped })
}

/// Why Helm leaves this entry out, where it does: it holds nothing, or its chart could not be loaded.
fn why_skipped(entry: &Node) -> Option<String> {
    if entry.value == Value::Null {
        return Some("an empty entry: Helm leaves it out".into());
    }
    let text = |node: &Node, key| field(node, key).and_then(Node::text).unwrap_or_default().to_owned();
    let mut metadata = Metadata {
        name: text(entry, "name"),
        version: text(entry, "version"),
        api_version: "v1".into(),
        kind: text(entry, "type"),
        ..Metadata::default()
    };
    let mut why = field(entry, "maintainers")
        .filter(|list| list.items().iter().any(|item| item.value == Value::Null))
        .map(|_| "maintainers must not contain empty or null nodes".to_owned());
    let mut taken = HashSet::new();
    for dependency in field(entry, "dependencies").map_or(&[][..], Node::items) {
        if dependency.value == Value::Null {
            why = Some("dependencies must not contain empty or null nodes".to_owned());
            break;
        }
        let (name, alias) = (text(dependency, "name"), text(dependency, "alias"));
        // Helm forgives a name that comes twice, and looks at nothing behind it.
        if !taken.insert(if alias.is_empty() { name.clone() } else { alias.clone() }) {
            break;
        }
        metadata.dependencies.push(Dependency { name, alias, ..Dependency::default() });
    }
    let why = metadata.validate().err().map(|problem| problem.what).or(why)?;
    Some(format!("Helm leaves this entry out: {why}"))
}

/// The value of a key, also where it is written in other capitals: Go's JSON takes it.
fn field<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    let other = || {
        let is_it = |name: &Node| name.text().is_some_and(|name| name.eq_ignore_ascii_case(key));
        node.entries().iter().rev().find(|(name, _)| is_it(name)).map(|(_, value)| value)
    };
    node.get(key).or_else(other)
}

/// Which of these keys it is: exactly, or, as Go reads JSON, in other capitals.
fn known<'k>(key: &Node, keys: &[&'k str]) -> Option<&'k str> {
    let key = key.as_key()?;
    keys.iter()
        .find(|known| **known == key)
        .or_else(|| keys.iter().find(|known| known.eq_ignore_ascii_case(&key)))
        .copied()
}

fn created(value: &Node) -> Result<Option<i64>, Problem> {
    if value.value == Value::Null {
        return Ok(None);
    }
    match value.text() {
        Some(text) => time::seconds(text.as_bytes()).map_err(|problem| problem.at(FILE, value.line)),
        None => Err(wrong(value, format!("a time must be text, not {}", a(value)))),
    }
}

fn text(value: &Node, what: &str) -> Result<(), Problem> {
    match value.value {
        Value::Text(_) | Value::Null => Ok(()),
        _ => Err(wrong(value, format!("{what} must be text in quotes, not {}", a(value)))),
    }
}

fn texts(value: &Node, what: &str) -> Result<(), Problem> {
    match &value.value {
        Value::Null => Ok(()),
        Value::List(items) => items.iter().try_for_each(|item| text(item, what)),
        _ => Err(wrong(value, format!("{what} must be a list, not {}", a(value)))),
    }
}

fn unrepeated(root: &Node) -> Result<(), Problem> {
    match root.repeated_key() {
        Some((key, value)) => {
            let name = key.as_key().unwrap_or_default();
            Err(Problem::new(format!("key \"{name}\" is already set in the map")).at(FILE, value.line))
        }
        None => Ok(()),
    }
}

fn unknown(key: &Node) -> Problem {
    let name = key.as_key().unwrap_or_default();
    wrong(key, format!("unknown key \"{name}\""))
}

fn wrong(node: &Node, what: impl Into<String>) -> Problem {
    Problem::new(what).at(FILE, node.line)
}

fn a(node: &Node) -> String {
    match node.kind() {
        "null" => "null".into(),
        "array" => "a list".into(),
        "object" => "a map".into(),
        kind => format!("a {kind}"),
    }
}
