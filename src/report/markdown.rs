//! Text of others in GitHub-flavoured Markdown: shown as it is, whatever it holds.
//!
//! GitHub makes mentions, issues and links of what it finds in text, also where it was escaped; only code is left
//! alone. So text is code, unless nothing in it can mean anything.

use super::text::shown;

/// Text of others inside a line or a table cell: plain where it is harmless, else code.
pub(super) fn said(text: &str) -> String {
    let text = shown(text);
    if harmless(&text) { text } else { code(&text) }
}

/// Text of others as code, inside a line or a table cell. Nothing, where there is nothing.
pub(super) fn code(text: &str) -> String {
    let text = shown(text);
    if text.is_empty() {
        return text;
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    // One space inside is taken away at both ends, where both have one and there is anything else.
    let blank = text.chars().all(|character| character == ' ');
    let spaced = text.starts_with(' ') && text.ends_with(' ') && !blank;
    let pad = if spaced || text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A table cell of what [`said`] or [`code`] wrote, or a link around it: a `|` in it does not end the cell.
pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Lines of others as they are, with a button to copy them.
pub(super) fn block(language: &str, text: &str) -> String {
    let lines: Vec<String> = text.lines().map(shown).collect();
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or_default();
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}{language}\n{}\n{fence}\n", lines.join("\n"))
}

/// A link, its text as code. The address is one of ours: everything of others in it is encoded.
pub(super) fn link(text: &str, url: &str) -> String {
    format!("[{}]({url})", code(text))
}

/// The beginning of a text that is longer than anybody reads.
pub(super) fn beginning(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or_default()
}

/// Words, numbers and plain punctuation, from which neither Markdown nor GitHub makes anything.
fn harmless(text: &str) -> bool {
    const PLAIN: [char; 10] = [' ', '.', ',', ';', '(', ')', '\'', '-', '/', '%'];
    let plain = |character: char| character.is_ascii_alphanumeric() || PLAIN.contains(&character);
    // A colon ends a word, and is neither part of an address nor of `:a_face:`.
    let colons = text.split(':').skip(1).all(|after| after.starts_with(' '));
    let lower_case = text.to_ascii_lowercase();
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic());
    begins
        && !text.ends_with(' ')
        && !text.contains("  ")
        && text.chars().all(|character| plain(character) || character == ':')
        && colons
        && !lower_case.contains("www.")
        && !lower_case.contains("gh-")
        && !text.split(|character: char| !character.is_ascii_alphanumeric()).any(like_a_commit)
}

/// GitHub links what looks like the id of a commit.
fn like_a_commit(word: &str) -> bool {
    word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}
