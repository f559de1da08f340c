//! Users.

use axum::http::StatusCode;

use super::{
    call::{Answer, Call},
    page::{limit_of, page},
    random::random,
};
use crate::{
    core::{error::Error, usecase::user},
    proto::user::{CreateUser, ListUsers},
};

pub(super) async fn list(call: Call<ListUsers>) -> Result<Answer<ListUsers>, Error> {
    let limit = limit_of(call.request.limit)?;
    let users = call.app.records.users(call.request.cursor.as_deref(), limit + 1).await?;
    Ok(Answer::ok(&page(users.into_iter(), limit, |user| user.username.clone())))
}

pub(super) async fn create(call: Call<CreateUser>) -> Result<Answer<CreateUser>, Error> {
    let app = call.app.clone();
    let mut place = app.hashing.place().await?;
    let user = tokio::task::spawn_blocking(move || {
        let (app, claim) = (&call.app, call.claim.as_ref());
        let with = (random(), place.memory());
        let create = user::create(&*app.store, &*app.records, &call.request, with, claim, &call.origin);
        tokio::runtime::Handle::current().block_on(create)
    })
    .await
    .map_err(|error| Error::Internal(error.to_string()))??;
    Ok(Answer::with_status(StatusCode::CREATED, &user))
}
