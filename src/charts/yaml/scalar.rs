//! How a text stands in YAML: bare, quoted or as a block, folded at 80 columns, as Go's library writes it.

use super::{resolve::is_plainly_text, write::Page};

/// A text is folded at the first single space behind this column.
const WIDTH: usize = 80;

/// Writes a text whose further lines are indented to `indent`. As a simple key it is never folded.
pub(super) fn write(page: &mut Page, text: &str, indent: usize, is_key: bool) {
    let looks = Looks::of(text);
    if text.contains('\n') && looks.may_be_block && !is_key {
        return block(page, text, indent);
    }
    // What would read back as something else than text gets double quotes; what YAML's grammar forbids, single ones.
    // Helm writes a key `<<` bare, and then takes it for a merge: nothing could read that back.
    let is_merge_key = is_key && text == "<<";
    if text.contains('\n')
        || is_merge_key
        || !is_plainly_text(text)
        || !(looks.may_be_bare || looks.may_be_single_quoted)
    {
        double_quoted(page, text, indent, is_key);
    } else if looks.may_be_bare {
        bare(page, text, indent, is_key);
    } else {
        single_quoted(page, text, indent, is_key);
    }
}

/// Holds a line break, among them U+0085, U+2028 and U+2029, which YAML 1.1 counts as such.
pub(super) fn has_break(text: &str) -> bool {
    text.contains(is_break)
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Characters that are never escaped. Above U+FFFF Go's library escapes everything.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// Which ways of writing a text are open to it.
struct Looks {
    may_be_bare: bool,
    may_be_single_quoted: bool,
    may_be_block: bool,
}

impl Looks {
    fn of(text: &str) -> Self {
        let mut is_special = false;
        let mut has_indicator = text.starts_with("---") || text.starts_with("...");
        let (mut break_then_space, mut space_then_break) = (false, false);
        let mut previous = None;
        let mut following = text.chars();
        while let Some(c) = following.next() {
            let before_blank = matches!(following.clone().next(), None | Some(' ' | '\t'));
            has_indicator |= match (previous, c) {
                (None, '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|') => true,
                (None, '>' | '\'' | '"' | '%' | '@' | '`') => true,
                (None, '?' | '-') | (_, ':') => before_blank,
                (Some(before), '#') => is_blank_or_break(before),
                _ => false,
            };
            is_special |= !is_printable(c);
            break_then_space |= c == ' ' && previous.is_some_and(is_break);
            space_then_break |= is_break(c) && previous == Some(' ');
            previous = Some(c);
        }
        let at_edge = |c: char| c == ' ' || is_break(c);
        let has_edge = text.starts_with(at_edge) || text.ends_with(at_edge);
        let may_be_single_quoted = !(break_then_space || space_then_break || is_special);
        Self {
            may_be_bare: may_be_single_quoted && !has_indicator && !has_edge && !has_break(text),
            may_be_single_quoted,
            may_be_block: !(space_then_break || is_special || text.ends_with(' ')),
        }
    }
}

fn is_blank_or_break(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\0') || is_break(c)
}

fn bare(page: &mut Page, text: &str, indent: usize, is_key: bool) {
    words(page, text, indent, is_key, |page, c| page.put(c));
}

fn single_quoted(page: &mut Page, text: &str, indent: usize, is_key: bool) {
    page.put('\'');
    let mut after_break = false;
    words(page, text, indent, is_key, |page, c| {
        if is_break(c) {
            page.put_break(c);
            after_break = true;
            return;
        }
        if std::mem::take(&mut after_break) {
            page.indent(indent);
        }
        if c == '\'' {
            page.put('\'');
        }
        page.put(c);
    });
    page.put('\'');
}

/// Puts each character; a single space behind the width, not at either end, becomes a new line.
fn words(page: &mut Page, text: &str, indent: usize, is_key: bool, mut put: impl FnMut(&mut Page, char)) {
    let mut after_space = false;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let may_fold = !is_key && !after_space && page.column > WIDTH && at > 0;
        if c == ' ' && may_fold && next.is_some_and(|next| next != ' ') {
            page.fold(indent);
        } else {
            put(page, c);
        }
        after_space = c == ' ';
    }
}

fn double_quoted(page: &mut Page, text: &str, indent: usize, is_key: bool) {
    page.put('"');
    let mut after_space = false;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        if !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
            page.put('\\');
            escape(page, c);
        } else if c == ' ' && !is_key && !after_space && page.column > WIDTH && at > 0 && next.is_some() {
            page.fold(indent);
            if next == Some(' ') {
                page.put('\\');
            }
        } else {
            page.put(c);
        }
        after_space = c == ' ';
    }
    page.put('"');
}

fn escape(page: &mut Page, c: char) {
    let short = match c {
        '\0' => '0',
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0b' => 'v',
        '\x0c' => 'f',
        '\r' => 'r',
        '\x1b' => 'e',
        '"' | '\\' => c,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            let code = u32::from(c);
            return match code {
                0..=0xff => page.put_all(&format!("x{code:02X}")),
                0x100..=0xffff => page.put_all(&format!("u{code:04X}")),
                _ => page.put_all(&format!("U{code:08X}")),
            };
        }
    };
    page.put(short);
}

fn block(page: &mut Page, text: &str, indent: usize) {
    page.put('|');
    if text.starts_with(|c| c == ' ' || is_break(c)) {
        page.put('2');
    }
    let mut backwards = text.chars().rev();
    match (backwards.next(), backwards.next()) {
        (Some(last), _) if !is_break(last) => page.put('-'),
        (Some(_), None) => page.put('+'),
        (Some(_), Some(before)) if is_break(before) => page.put('+'),
        _ => {}
    }
    page.put_break('\n');
    let mut after_break = true;
    for c in text.chars() {
        if is_break(c) {
            page.put_break(c);
            after_break = true;
        } else {
            if std::mem::take(&mut after_break) {
                page.indent(indent);
            }
            page.put(c);
        }
    }
}
