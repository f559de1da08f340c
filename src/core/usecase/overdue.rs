//! What the server does by itself when nothing is heard: what nobody took expires, what nobody ended is given up.

use super::{Origin, settle::conclusion};
use crate::{
    core::{
        error::Error,
        port::{links::Links, records::Records, store::Store},
        queue::SharedQueue,
        statement,
        usecase::plain,
    },
    id::ExecutionId,
    proto::{command::CommandStatus, event::EventKind},
};
use serde_json::json;

/// Does what is due by now: lets those wait for their nodes whose moment has come, and ends those whose time is over.
///
/// # Errors
/// The store cannot serve; then some are still to be ended.
pub async fn keep_time(
    store: &dyn Store,
    records: &dyn Records,
    links: &dyn Links,
    queue: &SharedQueue,
    origin: &Origin,
) -> Result<(), Error> {
    let (ripe, overdue) = {
        let mut queue = queue.lock();
        (queue.ripen(origin.now), queue.overdue(origin.now))
    };
    ripe.into_iter().for_each(|agent| links.nudge(agent));
    for id in overdue {
        if !end(store, records, links, id, origin).await? {
            queue.lock().dismiss(id, origin.now);
        }
    }
    Ok(())
}

/// Ends an execution whose time is over; `false` when there is nothing to do about it, because it ended or began meanwhile.
///
/// # Errors
/// The store cannot serve.
pub async fn end(
    store: &dyn Store,
    records: &dyn Records,
    links: &dyn Links,
    id: ExecutionId,
    origin: &Origin,
) -> Result<bool, Error> {
    let Some(record) = records.execution(id).await? else { return Ok(false) };
    if record.due_at.is_none_or(|due| due > origin.now) {
        return Ok(false);
    }
    let node = &record.node;
    let change = match record.status {
        CommandStatus::Queued => {
            let by = record.expires_at.unwrap_or(origin.now);
            let why = format!("{node} did not take it by {by}");
            let facts = json!({ "command_id": record.command, "execution_id": record.id, "verb": record.verb,
                "status": CommandStatus::Expired, "attempt": record.attempt, "error_message": why });
            let ended = origin
                .event(EventKind::CommandEnded, facts)
                .about(node.clone())
                .correlated(record.command.to_string())
                .caused_by(Some(record.cause));
            let expire =
                statement::command::conclude(record.id, CommandStatus::Expired, origin.now, why, ended.id);
            crate::core::change::Change::new()
                .write(expire)
                .event(ended)
                .write(statement::command::forget_secrets(record.command))
        }
        CommandStatus::Started if record.is_plain => {
            let (status, why) = plain::unanswered(&record, links);
            conclusion(&record, status, why, origin)
        }
        CommandStatus::Started => {
            let why =
                format!("{node} began it and did not say in time how it ended; it may have taken effect");
            conclusion(&record, CommandStatus::Unknown, why, origin)
        }
        _ => return Ok(false),
    };
    match store.commit(change).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_conflict() => Ok(false),
        Err(error) => Err(error.into()),
    }
}
