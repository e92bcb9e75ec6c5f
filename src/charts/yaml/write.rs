//! Writes YAML byte for byte as Helm does: two spaces, lists not indented below their key, keys sorted.

use super::{Value as Resolved, key_order, number, resolve_plain, scalar};
use crate::problem::Problem;
use serde_json::Value;
use std::borrow::Cow;

/// A longer key is written as `? key`.
const LONGEST_SIMPLE_KEY: usize = 128;

/// A whole document, ending in one newline.
///
/// # Errors
/// A text that Helm cannot write: control characters from U+007F on.
pub fn write(value: &Value) -> Result<String, Problem> {
    let mut page = Page::default();
    match value {
        Value::Object(map) if !map.is_empty() => map_into(&mut page, map, 0)?,
        Value::Array(items) if !items.is_empty() => list_into(&mut page, items, 0)?,
        other => simple_into(&mut page, other, 0)?,
    }
    Ok(page.finished())
}

/// One item of a list whose dashes stand at `indent`, as it is written in the middle of a document: every line
/// indented, ending in one newline.
///
/// # Errors
/// As [`write()`].
pub fn write_list_item(value: &Value, indent: usize) -> Result<String, Problem> {
    let mut page = Page::default();
    list_into(&mut page, std::slice::from_ref(value), indent)?;
    Ok(page.finished())
}

/// What is written, and the column (in characters), on which folding depends.
#[derive(Default)]
pub(super) struct Page {
    text: String,
    pub(super) column: usize,
    /// Only indentation and list dashes stand on the line.
    fresh: bool,
}

impl Page {
    pub(super) fn put(&mut self, c: char) {
        self.text.push(c);
        self.column += 1;
        self.fresh = false;
    }

    pub(super) fn put_all(&mut self, text: &str) {
        text.chars().for_each(|c| self.put(c));
    }

    /// A line break that stands in the text itself.
    pub(super) fn put_break(&mut self, c: char) {
        self.text.push(c);
        self.column = 0;
    }

    /// Goes to this column: on this line where it is still free, else on the next.
    pub(super) fn indent(&mut self, indent: usize) {
        let free = self.column == 0 || self.fresh && self.column <= indent;
        if !free {
            self.put_break('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.fresh = true;
    }

    /// A new line at this column.
    pub(super) fn fold(&mut self, indent: usize) {
        self.put_break('\n');
        self.indent(indent);
    }

    fn dash(&mut self) {
        self.put('-');
        self.fresh = true;
    }

    fn finished(mut self) -> String {
        if self.column > 0 {
            self.text.push('\n');
        }
        self.text
    }
}

fn map_into(page: &mut Page, map: &serde_json::Map<String, Value>, indent: usize) -> Result<(), Problem> {
    let entries = map.iter().map(|(key, value)| (key.as_str(), value)).collect();
    for (key, value) in key_order::sort(entries) {
        let key = as_helm_reads_it_back(key)?;
        page.indent(indent);
        if key.len() > LONGEST_SIMPLE_KEY || scalar::has_break(&key) {
            page.put_all("? ");
            scalar::write(page, &key, indent + 2, false);
            page.indent(indent);
        } else {
            scalar::write(page, &key, indent + 2, true);
        }
        page.put(':');
        match value {
            Value::Object(map) if !map.is_empty() => map_into(page, map, indent + 2)?,
            Value::Array(items) if !items.is_empty() => list_into(page, items, indent)?,
            other => {
                page.put(' ');
                simple_into(page, other, indent + 2)?;
            }
        }
    }
    Ok(())
}

fn list_into(page: &mut Page, items: &[Value], indent: usize) -> Result<(), Problem> {
    for item in items {
        page.indent(indent);
        page.dash();
        match item {
            Value::Object(map) if !map.is_empty() => map_into(page, map, indent + 2)?,
            Value::Array(items) if !items.is_empty() => list_into(page, items, indent + 2)?,
            other => {
                page.put(' ');
                simple_into(page, other, indent + 2)?;
            }
        }
    }
    Ok(())
}

fn simple_into(page: &mut Page, value: &Value, indent: usize) -> Result<(), Problem> {
    match value {
        Value::Null => page.put_all("null"),
        Value::Bool(bool) => page.put_all(if *bool { "true" } else { "false" }),
        Value::Number(number) => page.put_all(&number_text(number)),
        Value::String(text) => scalar::write(page, &as_helm_reads_it_back(text)?, indent, false),
        Value::Array(_) => page.put_all("[]"),
        Value::Object(_) => page.put_all("{}"),
    }
    Ok(())
}

/// Helm writes JSON, reads that as YAML and writes what it read: `1e6` comes out as `1000000`.
fn number_text(number: &serde_json::Number) -> String {
    let text = match number.as_f64() {
        Some(float) if number.is_f64() => number::json(float),
        _ => None,
    };
    let text = text.unwrap_or_else(|| number.to_string());
    match resolve_plain(&text) {
        Resolved::Float(float) => number::long(float),
        Resolved::Integer(integer) => integer.to_string(),
        _ => text,
    }
}

/// Helm writes JSON first and reads that as YAML: where JSON leaves a character bare that YAML does not take, or takes
/// for a line break (U+0085), that shows.
fn as_helm_reads_it_back(text: &str) -> Result<Cow<'_, str>, Problem> {
    const NEXT_LINE: char = '\u{85}';
    if text.is_ascii() && !text.contains('\u{7f}') {
        return Ok(text.into());
    }
    let is_refused = |c| matches!(c, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    if text.contains(is_refused) {
        let next = "remove the control character (U+007F to U+009F, U+FFFE or U+FFFF) from this text";
        return Err(Problem::new(format!("yaml: control characters are not allowed: {text:?}")).next(next));
    }
    if !text.contains(NEXT_LINE) {
        return Ok(text.into());
    }
    let mut folded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(NEXT_LINE) {
        let before = &rest[..at];
        folded.push_str(before.trim_end_matches(' '));
        let after = rest[at..].trim_start_matches([NEXT_LINE, ' ']);
        let gap = &rest[at..rest.len() - after.len()];
        match gap.matches(NEXT_LINE).count() {
            1 => folded.push(' '),
            breaks => folded.extend(std::iter::repeat_n('\n', breaks - 1)),
        }
        rest = after;
    }
    folded.push_str(rest);
    Ok(folded.into())
}
