//! Writes [`Metadata`] as Helm does: the Chart.yaml of a package, the config of an OCI artifact, an index entry.

use super::{Dependency, Maintainer, Metadata};
use crate::{
    charts::{go_json, yaml},
    problem::Problem,
};
use serde_json::{Map, Value};

impl Metadata {
    /// All fields as one map, as they stand in an index entry beside `urls` and `digest`. Empty fields are left out.
    pub fn to_value(&self) -> Map<String, Value> {
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| {
            let is_empty = match &value {
                Value::String(text) => text.is_empty(),
                Value::Array(items) => items.is_empty(),
                Value::Object(map) => map.is_empty(),
                Value::Bool(flag) => !flag,
                Value::Null | Value::Number(_) => false,
            };
            if !is_empty {
                map.insert(key.to_owned(), value);
            }
        };
        put("name", self.name.as_str().into());
        put("home", self.home.as_str().into());
        put("sources", self.sources.clone().into());
        put("version", self.version.as_str().into());
        put("description", self.description.as_str().into());
        put("keywords", self.keywords.clone().into());
        put("maintainers", self.maintainers.iter().map(maintainer_value).collect());
        put("icon", self.icon.as_str().into());
        put("apiVersion", self.api_version.as_str().into());
        put("condition", self.condition.as_str().into());
        put("tags", self.tags.as_str().into());
        put("appVersion", self.app_version.as_str().into());
        put("deprecated", self.deprecated.into());
        let annotations = self.annotations.iter().map(|(key, text)| (key.clone(), text.as_str().into()));
        put("annotations", Value::Object(annotations.collect()));
        put("kubeVersion", self.kube_version.as_str().into());
        put("dependencies", self.dependencies.iter().map(dependency_value).collect());
        put("type", self.kind.as_str().into());
        map
    }

    /// The text that Helm writes for these fields.
    ///
    /// # Errors
    /// A text that Helm cannot write, as it holds a control character.
    pub fn to_yaml(&self) -> Result<String, Problem> {
        yaml::write(&Value::Object(self.to_value()))
    }

    /// The Chart.yaml of a package: [`Metadata::to_yaml`], but for apiVersion v1 without dependencies, which such a
    /// chart has in its requirements.yaml.
    ///
    /// # Errors
    /// As [`Metadata::to_yaml`].
    pub fn to_packaged_yaml(&self) -> Result<String, Problem> {
        let mut map = self.to_value();
        if self.api_version == "v1" {
            map.remove("dependencies");
        }
        yaml::write(&Value::Object(map))
    }

    /// The bytes of the config of an OCI artifact.
    pub fn to_json(&self) -> String {
        let annotations = self
            .annotations
            .iter()
            .fold(go_json::Object::new(), |object, (key, text)| object.text(key, text));
        let object = go_json::Object::new()
            .text_if_any("name", &self.name)
            .text_if_any("home", &self.home)
            .texts_if_any("sources", &self.sources)
            .text_if_any("version", &self.version)
            .text_if_any("description", &self.description)
            .texts_if_any("keywords", &self.keywords)
            .list_if_any("maintainers", &self.maintainers, |maintainer| {
                let object = go_json::Object::new().text_if_any("name", &maintainer.name);
                object.text_if_any("email", &maintainer.email).text_if_any("url", &maintainer.url).finished()
            })
            .text_if_any("icon", &self.icon)
            .text_if_any("apiVersion", &self.api_version)
            .text_if_any("condition", &self.condition)
            .text_if_any("tags", &self.tags)
            .text_if_any("appVersion", &self.app_version)
            .flag("deprecated", self.deprecated);
        let object = if self.annotations.is_empty() {
            object
        } else {
            object.json("annotations", &annotations.finished())
        };
        object
            .text_if_any("kubeVersion", &self.kube_version)
            .list_if_any("dependencies", &self.dependencies, dependency_json)
            .text_if_any("type", &self.kind)
            .finished()
    }
}

/// A dependency as JSON, in the order over which Helm takes the digest of a lock.
pub(in crate::charts) fn dependency_json(dependency: &Dependency) -> String {
    go_json::Object::new()
        .text("name", &dependency.name)
        .text_if_any("version", &dependency.version)
        .text("repository", &dependency.repository)
        .text_if_any("condition", &dependency.condition)
        .texts_if_any("tags", &dependency.tags)
        .flag("enabled", dependency.enabled)
        .list_if_any("import-values", &dependency.import_values, go_json::value)
        .text_if_any("alias", &dependency.alias)
        .finished()
}

/// A dependency as it stands in a Chart.yaml or a lock: `name` and `repository` also where they are empty.
pub(in crate::charts) fn dependency_value(dependency: &Dependency) -> Value {
    let mut map = texts(&[
        ("version", &dependency.version),
        ("condition", &dependency.condition),
        ("alias", &dependency.alias),
    ]);
    map.insert("name".into(), dependency.name.as_str().into());
    map.insert("repository".into(), dependency.repository.as_str().into());
    if !dependency.tags.is_empty() {
        map.insert("tags".into(), dependency.tags.clone().into());
    }
    if dependency.enabled {
        map.insert("enabled".into(), true.into());
    }
    if !dependency.import_values.is_empty() {
        map.insert("import-values".into(), dependency.import_values.clone().into());
    }
    Value::Object(map)
}

fn maintainer_value(maintainer: &Maintainer) -> Value {
    Value::Object(texts(&[
        ("name", &maintainer.name),
        ("email", &maintainer.email),
        ("url", &maintainer.url),
    ]))
}

/// The texts that are not empty.
fn texts(pairs: &[(&str, &String)]) -> Map<String, Value> {
    let filled = pairs.iter().filter(|(_, text)| !text.is_empty());
    filled.map(|(key, text)| ((*key).to_owned(), Value::String((*text).clone()))).collect()
}
