//! The annotations that hold YAML, item by item: the values that Artifact Hub decodes them into.

use super::{Wrong, a, image};
use crate::charts::yaml::{Node, Value};

/// In whatever capitals.
const KINDS: [&str; 6] = ["added", "changed", "deprecated", "removed", "fixed", "security"];
/// What a text may say where a bool is wanted.
const YES_OR_NO: [&str; 16] =
    ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF"];
const QUOTES: &str = "put the whole text in quotes: it holds `: `";

/// Texts, or maps of `kind`, `description` and `links`; not both.
pub(super) fn changes(items: &[Node]) -> Vec<Wrong> {
    let has_maps = items.iter().any(|item| matches!(item.value, Value::Map(_)) && !is_cut_text(item));
    items
        .iter()
        .flat_map(|item| match &item.value {
            Value::Null => vec![empty(item)],
            Value::Map(_) if is_cut_text(item) => {
                vec![Wrong::new(item, "a change is read as a map without a description", QUOTES)]
            }
            Value::Map(_) => change(item),
            Value::List(_) => {
                vec![Wrong::new(item, "a change must be a text or a map, not a list", DESCRIBED)]
            }
            _ if has_maps => {
                vec![Wrong::new(item, "a text among changes that are maps", DESCRIBED)]
            }
            _ if text(item).is_empty() => vec![empty(item)],
            _ => Vec::new(),
        })
        .collect()
}

const DESCRIBED: &str = "write `- description: …` for each, or only texts";

/// `Fix: the thing`, which YAML takes for a map.
fn is_cut_text(item: &Node) -> bool {
    let known = |key: &Node| key.text().is_some_and(|key| ["kind", "description", "links"].contains(&key));
    matches!(item.entries(), [(key, _)] if !known(key))
}

fn change(item: &Node) -> Vec<Wrong> {
    let mut wrong = texts(item, &["kind", "description"]);
    let value = |key| item.get(key).map(text).unwrap_or_default();
    let kind = value("kind");
    if is_text(item.get("kind")) && !kind.is_empty() && !KINDS.contains(&kind.to_lowercase().as_str()) {
        let next = format!("write one of: {}", KINDS.join(", "));
        wrong.push(Wrong::new(
            item.get("kind").unwrap_or(item),
            format!("no change is of the kind `{kind}`"),
            next,
        ));
    }
    if is_text(item.get("description")) && value("description").is_empty() {
        wrong.push(Wrong::new(item, "a change without a description", "say what changed: `description: …`"));
    }
    let Some(links) = item.get("links") else { return wrong };
    match &links.value {
        Value::Null => {}
        Value::List(links) => wrong.extend(links.iter().flat_map(change_link)),
        _ => wrong.push(Wrong::new(links, format!("links must be a list, not {}", a(links.kind())), LINK)),
    }
    wrong
}

const LINK: &str = "write `- name: …` and below it `url: …`";

fn change_link(link: &Node) -> Vec<Wrong> {
    let Value::Map(_) = link.value else { return vec![not_a_map(link, LINK)] };
    let mut wrong = texts(link, &["name", "url"]);
    for key in ["name", "url"] {
        if is_text(link.get(key)) && link.get(key).map(text).unwrap_or_default().is_empty() {
            wrong.push(Wrong::new(link, format!("a link of a change without a {key}"), LINK));
        }
    }
    wrong
}

pub(super) fn images(items: &[Node]) -> Vec<Wrong> {
    const NEXT: &str = "write `- name: …` and below it `image: registry/repository:tag`";
    records(items, &["name", "image"], NEXT, |item| {
        let mut wrong = Vec::new();
        if is_text(item.get("image")) {
            let image = item.get("image").map(text).unwrap_or_default();
            if !image::is_reference(&image) {
                let what = match image.as_str() {
                    "" => "an entry without an image".to_owned(),
                    image => format!("`{image}` is not the reference of an image"),
                };
                wrong.push(Wrong::new(
                    item.get("image").unwrap_or(item),
                    what,
                    "write `image: registry/repository:tag`, without a scheme and in lower case",
                ));
            }
        }
        if let Some(flag) = item.get("whitelisted") {
            let is_bool = match &flag.value {
                Value::Bool(_) | Value::Null => true,
                Value::Text(text) => YES_OR_NO.contains(&text.as_str()),
                _ => false,
            };
            if !is_bool {
                let next = "write `whitelisted: true` or `whitelisted: false`, without quotes";
                wrong.push(Wrong::new(flag, "whitelisted is neither true nor false", next));
            }
        }
        if let Some(platforms) = item.get("platforms") {
            let is_list = match &platforms.value {
                Value::List(items) => items.iter().all(|item| is_text(Some(item))),
                value => *value == Value::Null,
            };
            if !is_list {
                let next = "write a list of texts: `platforms: [linux/amd64]`";
                wrong.push(Wrong::new(platforms, "platforms is no list of texts", next));
            }
        }
        wrong
    })
}

pub(super) fn links(items: &[Node]) -> Vec<Wrong> {
    records(items, &["name", "url"], LINK, |_| Vec::new())
}

pub(super) fn maintainers(items: &[Node]) -> Vec<Wrong> {
    records(items, &["name", "email"], "write `- name: …` and below it `email: …`", |_| Vec::new())
}

/// An item of these that is empty is taken.
pub(super) fn recommendations(items: &[Node]) -> Vec<Wrong> {
    records(&filled(items), &["url"], "write `- url: …`", |_| Vec::new())
}

/// An item of these that is empty is taken.
pub(super) fn screenshots(items: &[Node]) -> Vec<Wrong> {
    const NEXT: &str = "write `- title: …` and below it `url: …`";
    records(&filled(items), &["title", "url"], NEXT, |_| Vec::new())
}

fn filled(items: &[Node]) -> Vec<Node> {
    items.iter().filter(|item| item.value != Value::Null).cloned().collect()
}

pub(super) fn sign_key(key: &Node) -> Vec<Wrong> {
    const NEXT: &str = "write `fingerprint: …` and below it `url: …`, where the public key can be downloaded";
    let Value::Map(_) = key.value else { return vec![not_a_map(key, NEXT)] };
    let mut wrong = repeated(key);
    wrong.extend(texts(key, &["fingerprint", "url"]));
    if is_text(key.get("url")) && key.get("url").map(text).unwrap_or_default().is_empty() {
        wrong.push(Wrong::new(key, "a key without a url", NEXT));
    }
    wrong
}

/// Whatever can become JSON: a key of a map has to be text.
pub(super) fn anything(items: &[Node]) -> Vec<Wrong> {
    items.iter().flat_map(|item| item.repeated_key().map(is_repeated).or_else(|| unfit_key(item))).collect()
}

fn unfit_key(node: &Node) -> Option<Wrong> {
    let mut keys = node.entries().iter().map(|(key, _)| key);
    let unfit = keys.find(|key| {
        matches!(key.value, Value::Integer(_) | Value::Unsigned(_) | Value::Float(_) | Value::Null)
    });
    match unfit {
        Some(key) => {
            let name = key.coerced().unwrap_or("null".into());
            Some(Wrong::new(key, format!("the key `{name}` is no text"), "put the key in quotes"))
        }
        None => node.items().iter().chain(node.entries().iter().map(|(_, value)| value)).find_map(unfit_key),
    }
}

/// Items that are maps with these texts; `more` looks at what else matters in one.
fn records(items: &[Node], keys: &[&str], next: &str, more: impl Fn(&Node) -> Vec<Wrong>) -> Vec<Wrong> {
    let one = |item: &Node| match item.value {
        // Artifact Hub breaks off at it.
        Value::Null => vec![empty(item)],
        Value::Map(_) => {
            let mut wrong = repeated(item);
            wrong.extend(texts(item, keys));
            wrong.extend(more(item));
            wrong
        }
        _ => vec![not_a_map(item, next)],
    };
    items.iter().flat_map(one).collect()
}

/// A key that stands twice in this map, which only the reader of changes forgives.
fn repeated(map: &Node) -> Vec<Wrong> {
    let keys =
        map.entries().iter().map(|(key, _)| (key.clone(), Node { line: key.line, value: Value::Null }));
    let flat = Node { line: map.line, value: Value::Map(keys.collect()) };
    flat.repeated_key().map(is_repeated).into_iter().collect()
}

fn is_repeated((key, _): (&Node, &Node)) -> Wrong {
    let name = key.as_key().unwrap_or_default();
    Wrong::new(key, format!("the key `{name}` is there twice"), "keep one of them")
}

/// Which of these are no texts.
fn texts(map: &Node, keys: &[&str]) -> Vec<Wrong> {
    let one = |key: &&str| {
        let value = map.get(key)?;
        let what = format!("{key} must be a text, not {}", a(value.kind()));
        (!is_text(Some(value))).then(|| Wrong::new(value, what, "put the text in quotes"))
    };
    keys.iter().filter_map(one).collect()
}

/// Whether a text, or nothing, is said: numbers and bools are texts where one is wanted.
fn is_text(value: Option<&Node>) -> bool {
    value.is_none_or(|value| !matches!(value.value, Value::List(_) | Value::Map(_)))
}

fn text(node: &Node) -> String {
    node.coerced().unwrap_or_default().into_owned()
}

fn empty(item: &Node) -> Wrong {
    Wrong::new(item, "an empty item", "take the line out, or say what it is")
}

fn not_a_map(node: &Node, next: &str) -> Wrong {
    Wrong::new(node, format!("a map is wanted, not {}", a(node.kind())), next)
}
