//! The cleartext signature framework of OpenPGP: a text that people can read, with its signature below.
//!
//! The crate `pgp` has it too; its writer signs white space that its reader leaves out, and its reader takes quadratic
//! time. So the frame is ours, and everything within the signature theirs.

use super::packets;
use crate::problem::Problem;
use pgp::{
    armor::{self, BlockType},
    packet::{PacketTrait, Signature},
    ser::Serialize,
};

const BEGIN: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";
/// More than a hundred signatures of the largest keys.
const LARGEST_SIGNATURE: usize = 1 << 18;
/// Three times the largest Chart.yaml that Helm reads.
const LARGEST: usize = 16 << 20;

/// A text and its signatures, not checked yet.
#[derive(Debug)]
pub(super) struct Cleartext {
    /// With plain line endings, and no white space at the ends of lines: those are not signed.
    pub(super) text: Vec<u8>,
    pub(super) signatures: Vec<Signature>,
}

impl Cleartext {
    /// Reads the first signed message among other text, as Helm does.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.len() > LARGEST {
            return Err(malformed(&format!("it has more than {LARGEST} bytes")));
        }
        let mut lines = Lines { bytes };
        lines.find(|(line, _)| *line == BEGIN).ok_or_else(|| malformed("it holds no signed message"))?;
        loop {
            match lines.next() {
                None => return Err(malformed("it ends in the head of the signed message")),
                Some((b"", _)) => break,
                // Another header could make people believe what nobody signed.
                Some((line, _)) if !line.trim_ascii_start().starts_with(b"Hash:") => {
                    return Err(malformed("the signed message has a header that is not `Hash`"));
                }
                Some(_) => {}
            }
        }
        let mut text = Vec::new();
        loop {
            match lines.next() {
                None => return Err(malformed("its signature is missing")),
                Some((line, from)) if line == SIGNATURE => {
                    return Ok(Self { text, signatures: signatures(from)? });
                }
                Some((line, _)) => {
                    text.extend_from_slice(without_end(line.strip_prefix(b"- ").unwrap_or(line)));
                    text.push(b'\n');
                }
            }
        }
    }

    /// The file, signed once. The text ends with a line ending, which is not signed: so Helm 3 writes it.
    pub(super) fn write(text: &str, signature: Signature) -> Result<Vec<u8>, Problem> {
        let mut written = [BEGIN, b"\nHash: SHA512\n\n"].concat();
        for (line, _) in (Lines { bytes: text.as_bytes() }) {
            if line.starts_with(b"-") {
                written.extend(b"- ");
            }
            written.extend_from_slice(line);
            written.push(b'\n');
        }
        let wrong = |error| Problem::new(format!("the signature cannot be written: {error}"));
        armor::write(&Packets(signature), BlockType::Signature, &mut written, None, true).map_err(wrong)?;
        Ok(written)
    }
}

/// What is hashed for such a text: its lines with the line endings of the network between them, none at the end.
pub(super) fn hashed(text: &[u8]) -> Vec<u8> {
    let mut hashed = Vec::with_capacity(text.len() + text.len() / 16);
    for (index, (line, _)) in (Lines { bytes: text }).enumerate() {
        if index > 0 {
            hashed.extend(b"\r\n");
        }
        hashed.extend_from_slice(without_end(line));
    }
    hashed
}

fn without_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last + 1);
    &line[..end]
}

fn signatures(armoured: &[u8]) -> Result<Vec<Signature>, Problem> {
    const END: &[u8] = b"-----END PGP SIGNATURE-----";
    let end = memchr::memmem::find(armoured, END).ok_or_else(|| malformed("its signature has no end"))?;
    let armoured = &armoured[..end + END.len()];
    if armoured.len() > LARGEST_SIGNATURE {
        return Err(malformed(&format!("its signature has more than {LARGEST_SIGNATURE} bytes")));
    }
    let wrong = |error| malformed(&format!("its signature cannot be read: {error}"));
    let (kind, bytes) = packets::dearmoured(armoured).map_err(wrong)?;
    if kind != BlockType::Signature {
        return Err(malformed("its signature is none"));
    }
    packets::signatures(&bytes).map_err(|error| malformed(&format!("its signature cannot be read: {error}")))
}

fn malformed(what: &str) -> Problem {
    Problem::new(format!("the provenance cannot be read: {what}"))
        .next("check that this is the whole .prov file of the package")
}

/// A signature packet with its header.
struct Packets(Signature);

impl Serialize for Packets {
    fn to_writer<W: std::io::Write>(&self, writer: &mut W) -> pgp::errors::Result<()> {
        self.0.to_writer_with_header(writer)
    }

    fn write_len(&self) -> usize {
        self.0.write_len_with_header()
    }
}

/// The lines of a text without their endings, each with everything from its beginning on.
struct Lines<'a> {
    bytes: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.bytes.is_empty() {
            return None;
        }
        let from = self.bytes;
        let end = memchr::memchr(b'\n', from).unwrap_or(from.len());
        self.bytes = from.get(end + 1..).unwrap_or_default();
        let line = &from[..end];
        Some((line.strip_suffix(b"\r").unwrap_or(line), from))
    }
}
