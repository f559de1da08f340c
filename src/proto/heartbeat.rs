//! Heartbeats over plain HTTP (ledger row W7), for agents that hold no link open.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{agent::AgentStatus, endpoint::endpoints, example};

endpoints! {
    /// Takes the pulse of a plain agent that speaks only HTTP; it announces no verbs and is given no commands.
    SendHeartbeat: POST "/api/v1/internal/heartbeat", Agent, HeartbeatRequest => HeartbeatTaken {
        REFUSALS: &'static [u16] = &[403];
    };
}

/// A pulse. Its sender shows its token, `Authorization: Bearer wpa_...` (`worpen agents invite NAME --plain`).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::heartbeat())]
pub struct HeartbeatRequest {
    /// The agent's name or id: the one that the token was made for.
    pub id: String,
    /// CPU in use, percent of all processors, 0 to 100.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100))]
    pub cpu: Option<f32>,
    /// Memory in use, percent, 0 to 100.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100))]
    pub ram: Option<f32>,
    /// `ONLINE` or `DEGRADED`, by the agent's own judgement.
    pub status: String,
}

/// The answer to a pulse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::heartbeat_taken())]
pub struct HeartbeatTaken {
    /// How the agent stands now.
    pub status: AgentStatus,
    /// Seconds until the next pulse is due; after twice as long the agent is UNKNOWN, after three times OFFLINE.
    pub heartbeat_interval_s: u32,
    /// The server's time.
    pub server_time: Timestamp,
}
