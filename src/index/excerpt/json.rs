//! An index that is JSON, entry by entry.

use super::{Pieces, Stop, own, window::Window};
use crate::{
    charts::yaml::{Node, Value},
    index::{Item, careful, json},
    problem::Problem,
};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    fmt,
    io::{self, BufReader, Read},
};

/// How far the document is read.
#[derive(Default)]
struct Progress {
    lines: Cell<usize>,
    bytes: Cell<usize>,
    /// Bytes that need not be held any more.
    forgotten: Cell<usize>,
    most: usize,
    stop: RefCell<Option<Stop>>,
}

/// Counts what is read, and stops where more would be held than may be.
struct Counted<'p, R> {
    document: R,
    progress: &'p Progress,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.document.read(buffer).inspect_err(|error| {
            let again = io::Error::new(error.kind(), error.to_string());
            self.progress.stop.replace(Some(Stop::Unread(again)));
        })?;
        let Progress { lines, bytes, forgotten, most, stop } = self.progress;
        lines.set(lines.get() + memchr::memchr_iter(b'\n', &buffer[..read]).count());
        bytes.set(bytes.get() + read);
        if bytes.get() - forgotten.get() > *most || u32::try_from(bytes.get()).is_err() {
            stop.replace(Some(Stop::TooMuch));
            return Err(io::Error::other("too much of it would have to be held"));
        }
        Ok(read)
    }
}

/// Reads the rest of the window, which is all of the document.
pub(super) fn read<R: Read>(pieces: &mut Pieces<'_>, window: &mut Window<R>) -> Result<(), Stop> {
    let progress = Progress { lines: Cell::new(1), most: pieces.most, ..Progress::default() };
    let document = Counted { document: BufReader::new(window.rest()), progress: &progress };
    let mut json = serde_json::Deserializer::from_reader(document);
    let mut reading = Reading { pieces, progress: &progress, rest: vec![], seen: HashSet::new() };
    let read = Top(&mut reading).deserialize(&mut json).and_then(|()| json.end());
    if read.is_err() {
        return Err(progress.stop.take().unwrap_or(Stop::Unsure));
    }
    let top = Node { line: 1, value: Value::Map(reading.rest) };
    careful::index(&top, careful::Strict(false)).map(|_| ()).map_err(|_| Stop::Unsure)
}

struct Reading<'r, 'n> {
    pieces: &'r mut Pieces<'n>,
    progress: &'r Progress,
    /// The keys beside `entries`.
    rest: Vec<(Node, Node)>,
    seen: HashSet<String>,
}

impl Reading<'_, '_> {
    /// In which line the value began that was just read.
    fn line_of(&self, raw: &RawValue) -> usize {
        self.progress.lines.get() - memchr::memchr_iter(b'\n', raw.get().as_bytes()).count()
    }
}

/// The document.
struct Top<'t, 'r, 'n>(&'t mut Reading<'r, 'n>);
/// The value of `entries`.
struct Charts<'t, 'r, 'n>(&'t mut Reading<'r, 'n>);
/// The entries of the chart of this name.
struct List<'t, 'r, 'n>(&'t mut Reading<'r, 'n>, &'t str);

impl<'de> DeserializeSeed<'de> for Top<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_, '_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if !self.0.seen.insert(key.to_ascii_lowercase()) {
                return Err(A::Error::custom("a key is there twice"));
            }
            if key.eq_ignore_ascii_case("entries") {
                map.next_value_seed(Charts(self.0))?;
            } else {
                let raw: Box<RawValue> = map.next_value()?;
                let value = json::node(&raw, 1).map_err(refused)?;
                self.0.rest.push((Node { line: 1, value: Value::Text(key) }, value));
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Charts<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Charts<'_, '_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or null")
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            self.0.pieces.see(&name).map_err(|_| A::Error::custom("a chart is there twice"))?;
            map.next_value_seed(List(self.0, &name))?;
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for List<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or null")
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.keep(Vec::new());
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let is_wanted = self.0.pieces.names.contains(self.1);
        let mut items = Vec::new();
        while let Some(raw) = list.next_element::<Box<RawValue>>()? {
            let line = self.0.line_of(&raw);
            let node = json::node(&raw, line).map_err(refused)?;
            let read = careful::entry(&node, careful::Strict(false)).map_err(refused)?;
            if is_wanted {
                items.push(own(&read.item, &[], 0));
            } else {
                let forgotten = &self.0.progress.forgotten;
                forgotten.set(forgotten.get() + raw.get().len());
            }
        }
        self.keep(items);
        Ok(())
    }
}

impl List<'_, '_, '_> {
    fn keep(self, items: Vec<Item>) {
        if self.0.pieces.names.contains(self.1) {
            self.0.pieces.kept.push(self.1, items.into_iter());
        }
    }
}

fn refused<E: Error>(problem: Problem) -> E {
    E::custom(problem.what)
}
