//! The fleet in a few numbers (ledger row W1).

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    endpoint::{Empty, endpoints},
    example,
};

endpoints! {
    /// Tells the fleet in a few numbers: nodes, throughput, load, security.
    GetDashboardStats: GET "/api/v1/dashboard/stats", Viewer, Empty => DashboardStats { SCOPED: bool = true; };
}

/// The fleet in a few numbers; what is not known is `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::dashboard_stats())]
pub struct DashboardStats {
    /// When this was so.
    pub time: Timestamp,
    /// The nodes.
    pub nodes: NodeStats,
    /// How much happens.
    pub throughput: ThroughputStats,
    /// How busy the nodes are that are heard of.
    pub load: LoadStats,
    /// What was kept out; absent for a key with a scope, since it is of the whole server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<SecurityStats>,
}

/// The nodes of a fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NodeStats {
    /// How many there are.
    pub total: u64,
    /// How many by status.
    pub by_status: BTreeMap<String, u64>,
    /// How many are linked now.
    pub linked: u64,
}

/// How much happens, over the latest minute.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ThroughputStats {
    /// Commands given each minute.
    pub commands_per_minute: Option<f64>,
    /// Events each minute.
    pub events_per_minute: Option<f64>,
    /// Measurements stored each minute.
    pub telemetry_per_minute: Option<f64>,
    /// Bytes that the nodes received each second between their two latest measurements, over interfaces that are not
    /// virtual; `null` while no node has two.
    pub network_received_bytes_per_second: Option<f64>,
    /// Bytes that they sent.
    pub network_transmitted_bytes_per_second: Option<f64>,
    /// How many nodes these are summed over.
    pub network_nodes: u64,
}

/// How busy the nodes are that are heard of, by their latest measurements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadStats {
    /// Percent of all cores.
    pub cpu_percent: LoadRange,
    /// Percent of memory.
    pub memory_percent: LoadRange,
    /// The load average over a minute.
    pub load_average: LoadRange,
    /// How many nodes these are taken over.
    pub nodes: u64,
}

/// A measurement over several nodes; `null` over none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadRange {
    /// The mean.
    pub average: Option<f64>,
    /// The highest.
    pub highest: Option<f64>,
    /// The node that has the highest.
    pub highest_node: Option<String>,
}

/// What was kept out, and what might let somebody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecurityStats {
    /// Calls that were refused within 24 hours since the caller's role did not reach.
    pub denied_24h: u64,
    /// Agents in quarantine.
    pub quarantined_agents: u64,
    /// API keys that are neither revoked nor expired.
    pub active_keys: u64,
    /// Attempts to sign in that were refused since `since`.
    pub sign_ins_refused: u64,
    /// Requests that came too often since `since`.
    pub requests_rate_limited: u64,
    /// When the server began to count the two.
    pub since: Timestamp,
}
