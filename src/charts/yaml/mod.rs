//! YAML as Helm reads and writes it: YAML 1.1, the dialect of the Go libraries `yaml.v2` and `sigs.k8s.io/yaml`.

mod key_order;
mod number;
mod read;
mod resolve;
mod scalar;
mod write;

pub(crate) use key_order::{compare as compare_keys, sort as sort_by_key};
pub(crate) use number::{json as json_number, short as short_number};
pub use read::read;
pub use resolve::is_text;
pub(crate) use resolve::resolve_plain;
pub use write::{write, write_list_item};

use std::borrow::Cow;

/// A value in a YAML document, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The line on which it begins, counted from 1.
    pub line: usize,
    /// What it is.
    pub value: Value,
}

/// What a YAML value is after YAML 1.1's rules for unquoted text.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `~`, `null`, or nothing at all.
    Null,
    /// Also `yes`, `no`, `on`, `off`, `y` and `n`.
    Bool(bool),
    /// Also in hexadecimal, octal and binary, and with underscores.
    Integer(i64),
    /// An integer above the largest `i64`.
    Unsigned(u64),
    /// Perhaps infinite, or no number.
    Float(f64),
    /// Also a time: Helm keeps its literal text.
    Text(String),
    /// In the order of the file.
    List(Vec<Node>),
    /// In the order of the file, merge keys (`<<`) replaced by what they merge. A key may occur more than once: for
    /// Helm the last one counts, also where it came in by a merge key ([`Node::get`]); where it is strict,
    /// a second one is an error ([`Node::repeated_key`]).
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The text, where this is text.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items, where this is a list; else nothing.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The keys and values in the order of the file, where this is a map; else nothing.
    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value of this text key; the last one, where there are several.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().rev().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// The first key, here or anywhere below, that is already in its map: its value's node is where Helm says that it
    /// stands.
    pub fn repeated_key(&self) -> Option<(&Node, &Node)> {
        match &self.value {
            Value::List(items) => items.iter().find_map(Node::repeated_key),
            Value::Map(entries) => {
                let mut seen = std::collections::HashSet::with_capacity(entries.len());
                entries.iter().find_map(|(key, value)| {
                    let below = value.repeated_key();
                    let new = seen.insert(key.identity());
                    below.or_else(|| (!new).then_some((key, value)))
                })
            }
            _ => None,
        }
    }

    /// What kind of value this is, in Helm's words for it.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Integer(_) | Value::Unsigned(_) | Value::Float(_) => "number",
            Value::Text(_) => "string",
            Value::List(_) => "array",
            Value::Map(_) => "object",
        }
    }

    /// This scalar as text, the way Helm turns an unquoted number or bool into text; `None` for null, lists and maps.
    pub fn coerced(&self) -> Option<Cow<'_, str>> {
        Some(match &self.value {
            Value::Text(text) => text.into(),
            Value::Bool(true) => "true".into(),
            Value::Bool(false) => "false".into(),
            Value::Integer(integer) => integer.to_string().into(),
            Value::Unsigned(integer) => integer.to_string().into(),
            Value::Float(float) => short_number(*float).into(),
            Value::Null | Value::List(_) | Value::Map(_) => return None,
        })
    }

    /// This node as the key of a map, which for Helm is always text; `None` where it cannot be one.
    pub fn as_key(&self) -> Option<Cow<'_, str>> {
        match &self.value {
            Value::Unsigned(_) => None,
            Value::Float(float) if float.is_nan() => Some(".nan".into()),
            Value::Float(float) if float.is_infinite() => {
                Some(if *float > 0.0 { ".inf" } else { "-.inf" }.into())
            }
            _ => self.coerced(),
        }
    }

    /// Equal for keys that are one key in a map: `1` and `"1"` are two.
    fn identity(&self) -> (u8, Cow<'_, str>) {
        match &self.value {
            Value::Null => (0, "".into()),
            Value::Bool(_) => (1, self.coerced().unwrap_or_default()),
            Value::Integer(_) | Value::Unsigned(_) => (2, self.coerced().unwrap_or_default()),
            Value::Float(float) => (3, number::long(*float).into()),
            Value::Text(text) => (4, text.into()),
            Value::List(_) | Value::Map(_) => (5, "".into()),
        }
    }
}
