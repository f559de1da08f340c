//! Invitations: a one-use, short-lived permission for one node to join.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{certificate::Certificate, endpoint::endpoints, example};
use crate::id::{AgentId, InvitationId, ServerId};

endpoints! {
    /// Makes a one-use invitation for a node, or admits a plain agent at once.
    InviteAgent: POST "/api/v1/invitations", Admin, InviteRequest => Invitation {
        SUCCESS: &'static [u16] = &[201];
        REFUSALS: &'static [u16] = &[409];
        KEYED: bool = true;
    };
    /// Spends an invitation: a node hands in its public key and becomes an agent.
    JoinFleet: POST "/api/v1/join", Anyone, JoinRequest => Joined { REFUSALS: &'static [u16] = &[403, 409]; };
}

/// Asks for an invitation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::invite())]
pub struct InviteRequest {
    /// The name the node will have: 1 to 63 of `a-z 0-9 . -`, with a letter or digit at both ends.
    #[schemars(regex(pattern = r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$"))]
    pub name: String,
    /// The site it will belong to, spelt like a name; `default` unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$"))]
    pub site: Option<String>,
    /// Seconds until the invitation expires, 10 to 86,400; 900 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 86_400))]
    pub expires_in: Option<u64>,
    /// Whether the agent is not ours: it has no key, and proves itself by a bearer token alone. It is admitted at once, and
    /// its token holds until it is removed, so that `expires_in` is refused.
    #[serde(default, skip_serializing_if = "is_false")]
    pub plain: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// An invitation, shown this once.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::invitation())]
pub struct Invitation {
    /// The invitation's id; `null` for a plain agent, which needs none.
    pub id: Option<InvitationId>,
    /// The agent that was admitted, when it is a plain one; another is made when the node joins.
    #[serde(default)]
    pub agent: Option<AgentId>,
    /// What the node presents. `wpi_...`: the id, a secret, and the fingerprint of the server's key. Of a plain agent
    /// `wpa_...`: a secret.
    pub token: String,
    /// The name the node will have.
    pub name: String,
    /// The site it will belong to.
    pub site: String,
    /// When the invitation expires; `null` for a plain agent, whose token holds until it is removed.
    pub expires_at: Option<Timestamp>,
    /// The port of this server where the node joins, over TLS with certificates; `null` where there is none, and for a plain
    /// agent.
    #[serde(default)]
    pub port: Option<u16>,
    /// What to do with the token, in a sentence.
    #[serde(default)]
    pub usage: String,
}

/// What a node presents to join.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::join())]
pub struct JoinRequest {
    /// The invitation's id.
    pub invitation: InvitationId,
    /// The node's Ed25519 public key, base64url.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{43}$"))]
    pub public_key: String,
    /// The signature of that key over the invitation, its secret and the key (`core/invitation.rs` says how),
    /// base64url. The secret itself is never sent.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{86}$"))]
    pub signature: String,
    /// The P-256 public key to certify, an uncompressed point, base64url. Where agents are managed by certificates it is
    /// signed too, with the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{87}$"))]
    pub tls_key: Option<String>,
}

/// The answer to a node that joined; the same again when the same key asks with the same invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::joined())]
pub struct Joined {
    /// The agent's id.
    pub id: AgentId,
    /// The agent's name.
    pub agent_id: String,
    /// The site it belongs to.
    pub site: String,
    /// The server's id.
    pub server: ServerId,
    /// The Ed25519 public key that signs the server's commands, base64url; the invitation holds its fingerprint.
    pub server_key: String,
    /// The authorities that certify the server: certificates, DER in base64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorities: Vec<String>,
    /// The agent's certificate, where it asked for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
    /// The epoch to go on from: that of the agent whose place the node takes, else 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub epoch: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}
