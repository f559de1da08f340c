//! The audit log: who did what to what, chained by hash so that an edit shows (ledger row V4).
//!
//! An entry's hash covers the hash before it, so a hash stands for the whole log up to its entry. A server signs such a
//! **head** now and then ([`head`]) and gives it away; [`verify`] holds an exported log ([`mod@line`]) against the heads.
//! Where the log is trimmed, it goes on from a signed [`base`].

pub mod base;
pub mod head;
pub mod line;
pub mod verify;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::digest;
use crate::id::ServerId;
pub use crate::proto::audit::Outcome;

/// What the audit log keeps of an act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub time: Timestamp,
    /// Who: `user:NAME`, `key:NAME`, `agent:NAME`, `server` or `anonymous`.
    pub actor: String,
    /// From which address.
    pub address: Option<String>,
    /// What was done, `container.stop`.
    pub action: String,
    /// To what, `container/web-1/nginx`.
    pub resource: String,
    /// Whether it was allowed.
    pub outcome: Outcome,
    /// The request it belongs to.
    pub correlation: Option<String>,
    /// Further facts, never a secret.
    pub detail: serde_json::Value,
}

/// An entry in its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainedEntry {
    /// The server whose chain it is.
    pub server: ServerId,
    /// Its place, from 1.
    pub number: u64,
    /// The entry.
    pub entry: AuditEntry,
    /// The hash of the entry before; zeros before the first.
    pub previous: [u8; 32],
    /// The hash of this entry.
    pub hash: [u8; 32],
}

/// Where a chain ends, or did at some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainHead {
    /// The number of the last entry; 0 before the first.
    pub number: u64,
    /// The hash of the last entry; zeros before the first.
    pub hash: [u8; 32],
}

/// An entry as it lies in the store: the bytes that were hashed, unread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its place.
    pub number: u64,
    /// The entry as JSON.
    pub text: Vec<u8>,
    /// The hash of the entry before, as it is stored.
    pub previous: Vec<u8>,
    /// The hash of this entry, as it is stored.
    pub hash: Vec<u8>,
}

/// The action of the entry that says that the server was put back to an earlier state.
pub const RESTORED: &str = "server.restored";

/// The action of the entry that says that the beginning of the log was trimmed.
pub const TRIMMED: &str = "audit.trimmed";

/// A restore that the log tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The number of its entry: the first after what was restored.
    pub number: u64,
    /// When, or no later than this.
    pub time: Timestamp,
}

impl Restored {
    /// Whether it is why a head is not in the chain: the head was given before the restore, for entries that the restore
    /// left out.
    #[must_use]
    pub fn explains(&self, number: u64, time: Timestamp) -> bool {
        self.number <= number && time <= self.time
    }

    /// Takes in that the log has a head: one that stands for the entry was signed after the restore, whatever time the entry
    /// claims for it. Otherwise an entry that somebody made up, dated far ahead, would explain all that is done later.
    pub fn is_before(&mut self, number: u64, signed: Timestamp) {
        if self.number <= number {
            self.time = self.time.min(signed);
        }
    }
}

/// What an entry of the server itself tells of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// That the server was put back to an earlier state, and when.
    Restored(Timestamp),
    /// That the beginning of the log was trimmed, up to this entry.
    Trimmed(ChainHead),
}

/// Reads what an entry, as it is stored, tells of the log. Most are passed over at their second field, the actor.
#[must_use]
pub fn told_by(text: &[u8]) -> Option<Told> {
    const ACTOR: &[u8] = br#","actor":"server","#;
    let end = text.iter().skip(9).take(40).position(|byte| *byte == b'"')? + 10;
    text[end..].starts_with(ACTOR).then_some(())?;
    let entry: AuditEntry = serde_json::from_slice(text).ok()?;
    match (entry.action.as_str(), entry.outcome) {
        (RESTORED, Outcome::Done) => Some(Told::Restored(entry.time)),
        (TRIMMED, Outcome::Done) => {
            let number = entry.detail["up_to"].as_u64()?;
            let hash = digest::from_hex(entry.detail["hash"].as_str()?.as_bytes())?;
            Some(Told::Trimmed(ChainHead { number, hash }))
        }
        _ => None,
    }
}

/// An entry as the store keeps it and as it is hashed: compact JSON in the order of its fields.
///
/// # Panics
/// Never: an entry is plain data.
#[must_use]
pub fn text_of(entry: &AuditEntry) -> String {
    serde_json::to_string(entry).expect("an audit entry is plain data and always serializes")
}

/// The hash of an entry: SHA-256 over a name, the server's id, the number (big-endian), the hash before, and the entry's
/// bytes as the store keeps them.
#[must_use]
pub fn hash_of(server: ServerId, number: u64, previous: &[u8; 32], text: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"worpen-audit-v1\0");
    hash.update(server.as_bytes());
    hash.update(number.to_be_bytes());
    hash.update(previous);
    hash.update(text);
    hash.finalize().into()
}

/// The hash of an entry at its place.
#[must_use]
pub fn chain_hash(server: ServerId, number: u64, previous: &[u8; 32], entry: &AuditEntry) -> [u8; 32] {
    hash_of(server, number, previous, text_of(entry).as_bytes())
}

/// The number of the first entry that does not continue the chain after (`number`, `hash`); `None` when all do. Numbers
/// that are missing at the end do not show here: compare the last entry with a head kept elsewhere.
#[must_use]
pub fn first_break(entries: &[ChainedEntry], mut number: u64, mut hash: [u8; 32]) -> Option<u64> {
    for entry in entries {
        let wanted = chain_hash(entry.server, number + 1, &hash, &entry.entry);
        if entry.number != number + 1 || entry.previous != hash || entry.hash != wanted {
            return Some(entry.number);
        }
        (number, hash) = (entry.number, entry.hash);
    }
    None
}
