//! Signing in, and API keys.

use std::sync::Arc;

use axum::http::StatusCode;
use jiff::SignedDuration;

use super::{
    call::{Answer, Call},
    clock,
    page::{cursor_of, limit_of, page},
    random::random,
};
use crate::{
    core::{
        error::Error,
        token::{self, Claims},
        usecase::{key, sign_in},
    },
    id::KeyId,
    proto::{
        auth::{Identity, IssueKey, ListKeys, Login, LoginResponse, Logout, RevokeKey, RotateKey, WhoAmI},
        endpoint::Empty,
        user::Role,
    },
};

pub(super) async fn login(call: Call<Login>) -> Result<Answer<Login>, Error> {
    let app = Arc::clone(&call.app);
    let address_of = call.address;
    let (address, username) = (call.origin.address.clone(), call.request.username.clone());
    let mut turn = app.limits.sign_in(call.address, &username, &app.hashing).await?;
    let life = SignedDuration::try_from(app.settings.token_life).unwrap_or(SignedDuration::MAX);
    let (user, session) = tokio::task::spawn_blocking(move || {
        tokio::runtime::Handle::current().block_on(sign_in::sign_in(
            &call.store,
            &*call.app.records,
            (&call.request.username, &call.request.password),
            turn.place.memory(),
            life,
            &call.origin,
        ))
    })
    .await
    .map_err(|error| Error::Internal(error.to_string()))?
    .inspect_err(|error| {
        app.meters.sign_ins_refused.one();
        tracing::warn!(address, username, "a sign-in was refused: {error}");
    })?;
    let now = clock::now();
    app.limits.signed_in(address_of, &user.username);
    let claims = Claims {
        iss: app.server,
        sub: user.id,
        name: user.username.clone(),
        role: user.role,
        sid: session.id,
        iat: now.as_second(),
        exp: session.expires_at.as_second(),
    };
    Ok(Answer::ok(&LoginResponse {
        token: token::issue(&app.token_key, &claims),
        token_type: "Bearer".into(),
        expires_in: app.settings.token_life.as_secs(),
        user: Identity { id: user.id, username: user.username, role: user.role, key: None },
    }))
}

pub(super) async fn logout(call: Call<Logout>) -> Result<Answer<Logout>, Error> {
    sign_in::sign_out(&call.store, call.caller()?, &call.origin).await?;
    Ok(Answer::ok(&Empty {}))
}

pub(super) async fn me(call: Call<WhoAmI>) -> Result<Answer<WhoAmI>, Error> {
    let caller = call.caller()?;
    Ok(Answer::ok(&Identity {
        id: caller.user,
        username: caller.username.clone(),
        role: caller.role,
        key: caller.key.clone(),
    }))
}

pub(super) async fn issue_key(call: Call<IssueKey>) -> Result<Answer<IssueKey>, Error> {
    let secret = random();
    let app = &call.app;
    let (caller, claim) = (call.caller()?, call.claim.as_ref());
    let issued =
        key::issue(&call.store, &*app.records, caller, &call.request, secret, claim, &call.origin).await?;
    Ok(Answer::with_status(StatusCode::CREATED, &issued))
}

pub(super) async fn list_keys(call: Call<ListKeys>) -> Result<Answer<ListKeys>, Error> {
    let caller = call.caller()?;
    let limit = limit_of(call.request.limit)?;
    let after: Option<KeyId> = call.request.cursor.as_deref().map(cursor_of).transpose()?;
    let whose = (caller.role < Role::Admin).then_some(caller.user);
    let keys = call.app.records.keys(whose, after, limit + 1).await?;
    Ok(Answer::ok(&page(keys.into_iter(), limit, |key| key.id.to_string())))
}

pub(super) async fn rotate_key(call: Call<RotateKey>) -> Result<Answer<RotateKey>, Error> {
    let app = &call.app;
    let (caller, secret) = (call.caller()?, random());
    let rotated =
        key::rotate(&call.store, &*app.records, caller, &call.request, secret, &call.origin).await?;
    Ok(Answer::ok(&rotated))
}

pub(super) async fn revoke_key(call: Call<RevokeKey>) -> Result<Answer<RevokeKey>, Error> {
    let app = &call.app;
    key::revoke(&call.store, &*app.records, call.caller()?, call.request.id, &call.origin).await?;
    Ok(Answer::ok(&Empty {}))
}
