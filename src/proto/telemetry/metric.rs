//! Metrics: the numbers in a measurement, by name, and how a range of them is asked for.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::proto::example;

/// One number of a measurement; those of disks, interfaces and processors have a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// CPU in use, percent of all processors.
    CpuUsage,
    /// Installed memory.
    MemoryTotalBytes,
    /// Memory that programs hold.
    MemoryUsedBytes,
    /// Memory that a program could still get.
    MemoryAvailableBytes,
    /// Swap space.
    SwapTotalBytes,
    /// Swap in use.
    SwapUsedBytes,
    /// Memory in use, percent.
    MemoryUsage,
    /// Load over a minute.
    Load1,
    /// Load over 5 minutes.
    Load5,
    /// Load over 15 minutes.
    Load15,
    /// Seconds since the node started.
    UptimeSeconds,
    /// Containers on the node.
    ContainerCount,
    /// CPU in use of one processor, percent.
    CpuCore,
    /// Size of a disk.
    DiskTotalBytes,
    /// What is in use of a disk.
    DiskUsedBytes,
    /// What an ordinary user could still write to a disk.
    DiskAvailableBytes,
    /// A disk in use, percent.
    DiskUsage,
    /// Bytes received, a counter.
    NetworkReceivedBytes,
    /// Bytes sent, a counter.
    NetworkTransmittedBytes,
    /// Packets received, a counter.
    NetworkReceivedPackets,
    /// Packets sent, a counter.
    NetworkTransmittedPackets,
    /// Packets lost on receipt, a counter.
    NetworkReceiveErrors,
    /// Packets that could not be sent, a counter.
    NetworkTransmitErrors,
}

/// What is made of the measurements in one step of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// Their mean.
    Avg,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// Their sum.
    Sum,
    /// The last.
    Last,
    /// A counter's increase per second.
    Rate,
}

/// What is made of several nodes at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Across {
    /// Their sum.
    Sum,
    /// Their mean.
    Avg,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// What a series stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeriesOf {
    /// All nodes that were asked for, together.
    #[default]
    Fleet,
    /// Each node alone.
    Agent,
}

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// Goes up and down.
    Gauge,
    /// Only grows, until the node starts again.
    Counter,
}

/// A metric, described.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::metric_info())]
pub struct MetricInfo {
    /// Its name, as `metric=` takes it.
    pub metric: Metric,
    /// `percent`, `bytes`, `seconds`, `packets`, or `count`.
    pub unit: String,
    /// Gauge or counter.
    pub kind: MetricKind,
    /// What its label names: `core`, `mount_point`, `interface`; `null` when it has none.
    pub label: Option<String>,
    /// What is made of a step unless told.
    pub aggregate: Aggregate,
    /// What is made of several nodes unless told.
    pub across: Across,
}

/// Asks for the latest measurement of each node.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::latest_telemetry())]
pub struct LatestTelemetryRequest {
    /// Only this node, by id or name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Only nodes of this site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The most items to return, 1 to 1,000; 100 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Asks how a metric went.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::telemetry_history())]
pub struct TelemetryHistoryRequest {
    /// Which number; `cpu_usage` unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// Only this disk, interface or processor; else all of a node together, without loopback and container interfaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Only these nodes, by id or name, with commas between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Only nodes of this site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The first moment wanted; not together with `range`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// The end, not included; now unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// How far back from `to`, as `15m`, `1h`, `7d`; an hour unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
    /// The time between points, as `30s`, `5m`, `1h`; unless told, what gives about 120 points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What is made of a step: a rate of counters, else the mean, unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregate: Option<Aggregate>,
    /// What is made of several nodes: the mean of percents and loads, else the sum, unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub across: Option<Across>,
    /// One series for all, or one per node.
    #[serde(default)]
    pub by: SeriesOf,
}

/// How a metric went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::metric_history())]
pub struct MetricHistory {
    /// Which number.
    pub metric: Metric,
    /// Its unit; per second where a rate was made.
    pub unit: String,
    /// What was made of a step.
    pub aggregate: Aggregate,
    /// What was made of several nodes.
    pub across: Across,
    /// The first moment: `from`, or the step's beginning before it.
    pub from: Timestamp,
    /// The end, not included.
    pub to: Timestamp,
    /// Seconds between points.
    pub step_s: u64,
    /// One for all nodes, or one per node that measured anything.
    pub series: Vec<MetricSeries>,
    /// Stored parts that are damaged and could not be counted in; 0 is well.
    pub damaged_parts: u32,
}

/// One line of points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricSeries {
    /// The node's name; `null` for all together.
    pub agent_id: Option<String>,
    /// The points, oldest first.
    pub points: Vec<MetricPoint>,
}

/// A value at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricPoint {
    /// The beginning of the step.
    pub time: Timestamp,
    /// The value; `null` where nothing was measured.
    pub value: Option<f64>,
}

/// Asks for figures over a range.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::telemetry_analytics())]
pub struct TelemetryAnalyticsRequest {
    /// Which numbers, with commas between; CPU, memory, disk, load and network unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<String>,
    /// Only these nodes, by id or name, with commas between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Only nodes of this site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The first moment wanted; not together with `range`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// The end, not included; now unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// How far back from `to`, as `15m`, `1h`, `7d`; an hour unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
}

/// Figures over a range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::analytics())]
pub struct TelemetryAnalytics {
    /// The first moment.
    pub from: Timestamp,
    /// The end, not included.
    pub to: Timestamp,
    /// The figures of each metric.
    pub metrics: Vec<MetricSummary>,
}

/// A metric's figures over all measurements of a range; counters as rates per second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricSummary {
    /// Which number.
    pub metric: Metric,
    /// Its unit; per second for counters.
    pub unit: String,
    /// How many values; when 0, the figures are `null`.
    pub samples: u64,
    /// The least.
    pub min: Option<f64>,
    /// The mean.
    pub avg: Option<f64>,
    /// The greatest.
    pub max: Option<f64>,
    /// What 95 of 100 values do not exceed.
    pub p95: Option<f64>,
    /// How much a node's value changes in an hour, by a straight line through each node's values (least squares).
    pub trend_per_hour: Option<f64>,
    /// Stored parts that are damaged and could not be counted in; 0 is well.
    pub damaged_parts: u32,
}

/// The metrics there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::metric_list())]
pub struct MetricList {
    /// Each, described.
    pub items: Vec<MetricInfo>,
}

/// Asks for the fleet's traffic.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::network_range())]
pub struct NetworkRange {
    /// How far back, as `15m`, `1h`, `7d`; an hour unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
    /// Only nodes of this site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
}

/// The fleet's traffic, without loopback and container interfaces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::network_history())]
pub struct NetworkHistory {
    /// The first moment.
    pub from: Timestamp,
    /// The end, not included.
    pub to: Timestamp,
    /// Seconds between points.
    pub step_s: u64,
    /// The points, oldest first.
    pub points: Vec<NetworkPoint>,
}

/// The fleet's traffic at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkPoint {
    /// The beginning of the step.
    pub time: Timestamp,
    /// Bytes received per second; `null` where nothing was measured.
    pub inbound_bytes_per_s: Option<f64>,
    /// Bytes sent per second; `null` where nothing was measured.
    pub outbound_bytes_per_s: Option<f64>,
}
