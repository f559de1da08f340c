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
    let app = &call.app;
    let invitation =
        enroll::invite(&*app.store, &app.fleet, app.host(), &call.request, random(), &call.origin).await?;
    Ok(Answer::with_status(StatusCode::CREATED, &invitation))
}

pub(super) async fn join(call: Call<JoinFleet>) -> Result<Answer<JoinFleet>, Error> {
    let app = &call.app;
    let joined = enroll::join(&*app.store, &*app.records, app.host(), &call.request, &call.origin).await?;
    Ok(Answer::ok(&joined))
}
