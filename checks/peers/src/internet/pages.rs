//! What the hosts of this internet have: repositories with an index, and registries.

use super::made;
use crate::published::PACKAGE_LAYER;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";

/// Addresses, and what is there.
#[derive(Default)]
pub struct Pages(BTreeMap<String, Page>);

pub enum Page {
    Here { kind: &'static str, bytes: Vec<u8> },
    Elsewhere(String),
}

/// One version of a chart in a repository or registry.
#[derive(Clone)]
pub struct Offer {
    pub name: String,
    pub version: String,
    pub package: Vec<u8>,
    /// What the index says where the package is; relative ones are beside the index.
    pub urls: Vec<String>,
    /// What the index says of it; nothing where that is empty.
    pub digest: String,
}

impl Offer {
    /// A made-up chart, under a relative address and with its digest.
    pub fn new(name: &str, version: &str) -> Self {
        Self::of(name, version, made::package(name, version))
    }

    pub fn of(name: &str, version: &str, package: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            urls: vec![format!("packages/{name}-{version}.tgz")],
            digest: made::hex(&Sha256::digest(&package)),
            package,
        }
    }

    /// Listed under another address.
    pub fn at(self, url: &str) -> Self {
        Self { urls: vec![url.to_owned()], ..self }
    }

    /// Listed with another digest, or none.
    pub fn with_digest(self, digest: &str) -> Self {
        Self { digest: digest.to_owned(), ..self }
    }
}

impl Pages {
    /// Adds a repository with its index and packages, or (`oci://…`) a part of a registry.
    pub fn add(&mut self, url: &str, offers: &[Offer]) {
        let url = url.trim_end_matches('/');
        match url.strip_prefix("oci://") {
            Some(place) => self.add_to_registry(place, offers),
            None => self.add_repository(url, offers),
        }
    }

    /// Adds any other page.
    pub fn put(&mut self, address: &str, kind: &'static str, bytes: Vec<u8>) {
        self.0.insert(address.to_owned(), Page::Here { kind, bytes });
    }

    /// Leads from one address to another.
    pub fn lead(&mut self, from: &str, to: &str) {
        self.0.insert(from.to_owned(), Page::Elsewhere(to.to_owned()));
    }

    fn add_repository(&mut self, url: &str, offers: &[Offer]) {
        let mut index = String::from("apiVersion: v1\nentries:\n");
        let names: BTreeSet<_> = offers.iter().map(|offer| &offer.name).collect();
        for name in names {
            index += &format!("  {name}:\n");
            for offer in offers.iter().filter(|offer| &offer.name == name) {
                index += &entry(offer);
                for at in &offer.urls {
                    self.put(&address(url, at), "application/gzip", offer.package.clone());
                }
            }
        }
        index += "generated: \"2024-05-06T07:08:09Z\"\n";
        self.put(&format!("{url}/index.yaml"), "text/yaml", index.into_bytes());
    }

    fn add_to_registry(&mut self, place: &str, offers: &[Offer]) {
        let (host, path) = place.split_once('/').unwrap_or((place, ""));
        self.put(&format!("https://{host}/v2/"), "application/json", b"{}".to_vec());
        let names: BTreeSet<_> = offers.iter().map(|offer| &offer.name).collect();
        for name in names {
            let repository = format!("{path}/{name}").trim_start_matches('/').to_owned();
            let base = format!("https://{host}/v2/{repository}");
            let mut tags = Vec::new();
            for offer in offers.iter().filter(|offer| &offer.name == name) {
                let tag = offer.version.replace('+', "_");
                let config = format!(
                    "{{\"name\":\"{name}\",\"version\":\"{}\",\"apiVersion\":\"v2\"}}",
                    offer.version
                );
                let config = self.blob(&base, CONFIG, config.into_bytes());
                let layer = self.blob(&base, PACKAGE_LAYER, offer.package.clone());
                let manifest = format!(
                    "{{\"schemaVersion\":2,\"mediaType\":\"{MANIFEST}\",\"config\":{config},\"layers\":[{layer}]}}"
                )
                .into_bytes();
                let digest = made::hex(&Sha256::digest(&manifest));
                self.put(&format!("{base}/manifests/sha256:{digest}"), MANIFEST, manifest.clone());
                self.put(&format!("{base}/manifests/{tag}"), MANIFEST, manifest);
                tags.push(tag);
            }
            // No registry promises an order, and there is always something beside the versions.
            tags.sort();
            tags.push("latest".to_owned());
            let tags = serde_json::json!({ "name": repository, "tags": tags });
            self.put(&format!("{base}/tags/list"), "application/json", tags.to_string().into_bytes());
        }
    }

    /// Adds a blob, and describes it as manifests do.
    fn blob(&mut self, base: &str, kind: &str, bytes: Vec<u8>) -> String {
        let (digest, size) = (made::hex(&Sha256::digest(&bytes)), bytes.len());
        self.put(&format!("{base}/blobs/sha256:{digest}"), "application/octet-stream", bytes);
        format!("{{\"mediaType\":\"{kind}\",\"digest\":\"sha256:{digest}\",\"size\":{size}}}")
    }

    /// What is at an address, whatever its query.
    pub fn find(&self, address: &str) -> Option<&Page> {
        self.0.get(address.split('?').next()?)
    }

    pub fn hosts(&self) -> Vec<String> {
        let hosts = self.0.keys().filter_map(|address| address.split('/').nth(2)).map(str::to_owned);
        hosts.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Where a package is that an index at `url` names so, without the query.
fn address(url: &str, named: &str) -> String {
    let named = named.split('?').next().unwrap_or_default();
    if named.contains("://") {
        return named.to_owned();
    }
    if named.starts_with('/') {
        return url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/") + named;
    }
    let (mut folder, mut rest) = (url, named);
    while let Some((outer, above)) =
        rest.strip_prefix("../").and_then(|above| Some((folder.rsplit_once('/')?.0, above)))
    {
        (folder, rest) = (outer, above);
    }
    format!("{folder}/{rest}")
}

/// An entry of an index as `helm repo index` writes it.
fn entry(offer: &Offer) -> String {
    let digest =
        if offer.digest.is_empty() { String::new() } else { format!("    digest: {}\n", offer.digest) };
    let urls: String = offer.urls.iter().map(|url| format!("    - {url}\n")).collect();
    format!(
        "  - apiVersion: v2\n    created: \"2024-05-06T07:08:09Z\"\n{digest}    name: {}\n    urls:\n{urls}    version: {:?}\n",
        offer.name, offer.version
    )
}
