//! What executions and questions give while they run: progress, lines of a log, and how an answer ended. What is bulky
//! travels in binary frames, which the rules read and write.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::ExecutionId;

/// Where a line was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogStream {
    /// Standard output; of a container with a terminal, which has one stream, everything.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Allows an agent to send so many more bytes of output for one execution or question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// The execution or question.
    pub execution_id: ExecutionId,
    /// Bytes of plain payload and a little for each frame.
    pub bytes: u32,
}

/// How an answer ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Whether it is whole.
    pub outcome: Outcome,
    /// Why it is not, in the engine's or the agent's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The ways in which an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything was said.
    Whole,
    /// There is no such thing on the node.
    NotFound,
    /// The engine or the agent says no.
    Refused,
    /// The agent answers as many questions as it can.
    Busy,
    /// The engine cannot be reached, or its answer broke off.
    Broken,
}

/// How far an execution is; the latest counts, and one that is lost is not missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The execution.
    pub execution_id: ExecutionId,
    /// When, by the node's clock.
    pub time: Timestamp,
    /// What it is about, such as an image.
    pub subject: String,
    /// The parts that are known so far, in the order in which they came up.
    pub parts: Vec<Part>,
}

/// How far one part of an execution is, such as a layer of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Part {
    /// What the engine calls it.
    pub id: String,
    /// What the engine does with it, in its own words: `Downloading`.
    pub status: String,
    /// Bytes that are done; `null` while nothing is counted.
    pub done_bytes: Option<u64>,
    /// Bytes in all; `null` while that is not known.
    pub total_bytes: Option<u64>,
}
