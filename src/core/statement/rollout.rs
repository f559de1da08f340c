//! Writes of rollouts: which part of a command runs, and when the next may begin.

use jiff::Timestamp;

use super::{Statement, Value, any, one};
use crate::id::CommandId;

/// Begins a rollout with its first part.
#[must_use]
pub fn begin(command: CommandId) -> Statement {
    one(
        "rollout.begin",
        "INSERT INTO rollouts (command_id, batch, resume_at) VALUES (?1, 1, NULL)",
        vec![command.to_string().into()],
    )
}

/// Notes when the part after this one may begin; `rollout.rest` conflicts when that is known, or another part runs.
#[must_use]
pub fn rest(command: CommandId, batch: u32, until: Timestamp) -> Statement {
    one(
        "rollout.rest",
        "UPDATE rollouts SET resume_at = ?3 WHERE command_id = ?1 AND batch = ?2 AND resume_at IS NULL",
        vec![command.to_string().into(), batch.into(), until.into()],
    )
}

/// Begins the part after this one; `rollout.advance` conflicts when another part runs.
#[must_use]
pub fn advance(command: CommandId, batch: u32) -> Statement {
    one(
        "rollout.advance",
        "UPDATE rollouts SET batch = batch + 1, resume_at = NULL WHERE command_id = ?1 AND batch = ?2",
        vec![command.to_string().into(), batch.into()],
    )
}

/// Lets the executions of a part wait for their nodes.
#[must_use]
pub fn release(command: CommandId, batch: u32, expires_at: Timestamp) -> Statement {
    any(
        "rollout.release",
        "UPDATE executions SET held = 0, expires_at = ?3, due_at = ?3
         WHERE command_id = ?1 AND batch = ?2 AND held = 1 AND status = 'queued'",
        vec![command.to_string().into(), batch.into(), Value::from(expires_at)],
    )
}

/// Ends a rollout; `rollout.end` conflicts when another part runs.
#[must_use]
pub fn end(command: CommandId, batch: u32) -> Statement {
    one(
        "rollout.end",
        "DELETE FROM rollouts WHERE command_id = ?1 AND batch = ?2",
        vec![command.to_string().into(), batch.into()],
    )
}
