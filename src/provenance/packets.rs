//! OpenPGP packets: the certificates of a keyring, the signatures of a message.

use super::certificate::Certificate;
use pgp::{
    armor::{BlockType, Dearmor, DearmorOptions},
    composed::{SignedPublicKeyParser, SignedSecretKeyParser},
    errors::{Error, Result},
    packet::{Packet, PacketParser, Signature},
    types::Tag,
};
use std::io::Read;

/// The bytes in one block of armour, and what it says that they are.
pub(super) fn dearmoured(block: &[u8]) -> Result<(BlockType, Vec<u8>)> {
    let mut reader = Dearmor::with_options(block, DearmorOptions::new().set_limit(block.len() + 1));
    reader.read_header()?;
    let kind = reader.typ.ok_or(Error::InvalidArmorWrappers)?;
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes)?;
    Ok((kind, bytes))
}

/// All signatures; what stands between them is an error, as for Helm.
pub(super) fn signatures(bytes: &[u8]) -> Result<Vec<Signature>> {
    let mut signatures = Vec::new();
    for packet in PacketParser::new(bytes) {
        match packet {
            Ok(Packet::Signature(signature)) => signatures.push(signature),
            Ok(Packet::Marker(_) | Packet::Padding(_)) => {}
            Ok(_) => return Err(Error::NoMatchingPacket { backtrace: None }),
            Err(error) => return Err(error),
        }
    }
    Ok(signatures)
}

/// The certificates in these packets, and how many there are that cannot be read: those are passed over, as Helm does.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    pub(super) readable: Vec<Certificate>,
    pub(super) unreadable: usize,
}

impl Certificates {
    /// Adds what these packets hold.
    ///
    /// # Errors
    /// What is no sequence of packets.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<()> {
        let mut parser = PacketParser::new(bytes);
        // The packets of the certificate that is being read; none before the first, and while one cannot be read.
        let mut packets: Option<Vec<Packet>> = None;
        while let Some(body) = parser.next_ref() {
            let body = body?;
            let header = body.packet_header();
            let begins = matches!(header.tag(), Tag::PublicKey | Tag::SecretKey);
            let packet = Packet::from_reader(header, body);
            if begins {
                self.finish(packets.take());
            }
            match packet {
                Ok(packet) if begins => packets = Some(vec![packet]),
                Err(_) if begins => self.unreadable += 1,
                // How far GnuPG trusts it is nobody else's business.
                Ok(Packet::Trust(_) | Packet::Marker(_) | Packet::Padding(_)) => {}
                Ok(packet) => {
                    if let Some(packets) = &mut packets {
                        packets.push(packet);
                    }
                }
                // A signature or subkey of an unknown kind is none that counts.
                Err(_) => {}
            }
        }
        self.finish(packets);
        Ok(())
    }

    fn finish(&mut self, packets: Option<Vec<Packet>>) {
        let Some(packets) = packets else { return };
        let secret = matches!(packets.first(), Some(Packet::SecretKey(_)));
        let packets = packets.into_iter().map(Ok).peekable();
        let certificate = match secret {
            true => SignedSecretKeyParser::from_packets(packets).next().map(|key| key.map(Certificate::from)),
            false => {
                SignedPublicKeyParser::from_packets(packets).next().map(|key| key.map(Certificate::from))
            }
        };
        match certificate {
            Some(Ok(certificate)) => self.readable.push(certificate),
            _ => self.unreadable += 1,
        }
    }
}
