//! The line reader says what the YAML reader says, and a splice adds and takes nothing away.

mod excerpt;

use super::*;
use proptest::prelude::*;

const HELMS: &str = r#"apiVersion: v1
entries:
  nginx-2:
  - annotations:
      artifacthub.io/changes: |
        - kind: fixed
          description: "it: works"

        - kind: added
      category: web
    apiVersion: v2
    appVersion: "1.10"
    created: "2024-05-06T07:08:09.123456789+02:00"
    dependencies:
    - alias: cache
      condition: redis.enabled
      name: redis
      repository: https://example.org/charts
      tags:
      - cache
      version: ^19.0.0
    deprecated: true
    description: 'Serves pages: one after the other, and keeps it''s promises about the
      order in which they come'
    digest: 6734ab41478f4946456bbaa52d54c38c3794fd538fbfec72e419e89d2a6744c0
    home: https://example.org/#nginx
    keywords:
    - web
    - "1"
    kubeVersion: '>=1.25.0-0'
    maintainers:
    - email: a@example.org
      name: "\U0001F600 A"
    - name: B
    name: nginx-2
    type: application
    urls:
    - https://example.org/nginx-2-2.0.0.tgz
    - nginx-2-2.0.0.tgz
    version: 2.0.0
  - apiVersion: v2
    created: "2023-05-06T07:08:09Z"
    description: A long plain text that goes on and on, without end, until it does not
      fit any more into its line
    name: nginx-2
    urls:
    - nginx-2-1.0.0-rc.1.tgz
    version: 1.0.0-rc.1
  nginx-10:
  - apiVersion: v1
    created: "2023-05-06T07:08:09Z"
    name: nginx-10
    urls:
    - nginx-10-0.1.0.tgz
    version: 0.1.0
generated: "2024-05-06T07:08:09.5Z"
"#;

/// Other people's layouts. Each is read, and an entry of `a` and a new chart can be added.
const LAYOUTS: [&str; 24] = [
    "apiVersion: v1\nentries: {}\n",
    "apiVersion: v1\nentries:\n",
    "apiVersion: v1\nentries: null\ngenerated: \"2020-01-01T00:00:00Z\"\n",
    "entries: {}\napiVersion: v1",
    "apiVersion: v1\n",
    "generated: 2020-01-01T00:00:00Z\napiVersion: \"v1\"\nserverInfo: {}\n",
    "apiVersion: v1\nentries:\n  a: []\n",
    "apiVersion: v1\nentries:\n  a: []",
    "apiVersion: v1\nentries:\n  a:\n  b: null\npublicKeys:\n- k\n",
    "\u{feff}# ours\n---\napiVersion: v1 # one\nentries:\n  # the first\n  a:\n  # its newest\n  - version: 1.0.0\n    name: a\n",
    "apiVersion: v1\nentries:\n    a:\n      - name: a\n        version: 1.0.0\n        urls:\n          - a.tgz\n",
    "apiVersion: v1\nentries:\n  a:\n    -   name: a\n        version: 1.0.0\n\n    -   name: a\n        version: 0.9.0\n",
    "apiVersion: v1\nentries:\n  a:\n  -\n    name: a\n    version: 1.0.0\n  - # null\n  - name: a\n    version: 3.0.0\n",
    "apiVersion: v1\nentries:\n  a:\n  - {name: a, version: 1.0.0, urls: [x]}\n  - {\"name\": \"a\", \"version\": \"3\"}\n",
    "apiVersion: v1\r\nentries:\r\n  a:\r\n  - name: a\r\n    version: 1.0.0\r\ngenerated: \"2020-01-01T00:00:00Z\"\r\n",
    "apiVersion: v1\nentries:\n  a:\n  - name: a\n    description: |+\n      text\n\n    version: 1.0.0\n    home: |+\n      kept\n\n\n# end\n",
    "apiVersion: v1\nentries:\n  \"a\":\n  - name: \"a\"\n    'version': '1.0.0'\n  'b':\n  - name: b\n    version: 1.0.0",
    "apiVersion: v1\nentries:\n  a:\n  - name: a\n    version: 1.0.0\n...\nfoo: [\n",
    "apiVersion: v1\nentries:\n  a:\n  - name: a\n    version: 1.0.0\n    description:\n      below\n---\nmore: 1\n",
    "apiVersion: v1\nannotations:\n  x: \"1\"\nserverInfo:\n  contextPath: /v1\n  deep: [1, {a: b}]\nentries:\n  a:\n  - name: a\n    version: v1.0.0+b\n",
    "apiVersion: v1\nentries:\n  z:\n  - name: z\n    version: 1.0.0\n  a:\n  - name: a\n    version: 1.0.0\n  - name: a\n    version: 2.0.0\n",
    "apiVersion: v1\nentries:\n  a:\n  - name: a\n    version: 1.0.0\n    dependencies:\n    - name: b\n      import-values:\n      - child: x\n        parent: y\n",
    "apiVersion: v1\nentries:\n  a:\n  - name: a/b\n    version: 1.0.0\n  - name: a\n    version: nothing\n    description: 'more\n      than one line'\n  - name: a\n    version: 0.1.0\n    digest: 12e45\n",
    "apiVersion: v1\nentries:\n  a:\n  - name: a\n    description: \"one\\\n      \\ two\\u00e9\"\n    version: \"1.0.0\"\n    icon: >-\n      folded\n      text\n",
];

/// Indexes that Helm reads, and in which only some of it can be added to.
const READ_ONLY: [&str; 7] = [
    "apiVersion: v1\nentries:\n  {a: [{name: a, version: 1.0.0}]}\n",
    "apiVersion: v1\nentries:\n  &all\n    b:\n    - name: b\n      version: 1.0.0\n",
    "{apiVersion: v1, entries: {a: [{name: a, version: 1.0.0}]}}",
    "apiVersion: v1\nentries: {a: [{name: a, version: 1.0.0, urls: [x]}]}\n",
    "apiVersion: v1\nentries:\n  a: [{name: a, version: 1.0.0}]\n  b: &b\n  - name: b\n    version: 1.0.0\n  c: *b\n",
    "  apiVersion: v1\n  entries:\n    a:\n    - name: a\n      version: 1.0.0\n",
    "apiVersion: v1\nentries:\n  a:\n  - &base\n    name: a\n    version: 1.0.0\n  - *base\n",
];

/// What the YAML reader alone says.
fn carefully(text: &str) -> Result<Index, Problem> {
    let (charts, items, notices) = careful::document(text)?.collect();
    Ok(Index::new(Bytes::copy_from_slice(text.as_bytes()), Layout::Other, charts, items, notices))
}

fn scan(text: &str) -> Index {
    Index::scan(text.to_owned()).unwrap_or_else(|problem| panic!("{problem:?} in\n{text}"))
}

/// Every chart with its entries, in order.
fn all(index: &Index) -> Vec<(String, Vec<String>)> {
    let one = |entry: Entry<'_>| {
        format!("{} {:?} {:?} {:?}", entry.version, entry.digest, entry.url, entry.created)
    };
    index.charts().map(|name| (name.to_owned(), index.versions(name).map(one).collect())).collect()
}

fn metadata(name: &str, version: &str) -> Metadata {
    Metadata {
        name: name.into(),
        version: version.into(),
        api_version: "v2".into(),
        description:
            "Does what it says: nothing that anybody would notice, but that for a long time, and well".into(),
        annotations: [("a".to_owned(), "one\ntwo\n".to_owned())].into(),
        ..Metadata::default()
    }
}

fn new(metadata: &Metadata) -> NewEntry<'_> {
    let urls = vec![format!("https://example.org/{}.tgz", metadata.chart_version())];
    NewEntry { metadata, urls, created: 1_714_979_289, digest: Digest::of(b"package") }
}

/// The old lines, but for those that a splice may change, are all there and in order.
fn keeps(old: &[u8], new: &[u8]) -> bool {
    let mut left = new.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    old.split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.windows(9).any(|part| part == b"generated") && !line.is_empty())
        .all(|line| {
            // `a: []` and its like lose the value.
            let colon = line.iter().position(|byte| *byte == b':').map_or(0, |at| at + 1);
            let is_opened = |word: &[u8]| line[colon..].trim_ascii_start().starts_with(word);
            let opened = [&b"{}"[..], b"[]", b"null", b"~"].into_iter().any(is_opened);
            left.any(|other| other == line || opened && other.starts_with(&line[..colon]))
        })
}

/// Adds to `text` and checks all that must hold of the result.
fn check_splice(text: &str, versions: &[Metadata]) {
    let index = scan(text);
    let entries: Vec<_> = versions.iter().map(new).collect();
    let more = index.with(&entries, 1_714_979_289).unwrap_or_else(|problem| panic!("{problem:?} in\n{text}"));
    assert!(keeps(text.as_bytes(), &more), "{text}\nbecame\n{}", String::from_utf8_lossy(&more));
    let more = String::from_utf8(more.to_vec()).expect("UTF-8");
    let read = scan(&more);
    if !more.starts_with('{') {
        let carefully = carefully(&more).unwrap_or_else(|problem| panic!("{problem:?} in\n{more}"));
        assert_eq!(all(&read), all(&carefully), "{more}");
    }
    for name in index.charts() {
        let left: Vec<_> =
            read.versions(name).filter(|entry| index.get(name, entry.version).is_some()).collect();
        assert!(left.iter().map(|e| e.version).eq(index.versions(name).map(|e| e.version)), "{more}");
    }
    for metadata in versions {
        let entry =
            read.get(&metadata.name, &metadata.version).unwrap_or_else(|| panic!("not there:\n{more}"));
        assert_eq!(entry.created, Some(1_714_979_289));
        assert_eq!(entry.digest, Some(Digest::of(b"package")));
        assert_eq!(
            more.lines().nth(entry.line - 1).map(|line| line.trim_start().starts_with('-')),
            Some(true)
        );
    }
    let count = |index: &Index| index.charts().map(|name| index.versions(name).count()).sum::<usize>();
    assert_eq!(count(&read), count(&index) + versions.len(), "{more}");
}

#[test]
fn helms_own_layout_never_needs_the_yaml_reader() {
    let index = scan(HELMS);
    assert!(matches!(index.layout, Layout::Block(_)));
    assert!(index.items.iter().all(|item| matches!(item.version, Text::At(..))));
    assert_eq!(all(&index), all(&carefully(HELMS).expect("it is read")));
    let entry = index.get("nginx-2", "2.0.0").expect("it is there");
    assert_eq!(entry.line, 4);
    assert_eq!(entry.url, Some("https://example.org/nginx-2-2.0.0.tgz"));
    assert_eq!(index.get("nginx-2", "2.0"), None);
    assert_eq!(index.get("nginx-2", "v2.0.0"), None);
}

#[test]
fn an_entry_goes_to_its_place_and_reads_as_helm_writes_it() {
    let metadata = metadata("nginx-2", "1.5.0");
    let more = scan(HELMS).with(&[new(&metadata)], 1_800_000_000).expect("it is added");
    let text = std::str::from_utf8(&more).expect("UTF-8");
    let digest = Digest::of(b"package").hex();
    let added = format!(
        r#"    version: 2.0.0
  - annotations:
      a: |
        one
        two
    apiVersion: v2
    created: "2024-05-06T07:08:09Z"
    description: 'Does what it says: nothing that anybody would notice, but that for
      a long time, and well'
    digest: {digest}
    name: nginx-2
    urls:
    - https://example.org/nginx-2@1.5.0.tgz
    version: 1.5.0
  - apiVersion: v2
"#
    );
    assert!(text.contains(&added), "{text}");
    assert!(text.ends_with("\ngenerated: \"2027-01-15T08:00:00Z\"\n"), "{text}");
}

#[test]
fn a_time_of_generation_never_goes_back() {
    let metadata = metadata("nginx-2", "1.5.0");
    let more = scan(HELMS).with(&[new(&metadata)], 0).expect("it is added");
    assert!(more.ends_with(b"\ngenerated: \"2024-05-06T07:08:09.5Z\"\n"));
}

#[test]
fn new_charts_stand_in_helms_order() {
    let charts = ["nginx2", "nginx-3", "a", "nginx-11"].map(|name| metadata(name, "1.0.0"));
    let entries: Vec<_> = charts.iter().map(new).collect();
    let more = scan(HELMS).with(&entries, 0).expect("they are added");
    let more = Index::scan(more).expect("it is read");
    let names: Vec<_> = more.charts().collect();
    assert_eq!(names, ["a", "nginx-2", "nginx-3", "nginx-10", "nginx-11", "nginx2"]);
}

#[test]
fn a_chart_with_a_name_that_is_no_simple_key_can_be_added() {
    let long = metadata(&"long-".repeat(30), "1.0.0");
    let merge = metadata("<<", "1.0.0");
    for text in [HELMS, "apiVersion: v1\nentries: {}\n"] {
        let more = scan(text).with(&[new(&long), new(&merge)], 0).expect("they are added");
        let more = Index::scan(more).expect("it is read");
        assert!(more.get(&long.name, "1.0.0").is_some() && more.get("<<", "1.0.0").is_some());
    }
}

#[test]
fn an_index_begins_empty() {
    let first = metadata("a", "1.0.0");
    let text = Index::empty().with(&[new(&first)], 0).expect("it is added");
    assert!(text.starts_with(b"apiVersion: v1\nentries:\n  a:\n  - annotations:\n"));
    check_splice("apiVersion: v1\nentries: {}\n", &[first, metadata("a", "1.0.1"), metadata("b", "1")]);
    assert_eq!(Index::empty().bytes(), scan("apiVersion: v1\nentries: {}\n").bytes());
}

#[test]
fn what_is_there_is_not_added() {
    let old = metadata("nginx-2", "2.0.0");
    let problem = scan(HELMS).with(&[new(&old)], 0).expect_err("it is there");
    assert_eq!(problem.place.and_then(|place| place.line), Some(4));
    let twice = metadata("nginx-2", "3.0.0");
    assert!(scan(HELMS).with(&[new(&twice), new(&twice)], 0).is_err());
}

#[test]
fn every_layout_is_read_and_added_to() {
    for text in LAYOUTS {
        assert_eq!(all(&scan(text)), all(&carefully(text).expect("the YAML reader reads it")), "{text}");
        let mut versions =
            vec![metadata("a", "2.5.0"), metadata("a", "0.0.1"), metadata("n", "1.0.0"), metadata("n", "2")];
        check_splice(text, &versions);
        versions.truncate(1);
        check_splice(text, &versions);
    }
}

#[test]
fn what_cannot_be_added_to_says_so() {
    for text in READ_ONLY {
        let index = scan(text);
        assert_eq!(all(&index), all(&carefully(text).expect("the YAML reader reads it")), "{text}");
        let problem = index.with(&[new(&metadata("a", "2.5.0"))], 0).expect_err(text);
        assert!(problem.next.is_some(), "{problem:?}");
    }
}

#[test]
fn a_json_index_is_read_and_added_to() {
    let compact = r#"{"apiVersion":"v1","generated":"2020-01-01T00:00:00Z","entries":{"a":[{"name":"a","version":"1.0.0","x":{"\"entries\":":1},"urls":["\u0061"],"digest":"6734ab41478f4946456bbaa52d54c38c3794fd538fbfec72e419e89d2a6744c0"}],"z":[]}}"#;
    let value: serde_json::Value = serde_json::from_str(compact).expect("JSON");
    let pretty = format!("\n{:#}", value);
    for text in [compact, &pretty, r#"{"apiVersion": "v1"}"#, r#"{"apiVersion": "v1", "entries": null}"#] {
        let versions = ["2.0.0", "0.1.0"].map(|version| metadata("a", version));
        let others = [metadata("m", "1.0.0"), metadata("z", "1.0.0"), metadata("zz", "1.0.0")];
        let all = [&versions[..], &others[..]].concat();
        let index = scan(text);
        assert!(matches!(index.layout, Layout::Json(_)));
        let entries: Vec<_> = all.iter().map(new).collect();
        let more = index.with(&entries, 1_714_979_289).expect("they are added");
        let _: serde_json::Value =
            serde_json::from_slice(&more).unwrap_or_else(|error| panic!("{error} {more:?}"));
        let read = Index::scan(more.clone()).expect("it is read");
        for metadata in &all {
            assert!(read.get(&metadata.name, &metadata.version).is_some(), "{more:?}");
        }
    }
    assert_eq!(
        scan(compact).get("a", "1.0.0").and_then(|entry| entry.url.map(str::to_owned)).as_deref(),
        Some("a")
    );
}

#[test]
fn a_json_index_may_write_its_keys_in_other_capitals_as_go_reads_them() {
    let text = r#"{"apiVersion":"v1","Entries":{"a":[{"name":"a","version":"1.0.0"}]}}"#;
    let more = scan(text).extended(&[new(&metadata("a", "2.0.0"))], 0).expect("it is added");
    assert!(more.versions("a").map(|entry| entry.version).eq(["2.0.0", "1.0.0"]));
}

#[test]
fn a_problem_names_the_line() {
    let line = |text: &str| Index::scan(text.to_owned()).expect_err(text).place.and_then(|place| place.line);
    for (right, wrong) in [
        ("version: 0.1.0", "version: 0.1"),
        ("name: nginx-10", "nom: nginx-10"),
        ("  name: nginx-10", "  home: x\n    home: y"),
        ("created: \"2023", "created: \"23"),
        ("keywords:", "keywords: {}"),
        ("    - nginx-2-2.0.0.tgz", "    - nginx-2-2.0.0.tgz: x"),
    ] {
        let text = HELMS.replacen(right, wrong, 1);
        let changed = HELMS.lines().zip(text.lines()).position(|(old, new)| old != new);
        if let Some(changed) = changed {
            let found = line(&text).unwrap_or_default();
            assert!((changed + 1..=changed + 2).contains(&found), "{wrong}: {found}, not {}", changed + 1);
        }
    }
    assert_eq!(line(&HELMS.replace("apiVersion: v1\ne", "e")), Some(1));
    assert_eq!(line("apiVersion: v1\nentries: 1\n"), Some(2));
}

#[test]
fn a_version_that_is_there_twice_is_told() {
    let text = "apiVersion: v1\nentries:\n  a:\n  - {name: a, version: 1.0.0, urls: [x]}\n  - name: a\n    version: 1.0.0\n";
    let index = scan(text);
    assert_eq!(index.get("a", "1.0.0").and_then(|entry| entry.url), Some("x"));
    assert_eq!(index.notices().len(), 1);
    assert_eq!(index.notices()[0].place.as_ref().and_then(|place| place.line), Some(5));
}

/// Pieces of YAML that change what stands around them.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "\n",
        "  ",
        " ",
        "- ",
        "-",
        ": ",
        ":",
        "#",
        " # c",
        "'",
        "\"",
        "\\",
        "|",
        "|+",
        ">-",
        "[]",
        "{}",
        "[",
        "]",
        "{",
        "}",
        "a: 1\n",
        "- a\n",
        "  - name: x\n    version: 1.0.0\n",
        "  b:\n",
        "---\n",
        "...\n",
        "\r",
        "\t",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "&x ",
        "*x",
        "!!str ",
        "null",
        "~",
        "yes",
        "1.10",
        "72551e2",
        "<<: ",
        "? ",
        "\n\n",
        ",",
        "version: 2.0.0\n",
        "    urls:\n",
        "generated: \n",
        "é",
        "\u{1F600}",
        "%",
        "@",
        "`",
        "=",
        "2020-01-01",
        "0x1f",
        "    description: \"a\n",
        "    keywords: [1]\n",
        "\r\n",
        "  # c\n",
        "\u{7f}",
    ];
    prop::sample::select(pieces.to_vec()).prop_map(str::to_owned)
}

/// An index in Helm's layout or another, with pieces put in, taken out or doubled.
fn mangled() -> impl Strategy<Value = String> {
    let texts: Vec<&str> = LAYOUTS.iter().chain(&READ_ONLY).copied().chain([HELMS]).collect();
    let edit = (any::<prop::sample::Index>(), 0..12usize, piece(), any::<bool>());
    (prop::sample::select(texts), prop::collection::vec(edit, 0..5)).prop_map(|(text, edits)| {
        let mut text: Vec<char> = text.chars().collect();
        for (at, taken, piece, by_line) in edits {
            let mut at = at.index(text.len() + 1);
            while by_line && at > 0 && text[at - 1] != '\n' {
                at -= 1;
            }
            let end = (at + taken * usize::from(taken % 2 == 0)).min(text.len());
            text.splice(at..end, piece.chars());
        }
        text.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Index::scan(bytes);
    }

    #[test]
    fn the_line_reader_says_what_the_yaml_reader_says(text in mangled()) {
        match (Index::scan(text.clone()), carefully(&text)) {
            (Ok(quick), Ok(careful)) => {
                prop_assert_eq!(all(&quick), all(&careful));
                prop_assert_eq!(quick.notices().len(), careful.notices().len());
            }
            (Err(_), Err(_)) => {}
            (Ok(_), Err(problem)) => prop_assert!(text.is_empty() || text.trim_start().starts_with('{'), "refused: {:?}", problem),
            (Err(problem), Ok(_)) => prop_assert!(text.is_empty(), "refused: {:?}", problem),
        }
    }

    #[test]
    fn a_splice_into_anything_keeps_it(text in mangled(), version in "[0-3]\\.[0-9]\\.[0-9]") {
        let Ok(index) = Index::scan(text.clone()) else { return Ok(()) };
        let versions = [metadata("a", &version), metadata("nginx-2", &version), metadata("k", &version)];
        let entries: Vec<_> = versions.iter().map(new).collect();
        if index.with(&entries, 0).is_ok() {
            check_splice(&text, &versions);
        }
    }
}
