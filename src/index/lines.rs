//! A cursor over the lines of an index.yaml that reads the scalars Helm writes, and gives up on every other layout.
//!
//! It is sound, not complete: what it accepts is what a YAML 1.1 reader would have said; where it cannot be certain it
//! says [`Unsure`], and that piece of the document goes to the real YAML reader.

use crate::charts::yaml;
use memchr::{memchr, memchr2, memchr2_iter};
use std::ops::Range;

/// The layout is not one that the line reader knows: ask the YAML reader.
#[derive(Debug)]
pub(super) struct Unsure;

/// A string scalar.
#[derive(Debug)]
pub(super) enum Scalar {
    /// These bytes of the document, as they are.
    Verbatim(Range<usize>),
    /// Escaped, folded or a block: certainly a string, but its text is not a slice of the document.
    Composed,
}

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

    /// Reads a string that belongs to a node at column `base`, and stops at the line behind it.
    pub fn string(&mut self, base: usize) -> Result<Scalar, Unsure> {
        match self.rest().first() {
            Some(b'"') => self.double_quoted(base),
            Some(b'\'') => self.single_quoted(base),
            Some(b'|' | b'>') => self.block(base),
            Some(_) => self.plain(base),
            None => Err(Unsure),
        }
    }

    fn plain(&mut self, base: usize) -> Result<Scalar, Unsure> {
        let text = self.trimmed();
        let opens = match text {
            [b'-', second, ..] => *second != b' ',
            [first, ..] => first.is_ascii_alphanumeric() || *first >= 0x80 || b"/._(<~^+=$;".contains(first),
            [] => false,
        };
        if !opens || structured(text) {
            return Err(Unsure);
        }
        let range = self.at..self.at + text.len();
        self.take();
        let mut lines = 1;
        loop {
            while !self.done && self.blank() {
                self.advance();
            }
            if self.done || self.column() <= base {
                break;
            }
            self.check_line()?;
            if self.rest().starts_with(b"#") || structured(self.trimmed()) {
                return Err(Unsure);
            }
            lines += 1;
            self.take();
        }
        if lines > 1 {
            return Ok(Scalar::Composed);
        }
        if reads_as_string(text)? { Ok(Scalar::Verbatim(range)) } else { Err(Unsure) }
    }

    fn double_quoted(&mut self, base: usize) -> Result<Scalar, Unsure> {
        let open = self.at + 1;
        let mut from = open;
        let mut verbatim = true;
        loop {
            match memchr2(b'"', b'\\', &self.bytes[from..self.end]) {
                None => {
                    verbatim = false;
                    self.continue_quoted(base)?;
                    from = self.at;
                }
                Some(found) if self.bytes[from + found] == b'\\' => {
                    verbatim = false;
                    from += found + escape_length(&self.bytes[from + found..self.end])?;
                }
                Some(found) => return self.close_quoted(open..from + found, verbatim),
            }
        }
    }

    fn single_quoted(&mut self, base: usize) -> Result<Scalar, Unsure> {
        let open = self.at + 1;
        let mut from = open;
        let mut verbatim = true;
        loop {
            match memchr(b'\'', &self.bytes[from..self.end]) {
                None => {
                    verbatim = false;
                    self.continue_quoted(base)?;
                    from = self.at;
                }
                Some(found) if self.bytes[from + found + 1..self.end].first() == Some(&b'\'') => {
                    verbatim = false;
                    from += found + 2;
                }
                Some(found) => return self.close_quoted(open..from + found, verbatim),
            }
        }
    }

    fn continue_quoted(&mut self, base: usize) -> Result<(), Unsure> {
        self.take();
        while !self.done && self.blank() {
            self.advance();
        }
        if self.done || self.column() <= base {
            return Err(Unsure);
        }
        self.check_line()
    }

    fn close_quoted(&mut self, text: Range<usize>, verbatim: bool) -> Result<Scalar, Unsure> {
        self.at = text.end + 1;
        self.skip_spaces();
        if !self.blank() {
            return Err(Unsure);
        }
        self.take();
        Ok(if verbatim { Scalar::Verbatim(text) } else { Scalar::Composed })
    }

    fn block(&mut self, base: usize) -> Result<Scalar, Unsure> {
        let (keep, explicit) = match &self.trimmed()[1..] {
            [] | [b'-'] => (false, None),
            [b'+'] => (true, None),
            [digit @ b'1'..=b'9'] | [digit @ b'1'..=b'9', b'-'] | [b'-', digit @ b'1'..=b'9'] => {
                (false, Some(*digit))
            }
            [digit @ b'1'..=b'9', b'+'] | [b'+', digit @ b'1'..=b'9'] => (true, Some(*digit)),
            _ => return Err(Unsure),
        };
        let mut indent = explicit.map(|digit| base + usize::from(digit - b'0'));
        // The blank lines before the first line of text take part in finding the indentation.
        let mut widest_blank = 0;
        self.take();
        while !self.done {
            if self.blank() {
                match indent {
                    // Spaces beyond the indentation are text.
                    Some(indent) if self.column() > indent => {
                        self.check_line()?;
                        self.take();
                    }
                    _ if keep => self.take(),
                    known => {
                        if known.is_none() {
                            widest_blank = widest_blank.max(self.column());
                        }
                        self.advance();
                    }
                }
                continue;
            }
            let column = self.column();
            if column <= base {
                break;
            }
            let indent = *indent.get_or_insert(column);
            if widest_blank > indent {
                return Err(Unsure);
            }
            if column < indent {
                break;
            }
            self.check_line()?;
            self.take();
        }
        self.in_block = true;
        Ok(Scalar::Composed)
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

/// Holds `: `, ` #` or a colon at its end: more than one plain scalar.
fn structured(text: &[u8]) -> bool {
    memchr2_iter(b':', b'#', text).any(|at| match text[at] {
        b':' => matches!(text.get(at + 1), None | Some(b' ')),
        _ => at > 0 && text[at - 1] == b' ',
    })
}

/// Whether YAML 1.1 takes this plain scalar for a string (a timestamp counts as one: Helm's reader keeps its text).
pub(super) fn reads_as_string(text: &[u8]) -> Result<bool, Unsure> {
    let certain = match text {
        [b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O', ..] => text.len() > 5,
        [first, ..] if first.is_ascii_alphabetic() || *first >= 0x80 || *first == b'/' => true,
        // A version: no number holds two points. A digest: only numbers that begin with a zero hold two letters.
        [first, ..] => {
            let count = |is: fn(&u8) -> bool| text.iter().filter(|byte| is(byte)).count();
            count(|byte| *byte == b'.') > 1
                || (matches!(first, b'1'..=b'9') && count(u8::is_ascii_alphabetic) > 1)
        }
        [] => false,
    };
    if certain {
        return Ok(true);
    }
    let text = std::str::from_utf8(text).map_err(|_| Unsure)?;
    Ok(yaml::is_text(text))
}

/// The length of the escape sequence at the start of `text`, where it is one that every YAML reader knows.
fn escape_length(text: &[u8]) -> Result<usize, Unsure> {
    let digits = |from: usize, count: usize| {
        text.get(from..from + count).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit)).ok_or(Unsure)
    };
    match text.get(1) {
        None => Ok(1),
        Some(
            b'n' | b't' | b'r' | b'"' | b'\\' | b'0' | b'a' | b'b' | b'e' | b'f' | b'v' | b'N' | b'_' | b'L'
            | b'P',
        ) => Ok(2),
        Some(b'x') => digits(2, 2).map(|_| 4),
        // Surrogates are for the YAML reader to judge.
        Some(b'u') => digits(2, 4)
            .and_then(|digits| if digits[0].eq_ignore_ascii_case(&b'd') { Err(Unsure) } else { Ok(6) }),
        Some(b'U') => {
            digits(2, 8).and_then(|digits| if digits.starts_with(b"0001") { Ok(10) } else { Err(Unsure) })
        }
        Some(_) => Err(Unsure),
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
