//! The audit log: who did what to what, chained by hash so that an edit shows (ledger row V4).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::ServerId;

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

/// Whether an act was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was, and it was done.
    Done,
    /// It was not.
    Denied,
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

/// The hash of an entry: SHA-256 over the server's id, the number (big-endian), the hash before, and the entry as
/// compact JSON in the order of its fields.
#[must_use]
pub fn chain_hash(server: ServerId, number: u64, previous: &[u8; 32], entry: &AuditEntry) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"worpen-audit-v1\0");
    hash.update(server.as_bytes());
    hash.update(number.to_be_bytes());
    hash.update(previous);
    hash.update(serde_json::to_vec(entry).expect("an audit entry is plain data and always serializes"));
    hash.finalize().into()
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
