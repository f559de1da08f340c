//! Users.

use axum::http::StatusCode;

use super::{
    authority,
    call::{Answer, Call},
    page::{limit_of, page},
    random::random,
};
use crate::{
    core::{access::Principal, error::Error, usecase::user},
    proto::user::{
        CreateUser, DisableUser, EnableUser, ListUsers, SetUserPassword, SetUserRole, SignOutUser,
    },
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
        let create = user::create(
            &call.store,
            &*app.records,
            call.caller()?,
            &call.request,
            with,
            claim,
            &call.origin,
        );
        tokio::runtime::Handle::current().block_on(create)
    })
    .await
    .map_err(|error| Error::Internal(error.to_string()))??;
    Ok(Answer::with_status(StatusCode::CREATED, &user))
}

pub(super) async fn disable(call: Call<DisableUser>) -> Result<Answer<DisableUser>, Error> {
    let app = &call.app;
    Ok(Answer::ok(&user::disable(&call.store, &*app.records, &call.request.id, &call.origin).await?))
}

pub(super) async fn enable(call: Call<EnableUser>) -> Result<Answer<EnableUser>, Error> {
    let app = &call.app;
    Ok(Answer::ok(
        &user::enable(&call.store, &*app.records, call.caller()?, &call.request.id, &call.origin).await?,
    ))
}

pub(super) async fn set_role(call: Call<SetUserRole>) -> Result<Answer<SetUserRole>, Error> {
    let (app, request) = (&call.app, &call.request);
    let (store, records) = (&call.store, &*app.records);
    Ok(Answer::ok(
        &user::set_role(store, records, call.caller()?, &request.id, request.role, &call.origin).await?,
    ))
}

pub(super) async fn sign_out(call: Call<SignOutUser>) -> Result<Answer<SignOutUser>, Error> {
    let app = &call.app;
    let (store, records) = (&call.store, &*app.records);
    let user = user::sign_out(store, records, call.caller()?, &call.request.id, &call.origin).await?;
    authority::end_waiting(app, Principal { user: user.id, key: None }, &call.origin).await?;
    Ok(Answer::ok(&user))
}

pub(super) async fn set_password(call: Call<SetUserPassword>) -> Result<Answer<SetUserPassword>, Error> {
    let app = call.app.clone();
    // To guess the present password is to guess a password.
    let mut turn = app.limits.sign_in(call.address, &call.caller()?.username, &app.hashing).await?;
    let user = tokio::task::spawn_blocking(move || {
        let (app, caller) = (&call.app, call.caller()?);
        let with = (random(), turn.place.memory());
        let set = user::set_password(&call.store, &*app.records, caller, &call.request, with, &call.origin);
        tokio::runtime::Handle::current().block_on(set)
    })
    .await
    .map_err(|error| Error::Internal(error.to_string()))??;
    Ok(Answer::ok(&user))
}
