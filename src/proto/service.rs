//! The server's parts and the nodes' services, and how each stands (ledger row W3).

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    endpoint::{Empty, endpoints},
    example,
    health::Health,
};

endpoints! {
    /// Shows how each part of the server and each service that nodes report stands: status, latency, load.
    GetDashboardServices: GET "/api/v1/dashboard/services", Viewer, Empty => ServiceMatrix { SCOPED: bool = true; };
}

/// How everything stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::service_matrix())]
pub struct ServiceMatrix {
    /// When this was so.
    pub time: Timestamp,
    /// How many stand how, those of nodes that are not listed included.
    pub by_status: BTreeMap<String, u64>,
    /// The parts of the server.
    pub parts: Vec<ServicePart>,
    /// Services that nodes report: the first 1,000, those that are down first.
    pub nodes: Vec<NodeService>,
}

/// A part of the server; what it has no measure of is `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServicePart {
    /// `api`, `store`, `telemetry_store`, `agent_links`, `event_stream` or `redis`.
    pub name: String,
    /// How it stands.
    pub status: Health,
    /// Milliseconds that it usually takes: the median of the latest five minutes, or what a probe just took.
    pub latency_ms: Option<f64>,
    /// Milliseconds within which 99 of 100 are done.
    pub latency_p99_ms: Option<f64>,
    /// How often each second, over the latest five minutes.
    pub per_second: Option<f64>,
    /// How many there are now: requests in flight, changes that wait, agents linked, watchers.
    pub load: Option<u64>,
    /// The most that `load` can be, where there is such a number.
    pub capacity: Option<u64>,
    /// Events by which the slowest watcher is behind.
    pub lag: Option<u64>,
}

/// A service that a node reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NodeService {
    /// The node.
    pub node: String,
    /// The service.
    pub name: String,
    /// How it stands; unknown when the node is not heard of, or says something that is no status.
    pub status: Health,
    /// What the node says.
    pub reported: String,
    /// When it said so.
    pub time: Timestamp,
}
