//! The `index.yaml` of a classic chart repository: read as Helm reads it, added to without changing what is there.
//!
//! An index may hold tens of thousands of entries that other tools wrote. It is scanned line by line over its bytes;
//! only what that scan does not know goes through the YAML reader. New entries are spliced into the text, so that the
//! old ones keep their bytes and the difference of a release is the lines it adds.

mod careful;
mod entry;
mod excerpt;
mod json;
mod lines;
mod scan;
mod splice;
mod text;
mod time;

use crate::{charts::Metadata, digest::Digest, problem::Problem};
use bytes::Bytes;
pub use excerpt::Excerpt;
use lines::Nothing;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::{collections::HashMap, ops::Range};

/// The name of the file, in problems and in channels.
pub const FILE: &str = "index.yaml";

/// An index.yaml and what stands in it.
#[derive(Clone, Debug)]
pub struct Index {
    bytes: Bytes,
    layout: Layout,
    charts: Vec<Chart>,
    items: Vec<Item>,
    by_name: HashMap<Box<str>, usize>,
    notices: Vec<Problem>,
}

/// What the index says about one chart version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The version, as it is written.
    pub version: &'a str,
    /// Of the package; `None` where the entry has none, or something else than a sha256.
    pub digest: Option<Digest>,
    /// The first of its `urls`, the one that Helm follows; perhaps relative to the index.
    pub url: Option<&'a str>,
    /// The time it was published, in seconds since 1970.
    pub created: Option<i64>,
    /// Where the entry begins, counted from 1; 1 where the layout does not tell.
    pub line: usize,
}

/// A chart version to add.
#[derive(Clone, Debug)]
pub struct NewEntry<'a> {
    /// What the package's Chart.yaml says.
    pub metadata: &'a Metadata,
    /// Where the package is; Helm follows the first one.
    pub urls: Vec<String>,
    /// The time it is published under, in seconds since 1970.
    pub created: i64,
    /// Of the package.
    pub digest: Digest,
}

/// How the text is laid out, as far as splicing needs it.
#[derive(Clone, Debug)]
enum Layout {
    /// Block YAML: places of lines are known.
    Block(Block),
    /// JSON: Helm reads it, and places of values are known.
    Json(json::Places),
    /// YAML that only the YAML reader understands.
    Other,
}

#[derive(Clone, Debug, Default)]
struct Block {
    crlf: bool,
    entries: Entries,
    /// The value of `generated`, quotes included.
    generated: Option<Range<usize>>,
    generated_at: Option<i64>,
}

/// The `entries` key.
#[derive(Clone, Debug)]
enum Entries {
    /// There is none; it would go to this place.
    Absent(usize),
    /// It holds nothing: `entries:`, `entries: {}`.
    Empty(Nothing),
    /// Charts at this column.
    Charts(usize),
}

#[derive(Clone, Debug)]
struct Chart {
    name: Box<str>,
    /// Where the line of its key begins.
    start: usize,
    /// Behind its last line.
    end: End,
    items: Range<usize>,
    list: List,
}

#[derive(Clone, Debug)]
enum List {
    /// Items whose dashes stand at this column.
    Block(usize),
    /// `[]`, `null` or nothing.
    Empty(Nothing),
    /// In a layout that nothing can be added to.
    Other,
}

/// The place behind a node.
#[derive(Clone, Copy, Debug)]
struct End {
    at: usize,
    /// One newline more at its end could change what it says.
    open: bool,
}

/// One item of a chart's list.
#[derive(Clone, Debug)]
struct Item {
    start: usize,
    end: End,
    line: u32,
    version: Text,
    digest: Option<Text>,
    url: Option<Text>,
    created: Option<i64>,
    /// Helm leaves it out.
    skipped: bool,
}

/// A string of the document.
#[derive(Clone, Debug)]
enum Text {
    /// These bytes of it.
    At(u32, u32),
    /// It is written in another way than it reads.
    Own(Box<str>),
}

/// What would be read as something else in a relative URL. `+` is left alone, as Helm leaves it.
const SPECIAL: &AsciiSet = &CONTROLS.add(b'%').add(b':').add(b'?').add(b'#').add(b'\\');

/// The URL of a file that lies beside the index.
pub fn relative_url(file: &str) -> String {
    utf8_percent_encode(file, SPECIAL).to_string()
}

impl Index {
    /// Reads an index.
    ///
    /// # Errors
    ///
    /// What Helm cannot load, with the line: an unknown or repeated key, a number where Helm wants a string, a missing
    /// `apiVersion`, a `created` that is no time. Entries that Helm leaves out with a warning are [`Index::notices`].
    pub fn scan(bytes: impl Into<Bytes>) -> Result<Self, Problem> {
        scan::index(bytes.into())
    }

    /// The index of a repository that has none yet: no entries, and nothing that depends on the time.
    pub fn empty() -> Self {
        let block =
            Block { entries: Entries::Empty(Nothing { value: 23..26, behind_line: 27 }), ..Block::default() };
        Self::new(
            Bytes::from_static(b"apiVersion: v1\nentries: {}\n"),
            Layout::Block(block),
            vec![],
            vec![],
            vec![],
        )
    }

    fn new(
        bytes: Bytes,
        layout: Layout,
        charts: Vec<Chart>,
        items: Vec<Item>,
        mut notices: Vec<Problem>,
    ) -> Self {
        let by_name = charts.iter().enumerate().map(|(at, chart)| (chart.name.clone(), at)).collect();
        let mut index = Self { bytes, layout, charts, items, by_name, notices: vec![] };
        notices.extend(index.repeated());
        index.notices = notices;
        index
    }

    /// The document.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What is odd in it without stopping Helm: entries that Helm leaves out, versions that are there twice.
    pub fn notices(&self) -> &[Problem] {
        &self.notices
    }

    /// The entry of this very version (`1.0.0` is neither `v1.0.0` nor `1.0.0+x`); of two, the first, as in Helm.
    pub fn get(&self, name: &str, version: &str) -> Option<Entry<'_>> {
        self.versions(name).find(|entry| entry.version == version)
    }

    /// The entries of a chart in the order of the document, without those that Helm leaves out.
    pub fn versions(&self, name: &str) -> impl Iterator<Item = Entry<'_>> {
        let items = self.by_name.get(name).map_or(0..0, |at| self.charts[*at].items.clone());
        self.items[items].iter().filter(|item| !item.skipped).map(|item| Entry {
            version: self.text(&item.version),
            digest: item.digest.as_ref().and_then(|text| Digest::parse(self.text(text))),
            url: item.url.as_ref().map(|text| self.text(text)),
            created: item.created,
            line: item.line as usize,
        })
    }

    /// The names of the charts, in the order of the document.
    pub fn charts(&self) -> impl Iterator<Item = &str> {
        self.charts.iter().map(|chart| &*chart.name)
    }

    /// Whether entries of the chart of this name can be added: there are layouts that Helm reads, and in which that would
    /// change old lines.
    ///
    /// # Errors
    ///
    /// What [`Index::with`] would refuse, whatever the entry.
    pub fn can_take(&self, name: &str) -> Result<(), Problem> {
        splice::can_take(self, name)
    }

    /// The document with these entries added and `generated`, where it has one, set to this time (seconds since 1970)
    /// unless it is later already. Every other old byte stays.
    ///
    /// Each entry goes to its place in the descending order of versions, a new chart to its place in Helm's order of
    /// keys, in the layout of what is around it. The caller passes as time the newest `created`, because nothing here
    /// knows a clock.
    ///
    /// # Errors
    ///
    /// An entry that is there already, and a layout in which nothing can be added without rewriting old lines.
    pub fn with(&self, new: &[NewEntry<'_>], generated: i64) -> Result<Bytes, Problem> {
        splice::with(self, new, generated)
    }

    /// The index that [`Index::with`] makes, read again: readers must never see one that lost what it should have gained.
    ///
    /// # Errors
    ///
    /// Those of [`Index::with`], and an entry that does not read back.
    pub fn extended(&self, new: &[NewEntry<'_>], generated: i64) -> Result<Self, Problem> {
        let index = Self::scan(self.with(new, generated)?)?;
        for entry in new {
            let there = index.get(&entry.metadata.name, &entry.metadata.version);
            if there.and_then(|there| there.digest) != Some(entry.digest) {
                let is = entry.metadata.chart_version();
                return Err(Problem::new(format!("the entry of {is} does not read back from the new index"))
                    .in_file(FILE)
                    .next("please report it, with the index as it is"));
            }
        }
        Ok(index)
    }

    fn text<'a>(&'a self, text: &'a Text) -> &'a str {
        text.within(&self.bytes)
    }

    /// Versions that a chart has more than once.
    fn repeated(&self) -> Vec<Problem> {
        let mut notices = Vec::new();
        for chart in &self.charts {
            let items = self.items[chart.items.clone()].iter().filter(|item| !item.skipped);
            let mut items: Vec<_> = items.map(|item| (self.text(&item.version), item.line)).collect();
            items.sort_unstable();
            for pair in items.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
                let what = format!("{}@{} is there twice: Helm takes the first", chart.name, pair[0].0);
                notices.push(Problem::new(what).at(FILE, pair[1].1 as usize));
            }
        }
        notices
    }
}

impl Entries {
    /// Whether the key is there, holds nothing, and ends its line here.
    fn is_empty_before(&self, place: usize) -> bool {
        matches!(self, Self::Empty(nothing) if nothing.value.is_empty() && nothing.behind_line == place)
    }
}

impl Default for Entries {
    fn default() -> Self {
        Self::Absent(0)
    }
}

impl Text {
    fn within<'a>(&'a self, document: &'a [u8]) -> &'a str {
        match self {
            Self::Own(text) => text,
            Self::At(start, length) => {
                let start = *start as usize;
                std::str::from_utf8(&document[start..start + *length as usize]).unwrap_or_default()
            }
        }
    }
}

impl From<Range<usize>> for Text {
    /// The document is below 4 GiB: `scan` refuses a longer one.
    fn from(range: Range<usize>) -> Self {
        #[expect(clippy::cast_possible_truncation)]
        Self::At(range.start as u32, range.len() as u32)
    }
}

#[cfg(test)]
mod tests;
