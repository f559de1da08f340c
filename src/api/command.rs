//! Commands.

pub(super) mod list;
pub(super) mod output;

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use tokio::time::{Instant, timeout_at};

use super::{
    app::App,
    call::{Answer, Call},
    clock,
    sight::Sight,
};
use crate::{
    core::{
        access::Act,
        command::{DEFAULT_WAIT_S, has_ended, last_attempts, wait_of},
        error::Error,
        target::{Repeats, named},
        usecase::{
            cancel::cancel,
            dispatch::{self, Dispatch, Order},
            order::order,
        },
    },
    id::{AgentId, CommandId},
    proto::{
        command::{
            CancelCommand, Command, CommandStatus, GetCommand, GiveCommand, GiveCommandRequest, RetryCommand,
        },
        endpoint::Endpoint,
    },
};

pub(super) async fn post(call: Call<GiveCommand>) -> Result<Answer<GiveCommand>, Error> {
    let order = order_of(&call.app, &call.sight, &call.request)?;
    give(&call, order, call.request.wait).await
}

/// Holds what is asked for against the fleet as its caller is shown it.
pub(super) fn order_of(app: &App, sight: &Sight, request: &GiveCommandRequest) -> Result<Order, Error> {
    order(app.ground(&sight.fleet(), clock::now()), request)
}

pub(super) async fn get(call: Call<GetCommand>) -> Result<Answer<GetCommand>, Error> {
    let wait = wait_of(call.request.wait, 0)?;
    Ok(Answer::ok(&ended(&call.app, &call.sight, call.request.id, wait).await?))
}

pub(super) async fn stop(call: Call<CancelCommand>) -> Result<Answer<CancelCommand>, Error> {
    let (app, sight, id) = (&call.app, &call.sight, call.request.id);
    let wait = wait_of(call.request.wait, DEFAULT_WAIT_S)?;
    let command = read(app, sight, id).await?;
    call.caller()?.rights().permit_verb(Act::Give(&command.verb))?;
    let mut only = targets(sight, &call.request.agent_targets)?;
    if only.is_none() && !sight.is_whole() {
        // Where else it runs is not this caller's.
        only = Some(command.executions.iter().map(|execution| execution.agent).collect());
    }
    cancel(&call.store, &*app.records, &app.queue, id, only.as_deref(), &call.origin).await?;
    answer(&ended(app, sight, id, wait).await?)
}

/// The agents that a request names; `None` when it names none.
fn targets(sight: &Sight, names: &[String]) -> Result<Option<Vec<AgentId>>, Error> {
    if names.is_empty() {
        return Ok(None);
    }
    let fleet = sight.fleet();
    let fleet = fleet.read();
    let agents = named(&fleet, "agent_targets", names, Repeats::Merged)?;
    Ok(Some(agents.into_iter().map(|agent| agent.id).collect()))
}

pub(super) async fn retry(call: Call<RetryCommand>) -> Result<Answer<RetryCommand>, Error> {
    let (app, sight, id) = (&call.app, &call.sight, call.request.id);
    let command = read(app, sight, id).await?;
    if !has_ended(command.status) {
        let detail = "it has not ended; wait for it, or cancel it first".to_owned();
        return Err(Error::Conflict { code: "command_open", detail });
    }
    let only = targets(sight, &call.request.agent_targets)?;
    let last = last_attempts(&command.executions);
    let failed = last.into_iter().filter(|execution| execution.status != CommandStatus::Succeeded);
    let again: Vec<String> = match only {
        Some(only) => only.iter().map(ToString::to_string).collect(),
        None => failed.map(|execution| execution.agent.to_string()).collect(),
    };
    if again.is_empty() {
        let detail = "it succeeded on every target; name those that are to do it again".to_owned();
        return Err(Error::Conflict { code: "nothing_to_retry", detail });
    }
    let args = command.args.as_object().cloned().unwrap_or_default();
    if args_have_secrets(&command) {
        let detail = "its secret arguments are not kept; give it anew, with them".to_owned();
        return Err(Error::Conflict { code: "secrets_gone", detail });
    }
    let request = GiveCommandRequest {
        verb: command.verb,
        args,
        agent_targets: again,
        priority: command.priority,
        timeout_s: Some(command.timeout_s),
        max_retries: command.max_retries,
        precondition: command.precondition,
        rollout: command.rollout,
        output_bytes: Some(command.output_bytes),
        ..GiveCommandRequest::default()
    };
    let order = order_of(app, sight, &request)?;
    give(&call, order, call.request.wait).await
}

/// Whether something of the arguments was secret, and so is not there any more.
fn args_have_secrets(command: &Command) -> bool {
    command.args.to_string().contains(crate::core::arguments::REDACTED)
}

/// Gives a command and waits for its end: `200` once it ended, whatever the outcome, else `202`.
pub(super) async fn give<E: Endpoint<Response = Command>>(
    call: &Call<E>,
    order: Order,
    wait: Option<u32>,
) -> Result<Answer<E>, Error> {
    let wait = wait_of(wait, DEFAULT_WAIT_S)?;
    let seen = call.app.feed.last();
    let by = call.caller()?.authority();
    let ports = Dispatch { store: &call.store, ..call.app.dispatch() };
    let given = dispatch::give(ports, order, &by, call.claim.as_ref(), &call.origin).await?;
    crash_point!("server.command_committed");
    // A repetition may find a command of which less is shown by now.
    let id = given.id;
    let given = call.sight.command(given).ok_or_else(|| Error::not_found("command", id))?;
    answer(&ended_since(&call.app, &call.sight, given, seen, wait).await?)
}

fn answer<E: Endpoint<Response = Command>>(command: &Command) -> Result<Answer<E>, Error> {
    let status = if has_ended(command.status) { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok(Answer::with_status(status, command))
}

/// A command, with what its executions wait for.
fn with_reasons(app: &App, mut command: Command) -> Command {
    if has_ended(command.status) {
        return command;
    }
    let now = clock::now();
    let queue = app.queue.lock();
    for execution in command.executions.iter_mut().filter(|one| one.status == CommandStatus::Queued) {
        execution.waits_for = queue.waits_for(execution.id, now);
    }
    drop(queue);
    command
}

/// The command once it ended, or as it stands when the wait is over.
pub(super) async fn ended(
    app: &Arc<App>,
    sight: &Sight,
    id: CommandId,
    wait: Duration,
) -> Result<Command, Error> {
    let seen = app.feed.last();
    let command = read(app, sight, id).await?;
    ended_since(app, sight, command, seen, wait).await
}

/// The command once it ended, or as it stands when the wait is over; it is known as it stood after a sequence of the log. It is
/// read again only when the last of its executions ended: to read it at each end would cost, for all of them, the square of
/// what one costs.
async fn ended_since(
    app: &Arc<App>,
    sight: &Sight,
    mut command: Command,
    mut seen: u64,
    wait: Duration,
) -> Result<Command, Error> {
    let deadline = Instant::now() + wait;
    let mut waits = !wait.is_zero();
    while waits && !has_ended(command.status) {
        let running = command.executions.iter().filter(|execution| !has_ended(execution.status));
        let running = running.map(|execution| execution.id).collect();
        waits = tokio::select! {
            ended = timeout_at(deadline, app.feed.ended(command.id, running, seen)) => ended.is_ok(),
            () = app.shutdown.cancelled() => false,
        };
        seen = app.feed.last();
        command = read(app, sight, command.id).await?;
    }
    Ok(with_reasons(app, command))
}

/// The command as its caller is shown it.
async fn read(app: &App, sight: &Sight, id: CommandId) -> Result<Command, Error> {
    let found = app.records.command(id).await?.and_then(|command| sight.command(command));
    found.ok_or_else(|| Error::not_found("command", id))
}
