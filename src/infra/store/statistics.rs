//! Commands and executions as statistics and retention see them.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    count::first_id,
    execution::list_of,
    row::{all, failed, one, rows},
};
use crate::{
    core::port::{
        StoreError,
        records::{EndedCommand, RecentExecution},
    },
    id::{CommandId, ExecutionId},
};

/// Executions that are removed together, unless one command has more.
const MOST_EXECUTIONS: usize = 1000;

/// The latest executions since a moment. Their ids rise with time.
pub(super) fn recent(
    connection: &Connection,
    since: Timestamp,
    most: usize,
) -> Result<Vec<RecentExecution>, StoreError> {
    let sql = "SELECT command_id, agent, node, attempt, verb, executions.status,
            max(created_at, coalesce(not_before, created_at)) AS ready_at, started_at, ended_at, error_message
        FROM executions JOIN commands ON commands.id = executions.command_id
        WHERE executions.id >= ?1 ORDER BY executions.id DESC LIMIT ?2";
    all(connection, "executions", sql, params![first_id(since), rows(most)], |row| {
        Ok(RecentExecution {
            command: row.next()?,
            agent: row.next()?,
            node: row.next()?,
            attempt: row.next()?,
            verb: row.next()?,
            status: row.word()?,
            ready_at: row.next()?,
            started_at: row.next()?,
            ended_at: row.next()?,
            error_message: row.next()?,
        })
    })
}

pub(super) fn command_count(connection: &Connection) -> Result<u64, StoreError> {
    let count = one(connection, "commands", "SELECT count(*) AS n FROM commands", [], |row| row.next())?;
    Ok(count.unwrap_or_default())
}

/// The oldest commands of which nothing is open, from the oldest. One that ended lately holds back none that ended before.
pub(super) fn oldest_ended(
    connection: &Connection,
    before: Option<Timestamp>,
    most: usize,
) -> Result<Vec<EndedCommand>, StoreError> {
    let _moment = connection.unchecked_transaction().map_err(failed)?;
    // A command that ended before a moment was given before it: what is younger is not looked at.
    let sql = "SELECT id FROM commands
        WHERE id < coalesce(?1, 'g')
            AND NOT EXISTS (SELECT 1 FROM executions WHERE command_id = commands.id
                AND (status IN ('queued', 'started') OR ended_at >= ?2))
        ORDER BY id LIMIT ?3";
    let ended_before = before.map_or(i64::MAX, Timestamp::as_microsecond);
    let values = params![before.map(first_id), ended_before, rows(most)];
    let ids: Vec<CommandId> = all(connection, "commands", sql, values, |row| row.next())?;
    let sql = "SELECT command_id, id FROM executions WHERE command_id IN (SELECT value FROM json_each(?1))";
    let found: Vec<(CommandId, ExecutionId)> =
        all(connection, "executions", sql, [list_of(&ids)], |row| Ok((row.next()?, row.next()?)))?;
    let mut executions: HashMap<CommandId, Vec<ExecutionId>> = HashMap::new();
    for (command, execution) in found {
        executions.entry(command).or_default().push(execution);
    }
    let (mut ended, mut many) = (Vec::with_capacity(ids.len()), 0);
    for id in ids {
        let executions = executions.remove(&id).unwrap_or_default();
        many += executions.len();
        if many > MOST_EXECUTIONS && !ended.is_empty() {
            break;
        }
        ended.push(EndedCommand { id, executions });
    }
    Ok(ended)
}

/// When the oldest command ended of which nothing is open.
pub(super) fn first_ended(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT coalesce((SELECT max(ended_at) FROM executions WHERE command_id = commands.id), created_at) AS ended_at
        FROM commands WHERE NOT EXISTS (SELECT 1 FROM executions WHERE command_id = commands.id AND status IN ('queued', 'started'))
        ORDER BY id LIMIT 1";
    one(connection, "commands", sql, [], |row| row.next())
}
