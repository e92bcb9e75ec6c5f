//! What an index says of some charts, read without holding the document.
//!
//! It is read piece by piece: each entry of every chart is looked at by the reader that looks at it when the whole is
//! scanned, and forgotten where nobody asked for its chart. All that stands around the charts is kept and scanned as a
//! document of its own, which has to be one that the line reader is certain of. What cannot be cut into pieces with
//! certainty is read as a whole, where it is not too large for that; so an answer is always the one that
//! [`Index::scan`] would give.

mod json;
mod window;

use super::{
    Chart, End, Entries, Entry, FILE, Index, Item, Layout, List, Text,
    lines::{Lines, Unsure},
    scan::{self, Found},
};
use crate::problem::Problem;
use bytes::Bytes;
use std::{
    collections::{BTreeSet, HashSet},
    io::{self, Read, Seek, SeekFrom},
};
use window::{Line, Window};

/// What an index says of the charts that were asked for.
#[derive(Clone, Debug)]
pub struct Excerpt {
    index: Index,
}

/// Why the document is not read piece by piece.
#[derive(Debug)]
enum Stop {
    /// From here on, nothing is certain: the whole has to be read.
    Unsure,
    /// More would have to be held than the caller allows.
    TooMuch,
    Unread(io::Error),
}

impl Excerpt {
    /// Reads what the index says of the charts of these names, and holds that only: memory grows with what is asked
    /// for, the largest single entry and the names of the charts, not with the document. A layout that cannot be cut
    /// into entries with certainty is read as a whole.
    ///
    /// `most` is how many bytes of the document may be held at once.
    ///
    /// # Errors
    ///
    /// Those of [`Index::scan`], about whatever chart: Helm loads an index, or it does not. A document that cannot be
    /// read without holding more than `most`, and one that cannot be read at all.
    pub fn read(
        mut document: impl Read + Seek,
        names: &BTreeSet<&str>,
        most: usize,
    ) -> Result<Self, Problem> {
        document.seek(SeekFrom::Start(0)).map_err(|error| unread(&error))?;
        let mut window = Window::new(&mut document, most);
        let mut pieces = Pieces::new(names, most);
        let read = match window.begins_with_brace() {
            Ok(true) => json::read(&mut pieces, &mut window),
            Ok(false) => pieces.read(&mut window),
            Err(stop) => Err(stop),
        };
        let line = window.lines_above();
        match read {
            Ok(()) => Ok(Self { index: pieces.kept.index() }),
            Err(Stop::Unsure) => whole(document, names, most, line),
            Err(Stop::TooMuch) => Err(too_much(most, line)),
            Err(Stop::Unread(error)) => Err(unread(&error)),
        }
    }

    /// The entry of this very version (`1.0.0` is neither `v1.0.0` nor `1.0.0+x`); of two, the first, as in Helm.
    pub fn get(&self, name: &str, version: &str) -> Option<Entry<'_>> {
        self.index.get(name, version)
    }

    /// The entries of a chart that was asked for, in the order of the document, without those that Helm leaves out.
    pub fn versions(&self, name: &str) -> impl Iterator<Item = Entry<'_>> {
        self.index.versions(name)
    }

    /// The names of the charts that were asked for and are there, in the order of the document.
    pub fn charts(&self) -> impl Iterator<Item = &str> {
        self.index.charts()
    }
}

/// Reads the document from its start, all of it; at this line it was that pieces could not be cut.
fn whole(
    mut document: impl Read + Seek,
    names: &BTreeSet<&str>,
    most: usize,
    line: usize,
) -> Result<Excerpt, Problem> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    document
        .seek(SeekFrom::Start(0))
        .and_then(|_| document.by_ref().take(limit).read_to_end(&mut bytes))
        .map_err(|error| unread(&error))?;
    if document.read(&mut [0]).map_err(|error| unread(&error))? > 0 {
        return Err(too_much(most, line));
    }
    let index = Index::scan(bytes)?;
    let mut kept = Kept::default();
    for chart in index.charts.iter().filter(|chart| names.contains(&*chart.name)) {
        let of_it = index.items[chart.items.clone()].iter();
        kept.push(&chart.name, of_it.map(|item| own(item, &index.bytes, 0)));
    }
    Ok(Excerpt { index: kept.index() })
}

fn too_much(most: usize, line: usize) -> Problem {
    let what = format!("it cannot be read entry by entry, and more than {most} bytes of it may not be held");
    Problem::new(what)
        .at(FILE, line.max(1))
        .next("ask who publishes this index to write it as `helm repo index` does")
}

fn unread(error: &io::Error) -> Problem {
    Problem::new(format!("this index cannot be read: {error}")).in_file(FILE)
}

impl From<Unsure> for Stop {
    fn from(Unsure: Unsure) -> Self {
        Self::Unsure
    }
}

/// What is kept of the document: texts of their own.
#[derive(Default)]
struct Kept {
    charts: Vec<Chart>,
    items: Vec<Item>,
}

impl Kept {
    fn push(&mut self, name: &str, items: impl Iterator<Item = Item>) {
        let first = self.items.len();
        self.items.extend(items);
        self.charts.push(Chart {
            name: name.into(),
            start: 0,
            end: End { at: 0, open: false },
            items: first..self.items.len(),
            list: List::Other,
        });
    }

    fn index(self) -> Index {
        Index::new(Bytes::new(), Layout::Other, self.charts, self.items, vec![])
    }
}

/// The same item with texts of its own, of a document with that many lines above it.
fn own(item: &Item, document: &[u8], above: usize) -> Item {
    let own = |text: &Text| Text::Own(text.within(document).into());
    Item {
        start: 0,
        end: End { at: 0, open: false },
        line: item.line.saturating_add(u32::try_from(above).unwrap_or(u32::MAX)),
        version: own(&item.version),
        digest: item.digest.as_ref().map(own),
        url: item.url.as_ref().map(own),
        created: item.created,
        skipped: item.skipped,
    }
}

/// A document that is read piece by piece.
struct Pieces<'n> {
    names: &'n BTreeSet<&'n str>,
    most: usize,
    /// How many bytes of the document are held.
    held: usize,
    /// The names of all charts: none comes twice.
    seen: HashSet<Box<str>>,
    kept: Kept,
    /// What stands around the charts.
    frame: String,
}

impl<'n> Pieces<'n> {
    fn new(names: &'n BTreeSet<&'n str>, most: usize) -> Self {
        Self { names, most, held: 0, seen: HashSet::new(), kept: Kept::default(), frame: String::new() }
    }

    fn read<R: Read>(&mut self, window: &mut Window<R>) -> Result<(), Stop> {
        window.skip_mark()?;
        let mut charts_at = None;
        let mut begun = false;
        while let Some(line) = window.peek()? {
            // Behind the end of the document, nothing is looked at.
            if begun && line.is_marker {
                break;
            }
            begun |= !line.is_void;
            let piece = window.take(|_| false)?;
            let is_entries = piece.starts_with("entries:");
            self.frame(piece)?;
            if is_entries {
                charts_at = Some(self.frame.len());
                self.charts(window)?;
                break;
            }
        }
        while window.peek()?.is_some() {
            self.frame(window.take(|_| false)?)?;
        }
        let frame = scan::index(std::mem::take(&mut self.frame).into()).map_err(|_| Stop::Unsure)?;
        let Layout::Block(block) = frame.layout else { return Err(Stop::Unsure) };
        // The line reader has to say too that the charts were cut out between two keys of the document.
        let is_certain = match charts_at {
            Some(place) => block.entries.is_empty_before(place),
            None => !matches!(block.entries, Entries::Charts(_)),
        };
        if is_certain { Ok(()) } else { Err(Stop::Unsure) }
    }

    fn frame(&mut self, piece: &str) -> Result<(), Stop> {
        self.hold(piece.len())?;
        self.frame.push_str(piece);
        Ok(())
    }

    fn hold(&mut self, bytes: usize) -> Result<(), Stop> {
        self.held += bytes;
        if self.held > self.most { Err(Stop::TooMuch) } else { Ok(()) }
    }

    /// The name of a chart, which comes once.
    fn see(&mut self, name: &str) -> Result<(), Stop> {
        self.hold(name.len())?;
        if self.seen.insert(name.into()) { Ok(()) } else { Err(Stop::Unsure) }
    }

    /// The charts behind the line of `entries`; stops at the next key of the document.
    fn charts<R: Read>(&mut self, window: &mut Window<R>) -> Result<(), Stop> {
        let Some(first) = beyond_void(window)? else { return Ok(()) };
        while let Some(line) = beyond_void(window)? {
            if line.column == 0 {
                return Ok(());
            }
            if line.column != first.column {
                return Err(Stop::Unsure);
            }
            self.chart(window, first.column)?;
        }
        Ok(())
    }

    /// The chart whose key stands at this column.
    fn chart<R: Read>(&mut self, window: &mut Window<R>, column: usize) -> Result<(), Stop> {
        let key = window.take(|_| false)?;
        let mut lines = Lines::new(key.as_bytes(), 0);
        let name = scan::chart_name(lines.key()?)?;
        let nothing = lines.take_nothing(&[b"[]", b"null", b"~"])?.ok_or(Unsure)?;
        self.see(&name)?;
        let mut items = Vec::new();
        if nothing.value.is_empty()
            && let Some(first) = beyond_void(window)?
            && (first.column > column || (first.column == column && first.is_dash))
        {
            let is_wanted = self.names.contains(&*name);
            let dash = first.column;
            while let Some(line) = beyond_void(window)? {
                if line.column < dash || (line.column == column && !line.is_dash) {
                    break;
                }
                if line.column > dash || !line.is_dash {
                    return Err(Stop::Unsure);
                }
                let item = self.item(window, dash, is_wanted)?;
                items.extend(item);
            }
        }
        if self.names.contains(&*name) {
            self.kept.push(&name, items.into_iter());
        }
        Ok(())
    }

    /// The item whose dash stands at this column, where its chart is wanted.
    fn item<R: Read>(
        &mut self,
        window: &mut Window<R>,
        dash: usize,
        is_wanted: bool,
    ) -> Result<Option<Item>, Stop> {
        let above = window.lines_above();
        let text = window.take(|line| line.is_void || line.column > dash)?;
        let item = Found::default().item(&mut Lines::new(text.as_bytes(), 0), text, dash)?;
        if !is_wanted {
            return Ok(None);
        }
        let item = own(&item, text.as_bytes(), above);
        self.hold(text.len())?;
        Ok(Some(item))
    }
}

/// Skips blank lines and comments, and tells the line behind them.
fn beyond_void<R: Read>(window: &mut Window<R>) -> Result<Option<Line>, Stop> {
    while let Some(line) = window.peek()? {
        if !line.is_void {
            return Ok(Some(line));
        }
        Lines::new(window.take(|_| false)?.as_bytes(), 0).skip_void()?;
    }
    Ok(None)
}
