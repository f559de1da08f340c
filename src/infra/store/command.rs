//! Commands, read.

use rusqlite::Connection;

use super::{
    execution,
    row::{failed, one},
};
use crate::{
    core::{
        command::{aggregate, has_ended},
        port::StoreError,
    },
    id::CommandId,
    proto::command::{Command, CommandStatus},
};

pub(super) fn by_id(connection: &Connection, id: CommandId) -> Result<Option<Command>, StoreError> {
    let sql = "SELECT id, verb, args, actor, created_at, expires_at, timeout_s, correlation_id
        FROM commands WHERE id = ?1";
    // The command and its executions as they stood at one moment.
    let _moment = connection.unchecked_transaction().map_err(failed)?;
    let executions = execution::of_command(connection, id)?;
    let statuses: Vec<CommandStatus> = executions.iter().map(|execution| execution.status).collect();
    let status = aggregate(&statuses);
    let ended_at =
        if has_ended(status) { executions.iter().filter_map(|one| one.ended_at).max() } else { None };
    let found = one(connection, "commands", sql, [id.to_string()], |row| {
        Ok(Command {
            id: row.next()?,
            verb: row.next()?,
            args: row.json()?,
            status,
            actor: row.next()?,
            created_at: row.next()?,
            expires_at: row.next()?,
            ended_at,
            timeout_s: row.next()?,
            correlation_id: row.next()?,
            executions: Vec::new(),
        })
    })?;
    Ok(found.map(|command| Command { executions, ..command }))
}
