//! Signed heads of the audit chain: the server's word, given away, that its log up to an entry is this one and no other.

use jiff::Timestamp;

use super::ChainHead;
use crate::{
    core::{
        digest::{from_hex, hex},
        envelope::{self, Unopened},
        signing::{PublicKey, SigningKey},
    },
    id::ServerId,
    proto::{
        audit::AuditHead,
        envelope::{AUDIT_HEAD_TYPE, Envelope},
    },
};

/// A head and its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHead {
    /// The place in the chain.
    pub chain: ChainHead,
    /// When it was signed, by the server's clock.
    pub time: Timestamp,
    /// The server whose chain it is.
    pub server: ServerId,
    /// What was signed.
    pub envelope: Envelope,
}

impl SignedHead {
    /// Signs where a server's chain ends.
    #[must_use]
    pub fn sign(key: &SigningKey, server: ServerId, chain: ChainHead, time: Timestamp) -> Self {
        let payload = AuditHead { server, number: chain.number, hash: hex(&chain.hash), time };
        let envelope = envelope::seal(key, AUDIT_HEAD_TYPE, &payload);
        Self { chain, time, server, envelope }
    }

    /// Opens a head that one of the keys signed.
    ///
    /// # Errors
    /// As [`envelope::open`] says.
    pub fn open(trusted: &[PublicKey], envelope: &Envelope) -> Result<Self, Unopened> {
        let head: AuditHead = envelope::open(trusted, AUDIT_HEAD_TYPE, envelope)?;
        Self::of(&head, envelope).ok_or(Unopened::NotOfItsType)
    }

    /// Reads what a head claims, whoever signed it. A claim that fits the chain proves nothing that the chain does not say
    /// itself; before one that does not fit counts against a server, its signature is checked.
    #[must_use]
    pub fn claimed(envelope: &Envelope) -> Option<Self> {
        let head: AuditHead = envelope::unproven(AUDIT_HEAD_TYPE, envelope)?;
        Self::of(&head, envelope)
    }

    /// The fingerprints of the keys that signed, as the envelope says.
    pub fn signers(&self) -> impl Iterator<Item = &str> {
        self.envelope.signatures.iter().map(|signature| signature.keyid.as_str())
    }

    fn of(head: &AuditHead, envelope: &Envelope) -> Option<Self> {
        let chain = ChainHead { number: head.number, hash: from_hex(head.hash.as_bytes())? };
        Some(Self { chain, time: head.time, server: head.server, envelope: envelope.clone() })
    }
}

/// The heads in a file of them, an envelope a line, or in an export. Lines that are neither are counted.
#[must_use]
pub fn heads_in(text: &[u8]) -> (Vec<Envelope>, usize) {
    let (mut heads, mut others) = (Vec::new(), 0);
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        match serde_json::from_slice::<Line>(line) {
            Ok(Line::Bare(envelope) | Line::Exported { envelope }) => heads.push(envelope),
            Err(_) if line.starts_with(br#"{"type":""#) => {}
            Err(_) => others += 1,
        }
    }
    (heads, others)
}

/// A line of a file of heads.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Line {
    Bare(Envelope),
    Exported { envelope: Envelope },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_holds_under_its_key_alone_and_is_no_other_envelope() {
        let (ours, other) = (SigningKey::from_seed(&[7; 32]), SigningKey::from_seed(&[8; 32]));
        let chain = ChainHead { number: 41, hash: [3; 32] };
        let signed = SignedHead::sign(&ours, ServerId::generate(), chain, Timestamp::UNIX_EPOCH);
        assert_eq!(SignedHead::open(&[ours.public()], &signed.envelope).as_ref(), Ok(&signed));
        assert_eq!(SignedHead::open(&[other.public()], &signed.envelope), Err(Unopened::NotTrusted));
        assert_eq!(SignedHead::claimed(&signed.envelope).as_ref(), Some(&signed));
        let mut retyped = signed.envelope;
        retyped.payload_type = "application/vnd.worpen.command+json".into();
        assert_eq!(SignedHead::open(&[ours.public()], &retyped), Err(Unopened::WrongType));
        assert_eq!(SignedHead::claimed(&retyped), None);
    }

    #[test]
    fn heads_are_read_from_a_file_of_them_and_from_an_export() {
        let key = SigningKey::from_seed(&[7; 32]);
        let head = SignedHead::sign(&key, ServerId::generate(), ChainHead::default(), Timestamp::UNIX_EPOCH);
        let bare = serde_json::to_string(&head.envelope).unwrap();
        let file = format!(
            "{bare}\n{{\"type\":\"head\",\"witness\":\"file\",\"times\":0,\"envelope\":{bare}}}\n{{\"type\":\"end\"}}\nhalf a li\n"
        );
        assert_eq!(heads_in(file.as_bytes()), (vec![head.envelope.clone(), head.envelope], 1));
    }
}
