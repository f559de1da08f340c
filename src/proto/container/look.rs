//! What is asked of the engine that has a container: its log, what it uses, everything that is known of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{example, output::LogStream};

/// The header of a log's answer with the node's time right before it asked its engine: whoever was shown nothing yet can
/// begin there again.
pub const POSITION_HEADER: &str = "worpen-position";

/// Asks for a container's log.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::container_logs())]
pub struct ContainerLogsRequest {
    /// The engine's id or a unique prefix of it, `node/name`, or a name that only one node has.
    pub id: String,
    /// Begin so many lines before the end; all that the engine keeps unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<u32>,
    /// Only lines of this moment and later, by the node's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Only lines of this moment and before, by the node's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Whether to go on with new lines as they come, until the container ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub follow: bool,
    /// Whether each line of text begins with its time; objects always have theirs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timestamps: bool,
}

/// One object of a log's stream; an empty line in between says that the stream stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LogItem {
    /// The next line.
    Line(LogLine),
    /// The stream broke; always last.
    Break {
        /// Why.
        error: LogBreak,
    },
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::log_line())]
pub struct LogLine {
    /// When it was written, by the node's clock, to the nanosecond.
    pub time: Timestamp,
    /// Where it was written.
    pub stream: LogStream,
    /// What was written; bytes that are not UTF-8 are shown as U+FFFD.
    pub line: String,
    /// Whether it goes on in the next line of its stream, being longer than 128 KiB.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continues: bool,
}

/// Why a stream broke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogBreak {
    /// A stable name: `link_lost`, `server_stopping`, `not_allowed` or `engine`.
    pub code: String,
    /// What happened.
    pub detail: String,
}

/// What a container uses; `null` where the engine does not measure it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::container_stats())]
pub struct ContainerStats {
    /// The engine's id.
    pub id: String,
    /// Its name, without the leading slash.
    pub name: String,
    /// When it was measured, by the node's clock.
    pub time: Timestamp,
    /// Percent of one CPU, over the second before; 200 is two CPUs in full use.
    pub cpu_percent: Option<f64>,
    /// CPUs that it may use.
    pub cpu_count: Option<u32>,
    /// Memory in use, without what the page cache could give back, bytes.
    pub memory_used_bytes: Option<u64>,
    /// The most memory that it may use, bytes; the node's own where it has no limit.
    pub memory_limit_bytes: Option<u64>,
    /// Memory in use, percent of the limit.
    pub memory_percent: Option<f64>,
    /// What went through each network interface since the container started.
    pub networks: BTreeMap<String, Traffic>,
    /// Bytes read from block devices since the container started.
    pub block_read_bytes: Option<u64>,
    /// Bytes written to block devices since the container started.
    pub block_written_bytes: Option<u64>,
    /// Processes and threads.
    pub pids: Option<u64>,
}

/// What went through a network interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Traffic {
    /// Bytes that came.
    pub received_bytes: u64,
    /// Bytes that went.
    pub transmitted_bytes: u64,
}

/// What the engine knows of a container, an object as its own documentation describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(example = example::container_inspection())]
pub struct ContainerInspection(pub serde_json::Map<String, serde_json::Value>);
