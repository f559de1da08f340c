//! [`Journal`]: which executions this node has begun, and how they ended. One that is in it never runs again.
//!
//! What is told of an end waits until the server has what was printed before it, while there is a link: then whoever
//! sees that an execution ended has its whole output.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, params};

use self::begin::Queue;
use super::{
    cause::chain,
    output::{Lane, insert},
    spool::{Report, Spool},
    state::{Durability, State, StateError},
};
use crate::{
    id::{CommandId, ExecutionId},
    proto::{
        command::CommandStatus,
        envelope::CommandOrder,
        link::{Cancel, CommandResult},
        output::Piece,
    },
};

mod begin;

pub(super) use self::begin::Begin;

/// The executions of this node.
pub(super) struct Journal {
    state: Arc<State>,
    spool: Arc<Spool>,
    lane: Arc<Lane>,
    queue: Mutex<Queue>,
    /// The ends that wait for their output to be kept.
    untold: Mutex<HashSet<ExecutionId>>,
    linked: AtomicBool,
}

impl Journal {
    /// The journal in the state file; results leave through the spool, what was printed through the lane.
    pub(super) fn new(state: Arc<State>, spool: Arc<Spool>, lane: Arc<Lane>) -> Arc<Self> {
        Arc::new(Self {
            state,
            spool,
            lane,
            queue: Mutex::default(),
            untold: Mutex::default(),
            linked: AtomicBool::new(false),
        })
    }

    /// Ends what a process before this one began, whether it took effect cannot be told, and tells what that one did not.
    pub(super) fn recover(&self) -> Result<(), StateError> {
        let begun: Vec<(String, String, i64)> = self.state.write(Durability::Written, |transaction| {
            let mut statement =
                transaction.prepare("SELECT id, command, began FROM execution WHERE result IS NULL")?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
        })?;
        for (execution, command, began) in begun {
            let (Ok(execution), Ok(command)) = (execution.parse(), command.parse()) else { continue };
            let why = "the agent ended while it ran; it may have taken effect";
            let mut result = unknown(execution, command, why);
            result.started_at = Timestamp::from_microsecond(began).ok();
            self.enter_end(&result, "")?;
        }
        self.tell_all()
    }

    /// Tells that an execution runs.
    pub(super) fn tell_begun(&self, order: &CommandOrder, began: Timestamp) -> Result<(), StateError> {
        let mut started = outcome(order, CommandStatus::Started, None, None);
        started.time = Some(began);
        self.spool.push(&Report::Result(Box::new(started)))
    }

    /// Notes how an execution ended together with the last that it printed, for which there must be room in the lane. Says
    /// whether the server is told already; if not, it will be once it has what was printed.
    pub(super) fn end(
        &self,
        order: &CommandOrder,
        result: &CommandResult,
        last: &[Piece],
    ) -> Result<bool, StateError> {
        let id = order.execution.to_string();
        let text = text(result);
        let linked = self.linked.load(Ordering::Acquire);
        let report = Report::Result(Box::new(result.clone()));
        // Before the write: what is kept may be acknowledged right after it.
        self.untold().insert(order.execution);
        let told = self.spool.push_when(&report, Durability::Written, |transaction| {
            insert(transaction, &id, last)?;
            let waits = linked && has_pieces(transaction, &id)?;
            let known = transaction
                .prepare_cached("UPDATE execution SET result = ?2, told = ?3 WHERE id = ?1")?
                .execute(params![id, text, !waits])?;
            // A look has no row before its end, and needs one only to be told later.
            if known == 0 && waits {
                enter(transaction, result, &order.verb, Some(&text), false)?;
            }
            Ok(!waits)
        });
        if !matches!(told, Ok(false)) {
            self.untold().remove(&order.execution);
        }
        if !last.is_empty() {
            self.lane.announce();
        }
        told
    }

    /// Notes that an execution ended without having begun here, or that it was lost, and tells the server.
    pub(super) fn enter_end(&self, result: &CommandResult, verb: &str) -> Result<(), StateError> {
        let text = text(result);
        let id = id_of(result);
        let report = Report::Result(Box::new(result.clone()));
        self.spool
            .push_when(&report, Durability::Written, |transaction| {
                let known = transaction
                    .execute("UPDATE execution SET result = ?2, told = 1 WHERE id = ?1", params![id, text])?;
                if known == 0 {
                    enter(transaction, result, verb, Some(&text), true)?;
                }
                Ok(true)
            })
            .map(drop)
    }

    /// Notes that an execution that was stopped before it came shall never begin, and tells the server; of one that ended,
    /// how it did.
    pub(super) fn forestall(&self, cancel: Cancel, execution: ExecutionId) -> Result<(), StateError> {
        match self.find(execution)? {
            Some(Entry::Ended(result)) => self.repeat(&result),
            Some(Entry::Began) => {
                let why = "it began before and its outcome was lost";
                self.enter_end(&unknown(execution, cancel.command_id, why), "")
            }
            None => {
                let mut result = unknown(execution, cancel.command_id, "somebody stopped it before it began");
                (result.status, result.not_begun) = (CommandStatus::Cancelled, true);
                self.enter_end(&result, "")
            }
        }
    }

    /// Tells the server again how an execution ended.
    pub(super) fn repeat(&self, result: &CommandResult) -> Result<(), StateError> {
        let (id, report) = (id_of(result), Report::Result(Box::new(result.clone())));
        self.spool
            .push_when(&report, Durability::Written, |transaction| {
                transaction.execute("UPDATE execution SET told = 1 WHERE id = ?1", [&id])?;
                Ok(true)
            })
            .map(drop)
    }

    /// Forgets what the server has of an execution's output; tells its end once it has everything.
    pub(super) fn kept(&self, execution: ExecutionId, offset: u64) -> Result<(), StateError> {
        self.lane.forget(execution, offset)?;
        if self.untold().contains(&execution) && !self.lane.holds(execution)? {
            self.tell(execution)?;
        }
        Ok(())
    }

    /// Tells an end that was not told yet.
    pub(super) fn tell(&self, execution: ExecutionId) -> Result<(), StateError> {
        if !self.untold().contains(&execution) {
            return Ok(());
        }
        let Some(Entry::Ended(result)) = self.find(execution)? else { return Ok(()) };
        let id = execution.to_string();
        let report = Report::Result(result);
        self.spool.push_when(&report, Durability::Written, |transaction| {
            let untold = "UPDATE execution SET told = 1 WHERE id = ?1 AND told = 0";
            Ok(transaction.prepare_cached(untold)?.execute([&id])? > 0)
        })?;
        self.untold().remove(&execution);
        crash_point!("agent.told");
        Ok(())
    }

    /// Notes whether there is a link. Without one nobody waits for what was printed, and every end is told.
    pub(super) fn link(&self, linked: bool) {
        self.linked.store(linked, Ordering::Release);
        if !linked && let Err(error) = self.tell_all() {
            tracing::error!(error = %chain(&error), "ends of executions cannot be told yet");
        }
    }

    fn tell_all(&self) -> Result<(), StateError> {
        let untold: Vec<String> = self.state.write(Durability::Written, |transaction| {
            let mut statement =
                transaction.prepare("SELECT id FROM execution WHERE told = 0 AND result IS NOT NULL")?;
            statement.query_map([], |row| row.get(0))?.collect()
        })?;
        for execution in untold.iter().filter_map(|id| id.parse().ok()) {
            self.untold().insert(execution);
            self.tell(execution)?;
        }
        Ok(())
    }

    fn find(&self, execution: ExecutionId) -> Result<Option<Entry>, StateError> {
        let id = execution.to_string();
        self.state.write(Durability::Written, |transaction| find(transaction, &id))
    }

    fn untold(&self) -> MutexGuard<'_, HashSet<ExecutionId>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the journal knows of an execution.
#[derive(Clone, Debug, PartialEq)]
enum Entry {
    /// It began and did not end.
    Began,
    /// It ended like this.
    Ended(Box<CommandResult>),
}

fn find(transaction: &Transaction<'_>, id: &str) -> rusqlite::Result<Option<Entry>> {
    let row: Option<Option<String>> = transaction
        .prepare_cached("SELECT result FROM execution WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(row.map(|result| {
        result.and_then(|text| serde_json::from_str(&text).ok()).map_or(Entry::Began, Entry::Ended)
    }))
}

fn has_pieces(transaction: &Transaction<'_>, id: &str) -> rusqlite::Result<bool> {
    transaction
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM piece WHERE execution = ?1)")?
        .query_row([id], |row| row.get(0))
}

/// Enters an execution that ended.
fn enter(
    transaction: &Transaction<'_>,
    result: &CommandResult,
    verb: &str,
    text: Option<&str>,
    told: bool,
) -> rusqlite::Result<()> {
    let began = result.started_at.unwrap_or_else(Timestamp::now).as_microsecond();
    transaction
        .prepare_cached(
            "INSERT INTO execution (id, command, verb, began, result, told) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![id_of(result), result.command_id.to_string(), verb, began, text, told])
        .map(drop)
}

fn id_of(result: &CommandResult) -> String {
    result.execution_id.map(|id| id.to_string()).unwrap_or_default()
}

fn text(result: &CommandResult) -> String {
    serde_json::to_string(result).expect("results are plain data and always serialize")
}

/// An execution of which the end cannot be told.
fn unknown(execution: ExecutionId, command: CommandId, why: &str) -> CommandResult {
    CommandResult {
        command_id: command,
        execution_id: Some(execution),
        status: CommandStatus::Unknown,
        result: None,
        error_message: Some(why.to_owned()),
        time: Some(Timestamp::now()),
        started_at: None,
        not_begun: false,
        output: None,
    }
}

/// The state of an execution now.
pub(super) fn outcome(
    order: &CommandOrder,
    status: CommandStatus,
    result: Option<serde_json::Value>,
    error_message: Option<String>,
) -> CommandResult {
    CommandResult {
        command_id: order.command,
        execution_id: Some(order.execution),
        status,
        result,
        error_message,
        time: Some(Timestamp::now()),
        started_at: None,
        not_begun: false,
        output: None,
    }
}

#[cfg(test)]
mod tests;
