//! Commands.

use std::{collections::HashSet, sync::Arc, time::Duration};

use axum::http::StatusCode;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::{
    app::App,
    call::{Answer, Call},
    page::{cursor_of, limit_of},
};
use crate::{
    core::{
        command::{DEFAULT_WAIT_S, has_ended, wait_of},
        error::Error,
        port::records::{CommandFilter, Commands},
        usecase::{
            dispatch::{self, Order},
            order::order,
        },
    },
    id::{AgentId, CommandId, ExecutionId},
    proto::{
        command::{Command, GetCommand, GiveCommand, ListCommands},
        endpoint::Endpoint,
        event::{Event, EventKind},
        page::Page,
    },
};

pub(super) async fn post(call: Call<GiveCommand>) -> Result<Answer<GiveCommand>, Error> {
    let order = {
        let fleet = call.app.fleet.read();
        order(&fleet, &call.request, call.app.settings.command_timeout_s)?
    };
    give(&call, order, call.request.wait).await
}

pub(super) async fn list(call: Call<ListCommands>) -> Result<Answer<ListCommands>, Error> {
    let request = &call.request;
    let limit = limit_of(request.limit)?;
    let before: Option<CommandId> = request.cursor.as_deref().map(cursor_of).transpose()?;
    let agent = request.agent.as_deref().map(|agent| target(&call.app, agent)).transpose()?;
    let filter = CommandFilter { status: request.status, agent, verb: request.verb.clone() };
    let Commands { commands, next } = call.app.records.commands(&filter, before, limit).await?;
    Ok(Answer::ok(&Page { items: commands, next_cursor: next.map(|id| id.to_string()) }))
}

/// The agent that a list is asked about; one that is removed is known by its id alone.
fn target(app: &App, reference: &str) -> Result<AgentId, Error> {
    let known = app.fleet.read().agent(reference).map(|agent| agent.id);
    known.or_else(|missing| reference.parse().map_err(|_| missing))
}

pub(super) async fn get(call: Call<GetCommand>) -> Result<Answer<GetCommand>, Error> {
    let wait = wait_of(call.request.wait, 0)?;
    Ok(Answer::ok(&ended(&call.app, call.request.id, wait).await?))
}

/// Gives a command and waits for its end: `200` once it ended, whatever the outcome, else `202`.
pub(super) async fn give<E: Endpoint<Response = Command>>(
    call: &Call<E>,
    order: Order,
    wait: Option<u32>,
) -> Result<Answer<E>, Error> {
    let wait = wait_of(wait, DEFAULT_WAIT_S)?;
    let given = dispatch::give(call.app.dispatch(), order, call.claim.as_ref(), &call.origin).await?;
    let command = ended(&call.app, given.id, wait).await?;
    let status = if has_ended(command.status) { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok(Answer::with_status(status, &command))
}

/// The command once it ended, or as it stands when the wait is over.
async fn ended(app: &Arc<App>, id: CommandId, wait: Duration) -> Result<Command, Error> {
    let deadline = Instant::now() + wait;
    let mut waits = !wait.is_zero();
    loop {
        let seen = app.feed.last();
        let command = app.records.command(id).await?.ok_or_else(|| Error::not_found("command", id))?;
        if !waits || has_ended(command.status) {
            return Ok(command);
        }
        let all_ended = app.feed.next_where(seen, ends_the_last(&command));
        waits = tokio::select! {
            ended = timeout_at(deadline, all_ended) => ended.is_ok(),
            () = app.shutdown.cancelled() => false,
        };
    }
}

/// Tells which event ends the last execution of a command. A command is read again only then: to read it at each end would
/// cost, for all of them, the square of what one costs.
fn ends_the_last(command: &Command) -> impl FnMut(&Event) -> bool + use<> {
    let correlation = command.id.to_string();
    let running = command.executions.iter().filter(|execution| !has_ended(execution.status));
    let mut running: HashSet<ExecutionId> = running.map(|execution| execution.id).collect();
    move |event| {
        if event.kind == EventKind::CommandEnded && event.correlationid.as_deref() == Some(&*correlation) {
            let execution = event.data.get("execution_id").and_then(Value::as_str);
            if let Some(execution) = execution.and_then(|id| id.parse().ok()) {
                running.remove(&execution);
            }
        }
        running.is_empty()
    }
}
