//! Go's `filepath.Match` patterns, as `.helmignore` uses them.
//!
//! `*` and `?` (neither crosses a `/`), `[a-z]`, `[^a-z]` and `\x`. No crate reads this language with its corners: no
//! `**`, no braces, `^` and not `!` negates, a class may match `/`, and a piece between two stars is taken at the first
//! place where it fits and never tried again further on; a star steps by bytes, so that what follows it may fit inside a
//! character.

/// A pattern that was checked as a whole.
#[derive(Clone, Debug)]
pub(super) struct Glob(Vec<Piece>);

/// What stands between two stars.
#[derive(Clone, Debug, Default)]
struct Piece {
    after_star: bool,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Byte(u8),
    /// `?`
    Any,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Glob {
    /// `None` for what Go calls a syntax error in the pattern.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        let mut pieces = vec![Piece::default()];
        let mut rest = pattern.as_bytes();
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            let part = match byte {
                b'*' => {
                    if !matches!(pieces.last(), Some(Piece { after_star: true, parts }) if parts.is_empty()) {
                        pieces.push(Piece { after_star: true, parts: Vec::new() });
                    }
                    continue;
                }
                b'?' => Part::Any,
                b'[' => class(&mut rest)?,
                b'\\' => {
                    let (&escaped, after) = rest.split_first()?;
                    rest = after;
                    Part::Byte(escaped)
                }
                other => Part::Byte(other),
            };
            pieces.last_mut()?.parts.push(part);
        }
        Some(Self(pieces))
    }

    /// Whether the pattern describes the whole text.
    pub(super) fn matches(&self, text: &str) -> bool {
        let mut rest = text.as_bytes();
        for (index, piece) in self.0.iter().enumerate() {
            let last = index + 1 == self.0.len();
            if last && piece.after_star && piece.parts.is_empty() {
                return !rest.contains(&b'/');
            }
            match piece.find(rest, last) {
                Some(found) => rest = found,
                None => return false,
            }
        }
        rest.is_empty()
    }
}

impl Piece {
    /// What is left of the text after the first place where the piece fits: the start or, after a star, any place
    /// before the next `/`. The last piece must reach the end.
    fn find<'a>(&self, text: &'a [u8], last: bool) -> Option<&'a [u8]> {
        let mut from = text;
        loop {
            match self.fits(from) {
                Some(rest) if !last || rest.is_empty() => return Some(rest),
                _ if !self.after_star => return None,
                _ => {}
            }
            match from.split_first() {
                None | Some((b'/', _)) => return None,
                Some((_, rest)) => from = rest,
            }
        }
    }

    fn fits<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        let mut rest = text;
        for part in &self.parts {
            let fits = match part {
                Part::Byte(wanted) => {
                    let (byte, after) = rest.split_first()?;
                    rest = after;
                    byte == wanted
                }
                Part::Any => take(&mut rest)? != '/',
                Part::Class { negated, ranges } => {
                    let character = take(&mut rest)?;
                    ranges.iter().any(|(low, high)| (low..=high).contains(&&character)) != *negated
                }
            };
            if !fits {
                return None;
            }
        }
        Some(rest)
    }
}

/// The rest of a class, after its `[`. A `]` or `-` stands for itself only behind a backslash.
fn class(rest: &mut &[u8]) -> Option<Part> {
    let negated = rest.starts_with(b"^");
    if negated {
        take(rest);
    }
    let mut ranges = Vec::new();
    while ranges.is_empty() || !rest.starts_with(b"]") {
        let low = class_character(rest)?;
        let mut high = low;
        if rest.starts_with(b"-") {
            take(rest);
            high = class_character(rest)?;
        }
        ranges.push((low, high));
    }
    take(rest);
    Some(Part::Class { negated, ranges })
}

fn class_character(rest: &mut &[u8]) -> Option<char> {
    match take(rest)? {
        '-' | ']' => None,
        '\\' => take(rest),
        other => Some(other),
    }
}

/// The first character; U+FFFD for a byte that begins none, as Go decodes it.
fn take(text: &mut &[u8]) -> Option<char> {
    let chunk = text.get(..text.len().min(4))?.utf8_chunks().next()?;
    let character = chunk.valid().chars().next();
    *text = text.get(character.map_or(1, char::len_utf8)..)?;
    Some(character.unwrap_or(char::REPLACEMENT_CHARACTER))
}
