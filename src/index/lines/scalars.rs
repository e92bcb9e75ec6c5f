//! Strings at the cursor: plain, quoted or as a block.

use super::{Lines, Unsure};
use crate::charts::yaml;
use memchr::{memchr, memchr2, memchr2_iter};
use std::ops::Range;

/// A string scalar.
#[derive(Debug)]
pub(in crate::index) enum Scalar {
    /// These bytes of the document, as they are.
    Verbatim(Range<usize>),
    /// Escaped, folded or a block: certainly a string, but its text is not a slice of the document.
    Composed,
}

impl Lines<'_> {
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
}

/// Holds `: `, ` #` or a colon at its end: more than one plain scalar.
fn structured(text: &[u8]) -> bool {
    memchr2_iter(b':', b'#', text).any(|at| match text[at] {
        b':' => matches!(text.get(at + 1), None | Some(b' ')),
        _ => at > 0 && text[at - 1] == b' ',
    })
}

/// Whether YAML 1.1 takes this plain scalar for a string (a timestamp counts as one: Helm's reader keeps its text).
pub(in crate::index) fn reads_as_string(text: &[u8]) -> Result<bool, Unsure> {
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
