//! What an agent says of an execution, and whether another attempt follows.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Origin, ingest::commit_once};
use crate::{
    core::{
        change::{Change, CommitError, Committed},
        command::{
            Attempt, chance_of, given_up_at, has_ended, over_at, pause_before_retry, queued_execution,
        },
        error::Error,
        node_time::believable,
        port::{
            records::{ExecutionRecord, OpenOf, Records},
            store::Store,
        },
        queue::Target,
        statement,
    },
    id::AgentId,
    proto::{
        command::{CommandStatus, Execution},
        event::EventKind,
        link::CommandResult,
    },
};

/// How often a change is tried that gives executions up, while their agent says otherwise of them.
const ATTEMPTS: usize = 5;

/// What became of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is written, or was before.
    Noted,
    /// The execution that it says began was stopped meanwhile, which its node does not know.
    Unwanted,
}

/// Takes a result: an execution began, or ended. One that is not this agent's, or whose end is known, is noted as
/// taken and changes nothing.
///
/// # Errors
/// The result names no execution, or the store cannot write.
pub async fn settle(
    store: &dyn Store,
    records: &dyn Records,
    agent: AgentId,
    sequence: Option<u64>,
    result: &CommandResult,
    origin: &Origin,
) -> Result<Settled, Error> {
    let id = result
        .execution_id
        .ok_or_else(|| Error::field("execution_id", "expected the execution that this is the result of"))?;
    let record = records.execution(id).await?.filter(|record| record.agent == agent);
    let change = record.as_ref().map_or_else(Change::new, |record| outcome(record, result, origin));
    let retries = change.events.iter().any(|event| event.kind == EventKind::CommandRetried);
    let committed = commit_once(store, agent, sequence, change.vital()).await;
    if retries {
        crash_point!("server.retry_committed");
    }
    match committed {
        Err(CommitError::Conflict(conflict)) if conflict.statement.starts_with("execution.") => {
            commit_once(store, agent, sequence, Change::new().vital()).await?;
            let stopped = record.is_some_and(|record| record.status == CommandStatus::Cancelled);
            Ok(if stopped && result.status == CommandStatus::Started {
                Settled::Unwanted
            } else {
                Settled::Noted
            })
        }
        other => Ok(other.map(|_| Settled::Noted)?),
    }
}

/// Writes down that a node refused frames of its link, so many by now; the last time it said why in these words.
///
/// # Errors
/// The store cannot write.
pub async fn refused(
    store: &dyn Store,
    node: &str,
    count: u64,
    why: &str,
    origin: &Origin,
) -> Result<(), Error> {
    let detail = json!({ "count": count, "why": why });
    let entry = origin.denied("order.refused", format!("agent/{node}"), detail);
    Ok(store.commit(Change::new().audit(entry)).await.map(drop)?)
}

/// The change that a result makes to an execution. One that ends at once is told by its end alone, and began all the same.
pub(super) fn outcome(record: &ExecutionRecord, result: &CommandResult, origin: &Origin) -> Change {
    match result.status {
        // No end of one execution: these are said of commands.
        CommandStatus::Queued | CommandStatus::Partial => Change::new(),
        CommandStatus::Started => began(Change::new(), record, result.time.unwrap_or(origin.now), origin),
        _ => {
            let change = match result.started_at {
                Some(started_at) if record.status == CommandStatus::Queued => {
                    began(Change::new(), record, started_at, origin)
                }
                _ => Change::new(),
            };
            ended(change, record, result, origin)
        }
    }
}

fn began(change: Change, record: &ExecutionRecord, at: Timestamp, origin: &Origin) -> Change {
    let at = believable(at, origin.now);
    // A plain agent keeps no time itself, so that its time is over when it is over.
    let due_at =
        if record.is_plain { over_at(at, record.timeout_s) } else { given_up_at(at, record.timeout_s) };
    let facts = json!({ "command_id": record.command, "execution_id": record.id, "verb": record.verb,
        "status": CommandStatus::Started, "attempt": record.attempt, "due_at": due_at });
    let mut event = origin
        .event(EventKind::CommandStarted, facts)
        .about(record.node.clone())
        .correlated(record.command.to_string())
        .caused_by(Some(record.cause));
    event.time = at;
    change.write(statement::command::start(record.id, at, due_at, event.id)).event(event)
}

fn ended(change: Change, record: &ExecutionRecord, result: &CommandResult, origin: &Origin) -> Change {
    let at = believable(result.time.unwrap_or(origin.now), origin.now);
    let mut facts = json!({ "command_id": record.command, "execution_id": record.id, "verb": record.verb,
        "status": result.status, "attempt": record.attempt, "result": result.result,
        "error_message": result.error_message });
    if let Some(output) = result.output {
        facts["output"] = json!(output);
    }
    let mut event = origin
        .event(EventKind::CommandEnded, facts)
        .about(record.node.clone())
        .correlated(record.command.to_string())
        .caused_by(change.events.last().map_or(Some(record.cause), |began| Some(began.id)));
    event.time = at;
    let cause = event.id;
    let began_then = result.started_at.map(|started_at| believable(started_at, origin.now));
    let told = CommandResult { started_at: began_then, ..result.clone() };
    let mut change = change.write(statement::command::end(record.id, &told, at, cause)).event(event);
    if result.status == CommandStatus::Refused {
        let detail = json!({ "command": record.command, "execution": record.id, "verb": record.verb,
            "ordered_by": record.actor, "why": result.error_message });
        change = change.audit(origin.denied("command.refused", format!("agent/{}", record.node), detail));
    }
    if let Some(next) = another(record, result, origin.now) {
        let facts = json!({ "command_id": record.command, "target": Target::of(&next) });
        let retried = origin
            .event(EventKind::CommandRetried, facts)
            .about(record.node.clone())
            .correlated(record.command.to_string())
            .caused_by(Some(cause));
        change = change
            .write(statement::command::create_execution(record.command, &next, retried.id))
            .event(retried);
    }
    if record.is_sealed { change.write(statement::command::forget_secrets(record.command)) } else { change }
}

/// The attempt that follows one that ended so, if one does. It may wait for its node as long as the first one might.
fn another(record: &ExecutionRecord, result: &CommandResult, now: Timestamp) -> Option<Execution> {
    if record.cancelled_at.is_some() || has_ended(record.status) {
        return None;
    }
    let attempt = Attempt { number: record.attempt, status: result.status, not_begun: result.not_begun };
    let next = queued_execution(record.agent, record.node.clone());
    let pause = pause_before_retry(attempt, record.is_idempotent, record.max_retries, chance_of(next.id))?;
    let not_before = now + pause;
    let began_to_wait = record.not_before.unwrap_or(record.created_at);
    let window = record.expires_at.map_or(SignedDuration::from_secs(record.timeout_s.into()), |expires_at| {
        began_to_wait.duration_until(expires_at).max(SignedDuration::from_secs(1))
    });
    Some(Execution {
        attempt: record.attempt + 1,
        batch: record.batch,
        not_before: Some(not_before),
        expires_at: Some(not_before + window),
        ..next
    })
}

/// Commits a change after which nobody is left to say how what an agent had still to do ended, and gives all of that up with it.
/// An agent that tells of its executions meanwhile cannot fend the change off: after a few attempts it is written by itself, and
/// what is still open ends when its time is over.
pub(super) async fn commit_abandoning(
    store: &dyn Store,
    records: &dyn Records,
    (agent, why): (AgentId, &str),
    change: &Change,
    origin: &Origin,
) -> Result<Committed, CommitError> {
    for _ in 0..ATTEMPTS {
        let open = records.open_executions(OpenOf::Agent(agent)).await;
        let open = open.map_err(|error| CommitError::Unavailable(error.to_string()))?;
        let given_up = open.iter().fold(Change::new(), |given_up, execution| {
            given_up.and(conclusion(execution, CommandStatus::Unknown, why.to_owned(), origin))
        });
        match store.commit(given_up.and(change.clone())).await {
            Err(CommitError::Conflict(conflict)) if conflict.statement.starts_with("execution.") => {}
            committed => return committed,
        }
    }
    store.commit(change.clone()).await
}

/// The change by which the server itself ends an execution, where its node says nothing. No other attempt follows.
pub(super) fn conclusion(
    record: &ExecutionRecord,
    status: CommandStatus,
    why: String,
    origin: &Origin,
) -> Change {
    let result = CommandResult {
        command_id: record.command,
        execution_id: Some(record.id),
        status,
        result: None,
        error_message: Some(why),
        time: None,
        started_at: None,
        not_begun: false,
        output: None,
    };
    let finished = ExecutionRecord { max_retries: 0, is_idempotent: false, ..record.clone() };
    ended(Change::new().vital(), &finished, &result, origin)
}
