//! Some charts of an index say what they say when all of it is scanned, and little of it is held.

use super::*;
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::{self, Cursor, Read, Seek, SeekFrom},
};

/// A document that comes in small pieces, from a place that remembers how much of it was asked for.
struct Trickle<'d> {
    document: Cursor<&'d [u8]>,
    step: usize,
    rewound: usize,
}

impl<'d> Trickle<'d> {
    fn new(document: &'d str, step: usize) -> Self {
        Self { document: Cursor::new(document.as_bytes()), step, rewound: 0 }
    }
}

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let step = self.step.min(buffer.len());
        self.document.read(&mut buffer[..step])
    }
}

impl Seek for Trickle<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.rewound += 1;
        self.document.seek(to)
    }
}

/// A line without an end.
struct Endless;

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(b'a');
        Ok(buffer.len())
    }
}

impl Seek for Endless {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Ok(0)
    }
}

fn wanted<'n>(names: &[&'n str]) -> BTreeSet<&'n str> {
    names.iter().copied().collect()
}

/// Both say the same of these charts, or refuse the document for the same reason.
fn check(text: &str, names: &[&str], step: usize) {
    let read = Excerpt::read(Trickle::new(text, step), &wanted(names), text.len());
    match (Index::scan(text.to_owned()), read) {
        (Ok(whole), Ok(excerpt)) => {
            let there = whole.charts().filter(|name| names.contains(name));
            assert!(there.eq(excerpt.charts()), "{text}");
            for name in names {
                let (all, some): (Vec<_>, Vec<_>) =
                    (whole.versions(name).collect(), excerpt.versions(name).collect());
                assert_eq!(all, some, "{name} in\n{text}");
            }
        }
        (whole, excerpt) => {
            assert_eq!(whole.map(|_| ()).err(), excerpt.map(|_| ()).err(), "{text}");
        }
    }
}

/// Whether these charts are found without reading the document a second time.
fn is_read_in_pieces(text: &str, names: &[&str]) -> bool {
    let mut document = Trickle::new(text, 100);
    let read = Excerpt::read(&mut document, &wanted(names), text.len());
    assert!(read.is_ok(), "{read:?}\n{text}");
    document.rewound == 1
}

/// Many entries of many charts, in this layout of lists and with these line breaks.
fn large(indent: &str, newline: &str) -> String {
    let mut text = String::from("apiVersion: v1\nentries:\n");
    for chart in 0..20 {
        let _ = writeln!(text, "  chart-{chart}:");
        for version in 0..100 {
            let lines = [
                format!("- apiVersion: v2\n  created: \"2024-05-06T07:08:09Z\"\n  name: chart-{chart}"),
                "  annotations:\n    a: |\n      text: of more\n\n      than one line\n  urls:".to_owned(),
                format!("  - https://example.org/chart-{chart}-0.{version}.0.tgz\n  version: 0.{version}.0"),
            ];
            for line in lines.iter().flat_map(|lines| lines.lines()) {
                let _ = writeln!(text, "  {indent}{line}");
            }
        }
    }
    text.push_str("generated: \"2024-05-06T07:08:09Z\"\n");
    text.replace('\n', newline)
}

#[test]
fn what_tools_write_is_read_in_pieces() {
    assert!(is_read_in_pieces(HELMS, &["nginx-2", "nginx-10"]));
    for (indent, newline) in [("", "\n"), ("  ", "\n"), ("", "\r\n"), ("    ", "\r\n")] {
        let text = large(indent, newline);
        for text in [text.clone(), format!("\u{feff}# ours\n---\n{text}")] {
            assert!(is_read_in_pieces(&text, &["chart-3"]), "{}", &text[..500]);
            check(&text, &["chart-0", "chart-7", "chart-19", "nobody"], 1000);
        }
    }
    let json = serde_json::json!({"apiVersion": "v1", "entries": {
        "a": [{"name": "a", "version": "2.0.0"}, {"name": "a", "version": "1.0.0", "urls": ["x"]}],
        "b": [{"name": "b", "version": "1.0.0"}], "c": null}});
    for text in [json.to_string(), format!("\n{json:#}\n")] {
        assert!(is_read_in_pieces(&text, &["a", "c"]));
        check(&text, &["a", "c"], 7);
    }
}

#[test]
fn every_layout_says_the_same_in_pieces() {
    for text in LAYOUTS.iter().chain(&READ_ONLY).chain([&HELMS]) {
        for step in [1, 3, 1000] {
            check(text, &["a", "nginx-10"], step);
            check(text, &[], step);
        }
    }
}

#[test]
fn little_is_held_of_a_large_index() {
    let yaml = large("", "\n");
    let quarter = yaml.len() / 4;
    let all: Vec<_> = Index::scan(yaml.clone())
        .map(|index| index.versions("chart-7").map(|entry| entry.version.to_owned()).collect())
        .unwrap_or_default();
    let entries = (0..20).map(|chart| {
        let entry = |version| {
            serde_json::json!({"name": format!("chart-{chart}"), "version": format!("0.{version}.0"), "home": "x".repeat(100)})
        };
        (format!("chart-{chart}"), (0..100).map(entry).collect())
    });
    let entries: serde_json::Map<String, serde_json::Value> = entries.collect();
    let json = format!("{:#}", serde_json::json!({"apiVersion": "v1", "entries": entries}));
    for text in [yaml, json] {
        let excerpt = Excerpt::read(Cursor::new(&text), &wanted(&["chart-7"]), quarter).expect("it is read");
        let some: Vec<_> = excerpt.versions("chart-7").map(|entry| entry.version.to_owned()).collect();
        assert_eq!(some, all);
        let few = Excerpt::read(Cursor::new(&text), &wanted(&["chart-7"]), 1000).expect_err("too much");
        assert!(few.what.contains("1000 bytes"), "{few:?}");
    }
}

#[test]
fn a_layout_that_cannot_be_cut_is_read_as_a_whole_or_not_at_all() {
    let text = "apiVersion: v1\nentries:\n  a: [{name: a, version: 1.0.0}]\n  b: &b\n  - name: b\n    version: 1.0.0\n  c: *b\n";
    check(text, &["a", "c"], 10);
    assert!(!is_read_in_pieces(text, &["a"]));
    let problem = Excerpt::read(Cursor::new(text), &wanted(&["a"]), text.len() - 1).expect_err("too much");
    assert_eq!(problem.place.and_then(|place| place.line), Some(3));
    assert!(problem.next.is_some());
}

#[test]
fn what_looks_like_a_chart_and_is_text_is_none() {
    for text in [
        "apiVersion: v1\nannotations:\n  x: \"\nentries:\n  a:\n  - name: a\n    version: 1.0.0\n\"\n",
        "apiVersion: v1\nentries:\n  b:\n  - name: b\n    version: 1.0.0\n    description: \"\n  a:\n  - name: a\n    version: 1.0.0\n\"\n",
        "apiVersion: v1\nentries:\n  b:\n  - name: b\n    version: 1.0.0\n    description: '\n  - name: b\n    version: 2.0.0\n    home: it''s'\n  a: []\n",
        "apiVersion: v1\n---\nentries:\n  a:\n  - name: a\n    version: 1.0.0\n",
        "apiVersion: v1\nentries:\n  b:\n  - name: b\n    version: 1.0.0\n---\nentries:\n  a:\n  - name: a\n    version: 1.0.0\n",
        "apiVersion: v1\nentries: {}\nentries:\n  a:\n  - name: a\n    version: 1.0.0\n",
        "apiVersion: v1\nentries: null\n  a:\n  - name: a\n    version: 1.0.0\n",
    ] {
        for step in [1, 1000] {
            check(text, &["a", "b"], step);
        }
    }
}

#[test]
fn a_line_without_an_end_is_given_up() {
    for before in [
        "",
        "{",
        "apiVersion: v1\nentries:\n  a:\n  - name: ",
        "apiVersion: v1\nentries:\n  a:\n  - x: |\n     ",
    ] {
        struct Behind<'b>(Cursor<&'b str>);
        impl Read for Behind<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                match self.0.read(buffer)? {
                    0 => Endless.read(buffer),
                    read => Ok(read),
                }
            }
        }
        impl Seek for Behind<'_> {
            fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
                self.0.seek(to)
            }
        }
        let problem =
            Excerpt::read(Behind(Cursor::new(before)), &wanted(&["a"]), 1 << 20).expect_err("no end");
        assert!(problem.what.contains("1048576 bytes"), "{problem:?}");
    }
}

#[test]
fn a_document_that_breaks_off_says_so() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    impl Seek for Broken {
        fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
            Ok(0)
        }
    }
    let problem = Excerpt::read(Broken, &wanted(&["a"]), 100).expect_err("broken");
    assert!(problem.what.contains("the disk is gone"), "{problem:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn some_charts_say_what_the_whole_says(text in mangled(), step in 1usize..200) {
        check(&text, &["a", "nginx-2", "k"], step);
    }

    #[test]
    fn json_says_the_same_in_pieces(
        at in any::<prop::sample::Index>(),
        taken in 0usize..4,
        piece in prop::sample::select(vec!["", "\n", ",", "}", "{", "]", "\"", "null", "[]", "{},", "1", "\"a\":[],", "é"]),
    ) {
        let text = "\n{\"apiVersion\": \"v1\", \"entries\": {\"b\": [{\"name\": \"b\", \"version\": \"1.0.0\"}],\n \"a\": [\n{\"name\": \"a\", \"version\": \"1.0.0\", \"urls\": [\"x\"]},\n\n {\"name\": \"a\",\n\"version\": \"2\"}], \"c\": null}, \"generated\": \"2020-01-01T00:00:00Z\"}\n";
        let at = at.index(text.len() - 4);
        let text = format!("{}{piece}{}", &text[..at], &text[at + taken..]);
        check(&text, &["a", "b", "c"], 5);
    }
}
