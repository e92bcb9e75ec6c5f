//! Text of others in GitHub-flavoured Markdown: shown as it is, whatever it holds.
//!
//! GitHub makes mentions, issues and links of what it finds in text, also where it was escaped; only code is left
//! alone. So text is code, unless nothing in it can mean anything.

use super::text::shown;

/// Text of others inside a line or a table cell: words that are harmless as they are, all others as code.
pub(super) fn said(text: &str) -> String {
    let text = shown(text);
    // Space that Markdown would take away, and what could begin a list.
    if !text.starts_with(|first: char| first.is_ascii_alphabetic())
        || text.ends_with(' ')
        || text.contains("  ")
    {
        return code(&text);
    }
    let mut parts: Vec<(bool, String)> = Vec::new();
    for word in text.split(' ') {
        let plain = harmless(word);
        match parts.last_mut() {
            Some((kind, part)) if *kind == plain => {
                part.push(' ');
                part.push_str(word);
            }
            _ => parts.push((plain, word.to_owned())),
        }
    }
    let parts: Vec<String> =
        parts.into_iter().map(|(plain, part)| if plain { part } else { code(&part) }).collect();
    parts.join(" ")
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

/// Letters, numbers and plain punctuation, from which neither Markdown nor GitHub makes anything.
fn harmless(word: &str) -> bool {
    const PLAIN: [char; 9] = ['.', ',', ';', '(', ')', '\'', '-', '/', '%'];
    let plain = |character: char| character.is_ascii_alphanumeric() || PLAIN.contains(&character);
    // A colon ends a word, and is neither part of an address nor of `:a_face:`.
    let letters = word.strip_suffix(':').unwrap_or(word);
    let lower_case = word.to_ascii_lowercase();
    letters.chars().all(plain)
        && !lower_case.contains("www.")
        && !lower_case.contains("gh-")
        && !word.split(|character: char| !character.is_ascii_alphanumeric()).any(like_a_commit)
}

/// GitHub links what looks like the id of a commit.
fn like_a_commit(word: &str) -> bool {
    word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    /// Tables and footnotes and all else that GitHub knows.
    fn parsed(markdown: &str) -> Vec<Event<'_>> {
        // GitHub leaves quotes and dashes as they are.
        Parser::new_ext(markdown, Options::all() - Options::ENABLE_SMART_PUNCTUATION).collect()
    }

    /// What a reader sees of the first two cells below the head; anything but text and code is a failure.
    fn cells(one: &str, other: &str) -> Vec<String> {
        let markdown = format!("| a | b |\n| --- | --- |\n| {} | {} |\n", cell(one), cell(other));
        let mut cells = Vec::new();
        let mut head = false;
        for event in parsed(&markdown) {
            match event {
                Event::Start(Tag::TableHead) => head = true,
                Event::End(TagEnd::TableHead) => head = false,
                _ if head => {}
                Event::Start(Tag::TableCell) => cells.push(String::new()),
                Event::Text(text) | Event::Code(text) => {
                    cells.last_mut().expect("a cell").push_str(&text);
                }
                Event::Start(Tag::Table(_) | Tag::TableRow)
                | Event::End(TagEnd::Table | TagEnd::TableRow | TagEnd::TableCell) => {}
                other => panic!("{other:?} in {markdown}"),
            }
        }
        cells
    }

    const HOSTILE: [&str; 26] = [
        "a|b",
        "a\\|b",
        "|",
        "\\",
        "`",
        "``` ` ``",
        " ` ",
        "<script>alert(1)</script>",
        "two\nlines",
        "@everyone",
        "#1",
        "GH-1",
        "acme/charts#1",
        "](http://evil.example)",
        "[a](http://evil.example)",
        "![a](http://evil.example/a.png)",
        "http://evil.example",
        "www.evil.example",
        "a@evil.example",
        "&lt;b&gt;",
        "\u{202e}gpj.exe",
        "\u{1f600}",
        "\u{1b}[31m",
        ":+1:",
        "$x$",
        "0123456789abcdef0123456789abcdef01234567",
    ];

    #[test]
    fn hostile_text_is_shown_as_it_is_and_makes_nothing() {
        for text in HOSTILE {
            assert_eq!(cells(&said(text), &code(text)), [shown(text), shown(text)], "{text:?}");
            assert_ne!(said(text), text, "GitHub makes something of {text:?}");
        }
    }

    #[test]
    fn words_stay_words() {
        for text in
            ["already published", "unreleased changes since 1.2.0 (3 files)", "pages, oci: not published yet"]
        {
            assert_eq!(said(text), text);
        }
        assert_eq!(said("folder:a holds a b@c #1 now"), "`folder:a` holds a `b@c #1` now");
        assert_eq!((said(""), code("")), (String::new(), String::new()));
    }

    #[test]
    fn marks_that_turn_text_round_are_written_out() {
        assert_eq!(code("a\u{202e}b\u{2028}c\u{feff}"), "`a\\u{202e}b\\u{2028}c\\u{feff}`");
    }

    #[test]
    fn a_link_goes_nowhere_else() {
        let link = link("](http://evil.example)`", "https://github.com/acme/charts/blob/0/charts%5D");
        let events = parsed(&link);
        let targets: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::Start(Tag::Link { dest_url, .. }) => Some(dest_url.to_string()),
                _ => None,
            })
            .collect();
        assert_eq!(targets, ["https://github.com/acme/charts/blob/0/charts%5D"]);
    }

    proptest! {
        #[test]
        fn any_text_comes_back_from_a_cell(
            one in "([a-z]{1,3}|[a-z |`\\\\<>&@#\\n\\[\\]()!*_~:/.\\-\u{202e}\u{1f600}]){0,24}",
            other in "\\PC{0,24}",
        ) {
            let shown = [shown(&one), shown(&other)];
            prop_assert_eq!(&cells(&said(&one), &code(&other))[..], &shown[..]);
            prop_assert_eq!(&cells(&code(&one), &said(&other))[..], &shown[..]);
        }

        #[test]
        fn any_lines_come_back_from_a_block(text in "([a-z` ~<>\\n-]|```|~~~|\u{202e}){0,40}") {
            let markdown = format!("before\n\n{}\nafter\n", block("text", &text));
            let mut lines = String::new();
            let mut blocks = 0;
            for event in parsed(&markdown) {
                match event {
                    Event::Start(Tag::CodeBlock(_)) => blocks += 1,
                    Event::Text(text) if !["before", "after"].contains(&&*text) => lines += &text,
                    Event::Text(_)
                    | Event::End(TagEnd::CodeBlock | TagEnd::Paragraph)
                    | Event::Start(Tag::Paragraph) => {}
                    other => prop_assert!(false, "{other:?}"),
                }
            }
            let wanted = text.lines().map(shown).collect::<Vec<_>>().join("\n");
            prop_assert_eq!(blocks, 1);
            prop_assert_eq!(lines.trim_end_matches('\n'), wanted.trim_end_matches('\n'));
        }
    }
}
