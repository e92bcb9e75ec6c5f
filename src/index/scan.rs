//! From the bytes of an index.yaml to the places of its charts and entries.

use super::{
    Block, Chart, End, Entries, FILE, Index, Item, Layout, List, Text, careful, entry, json,
    lines::{Lines, Scalar, Unsure},
    time,
};
use crate::problem::Problem;
use bytes::Bytes;
use std::collections::HashSet;

/// What may stand before the first line.
pub(super) const MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads the document in the cheapest way that is certain.
pub(super) fn index(bytes: Bytes) -> Result<Index, Problem> {
    read(bytes).map_err(|problem| Problem {
        what: format!("Helm cannot load this index: {}", problem.what),
        ..problem
    })
}

fn read(bytes: Bytes) -> Result<Index, Problem> {
    if bytes.is_empty() {
        return Err(Problem::new("it is empty")
            .in_file(FILE)
            .next("restore it from the history of its branch, or delete it so that a new one is begun"));
    }
    if u32::try_from(bytes.len()).is_err() {
        return Err(Problem::new("it is larger than 4 GiB").in_file(FILE));
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        Problem::new("it is not UTF-8").at(FILE, line)
    })?;
    if let Some(read) = json::read(text) {
        let (places, charts, items, notices) = read?;
        return Ok(Index::new(bytes, Layout::Json(places), charts, items, notices));
    }
    let mut found = Found::default();
    match found.document(text) {
        Ok(block) => Ok(Index::new(bytes, Layout::Block(block), found.charts, found.items, found.notices)),
        Err(Unsure) => {
            let read = careful::document(text)?;
            let (charts, items, notices) = read.collect();
            Ok(Index::new(bytes, Layout::Other, charts, items, notices))
        }
    }
}

#[derive(Default)]
pub(super) struct Found {
    charts: Vec<Chart>,
    items: Vec<Item>,
    notices: Vec<Problem>,
}

impl Found {
    fn document(&mut self, text: &str) -> Result<Block, Unsure> {
        let bytes = text.as_bytes();
        let mut lines = Lines::new(bytes, if bytes.starts_with(MARK) { MARK.len() } else { 0 });
        // Alone, it is a line break for YAML, and none here.
        let is_alone = |at: usize| bytes.get(at + 1) != Some(&b'\n');
        if lines.suspicious && memchr::memchr_iter(b'\r', bytes).any(is_alone) {
            return Err(Unsure);
        }
        lines.skip_void()?;
        if lines.at_marker() {
            if lines.trimmed() != b"---" {
                return Err(Unsure);
            }
            lines.check_line()?;
            lines.advance();
            lines.skip_void()?;
        }
        let mut seen = HashSet::new();
        let mut block = Block { crlf: is_crlf(bytes), ..Block::default() };
        let mut has_version = false;
        while !lines.done && !lines.at_marker() {
            if lines.column() != 0 {
                return Err(Unsure);
            }
            let before = lines.clone();
            let key = lines.key()?;
            if !seen.insert(key) {
                return Err(Unsure);
            }
            let read = match key {
                b"apiVersion" => {
                    has_version = true;
                    api_version(&mut lines)
                }
                b"generated" => generated(&mut lines, bytes, &mut block),
                b"entries" => {
                    block.entries = self.entries(&mut lines, text)?;
                    Ok(())
                }
                b"annotations" => entry::annotations(&mut lines, 0),
                b"publicKeys" => lines.list(0, |lines, base| lines.string(base).map(|_| ())),
                b"serverInfo" if lines.rest() == b"{}" => {
                    lines.take();
                    Ok(())
                }
                b"serverInfo" => Err(Unsure),
                _ => return Err(Unsure),
            };
            if read.is_err() {
                lines = before;
                let start = lines.start;
                lines.advance();
                while !lines.done
                    && !lines.at_marker()
                    && (within(&lines, 0) || (lines.column() == 0 && lines.at_dash()))
                {
                    lines.advance();
                }
                careful::top_level(&text[start..lines.start]).map_err(|_| Unsure)?;
                lines.content_end = lines.start;
            }
            if key == b"apiVersion" && matches!(block.entries, Entries::Absent(_)) {
                block.entries = Entries::Absent(lines.content_end);
            }
            lines.skip_void()?;
        }
        // Behind `...` only a comment may stand, which is for the YAML reader to tell.
        if !lines.done && lines.rest().starts_with(b".") && lines.trimmed() != b"..." {
            return Err(Unsure);
        }
        lines.check_rest()?;
        if !has_version {
            return Err(Unsure);
        }
        Ok(block)
    }

    fn entries<'a>(&mut self, lines: &mut Lines<'a>, text: &'a str) -> Result<Entries, Unsure> {
        let nothing = lines.take_nothing(&[b"{}", b"null", b"~"])?.ok_or(Unsure)?;
        if !nothing.value.is_empty() {
            return Ok(Entries::Empty(nothing));
        }
        lines.skip_void()?;
        let column = lines.column();
        if lines.done || column == 0 {
            return Ok(Entries::Empty(nothing));
        }
        let mut names = HashSet::new();
        while !lines.done && lines.column() == column {
            self.chart(lines, text, column)?;
            if self.charts.last().is_some_and(|chart| !names.insert(chart.name.clone())) {
                return Err(Unsure);
            }
            lines.skip_void()?;
        }
        if lines.done || lines.column() == 0 { Ok(Entries::Charts(column)) } else { Err(Unsure) }
    }

    fn chart<'a>(&mut self, lines: &mut Lines<'a>, text: &'a str, column: usize) -> Result<(), Unsure> {
        let before = lines.clone();
        let (first, told) = (self.items.len(), self.notices.len());
        let (start, line) = (lines.start, lines.number as usize);
        let (name, list) = match self.known_chart(lines, text, column) {
            Ok(known) => known,
            Err(Unsure) => {
                self.items.truncate(first);
                self.notices.truncate(told);
                *lines = before;
                lines.check_line()?;
                lines.advance();
                while !lines.done && (within(lines, column) || (lines.column() == column && lines.at_dash()))
                {
                    lines.advance();
                }
                lines.content_end = lines.start;
                lines.in_block = true;
                let mut read = careful::chart(&text[start..lines.start], line).map_err(|_| Unsure)?;
                self.items.append(&mut read.items);
                self.notices.append(&mut read.notices);
                (read.name, List::Other)
            }
        };
        let end = End { at: lines.content_end, open: lines.in_block };
        self.charts.push(Chart { name, start, end, items: first..self.items.len(), list });
        Ok(())
    }

    fn known_chart<'a>(
        &mut self,
        lines: &mut Lines<'a>,
        text: &'a str,
        column: usize,
    ) -> Result<(Box<str>, List), Unsure> {
        let name = chart_name(lines.key()?)?;
        let nothing = lines.take_nothing(&[b"[]", b"null", b"~"])?.ok_or(Unsure)?;
        if !nothing.value.is_empty() {
            return Ok((name, List::Empty(nothing)));
        }
        lines.skip_void()?;
        if lines.done || lines.column() < column || (lines.column() == column && !lines.at_dash()) {
            return Ok((name, List::Empty(nothing)));
        }
        let dash = lines.column();
        while !lines.done && lines.column() == dash && lines.at_dash() {
            let item = self.item(lines, text, dash)?;
            self.items.push(item);
            lines.skip_void()?;
        }
        if lines.done || lines.column() < dash || (dash == column && lines.column() == dash) {
            Ok((name, List::Block(dash)))
        } else {
            Err(Unsure)
        }
    }

    /// The item at whose dash, at this column, the cursor stands.
    pub fn item<'a>(&mut self, lines: &mut Lines<'a>, text: &'a str, dash: usize) -> Result<Item, Unsure> {
        let before = lines.clone();
        let (start, line) = (lines.start, lines.number);
        lines.check_line()?;
        lines.at += 1;
        lines.skip_spaces();
        if !lines.blank()
            && let Ok(fields) = entry::read(lines, text.as_bytes())
            && (lines.done || lines.column() <= dash)
        {
            return Ok(Item {
                start,
                end: End { at: lines.content_end, open: lines.in_block },
                line,
                version: fields.version.into(),
                digest: fields.digest.map(Text::from),
                url: fields.url.map(Text::from),
                created: fields.created,
                skipped: false,
            });
        }
        *lines = before;
        lines.advance();
        while !lines.done && within(lines, dash) {
            lines.advance();
        }
        lines.content_end = lines.start;
        lines.in_block = true;
        let read = careful::item(&text[start..lines.start]).map_err(|_| Unsure)?;
        let mut item = read.item;
        item.start = start;
        item.end = End { at: lines.start, open: true };
        item.line = line;
        if let Some(why) = read.skipped {
            self.notices.push(Problem::new(why).at(FILE, line as usize));
        }
        Ok(item)
    }
}

/// Belongs to a node at this column: deeper, or nothing.
fn within(lines: &Lines<'_>, column: usize) -> bool {
    lines.blank() || lines.column() > column || lines.rest().starts_with(b"#")
}

fn api_version(lines: &mut Lines<'_>) -> Result<(), Unsure> {
    match lines.string(0)? {
        Scalar::Verbatim(text) if !text.is_empty() => Ok(()),
        _ => Err(Unsure),
    }
}

fn generated(lines: &mut Lines<'_>, bytes: &[u8], block: &mut Block) -> Result<(), Unsure> {
    let value = lines.at..lines.at + lines.trimmed().len();
    let Scalar::Verbatim(text) = lines.string(0)? else { return Err(Unsure) };
    block.generated_at = time::seconds(&bytes[text]).map_err(|_| Unsure)?;
    block.generated = Some(value);
    Ok(())
}

/// What the key of a chart says.
pub(super) fn chart_name(key: &[u8]) -> Result<Box<str>, Unsure> {
    let name = match key {
        [b'"', name @ .., b'"'] | [b'\'', name @ .., b'\''] if !name.iter().any(|b| b"\"'\\".contains(b)) => {
            name
        }
        key if entry::plain_key(key)? => key,
        _ => return Err(Unsure),
    };
    std::str::from_utf8(name).map(Into::into).map_err(|_| Unsure)
}

fn is_crlf(bytes: &[u8]) -> bool {
    memchr::memchr(b'\n', bytes).is_some_and(|at| at > 0 && bytes[at - 1] == b'\r')
}
