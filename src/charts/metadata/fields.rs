//! Which keys a Chart.yaml, and an entry of an index, may have, and what kind of value each takes.

use super::{Dependency, Maintainer, Metadata};
use std::collections::BTreeMap;

/// Metadata while it is read: only then can an item be null.
#[derive(Default)]
pub(in crate::charts) struct Draft {
    pub(super) metadata: Metadata,
    pub(super) maintainers: Vec<Option<Maintainer>>,
    pub(super) dependencies: Vec<Option<Dependency>>,
}

/// An entry of an index.yaml: a chart's metadata and what the index adds.
#[derive(Default)]
pub(super) struct Entry {
    draft: Draft,
    own_texts: BTreeMap<&'static str, String>,
    created: String,
    urls: Vec<String>,
    removed: bool,
}

/// The place that a value goes to, and with it the kind that it must have.
pub(in crate::charts) enum Slot<'a> {
    Text(&'a mut String),
    Time(&'a mut String),
    Texts(&'a mut Vec<String>),
    TextMap(&'a mut BTreeMap<String, String>),
    Flag(&'a mut bool),
    Anything(&'a mut Vec<serde_json::Value>),
    Maintainers(&'a mut Vec<Option<Maintainer>>),
    Dependencies(&'a mut Vec<Option<Dependency>>),
}

/// A struct that a map is read into.
pub(in crate::charts) trait Fields {
    /// Its name in Helm's messages.
    const NAME: &'static str;
    /// The list that it stands in, with a dot, in Helm's messages.
    const WITHIN: &'static str = "";
    /// Keys whose text may also be an unquoted number or bool, where this is not so for all.
    const COERCED: &'static [&'static str] = &[];
    /// The key as Helm writes it and where its value goes; `None` for an unknown key. `key` comes in lower case.
    fn slot(&mut self, key: &str) -> Option<(&'static str, Slot<'_>)>;
}

impl Fields for Draft {
    const NAME: &'static str = "Metadata";

    fn slot(&mut self, key: &str) -> Option<(&'static str, Slot<'_>)> {
        let metadata = &mut self.metadata;
        Some(match key {
            "name" => ("name", Slot::Text(&mut metadata.name)),
            "home" => ("home", Slot::Text(&mut metadata.home)),
            "sources" => ("sources", Slot::Texts(&mut metadata.sources)),
            "version" => ("version", Slot::Text(&mut metadata.version)),
            "description" => ("description", Slot::Text(&mut metadata.description)),
            "keywords" => ("keywords", Slot::Texts(&mut metadata.keywords)),
            "maintainers" => ("maintainers", Slot::Maintainers(&mut self.maintainers)),
            "icon" => ("icon", Slot::Text(&mut metadata.icon)),
            "apiversion" => ("apiVersion", Slot::Text(&mut metadata.api_version)),
            "condition" => ("condition", Slot::Text(&mut metadata.condition)),
            "tags" => ("tags", Slot::Text(&mut metadata.tags)),
            "appversion" => ("appVersion", Slot::Text(&mut metadata.app_version)),
            "deprecated" => ("deprecated", Slot::Flag(&mut metadata.deprecated)),
            "annotations" => ("annotations", Slot::TextMap(&mut metadata.annotations)),
            "kubeversion" => ("kubeVersion", Slot::Text(&mut metadata.kube_version)),
            "dependencies" => ("dependencies", Slot::Dependencies(&mut self.dependencies)),
            "type" => ("type", Slot::Text(&mut metadata.kind)),
            _ => return None,
        })
    }
}

impl Fields for Maintainer {
    const NAME: &'static str = "Maintainer";
    const WITHIN: &'static str = "maintainers.";

    fn slot(&mut self, key: &str) -> Option<(&'static str, Slot<'_>)> {
        Some(match key {
            "name" => ("name", Slot::Text(&mut self.name)),
            "email" => ("email", Slot::Text(&mut self.email)),
            "url" => ("url", Slot::Text(&mut self.url)),
            _ => return None,
        })
    }
}

impl Fields for Dependency {
    const NAME: &'static str = "Dependency";
    const WITHIN: &'static str = "dependencies.";

    fn slot(&mut self, key: &str) -> Option<(&'static str, Slot<'_>)> {
        Some(match key {
            "name" => ("name", Slot::Text(&mut self.name)),
            "version" => ("version", Slot::Text(&mut self.version)),
            "repository" => ("repository", Slot::Text(&mut self.repository)),
            "condition" => ("condition", Slot::Text(&mut self.condition)),
            "tags" => ("tags", Slot::Texts(&mut self.tags)),
            "enabled" => ("enabled", Slot::Flag(&mut self.enabled)),
            "import-values" => ("import-values", Slot::Anything(&mut self.import_values)),
            "alias" => ("alias", Slot::Text(&mut self.alias)),
            _ => return None,
        })
    }
}

impl Fields for Entry {
    const NAME: &'static str = "ChartVersion";
    const WITHIN: &'static str = "entries.";
    const COERCED: &'static [&'static str] =
        &["urls", "digest", "checksum", "engine", "tillerVersion", "url"];

    fn slot(&mut self, key: &str) -> Option<(&'static str, Slot<'_>)> {
        let own = match key {
            "digest" => "digest",
            "checksum" => "checksum",
            "engine" => "engine",
            "tillerversion" => "tillerVersion",
            "url" => "url",
            "created" => return Some(("created", Slot::Time(&mut self.created))),
            "urls" => return Some(("urls", Slot::Texts(&mut self.urls))),
            "removed" => return Some(("removed", Slot::Flag(&mut self.removed))),
            _ => return self.draft.slot(key),
        };
        Some((own, Slot::Text(self.own_texts.entry(own).or_default())))
    }
}
