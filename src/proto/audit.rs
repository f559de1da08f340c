//! The audit log: who did what to what, and what proves that nobody changed it since.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    endpoint::{Content, Empty, endpoints},
    envelope::Envelope,
    example,
    page::Page,
};
use crate::id::ServerId;

endpoints! {
    /// Lists the audit log, the newest entry first.
    ListAudit: GET "/api/v1/audit", Admin, ListAuditRequest => Page<AuditRecord>;
    /// Exports the audit log with all that its verification needs, one object a line.
    ExportAudit: GET "/api/v1/audit/export", Admin, Empty => ExportLine { CONTENT: Content = Content::Objects; };
}

/// Whether an act was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was, and it was done.
    Done,
    /// It was not.
    Denied,
}

impl Outcome {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Denied => "denied",
        }
    }
}

/// Asks for entries. A `*` at the end of `actor`, `action` or `target` stands for whatever follows.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::list_audit())]
pub struct ListAuditRequest {
    /// Only those of this actor, `user:ada` or `key:*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Only this action, `key.issue` or `command.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Only what was done to this, `agent/web-1` or `container/*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Only with this outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Only what belongs to this request or command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// Only from this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Only before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The most items to return, 1 to 1,000; 100 unless told. A page may hold fewer, or none, before the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9]{1,19}$"))]
    pub cursor: Option<String>,
}

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::audit_record())]
pub struct AuditRecord {
    /// Its place in the log, from 1 without a hole.
    pub number: u64,
    /// When.
    pub time: Timestamp,
    /// Who: `user:NAME`, `key:NAME/KEY`, `agent:NAME`, `server` or `anonymous`.
    pub actor: String,
    /// From which address.
    pub address: Option<String>,
    /// What was done, `container.stop`.
    pub action: String,
    /// To what, `container/web-1/nginx`.
    pub target: String,
    /// Whether it was allowed.
    pub outcome: Outcome,
    /// The request or command it belongs to.
    pub correlation: Option<String>,
    /// Further facts.
    pub detail: serde_json::Value,
    /// Its hash (SHA-256, hexadecimal), which stands for the whole log up to it.
    pub hash: String,
}

/// What a server signs of its audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// Whose log it is.
    pub server: ServerId,
    /// The number of the last entry.
    pub number: u64,
    /// The hash of the last entry, hexadecimal.
    pub hash: String,
    /// When it was signed.
    pub time: Timestamp,
}

/// What a server signs when it trims its audit log: that its own hand removed the entries up to this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditBase {
    /// Whose log it is.
    pub server: ServerId,
    /// The number of the last entry that is gone.
    pub number: u64,
    /// The hash of that entry, hexadecimal.
    pub hash: String,
    /// When it was signed.
    pub time: Timestamp,
    /// The restores that the entries that are gone told of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restores: Vec<AuditRestore>,
}

/// A restore that an entry told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRestore {
    /// The number of the entry.
    pub number: u64,
    /// When it was.
    pub time: Timestamp,
}

/// Where the server has a head from that it exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeadWitness {
    /// From its file of heads.
    File,
    /// From agents, which gave back what they had been given.
    Agents,
}

/// A line of an export: a header, heads, the entries in their order, an end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(example = example::export_line())]
pub enum ExportLine {
    /// The first line.
    Header {
        /// The form of the export: `worpen-audit-v1`.
        export: String,
        /// The server whose log it is.
        server: ServerId,
        /// The server's version.
        version: String,
        /// When it was exported.
        time: Timestamp,
        /// The public keys (Ed25519, base64url) that sign heads.
        keys: Vec<String>,
        /// Of those keys that were retired: the last entry when that was. Heads of later entries do not count under them.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        until: BTreeMap<String, u64>,
        /// The server's word that it trimmed what came before the first entry.
        base: Option<Envelope>,
        /// Whether it is an archive of what was trimmed, and not the log itself.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        archive: bool,
    },
    /// A head that was given away. Each must be in the chain.
    Head {
        /// Where it was kept.
        witness: HeadWitness,
        /// How often agents gave it back since the server started; 0 for the file's.
        times: u64,
        /// What was signed.
        envelope: Envelope,
    },
    /// An entry. Its hash is SHA-256 over `worpen-audit-v1`, a zero byte, the server's id (16 bytes), the number (8 bytes,
    /// big-endian), the hash before (32 bytes) and the bytes of `entry` as they stand in the line.
    Entry {
        /// Its place.
        number: u64,
        /// The hash of the entry before, hexadecimal.
        previous: String,
        /// Its hash, hexadecimal.
        hash: String,
        /// The entry.
        entry: serde_json::Value,
    },
    /// The last line; an export without it was cut short.
    End {
        /// The number of the last entry.
        number: u64,
        /// How many entries there were.
        entries: u64,
    },
}

/// The form of exports.
pub const EXPORT_FORM: &str = "worpen-audit-v1";
