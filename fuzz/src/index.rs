//! An index.yaml, and a chart version that is added to it.

use chart_release::{
    charts::{
        Metadata,
        yaml::{self, Node, Value},
    },
    digest::Digest,
    index::{Entry, Excerpt, Index, NewEntry},
};
use std::{
    collections::BTreeSet,
    io::{self, Cursor, Read, Seek, SeekFrom},
};

const CREATED: i64 = 1_714_979_289;

/// The parts: an index.yaml, and the name and the version to add, a line each.
pub fn index(data: &[u8]) {
    let [text, added] = super::parts(data);
    let index = Index::scan(text.to_vec());
    an_excerpt_says_the_same(text, index.as_ref().ok());
    let Ok(index) = index else { return };
    assert_eq!(index.bytes(), text);
    let is_json = text.trim_ascii_start().starts_with(b"{");
    if !is_json {
        says_what_the_yaml_says(&index);
    }
    let added = String::from_utf8_lossy(added);
    let mut added = added.lines();
    let (name, version) = (added.next().unwrap_or("a"), added.next().unwrap_or("1.2.3"));
    let mut metadata = Metadata {
        name: name.into(),
        version: version.into(),
        api_version: "v2".into(),
        description: "Adds a chart: one that nobody needs, but that is described in more than a line of it"
            .into(),
        ..Metadata::default()
    };
    if metadata.validate().is_ok() {
        takes_an_entry(&index, &metadata, is_json);
    }
}

/// What is read piece by piece is what is read as a whole, however few bytes come at a time, and whether all charts are
/// asked for, one, or none that is there.
fn an_excerpt_says_the_same(text: &[u8], index: Option<&Index>) {
    let charts: Vec<&str> = index.into_iter().flat_map(Index::charts).collect();
    let last = charts.last().copied().unwrap_or("a");
    for names in
        [BTreeSet::from_iter(charts.iter().copied()), BTreeSet::from([last, "not there"]), BTreeSet::new()]
    {
        for (at_once, most) in [(usize::MAX, usize::MAX), (3, 1 << 20), (61, 200)] {
            let slow = Slow { document: Cursor::new(text), at_once };
            let excerpt = match (Excerpt::read(slow, &names, most), index) {
                (Ok(excerpt), Some(index)) => (excerpt, index),
                (Ok(_), None) => panic!("the whole is refused, and not its pieces"),
                (Err(problem), Some(_)) => {
                    assert!(most < text.len(), "{problem:?}");
                    continue;
                }
                (Err(_), None) => continue,
            };
            let (excerpt, index) = excerpt;
            assert!(excerpt.charts().eq(index.charts().filter(|chart| names.contains(chart))));
            for chart in &names {
                assert!(excerpt.versions(chart).eq(index.versions(chart)), "the entries of {chart} differ");
            }
        }
    }
}

/// A document that comes in pieces of this many bytes.
struct Slow<'a> {
    document: Cursor<&'a [u8]>,
    at_once: usize,
}

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.at_once);
        self.document.read(&mut buffer[..length])
    }
}

impl Seek for Slow<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.document.seek(to)
    }
}

/// The entries are those of the YAML document, in its order, without those that are told to be left out.
fn says_what_the_yaml_says(index: &Index) {
    let Ok(document) = yaml::read("index.yaml", index.bytes()) else {
        assert!(index.bytes().is_empty(), "what was scanned is no YAML");
        return;
    };
    let charts = field(&document, "entries").map_or(&[][..], Node::entries);
    assert!(charts.iter().filter_map(|(name, _)| name.as_key()).eq(index.charts()));
    let mut items = 0;
    for (name, list) in charts {
        let name = name.as_key().expect("a chart's name");
        let mut left = list.items().iter();
        items += list.items().len();
        for entry in index.versions(&name) {
            assert!(left.any(|item| is_said(&entry, item)), "{name}@{} is not in the YAML", entry.version);
        }
    }
    let kept: usize = index.charts().map(|name| index.versions(name).count()).sum();
    let twice =
        index.notices().iter().filter(|notice| notice.what.ends_with("is there twice: Helm takes the first"));
    assert_eq!(items - kept, index.notices().len() - twice.count(), "each that is left out is told");
}

fn is_said(entry: &Entry<'_>, item: &Node) -> bool {
    let text = |key| field(item, key).and_then(Node::coerced);
    let url = field(item, "urls").and_then(|urls| urls.items().first()).and_then(Node::coerced);
    text("version").as_deref().unwrap_or_default() == entry.version
        && text("digest").as_deref().and_then(Digest::parse) == entry.digest
        && url.as_deref() == entry.url
}

/// The last value of a key, also in other capitals.
fn field<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    let is_it = |name: &Node| matches!(&name.value, Value::Text(name) if name.eq_ignore_ascii_case(key));
    node.get(key)
        .or_else(|| node.entries().iter().rev().find(|(name, _)| is_it(name)).map(|(_, value)| value))
}

/// An index that can take an entry takes it, and loses nothing.
fn takes_an_entry(index: &Index, metadata: &Metadata, is_json: bool) {
    let (name, version) = (metadata.name.as_str(), metadata.version.as_str());
    let digest = Digest::of(b"package");
    let urls = vec![format!("https://example.org/{}", metadata.chart_version().package_file())];
    let new = [NewEntry { metadata, urls, created: CREATED, digest }];
    let extended = index.extended(&new, CREATED);
    if index.can_take(name).is_err() || index.get(name, version).is_some() {
        assert!(extended.is_err());
        return;
    }
    if metadata.to_yaml().is_err() {
        return;
    }
    let extended = match extended {
        Ok(extended) => extended,
        // Where the entry goes depends on its version, which `can_take` does not know.
        Err(problem)
            if problem.what.starts_with("the last line has no newline")
                && index.charts().any(|it| it == name) =>
        {
            return;
        }
        Err(problem) => panic!("{problem:?}"),
    };
    let entry = extended.get(name, version).expect("what was added is there");
    assert_eq!((entry.digest, entry.created), (Some(digest), Some(CREATED)));
    for chart in index.charts() {
        let old = index.versions(chart).map(without_line);
        let kept = extended.versions(chart).filter(|entry| (chart, entry.version) != (name, version));
        assert!(old.eq(kept.map(without_line)), "the entries of {chart} changed");
    }
    let of_charts =
        |index: &Index| index.charts().filter(|chart| *chart != name).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(of_charts(index), of_charts(&extended), "charts in their order");
    if !is_json {
        says_what_the_yaml_says(&extended);
        keeps_lines(index.bytes(), extended.bytes());
    }
    let again = extended.extended(&new, CREATED).expect_err("it is there already");
    assert!(again.place.is_some());
}

fn without_line(entry: Entry<'_>) -> Entry<'_> {
    Entry { line: 0, ..entry }
}

/// Every old line is there, in its order, but for what a splice may change: the value of `generated`, and a value that
/// says that there is nothing (`entries: {}`).
fn keeps_lines(old: &[u8], new: &[u8]) {
    let mut left = trimmed_lines(new);
    let mut opened = 0;
    for line in trimmed_lines(old).filter(|line| !line.is_empty()) {
        if line.windows(9).any(|word| word.eq_ignore_ascii_case(b"generated")) {
            continue;
        }
        let mut ahead = left.clone();
        if ahead.any(|other| other == line) {
            left = ahead;
            continue;
        }
        let says_nothing = [&b"{}"[..], b"[]", b"null", b"Null", b"NULL", b"~"];
        let place = says_nothing
            .iter()
            .filter_map(|word| line.windows(word.len()).rposition(|part| part == *word))
            .min();
        let begin = place.map(|place| line[..place].trim_ascii_end());
        let mut ahead = left.clone();
        match begin {
            Some(begin) if ahead.any(|other| other.starts_with(begin)) => {
                left = ahead;
                opened += 1;
            }
            _ => panic!("this line is lost: {:?}", String::from_utf8_lossy(line)),
        }
    }
    assert!(opened <= 2, "{opened} lines changed");
}

fn trimmed_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end)
}
