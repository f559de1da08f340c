//! Rollouts: a command that goes to its targets in parts. The part after one begins when that one has ended and its pause is
//! over; with too many failures none does.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Origin, settle::conclusion};
use crate::{
    core::{
        change::Change,
        command::{has_ended, last_attempts},
        error::Error,
        port::{
            records::{Records, RolloutRecord},
            store::Store,
        },
        queue::Advanced,
        statement,
    },
    proto::{
        command::{Command, CommandStatus, Execution, Rollout},
        event::EventKind,
    },
};

/// What a rollout does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The part that runs has not ended.
    Wait,
    /// It rests until this moment.
    Rest(Timestamp),
    /// The next part begins.
    Advance,
    /// It stops: so many have failed.
    Stop(usize),
    /// All parts have ended.
    Done,
}

/// What a rollout does next, by how its executions stand.
#[must_use]
pub fn step(rollout: Rollout, record: RolloutRecord, executions: &[Execution], now: Timestamp) -> Step {
    let last = last_attempts(executions);
    let failures = last
        .iter()
        .filter(|execution| has_ended(execution.status) && execution.status != CommandStatus::Succeeded)
        .count();
    if failures >= rollout.max_failures as usize {
        return Step::Stop(failures);
    }
    if last.iter().any(|execution| execution.batch <= record.batch && !has_ended(execution.status)) {
        return Step::Wait;
    }
    if last.iter().all(|execution| execution.batch <= record.batch) {
        return Step::Done;
    }
    match record.resume_at {
        None if rollout.pause_s > 0 => Step::Rest(now + SignedDuration::from_secs(rollout.pause_s.into())),
        Some(at) if at > now => Step::Rest(at),
        _ => Step::Advance,
    }
}

/// Takes each rollout a step forward, and says which there are and when to look again if nothing happens.
///
/// # Errors
/// The store cannot serve.
pub async fn advance_all(
    store: &dyn Store,
    records: &dyn Records,
    now: Timestamp,
) -> Result<(HashSet<String>, Option<Timestamp>), Error> {
    let (mut commands, mut next) = (HashSet::new(), None::<Timestamp>);
    for record in records.rollouts().await? {
        let origin = Origin::server(now, record.command.to_string());
        let again = advance(store, records, record, &origin).await?;
        next = next.into_iter().chain(again).min();
        commands.insert(record.command.to_string());
    }
    Ok((commands, next))
}

/// Does what a rollout does next, and says when to look again if nothing happens.
///
/// # Errors
/// The store cannot serve.
pub async fn advance(
    store: &dyn Store,
    records: &dyn Records,
    record: RolloutRecord,
    origin: &Origin,
) -> Result<Option<Timestamp>, Error> {
    let Some(command) = records.command(record.command).await? else { return Ok(None) };
    let Some(rollout) = command.rollout else { return Ok(None) };
    let step = step(rollout, record, &command.executions, origin.now);
    let change = match &step {
        Step::Wait => return Ok(None),
        Step::Rest(until) if record.resume_at.is_some() => return Ok(Some(*until)),
        Step::Rest(until) => {
            Change::new().write(statement::rollout::rest(record.command, record.batch, *until))
        }
        Step::Advance => begin_next(&command, record, origin),
        Step::Stop(failures) => stop(records, &command, record, *failures, origin).await?,
        Step::Done => over(Change::new(), record, json!({ "stopped": false }), origin),
    };
    match store.commit(change).await {
        Ok(_) => {
            crash_point!("server.rollout_advanced");
        }
        // Somebody else took the step.
        Err(error) if error.is_conflict() => {}
        Err(error) => return Err(error.into()),
    }
    Ok(match step {
        Step::Rest(until) => Some(until),
        Step::Advance => Some(origin.now),
        _ => None,
    })
}

/// The next part waits for its nodes as long as the first one might.
fn begin_next(command: &Command, record: RolloutRecord, origin: &Origin) -> Change {
    let batch = record.batch + 1;
    let began_to_wait = command.scheduled_at.unwrap_or(command.created_at).max(command.created_at);
    let expires_at =
        origin.now + began_to_wait.duration_until(command.expires_at).max(SignedDuration::from_secs(1));
    let executions = command.executions.iter().filter(|execution| execution.batch == batch);
    let advanced = Advanced {
        command_id: command.id,
        batch,
        executions: executions.map(|execution| execution.id).collect(),
        expires_at,
    };
    Change::new()
        .write(statement::rollout::advance(command.id, record.batch))
        .write(statement::rollout::release(command.id, batch, expires_at))
        .event(origin.event(EventKind::RolloutAdvanced, json!(advanced)).correlated(command.id.to_string()))
}

/// What has not begun never does.
async fn stop(
    records: &dyn Records,
    command: &Command,
    record: RolloutRecord,
    failures: usize,
    origin: &Origin,
) -> Result<Change, Error> {
    let mut change = Change::new();
    let why = format!("the rollout stopped after {failures} failures, before this part began");
    for held in command.executions.iter().filter(|execution| execution.batch > record.batch) {
        let Some(record) = records.execution(held.id).await? else { continue };
        if has_ended(record.status) {
            continue;
        }
        let ended = conclusion(&record, CommandStatus::Cancelled, why.clone(), origin);
        change.statements.extend(ended.statements);
        change.events.extend(ended.events);
    }
    Ok(over(change, record, json!({ "stopped": true, "failures": failures }), origin))
}

fn over(change: Change, record: RolloutRecord, how: serde_json::Value, origin: &Origin) -> Change {
    let mut facts = how;
    facts["command_id"] = json!(record.command);
    change
        .write(statement::rollout::end(record.command, record.batch))
        .event(origin.event(EventKind::RolloutEnded, facts).correlated(record.command.to_string()))
}

#[cfg(test)]
mod tests;
