//! The server as it is now.

use std::net::SocketAddr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    endpoint::{Empty, endpoints},
    example,
};
use crate::id::ServerId;

endpoints! {
    /// Describes the server: its version, its store, who is connected, what waits, and the limits in force.
    GetStatus: GET "/api/v1/status", Viewer, Empty => ServerStatus;
}

/// The server as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::server_status())]
pub struct ServerStatus {
    /// The server's id.
    pub server: ServerId,
    /// Its version.
    pub version: String,
    /// When it began to serve.
    pub started_at: Timestamp,
    /// Seconds since.
    pub uptime_s: u64,
    /// Where it listens.
    #[schemars(with = "Option<String>")]
    pub listen: Option<SocketAddr>,
    /// Its store.
    pub store: StoreStatus,
    /// Who is connected.
    pub connections: ConnectionStatus,
    /// The event log.
    pub events: EventLogStatus,
    /// The limits in force.
    pub limits: LimitStatus,
}

/// The store of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoreStatus {
    /// The engine: `sqlite`.
    pub kind: String,
    /// Bytes of the control data on disk, its write-ahead log included.
    pub control_bytes: u64,
    /// Bytes of the telemetry on disk.
    pub telemetry_bytes: u64,
    /// Changes that wait to be written or are being written.
    pub changes_waiting: u64,
}

/// Who is connected to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionStatus {
    /// Connections of callers.
    pub callers: u64,
    /// Agents that are linked.
    pub agents_linked: u64,
    /// Agents that are known.
    pub agents_known: u64,
    /// Streams of events that are followed.
    pub watchers: u64,
    /// Requests that are being answered.
    pub requests_in_flight: u64,
}

/// The event log of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventLogStatus {
    /// The sequence of the first event that is kept; `null` while there is none.
    pub first_sequence: Option<u64>,
    /// The sequence of the last event.
    pub last_sequence: Option<u64>,
    /// Events by which the slowest watcher is behind; `null` without watchers.
    pub watcher_lag: Option<u64>,
}

/// The limits in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LimitStatus {
    /// Connections that callers may hold.
    pub max_connections: u64,
    /// Agents that may be linked.
    pub max_agent_connections: u64,
    /// Seconds that the head of a request, its body, and its answer may take, each.
    pub request_timeout_s: u64,
    /// Requests of one user or key in a window.
    pub rate_limit_requests: u32,
    /// Requests of one address in a window, without credentials that hold.
    pub rate_limit_anonymous: u32,
    /// The window, in seconds.
    pub rate_limit_window_s: u64,
    /// Days that events are kept.
    pub event_retention_days: u64,
    /// How many events are kept.
    pub event_retention_count: u64,
}
