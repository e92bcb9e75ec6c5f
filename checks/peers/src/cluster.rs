//! As much of a Kubernetes as Helm 3 asks for before it says what it would install: which kinds of objects there are.
//!
//! Helm 3 wants a cluster for `install --dry-run=client`; Helm 4 does not.

use anyhow::Result;
use serde_json::{Value, json};

/// Group and version, kind, and what the API calls them.
const KINDS: [(&str, &str, &str); 6] = [
    ("v1", "ConfigMap", "configmaps"),
    ("v1", "Pod", "pods"),
    ("v1", "Service", "services"),
    ("v1", "ServiceAccount", "serviceaccounts"),
    ("apps/v1", "Deployment", "deployments"),
    ("batch/v1", "CronJob", "cronjobs"),
];

/// Starts it; returns what `--kube-apiserver` takes.
pub fn start() -> Result<String> {
    crate::served::serve_with(|path| Some(answer(path)?.to_string().into_bytes()))
}

fn answer(path: &str) -> Option<Value> {
    match path {
        "version" => Some(json!({"major": "1", "minor": "34", "gitVersion": "v1.34.0"})),
        "api" => Some(json!({"kind": "APIVersions", "versions": ["v1"]})),
        "apis" => {
            let group = |name: &str| {
                let version = json!({"groupVersion": format!("{name}/v1"), "version": "v1"});
                json!({"name": name, "versions": [version], "preferredVersion": version})
            };
            Some(
                json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [group("apps"), group("batch")]}),
            )
        }
        other => {
            let version = other.strip_prefix("apis/").or_else(|| other.strip_prefix("api/"))?;
            let resources: Vec<Value> = KINDS
                .iter()
                .filter(|(of, _, _)| *of == version)
                .map(|(_, kind, name)| {
                    json!({"name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["get"]})
                })
                .collect();
            let list = json!({"kind": "APIResourceList", "groupVersion": version, "resources": resources});
            (!resources.is_empty()).then_some(list)
        }
    }
}
