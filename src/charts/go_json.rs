//! JSON as Go writes it: compact, with `<`, `>` and `&` escaped. Helm's digests are over such bytes.

use super::yaml::json_number;
use serde_json::Value;

/// A JSON object whose keys stand in the order in which they were added.
pub(crate) struct Object {
    text: String,
}

impl Object {
    pub(crate) fn new() -> Self {
        Self { text: "{".into() }
    }

    /// Adds a key with JSON as its value.
    pub(crate) fn json(mut self, key: &str, json: &str) -> Self {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        quote(&mut self.text, key);
        self.text.push(':');
        self.text.push_str(json);
        self
    }

    /// Adds a key with a text.
    pub(crate) fn text(self, key: &str, text: &str) -> Self {
        self.json(key, &quoted(text))
    }

    /// Adds a key with a text, unless that is empty.
    pub(crate) fn text_if_any(self, key: &str, text: &str) -> Self {
        if text.is_empty() { self } else { self.text(key, text) }
    }

    /// Adds a key with a list of texts, unless that is empty.
    pub(crate) fn texts_if_any(self, key: &str, texts: &[String]) -> Self {
        self.list_if_any(key, texts, |text| quoted(text))
    }

    /// Adds a key with a list, unless that is empty.
    pub(crate) fn list_if_any<T>(self, key: &str, items: &[T], json: impl Fn(&T) -> String) -> Self {
        if items.is_empty() { self } else { self.json(key, &list(items, json)) }
    }

    /// Adds a key that is true, or nothing.
    pub(crate) fn flag(self, key: &str, flag: bool) -> Self {
        if flag { self.json(key, "true") } else { self }
    }

    pub(crate) fn finished(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

/// A JSON list.
pub(crate) fn list<T>(items: &[T], json: impl Fn(&T) -> String) -> String {
    format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(","))
}

/// Any value; keys in the order of their bytes.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => list(items, self::value),
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let object = entries
                .into_iter()
                .fold(Object::new(), |object, (key, item)| object.json(key, &self::value(item)));
            object.finished()
        }
        Value::Number(number) => {
            let float = number.as_f64().filter(|_| number.is_f64());
            float.and_then(json_number).unwrap_or_else(|| number.to_string())
        }
        Value::Null | Value::Bool(_) => value.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    quote(&mut json, text);
    json
}

fn quote(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\x08' => json.push_str("\\b"),
            '\x0c' => json.push_str("\\f"),
            '\0'..='\x1f' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                json.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => json.push(c),
        }
    }
    json.push('"');
}
