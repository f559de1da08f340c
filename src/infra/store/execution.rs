//! Executions, read.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use rusqlite::Connection;

use super::row::{Columns, all, one};
use crate::{
    core::port::{StoreError, records::ExecutionRecord},
    id::{AgentId, CommandId, ExecutionId},
    proto::command::{CommandStatus, Execution},
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT executions.id, command_id, agent, node, executions.status, verb, args, created_at, expires_at,
                timeout_s, cause, started_at
            FROM executions JOIN commands ON commands.id = executions.command_id ",
            $rest
        )
    };
}

pub(super) fn by_id(connection: &Connection, id: ExecutionId) -> Result<Option<ExecutionRecord>, StoreError> {
    one(connection, "executions", select!("WHERE executions.id = ?1"), [id.to_string()], record)
}

macro_rules! select_whole {
    ($rest:literal) => {
        concat!(
            "SELECT command_id, id, agent, node, attempt, status, started_at, ended_at, result, error_message
            FROM executions ",
            $rest
        )
    };
}

/// The executions of a command, by their ids, which rise with time.
pub(super) fn of_command(connection: &Connection, id: CommandId) -> Result<Vec<Execution>, StoreError> {
    let sql = select_whole!("WHERE command_id = ?1 ORDER BY id");
    let found = all(connection, "executions", sql, [id.to_string()], whole)?;
    Ok(found.into_iter().map(|(_, execution)| execution).collect())
}

/// The executions of each of some commands, by their ids.
pub(super) fn of_commands(
    connection: &Connection,
    ids: &[CommandId],
) -> Result<HashMap<CommandId, Vec<Execution>>, StoreError> {
    let sql = select_whole!("WHERE command_id IN (SELECT value FROM json_each(?1)) ORDER BY command_id, id");
    all(connection, "executions", sql, [list_of(ids)], whole).map(by_command)
}

/// How the executions of each of some commands stand, each status once.
pub(super) fn statuses(
    connection: &Connection,
    ids: &[CommandId],
) -> Result<HashMap<CommandId, Vec<CommandStatus>>, StoreError> {
    let sql = "SELECT DISTINCT command_id, status FROM executions
        WHERE command_id IN (SELECT value FROM json_each(?1))";
    all(connection, "executions", sql, [list_of(ids)], |row| Ok((row.next()?, row.word()?))).map(by_command)
}

/// Those of some commands that have this target.
pub(super) fn commands_given(
    connection: &Connection,
    agent: AgentId,
    ids: &[CommandId],
) -> Result<HashSet<CommandId>, StoreError> {
    let sql = "SELECT DISTINCT command_id FROM executions
        WHERE command_id IN (SELECT value FROM json_each(?1)) AND agent = ?2";
    let found = all(connection, "executions", sql, [list_of(ids), agent.to_string()], |row| row.next())?;
    Ok(found.into_iter().collect())
}

/// Ids as one value of a statement.
pub(super) fn list_of(ids: &[CommandId]) -> String {
    serde_json::to_string(ids).expect("ids are texts and always serialize")
}

fn by_command<T>(found: Vec<(CommandId, T)>) -> HashMap<CommandId, Vec<T>> {
    let mut by_command: HashMap<CommandId, Vec<T>> = HashMap::new();
    for (command, one) in found {
        by_command.entry(command).or_default().push(one);
    }
    by_command
}

fn whole(row: &mut Columns<'_>) -> Result<(CommandId, Execution), StoreError> {
    let command = row.next()?;
    let execution = Execution {
        id: row.next()?,
        agent: row.next()?,
        node: row.next()?,
        attempt: row.next()?,
        status: row.word()?,
        started_at: row.next()?,
        ended_at: row.next()?,
        result: row.json_or_null()?,
        error_message: row.next()?,
    };
    Ok((command, execution))
}

pub(super) fn queued(connection: &Connection, agent: AgentId) -> Result<Vec<ExecutionRecord>, StoreError> {
    let sql = select!("WHERE executions.status = 'queued' AND agent = ?1 ORDER BY executions.id");
    all(connection, "executions", sql, [agent.to_string()], record)
}

pub(super) fn open(connection: &Connection, agent: AgentId) -> Result<Vec<ExecutionRecord>, StoreError> {
    let sql =
        select!("WHERE executions.status IN ('queued', 'started') AND agent = ?1 ORDER BY executions.id");
    all(connection, "executions", sql, [agent.to_string()], record)
}

pub(super) fn expired(connection: &Connection, now: Timestamp) -> Result<Vec<ExecutionRecord>, StoreError> {
    let sql = select!("WHERE executions.status = 'queued' AND expires_at <= ?1 ORDER BY executions.id");
    all(connection, "executions", sql, [now.as_microsecond()], record)
}

pub(super) fn next_expiry(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT min(expires_at) AS expires_at
        FROM executions JOIN commands ON commands.id = executions.command_id
        WHERE executions.status = 'queued'";
    one(connection, "commands", sql, [], |row| row.next::<Option<Timestamp>>()).map(Option::flatten)
}

/// Executions of plain agents whose time is over. Our own agents keep time themselves, and tell.
pub(super) fn overdue(
    connection: &Connection,
    now: Timestamp,
) -> Result<Vec<(ExecutionRecord, Timestamp)>, StoreError> {
    let sql = select!(
        "WHERE executions.status = 'started' AND agent IN (SELECT bearers.agent FROM bearers)
            AND started_at + timeout_s * 1000000 <= ?1 ORDER BY executions.id"
    );
    all(connection, "executions", sql, [now.as_microsecond()], |row| Ok((record(row)?, row.next()?)))
}

pub(super) fn next_overdue(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT min(started_at + timeout_s * 1000000) AS due
        FROM executions JOIN commands ON commands.id = executions.command_id
        WHERE executions.status = 'started' AND agent IN (SELECT bearers.agent FROM bearers)";
    one(connection, "executions", sql, [], |row| row.next::<Option<Timestamp>>()).map(Option::flatten)
}

fn record(row: &mut Columns<'_>) -> Result<ExecutionRecord, StoreError> {
    Ok(ExecutionRecord {
        id: row.next()?,
        command: row.next()?,
        agent: row.next()?,
        node: row.next()?,
        status: row.word()?,
        verb: row.next()?,
        args: row.json()?,
        created_at: row.next()?,
        expires_at: row.next()?,
        timeout_s: row.next()?,
        cause: row.next()?,
    })
}
