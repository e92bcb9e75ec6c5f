//! A package: a tar in gzip.

use bytes::Bytes;
use chart_release::{
    archive::{self, Limits, path_of},
    charts::{Chart, Files},
    packages::{self, DEFAULT_TIME},
};
use flate2::{Compression, write::GzEncoder};
use std::io::Write;

const BLOCK: usize = 512;
/// Small enough for the fuzzer to meet them.
const LIMITS: Limits = Limits { total: 1 << 16, entries: 40, ratio: 100 };

/// What starts as a gzip file does is taken for one. Everything else is packed first, as a tar whose checksums are made
/// to fit: a fuzzer does not guess those.
pub fn archive(data: &[u8]) {
    let bytes = if data.starts_with(&[0x1f, 0x8b]) {
        Bytes::copy_from_slice(data)
    } else {
        gzipped(with_checksums(data))
    };
    let Ok(files) = archive::read(&bytes, &Limits::default()) else {
        assert!(packages::unpack(bytes.clone()).is_err());
        assert!(archive::read(&bytes, &LIMITS).is_err(), "narrower limits let more through");
        return;
    };
    if let Ok(few) = archive::read(&bytes, &LIMITS) {
        let total: usize = few.iter().map(|(_, content)| content.len()).sum();
        assert!(few.len() <= LIMITS.entries && (total as u64) < LIMITS.total);
        assert_eq!(few, files);
    }
    reads_back(&files);
    packs_again(bytes, files);
}

/// What was read can be written so that it reads as the same. The crate that reads the tar divides PAX records at line
/// breaks and not by their length, so it reads only a part of a name that has one and needs a record.
fn reads_back(files: &[(String, Bytes)]) {
    let entries: Vec<_> =
        files.iter().map(|(path, content)| (format!("chart/{path}"), content.clone())).collect();
    for ((name, _), (path, _)) in entries.iter().zip(files) {
        assert_eq!(path_of(name).as_ref(), Ok(path));
        assert!(!path.starts_with(['/', '.']) || !path.starts_with("../"), "{path:?} leads outside");
        assert!(!path.split('/').any(|part| matches!(part, "" | "." | "..")), "{path:?} is not clean");
    }
    if entries.iter().any(|(name, _)| name.contains('\n') && (name.len() > 100 || !name.is_ascii())) {
        return;
    }
    let written = archive::write(&entries, DEFAULT_TIME);
    assert_eq!(archive::read(&written, &Limits::default()).as_deref(), Ok(files));
}

/// A package that we would make of a published one has the same contents, and making it once more changes nothing.
fn packs_again(bytes: Bytes, files: Vec<(String, Bytes)>) {
    let Ok(published) = packages::unpack(bytes) else { return };
    let files = Files(files.into_iter().collect());
    // A key or a .git in it is refused, with its file.
    if let Err(problem) = packages::guards::check(&files, &[]) {
        assert!(problem.place.is_some());
    }
    let Ok(chart) = Chart::read(files) else { return };
    let Ok(package) = packages::pack(&chart, DEFAULT_TIME) else { return };
    assert_eq!(package.is, published.is);
    assert_eq!(package.contents.differing(&published.contents), [""; 0]);
    let files = archive::read(&package.bytes, &Limits::default()).expect("ours is read");
    // Helm takes a byte order mark away each time it reads a file.
    let has_mark = files.iter().any(|(_, content)| content.starts_with(b"\xEF\xBB\xBF"));
    let chart = Chart::read(Files(files.into_iter().collect())).expect("ours is a chart");
    let again = packages::pack(&chart, DEFAULT_TIME).expect("ours can be packaged");
    assert_eq!(again.contents, package.contents);
    assert!(has_mark || again.digest == package.digest, "other bytes for equal contents");
}

fn gzipped(tar: Vec<u8>) -> Bytes {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&tar).expect("memory takes every write");
    gzip.finish().expect("memory takes every write").into()
}

/// Each header with the checksum that it should have, as far as sizes lead from one to the next.
fn with_checksums(tar: &[u8]) -> Vec<u8> {
    let mut tar = tar.to_vec();
    tar.resize(tar.len().next_multiple_of(BLOCK) + 2 * BLOCK, 0);
    let mut at = 0;
    while let Some(header) = tar.get_mut(at..at + BLOCK) {
        if header.iter().all(|byte| *byte == 0) {
            break;
        }
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        let digits = header[124..136]
            .iter()
            .skip_while(|byte| **byte == b' ')
            .take_while(|byte| byte.is_ascii_digit());
        let size =
            digits.fold(0usize, |size, digit| size.saturating_mul(8).saturating_add(usize::from(digit & 7)));
        let content = size.checked_next_multiple_of(BLOCK).unwrap_or(usize::MAX);
        at = at.saturating_add(BLOCK).saturating_add(content);
        if at >= tar.len() {
            break;
        }
    }
    tar
}
