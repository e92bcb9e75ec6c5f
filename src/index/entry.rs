//! One entry of an index.yaml, read by lines: what Helm would accept, and nothing it might not.

use super::lines::{Lines, Scalar, Unsure, reads_as_string};
use std::ops::Range;

/// What the line reader finds in an entry that Helm accepts. Ranges are bytes of the document.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub name: Range<usize>,
    pub version: Range<usize>,
    pub digest: Option<Range<usize>>,
    /// The first of `urls`.
    pub url: Option<Range<usize>>,
    pub created: Option<i64>,
}

#[derive(Clone, Copy)]
enum Shape {
    Name,
    Version,
    Urls,
    Digest,
    Created,
    Kind,
    Text,
    Texts,
    Bool,
    Annotations,
    Maintainers,
    Dependencies,
}

/// What Helm decodes the value of this key into, and the key's bit in the set of keys seen.
fn shape(key: &[u8]) -> Option<(u32, Shape)> {
    let (place, shape) = match key {
        b"name" => (0, Shape::Name),
        b"version" => (1, Shape::Version),
        b"urls" => (2, Shape::Urls),
        b"digest" => (3, Shape::Digest),
        b"created" => (4, Shape::Created),
        b"apiVersion" => (5, Shape::Text),
        b"appVersion" => (6, Shape::Text),
        b"description" => (7, Shape::Text),
        b"home" => (8, Shape::Text),
        b"icon" => (9, Shape::Text),
        b"keywords" => (10, Shape::Texts),
        b"maintainers" => (11, Shape::Maintainers),
        b"sources" => (12, Shape::Texts),
        b"type" => (13, Shape::Kind),
        b"annotations" => (14, Shape::Annotations),
        b"dependencies" => (15, Shape::Dependencies),
        b"kubeVersion" => (16, Shape::Text),
        b"deprecated" => (17, Shape::Bool),
        b"condition" => (18, Shape::Text),
        b"tags" => (19, Shape::Text),
        b"engine" => (20, Shape::Text),
        b"tillerVersion" => (21, Shape::Text),
        b"removed" => (22, Shape::Bool),
        b"url" => (23, Shape::Text),
        b"checksum" => (24, Shape::Text),
        _ => return None,
    };
    Some((1 << place, shape))
}

/// Reads the map whose first key stands at the cursor.
pub(super) fn read<'a>(lines: &mut Lines<'a>, bytes: &'a [u8]) -> Result<Fields, Unsure> {
    let mut fields = Fields::default();
    let mut seen = 0u32;
    let column = lines.column();
    lines.map(column, |lines, key| {
        let (bit, shape) = shape(key).ok_or(Unsure)?;
        if seen & bit != 0 {
            return Err(Unsure);
        }
        seen |= bit;
        match shape {
            Shape::Name => fields.name = verbatim(lines, column)?,
            Shape::Version => fields.version = verbatim(lines, column)?,
            Shape::Digest => fields.digest = Some(verbatim(lines, column)?),
            Shape::Created => {
                let text = verbatim(lines, column)?;
                fields.created = super::time::seconds(&bytes[text]).map_err(|_| Unsure)?;
            }
            Shape::Kind => {
                if !matches!(&bytes[verbatim(lines, column)?], b"application" | b"library") {
                    return Err(Unsure);
                }
            }
            Shape::Urls => lines.list(column, |lines, base| {
                let url = lines.string(base)?;
                if fields.url.is_none() {
                    let Scalar::Verbatim(range) = url else { return Err(Unsure) };
                    fields.url = Some(range);
                }
                Ok(())
            })?,
            Shape::Text => text(lines, column)?,
            Shape::Texts => texts(lines, column)?,
            Shape::Bool => boolean(lines)?,
            Shape::Annotations => annotations(lines, column)?,
            Shape::Maintainers => lines.list(column, |lines, _| maintainer(lines))?,
            Shape::Dependencies => lines.list(column, |lines, _| dependency(lines, bytes))?,
        }
        Ok(())
    })?;
    if plain_name(&bytes[fields.name.clone()]) && plain_version(&bytes[fields.version.clone()]) {
        Ok(fields)
    } else {
        Err(Unsure)
    }
}

fn verbatim(lines: &mut Lines<'_>, base: usize) -> Result<Range<usize>, Unsure> {
    match lines.string(base)? {
        Scalar::Verbatim(range) => Ok(range),
        Scalar::Composed => Err(Unsure),
    }
}

fn text(lines: &mut Lines<'_>, base: usize) -> Result<(), Unsure> {
    lines.string(base).map(|_| ())
}

fn texts(lines: &mut Lines<'_>, base: usize) -> Result<(), Unsure> {
    lines.list(base, |lines, base| lines.string(base).map(|_| ()))
}

fn boolean(lines: &mut Lines<'_>) -> Result<(), Unsure> {
    if !matches!(lines.trimmed(), b"true" | b"false") {
        return Err(Unsure);
    }
    lines.take();
    Ok(())
}

/// A map of strings to strings. Its keys are looked at, because Helm refuses a key that comes twice.
pub(super) fn annotations(lines: &mut Lines<'_>, base: usize) -> Result<(), Unsure> {
    if lines.rest() == b"{}" {
        lines.take();
        return Ok(());
    }
    if !lines.blank() {
        return Err(Unsure);
    }
    lines.take();
    lines.skip_void()?;
    let column = lines.column();
    if lines.done || column <= base {
        return Err(Unsure);
    }
    let mut seen: Vec<&[u8]> = Vec::new();
    lines.map(column, |lines, key| {
        if !plain_key(key)? || seen.contains(&key) || seen.len() > 100 {
            return Err(Unsure);
        }
        seen.push(key);
        text(lines, column)
    })
}

fn maintainer(lines: &mut Lines<'_>) -> Result<(), Unsure> {
    let column = lines.column();
    let mut seen = [false; 3];
    lines.map(column, |lines, key| {
        once(&[b"name", b"email", b"url"], &mut seen, key)?;
        text(lines, column)
    })
}

fn dependency(lines: &mut Lines<'_>, bytes: &[u8]) -> Result<(), Unsure> {
    let column = lines.column();
    let mut seen = [false; 7];
    // `import-values` may hold anything: left to the YAML reader.
    let known: [&[u8]; 7] = [b"name", b"version", b"repository", b"condition", b"tags", b"enabled", b"alias"];
    lines.map(column, |lines, key| {
        once(&known, &mut seen, key)?;
        match key {
            b"tags" => texts(lines, column),
            b"enabled" => boolean(lines),
            b"alias" => {
                let alias = &bytes[verbatim(lines, column)?];
                let good = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
                if !alias.is_empty() && alias.iter().all(good) { Ok(()) } else { Err(Unsure) }
            }
            _ => text(lines, column),
        }
    })
}

fn once(known: &[&[u8]], seen: &mut [bool], key: &[u8]) -> Result<(), Unsure> {
    let place = known.iter().position(|known| *known == key).ok_or(Unsure)?;
    if std::mem::replace(&mut seen[place], true) { Err(Unsure) } else { Ok(()) }
}

/// A key that YAML takes as this very string.
pub(super) fn plain_key(key: &[u8]) -> Result<bool, Unsure> {
    let good = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/' | b'_' | b'-');
    let opens = key.first().is_some_and(u8::is_ascii_alphanumeric);
    Ok(opens && key.iter().all(good) && reads_as_string(key)?)
}

/// A chart name that needs no sanitising and that Helm takes.
fn plain_name(name: &[u8]) -> bool {
    let good = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !matches!(name, b"" | b"." | b"..") && name.iter().all(good)
}

/// A version that Helm certainly takes: up to three numbers, then perhaps a prerelease and build metadata.
fn plain_version(version: &[u8]) -> bool {
    let version = version.strip_prefix(b"v").unwrap_or(version);
    let (version, build) = cut(version, b'+');
    let (numbers, prerelease) = cut(version, b'-');
    let digits = |part: &[u8]| (1..=19).contains(&part.len()) && part.iter().all(u8::is_ascii_digit);
    let word = |part: &[u8]| !part.is_empty() && part.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
    let leading_zero = |part: &[u8]| part.len() > 1 && part[0] == b'0' && part.iter().all(u8::is_ascii_digit);
    numbers.split(|byte| *byte == b'.').count() <= 3
        && numbers.split(|byte| *byte == b'.').all(digits)
        && prerelease
            .is_none_or(|text| text.split(|byte| *byte == b'.').all(|part| word(part) && !leading_zero(part)))
        && build.is_none_or(|text| text.split(|byte| *byte == b'.').all(word))
}

fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(at, text) {
        Some(place) => (&text[..place], Some(&text[place + 1..])),
        None => (text, None),
    }
}
