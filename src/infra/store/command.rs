//! Commands, read.

use rusqlite::Connection;

use super::{
    execution,
    row::{Columns, all, failed, rows, weighed},
};
use crate::{
    core::{
        command::{aggregate, aggregate_of, has_ended},
        port::{
            StoreError,
            records::{CommandFilter, Commands, PAGE_BYTES},
        },
    },
    id::CommandId,
    proto::command::{Command, CommandStatus, Execution},
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, verb, args, actor, created_at, expires_at, timeout_s, correlation_id, priority, max_retries,
                scheduled_at, precondition, rollout, output_bytes, plan, schedule FROM commands ",
            $rest
        )
    };
}

/// How many commands are looked at together.
const BATCH: usize = 256;
/// How many commands one call looks at, when few of them are wanted.
const MOST: usize = 16 * BATCH;

pub(super) fn by_id(connection: &Connection, id: CommandId) -> Result<Option<Command>, StoreError> {
    // The command and its executions as they stood at one moment.
    let _moment = connection.unchecked_transaction().map_err(failed)?;
    Ok(whole(connection, id)?.map(|(command, _)| command))
}

/// Commands by their ids, which rise with time, from the newest: so many at most, and no more than weigh [`PAGE_BYTES`]. How a command stands is told by its executions alone, so
/// that what is wanted is looked for batch by batch.
pub(super) fn list(
    connection: &Connection,
    filter: &CommandFilter,
    before: Option<CommandId>,
    limit: usize,
) -> Result<Commands, StoreError> {
    let _moment = connection.unchecked_transaction().map_err(failed)?;
    let (mut wanted, mut next, mut looked_at) = (Vec::new(), before, 0);
    while wanted.len() <= limit && looked_at < MOST {
        let heads = heads_before(connection, next)?;
        let is_last = heads.len() < BATCH;
        looked_at += heads.len();
        next = heads.last().map(|(id, _)| *id).filter(|_| !is_last);
        wanted.extend(wanted_of(connection, filter, heads)?);
        if is_last {
            break;
        }
    }
    if wanted.len() > limit {
        wanted.truncate(limit);
        next = wanted.last().copied();
    }
    let commands = first_of(connection, &wanted)?;
    if commands.len() < wanted.len() {
        next = commands.last().map(|command| command.id);
    }
    Ok(Commands { commands, next })
}

/// The ids and verbs of the next commands.
fn heads_before(
    connection: &Connection,
    before: Option<CommandId>,
) -> Result<Vec<(CommandId, String)>, StoreError> {
    // No id is as large as 'g'.
    let sql = "SELECT id, verb FROM commands WHERE id < coalesce(?1, 'g') ORDER BY id DESC LIMIT ?2";
    let values = (before.map(|id| id.to_string()), rows(BATCH));
    all(connection, "commands", sql, values, |row| Ok((row.next()?, row.next()?)))
}

/// Those of a batch that are wanted.
fn wanted_of(
    connection: &Connection,
    filter: &CommandFilter,
    heads: Vec<(CommandId, String)>,
) -> Result<Vec<CommandId>, StoreError> {
    let of_verb = |verb: &String| filter.verb.as_ref().is_none_or(|wanted| verb == wanted);
    let mut ids: Vec<CommandId> =
        heads.into_iter().filter(|(_, verb)| of_verb(verb)).map(|(id, _)| id).collect();
    if let Some(agent) = filter.agent {
        let given = execution::commands_given(connection, agent, &ids)?;
        ids.retain(|id| given.contains(id));
    }
    if let Some(status) = filter.status {
        let stand = execution::statuses(connection, &ids)?;
        ids.retain(|id| aggregate(stand.get(id).map_or(&[], Vec::as_slice)) == status);
    }
    Ok(ids)
}

/// The first of some commands, as many as weigh little enough to be held together, but one at least. Each brings all of its
/// executions along, of which there may be as many as there are nodes.
fn first_of(connection: &Connection, ids: &[CommandId]) -> Result<Vec<Command>, StoreError> {
    let (mut commands, mut weight) = (Vec::new(), 0);
    for id in ids {
        if weight >= PAGE_BYTES {
            break;
        }
        if let Some((command, bytes)) = whole(connection, *id)? {
            commands.push(command);
            weight += bytes;
        }
    }
    Ok(commands)
}

/// A command with its executions, and the bytes that they weigh.
fn whole(connection: &Connection, id: CommandId) -> Result<Option<(Command, usize)>, StoreError> {
    let sql = select!("WHERE id = ?1");
    let (mut found, bytes) = weighed(connection, "commands", sql, [id.to_string()], command)?;
    let Some(found) = found.pop() else { return Ok(None) };
    let (executions, more) = execution::of_command(connection, id)?;
    Ok(Some((with_executions(found, executions), bytes + more)))
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
        priority: row.next()?,
        max_retries: row.next()?,
        scheduled_at: row.next()?,
        precondition: row.next()?,
        rollout: row.json_or_null()?,
        output_bytes: row.next()?,
        plan: row.next()?,
        schedule: row.next()?,
        executions: Vec::new(),
    })
}

/// The command with its executions, and how it stands by them.
fn with_executions(command: Command, executions: Vec<Execution>) -> Command {
    let status = aggregate_of(&executions);
    let ended_at =
        if has_ended(status) { executions.iter().filter_map(|one| one.ended_at).max() } else { None };
    Command { status, ended_at, executions, ..command }
}
