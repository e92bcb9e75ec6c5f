//! How new entries are written and ordered: as Helm does it.

use super::{NewEntry, time};
use crate::{
    charts::{Version, yaml},
    problem::Problem,
};
use serde_json::Value;
use std::cmp::Ordering;

/// The lines of a list item whose dash stands at this column.
pub(super) fn item(entry: &NewEntry<'_>, dash: usize) -> Result<String, Problem> {
    yaml::write_list_item(&value(entry)?, dash)
}

/// The entry as a JSON object.
pub(super) fn json(entry: &NewEntry<'_>) -> Result<String, Problem> {
    Ok(value(entry)?.to_string())
}

/// What Helm writes of a package into an index: its Chart.yaml, and where it is.
fn value(entry: &NewEntry<'_>) -> Result<Value, Problem> {
    let mut map = entry.metadata.to_value();
    map.insert("created".into(), time::text(entry.created)?.into());
    map.insert("digest".into(), entry.digest.hex().into());
    map.insert("urls".into(), entry.urls.clone().into());
    // An index names the version of the format, also where the chart does not.
    map.entry("apiVersion").or_insert_with(|| "v1".into());
    Ok(Value::Object(map))
}

/// The lines of a chart's key at this column: one, and of a name that is too long for that two.
pub(super) fn key(name: &str, column: usize) -> Result<String, Problem> {
    let written = yaml::write(&serde_json::json!({ name: null }))?;
    let key = written.strip_suffix(" null\n").unwrap_or(&written);
    Ok(key.lines().map(|line| format!("{:column$}{line}\n", "")).collect())
}

/// Which version is newer; what is no version is older than all.
pub(super) fn precedence(left: &str, right: &str) -> Ordering {
    Version::new(left).precedence(&Version::new(right))
}

/// The same, where the first is a version at all.
pub(super) fn precedence_of(left: &str, right: &str) -> Option<Ordering> {
    let left = Version::new(left);
    left.is_valid().then(|| left.precedence(&Version::new(right)))
}
