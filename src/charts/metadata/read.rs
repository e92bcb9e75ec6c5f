//! Reads a Chart.yaml into [`Metadata`] as Helm does: YAML, then JSON, then Go's rules for structs.

use super::{
    Metadata,
    check::Invalid,
    fields::{Draft, Entry, Fields, Slot},
};
use crate::{
    charts::{
        time,
        yaml::{self, Node, Value, json_number},
    },
    problem::Problem,
};
use std::collections::BTreeMap;

impl Metadata {
    /// Reads a Chart.yaml, and checks it as Helm does when it loads a chart. `file` is what a problem names.
    ///
    /// # Errors
    /// What is no YAML, a value of the wrong kind, or what Helm's validation refuses, in Helm's words and with the line.
    pub fn read(file: &str, chart_yaml: &[u8]) -> Result<Self, Problem> {
        Self::read_with_requirements(file, chart_yaml, None)
    }

    /// The same, with the chart's requirements.yaml, whose keys Helm reads over those of the Chart.yaml: all of them,
    /// `name` and `version` included, in charts of every apiVersion.
    ///
    /// # Errors
    /// As [`Metadata::read`], also for what stands in the requirements.yaml.
    pub fn read_with_requirements(
        file: &str,
        chart_yaml: &[u8],
        requirements_yaml: Option<&[u8]>,
    ) -> Result<Self, Problem> {
        let mut draft = Draft::default();
        let mut sources = vec![(file.to_owned(), yaml::read(file, chart_yaml)?)];
        if let Some(requirements_yaml) = requirements_yaml {
            let file = match file.strip_suffix("Chart.yaml") {
                Some(folder) => format!("{folder}requirements.yaml"),
                None => "requirements.yaml".to_owned(),
            };
            let node = yaml::read(&file, requirements_yaml)?;
            sources.push((file, node));
        }
        for (file, node) in &sources {
            decode(file, node, &mut draft, Rules::LOOSE)?;
            if draft.metadata.api_version.is_empty() {
                draft.metadata.api_version = "v1".into();
            }
        }
        draft.validated().map_err(|invalid| place(&sources, invalid))
    }

    /// The line on which a Chart.yaml says its version: what somebody changes who raises it. `None` where it says none.
    pub fn version_line(chart_yaml: &[u8]) -> Option<usize> {
        let document = yaml::read("Chart.yaml", chart_yaml).ok()?;
        let key = |(key, _): &&(Node, Node)| key.text().is_some_and(|key| folded(key) == "version");
        document.entries().iter().rev().find(key).map(|(key, _)| key.line)
    }

    /// Checks an entry of an index.yaml as strictly as Helm does, which gives up the whole index for one entry that is
    /// wrong: unknown and repeated keys, and unquoted numbers or bools where text has to be. An empty entry is fine,
    /// as Helm skips it. What Helm's validation would say of the chart is not part of this: Helm only skips such
    /// entries.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn check_index_entry(file: &str, entry: &Node) -> Result<(), Problem> {
        decode(file, entry, &mut Entry::default(), Rules::INDEX_ENTRY)
    }

    /// The same in an index that is JSON, where Helm passes over unknown keys.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub(crate) fn check_json_index_entry(file: &str, entry: &Node) -> Result<(), Problem> {
        decode(file, entry, &mut Entry::default(), Rules::JSON_INDEX_ENTRY)
    }

    /// What a strict reader, such as `helm lint`, has against a Chart.yaml that Helm loads: unknown and repeated keys.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn check_strictly(file: &str, chart_yaml: &[u8]) -> Result<(), Problem> {
        decode(file, &yaml::read(file, chart_yaml)?, &mut Draft::default(), Rules::STRICT)
    }
}

/// Where the invalid thing stands: the last file that says something about it.
fn place(sources: &[(String, Node)], invalid: Invalid) -> Problem {
    let line = |node: &Node| {
        let is_it = |key: &Node| key.text().is_some_and(|key| folded(key) == folded(invalid.key));
        let (key, value) = node.entries().iter().rev().find(|(key, _)| is_it(key))?;
        let item = invalid.item.and_then(|item| value.items().get(item));
        Some(item.map_or(key.line, |item| item.line))
    };
    let found = sources.iter().rev().find_map(|(file, node)| Some((file, line(node)?)));
    let problem = invalid.problem();
    match (found, sources.first()) {
        (Some((file, line)), _) => problem.at(file, line),
        (None, Some((file, _))) => problem.in_file(file),
        (None, None) => problem,
    }
}

/// How Helm reads this document.
#[derive(Clone, Copy)]
pub(in crate::charts) struct Rules {
    /// An unquoted number or bool becomes text where text has to be.
    coerces: bool,
    /// Unknown and repeated keys are errors.
    strict: bool,
}

impl Rules {
    pub(in crate::charts) const LOOSE: Self = Self { coerces: true, strict: false };
    const STRICT: Self = Self { coerces: true, strict: true };
    const INDEX_ENTRY: Self = Self { coerces: false, strict: true };
    const JSON_INDEX_ENTRY: Self = Self { coerces: false, strict: false };
}

/// Reads a map into a struct, over what the struct holds. An empty document changes nothing.
///
/// # Errors
/// The first thing that Helm would not take, with its line.
pub(in crate::charts) fn decode<F: Fields>(
    file: &str,
    node: &Node,
    into: &mut F,
    rules: Rules,
) -> Result<(), Problem> {
    if rules.strict
        && let Some((key, value)) = node.repeated_key()
    {
        let key = key.as_key().unwrap_or_default();
        return Err(Problem::new(format!("key {key:?} already set in map")).at(file, value.line));
    }
    check_keys(node).map_err(|wrong| wrong.problem(file))?;
    match &node.value {
        Value::Null => Ok(()),
        Value::Map(_) => fields(node, into, rules).map_err(|wrong| wrong.problem(file)),
        _ => {
            let what =
                format!("json: cannot unmarshal {} into Go value of type chart.{}", node.kind(), F::NAME);
            Err(Wrong { line: node.line, what: format!("must be a map of keys and values ({what})") }
                .problem(file))
        }
    }
}

/// What a value cannot be read as.
struct Wrong {
    line: usize,
    what: String,
}

impl Wrong {
    fn at(node: &Node, what: impl Into<String>) -> Self {
        Self { line: node.line, what: what.into() }
    }

    fn problem(self, file: &str) -> Problem {
        Problem::new(self.what).at(file, self.line)
    }
}

/// The key of a struct that is being read, for messages.
#[derive(Clone, Copy)]
struct Key {
    owner: &'static str,
    within: &'static str,
    name: &'static str,
}

impl Key {
    /// A value of the wrong kind: in our words and in Helm's.
    fn wants(self, go_type: &str, wanted: &str, node: &Node) -> Wrong {
        let Self { owner, within, name } = self;
        let kind = node.kind();
        let helm = format!(
            "json: cannot unmarshal {kind} into Go struct field {owner}.{within}{name} of type {go_type}"
        );
        let found = match kind {
            "string" => "text",
            "array" => "a list",
            "object" => "a map",
            "bool" => "a bool",
            _ => "a number",
        };
        let quote = if go_type == "string" && matches!(kind, "number" | "bool") { ": quote it" } else { "" };
        Wrong::at(node, format!("`{name}` must be {wanted}, not {found}{quote} ({helm})"))
    }
}

/// Key texts in the order of Go's JSON, each with the value that counts.
fn sorted(node: &Node) -> BTreeMap<String, (&Node, &Node)> {
    let texts = node
        .entries()
        .iter()
        .map(|(key, value)| (key.as_key().unwrap_or_default().into_owned(), (key, value)));
    texts.collect()
}

fn fields<F: Fields>(node: &Node, into: &mut F, rules: Rules) -> Result<(), Wrong> {
    // Go goes on after an error and tells the first; so the first is told, and nothing of the rest is used.
    for (text, (key, value)) in sorted(node) {
        let Some((name, slot)) = into.slot(&folded(&text)) else {
            if rules.strict {
                return Err(Wrong::at(key, format!("json: unknown field {text:?}")));
            }
            json(value)?;
            continue;
        };
        let rules = Rules { coerces: rules.coerces || F::COERCED.contains(&name), ..rules };
        let key = Key { owner: F::NAME, within: F::WITHIN, name };
        fill(slot, key, value, rules)?;
    }
    Ok(())
}

fn fill(slot: Slot<'_>, key: Key, node: &Node, rules: Rules) -> Result<(), Wrong> {
    let is_null = node.value == Value::Null;
    match slot {
        Slot::Text(text) => return fill_text(text, key, node, rules),
        Slot::Flag(flag) => match node.value {
            Value::Bool(value) => *flag = value,
            Value::Null => {}
            _ => return Err(key.wants("bool", "true or false", node)),
        },
        Slot::Time(time) => match &node.value {
            Value::Text(text) if time::seconds(text).is_some() => *time = time::rewritten(text),
            Value::Text(text) => {
                let what = format!("parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\"");
                return Err(Wrong::at(node, format!("`{}` is no RFC 3339 time: {what}", key.name)));
            }
            Value::Null => {}
            _ => return Err(Wrong::at(node, "Time.UnmarshalJSON: input is not a JSON string")),
        },
        Slot::TextMap(map) if is_null => map.clear(),
        Slot::TextMap(map) => {
            let Value::Map(_) = node.value else {
                return Err(key.wants("map[string]string", "a map of texts", node));
            };
            for (text, (_, value)) in sorted(node) {
                let mut filled = String::new();
                fill_text(&mut filled, key, value, rules)?;
                map.insert(text, filled);
            }
        }
        Slot::Texts(list) => fill_list(list, key, "[]string", node, |text, item| match item.value {
            Value::Null => Ok(()),
            _ => fill_text(text, key, item, rules),
        })?,
        Slot::Anything(list) => fill_list(list, key, "[]interface {}", node, |value, item| {
            *value = json(item)?;
            Ok(())
        })?,
        Slot::Maintainers(list) => {
            fill_list(list, key, "[]*chart.Maintainer", node, |item, node| {
                fill_struct(item, key, node, rules)
            })?;
        }
        Slot::Dependencies(list) => {
            fill_list(list, key, "[]*chart.Dependency", node, |item, node| {
                fill_struct(item, key, node, rules)
            })?;
        }
    }
    Ok(())
}

fn fill_text(text: &mut String, key: Key, node: &Node, rules: Rules) -> Result<(), Wrong> {
    match (&node.value, node.coerced()) {
        (Value::Null, _) => Ok(()),
        (Value::Text(value), _) => {
            text.clone_from(value);
            Ok(())
        }
        (_, Some(value)) if rules.coerces => {
            *text = value.into_owned();
            Ok(())
        }
        _ => Err(key.wants("string", "text", node)),
    }
}

/// As Go does: items are read over the items that the list already has, and what is left of those goes.
fn fill_list<T: Default>(
    list: &mut Vec<T>,
    key: Key,
    go_type: &str,
    node: &Node,
    mut fill: impl FnMut(&mut T, &Node) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    if node.value == Value::Null {
        list.clear();
        return Ok(());
    }
    let Value::List(items) = &node.value else { return Err(key.wants(go_type, "a list", node)) };
    list.resize_with(items.len(), T::default);
    list.iter_mut().zip(items).try_for_each(|(slot, item)| fill(slot, item))
}

fn fill_struct<F: Fields + Default>(
    into: &mut Option<F>,
    key: Key,
    node: &Node,
    rules: Rules,
) -> Result<(), Wrong> {
    match node.value {
        Value::Null => *into = None,
        Value::Map(_) => fields(node, into.get_or_insert_default(), rules)?,
        _ => return Err(key.wants(&format!("chart.{}", F::NAME), "a list of maps", node)),
    }
    Ok(())
}

/// Keys that JSON cannot have, anywhere in the document.
fn check_keys(node: &Node) -> Result<(), Wrong> {
    node.items().iter().try_for_each(check_keys)?;
    node.entries().iter().try_for_each(|(key, value)| match key.as_key() {
        Some(_) => check_keys(value),
        None if key.value == Value::Null => {
            Err(Wrong::at(key, "unsupported map key of type: %!s(<nil>), key: <nil>: a key must not be null"))
        }
        None => Err(Wrong::at(key, "unsupported map key of type: uint64")),
    })
}

/// A value of any kind, as Go's JSON holds it: every number is a float64.
fn json(node: &Node) -> Result<serde_json::Value, Wrong> {
    #[allow(clippy::cast_precision_loss)] // Go's loss, too
    Ok(match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(integer) => (*integer as f64).into(),
        Value::Unsigned(integer) => (*integer as f64).into(),
        Value::Float(float) if json_number(*float).is_none() => {
            return Err(Wrong::at(node, "json: unsupported value: a number that is not finite"));
        }
        Value::Float(float) => (*float).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(json).collect::<Result<_, _>>()?,
        Value::Map(_) => {
            let entries = sorted(node).into_iter().map(|(text, (_, value))| Ok((text, json(value)?)));
            serde_json::Value::Object(entries.collect::<Result<_, Wrong>>()?)
        }
    })
}

/// A key without its case, as Go folds it: `K` (the Kelvin sign) and `ſ` are letters, too.
fn folded(key: &str) -> String {
    key.chars()
        .map(|c| match c {
            '\u{212a}' => 'k',
            '\u{17f}' => 's',
            _ => c.to_ascii_lowercase(),
        })
        .collect()
}
