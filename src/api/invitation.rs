//! Invitations, and the nodes that spend them.

use axum::http::StatusCode;

use super::{
    call::{Answer, Call},
    random::random,
};
use crate::{
    core::{
        error::Error,
        port::links::Links,
        usecase::enroll::{self, Enroll},
    },
    proto::{
        invitation::{InviteAgent, JoinFleet},
        link::LinkErrorCode,
    },
};

pub(super) async fn invite(call: Call<InviteAgent>) -> Result<Answer<InviteAgent>, Error> {
    let claim = call.claim.as_ref();
    let current = call.app.trust.current();
    let ports = Enroll { store: &call.store, ..call.app.enroll(&current) };
    let invitation = enroll::invite(ports, &call.request, random(), claim, &call.origin).await?;
    Ok(Answer::with_status(StatusCode::CREATED, &invitation))
}

pub(super) async fn join(call: Call<JoinFleet>) -> Result<Answer<JoinFleet>, Error> {
    let current = call.app.trust.current();
    let binding = call.peer.as_ref().map(|peer| &peer.binding);
    let newcomer = enroll::join(call.app.enroll(&current), &call.request, binding, &call.origin).await;
    let newcomer = newcomer.inspect_err(|error| {
        tracing::warn!(address = call.origin.address, "a join was refused: {error}");
    })?;
    if let Some(agent) = newcomer.replaced {
        call.app.hub.end(agent, LinkErrorCode::Revoked, "another machine took this agent's place");
    }
    Ok(Answer::ok(&newcomer.joined))
}
