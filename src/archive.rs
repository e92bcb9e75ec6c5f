//! A chart's files as one gzipped tar, written and read the way Helm does.
//!
//! What is written are the bytes of Go's `archive/tar` (plain ustar, or a PAX record where a name or time does not
//! fit), in the order given. The compressed stream is that of one pinned encoder: its output is part of the promise
//! that equal files give equal bytes, and the golden digest in `tests/packages.rs` guards it.

mod gzip;

use crate::problem::Problem;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use gzip::Gzip;
use std::io::{self, Read, Write};
use tar::{EntryType, Header};

const BLOCK: usize = 512;
/// The largest time that eleven octal digits hold.
const LAST_OCTAL_TIME: u64 = 0o777_7777_7777;

/// Helm 4.3.1 reads archives that unpack to less than this, in bytes.
pub(crate) const LARGEST_UNPACKED: u64 = 100 << 20;

/// What an archive may cost its reader.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of all files together must stay below this.
    pub total: u64,
    /// Number of entries, folders included.
    pub entries: usize,
    /// Unpacked bytes for each packed byte.
    pub ratio: u64,
}

impl Default for Limits {
    /// Deflate cannot pack tighter than 1:1032, so more than that is a trick of the tar format; 65 536 entries are ten
    /// times those of the largest chart we know of.
    fn default() -> Self {
        Self { total: LARGEST_UNPACKED, entries: 1 << 16, ratio: 1032 }
    }
}

/// The files of an archive by their path below its top folder, in the order of the archive; a path may occur twice.
///
/// As in Helm 4.3.1 the first component of each name is dropped, whatever it is, and names that lead outside are
/// refused. Links and devices, which Helm reads as empty files, are refused too. Sizes are checked before anything is
/// allocated.
///
/// # Errors
/// What is no gzipped tar, holds no file, breaks a limit, or has an entry that Helm would refuse.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<(String, Bytes)>, Problem> {
    if !bytes.starts_with(&[0x1f, 0x8b, 0x08]) {
        return Err(Problem::new("not a chart archive: it does not start as a gzip file does"));
    }
    let mut left = Budget::of(bytes, limits);
    // Headers count too, or endless empty entries and huge names would be free.
    let overhead = (limits.entries as u64).saturating_mul(4 * BLOCK as u64);
    let stream = MultiGzDecoder::new(bytes).take(limits.total.saturating_add(overhead));
    let mut archive = tar::Archive::new(stream);
    let mut files = Vec::new();
    for (index, entry) in archive.entries().map_err(unreadable)?.enumerate() {
        if index >= limits.entries {
            return Err(Problem::new(format!("the archive has more than {} entries", limits.entries)));
        }
        let mut entry = entry.map_err(unreadable)?;
        let name = String::from_utf8(entry.path_bytes().into_owned()).map_err(|error| {
            let name = String::from_utf8_lossy(error.as_bytes()).into_owned();
            Problem::new(format!("the name of {name:?} in the archive is not UTF-8"))
        })?;
        match entry.header().entry_type() {
            EntryType::Directory | EntryType::XGlobalHeader | EntryType::XHeader => continue,
            // How tar wrote folders before 1988.
            EntryType::Regular if name.ends_with('/') => continue,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {}
            _ => return Err(Problem::new(format!("{name:?} in the archive is a link or a device"))),
        }
        let path = path_of(&name)?;
        let size = left.take(entry.size())?;
        let mut content = Vec::with_capacity(size);
        entry.read_to_end(&mut content).map_err(unreadable)?;
        if content.len() != size {
            return Err(unreadable("a file ends early"));
        }
        files.push((path, content.into()));
    }
    if files.is_empty() {
        return Err(Problem::new("no files in chart archive"));
    }
    Ok(files)
}

/// The path at which Helm finds an entry of this name: without its first component.
///
/// # Errors
/// A name that Helm refuses to read.
pub fn path_of(name: &str) -> Result<String, Problem> {
    let refused = |what: &str| Err(Problem::new(format!("{what}: {name:?}")));
    if name.contains('\0') {
        return refused("chart contains illegally named files");
    }
    let separator = if name.contains('\\') { '\\' } else { '/' };
    let (top, path) = name.split_once(separator).unwrap_or((name, ""));
    let path = path.replace(separator, "/");
    if path.starts_with('/') {
        return refused("chart illegally contains absolute paths");
    }
    let path = clean(&path);
    if path.is_empty() {
        return refused("chart illegally contains content outside the base directory");
    }
    if path.starts_with("..") {
        return refused("chart illegally references parent directory");
    }
    if matches!(path.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic()) {
        return refused("chart contains illegally named files");
    }
    if top == "Chart.yaml" {
        return refused("chart yaml not in base directory");
    }
    Ok(path)
}

/// The archive of these files, each with its full name, in this order. `time` is that of every entry, in seconds since
/// 1970.
///
/// Mode 0644, owner 0, two zero blocks at the end; no FEXTRA in the gzip header, no time in it, the comment `Helm`.
pub fn write(entries: &[(String, Bytes)], time: u64) -> Bytes {
    stream(entries, time).expect("memory takes every write").into()
}

fn stream(entries: &[(String, Bytes)], time: u64) -> io::Result<Vec<u8>> {
    let mut gzip = Gzip::new();
    for (name, content) in entries {
        // Once a name or the time needs a record, Go puts everything that is long into one.
        let place = ustar_place(name).filter(|_| time <= LAST_OCTAL_TIME);
        let records = if place.is_none() { pax_records(name, time) } else { String::new() };
        if !records.is_empty() {
            let mut header = Header::new_ustar();
            fill(
                &mut header,
                ascii(&pax_name(name)).trim_end_matches('/'),
                "",
                0,
                records.len(),
                0,
                EntryType::XHeader,
            );
            // Go leaves these unset here, and only here.
            if let Some(ustar) = header.as_ustar_mut() {
                ustar.dev_major = [0; 8];
                ustar.dev_minor = [0; 8];
            }
            append(&mut gzip, header, records.as_bytes())?;
        }
        let short = ascii(name);
        let (prefix, rest) = place.unwrap_or(("", &short));
        let mut header = Header::new_ustar();
        let time = if time > LAST_OCTAL_TIME { 0 } else { time };
        fill(&mut header, rest, prefix, 0o644, content.len(), time, EntryType::Regular);
        append(&mut gzip, header, content)?;
    }
    gzip.write_all(&[0; 2 * BLOCK])?;
    Ok(gzip.finish())
}

/// How much may still be unpacked.
struct Budget {
    left: u64,
    told: String,
}

impl Budget {
    fn of(bytes: &[u8], limits: &Limits) -> Self {
        let by_ratio = (bytes.len() as u64).saturating_mul(limits.ratio);
        let told = if by_ratio < limits.total {
            format!("the archive says that it unpacks to more than {} times its size", limits.ratio)
        } else {
            format!("decompressed chart is larger than the maximum size {}", limits.total)
        };
        Self { left: by_ratio.min(limits.total), told }
    }

    fn take(&mut self, size: u64) -> Result<usize, Problem> {
        match self.left.checked_sub(size) {
            None | Some(0) => Err(Problem::new(self.told.clone())),
            Some(left) => {
                self.left = left;
                usize::try_from(size).map_err(|_| Problem::new(self.told.clone()))
            }
        }
    }
}

fn unreadable(error: impl std::fmt::Display) -> Problem {
    Problem::new(format!("cannot read the chart archive: {error}"))
}

/// A relative path without `.`, `..` (but leading ones) and doubled slashes; empty for `.`.
fn clean(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            other => kept.push(other),
        }
    }
    kept.join("/")
}

/// Where a name goes in a plain ustar header: prefix and name. `None` where it does not fit.
fn ustar_place(name: &str) -> Option<(&str, &str)> {
    if !name.is_ascii() {
        return None;
    }
    if name.len() <= 100 {
        return Some(("", name));
    }
    // Go cuts at the last slash that leaves a prefix of at most 155 bytes.
    let cut = name.get(..name.len().min(156))?.rfind('/')?;
    let (prefix, rest) = (name.get(..cut)?, name.get(cut + 1..)?);
    (!prefix.is_empty() && !rest.is_empty() && rest.len() <= 100).then_some((prefix, rest))
}

/// What a plain header without a prefix cannot say, sorted by key.
fn pax_records(name: &str, time: u64) -> String {
    let mut records = String::new();
    if time > LAST_OCTAL_TIME {
        records += &pax_record("mtime", &time.to_string());
    }
    if name.len() > 100 || !name.is_ascii() {
        records += &pax_record("path", name);
    }
    records
}

/// `<length> key=value\n`, where the length counts its own digits.
fn pax_record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + " =\n".len();
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    format!("{length} {key}={value}\n")
}

/// The name of the entry that holds a file's records, which readers ignore.
fn pax_name(name: &str) -> String {
    match name.rsplit_once('/') {
        Some((folder, base)) => format!("{folder}/PaxHeaders.0/{base}"),
        None => format!("PaxHeaders.0/{name}"),
    }
}

/// What a reader without PAX sees: the name without what is not ASCII, cut to its field, but not after a slash.
fn ascii(name: &str) -> String {
    let ascii: String = name.chars().filter(char::is_ascii).collect();
    match ascii.get(..100) {
        Some(cut) if ascii.len() > 100 => cut.trim_end_matches('/').to_owned(),
        _ => ascii,
    }
}

fn fill(
    header: &mut Header,
    name: &str,
    prefix: &str,
    mode: u32,
    size: usize,
    time: u64,
    entry_type: EntryType,
) {
    if let Some(ustar) = header.as_ustar_mut() {
        ustar.name[..name.len()].copy_from_slice(name.as_bytes());
        ustar.prefix[..prefix.len()].copy_from_slice(prefix.as_bytes());
        ustar.set_device_major(0);
        ustar.set_device_minor(0);
    }
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size as u64);
    header.set_mtime(time);
    header.set_entry_type(entry_type);
}

fn append(to: &mut impl Write, mut header: Header, content: &[u8]) -> io::Result<()> {
    header.set_cksum();
    // The crate writes seven digits and a NUL; Go, like POSIX, six, a NUL and a space.
    if let (Ok(sum), Some(ustar)) = (header.cksum(), header.as_ustar_mut()) {
        ustar.cksum.copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    to.write_all(header.as_bytes())?;
    to.write_all(content)?;
    let padding = content.len().next_multiple_of(BLOCK) - content.len();
    to.write_all(&[0; BLOCK][..padding])
}
