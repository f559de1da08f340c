//! Commands.

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use tokio::time::{Instant, timeout_at};

use super::{
    app::App,
    call::{Answer, Call},
};
use crate::{
    core::{
        command::{DEFAULT_WAIT_S, has_ended, wait_of},
        error::Error,
        usecase::dispatch::{self, Order},
    },
    id::CommandId,
    proto::{
        command::{Command, GetCommand},
        endpoint::Endpoint,
    },
};

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
