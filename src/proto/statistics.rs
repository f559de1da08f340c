//! Totals and rates of the fleet and its server.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    endpoint::{Empty, endpoints},
    example,
};

endpoints! {
    /// Counts the fleet, its commands and events, and the server's own work.
    GetStatistics: GET "/api/v1/statistics", Viewer, Empty => Statistics;
}

/// Totals and rates. What the store holds was counted at `counted_at`; the rest is of this moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::statistics())]
pub struct Statistics {
    /// Agents by status.
    pub agents: BTreeMap<String, u64>,
    /// Containers by state.
    pub containers: BTreeMap<String, u64>,
    /// Images.
    pub images: u64,
    /// Users.
    pub users: u64,
    /// API keys that are neither revoked nor expired.
    pub active_keys: u64,
    /// Commands that were given within 24 hours, by status.
    pub commands_24h: BTreeMap<String, u64>,
    /// Events that are kept.
    pub events_kept: u64,
    /// Events within 24 hours.
    pub events_24h: u64,
    /// Calls that were refused within 24 hours since the caller's role did not reach.
    pub denied_24h: u64,
    /// When the store was counted; at most ten seconds ago.
    pub counted_at: Timestamp,
    /// When the counts of `since_start` began.
    pub started_at: Timestamp,
    /// What the server counted since it began.
    pub since_start: SinceStart,
    /// How often things happened each minute over the latest five; `null` in the first seconds after a start.
    pub per_minute: PerMinute,
}

/// What a server counted since it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SinceStart {
    /// Requests by class of status: `2xx`, `4xx` ...
    pub requests: BTreeMap<String, u64>,
    /// Requests that came too often.
    pub requests_rate_limited: u64,
    /// Attempts to sign in that were refused.
    pub sign_ins_refused: u64,
    /// Measurements that were stored.
    pub telemetry_stored: u64,
    /// Frames that agents sent.
    pub agent_frames: u64,
    /// Connections that came.
    pub connections: u64,
    /// Connections that found no room.
    pub connections_refused: u64,
    /// Bytes that came over connections.
    pub received_bytes: u64,
    /// Bytes that went.
    pub sent_bytes: u64,
}

/// How often things happened each minute.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PerMinute {
    /// Requests.
    pub requests: Option<f64>,
    /// Events.
    pub events: Option<f64>,
    /// Commands that were given.
    pub commands: Option<f64>,
    /// Measurements that were stored.
    pub telemetry: Option<f64>,
}
