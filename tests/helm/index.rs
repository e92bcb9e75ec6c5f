//! An index.yaml is read as Helm reads it.

use chart_release::{
    charts::Metadata,
    digest::Digest,
    index::{Excerpt, Index, NewEntry},
};
use serde::Deserialize;
use std::{collections::BTreeSet, io::Cursor};

#[derive(Deserialize)]
struct Cases {
    load: Vec<Load>,
    merge: Vec<Merge>,
}

/// An index, and what Helm makes of it.
#[derive(Deserialize)]
struct Load {
    case: String,
    index: String,
    error: Option<String>,
    #[serde(default)]
    skipped_entries: usize,
    #[serde(default)]
    reserialized: String,
}

#[derive(Deserialize)]
struct Merge {
    case: String,
    receiver_yaml: String,
    incoming_yaml: String,
    result_yaml: String,
}

fn cases() -> Cases {
    serde_json::from_str(include_str!("vectors/index-merge.json")).expect("the vectors are JSON")
}

fn scan(text: &str) -> Index {
    Index::scan(text.to_owned()).unwrap_or_else(|problem| panic!("{problem:?}\n{text}"))
}

/// All entries, as comparable lines: order and layout do not count.
fn entries(index: &Index) -> BTreeSet<String> {
    let all = |name: &str| {
        index
            .versions(name)
            .map(|entry| {
                format!("{name} {} {:?} {:?} {:?}", entry.version, entry.digest, entry.url, entry.created)
            })
            .collect::<Vec<_>>()
    };
    index.charts().flat_map(all).collect()
}

fn metadata(name: &str, version: &str) -> Metadata {
    Metadata { name: name.into(), version: version.into(), api_version: "v2".into(), ..Metadata::default() }
}

#[test]
fn what_helm_loads_we_read_and_what_it_refuses_we_refuse() {
    let mut wrong = Vec::new();
    for Load { case, index, error, skipped_entries, reserialized } in cases().load {
        match (Index::scan(index), error) {
            (Ok(_), Some(error)) => wrong.push(format!("{case}: read, but Helm says {error}")),
            (Err(problem), None) => wrong.push(format!("{case}: {problem:?}, but Helm reads it")),
            (Err(problem), Some(_)) => {
                if problem.place.is_none() {
                    wrong.push(format!("{case}: {problem:?} names no place"));
                }
            }
            (Ok(index), None) => {
                let twice = usize::from(case == "duplicate-version-kept");
                if index.notices().len() != skipped_entries + twice {
                    wrong.push(format!("{case}: {:?}", index.notices()));
                }
                if entries(&index) != entries(&scan(&reserialized)) {
                    wrong.push(format!("{case}: {:?} is not what {reserialized} says", entries(&index)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn some_charts_of_an_index_are_read_as_the_whole_is() {
    let mut some = 0;
    for Load { case, index: text, .. } in cases().load {
        let names: Vec<String> =
            Index::scan(text.clone()).iter().flat_map(Index::charts).map(str::to_owned).collect();
        let all: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        let read = Excerpt::read(Cursor::new(&text), &all, text.len());
        match (Index::scan(text), read) {
            (Ok(whole), Ok(excerpt)) => {
                assert!(whole.charts().eq(excerpt.charts()), "{case}");
                for name in whole.charts() {
                    assert!(whole.versions(name).eq(excerpt.versions(name)), "{case}: {name}");
                    some += whole.versions(name).count();
                }
            }
            (whole, excerpt) => assert_eq!(whole.err(), excerpt.err(), "{case}"),
        }
    }
    assert!(some > 10, "{some}");
}

#[test]
fn to_what_helm_loads_an_entry_can_be_added() {
    let metadata = metadata("new", "1.0.0");
    let new = NewEntry {
        metadata: &metadata,
        urls: vec!["new-1.0.0.tgz".into()],
        created: 0,
        digest: Digest::of(b""),
    };
    for Load { case, index: text, error, .. } in cases().load {
        if error.is_some() {
            continue;
        }
        let index = scan(&text);
        let more =
            index.with(std::slice::from_ref(&new), 0).unwrap_or_else(|problem| panic!("{case}: {problem:?}"));
        let read = scan(std::str::from_utf8(&more).expect("UTF-8"));
        let mut wanted = entries(&index);
        wanted.extend(entries(&read).into_iter().filter(|line| line.starts_with("new 1.0.0 ")));
        assert_eq!(entries(&read), wanted, "{case}");
        assert_eq!(read.versions("new").count(), 1, "{case}");
    }
}

/// `helm repo index --merge` asks whether a version is there with a query for a range of versions, so it loses
/// versions: `0.2.0+b9` beside `0.2.0+b1`, `0.9.0` beside `v0.9.0`, `1.5` beside `1.5.7`. Here a version is its text,
/// nothing is lost, and entries that Helm cannot read keep their bytes. Every case of Helm's merge in which it loses
/// something is named; in the others both end with the same versions.
#[test]
fn nothing_is_lost_where_helm_loses_versions() {
    let better = [
        "build metadata treated as equal: incoming dropped",
        "v prefix treated as equal: incoming dropped",
        "loose version is a range: incoming dropped when any receiver version matches",
        "incoming duplicates of each other: first wins",
    ];
    for Merge { case, receiver_yaml, incoming_yaml, result_yaml } in cases().merge {
        let receiver = scan(&receiver_yaml);
        let incoming = scan(&incoming_yaml);
        let added: Vec<Metadata> = incoming
            .charts()
            .flat_map(|name| incoming.versions(name).map(move |entry| (name, entry.version)))
            // Helm puts an entry under its own name, whatever its key says.
            .map(|(name, version)| metadata(if name == "zz" { "b" } else { name }, version))
            .filter(|metadata| receiver.get(&metadata.name, &metadata.version).is_none())
            .collect();
        let new: Vec<NewEntry<'_>> = added
            .iter()
            .map(|metadata| NewEntry {
                metadata,
                urls: vec!["u".into()],
                created: 0,
                digest: Digest::of(b""),
            })
            .collect();
        let ours = receiver.with(&new, 0).unwrap_or_else(|problem| panic!("{case}: {problem:?}"));
        let ours = scan(std::str::from_utf8(&ours).expect("UTF-8"));
        let helms = scan(&result_yaml);
        let versions = |index: &Index| -> Vec<String> {
            let all = |name: &str| {
                index.versions(name).map(|e| format!("{name} {}", e.version)).collect::<Vec<_>>()
            };
            index.charts().flat_map(all).collect()
        };
        let (ours, helms): (BTreeSet<_>, BTreeSet<_>) =
            (versions(&ours).into_iter().collect(), versions(&helms).into_iter().collect());
        assert!(ours.is_superset(&helms), "{case}");
        assert_eq!(ours != helms, better.contains(&case.as_str()), "{case}: {ours:?} {helms:?}");
    }
}
