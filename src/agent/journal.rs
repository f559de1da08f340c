//! [`Journal`]: which executions this node has begun, and how they ended. One that is in it never runs again.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, params};

use super::{
    spool::{Report, Spool},
    state::{Durability, State, StateError},
};
use crate::{
    id::ExecutionId,
    proto::{command::CommandStatus, envelope::CommandOrder, link::CommandResult},
};

/// How many ended executions are remembered; far more than a server may still have in flight.
const REMEMBERED: i64 = 10_000;

/// What the journal knows of an execution.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    /// It began and did not end.
    Began,
    /// It ended like this.
    Ended(Box<CommandResult>),
}

/// The executions of this node.
pub(super) struct Journal {
    state: Arc<State>,
    spool: Arc<Spool>,
}

impl Journal {
    /// The journal in the state file; results leave through the spool.
    pub(super) const fn new(state: Arc<State>, spool: Arc<Spool>) -> Self {
        Self { state, spool }
    }

    /// Ends what a process before this one began: whether it took effect cannot be told.
    pub(super) fn recover(&self) -> Result<(), StateError> {
        let begun: Vec<(String, String)> = self.state.write(Durability::Written, |transaction| {
            let mut statement =
                transaction.prepare("SELECT id, command FROM execution WHERE result IS NULL")?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })?;
        for (execution, command) in begun {
            let (Ok(execution), Ok(command)) = (execution.parse(), command.parse()) else { continue };
            let result = CommandResult {
                command_id: command,
                execution_id: Some(execution),
                status: CommandStatus::Unknown,
                result: None,
                error_message: Some("the agent ended while it ran; it may have taken effect".into()),
                time: Some(Timestamp::now()),
            };
            self.end(&result)?;
        }
        Ok(())
    }

    /// What is known of an execution; `None` when it never came here.
    pub(super) fn find(&self, execution: ExecutionId) -> Result<Option<Entry>, StateError> {
        self.state.write(Durability::Written, |transaction| {
            let row: Option<Option<String>> = transaction
                .query_row("SELECT result FROM execution WHERE id = ?1", [execution.to_string()], |row| {
                    row.get(0)
                })
                .optional()?;
            Ok(row.map(|result| {
                result.and_then(|text| serde_json::from_str(&text).ok()).map_or(Entry::Began, Entry::Ended)
            }))
        })
    }

    /// Notes that an execution begins, and tells the server; once this returns the act may begin.
    pub(super) fn begin(&self, order: &CommandOrder, durability: Durability) -> Result<(), StateError> {
        let started = outcome(order, CommandStatus::Started, None, None);
        self.spool.push_with(&Report::Result(Box::new(started)), durability, |transaction| {
            enter(transaction, order)
        })
    }

    /// Notes how an execution ended, and tells the server.
    pub(super) fn end(&self, result: &CommandResult) -> Result<(), StateError> {
        let text = serde_json::to_string(result).expect("results are plain data and always serialize");
        let execution = result.execution_id.map(|id| id.to_string());
        self.spool.push_with(&Report::Result(Box::new(result.clone())), Durability::Written, |transaction| {
            transaction
                .execute("UPDATE execution SET result = ?2 WHERE id = ?1", params![execution, text])
                .map(|_| ())
        })
    }

    /// Notes that an execution never begins, and tells the server.
    pub(super) fn refuse(&self, order: &CommandOrder, result: &CommandResult) -> Result<(), StateError> {
        let text = serde_json::to_string(result).expect("results are plain data and always serialize");
        self.spool.push_with(&Report::Result(Box::new(result.clone())), Durability::Written, |transaction| {
            enter(transaction, order)?;
            transaction
                .execute(
                    "UPDATE execution SET result = ?2 WHERE id = ?1",
                    params![order.execution.to_string(), text],
                )
                .map(|_| ())
        })
    }

    /// Tells the server again how an execution ended.
    pub(super) fn repeat(&self, result: CommandResult) -> Result<(), StateError> {
        self.spool.push(&Report::Result(Box::new(result)))
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
    }
}

/// Enters an execution; the oldest that ended makes room.
fn enter(transaction: &Transaction<'_>, order: &CommandOrder) -> rusqlite::Result<()> {
    let began = Timestamp::now().as_microsecond();
    transaction.execute(
        "INSERT INTO execution (id, command, verb, began) VALUES (?1, ?2, ?3, ?4)",
        params![order.execution.to_string(), order.command.to_string(), order.verb, began],
    )?;
    transaction
        .execute(
            "DELETE FROM execution WHERE result IS NOT NULL
             AND began < (SELECT began FROM execution ORDER BY began DESC LIMIT 1 OFFSET ?1)",
            [REMEMBERED],
        )
        .map(|_| ())
}
