//! The frames of a plain link (ledger row V6): `/ws/agent` as the documents describe it, for agents that are not ours. WELCOME,
//! ACK and ERROR are those of [`link`](super::link); what differs is here.

use serde::{Deserialize, Serialize};

use super::command::CommandStatus;
use crate::id::CommandId;

/// The most bytes that one text frame of a plain agent may have; it reports no inventory, and needs no more.
pub const MAX_PLAIN_FRAME_BYTES: usize = 1024 * 1024;

/// A frame that only plain agents are sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", content = "payload", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PlainServerFrame {
    /// Do this.
    Command(PlainCommand),
}

/// What a plain agent is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlainCommand {
    /// The command's id; the answer names it as `command_id`.
    pub id: CommandId,
    /// The verb, one that the agent announced.
    pub verb: String,
    /// Its arguments.
    pub args: serde_json::Value,
    /// Seconds after which no answer is waited for.
    pub timeout_s: u32,
}

/// What a plain agent's HEARTBEAT says; what is absent it did not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PlainPulse {
    /// Whether it is well, by its own judgement.
    pub well: Option<bool>,
    /// CPU in use, percent.
    pub cpu: Option<f32>,
    /// Memory in use, percent.
    pub ram: Option<f32>,
}

/// What a plain agent says of a command.
#[derive(Clone, Debug, PartialEq)]
pub struct PlainResult {
    /// The command.
    pub command_id: CommandId,
    /// `started`, or how it ended.
    pub status: CommandStatus,
    /// What it gave.
    pub result: Option<serde_json::Value>,
    /// Why it failed.
    pub error_message: Option<String>,
}
