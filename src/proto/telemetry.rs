//! Telemetry: what a node measures of itself at each interval (ledger row V12).

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    endpoint::{Empty, endpoints},
    example,
    page::Page,
};

mod metric;

pub use metric::{
    Across, Aggregate, LatestTelemetryRequest, Metric, MetricHistory, MetricInfo, MetricKind, MetricList,
    MetricPoint, MetricSeries, MetricSummary, NetworkHistory, NetworkPoint, NetworkRange, SeriesOf,
    TelemetryAnalytics, TelemetryAnalyticsRequest, TelemetryHistoryRequest,
};

endpoints! {
    /// Lists the latest measurement of each node.
    LatestTelemetry: GET "/api/v1/telemetry/latest", Viewer, LatestTelemetryRequest => Page<Telemetry> {
        SCOPED: bool = true;
        REFUSALS: &'static [u16] = &[404];
    };
    /// Tells how a metric went, of one node, a site or the fleet.
    TelemetryHistory: GET "/api/v1/telemetry/history", Viewer, TelemetryHistoryRequest => MetricHistory {
        SCOPED: bool = true;
        REFUSALS: &'static [u16] = &[404];
    };
    /// Tells the figures and the trend of metrics over a range.
    GetTelemetryAnalytics: GET "/api/v1/telemetry/analytics", Viewer, TelemetryAnalyticsRequest => TelemetryAnalytics {
        SCOPED: bool = true;
        REFUSALS: &'static [u16] = &[404];
    };
    /// Lists the metrics that nodes measure.
    ListMetrics: GET "/api/v1/telemetry/metrics", Viewer, Empty => MetricList { SCOPED: bool = true; };
    /// Tells the fleet's traffic over a range.
    DashboardNetwork: GET "/api/v1/dashboard/network", Viewer, NetworkRange => NetworkHistory { SCOPED: bool = true; };
}

/// Asks for an agent's telemetry.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::telemetry_range())]
pub struct TelemetryRange {
    /// The agent's id or its name.
    pub id: String,
    /// The first moment wanted; an hour ago unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// The end, not included; an hour from now unless told, since a node's clock may be ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// The most items to return, 1 to 1,000; 100 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One set of measurements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::telemetry())]
pub struct Telemetry {
    /// The agent's name.
    pub agent_id: String,
    /// When it was measured, by the node's clock.
    pub timestamp: Timestamp,
    /// CPU in use over the interval, percent of all processors.
    pub cpu_usage: f32,
    /// The same of each processor.
    #[serde(default)]
    pub cpu_cores: Vec<f32>,
    /// Memory and swap.
    pub memory_usage: MemoryUsage,
    /// Every mounted disk, by mount point.
    #[serde(default)]
    pub disk_usage: BTreeMap<String, DiskUsage>,
    /// Load over 1, 5 and 15 minutes.
    pub load_average: [f64; 3],
    /// Every network interface, by name.
    #[serde(default)]
    pub network_stats: BTreeMap<String, NetworkStats>,
    /// Containers on the node, whatever their state; `null` without a container engine.
    #[serde(default)]
    pub container_count: Option<u32>,
    /// Services that the agent watches, by name; empty when it watches none.
    #[serde(default)]
    pub service_status: BTreeMap<String, String>,
    /// Seconds since the node started; `null` when it does not tell.
    #[serde(default)]
    pub uptime_s: Option<u64>,
}

/// Memory and swap, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MemoryUsage {
    /// Installed memory.
    pub total_bytes: u64,
    /// Memory that programs hold.
    pub used_bytes: u64,
    /// Memory that a program could still get.
    pub available_bytes: u64,
    /// Swap space; `null` when the node does not tell.
    #[serde(default)]
    pub swap_total_bytes: Option<u64>,
    /// Swap in use; `null` when the node does not tell.
    #[serde(default)]
    pub swap_used_bytes: Option<u64>,
    /// `used_bytes` of `total_bytes`, percent.
    pub percent: f32,
}

/// One mounted disk, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DiskUsage {
    /// The device.
    pub device: String,
    /// The file system.
    pub file_system: String,
    /// Its size.
    pub total_bytes: u64,
    /// What is in use.
    pub used_bytes: u64,
    /// What an ordinary user could still write.
    pub available_bytes: u64,
    /// `used_bytes` of used and available together, percent, as `df` shows it: 100 when an ordinary user is out of space.
    pub percent: f32,
}

/// One network interface; counters since the node started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkStats {
    /// Bytes received.
    pub received_bytes: u64,
    /// Bytes sent.
    pub transmitted_bytes: u64,
    /// Packets received.
    pub received_packets: u64,
    /// Packets sent.
    pub transmitted_packets: u64,
    /// Packets that were lost on receipt.
    pub receive_errors: u64,
    /// Packets that could not be sent.
    pub transmit_errors: u64,
}
