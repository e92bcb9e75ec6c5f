//! An index.yaml that is JSON, as `helm repo index --json` writes it.

use super::{
    Chart, End, FILE, Index, Item, List, NewEntry, careful,
    splice::{Edit, apply, chart_place, place},
    text, time,
};
use crate::{
    charts::yaml::{Node, Value},
    problem::Problem,
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{fmt, ops::Range};

/// Where in the document the values are that splicing needs.
#[derive(Clone, Debug)]
pub(super) struct Places {
    entries: Option<Range<usize>>,
    generated: Option<Range<usize>>,
    generated_at: Option<i64>,
    /// Each chart's key and list.
    charts: Vec<(usize, Range<usize>)>,
}

/// An object's keys and values in the order of the document.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Deserialize<'a> for Pairs<'a> {
    fn deserialize<D: serde::Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'a> serde::de::Visitor<'a> for Visitor {
            type Value = Pairs<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'a>>(self, mut map: A) -> Result<Pairs<'a>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

type Read = (Places, Vec<Chart>, Vec<Item>, Vec<Problem>);

/// `None` where the document is no JSON object, and so is YAML for Helm.
pub(super) fn read(text: &str) -> Option<Result<Read, Problem>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let Pairs(top) = serde_json::from_str(text).ok()?;
    Some(index(text, top))
}

fn index(text: &str, top: Vec<(String, &RawValue)>) -> Result<Read, Problem> {
    let mut places = Places { entries: None, generated: None, generated_at: None, charts: vec![] };
    let (mut charts, mut items, mut notices) = (Vec::new(), Vec::new(), Vec::new());
    let mut lines = LineCount { text, at: 0, line: 1 };
    let mut rest = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (key, raw) in top {
        let range = within(text, raw);
        // Go would take the last of some and merge others.
        if !seen.insert(key.to_ascii_lowercase()) {
            return Err(Problem::new(format!("key \"{key}\" is there twice")).at(FILE, lines.of(range.start)));
        }
        if !key.eq_ignore_ascii_case("entries") {
            let line = lines.of(range.start);
            let value = node(raw, line)?;
            if key.eq_ignore_ascii_case("generated") {
                places.generated_at =
                    value.text().and_then(|text| time::seconds(text.as_bytes()).ok()).flatten();
                places.generated = Some(range);
            }
            rest.push((Node { line, value: Value::Text(key) }, value));
            continue;
        }
        places.entries = Some(range.clone());
        let Ok(Some(Pairs(found))) = serde_json::from_str::<Option<Pairs<'_>>>(raw.get()) else {
            if raw.get() == "null" {
                continue;
            }
            return Err(Problem::new("entries must be an object").at(FILE, lines.of(range.start)));
        };
        for (name, list) in found {
            let range = within(text, list);
            let line = lines.of(range.start);
            let first = items.len();
            let entries: Option<Vec<&RawValue>> = serde_json::from_str(list.get())
                .map_err(|_| Problem::new(format!("the entries of {name} must be a list")).at(FILE, line))?;
            for raw in entries.unwrap_or_default() {
                let range = within(text, raw);
                let line = lines.of(range.start);
                let mut read = careful::entry(&node(raw, line)?, careful::Strict(false))?;
                read.item.start = range.start;
                read.item.end.at = range.end;
                notices.extend(read.skipped.map(|why| Problem::new(why).at(FILE, line)));
                items.push(read.item);
            }
            let end = End { at: range.end, open: false };
            places.charts.push((key_start(text, range.start), range.clone()));
            charts.push(Chart {
                name: name.into(),
                start: range.start,
                end,
                items: first..items.len(),
                list: List::Other,
            });
        }
    }
    careful::index(&Node { line: 1, value: Value::Map(rest) }, careful::Strict(false))?;
    let mut names: Vec<&str> = charts.iter().map(|chart| &*chart.name).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Problem::new(format!("the chart {} is there twice", pair[0])).in_file(FILE));
    }
    Ok((places, charts, items, notices))
}

/// The document with these entries in it, each on the indentation of its neighbour.
pub(super) fn with(
    index: &Index,
    places: &Places,
    added: Vec<(&str, Vec<&NewEntry<'_>>)>,
    generated: i64,
) -> Result<Bytes, Problem> {
    let text = std::str::from_utf8(&index.bytes).unwrap_or_default();
    let mut edits = Vec::new();
    let names: Vec<&str> = index.charts.iter().map(|chart| &*chart.name).collect();
    let mut new_charts: Vec<(usize, String)> = Vec::new();
    for (name, entries) in added {
        let written: Result<Vec<String>, Problem> = entries.iter().map(|entry| text::json(entry)).collect();
        let written = written?;
        let Some(at) = index.by_name.get(name) else {
            let key = serde_json::Value::from(name);
            new_charts.push((chart_place(&names, name), format!("{key}:[{}]", written.join(","))));
            continue;
        };
        let chart = &index.charts[*at];
        let items = &index.items[chart.items.clone()];
        if items.is_empty() {
            edits
                .push(Edit { range: places.charts[*at].1.clone(), text: format!("[{}]", written.join(",")) });
            continue;
        }
        for (entry, written) in entries.iter().zip(written) {
            let versions = items.iter().map(|item| index.text(&item.version));
            let place = place(versions, &entry.metadata.version);
            let neighbours: Vec<Range<usize>> = items.iter().map(|item| item.start..item.end.at).collect();
            edits.push(member(text, &neighbours, place, &written));
        }
    }
    let keys: Vec<Range<usize>> = places.charts.iter().map(|(start, list)| *start..list.end).collect();
    if keys.is_empty() && !new_charts.is_empty() {
        let charts: Vec<_> = new_charts.into_iter().map(|(_, text)| text).collect();
        let object = format!("{{{}}}", charts.join(","));
        edits.push(match &places.entries {
            Some(range) => Edit { range: range.clone(), text: object },
            None => {
                let behind = text.find('{').map_or(0, |at| at + 1);
                Edit { range: behind..behind, text: format!("\"entries\":{object},") }
            }
        });
    } else {
        edits.extend(new_charts.into_iter().map(|(place, chart)| member(text, &keys, place, &chart)));
    }
    if let Some(range) = &places.generated
        && places.generated_at.is_none_or(|old| old < generated)
    {
        edits.push(Edit { range: range.clone(), text: format!("\"{}\"", time::text(generated)?) });
    }
    Ok(apply(&index.bytes, edits))
}

/// One more member among these, with the white space of the one before which, or behind which, it goes.
fn member(text: &str, neighbours: &[Range<usize>], place: usize, new: &str) -> Edit {
    let space = |range: &Range<usize>| {
        let before = &text[..range.start];
        &before[before.trim_end().len()..]
    };
    match (place.checked_sub(1).and_then(|before| neighbours.get(before)), neighbours.get(place)) {
        (None, Some(next)) => Edit { range: next.start..next.start, text: format!("{new},{}", space(next)) },
        (Some(before), _) => Edit { range: before.end..before.end, text: format!(",{}{new}", space(before)) },
        (None, None) => Edit { range: 0..0, text: String::new() },
    }
}

/// Where the value is in the document that it was borrowed from.
fn within(text: &str, raw: &RawValue) -> Range<usize> {
    let start = raw.get().as_ptr().addr() - text.as_ptr().addr();
    start..start + raw.get().len()
}

/// Where the key of the value that starts here begins.
fn key_start(text: &str, value: usize) -> usize {
    let before = text[..value].trim_end().trim_end_matches(':').trim_end();
    let mut end = before.len().saturating_sub(1);
    while let Some(quote) = before[..end].rfind('"') {
        let escapes = before[..quote].bytes().rev().take_while(|byte| *byte == b'\\').count();
        if escapes % 2 == 0 {
            return quote;
        }
        end = quote;
    }
    value
}

/// The value as the YAML reader would give it, all of it in this line.
pub(super) fn node(raw: &RawValue, line: usize) -> Result<Node, Problem> {
    let value: serde_json::Value =
        serde_json::from_str(raw.get()).map_err(|error| Problem::new(error.to_string()).at(FILE, line))?;
    Ok(as_node(value, line))
}

fn as_node(value: serde_json::Value, line: usize) -> Node {
    let value = match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(bool) => Value::Bool(bool),
        serde_json::Value::Number(number) => {
            number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap_or_default()), Value::Integer)
        }
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(items) => {
            Value::List(items.into_iter().map(|item| as_node(item, line)).collect())
        }
        serde_json::Value::Object(map) => Value::Map(
            map.into_iter()
                .map(|(key, value)| (Node { line, value: Value::Text(key) }, as_node(value, line)))
                .collect(),
        ),
    };
    Node { line, value }
}

/// Line numbers of places that are asked for in ascending order.
struct LineCount<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl LineCount<'_> {
    fn of(&mut self, place: usize) -> usize {
        if place >= self.at {
            self.line += memchr::memchr_iter(b'\n', &self.text.as_bytes()[self.at..place]).count();
            self.at = place;
        }
        self.line
    }
}
