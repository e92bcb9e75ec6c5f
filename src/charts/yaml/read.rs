//! Reads the first document of a YAML file into nodes with their lines.

use super::{Node, Value, resolve};
use crate::problem::Problem;
use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};
use std::{borrow::Cow, collections::HashMap};

/// Lists and maps may be nested this deep, aliases followed. No chart or index comes near it.
const DEEPEST: usize = 200;
/// How many bytes of text aliases may repeat. Helm has no such limit; it counts nodes only.
const MOST_REPEATED_BYTES: usize = 64 << 20;

/// Reads the first document; an empty file is null. `file` is what a problem names.
///
/// # Errors
/// What is not YAML, with its line.
pub fn read(file: &str, bytes: &[u8]) -> Result<Node, Problem> {
    let text = decoded(bytes).map_err(|wrong| wrong.problem(file))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if let Some((at, _)) = text.char_indices().find(|(_, c)| !is_allowed(*c)) {
        let line = 1 + text[..at].matches('\n').count();
        return Err(Wrong::at(line, "control characters are not allowed").problem(file));
    }
    let mut options = granit_parser::options! {
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
        emit_anchor_events: true,
    };
    options.set_emit_comments(false);
    let mut builder = Builder::default();
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) =
            event.map_err(|error| Wrong::at(error.marker().line(), error.info()).problem(file))?;
        if let Event::Scalar(value, ScalarStyle::DoubleQuoted, ..) = &event
            && value.contains(|c| c > '\u{ffff}')
            && span.slice(text).is_some_and(escapes_a_surrogate)
        {
            return Err(
                Wrong::at(span.start.line(), "found invalid Unicode character escape code").problem(file)
            );
        }
        if matches!(event, Event::DocumentEnd | Event::StreamEnd) {
            break;
        }
        builder.take(event, span).map_err(|wrong| wrong.problem(file))?;
    }
    Ok(builder.done.unwrap_or(Node { line: 1, value: Value::Null }))
}

/// What is wrong with a document.
struct Wrong {
    line: usize,
    what: Cow<'static, str>,
}

impl Wrong {
    fn at(line: usize, what: impl Into<Cow<'static, str>>) -> Self {
        Self { line, what: what.into() }
    }

    fn problem(self, file: &str) -> Problem {
        Problem::new(format!("not valid YAML: line {}: {}", self.line, self.what)).at(file, self.line)
    }
}

/// The text of the bytes: UTF-8, or UTF-16 where a byte order mark says so, as Helm's reader takes it.
fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, Wrong> {
    let from_pair = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => {
            return std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
                let line = 1 + memchr::memchr_iter(b'\n', &bytes[..error.valid_up_to()]).count();
                Wrong::at(line, "not UTF-8 text")
            });
        }
    };
    let pairs = bytes.chunks(2).map(|pair| from_pair([pair[0], pair.get(1).copied().unwrap_or_default()]));
    let text: Result<String, _> = char::decode_utf16(pairs).collect();
    text.map(Cow::Owned).map_err(|_| Wrong::at(1, "not UTF-16 text"))
}

/// `"\ud83d\ude00"`, a character in two halves, is JSON; Helm's reader refuses it, ours would not.
fn escapes_a_surrogate(source: &str) -> bool {
    let mut rest = source;
    while let Some(at) = rest.find('\\') {
        let escape = &rest[at + 1..];
        if let [b'u', b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..] = escape.as_bytes() {
            return true;
        }
        rest = escape.chars().next().map_or("", |c| &escape[c.len_utf8()..]);
    }
    false
}

fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

/// How much a node costs: what Helm counts against documents that are mostly aliases, and the bytes of its texts.
#[derive(Clone, Copy, Default)]
struct Cost {
    nodes: usize,
    bytes: usize,
}

impl Cost {
    fn since(self, earlier: Self) -> Self {
        Self { nodes: self.nodes - earlier.nodes, bytes: self.bytes - earlier.bytes }
    }
}

/// What an anchor stands for. Without a node it is still being read.
struct Anchor {
    node: Option<Node>,
    cost: Cost,
    depth: usize,
}

enum Key {
    Awaited,
    Read(Node),
    /// `<<`: the next value's entries are taken over.
    Merge,
}

enum Content {
    List(Vec<Node>),
    /// Items know whether they came by an alias: a merge may name maps, but no alias of a list.
    Map(Vec<(Node, Node)>, Key),
}

/// A list or map that is being read.
struct Open {
    line: usize,
    anchor: usize,
    before: Cost,
    /// How deep it is nested in itself, as far as it is read.
    depth: usize,
    content: Content,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Anchor>,
    total: Cost,
    from_aliases: Cost,
    done: Option<Node>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Wrong> {
        let line = span.start.line();
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if self.expects_key() && is_merge(&text, style, tag.as_deref()) {
                    return self.merge_key();
                }
                self.count(line, Cost { nodes: 1, bytes: text.len() })?;
                let before = self.total.since(Cost { nodes: 1, bytes: text.len() });
                let value = scalar(line, text, style, tag.as_deref())?;
                self.complete(Node { line, value }, anchor, before, 0, false)
            }
            Event::Alias(anchor) => self.alias(line, anchor),
            // YAML 1.2, which our parser reads, takes nearly everything for a name; Helm's reader ends it sooner.
            Event::Anchor(_, name)
                if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) =>
            {
                Err(Wrong::at(line, "did not find expected alphabetic or numeric character"))
            }
            Event::SequenceStart(_, anchor, _) => self.start(line, anchor, Content::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => {
                self.start(line, anchor, Content::Map(Vec::new(), Key::Awaited))
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open { line, anchor, before, depth, content }) => {
                    let value = match content {
                        Content::List(items) => Value::List(items),
                        Content::Map(entries, _) => Value::Map(entries),
                    };
                    self.complete(Node { line, value }, anchor, before, depth + 1, false)
                }
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { content: Content::Map(_, Key::Awaited), .. }))
    }

    fn merge_key(&mut self) -> Result<(), Wrong> {
        if let Some(Open { content: Content::Map(_, key), .. }) = self.open.last_mut() {
            *key = Key::Merge;
        }
        Ok(())
    }

    fn start(&mut self, line: usize, anchor: usize, content: Content) -> Result<(), Wrong> {
        let before = self.total;
        self.count(line, Cost { nodes: 1, bytes: 0 })?;
        if self.open.len() >= DEEPEST {
            return Err(Wrong::at(line, "nested too deeply"));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, Anchor { node: None, cost: Cost::default(), depth: 0 });
        }
        self.open.push(Open { line, anchor, before, depth: 0, content });
        Ok(())
    }

    fn alias(&mut self, line: usize, id: usize) -> Result<(), Wrong> {
        self.count(line, Cost { nodes: 1, bytes: 0 })?;
        let before = self.total;
        let Some(anchor) = self.anchors.get(&id) else {
            return Err(Wrong::at(line, "unknown anchor referenced"));
        };
        let (cost, depth) = (anchor.cost, anchor.depth);
        self.from_aliases.nodes += cost.nodes;
        self.from_aliases.bytes += cost.bytes;
        self.count(line, cost)?;
        if self.open.len() + depth > DEEPEST {
            return Err(Wrong::at(line, "nested too deeply"));
        }
        match self.anchors.get(&id).and_then(|anchor| anchor.node.clone()) {
            Some(node) => self.complete(Node { line, value: node.value }, 0, before, depth, true),
            None => Err(Wrong::at(line, "anchor value contains itself")),
        }
    }

    /// Adds to what was read, and refuses a document that is mostly aliases, by Helm's own measure.
    fn count(&mut self, line: usize, cost: Cost) -> Result<(), Wrong> {
        self.total.nodes += cost.nodes;
        self.total.bytes += cost.bytes;
        let (aliased, total) = (self.from_aliases.nodes, self.total.nodes);
        #[allow(clippy::cast_precision_loss)] // far below 2^52
        let too_many =
            aliased > 100 && total > 1000 && aliased as f64 / total as f64 > allowed_share(total as f64);
        if too_many || self.from_aliases.bytes > MOST_REPEATED_BYTES {
            return Err(Wrong::at(line, "document contains excessive aliasing"));
        }
        Ok(())
    }

    /// Puts a whole node where it belongs. `before` is what had been counted before it.
    fn complete(
        &mut self,
        node: Node,
        anchor: usize,
        before: Cost,
        depth: usize,
        is_alias: bool,
    ) -> Result<(), Wrong> {
        if anchor != 0 {
            let cost = self.total.since(before);
            self.anchors.insert(anchor, Anchor { node: Some(node.clone()), cost, depth });
        }
        let Some(parent) = self.open.last_mut() else {
            self.done = Some(node);
            return Ok(());
        };
        parent.depth = parent.depth.max(depth);
        match &mut parent.content {
            Content::List(items) => items.push(node),
            Content::Map(entries, key) => match std::mem::replace(key, Key::Awaited) {
                Key::Awaited if matches!(node.value, Value::List(_) | Value::Map(_)) => {
                    return Err(Wrong::at(node.line, "invalid map key"));
                }
                Key::Awaited => *key = Key::Read(node),
                Key::Read(name) => entries.push((name, node)),
                Key::Merge => merge(entries, node, is_alias)?,
            },
        }
        Ok(())
    }
}

/// Takes over what a merge key names. Of several maps the earlier ones count more, so they come later here.
fn merge(entries: &mut Vec<(Node, Node)>, node: Node, is_alias: bool) -> Result<(), Wrong> {
    let line = node.line;
    let wanted = || Wrong::at(line, "map merge requires map or sequence of maps as the value");
    match node.value {
        Value::Map(merged) => entries.extend(merged),
        Value::List(items) if !is_alias => {
            for item in items.into_iter().rev() {
                let Value::Map(merged) = item.value else { return Err(wanted()) };
                entries.extend(merged);
            }
        }
        _ => return Err(wanted()),
    }
    Ok(())
}

fn is_merge(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> bool {
    text == "<<"
        && match tag {
            None => style == ScalarStyle::Plain,
            Some(tag) => full(tag) == "tag:yaml.org,2002:merge",
        }
}

fn scalar(line: usize, text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, Wrong> {
    match tag.map(full) {
        None if style == ScalarStyle::Plain => Ok(resolve::resolve_plain(&text)),
        None => Ok(Value::Text(text.into_owned())),
        Some(tag) if tag == "!" => Ok(Value::Text(text.into_owned())),
        Some(tag) => resolve::resolve_tagged(&tag, &text)
            .ok_or_else(|| Wrong::at(line, format!("cannot decode `{text}` as a {tag}"))),
    }
}

fn full(tag: &Tag) -> String {
    format!("{}{}", tag.handle(), tag.suffix())
}

/// The share of a document that may come from aliases: 99 % of a small one, 10 % of one with four million nodes.
fn allowed_share(nodes: f64) -> f64 {
    const SMALL: f64 = 400_000.0;
    const LARGE: f64 = 4_000_000.0;
    if nodes <= SMALL {
        0.99
    } else if nodes >= LARGE {
        0.10
    } else {
        0.99 - 0.89 * ((nodes - SMALL) / (LARGE - SMALL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(text: &str, key: &str) -> Value {
        read("file", text.as_bytes()).unwrap().get(key).unwrap().value.clone()
    }

    fn refused(text: &str) -> (String, Option<usize>) {
        let problem = read("file", text.as_bytes()).unwrap_err();
        (problem.what, problem.place.and_then(|place| place.line))
    }

    #[test]
    fn the_last_of_equal_keys_counts_also_when_it_was_merged() {
        assert_eq!(get("x: &x {a: 2}\na: 1\n<<: *x\n", "a"), Value::Integer(2));
        assert_eq!(get("x: &x {a: 2}\n<<: *x\na: 1\n", "a"), Value::Integer(1));
        assert_eq!(get("x: &x {a: 2}\n<<: [*x, {a: 3}]\n", "a"), Value::Integer(2));
        let node = read("file", b"a: 1\nb:\n  c: 1\n  c: 2\n").unwrap();
        assert_eq!(node.repeated_key().map(|(key, value)| (key.text(), value.line)), Some((Some("c"), 4)));
    }

    #[test]
    fn every_node_knows_its_line() {
        let node = read("file", b"# comment\r\n---\r\na: &x\r\n- b\r\n-\r\n  c: |\r\n    d\r\n\r\ne: *x\r\n")
            .unwrap();
        let lines: Vec<usize> = node.entries().iter().map(|(key, _)| key.line).collect();
        assert_eq!(lines, [3, 9]);
        let items: Vec<usize> = node.get("a").unwrap().items().iter().map(|item| item.line).collect();
        assert_eq!(items, [4, 6]);
        // An alias stands where it is written, what it repeats where that is written.
        assert_eq!(node.get("e").unwrap().line, 9);
        assert_eq!(node.get("e").unwrap().items()[0].line, 4);
    }

    #[test]
    fn what_is_no_yaml_is_refused_with_its_line() {
        assert_eq!(refused("a: b\nc: \u{1}\n").1, Some(2));
        assert_eq!(refused("a: b\nc: *x\n").1, Some(2));
        assert_eq!(refused("a: b\n[c]: d\n").1, Some(2));
        assert!(refused("a: &a [*a]\n").0.contains("contains itself"));
        assert!(refused(&"[".repeat(1000)).0.contains("line 1"));
        assert_eq!(read("file", b"a: b\nc: caf\xe9\n").unwrap_err().place.unwrap().line, Some(2));
    }

    #[test]
    fn a_small_file_cannot_become_a_large_one() {
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a,".repeat(200));
        assert!(refused(&long).0.contains("excessive aliasing"));
        let nested = "a: &a [[[[[[[[[[1]]]]]]]]]]\n".to_owned()
            + &(b'b'..=b'z').fold(String::new(), |text, key| {
                let (key, before) = (char::from(key), char::from(key - 1));
                format!("{text}{key}: &{key} [[[[[[[[[[*{before}]]]]]]]]]]\n")
            });
        assert!(refused(&nested).0.contains("nested too deeply"));
    }

    #[test]
    fn other_encodings_are_read_as_helm_reads_them() {
        let utf_16: Vec<u8> = "\u{feff}a: b\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read("file", &utf_16).unwrap().get("a").unwrap().text(), Some("b"));
        assert_eq!(get("\u{feff}a: b\n", "a"), Value::Text("b".into()));
    }
}
