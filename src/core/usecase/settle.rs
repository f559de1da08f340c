//! What an agent says of an execution.

use serde_json::json;

use super::{Origin, ingest::commit_once};
use crate::{
    core::{
        change::{Change, CommitError},
        command::has_ended,
        error::Error,
        node_time::believable,
        port::{
            records::{ExecutionRecord, Records},
            store::Store,
        },
        statement,
    },
    id::AgentId,
    proto::{command::CommandStatus, event::EventKind, link::CommandResult},
};

/// Takes a result: an execution began, or ended. One that is not this agent's, or whose end is known, is noted as
/// taken and changes nothing.
///
/// # Errors
/// The result names no execution, or the store cannot write.
pub async fn settle(
    store: &dyn Store,
    records: &dyn Records,
    agent: AgentId,
    sequence: Option<u64>,
    result: &CommandResult,
    origin: &Origin,
) -> Result<(), Error> {
    let id = result
        .execution_id
        .ok_or_else(|| Error::field("execution_id", "expected the execution that this is the result of"))?;
    let record = records.execution(id).await?.filter(|record| record.agent == agent);
    let change = record.map_or_else(Change::new, |record| outcome(&record, result, origin));
    match commit_once(store, agent, sequence, change).await {
        Err(CommitError::Conflict(conflict)) if conflict.statement.starts_with("execution.") => {
            Ok(commit_once(store, agent, sequence, Change::new()).await?)
        }
        other => Ok(other?),
    }
}

/// The change that a result makes to an execution.
pub(super) fn outcome(record: &ExecutionRecord, result: &CommandResult, origin: &Origin) -> Change {
    let kind = if has_ended(result.status) { EventKind::CommandEnded } else { EventKind::CommandStarted };
    let at = believable(result.time.unwrap_or(origin.now), origin.now);
    let mut event = origin
        .event(
            kind,
            json!({ "command_id": record.command, "execution_id": record.id, "verb": record.verb,
                "status": result.status, "result": result.result, "error_message": result.error_message }),
        )
        .about(record.node.clone())
        .correlated(record.command.to_string())
        .caused_by(Some(record.cause));
    event.time = at;
    let statement = match result.status {
        // No end of one execution: these are said of commands.
        CommandStatus::Queued | CommandStatus::Partial => return Change::new(),
        CommandStatus::Started => statement::command::start(record.id, at, event.id),
        _ => statement::command::end(record.id, result, at, event.id),
    };
    Change::new().write(statement).event(event)
}

/// Adds to a change that an execution is given up: nobody is left to say how it ended.
pub(super) fn abandon(change: Change, record: &ExecutionRecord, why: &str, origin: &Origin) -> Change {
    let result = CommandResult {
        command_id: record.command,
        execution_id: Some(record.id),
        status: CommandStatus::Unknown,
        result: None,
        error_message: Some(why.to_owned()),
        time: None,
    };
    let given_up = outcome(record, &result, origin);
    Change {
        statements: [change.statements, given_up.statements].concat(),
        events: [change.events, given_up.events].concat(),
        audit: change.audit,
    }
}
