//! Packages: equal files give equal bytes, what is written reads back, what others wrote is compared by content, and
//! nothing that a stranger's archive holds can hurt.

use bytes::Bytes;
use chart_release::{
    archive::{self, Limits},
    charts::{Chart, Files},
    digest::Digest,
    packages::{DEFAULT_TIME, Package, pack, parse_epoch, unpack},
};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use std::io::{Read, Write};

const CHART: &str = "apiVersion: v2\nname: demo\nversion: 1.2.0\n";

fn files(list: &[(&str, &str)]) -> Files {
    Files(list.iter().map(|(path, text)| ((*path).to_owned(), Bytes::from((*text).to_owned()))).collect())
}

fn packed(list: &[(&str, &str)]) -> Package {
    pack(&Chart::read(files(list)).unwrap(), DEFAULT_TIME).unwrap()
}

/// An archive as a tool that is not Helm would write it: with folders, owners, times and GNU headers.
fn tarred(list: &[(&str, &[u8])]) -> Bytes {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content) in list {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        header.set_uid(1000);
        header.set_mtime(1_700_000_000);
        if name.ends_with('/') {
            header.set_entry_type(tar::EntryType::Directory);
        }
        archive.append_data(&mut header, name, *content).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap().into()
}

fn names(package: &Package) -> Vec<String> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&package.bytes[..]));
    let names = archive
        .entries()
        .unwrap()
        .map(|entry| String::from_utf8(entry.unwrap().path_bytes().into_owned()).unwrap());
    names.collect()
}

/// A chart with every kind of entry: metadata that is rewritten, a lock, values, schema, templates, files, a subchart,
/// and names that need a prefix and a PAX record.
fn everything() -> Vec<(String, String)> {
    let long = format!("files/{}/{}", "a".repeat(60), "b".repeat(60));
    // Long enough for encoders and levels to differ.
    let dashboard: String = (0..6000u32)
        .map(|line| {
            format!("{{\"id\": {line}, \"expression\": \"rate(requests_{}[5m])\"}}\n", line * line % 977)
        })
        .collect();
    [
        ("Chart.yaml", "# a comment\nname: demo\nversion: 1.2.0\napiVersion: v2\nappVersion: 1.10\n"),
        ("Chart.lock", "dependencies: []\ndigest: sha256:x\ngenerated: 2024-05-06T07:08:09Z\n"),
        ("values.yaml", "replicas: 1\n"),
        ("values.schema.json", "{}"),
        ("templates/deployment.yaml", "kind: Deployment\n"),
        ("README.md", "# demo\n"),
        ("charts/database/Chart.yaml", "apiVersion: v2\nname: database\nversion: 0.1.0\n"),
        ("files/\u{e9}t\u{e9}.txt", "summer\n"),
        (long.as_str(), "deep\n"),
        ("files/dashboard.json", dashboard.as_str()),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .to_vec()
}

/// The promise: equal files give equal bytes, in every run, on every machine, in every later version of the program.
/// **If this digest has to change, the promise is broken**: a chart whose publishing stopped half-way under the old
/// program would be refused by the new one. What can change it: the encoder (`flate2` and `miniz_oxide` are pinned, and
/// another crate may switch flate2's backend by a feature), its level, the headers, the order, how Chart.yaml is written.
#[test]
fn the_golden_digest_never_changes() {
    let everything = everything();
    let list: Vec<_> = everything.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let package = packed(&list);
    assert_eq!(
        package.digest.to_string(),
        "sha256:59a277f28111f9ed409811a7c06e9f1e6bb262f2fbfaa9d092c72e9f7fe15c99"
    );
    assert_eq!(package.digest, Digest::of(&package.bytes));
    assert_eq!(&package.bytes[..15], b"\x1f\x8b\x08\x10\0\0\0\0\0\xffHelm\0", "no FEXTRA, no time");
    assert_eq!(package.metadata.app_version, "1.1", "an unquoted 1.10 is a number for Helm");
}

#[test]
fn the_order_in_which_files_are_found_does_not_matter() {
    let mut everything = everything();
    let one: Vec<_> = everything.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let one = packed(&one);
    everything.reverse();
    let other: Vec<_> = everything.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    assert_eq!(one.bytes, packed(&other).bytes);
}

#[test]
fn subcharts_are_sorted_by_the_name_under_which_they_are_written() {
    let sub = |name: &str| format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n");
    let (b, a, c) = (sub("b"), sub("a"), sub("c"));
    let mut list = files(&[("Chart.yaml", CHART), ("charts/x/Chart.yaml", &b), ("charts/y/Chart.yaml", &a)]);
    list.0.insert("charts/c-0.1.0.tgz".into(), tarred(&[("c/", b""), ("c/Chart.yaml", c.as_bytes())]));
    let package = pack(&Chart::read(list).unwrap(), DEFAULT_TIME).unwrap();
    let expected = [
        "demo/Chart.yaml",
        "demo/charts/a/Chart.yaml",
        "demo/charts/b/Chart.yaml",
        "demo/charts/c/Chart.yaml",
    ];
    assert_eq!(names(&package), expected);
}

#[test]
fn what_others_packaged_is_the_same_when_its_files_are() {
    let ours = packed(&[
        ("Chart.yaml", "name: demo\nversion: 1.2.0\napiVersion: v2\nappVersion: '2'\n"),
        ("Chart.lock", "dependencies: []\ndigest: sha256:x\ngenerated: 2024-05-06T07:08:09Z\n"),
        ("values.yaml", "\u{feff}\u{feff}a: 1\n"),
        ("templates/x.yaml", "x"),
    ]);
    let lock: &[u8] = b"digest: sha256:x\ngenerated: 2025-01-01T00:00:00+02:00\ndependencies: []\n";
    let chart_yaml: &[u8] =
        b"# verbatim\napiVersion: v2\nappVersion: 2\nname: demo\nversion: 1.2.0\nunknown: 1\n";
    let theirs = [
        ("whatever/", &b""[..]),
        ("whatever/templates/x.yaml", b"x"),
        ("whatever/values.yaml", b"a: 1\n"),
        ("whatever/Chart.lock", lock),
        ("whatever/Chart.yaml", chart_yaml),
    ];
    let same = unpack(tarred(&theirs)).unwrap();
    assert_eq!(same.is, ours.is);
    assert_ne!(same.digest, ours.digest);
    assert_eq!(ours.contents.differing(&same.contents), Vec::<String>::new());

    let mut other = theirs.to_vec();
    other[1].1 = b"y";
    other.push(("whatever/NOTES.md", b""));
    other.remove(3);
    let other = unpack(tarred(&other)).unwrap();
    assert_eq!(ours.contents.differing(&other.contents), ["Chart.lock", "NOTES.md", "templates/x.yaml"]);
    assert_eq!(other.contents.differing(&ours.contents), ["Chart.lock", "NOTES.md", "templates/x.yaml"]);
}

#[test]
fn the_time_of_a_lock_is_no_content_in_charts_of_either_api_version() {
    for (api_version, file) in [("v1", "requirements.lock"), ("v2", "Chart.lock")] {
        let chart = format!("apiVersion: {api_version}\nname: demo\nversion: 1.2.0\n");
        let at = |time: &str, digest: &str| {
            let lock = format!("dependencies: []\ndigest: {digest}\ngenerated: {time}\n");
            packed(&[("Chart.yaml", &chart), (file, &lock)]).contents
        };
        let one = at("2024-05-06T07:08:09Z", "sha256:x");
        assert!(one.differing(&at("2025-05-06T07:08:09.1+02:00", "sha256:x")).is_empty());
        assert_eq!(one.differing(&at("2024-05-06T07:08:09Z", "sha256:y")), [file]);
    }
}

#[test]
fn a_published_chart_that_could_not_be_packaged_today_is_still_read() {
    let package = unpack(tarred(&[
        ("c/Chart.yaml", b"apiVersion: v1\nname: c\nversion: 0.1.0\n"),
        ("c/requirements.yaml", b"dependencies:\n- name: gone\n  version: 1.0.0\n"),
        ("c/values.yaml", b"a: 1\n---\n- b\n"),
        ("c/values.schema.json", b"{"),
    ]))
    .unwrap();
    assert_eq!(package.metadata.dependencies[0].name, "gone");
    assert_eq!(package.contents.files.len(), 4);
}

#[test]
fn a_missing_dependency_is_told_with_what_to_do() {
    let text =
        format!("{CHART}dependencies:\n- name: redis\n  version: 1.0.0\n  repository: https://example.org\n");
    let problem = Chart::read(files(&[("Chart.yaml", &text)])).unwrap_err();
    assert!(problem.what.ends_with("missing in charts/ directory: redis"), "{problem}");
    assert!(problem.next.unwrap().contains("helm dependency build"));
}

#[test]
fn problems_of_a_subchart_name_its_file() {
    let sub = "apiVersion: v2\nname: d\nversion: 0.1.0\n";
    for (path, text, line) in [
        ("values.yaml", "a: 1\nb: [\n", Some(3)),
        ("values.schema.json", "{\n  \"a\": }\n", Some(2)),
        ("Chart.lock", "digest: x\ngenerated: never\n", Some(2)),
        ("charts/README.md", "hello", None),
    ] {
        let path = format!("charts/d/{path}");
        let list = files(&[("Chart.yaml", CHART), ("charts/d/Chart.yaml", sub), (&path, text)]);
        let place = Chart::read(list).unwrap_err().place.unwrap();
        assert_eq!(place.file, path);
        assert!(
            line.is_none() || place.line.is_some_and(|at| line.unwrap() - 1 <= at && at <= line.unwrap())
        );
    }
}

#[test]
fn subcharts_in_archives_are_read_to_a_bounded_depth() {
    let nested = |levels: usize| {
        let mut archive = tarred(&[("c/Chart.yaml", b"apiVersion: v2\nname: c\nversion: 0.1.0\n")]);
        for _ in 1..levels {
            archive = tarred(&[
                ("c/Chart.yaml", b"apiVersion: v2\nname: c\nversion: 0.1.0\n"),
                ("c/charts/c.tgz", &archive),
            ]);
        }
        let mut list = files(&[("Chart.yaml", CHART)]);
        list.0.insert("charts/c.tgz".into(), archive);
        Chart::read(list)
    };
    assert!(nested(8).is_ok());
    assert!(nested(9).unwrap_err().what.contains("nested more than 8 deep"));
}

#[test]
fn archives_in_charts_are_unpacked_to_a_bounded_size_together() {
    let big = vec![0; 40 << 20];
    let subchart = |name: &str| {
        let chart_yaml = format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n");
        let paths = ["Chart.yaml", "big"].map(|file| format!("{name}/{file}"));
        tarred(&[(&paths[0], chart_yaml.as_bytes()), (&paths[1], &big)])
    };
    let with = |names: &[&str]| {
        let mut files = files(&[("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n")]);
        files.0.extend(names.iter().map(|name| (format!("charts/{name}.tgz"), subchart(name))));
        Chart::read(files)
    };
    assert!(with(&["a", "b"]).is_ok());
    let problem = with(&["a", "b", "c"]).unwrap_err();
    assert_eq!(problem.place.unwrap().file, "charts/c.tgz");
    assert!(problem.what.contains("larger than the maximum size"), "{}", problem.what);
}

#[test]
fn names_that_do_not_read_back_are_refused_before_they_are_published() {
    for name in ["..hidden", "a\\b", "c:/d", "a\0b"] {
        let problem = Chart::read(files(&[("Chart.yaml", CHART), (name, "")])).expect_err(name);
        assert_eq!(problem.place.unwrap().file, name);
    }
}

#[test]
fn a_chart_whose_name_means_something_else_to_readers_is_refused() {
    for name in ["_d", ".d", "d.tgz", "d\\e"] {
        let sub = format!("apiVersion: v2\nname: '{name}'\nversion: 0.1.0\n");
        let chart = Chart::read(files(&[("Chart.yaml", CHART), ("charts/d/Chart.yaml", &sub)])).unwrap();
        assert!(pack(&chart, DEFAULT_TIME).is_err(), "{name}");
    }
    for name in ["Chart.yaml", "a\\b"] {
        let chart = format!("apiVersion: v2\nname: '{name}'\nversion: 0.1.0\n");
        let chart = Chart::read(files(&[("Chart.yaml", &chart)])).unwrap();
        assert!(pack(&chart, DEFAULT_TIME).is_err(), "{name}");
    }
}

#[test]
fn what_an_archive_may_cost_is_bounded() {
    let limits = Limits { total: 1000, entries: 3, ratio: 1032 };
    let read = |bytes: &[u8]| archive::read(bytes, &limits).map_err(|problem| problem.what);
    assert!(read(&tarred(&[("c/a", &[0; 500]), ("c/b", &[0; 499])])).is_ok());
    let told = read(&tarred(&[("c/a", &[0; 500]), ("c/b", &[0; 500])])).unwrap_err();
    assert_eq!(told, "decompressed chart is larger than the maximum size 1000");
    let told = read(&tarred(&[("c/a", b""), ("c/b", b""), ("c/c", b""), ("c/d", b"")])).unwrap_err();
    assert!(told.contains("more than 3 entries"), "{told}");

    // A header that only claims its size must not be believed: nothing of it is allocated.
    let mut header = tar::Header::new_gnu();
    header.set_path("c/a").unwrap();
    header.set_size(90 << 20);
    header.set_cksum();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(header.as_bytes()).unwrap();
    let told = archive::read(&gzip.finish().unwrap(), &Limits::default()).unwrap_err().what;
    assert!(told.contains("more than 1032 times its size"), "{told}");
}

#[test]
fn names_that_lead_outside_are_refused_as_helm_refuses_them() {
    for (name, told) in [
        ("Chart.yaml", "outside the base directory"),
        ("c/../../x", "references parent directory"),
        ("c/..x", "references parent directory"),
        ("c//x", "absolute paths"),
        ("c/c:/x", "illegally named"),
        ("Chart.yaml/x", "not in base directory"),
        ("./", "outside the base directory"),
    ] {
        let problem = archive::path_of(name).expect_err(name);
        assert!(problem.what.contains(told), "{name}: {problem}");
    }
    for (name, path) in [
        ("c/a", "a"),
        ("./Chart.yaml", "Chart.yaml"),
        ("c\\a\\b", "a/b"),
        ("c/a/./b/../d", "a/d"),
        ("/c/a", "c/a"),
    ] {
        assert_eq!(archive::path_of(name).unwrap(), path);
    }
}

/// Helm 3 and early Helm 4 put 41 bytes into the extra field that are no subfields, which strict readers refuse.
#[test]
fn the_gzip_header_of_every_helm_is_read() {
    let ours = archive::write(&[("c/Chart.yaml".into(), Bytes::from(CHART))], DEFAULT_TIME);
    let mut tar = Vec::new();
    flate2::read::GzDecoder::new(&ours[..]).read_to_end(&mut tar).unwrap();
    for extra in
        [&b"+aHR0cHM6Ly95b3V0dS5iZS96OVV6MWljandyTQo="[..], b"rr(\0aHR0cHM6Ly95b3V0dS5iZS96OVV6MWljandyTQo="]
    {
        let header = flate2::GzBuilder::new().extra(extra).comment("Helm").operating_system(255);
        let mut gzip = header.write(Vec::new(), Compression::default());
        gzip.write_all(&tar).unwrap();
        let package = unpack(gzip.finish().unwrap().into()).unwrap();
        assert_eq!(package.is.to_string(), "demo@1.2.0");
    }
}

#[test]
fn links_are_refused() {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    archive.append_link(&mut header, "c/values.yaml", "/etc/passwd").unwrap();
    let bytes = archive.into_inner().unwrap().finish().unwrap();
    assert!(archive::read(&bytes, &Limits::default()).unwrap_err().what.contains("link"));
}

#[test]
fn the_epoch_is_read_as_helm_reads_it() {
    for (text, expected) in [("", None), ("0", Some(0)), ("-0", Some(0)), ("+5", Some(5)), ("007", Some(7))] {
        assert_eq!(parse_epoch(text), Ok(expected), "{text:?}");
    }
    assert_eq!(parse_epoch("9223372036854775807"), Ok(Some(i64::MAX as u64)));
    for text in ["-1", " 5", "5.5", "0x10", "1_0", "abc", "+", "9223372036854775808", "\u{663}"] {
        assert!(parse_epoch(text).is_err(), "{text:?}");
    }
}

#[test]
fn without_an_epoch_a_lock_keeps_the_time_that_git_has() {
    let chart = || {
        let lock = "dependencies: []\ndigest: sha256:x\ngenerated: 2024-05-06T07:08:09.5+02:00\n";
        Chart::read(files(&[("Chart.yaml", CHART), ("Chart.lock", lock)])).unwrap()
    };
    let text = |package: &Package| {
        let read = archive::read(&package.bytes, &Limits::default()).unwrap();
        String::from_utf8(read[1].1.to_vec()).unwrap()
    };
    let plain = pack(&chart(), DEFAULT_TIME).unwrap();
    let stamped = pack(&chart().stamped(0).unwrap(), 0).unwrap();
    assert!(text(&plain).contains("2024-05-06T07:08:09.5+02:00"));
    assert!(text(&stamped).contains("1970-01-01T00:00:00Z"));
    assert!(plain.contents.differing(&stamped.contents).is_empty());
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z0-9._ -]{1,120}", "[a-z\u{e0}-\u{ff}\u{4e00}-\u{4e20}]{1,90}", "[a-z]{200,300}"]
        .prop_map(|name| name.replace("..", "__"))
        .prop_filter("one component that is no dot", |name| name != ".")
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        parts in prop::collection::vec((prop::collection::vec(path(), 1..4), prop::collection::vec(any::<u8>(), 0..2000)), 1..6),
        time in any::<u64>(),
    ) {
        let entries: Vec<(String, Bytes)> = parts
            .into_iter()
            .map(|(components, content)| (format!("chart/{}", components.join("/")), content.into()))
            .collect();
        let bytes = archive::write(&entries, time);
        let read = archive::read(&bytes, &Limits::default()).unwrap();
        let expected: Vec<(String, Bytes)> =
            entries.into_iter().map(|(name, content)| (name["chart/".len()..].to_owned(), content)).collect();
        prop_assert_eq!(read, expected);
        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut tar).unwrap();
        prop_assert!(tar.len().is_multiple_of(512) && tar.ends_with(&[0; 1024]));
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = archive::read(&bytes, &Limits::default());
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&bytes).unwrap();
        let _ = unpack(gzip.finish().unwrap().into());
    }

    #[test]
    fn no_damage_makes_reading_panic(
        damage in prop::collection::vec((0usize..20_000, any::<u8>()), 1..20),
        cut in 0usize..20_000,
    ) {
        let everything = everything();
        let list: Vec<_> = everything.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(&packed(&list).bytes[..]).read_to_end(&mut tar).unwrap();
        for (place, byte) in damage {
            let place = place % tar.len();
            tar[place] = byte;
            // With a checksum that fits, or the damage would never be looked at.
            let block = place / 512 * 512;
            let mut header = tar::Header::from_byte_slice(&tar[block..block + 512]).clone();
            header.set_cksum();
            if tar[block + 257..].starts_with(b"ustar") {
                tar[block..block + 512].copy_from_slice(header.as_bytes());
            }
        }
        tar.truncate(tar.len() - cut % tar.len());
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&tar).unwrap();
        let _ = unpack(gzip.finish().unwrap().into());
    }
}
