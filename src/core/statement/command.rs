//! Writes of commands and their executions.

use jiff::Timestamp;

use super::{Statement, Value, one, stored};
use crate::{
    id::{CommandId, EventId, ExecutionId},
    proto::{
        command::{Command, Execution},
        link::CommandResult,
    },
};

/// Creates a command. How it stands is not kept: it follows from its executions.
#[must_use]
pub fn create(command: &Command) -> Statement {
    one(
        "command.create",
        "INSERT INTO commands (id, verb, args, actor, created_at, expires_at, timeout_s, correlation_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        vec![
            command.id.to_string().into(),
            command.verb.clone().into(),
            (&command.args).into(),
            command.actor.clone().into(),
            command.created_at.into(),
            command.expires_at.into(),
            command.timeout_s.into(),
            command.correlation_id.clone().into(),
        ],
    )
}

/// Creates an execution, caused by the event that queued it.
#[must_use]
pub fn create_execution(command: CommandId, execution: &Execution, cause: EventId) -> Statement {
    one(
        "execution.create",
        "INSERT INTO executions (id, command_id, agent, node, attempt, status, cause)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        vec![
            execution.id.to_string().into(),
            command.to_string().into(),
            execution.agent.to_string().into(),
            execution.node.clone().into(),
            execution.attempt.into(),
            stored(&execution.status),
            cause.to_string().into(),
        ],
    )
}

/// Notes that the agent began; `execution.start` conflicts when the execution is not queued.
#[must_use]
pub fn start(id: ExecutionId, at: Timestamp, cause: EventId) -> Statement {
    one(
        "execution.start",
        "UPDATE executions SET status = 'started', started_at = ?2, cause = ?3 WHERE id = ?1 AND status = 'queued'",
        vec![id.to_string().into(), at.into(), cause.to_string().into()],
    )
}

/// Notes how an execution ended; `execution.end` conflicts when that is already known. What a node reports stands
/// over what the server concluded from its silence.
#[must_use]
pub fn end(id: ExecutionId, result: &CommandResult, at: Timestamp, cause: EventId) -> Statement {
    one(
        "execution.end",
        "UPDATE executions SET status = ?2, ended_at = ?3, result = ?4, error_message = ?5, cause = ?6
         WHERE id = ?1 AND status IN ('queued', 'started', 'expired', 'unknown') AND status <> ?2",
        vec![
            id.to_string().into(),
            stored(&result.status),
            at.into(),
            result.result.as_ref().map_or(Value::Null, Value::from),
            result.error_message.clone().into(),
            cause.to_string().into(),
        ],
    )
}

/// Lets an execution expire; `execution.expire` conflicts when its agent took it meanwhile.
#[must_use]
pub fn expire(id: ExecutionId, at: Timestamp, why: String, cause: EventId) -> Statement {
    one(
        "execution.expire",
        "UPDATE executions SET status = 'expired', ended_at = ?2, error_message = ?3, cause = ?4
         WHERE id = ?1 AND status = 'queued'",
        vec![id.to_string().into(), at.into(), why.into(), cause.to_string().into()],
    )
}
