//! The lines of a document that come by: no more of it is held than somebody looks at.

use super::{Stop, scan::MARK};
use memchr::{memchr, memchr_iter};
use std::{
    io::{self, Read},
    ops::Range,
};

/// How many bytes are asked for at once.
const CHUNK: usize = 64 << 10;

/// What of the document is in memory.
pub(super) struct Window<R> {
    document: R,
    buffer: Vec<u8>,
    /// What of the buffer is read and not taken yet.
    unread: Range<usize>,
    /// Nothing comes any more.
    ended: bool,
    /// How many bytes came.
    came: usize,
    lines_above: usize,
    most: usize,
}

/// What can be said of a line without knowing what stands around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// Its indentation.
    pub column: usize,
    /// Blank, or a comment.
    pub is_void: bool,
    /// An item of a list.
    pub is_dash: bool,
    /// `---` or `...`, where a document ends.
    pub is_marker: bool,
}

impl<R: Read> Window<R> {
    pub fn new(document: R, most: usize) -> Self {
        Self { document, buffer: Vec::new(), unread: 0..0, ended: false, came: 0, lines_above: 0, most }
    }

    /// How many lines were taken.
    pub fn lines_above(&self) -> usize {
        self.lines_above
    }

    /// Whether the first that is no white space opens an object of JSON.
    pub fn begins_with_brace(&mut self) -> Result<bool, Stop> {
        loop {
            let unread = &self.buffer[self.unread.clone()];
            if let Some(first) = unread.iter().find(|byte| !b" \t\r\n".contains(byte)) {
                return Ok(*first == b'{');
            }
            if !self.fill()? {
                return Ok(false);
            }
        }
    }

    /// Skips a byte order mark.
    pub fn skip_mark(&mut self) -> Result<(), Stop> {
        while self.unread.len() < MARK.len() && self.fill()? {}
        if self.buffer[self.unread.clone()].starts_with(MARK) {
            self.unread.start += MARK.len();
        }
        Ok(())
    }

    /// What is not taken yet: what is here, and then the rest of the document.
    pub fn rest(&mut self) -> impl Read {
        let here = self.buffer[self.unread.clone()].to_vec();
        self.unread.start = self.unread.end;
        io::Cursor::new(here).chain(&mut self.document)
    }

    /// The line that would be taken next.
    pub fn peek(&mut self) -> Result<Option<Line>, Stop> {
        let length = self.length_of_line(0)?;
        Ok((length > 0).then(|| self.line(0, length)))
    }

    /// Takes a line, and those behind it that belong to it.
    pub fn take(&mut self, belongs: impl Fn(Line) -> bool) -> Result<&str, Stop> {
        let mut taken = self.length_of_line(0)?;
        let mut lines = 1;
        loop {
            let length = self.length_of_line(taken)?;
            if length == 0 || !belongs(self.line(taken, length)) {
                break;
            }
            taken += length;
            lines += 1;
        }
        self.lines_above += lines;
        let start = self.unread.start;
        self.unread.start += taken;
        let piece = &self.buffer[start..start + taken];
        // Alone, it is a line break for YAML, and none here.
        if memchr_iter(b'\r', piece).any(|at| piece.get(at + 1) != Some(&b'\n')) {
            return Err(Stop::Unsure);
        }
        std::str::from_utf8(piece).map_err(|_| Stop::Unsure)
    }

    /// How long the line is that begins so far behind what was taken, its line break included; 0 at the end.
    fn length_of_line(&mut self, from: usize) -> Result<usize, Stop> {
        let mut searched = from;
        loop {
            let unread = &self.buffer[self.unread.clone()];
            if let Some(found) = memchr(b'\n', &unread[searched..]) {
                return Ok(searched + found + 1 - from);
            }
            searched = unread.len();
            if !self.fill()? {
                return Ok(searched - from);
            }
        }
    }

    fn line(&self, from: usize, length: usize) -> Line {
        let start = self.unread.start + from;
        let line = &self.buffer[start..start + length];
        let column = line.iter().take_while(|byte| **byte == b' ').count();
        let rest = line[column..]
            .strip_suffix(b"\n")
            .map_or(&line[column..], |line| line.strip_suffix(b"\r").unwrap_or(line));
        Line {
            column,
            is_void: matches!(rest, [] | [b'#', ..]),
            is_dash: matches!(rest, [b'-'] | [b'-', b' ', ..]),
            is_marker: column == 0
                && (rest.starts_with(b"---") || rest.starts_with(b"..."))
                && matches!(rest.get(3), None | Some(b' ' | b'\t')),
        }
    }

    /// Gets more of the document; says whether there was any.
    fn fill(&mut self) -> Result<bool, Stop> {
        if self.ended {
            return Ok(false);
        }
        if self.unread.len() > self.most {
            return Err(Stop::TooMuch);
        }
        if self.unread.start > 0 {
            self.buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
        }
        if self.buffer.len() - self.unread.end < CHUNK {
            // Twice as much, so that a long piece is not copied again and again.
            self.buffer.resize(self.unread.end * 2 + CHUNK, 0);
        }
        let read = loop {
            match self.document.read(&mut self.buffer[self.unread.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.map_err(Stop::Unread)?,
            }
        };
        self.unread.end += read;
        self.came += read;
        self.ended = read == 0;
        // Whoever scans the whole says so.
        if u32::try_from(self.came).is_err() {
            return Err(Stop::TooMuch);
        }
        Ok(read > 0)
    }
}
