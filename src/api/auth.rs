//! Signing in, API keys, and recognizing who calls.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;

use super::{
    app::App,
    call::{Answer, Call},
    page::{limit_of, page},
    random::random,
};
use crate::{
    core::{
        access::Caller,
        error::Error,
        token::{self, Claims},
        usecase::{key, sign_in},
    },
    id::KeyId,
    proto::{
        auth::{Identity, IssueKey, ListKeys, Login, LoginResponse, RevokeKey, WhoAmI},
        endpoint::Empty,
        user::Role,
    },
};

/// Recognizes the caller by its bearer credentials; no credentials are nobody, bad ones are an error.
pub(super) async fn recognize(
    app: &App,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Option<Caller>, Error> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let bearer = value.to_str().ok().and_then(|text| text.split_once(' '));
    let Some((_, credentials)) = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
        return Err(Error::Unauthenticated("expected 'Authorization: Bearer TOKEN'".into()));
    };
    let caller = if credentials.starts_with(key::PREFIX) {
        key::recognize(&*app.records, credentials, now).await?
    } else {
        holder_of_token(app, credentials, now).await?
    };
    caller.map(Some).ok_or_else(|| {
        Error::Unauthenticated(
            "the token is unknown, revoked or expired; sign in again (worpen login)".into(),
        )
    })
}

async fn holder_of_token(app: &App, text: &str, now: Timestamp) -> Result<Option<Caller>, Error> {
    let Some(claims) = token::read(&app.token_key.public(), app.server, text, now) else { return Ok(None) };
    let record = app.records.user(claims.sub).await?;
    Ok(record.map(|record| Caller {
        user: record.user.id,
        username: record.user.username,
        role: record.user.role.min(claims.role),
        key: None,
    }))
}

pub(super) async fn login(call: Call<Login>) -> Result<Answer<Login>, Error> {
    let app = Arc::clone(&call.app);
    let _permit = app.hashing.acquire().await.map_err(|_| Error::Unavailable("the server ends".into()))?;
    let user = tokio::task::spawn_blocking(move || {
        tokio::runtime::Handle::current().block_on(sign_in::sign_in(
            &*call.app.store,
            &*call.app.records,
            &call.request.username,
            &call.request.password,
            &call.origin,
        ))
    })
    .await
    .map_err(|error| Error::Internal(error.to_string()))??;
    let now = Timestamp::now();
    let life = app.settings.token_life.as_secs();
    let claims = Claims {
        iss: app.server,
        sub: user.id,
        name: user.username.clone(),
        role: user.role,
        iat: now.as_second(),
        exp: now.as_second() + life.cast_signed(),
    };
    Ok(Answer::ok(&LoginResponse {
        token: token::issue(&app.token_key, &claims),
        token_type: "Bearer".into(),
        expires_in: life,
        user: Identity { id: user.id, username: user.username, role: user.role },
    }))
}

pub(super) async fn me(call: Call<WhoAmI>) -> Result<Answer<WhoAmI>, Error> {
    let caller = call.caller()?;
    Ok(Answer::ok(&Identity { id: caller.user, username: caller.username.clone(), role: caller.role }))
}

pub(super) async fn issue_key(call: Call<IssueKey>) -> Result<Answer<IssueKey>, Error> {
    let secret = random();
    let issued = key::issue(&*call.app.store, call.caller()?, &call.request, secret, &call.origin).await?;
    Ok(Answer::with_status(StatusCode::CREATED, &issued))
}

pub(super) async fn list_keys(call: Call<ListKeys>) -> Result<Answer<ListKeys>, Error> {
    let caller = call.caller()?;
    let limit = limit_of(call.request.limit)?;
    let after: Option<KeyId> = match &call.request.cursor {
        Some(cursor) => Some(cursor.parse().map_err(|_| Error::field("cursor", "expected next_cursor"))?),
        None => None,
    };
    let whose = (caller.role < Role::Admin).then_some(caller.user);
    let keys = call.app.records.keys(whose, after, limit + 1).await?;
    Ok(Answer::ok(&page(keys.into_iter(), limit, |key| key.id.to_string())))
}

pub(super) async fn revoke_key(call: Call<RevokeKey>) -> Result<Answer<RevokeKey>, Error> {
    let app = &call.app;
    key::revoke(&*app.store, &*app.records, call.caller()?, call.request.id, &call.origin).await?;
    Ok(Answer::ok(&Empty {}))
}
