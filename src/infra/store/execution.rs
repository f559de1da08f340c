//! Executions, read.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;

use super::row::{Columns, all, one, weighed};
use crate::{
    core::{
        access::Principal,
        port::{
            StoreError,
            records::{ExecutionRecord, OpenOf, RolloutRecord},
        },
    },
    id::{AgentId, CommandId, ExecutionId, KeyId, UserId},
    proto::command::{CommandStatus, Execution},
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT executions.id, command_id, agent, node, attempt, executions.status, batch, held, not_before,
                executions.expires_at, cancelled_at, due_at, started_at, cause,
                EXISTS (SELECT 1 FROM bearers WHERE bearers.agent = executions.agent),
                verb, args, sealed_args IS NOT NULL, actor, created_at, timeout_s, priority, max_retries, idempotent,
                precondition, output_bytes, rollout IS NOT NULL, by_user, by_key
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
            "SELECT id, agent, node, attempt, status, started_at, ended_at, result, error_message,
                batch, not_before, expires_at, cancelled_at, output
            FROM executions ",
            $rest
        )
    };
}

/// The executions of a command, by their ids, which rise with time, and the bytes that they weigh.
pub(super) fn of_command(
    connection: &Connection,
    id: CommandId,
) -> Result<(Vec<Execution>, usize), StoreError> {
    let sql = select_whole!("WHERE command_id = ?1 ORDER BY id");
    weighed(connection, "executions", sql, [id.to_string()], whole)
}

/// How the last attempts of each of some commands stand, each status once.
pub(super) fn statuses(
    connection: &Connection,
    ids: &[CommandId],
) -> Result<HashMap<CommandId, Vec<CommandStatus>>, StoreError> {
    let sql = "SELECT DISTINCT command_id, status FROM executions
        WHERE command_id IN (SELECT value FROM json_each(?1)) AND NOT EXISTS (
            SELECT 1 FROM executions AS later WHERE later.command_id = executions.command_id
                AND later.agent = executions.agent AND later.attempt > executions.attempt)";
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

fn whole(row: &mut Columns<'_>) -> Result<Execution, StoreError> {
    Ok(Execution {
        id: row.next()?,
        agent: row.next()?,
        node: row.next()?,
        attempt: row.next()?,
        status: row.word()?,
        started_at: row.next()?,
        ended_at: row.next()?,
        result: row.json_or_null()?,
        error_message: row.next()?,
        waits_for: None,
        batch: row.next()?,
        not_before: row.next()?,
        expires_at: row.next()?,
        cancelled_at: row.next()?,
        output: row.json_or_null()?,
    })
}

/// Executions that have not ended, by their ids, which rise with time.
pub(super) fn open(connection: &Connection, of: OpenOf) -> Result<Vec<ExecutionRecord>, StoreError> {
    match of {
        OpenOf::All => {
            let mut found =
                all(connection, "executions", select!("WHERE executions.status = 'queued'"), [], record)?;
            let started = select!("WHERE executions.status = 'started'");
            found.extend(all(connection, "executions", started, [], record)?);
            found.sort_by_key(|execution| execution.id);
            Ok(found)
        }
        OpenOf::Agent(agent) => {
            let sql = select!(
                "WHERE executions.status IN ('queued', 'started') AND agent = ?1 ORDER BY executions.id"
            );
            all(connection, "executions", sql, [agent.to_string()], record)
        }
        OpenOf::Command(command) => {
            let sql = select!(
                "WHERE executions.status IN ('queued', 'started') AND command_id = ?1 ORDER BY executions.id"
            );
            all(connection, "executions", sql, [command.to_string()], record)
        }
    }
}

/// How many commands have executions that are queued or started; read from the two indexes of such alone.
pub(super) fn open_commands(connection: &Connection) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) AS n FROM (SELECT command_id FROM executions WHERE status = 'queued'
        UNION SELECT command_id FROM executions WHERE status = 'started')";
    Ok(one(connection, "executions", sql, [], |row| row.next())?.unwrap_or_default())
}

/// The arguments of a command with their secrets, sealed.
pub(super) fn sealed_args(connection: &Connection, id: CommandId) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT sealed_args FROM commands WHERE id = ?1";
    one(connection, "commands", sql, [id.to_string()], |row| row.next::<Option<Vec<u8>>>())
        .map(Option::flatten)
}

/// Rollouts that are under way.
pub(super) fn rollouts(connection: &Connection) -> Result<Vec<RolloutRecord>, StoreError> {
    let sql = "SELECT command_id, batch, resume_at FROM rollouts ORDER BY command_id";
    all(connection, "rollouts", sql, [], |row| {
        Ok(RolloutRecord { command: row.next()?, batch: row.next()?, resume_at: row.next()? })
    })
}

/// On whose behalf a command or plan was made, from its last two columns.
pub(super) fn principal(row: &mut Columns<'_>) -> Result<Option<Principal>, StoreError> {
    let (user, key): (Option<UserId>, Option<KeyId>) = (row.next()?, row.next()?);
    Ok(user.map(|user| Principal { user, key }))
}

fn record(row: &mut Columns<'_>) -> Result<ExecutionRecord, StoreError> {
    Ok(ExecutionRecord {
        id: row.next()?,
        command: row.next()?,
        agent: row.next()?,
        node: row.next()?,
        attempt: row.next()?,
        status: row.word()?,
        batch: row.next()?,
        is_held: row.next()?,
        not_before: row.next()?,
        expires_at: row.next()?,
        cancelled_at: row.next()?,
        due_at: row.next()?,
        started_at: row.next()?,
        cause: row.next()?,
        is_plain: row.next()?,
        verb: row.next()?,
        args: row.json()?,
        is_sealed: row.next()?,
        actor: row.next()?,
        created_at: row.next()?,
        timeout_s: row.next()?,
        priority: row.next()?,
        max_retries: row.next()?,
        is_idempotent: row.next()?,
        precondition: row.next()?,
        output_bytes: row.next()?,
        has_rollout: row.next()?,
        by: principal(row)?,
    })
}
