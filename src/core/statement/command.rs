//! Writes of commands and their executions.

use jiff::Timestamp;

use super::{Statement, Value, any, one, stored};
use crate::{
    core::access::Principal,
    id::{CommandId, EventId, ExecutionId},
    proto::{
        command::{Command, CommandStatus, Execution},
        link::CommandResult,
    },
};

/// Creates a command. How it stands is not kept: it follows from its executions. What of its arguments is secret is sealed
/// beside them; on whose behalf it is given is looked at again before it is sent.
#[must_use]
pub fn create(
    command: &Command,
    idempotent: bool,
    sealed_args: Option<Vec<u8>>,
    by: Option<Principal>,
) -> Statement {
    one(
        "command.create",
        "INSERT INTO commands (id, verb, args, actor, created_at, expires_at, timeout_s, correlation_id, priority,
             max_retries, idempotent, scheduled_at, precondition, rollout, output_bytes, plan, schedule, sealed_args,
             by_user, by_key)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
        vec![
            command.id.to_string().into(),
            command.verb.clone().into(),
            (&command.args).into(),
            command.actor.clone().into(),
            command.created_at.into(),
            command.expires_at.into(),
            command.timeout_s.into(),
            command.correlation_id.clone().into(),
            command.priority.rank().into(),
            command.max_retries.into(),
            idempotent.into(),
            command.scheduled_at.into(),
            command.precondition.clone().into(),
            command.rollout.as_ref().map_or(Value::Null, stored),
            command.output_bytes.into(),
            command.plan.map(|id| id.to_string()).into(),
            command.schedule.clone().into(),
            sealed_args.map_or(Value::Null, Value::Blob),
            by.map(|by| by.user.to_string()).into(),
            by.and_then(|by| by.key).map(|key| key.to_string()).into(),
        ],
    )
}

/// Creates an execution, caused by the event that queued it. One without a moment at which it expires is held back: its part
/// of a rollout has not begun.
#[must_use]
pub fn create_execution(command: CommandId, execution: &Execution, cause: EventId) -> Statement {
    let due_at = execution.expires_at.filter(|_| execution.status == CommandStatus::Queued);
    one(
        "execution.create",
        "INSERT INTO executions (id, command_id, agent, node, attempt, status, cause, batch, held, not_before,
             expires_at, due_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        vec![
            execution.id.to_string().into(),
            command.to_string().into(),
            execution.agent.to_string().into(),
            execution.node.clone().into(),
            execution.attempt.into(),
            stored(&execution.status),
            cause.to_string().into(),
            execution.batch.into(),
            execution.expires_at.is_none().into(),
            execution.not_before.into(),
            execution.expires_at.into(),
            due_at.into(),
        ],
    )
}

/// Notes that the agent began, and when it is given up if nothing more is heard; `execution.start` conflicts when the
/// execution is not queued.
#[must_use]
pub fn start(id: ExecutionId, at: Timestamp, due_at: Timestamp, cause: EventId) -> Statement {
    one(
        "execution.start",
        "UPDATE executions SET status = 'started', started_at = ?2, cause = ?3, due_at = ?4
         WHERE id = ?1 AND status = 'queued'",
        vec![id.to_string().into(), at.into(), cause.to_string().into(), due_at.into()],
    )
}

/// Notes how an execution ended; `execution.end` conflicts when that is already known. What a node reports stands
/// over what the server concluded from its silence, or before it could ask; a node that lost its memory of a
/// cancellation knows less than the one that told of it.
#[must_use]
pub fn end(id: ExecutionId, result: &CommandResult, at: Timestamp, cause: EventId) -> Statement {
    one(
        "execution.end",
        "UPDATE executions SET status = ?2, ended_at = ?3, result = ?4, error_message = ?5, cause = ?6,
             started_at = coalesce(started_at, ?7), output = ?8, due_at = NULL, held = 0
         WHERE id = ?1 AND status IN ('queued', 'started', 'expired', 'unknown', 'cancelled') AND status <> ?2
             AND NOT (status = 'cancelled' AND ?2 = 'unknown')",
        vec![
            id.to_string().into(),
            stored(&result.status),
            at.into(),
            result.result.as_ref().map_or(Value::Null, Value::from),
            result.error_message.clone().into(),
            cause.to_string().into(),
            result.started_at.into(),
            result.output.as_ref().map_or(Value::Null, stored),
        ],
    )
}

/// Ends an execution that no agent has; `execution.conclude` conflicts when it is not queued any more.
#[must_use]
pub fn conclude(
    id: ExecutionId,
    status: CommandStatus,
    at: Timestamp,
    why: String,
    cause: EventId,
) -> Statement {
    one(
        "execution.conclude",
        "UPDATE executions SET status = ?2, ended_at = ?3, error_message = ?4, cause = ?5, due_at = NULL, held = 0
         WHERE id = ?1 AND status = 'queued'",
        vec![id.to_string().into(), stored(&status), at.into(), why.into(), cause.to_string().into()],
    )
}

/// Notes that somebody asked for an execution to be stopped; one that ended stays as it is.
#[must_use]
pub fn ask_to_stop(id: ExecutionId, at: Timestamp) -> Statement {
    any(
        "execution.ask_to_stop",
        "UPDATE executions SET cancelled_at = coalesce(cancelled_at, ?2)
         WHERE id = ?1 AND status IN ('queued', 'started')",
        vec![id.to_string().into(), at.into()],
    )
}

/// Forgets the sealed arguments of a command of which nothing is open any more.
#[must_use]
pub fn forget_secrets(command: CommandId) -> Statement {
    any(
        "command.forget_secrets",
        "UPDATE commands SET sealed_args = NULL WHERE id = ?1 AND sealed_args IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM executions WHERE command_id = ?1 AND status IN ('queued', 'started'))",
        vec![command.to_string().into()],
    )
}

/// Removes a command that has ended with all that belongs to it; the audit log keeps what was ordered.
#[must_use]
pub fn remove(id: CommandId) -> [Statement; 3] {
    let values = || vec![id.to_string().into()];
    [
        any("rollout.remove", "DELETE FROM rollouts WHERE command_id = ?1", values()),
        any("execution.remove", "DELETE FROM executions WHERE command_id = ?1", values()),
        any("command.remove", "DELETE FROM commands WHERE id = ?1", values()),
    ]
}
