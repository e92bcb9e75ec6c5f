//! The line in a release's text that says the release is ours, and of what: people do not see it.

use crate::{
    charts::ChartVersion,
    digest::Digest,
    holdings::{Record, Unfinished},
};
use serde_json::{Value, json};

const BEGIN: &str = "<!-- chart-release:";
const END: &str = "-->";

/// What a draft or release of ours says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The chart version.
    pub is: ChartVersion,
    /// The package that was meant. A claim: what counts is the asset.
    pub package: Digest,
    /// The chart's folder in the repository, with `/`.
    pub path: String,
    /// The commit that was packaged, in hex.
    pub commit: Option<String>,
    /// The commit that its artifacts name as their source, in hex.
    pub revision: Option<String>,
    /// The time it is published under, in seconds since 1970.
    pub created: i64,
}

impl Mark {
    /// The mark of what is published.
    pub fn of(record: &Record) -> Self {
        Self {
            is: record.is.clone(),
            package: record.package.digest,
            path: record.path.clone(),
            commit: record.commit.clone(),
            revision: record.revision.clone(),
            created: record.created,
        }
    }

    /// The line: an HTML comment.
    pub fn line(&self) -> String {
        let said = json!({
            "name": self.is.name,
            "version": self.is.version,
            "package": self.package,
            "path": self.path,
            "commit": self.commit,
            "revision": self.revision,
            "created": self.created,
        });
        // Nothing in it can end the comment, or begin another.
        let said = said.to_string().replace('<', "\\u003c").replace('>', "\\u003e");
        format!("{BEGIN} {said} {END}")
    }

    /// The last mark of a text, however the text around it was edited. One that does not read is none.
    pub fn find(text: &str) -> Option<Self> {
        let lines = text.lines().rev().filter_map(|line| {
            let line = line.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
            serde_json::from_str::<Value>(line.trim()).ok()
        });
        lines.filter_map(|said| Self::read(&said)).next()
    }

    /// Whether somebody could take this line for a mark.
    pub(super) fn resembles(line: &str) -> bool {
        line.contains(BEGIN)
    }

    fn read(said: &Value) -> Option<Self> {
        let text = |key: &str| said[key].as_str().filter(|text| !text.is_empty());
        let name = |key: &str| text(key).filter(|text| !text.contains(['/', '\\']));
        let commit = |key: &str| match &said[key] {
            Value::Null => Some(None),
            Value::String(hex) if is_commit(hex) => Some(Some(hex.clone())),
            _ => None,
        };
        Some(Self {
            is: ChartVersion::new(name("name")?, name("version")?),
            package: text("package").and_then(Digest::parse)?,
            path: said["path"].as_str().filter(|path| is_inside(path))?.to_owned(),
            commit: commit("commit")?,
            revision: commit("revision")?,
            created: said["created"].as_i64()?,
        })
    }

    /// What it says was begun.
    pub fn unfinished(self, published: bool) -> Unfinished {
        Unfinished {
            is: self.is,
            path: self.path,
            commit: self.commit,
            revision: self.revision,
            created: self.created,
            published,
        }
    }
}

/// Whoever may edit a release must not lead this program out of the repository.
fn is_inside(path: &str) -> bool {
    !path.starts_with('/') && path.split(['/', '\\']).all(|part| part != "..")
}

fn is_commit(hex: &str) -> bool {
    matches!(hex.len(), 40 | 64) && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::release) fn mark() -> Mark {
        Mark {
            is: ChartVersion::new("demo", "1.0.0+build"),
            package: Digest::of(b"package"),
            path: "charts/demo".into(),
            commit: Some("a".repeat(40)),
            revision: None,
            created: 1_700_000_000,
        }
    }

    #[test]
    fn a_mark_survives_what_people_do_to_the_text_around_it() {
        let mark = mark();
        let text = format!("Edited by hand\r\n  {}  \r\nand *below*\r\n", mark.line());
        assert_eq!(Mark::find(&text), Some(mark));
    }

    #[test]
    fn nothing_in_a_mark_ends_its_comment() {
        let mark = Mark { path: "charts/--> <!-- \"x\\\n\u{2028}--!>".into(), ..mark() };
        let line = mark.line();
        assert_eq!(line.matches('>').count(), 1);
        assert_eq!(line.matches('<').count(), 1);
        assert_eq!(line.lines().count(), 1);
        assert_eq!(Mark::find(&line), Some(mark));
    }

    #[test]
    fn what_does_not_read_is_no_mark() {
        let line = mark().line();
        for other in [
            String::new(),
            "<!-- chart-release: -->".into(),
            "<!-- chart-release: {} -->".into(),
            line.replace("chart-release", "other-program"),
            line.replace("sha256:", "md5:"),
            line.replace(&"a".repeat(40), "--upload-pack=x"),
            line.replace("1700000000", "\"yesterday\""),
            line.replace("charts/demo", "../elsewhere"),
            line.replace("charts/demo", "/etc"),
            line.replace("-->", ""),
        ] {
            assert_eq!(Mark::find(&other), None, "{other}");
        }
    }
}
