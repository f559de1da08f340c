//! Who calls, told by bearer credentials: a signed-in user's token, or an API key.

use axum::http::{HeaderMap, header};
use jiff::Timestamp;

use super::app::App;
use crate::core::{
    access::Caller,
    error::Error,
    invitation::secret_hash,
    token,
    usecase::{key, plain},
};

/// Recognizes the caller by its bearer credentials; no credentials are nobody, bad ones are an error.
pub(super) async fn recognize(
    app: &App,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Option<Caller>, Error> {
    let mut shown = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = shown.next() else { return Ok(None) };
    if shown.next().is_some() {
        return Err(Error::Unauthenticated("expected one Authorization header".into()));
    }
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

/// The hash of the token that a plain agent shows, in the header or else in the query; `None` when none is shown that could be
/// one.
pub(super) fn plain_token(headers: &HeaderMap, query: Option<&str>) -> Option<String> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|text| text.split_once(' '));
    let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token);
    let token = [bearer, query].into_iter().flatten().find(|token| token.starts_with(plain::PREFIX))?;
    Some(secret_hash(token.as_bytes()))
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
