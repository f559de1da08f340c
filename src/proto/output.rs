//! What executions and questions give while they run: progress, lines of a log, and how an answer ended. What is bulky
//! travels in binary frames, which the rules read and write.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{command::CommandStatus, example};
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

/// Part of what an execution printed, as its agent read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it was written.
    pub stream: LogStream,
    /// How many bytes of both streams came before it; with a hole before it, what lies in the hole is not kept.
    pub offset: u64,
    /// When it was read, by the node's clock.
    pub time: Timestamp,
    /// What was written.
    pub bytes: Vec<u8>,
}

/// Everything of an execution's output that lies before `offset` is on the server's disk; its agent may forget it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The execution.
    pub execution_id: ExecutionId,
    /// Bytes from its beginning.
    pub offset: u64,
}

/// A line of a command's output stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(example = example::output_item())]
pub enum OutputItem {
    /// Something was printed.
    Output {
        /// The target's name.
        node: String,
        /// The execution.
        execution: ExecutionId,
        /// Where it was written.
        stream: LogStream,
        /// How many bytes of both streams came before it.
        offset: u64,
        /// When it was read, by the node's clock.
        time: Timestamp,
        /// What was written; absent where it is no UTF-8.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// What was written, base64, where it is no UTF-8.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base64: Option<String>,
    },
    /// Something was printed that is not kept.
    Gap {
        /// The target's name.
        node: String,
        /// The execution.
        execution: ExecutionId,
        /// Where it begins.
        offset: u64,
        /// How long it is.
        bytes: u64,
    },
    /// An execution stands otherwise: it started, ended, or is tried again.
    Status {
        /// The target's name.
        node: String,
        /// The execution.
        execution: ExecutionId,
        /// Which attempt of this target it is, from 1.
        attempt: u32,
        /// How it stands.
        status: CommandStatus,
        /// What it waits for while it is queued.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waits_for: Option<String>,
        /// What it gave, with the `exit_code` of a program.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<serde_json::Value>,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error_message: Option<String>,
        /// How long it ran, milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        took_ms: Option<u64>,
    },
    /// The command ended; always the last line of a stream that was followed.
    Ended {
        /// How it stands, over all its targets.
        status: CommandStatus,
    },
}
