//! New entries into an index.yaml whose old bytes stay.

use super::{
    Block, Chart, End, Entries, FILE, Index, Layout, List, NewEntry, json, lines::Nothing, text, time,
};
use crate::{
    charts::yaml::{compare_keys, sort_by_key},
    problem::Problem,
};
use bytes::Bytes;
use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashSet},
    ops::Range,
};

/// Replaces bytes of the document, or, where the range is empty, inserts.
pub(super) struct Edit {
    pub range: Range<usize>,
    pub text: String,
}

pub(super) fn with(index: &Index, new: &[NewEntry<'_>], generated: i64) -> Result<Bytes, Problem> {
    if new.is_empty() {
        return Ok(index.bytes.clone());
    }
    let mut asked = HashSet::new();
    let mut charts: BTreeMap<&str, Vec<&NewEntry<'_>>> = BTreeMap::new();
    for entry in new {
        let (name, version) = (entry.metadata.name.as_str(), entry.metadata.version.as_str());
        if let Some(old) = index.get(name, version) {
            return Err(Problem::new(format!("{name}@{version} is in the index already")).at(FILE, old.line));
        }
        if !asked.insert((name, version)) {
            return Err(Problem::new(format!("{name}@{version} was to be added to the index twice")));
        }
        charts.entry(name).or_default().push(entry);
    }
    for entries in charts.values_mut() {
        entries.sort_by(|a, b| text::precedence(&b.metadata.version, &a.metadata.version));
    }
    // A comparison that is no order makes the library's sort panic.
    let charts = sort_by_key(charts.into_iter().collect());
    match &index.layout {
        Layout::Block(block) => Splice { index, block, edits: Vec::new() }.run(charts, generated),
        Layout::Json(places) => json::with(index, places, charts, generated),
        Layout::Other => Err(only_anew()),
    }
}

/// See [`Index::can_take`].
pub(super) fn can_take(index: &Index, name: &str) -> Result<(), Problem> {
    match (&index.layout, index.by_name.get(name).map(|at| &index.charts[*at])) {
        (Layout::Other, _) => Err(only_anew()),
        (Layout::Block(_), Some(chart)) if matches!(chart.list, List::Other) => {
            Err(not_in_block_style(index, chart))
        }
        (Layout::Block(_), None) => can_end(index, new_chart_at(index, name)),
        _ => Ok(()),
    }
}

fn only_anew() -> Problem {
    Problem::new("nothing can be added to this index without writing old lines anew")
        .in_file(FILE)
        .next("rewrite it once in block style, with a `- ` line for each entry, and commit that by itself")
}

fn not_in_block_style(index: &Index, chart: &Chart) -> Problem {
    Problem::new(format!("the entries of {} are not a list in block style", chart.name))
        .at(FILE, line_of(&index.bytes, chart.start))
        .next("rewrite this list with one `- ` line for each entry, and commit that by itself")
}

/// The place of a chart that is not there yet.
fn new_chart_at(index: &Index, name: &str) -> End {
    let charts = &index.charts;
    let names: Vec<&str> = charts.iter().map(|chart| &*chart.name).collect();
    match chart_place(&names, name).checked_sub(1) {
        Some(before) => charts[before].end,
        None => End { at: charts.first().map_or(0, |chart| chart.start), open: false },
    }
}

/// Refuses to end a last line that has no newline where that could change what it says.
fn can_end(index: &Index, end: End) -> Result<(), Problem> {
    if end.open && end.at == index.bytes.len() && index.bytes.last() != Some(&b'\n') {
        let what = "the last line has no newline at its end, and may belong to a longer text";
        return Err(Problem::new(what)
            .at(FILE, line_of(&index.bytes, end.at))
            .next("add a newline at the end of the file"));
    }
    Ok(())
}

/// The document with these edits made.
pub(super) fn apply(bytes: &[u8], mut edits: Vec<Edit>) -> Bytes {
    edits.sort_by_key(|edit| edit.range.start);
    let grown: usize = edits.iter().map(|edit| edit.text.len()).sum();
    let mut out = Vec::with_capacity(bytes.len() + grown);
    let mut from = 0;
    for edit in edits {
        out.extend_from_slice(&bytes[from..edit.range.start]);
        out.extend_from_slice(edit.text.as_bytes());
        from = edit.range.end;
    }
    out.extend_from_slice(&bytes[from..]);
    out.into()
}

/// Where an entry of this version goes among those of its chart: before the first lower one, else behind the last that
/// has a version at all.
pub(super) fn place<'a>(versions: impl Iterator<Item = &'a str>, new: &str) -> usize {
    let mut place = 0;
    for (at, version) in versions.enumerate() {
        match text::precedence_of(version, new) {
            Some(Ordering::Less) => return at,
            Some(_) => place = at + 1,
            None => {}
        }
    }
    place
}

/// Where a new chart goes: to its place in Helm's order of keys, or behind all where the others are not in that order.
pub(super) fn chart_place(names: &[&str], new: &str) -> usize {
    let in_order = names.windows(2).all(|pair| compare_keys(pair[0], pair[1]) != Ordering::Greater);
    let place = names.iter().position(|name| compare_keys(name, new) == Ordering::Greater);
    place.filter(|_| in_order).unwrap_or(names.len())
}

type Added<'n> = Vec<(&'n str, Vec<&'n NewEntry<'n>>)>;

struct Splice<'i> {
    index: &'i Index,
    block: &'i Block,
    edits: Vec<Edit>,
}

impl Splice<'_> {
    fn run(mut self, charts: Added<'_>, generated: i64) -> Result<Bytes, Problem> {
        match &self.block.entries {
            Entries::Charts(column) => {
                // What goes to the end of an old chart comes before a new chart that follows it there.
                let (old, new): (Vec<_>, Vec<_>) =
                    charts.into_iter().partition(|(name, _)| self.index.by_name.contains_key(*name));
                for (name, entries) in old {
                    self.old_chart(&self.index.charts[self.index.by_name[name]], *column, &entries)?;
                }
                for (name, entries) in new {
                    self.new_chart(name, *column, &entries)?;
                }
            }
            Entries::Empty(nothing) => {
                let text = first_charts(&charts)?;
                self.replace(nothing, text);
            }
            Entries::Absent(at) => {
                let text = format!("entries:\n{}", first_charts(&charts)?);
                self.insert(End { at: *at, open: false }, text)?;
            }
        }
        if let Some(value) = &self.block.generated
            && self.block.generated_at.is_none_or(|old| old < generated)
        {
            let text = format!("\"{}\"", time::text(generated)?);
            self.edits.push(Edit { range: value.clone(), text });
        }
        Ok(self.finish())
    }

    fn old_chart(&mut self, chart: &Chart, column: usize, entries: &[&NewEntry<'_>]) -> Result<(), Problem> {
        match &chart.list {
            List::Block(dash) => {
                let items = &self.index.items[chart.items.clone()];
                for entry in entries {
                    let versions = items.iter().map(|item| self.index.text(&item.version));
                    let at = match place(versions, &entry.metadata.version) {
                        0 => items.first().map_or(chart.end, |item| End { at: item.start, open: false }),
                        behind => items[behind - 1].end,
                    };
                    self.insert(at, text::item(entry, *dash)?)?;
                }
                Ok(())
            }
            List::Empty(nothing) => {
                let dash = column + self.dash_offset(self.index.charts.len(), column);
                let items: Result<String, Problem> =
                    entries.iter().map(|entry| text::item(entry, dash)).collect();
                self.replace(nothing, items?);
                Ok(())
            }
            List::Other => Err(not_in_block_style(self.index, chart)),
        }
    }

    fn new_chart(&mut self, name: &str, column: usize, entries: &[&NewEntry<'_>]) -> Result<(), Problem> {
        let charts = &self.index.charts;
        let names: Vec<&str> = charts.iter().map(|chart| &*chart.name).collect();
        let place = chart_place(&names, name);
        let mut text = text::key(name, column)?;
        let dash = column + self.dash_offset(place, column);
        for entry in entries {
            text.push_str(&text::item(entry, dash)?);
        }
        self.insert(new_chart_at(self.index, name), text)
    }

    /// How much deeper than its key a list stands here: as in the chart before this place, else in the one behind.
    fn dash_offset(&self, place: usize, column: usize) -> usize {
        let (before, behind) = self.index.charts.split_at(place);
        before
            .iter()
            .rev()
            .chain(behind)
            .find_map(|chart| match chart.list {
                List::Block(dash) => Some(dash - column),
                _ => None,
            })
            .unwrap_or(0)
    }

    /// Whole lines, at the beginning of a line or at the end of the document.
    fn insert(&mut self, end: End, text: String) -> Result<(), Problem> {
        can_end(self.index, end)?;
        self.edits.push(Edit { range: end.at..end.at, text });
        Ok(())
    }

    /// A value that held nothing becomes whole lines below its key.
    fn replace(&mut self, nothing: &Nothing, lines: String) {
        self.edits.push(Edit { range: nothing.value.clone(), text: String::new() });
        self.edits.push(Edit { range: nothing.behind_line..nothing.behind_line, text: lines });
    }

    /// The document ends without a newline.
    fn unfinished(&self) -> bool {
        self.index.bytes.last() != Some(&b'\n')
    }

    fn finish(mut self) -> Bytes {
        let end = self.index.bytes.len();
        if self.unfinished() {
            let mut at_end = self.edits.iter_mut().filter(|edit| edit.range.start == end);
            if let Some(first) = at_end.next() {
                first.text.insert(0, '\n');
                let last = at_end.next_back().unwrap_or(first);
                last.text.truncate(last.text.trim_end_matches('\n').len());
            }
        }
        if self.block.crlf {
            for edit in &mut self.edits {
                edit.text = edit.text.replace('\n', "\r\n");
            }
        }
        apply(&self.index.bytes, self.edits)
    }
}

/// The charts of an index that has none, in Helm's own layout.
fn first_charts(charts: &[(&str, Vec<&NewEntry<'_>>)]) -> Result<String, Problem> {
    let mut lines = String::new();
    for (name, entries) in charts {
        lines.push_str(&text::key(name, 2)?);
        for entry in entries {
            lines.push_str(&text::item(entry, 2)?);
        }
    }
    Ok(lines)
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    memchr::memchr_iter(b'\n', &bytes[..at]).count()
        + usize::from(bytes.get(at.saturating_sub(1)) == Some(&b'\n') || at == 0)
}
