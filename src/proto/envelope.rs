//! The signed envelope: DSSE (secure-systems-lab, Dead Simple Signing Envelope 1.0) over the exact bytes sent.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{AgentId, CommandId, ExecutionId, ServerId};

/// The payload type of [`CommandOrder`].
pub const COMMAND_TYPE: &str = "application/vnd.worpen.command+json";
/// The payload type of [`HelloProof`].
pub const HELLO_TYPE: &str = "application/vnd.worpen.hello+json";
/// The payload type of [`Succession`].
pub const SUCCESSION_TYPE: &str = "application/vnd.worpen.succession+json";
/// The payload type of [`TrustOrder`].
pub const TRUST_TYPE: &str = "application/vnd.worpen.trust+json";
/// The payload type of [`WelcomeProof`].
pub const WELCOME_TYPE: &str = "application/vnd.worpen.welcome+json";

/// The payload type of [`AuditHead`](super::audit::AuditHead).
pub const AUDIT_HEAD_TYPE: &str = "application/vnd.worpen.audit-head+json";
/// The payload type of [`AuditBase`](super::audit::AuditBase).
pub const AUDIT_BASE_TYPE: &str = "application/vnd.worpen.audit-base+json";

/// Bytes, what they are, and who signed them. Nothing reads the bytes before the signature holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Envelope {
    /// The signed bytes, base64.
    pub payload: String,
    /// What the bytes are; part of what is signed.
    #[serde(rename = "payloadType")]
    pub payload_type: String,
    /// The signatures; one that holds under a trusted key is enough.
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvelopeSignature {
    /// The fingerprint of the key: the SHA-256 of its 32 bytes, base64url.
    pub keyid: String,
    /// The Ed25519 signature, base64.
    pub sig: String,
}

/// What a server orders one agent to do, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandOrder {
    /// The only agent that may obey.
    pub agent: AgentId,
    /// The attempt; the agent's journal is keyed by it.
    pub execution: ExecutionId,
    /// The command it belongs to.
    pub command: CommandId,
    /// What to do, `docker.stop`.
    pub verb: String,
    /// With what.
    pub args: serde_json::Value,
    /// Not before this moment.
    pub not_before: Timestamp,
    /// Not at or after this moment.
    pub expires_at: Timestamp,
    /// Seconds it may take.
    pub timeout_s: u32,
    /// The epoch of the link it was signed for.
    pub epoch: u64,
    /// Its place among the orders of that epoch, from 1.
    pub sequence: u64,
    /// Who gave the command, `user:ada`; the node's own policy may ask.
    #[serde(default)]
    pub actor: String,
    /// It asks instead of acting: answered over this link now, neither queued nor journalled.
    #[serde(default)]
    pub is_question: bool,
    /// The server heard before that this execution began: an agent that knows nothing of it has lost its journal.
    #[serde(default)]
    pub has_begun: bool,
    /// What must hold on the node right before the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precondition: Option<String>,
    /// Bytes of output to keep, and beyond them the end of it.
    #[serde(default)]
    pub output_bytes: u32,
}

/// What an agent signs to prove that it holds its key now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloProof {
    /// Who it says it is.
    pub agent: AgentId,
    /// The challenge of this connection, from the response header `worpen-challenge`.
    pub challenge: String,
    /// A challenge for the server, answered in [`WelcomeProof`].
    pub nonce: String,
    /// The epoch it last synced; 0 before its first link.
    pub epoch: u64,
    /// Random per process, to tell a clone from a reconnection.
    pub instance_nonce: String,
    /// Of an agent that keeps heads of the server's audit log: the last that it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditWitness>,
}

/// What an agent keeps of its server's audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditWitness {
    /// The last head that it was given; none before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Envelope>,
}

/// What a server signs to prove that it is the one the agent joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WelcomeProof {
    /// The server.
    pub server: ServerId,
    /// The agent it admits.
    pub agent: AgentId,
    /// The agent's `nonce`.
    pub nonce: String,
    /// The epoch of this link; the agent syncs it before it answers.
    pub epoch: u64,
    /// The server's time.
    pub server_time: Timestamp,
    /// The highest sequence of this agent that the server has committed.
    pub acknowledged: u64,
    /// The public keys that sign commands, base64url.
    pub keys: Vec<String>,
    /// The authorities that certify the server: certificates, DER in base64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorities: Vec<String>,
    /// The revision of what is trusted.
    #[serde(default)]
    pub revision: u64,
}

/// What an agent trusts from now on, and nothing else; signed by a key that it trusts already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustOrder {
    /// The server.
    pub server: ServerId,
    /// The agent that it is for.
    pub agent: AgentId,
    /// The epoch of the link that it was signed for.
    pub epoch: u64,
    /// The revision of what is trusted.
    pub revision: u64,
    /// The public keys that sign commands, base64url.
    pub keys: Vec<String>,
    /// The authorities that certify the server: certificates, DER in base64.
    pub authorities: Vec<String>,
}

/// A key's word for its successor, for whoever was away while both were trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Succession {
    /// The public key that signs commands from then on, base64url.
    pub successor: String,
}
