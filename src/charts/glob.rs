//! Go's `filepath.Match` patterns, as `.helmignore` uses them.
//!
//! `*` and `?` (neither crosses a `/`), `[a-z]`, `[^a-z]` and `\x`. No crate reads this language with its corners: no
//! `**`, no braces, `^` and not `!` negates, a class may match `/`, and a piece between two stars is taken at the first
//! place where it fits and never tried again further on; a star steps by bytes, so that what follows it may fit inside a
//! character.

/// A pattern, cut at its stars.
#[derive(Clone, Debug)]
pub(super) struct Glob(Vec<Piece>);

/// What stands between two stars.
#[derive(Clone, Debug)]
struct Piece {
    after_star: bool,
    /// `None` for a syntax error, which Go finds only when it comes to this piece.
    parts: Option<Vec<Part>>,
}

/// One character of a piece.
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
    /// Reads a pattern, well-formed or not.
    pub(super) fn new(pattern: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = pattern.as_bytes();
        while !rest.is_empty() {
            let stars = rest.iter().take_while(|&&byte| byte == b'*').count();
            rest = &rest[stars..];
            let (piece, after) = rest.split_at(end_of_piece(rest));
            rest = after;
            pieces.push(Piece { after_star: stars > 0, parts: parts(piece) });
        }
        Self(pieces)
    }

    /// Whether Helm takes this for a pattern: it tries it on one text, and so does not see a mistake that comes behind
    /// what already does not fit.
    pub(super) fn is_accepted(&self) -> bool {
        self.try_on("abc").is_some()
    }

    /// Whether the pattern describes the whole text; a malformed one describes none.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.try_on(text).unwrap_or(false)
    }

    /// `None` where a syntax error comes before the answer.
    fn try_on(&self, text: &str) -> Option<bool> {
        let mut rest = text.as_bytes();
        for (index, piece) in self.0.iter().enumerate() {
            let last = index + 1 == self.0.len();
            let parts = piece.parts.as_ref()?;
            if piece.after_star && parts.is_empty() {
                return Some(!rest.contains(&b'/'));
            }
            match find(parts, piece.after_star, rest, last) {
                Some(found) => rest = found,
                None => return Some(false),
            }
        }
        Some(rest.is_empty())
    }
}

/// Up to the next star that is not escaped and not in brackets.
fn end_of_piece(pattern: &[u8]) -> usize {
    let mut in_class = false;
    let mut escaped = false;
    for (index, byte) in pattern.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' if !in_class => return index,
            _ => {}
        }
    }
    pattern.len()
}

fn parts(piece: &[u8]) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = piece;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        parts.push(match byte {
            b'?' => Part::Any,
            b'[' => class(&mut rest)?,
            b'\\' => {
                let (&escaped, after) = rest.split_first()?;
                rest = after;
                Part::Byte(escaped)
            }
            other => Part::Byte(other),
        });
    }
    Some(parts)
}

/// What is left of the text after the first place where the piece fits: the start or, after a star, any place before
/// the next `/`. The last piece must reach the end.
fn find<'a>(parts: &[Part], after_star: bool, text: &'a [u8], last: bool) -> Option<&'a [u8]> {
    let mut from = text;
    loop {
        match fits(parts, from) {
            Some(rest) if !last || rest.is_empty() => return Some(rest),
            _ if !after_star => return None,
            _ => {}
        }
        match from.split_first() {
            None | Some((b'/', _)) => return None,
            Some((_, rest)) => from = rest,
        }
    }
}

fn fits<'a>(parts: &[Part], text: &'a [u8]) -> Option<&'a [u8]> {
    let mut rest = text;
    for part in parts {
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
