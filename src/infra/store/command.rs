//! Commands, read.

use rusqlite::{Connection, named_params};

use super::{
    execution,
    row::{Columns, all, failed, one, rows},
};
use crate::{
    core::{
        command::{aggregate, has_ended},
        port::{StoreError, records::CommandFilter},
    },
    id::CommandId,
    proto::command::{Command, CommandStatus},
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, verb, args, actor, created_at, expires_at, timeout_s, correlation_id FROM commands ",
            $rest
        )
    };
}

/// How many commands are looked at together when only some of them are wanted.
const BATCH: usize = 256;

pub(super) fn by_id(connection: &Connection, id: CommandId) -> Result<Option<Command>, StoreError> {
    // The command and its executions as they stood at one moment.
    let _moment = connection.unchecked_transaction().map_err(failed)?;
    let found = one(connection, "commands", select!("WHERE id = ?1"), [id.to_string()], command)?;
    found.map(|command| with_executions(connection, command)).transpose()
}

/// Commands by their ids, which rise with time, from the newest. How a command stands is told by its executions alone, so
/// that a status is looked for batch by batch.
pub(super) fn list(
    connection: &Connection,
    filter: &CommandFilter,
    before: Option<CommandId>,
    limit: usize,
) -> Result<Vec<Command>, StoreError> {
    let _moment = connection.unchecked_transaction().map_err(failed)?;
    let batch = if filter.status.is_some() { BATCH } else { limit };
    let (mut found, mut before) = (Vec::new(), before);
    while found.len() < limit {
        let next = batch_before(connection, filter, before, batch)?;
        let Some(last) = next.last() else { break };
        before = Some(last.id);
        let is_last = next.len() < batch;
        for command in next {
            let command = with_executions(connection, command)?;
            if filter.status.is_none_or(|status| command.status == status) {
                found.push(command);
            }
        }
        if is_last {
            break;
        }
    }
    found.truncate(limit);
    Ok(found)
}

fn batch_before(
    connection: &Connection,
    filter: &CommandFilter,
    before: Option<CommandId>,
    limit: usize,
) -> Result<Vec<Command>, StoreError> {
    let sql = select!(
        "WHERE id < coalesce(:before, 'g') AND (:verb IS NULL OR verb = :verb)
            AND (:agent IS NULL OR EXISTS
                (SELECT 1 FROM executions WHERE command_id = commands.id AND executions.agent = :agent))
        ORDER BY id DESC LIMIT :limit"
    );
    let values = named_params! {
        ":before": before.map(|id| id.to_string()),
        ":verb": filter.verb,
        ":agent": filter.agent.map(|id| id.to_string()),
        ":limit": rows(limit),
    };
    all(connection, "commands", sql, values, command)
}

/// A command before its executions are read.
fn command(row: &mut Columns<'_>) -> Result<Command, StoreError> {
    Ok(Command {
        id: row.next()?,
        verb: row.next()?,
        args: row.json()?,
        status: CommandStatus::Queued,
        actor: row.next()?,
        created_at: row.next()?,
        expires_at: row.next()?,
        ended_at: None,
        timeout_s: row.next()?,
        correlation_id: row.next()?,
        executions: Vec::new(),
    })
}

/// The command with its executions, and how it stands by them.
fn with_executions(connection: &Connection, command: Command) -> Result<Command, StoreError> {
    let executions = execution::of_command(connection, command.id)?;
    let statuses: Vec<CommandStatus> = executions.iter().map(|execution| execution.status).collect();
    let status = aggregate(&statuses);
    let ended_at =
        if has_ended(status) { executions.iter().filter_map(|one| one.ended_at).max() } else { None };
    Ok(Command { status, ended_at, executions, ..command })
}
