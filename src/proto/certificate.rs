//! Certificates of agents, and what a fleet trusts: the server's authorities, and the keys that sign commands.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    endpoint::{Empty, endpoints},
    example,
};
use crate::id::AgentId;

endpoints! {
    /// Gives an agent that has no certificate, or one that ended, a new one; only where agents are managed.
    CertifyAgent: POST "/api/v1/certificates", Agent, CertifyRequest => Certificate {
        REFUSALS: &'static [u16] = &[403];
    };
    /// Says which authorities and command keys the fleet trusts, and how many agents know each.
    GetTrust: GET "/api/v1/trust", Viewer, Empty => Trust;
    /// Takes the next step of the rotation of a key: prepare, activate or retire.
    TurnTrust: POST "/api/v1/trust/{kind}", Admin, TurnTrustRequest => Trust {
        REFUSALS: &'static [u16] = &[409];
    };
}

/// The name by which a server of ours is known to those who trust its own authority, whatever address they reach it under:
/// that authority certifies no other server.
pub const SERVER_NAME: &str = "server.worpen.internal";

/// Asks for a certificate with the agent's own key, over a connection that has none.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::certify())]
pub struct CertifyRequest {
    /// The agent's id.
    pub agent: AgentId,
    /// The P-256 public key that the certificate is for: an uncompressed point, base64url.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{87}$"))]
    pub tls_key: String,
    /// The signature of the agent's Ed25519 key over server, agent, key and this connection (`core/certificate.rs` says
    /// how), base64url.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{86}$"))]
    pub signature: String,
}

/// A certificate of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::certificate())]
pub struct Certificate {
    /// The certificate (X.509, DER), base64.
    pub certificate: String,
    /// Its number, hexadecimal.
    pub serial: String,
    /// When it was made: it is renewed two thirds of the way from here to its end.
    pub issued_at: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AnchorKind {
    /// Certifies the server and its agents.
    Authority,
    /// Signs commands.
    Signing,
}

impl AnchorKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Authority, Self::Signing];

    /// The kind in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::Signing => "signing",
        }
    }
}

/// How a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AnchorState {
    /// Agents learn to trust it; nothing is signed with it yet.
    Prepared,
    /// What is new is signed with it.
    Active,
    /// Still trusted; what is new is signed with its successor.
    Retiring,
    /// Trusted no more.
    Retired,
}

impl AnchorState {
    /// The state in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
        }
    }
}

/// The next step of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TrustStep {
    /// Makes a key, which agents learn beside the active one.
    Prepare,
    /// Signs with the prepared key; the one before is still trusted.
    Activate,
    /// Trusts the key before no more.
    Retire,
}

/// Asks for the next step of a rotation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::turn_trust())]
pub struct TurnTrustRequest {
    /// Which key.
    pub kind: AnchorKind,
    /// The step.
    pub step: TrustStep,
    /// Takes it although agents do not know the new key yet, or rely on the old one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force: bool,
    /// Of `retire`: the old key may have been stolen. It vouches for its successor no more, so that agents which were away
    /// must be replaced.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub compromised: bool,
}

/// What the fleet trusts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::trust())]
pub struct Trust {
    /// Rises with each step; agents say up to which they followed.
    pub revision: u64,
    /// How many agents there are that follow: those that are not ours, or were revoked, do not count.
    pub agents: u32,
    /// The keys, the newest first.
    pub keys: Vec<TrustedKey>,
}

/// A key that is or was trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrustedKey {
    /// Its fingerprint (SHA-256): of an authority that of the certificate, hexadecimal; of a command key that of its 32
    /// bytes, base64url.
    pub id: String,
    /// What it is for.
    pub kind: AnchorKind,
    /// How it stands.
    pub state: AnchorState,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it stands so.
    pub since: Timestamp,
    /// How many agents know how it stands: of a retired one, how many have forgotten it.
    pub known_by: u32,
    /// Of an authority: how many agents hold a certificate of it that they use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certified: Option<u32>,
    /// Of an authority: its certificate, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}
