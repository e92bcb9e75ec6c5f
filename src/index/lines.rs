//! A cursor over the lines of an index.yaml that reads the scalars Helm writes, and gives up on every other layout.
//!
//! It is sound, not complete: what it accepts is what a YAML 1.1 reader would have said; where it cannot be certain it
//! says [`Unsure`], and that piece of the document goes to the real YAML reader.

mod scalars;

pub(super) use scalars::{Scalar, reads_as_string};

use memchr::memchr;
use std::ops::Range;

/// The layout is not one that the line reader knows: ask the YAML reader.
#[derive(Debug)]
pub(super) struct Unsure;

/// A value that holds nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Nothing {
    /// From behind the colon to the end of the value; empty where nothing is written.
    pub value: Range<usize>,
    /// Behind the newline of its line.
    pub behind_line: usize,
}

/// The current line of a document, and how far it has been read.
#[derive(Clone)]
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    /// Whether lines must be searched for characters that a YAML reader treats specially.
    pub suspicious: bool,
    next: usize,
    end: usize,
    /// Where the current line begins.
    pub start: usize,
    /// The first byte of it that is not read yet and no space.
    pub at: usize,
    /// Its number, counted from 1.
    pub number: u32,
    /// No line is left.
    pub done: bool,
    /// Behind the newline of the last line that carries content: no blank and no comment line.
    pub content_end: usize,
    /// Behind the colon of the key that was read last.
    pub behind_key: usize,
    /// The content ends in a block scalar: a newline more would change its value.
    pub in_block: bool,
}

impl<'a> Lines<'a> {
    /// Begins at the first line. `from` is 3 behind a byte order mark, else 0.
    pub fn new(bytes: &'a [u8], from: usize) -> Self {
        let odd = |byte: u8| (byte < b' ' && byte != b'\n') | (byte >= 0x7f);
        let suspicious =
            bytes.chunks(4096).any(|chunk| chunk.iter().fold(false, |found, byte| found | odd(*byte)));
        let mut lines = Self {
            bytes,
            suspicious,
            next: from,
            end: from,
            start: from,
            at: from,
            number: 0,
            done: false,
            content_end: from,
            behind_key: from,
            in_block: false,
        };
        lines.advance();
        lines
    }

    /// Goes to the next line.
    pub fn advance(&mut self) {
        self.start = self.next;
        if self.next >= self.bytes.len() {
            self.done = true;
            self.at = self.start;
            self.end = self.start;
            return;
        }
        let rest = &self.bytes[self.next..];
        let length = memchr(b'\n', rest).unwrap_or(rest.len());
        self.end = self.start + length;
        self.next = (self.end + 1).min(self.bytes.len());
        if self.end > self.start && self.bytes[self.end - 1] == b'\r' && length < rest.len() {
            self.end -= 1;
        }
        self.number += 1;
        self.at = self.start;
        self.skip_spaces();
    }

    /// Goes to the next line; this one was content.
    pub fn take(&mut self) {
        self.content_end = self.next;
        self.in_block = false;
        self.advance();
    }

    /// Moves over spaces in the current line.
    pub fn skip_spaces(&mut self) {
        while self.at < self.end && self.bytes[self.at] == b' ' {
            self.at += 1;
        }
    }

    /// What is not read of the current line, without its line break.
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..self.end]
    }

    /// [`Lines::rest`] without spaces at its end.
    pub fn trimmed(&self) -> &'a [u8] {
        let mut rest = self.rest();
        while let [shorter @ .., b' '] = rest {
            rest = shorter;
        }
        rest
    }

    /// How many bytes of the line lie before the first unread one: its indentation, where it only held spaces.
    pub fn column(&self) -> usize {
        self.at - self.start
    }

    /// Nothing but spaces is left in the line.
    pub fn blank(&self) -> bool {
        self.at == self.end
    }

    /// Skips blank lines and comments between two nodes.
    pub fn skip_void(&mut self) -> Result<(), Unsure> {
        while !self.done && (self.blank() || self.bytes[self.at] == b'#') {
            self.check_line()?;
            self.advance();
        }
        Ok(())
    }

    /// Nothing but spaces and perhaps a comment is left in the line.
    pub fn void(&self) -> bool {
        self.blank()
            || (self.bytes[self.at] == b'#' && self.at > self.start && self.bytes[self.at - 1] == b' ')
    }

    /// Takes a value that stands for nothing (none at all, or one of these words), with a comment or without.
    pub fn take_nothing(&mut self, words: &[&[u8]]) -> Result<Option<Nothing>, Unsure> {
        self.check_line()?;
        let colon = self.behind_key;
        let word = words.iter().find(|word| self.rest().starts_with(word)).copied().unwrap_or_default();
        let before = self.at;
        self.at += word.len();
        let value = if word.is_empty() { colon..colon } else { colon..self.at };
        self.skip_spaces();
        if !self.void() {
            self.at = before;
            return Ok(None);
        }
        let nothing = Nothing { value, behind_line: self.next };
        self.take();
        Ok(Some(nothing))
    }

    /// Refuses what is left of the document where it holds what no YAML reader takes, or not every one.
    pub fn check_rest(&mut self) -> Result<(), Unsure> {
        while self.suspicious && !self.done {
            self.check_line()?;
            self.advance();
        }
        Ok(())
    }

    /// At `---` or `...`, where the document ends.
    pub fn at_marker(&self) -> bool {
        let rest = self.rest();
        self.column() == 0
            && (rest.starts_with(b"---") || rest.starts_with(b"..."))
            && matches!(rest.get(3), None | Some(b' ' | b'\t'))
    }

    /// At `- ` or a lone `-`: an item of a list.
    pub fn at_dash(&self) -> bool {
        matches!(self.rest(), [b'-'] | [b'-', b' ', ..])
    }

    /// Refuses a line with tabs, control characters, or line breaks that only YAML knows.
    pub fn check_line(&self) -> Result<(), Unsure> {
        if self.suspicious && special(&self.bytes[self.start..self.end]) { Err(Unsure) } else { Ok(()) }
    }

    /// Reads `key:` at the cursor and stops at its value.
    pub fn key(&mut self) -> Result<&'a [u8], Unsure> {
        self.check_line()?;
        let rest = self.rest();
        // A key is short: looking at its bytes one by one is faster than setting up a search.
        let colon = rest.iter().position(|byte| *byte == b':').ok_or(Unsure)?;
        if !matches!(rest.get(colon + 1), None | Some(b' ')) {
            return Err(Unsure);
        }
        self.at += colon + 1;
        self.behind_key = self.at;
        self.skip_spaces();
        Ok(&rest[..colon])
    }

    /// Reads `key: value` pairs at this column; `each` reads the value, which belongs to a node at the column.
    pub fn map(
        &mut self,
        column: usize,
        mut each: impl FnMut(&mut Self, &'a [u8]) -> Result<(), Unsure>,
    ) -> Result<(), Unsure> {
        loop {
            if self.done || self.column() < column {
                return Ok(());
            }
            if self.column() > column {
                return Err(Unsure);
            }
            let key = self.key()?;
            each(self, key)?;
            self.skip_void()?;
        }
    }

    /// Reads the items of the list that is the value of a key at column `base`; the cursor stands behind `key:`.
    pub fn list(
        &mut self,
        base: usize,
        mut each: impl FnMut(&mut Self, usize) -> Result<(), Unsure>,
    ) -> Result<(), Unsure> {
        if self.rest() == b"[]" {
            self.take();
            return Ok(());
        }
        if !self.void() {
            return Err(Unsure);
        }
        self.take();
        self.skip_void()?;
        if self.done || self.column() < base || !self.at_dash() {
            return Err(Unsure);
        }
        let column = self.column();
        loop {
            if self.done
                || self.column() < column
                || (column == base && self.column() == base && !self.at_dash())
            {
                return Ok(());
            }
            if self.column() > column || !self.at_dash() {
                return Err(Unsure);
            }
            self.check_line()?;
            self.at += 1;
            self.skip_spaces();
            if self.blank() {
                return Err(Unsure);
            }
            each(self, column)?;
            self.skip_void()?;
        }
    }
}

/// Tabs, control characters, and what YAML takes for a line break or refuses.
fn special(line: &[u8]) -> bool {
    line.iter().enumerate().any(|(at, &byte)| match byte {
        0..=0x1f | 0x7f => true,
        0xc2 => line.get(at + 1).is_some_and(|next| *next < 0xa0),
        0xe2 => matches!(line.get(at + 1..at + 3), Some([0x80, 0xa8 | 0xa9])),
        0xef => matches!(line.get(at + 1..at + 3), Some([0xbb, 0xbf] | [0xbf, 0xbe | 0xbf])),
        _ => false,
    })
}
