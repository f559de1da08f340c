//! Who calls, told by bearer credentials: a signed-in user's token, or an API key.

mod remembered;
mod store;

use std::net::IpAddr;

use axum::http::{HeaderMap, header};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use self::remembered::Remembered;
pub(super) use self::store::OnBehalf;
use super::app::App;
use crate::{
    core::{
        access::{Caller, Principal, Rights, changes_rights},
        digest::sha256_hex,
        error::Error,
        port::store::Observer,
        token,
        usecase::{key, plain},
    },
    proto::event::Event,
};

/// Who was recognized lately, and what is allowed to those on whose behalf commands wait, so that whoever asks often costs no
/// signature and no read of the store each time.
///
/// Whatever changes a user or a key is an event, and the store tells of it before it answers whoever made the change:
/// everybody is forgotten then, so that a revoked key ends with the answer that says so.
#[derive(Default)]
pub struct Callers {
    /// By the hash of what was shown.
    shown: Remembered<[u8; 32], Caller>,
    /// What is allowed, by on whose behalf.
    pub(super) rights: Remembered<Principal, Rights>,
}

impl Observer for Callers {
    fn committed(&self, events: &[Event]) {
        if events.iter().any(|event| changes_rights(event.kind)) {
            self.shown.forget();
            self.rights.forget();
        }
    }
}

/// Recognizes the caller by its bearer credentials; no credentials are nobody, bad ones are an error. Those that are not
/// known yet count against the address that they come from.
pub(super) async fn recognize_from(
    app: &App,
    headers: &HeaderMap,
    address: IpAddr,
    now: Timestamp,
) -> Result<Option<Caller>, Error> {
    look_up(app, headers, now, || app.limits.unproven(address)).await
}

/// Recognizes again a caller who was recognized before.
pub(super) async fn recognize(
    app: &App,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Option<Caller>, Error> {
    look_up(app, headers, now, || Ok(())).await
}

/// Recognizes a caller; `count` is asked before credentials that are not remembered are looked at.
async fn look_up(
    app: &App,
    headers: &HeaderMap,
    now: Timestamp,
    count: impl FnOnce() -> Result<(), Error> + Send,
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
    let hash: [u8; 32] = Sha256::digest(credentials.as_bytes()).into();
    let (known, forgotten) = app.callers.shown.recall(&hash, now);
    if known.is_some() {
        return Ok(known);
    }
    count()?;
    let holder = if credentials.starts_with(key::PREFIX) {
        key::recognize(&*app.records, credentials, now).await?
    } else {
        holder_of_token(app, credentials, now).await?
    };
    let Some((caller, until)) = holder else {
        return Err(Error::Unauthenticated(
            "the token is unknown, revoked or expired; sign in again (worpen login)".into(),
        ));
    };
    app.callers.shown.remember(hash, &caller, until, forgotten);
    Ok(Some(caller))
}

/// The hash of the token that a plain agent shows, in the header or else in the query; `None` when none is shown that could be
/// one.
pub(super) fn plain_token(headers: &HeaderMap, query: Option<&str>) -> Option<String> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|text| text.split_once(' '));
    let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token);
    let token = [bearer, query].into_iter().flatten().find(|token| token.starts_with(plain::PREFIX))?;
    Some(sha256_hex(token.as_bytes()))
}

async fn holder_of_token(
    app: &App,
    text: &str,
    now: Timestamp,
) -> Result<Option<(Caller, Timestamp)>, Error> {
    let Some(claims) = token::read(&app.token_key.public(), app.server, text, now) else { return Ok(None) };
    let Ok(until) = Timestamp::from_second(claims.exp) else { return Ok(None) };
    let session = app.records.session(claims.sid).await?;
    let lasts = session.is_some_and(|session| {
        session.user == claims.sub && session.ended_at.is_none() && session.expires_at > now
    });
    if !lasts {
        return Ok(None);
    }
    let record = app.records.user(claims.sub).await?.filter(|record| record.user.disabled_at.is_none());
    Ok(record.map(|record| {
        let caller = Caller {
            user: record.user.id,
            username: record.user.username,
            // The role is the user's present one: a token keeps none that was taken, and has one that was given.
            role: record.user.role,
            key: None,
            session: Some(claims.sid),
        };
        (caller, until)
    }))
}

#[cfg(test)]
mod tests;
