//! Who calls, told by bearer credentials: a signed-in user's token, or an API key.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::http::{HeaderMap, header};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::app::App;
use crate::{
    core::{
        access::Caller,
        digest::sha256_hex,
        error::Error,
        port::store::Observer,
        token,
        usecase::{key, plain},
    },
    proto::event::{Event, EventKind},
};

/// How many callers are remembered.
const REMEMBERED: usize = 1024;

/// Who was recognized lately, so that a caller who asks often costs no signature and no read of the store each time.
///
/// Whatever changes a user or a key is an event, and the store tells of it before it answers whoever made the change:
/// everybody is forgotten then, so that a revoked key ends with the answer that says so.
#[derive(Default)]
pub struct Callers(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// How often everybody was forgotten.
    forgotten: u64,
    /// By the hash of what was shown: the caller, and until when that holds.
    callers: HashMap<[u8; 32], (Caller, Timestamp)>,
}

impl Callers {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The caller who showed this, if that is known and still holds, and how often everybody was forgotten.
    fn recall(&self, shown: &[u8; 32], now: Timestamp) -> (Option<Caller>, u64) {
        let known = self.known();
        let caller =
            known.callers.get(shown).filter(|(_, until)| *until > now).map(|(caller, _)| caller.clone());
        (caller, known.forgotten)
    }

    /// Remembers a caller, unless everybody was forgotten since the store was asked about this one.
    fn remember(&self, shown: [u8; 32], caller: &Caller, until: Timestamp, forgotten: u64) {
        let mut known = self.known();
        if known.forgotten != forgotten {
            return;
        }
        if known.callers.len() >= REMEMBERED {
            known.callers.clear();
        }
        known.callers.insert(shown, (caller.clone(), until));
    }
}

impl Observer for Callers {
    fn committed(&self, events: &[Event]) {
        let about_callers = |event: &Event| {
            let kind = event.kind.as_str();
            // Signing in changes nobody's rights.
            event.kind != EventKind::UserSignedIn && (kind.starts_with("user.") || kind.starts_with("key."))
        };
        if events.iter().any(about_callers) {
            let mut known = self.known();
            known.forgotten += 1;
            known.callers.clear();
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
    let (known, forgotten) = app.callers.recall(&hash, now);
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
    app.callers.remember(hash, &caller, until, forgotten);
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
    let record = app.records.user(claims.sub).await?;
    Ok(record.map(|record| {
        let caller = Caller {
            user: record.user.id,
            username: record.user.username,
            role: record.user.role.min(claims.role),
            key: None,
        };
        (caller, until)
    }))
}

#[cfg(test)]
mod tests;
