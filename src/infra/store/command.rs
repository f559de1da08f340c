//! Commands, read.

use rusqlite::Connection;

use super::{
    execution,
    row::{failed, one},
};
use crate::{core::port::StoreError, id::CommandId, proto::command::Command};

pub(super) fn by_id(connection: &Connection, id: CommandId) -> Result<Option<Command>, StoreError> {
    let sql =
        "SELECT id, verb, args, status, actor, created_at, expires_at, ended_at, timeout_s, correlation_id
        FROM commands WHERE id = ?1";
    // The command and its executions as they stood at one moment.
    let _moment = connection.unchecked_transaction().map_err(failed)?;
    let executions = execution::of_command(connection, id)?;
    let found = one(connection, "commands", sql, [id.to_string()], |row| {
        Ok(Command {
            id: row.next()?,
            verb: row.next()?,
            args: row.json()?,
            status: row.word()?,
            actor: row.next()?,
            created_at: row.next()?,
            expires_at: row.next()?,
            ended_at: row.next()?,
            timeout_s: row.next()?,
            correlation_id: row.next()?,
            executions: Vec::new(),
        })
    })?;
    Ok(found.map(|command| Command { executions, ..command }))
}
