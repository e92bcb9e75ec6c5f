//! What GitHub's API answers, as far as this program reads it.

use crate::digest::Digest;
use serde::{Deserialize, Deserializer};

/// A release, or the draft of one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Release {
    /// Its number.
    pub id: u64,
    /// The git tag, which a draft only has in mind.
    #[serde(rename = "tag_name")]
    pub tag: String,
    /// The headline.
    #[serde(default, deserialize_with = "or_empty")]
    pub name: String,
    /// Only who may push sees it.
    pub draft: bool,
    /// It comes before a release.
    #[serde(default)]
    pub prerelease: bool,
    /// Nothing but its text can ever be changed.
    #[serde(default)]
    pub immutable: bool,
    /// The text.
    #[serde(default, deserialize_with = "or_empty")]
    pub body: String,
    /// The branch or commit that its tag is made at.
    #[serde(default, rename = "target_commitish", deserialize_with = "or_empty")]
    pub target: String,
    /// Where assets are uploaded, as a URI template.
    pub upload_url: String,
    /// Where people look at it.
    pub html_url: String,
    /// Its files.
    #[serde(default)]
    pub assets: Vec<Asset>,
}

/// A file of a release.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Asset {
    /// Its number.
    pub id: u64,
    /// The file's name.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// `uploaded`, or what an upload left that broke off.
    pub state: String,
    /// Of its bytes; older assets and servers have none.
    #[serde(default, deserialize_with = "digest")]
    pub digest: Option<Digest>,
    /// Where people download it; another one as long as the release is a draft.
    #[serde(rename = "browser_download_url")]
    pub download_url: String,
}

impl Release {
    /// The file of this name, however much of it was uploaded.
    pub fn asset(&self, name: &str) -> Option<&Asset> {
        self.assets.iter().find(|asset| asset.name == name)
    }
}

impl Asset {
    /// All of it is there.
    pub fn is_whole(&self) -> bool {
        self.state == "uploaded"
    }
}

/// A repository, and what we may do there.
#[derive(Clone, Debug, Deserialize)]
pub struct Repository {
    /// `owner/name`, as it is called now.
    #[serde(default)]
    pub full_name: String,
    /// What the person may do whose token it is; nothing where it is no person's, as in a workflow.
    #[serde(default)]
    pub permissions: Permissions,
    /// Nobody can write.
    #[serde(default)]
    pub archived: bool,
}

/// What we may do.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Permissions {
    /// Write.
    #[serde(default)]
    pub push: bool,
}

/// The notes that GitHub writes for a release.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Notes {
    pub(super) body: String,
}

/// A git reference by its whole name, `refs/…`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Named {
    #[serde(rename = "ref")]
    pub(super) name: String,
}

/// What a git reference or an annotated tag points to.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Pointing {
    pub(super) object: Object,
}

/// An object of git.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Object {
    pub(super) sha: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

/// Why something was not done.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Explanation {
    #[serde(default)]
    pub(super) message: String,
    #[serde(default)]
    pub(super) errors: Vec<serde_json::Value>,
}

fn or_empty<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

fn digest<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Digest>, D::Error> {
    let text: Option<String> = Option::deserialize(from)?;
    Ok(text.filter(|text| text.starts_with("sha256:")).and_then(|text| Digest::parse(&text)))
}
