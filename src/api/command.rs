//! Commands.

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
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
    id::{AgentId, CommandId},
    proto::{
        command::{Command, GetCommand, GiveCommand, ListCommands},
        endpoint::Endpoint,
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
    loop {
        let seen = app.feed.last();
        let command = app.records.command(id).await?.ok_or_else(|| Error::not_found("command", id))?;
        if has_ended(command.status) || wait.is_zero() {
            return Ok(command);
        }
        let waited = tokio::select! {
            changed = timeout_at(deadline, app.feed.next_about(id, seen)) => changed.is_ok(),
            () = app.shutdown.cancelled() => false,
        };
        if !waited {
            return Ok(command);
        }
    }
}
