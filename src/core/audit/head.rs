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

/// A key that signs heads, or did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadKey {
    /// Its public half.
    pub key: PublicKey,
    /// The last entry when it was retired. Whoever has it since may sign what they like, so of later entries its word is none.
    pub until: Option<u64>,
}

/// The keys whose word on an entry counts.
#[must_use]
pub fn counting(keys: &[HeadKey], number: u64) -> Vec<PublicKey> {
    let count = keys.iter().filter(|key| key.until.is_none_or(|until| number <= until));
    count.map(|key| key.key).collect()
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

    /// Opens a head that one of the keys signed whose word on its entry counts.
    ///
    /// # Errors
    /// As [`envelope::open`] says.
    pub fn open_by(keys: &[HeadKey], envelope: &Envelope) -> Result<Self, Unopened> {
        let number = Self::claimed(envelope).map_or(0, |head| head.chain.number);
        Self::open(&counting(keys, number), envelope)
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

    /// A command key that was stolen went on vouching for heads, and accusing its server, after it had been retired.
    #[test]
    fn a_key_that_was_retired_counts_for_the_entries_before_alone() {
        let key = SigningKey::from_seed(&[7; 32]);
        let retired = [HeadKey { key: key.public(), until: Some(41) }];
        for (number, counts) in [(1, true), (41, true), (42, false)] {
            let chain = ChainHead { number, hash: [3; 32] };
            let signed = SignedHead::sign(&key, ServerId::generate(), chain, Timestamp::UNIX_EPOCH);
            assert_eq!(SignedHead::open_by(&retired, &signed.envelope).is_ok(), counts, "{number}");
        }
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
