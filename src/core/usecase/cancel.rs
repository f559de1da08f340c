//! Stopping commands: what no node has ends at once; what a node may have is stopped by it.

use serde_json::json;

use super::{Origin, settle::conclusion};
use crate::{
    core::{
        change::Change,
        error::Error,
        port::{
            records::{ExecutionRecord, OpenOf, Records},
            store::Store,
        },
        queue::SharedQueue,
        statement,
    },
    id::{AgentId, CommandId},
    proto::{command::CommandStatus, event::EventKind},
};

/// Stops a command, on some of its targets or on all. One that ended stays as it is. While an execution waits for the node
/// that may have it, it is still queued; the node is told as soon as it is linked.
///
/// # Errors
/// The store cannot serve.
pub async fn cancel(
    store: &dyn Store,
    records: &dyn Records,
    queue: &SharedQueue,
    command: CommandId,
    only: Option<&[AgentId]>,
    origin: &Origin,
) -> Result<(), Error> {
    let open = records.open_executions(OpenOf::Command(command)).await?;
    let meant = open.into_iter().filter(|execution| only.is_none_or(|only| only.contains(&execution.agent)));
    let (free, held): (Vec<_>, Vec<_>) = meant.partition(|execution| queue.lock().withdraw(execution.id));
    if free.is_empty() && held.is_empty() {
        return Ok(());
    }
    let stopped = store.commit(stop(command, &free, &held, origin)).await;
    if stopped.is_err() {
        let mut queue = queue.lock();
        free.iter().for_each(|execution| queue.put_back(execution.id));
    }
    Ok(stopped.map(|_| ())?)
}

/// The change that stops what no node has (`free`), and asks for the end of what one may have (`held`).
fn stop(command: CommandId, free: &[ExecutionRecord], held: &[ExecutionRecord], origin: &Origin) -> Change {
    let mut change = Change::new();
    for record in free {
        let why = format!("{} stopped it before it began", origin.actor);
        let ended = conclusion(record, CommandStatus::Cancelled, why, origin);
        change.statements.extend(ended.statements);
        change.events.extend(ended.events);
    }
    for record in held {
        change = change.write(statement::command::ask_to_stop(record.id, origin.now));
    }
    if !held.is_empty() {
        let executions: Vec<_> = held.iter().map(|record| record.id).collect();
        let facts = json!({ "command_id": command, "executions": executions });
        let asked = origin.event(EventKind::CommandCancelling, facts).correlated(command.to_string());
        change = change.event(asked);
    }
    let detail = json!({ "stopped": free.len(), "asked": held.len() });
    change.audit(origin.done("command.cancel", format!("command/{command}"), detail))
}
