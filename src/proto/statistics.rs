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
    /// How commands went lately: how many, how fast, and where they failed.
    GetCommandStatistics: GET "/api/v1/statistics/commands", Viewer, CommandStatisticsRequest => CommandStatistics { SCOPED: bool = true; };
}

/// Asks how commands went.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::command_statistics_request())]
pub struct CommandStatisticsRequest {
    /// How far back: `15m`, `6h`, `7d`; `24h` unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// How commands went, counted at `counted_at`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::command_statistics())]
pub struct CommandStatistics {
    /// What was queued from this moment on counts.
    pub since: Timestamp,
    /// When it was counted; at most ten seconds ago.
    pub counted_at: Timestamp,
    /// Whether there was more than is looked at; then only the latest executions count.
    pub is_partial: bool,
    /// Commands by how they stand over all their targets.
    pub commands: BTreeMap<String, u64>,
    /// Executions, each attempt by itself, by how they stand.
    pub executions: BTreeMap<String, u64>,
    /// From when an execution might start until it did, seconds.
    pub waiting: Spread,
    /// From its start to its end, seconds.
    pub running: Spread,
    /// The same by verb, the most frequent first; at most 100.
    pub verbs: Vec<VerbStatistics>,
    /// The nodes where most failed; at most 10.
    pub failing_nodes: Vec<FailingNode>,
}

/// How long something took, seconds: half of the times are no longer than `p50_s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// How many times there are.
    pub count: u64,
    /// The median.
    pub p50_s: Option<f64>,
    /// Nine of ten are no longer.
    pub p90_s: Option<f64>,
    /// 99 of 100 are no longer.
    pub p99_s: Option<f64>,
}

/// How a verb went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VerbStatistics {
    /// The verb.
    pub verb: String,
    /// Its executions by how they stand.
    pub executions: BTreeMap<String, u64>,
    /// From when they might start until they did, seconds.
    pub waiting: Spread,
    /// From their start to their end, seconds.
    pub running: Spread,
}

/// A node where executions failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailingNode {
    /// The node.
    pub node: String,
    /// How many did not succeed.
    pub failed: u64,
    /// How many ended.
    pub ended: u64,
    /// What the latest of them said.
    pub last_error: Option<String>,
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
