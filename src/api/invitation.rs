//! Invitations, and the nodes that spend them.

use axum::http::StatusCode;

use super::{
    call::{Answer, Call},
    random::random,
};
use crate::{
    core::{error::Error, usecase::enroll},
    proto::invitation::{InviteAgent, JoinFleet},
};

pub(super) async fn invite(call: Call<InviteAgent>) -> Result<Answer<InviteAgent>, Error> {
    let claim = call.claim.as_ref();
    let invitation = enroll::invite(call.app.enroll(), &call.request, random(), claim, &call.origin).await?;
    Ok(Answer::with_status(StatusCode::CREATED, &invitation))
}

pub(super) async fn join(call: Call<JoinFleet>) -> Result<Answer<JoinFleet>, Error> {
    let joined = enroll::join(call.app.enroll(), &call.request, &call.origin).await.inspect_err(|error| {
        tracing::warn!(address = call.origin.address, "a join was refused: {error}");
    })?;
    Ok(Answer::ok(&joined))
}
