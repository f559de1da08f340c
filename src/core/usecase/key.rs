//! Issuing, rotating, revoking and recognizing API keys.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    Origin,
    repeat::{claiming, shown_once},
};
use crate::{
    core::{
        access::Caller,
        change::Change,
        digest::sha256_hex,
        error::Error,
        port::{records::Records, store::Store},
        statement::{self, idempotency::Claim},
    },
    id::KeyId,
    proto::{
        auth::{ApiKey, IssueKeyRequest, IssuedKey, RotateKeyRequest},
        event::EventKind,
        user::Role,
    },
};

/// What an API key starts with.
pub const PREFIX: &str = "wpk_";

/// The most keys that a user holds at a time: each is counted as a caller of its own.
const MOST_KEYS: u64 = 100;
const DEFAULT_LIFE_S: u64 = 30 * 24 * 3600;
const MAX_LIFE_S: u64 = 365 * 24 * 3600;
/// The longest that a secret holds beside the one after it.
const MAX_OVERLAP_S: u64 = 7 * 24 * 3600;

/// Issues a key for a caller who signed in.
///
/// # Errors
/// A field is wrong, the role is above the caller's, the user holds as many keys as may be, or the store cannot write.
pub async fn issue(
    store: &dyn Store,
    records: &dyn Records,
    caller: &Caller,
    request: &IssueKeyRequest,
    secret: [u8; 32],
    claim: Option<&Claim>,
    origin: &Origin,
) -> Result<IssuedKey, Error> {
    if caller.key.is_some() {
        return Err(Error::Forbidden(
            "an API key cannot issue keys, which would outlive its own end; sign in with a password".into(),
        ));
    }
    if !(1..=64).contains(&request.name.chars().count()) || request.name.chars().any(char::is_control) {
        return Err(Error::field("name", "expected 1 to 64 printable characters"));
    }
    let life = request.expires_in.unwrap_or(DEFAULT_LIFE_S);
    if !(60..=MAX_LIFE_S).contains(&life) {
        return Err(Error::field("expires_in", format!("expected 60 to {MAX_LIFE_S} seconds")));
    }
    if let Some(scope) = &request.scope {
        scope.check()?;
    }
    let role = request.role.unwrap_or(caller.role);
    if role > caller.role {
        return Err(Error::Forbidden(format!(
            "the role {} cannot issue a key of a higher one",
            caller.role.as_str()
        )));
    }
    let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret));
    let key = ApiKey {
        id: KeyId::generate(),
        name: request.name.clone(),
        username: caller.username.clone(),
        role,
        created_at: origin.now,
        expires_at: origin.now + SignedDuration::from_secs(life.cast_signed()),
        scope: request.scope.clone(),
    };
    // Who has no session is the server itself, which gives a key to the terminals of its own machine.
    let most = caller.session.map(|_| MOST_KEYS);
    let change = claiming(Change::new(), claim, key.id, origin.now)
        .write(statement::key::issue(&key, caller.user, sha256_hex(text.as_bytes()), most))
        .event(origin.event(EventKind::KeyIssued, json!({ "key": key })))
        .audit(origin.done(
            "key.issue",
            format!("key/{}", key.id),
            json!({ "name": key.name, "role": role, "scope": key.scope }),
        ));
    match store.commit(change).await {
        Ok(_) => Ok(IssuedKey { secret: text, key }),
        Err(error) if error.is_conflict_of("idempotency.claim") => {
            Err(shown_once(records, claim, "API key").await)
        }
        Err(error) if error.is_conflict_of("key.issue") => {
            let detail = format!(
                "you hold {MOST_KEYS} API keys, which is the most; revoke one that is not needed (worpen tokens revoke)"
            );
            Err(Error::Conflict { code: "too_many_keys", detail })
        }
        Err(error) => Err(error.into()),
    }
}

/// Gives a key of one's own another secret. The one before ends at once, or after an overlap.
///
/// # Errors
/// A field is wrong, the caller did not sign in or has no such key, it was revoked or has expired, or the store cannot write.
pub async fn rotate(
    store: &dyn Store,
    records: &dyn Records,
    caller: &Caller,
    request: &RotateKeyRequest,
    secret: [u8; 32],
    origin: &Origin,
) -> Result<IssuedKey, Error> {
    if caller.key.is_some() {
        return Err(Error::Forbidden(
            "an API key cannot give keys other secrets, or a thief could take one over; sign in with a password".into(),
        ));
    }
    let overlap = request.overlap.unwrap_or_default();
    if overlap > MAX_OVERLAP_S {
        return Err(Error::field("overlap", format!("expected 0 to {MAX_OVERLAP_S} seconds")));
    }
    // Whoever has the secret is the key: not even an admin is shown another's.
    let record = records.key(request.id).await?;
    let record = record.filter(|record| record.user == caller.user && record.revoked_at.is_none());
    let Some(record) = record else { return Err(Error::not_found("API key", request.id)) };
    let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret));
    let until = (overlap > 0).then(|| origin.now + SignedDuration::from_secs(overlap.cast_signed()));
    let hash = sha256_hex(text.as_bytes());
    let detail = json!({ "name": record.key.name, "previous_until": until });
    let mut change = Change::new();
    if until.is_none() {
        // It ends a secret that may be stolen.
        change = change.vital();
    }
    let change = change
        .write(statement::key::rotate(request.id, hash, until, origin.now))
        .event(origin.event(EventKind::KeyRotated, json!({ "key": record.key, "previous_until": until })))
        .audit(origin.done("key.rotate", format!("key/{}", request.id), detail));
    match store.commit(change).await {
        Ok(_) => Ok(IssuedKey { secret: text, key: record.key }),
        Err(error) if error.is_conflict_of("key.rotate") => Err(Error::not_found("API key", request.id)),
        Err(error) => Err(error.into()),
    }
}

/// Revokes a key: one's own, or as an admin anybody's.
///
/// # Errors
/// There is no such key for this caller, it is revoked already, or the store cannot write.
pub async fn revoke(
    store: &dyn Store,
    records: &dyn Records,
    caller: &Caller,
    id: KeyId,
    origin: &Origin,
) -> Result<(), Error> {
    let record = records.key(id).await?.filter(|record| record.revoked_at.is_none());
    let record = record.filter(|record| {
        (record.user == caller.user || caller.role == Role::Admin) && caller.role >= record.key.role
    });
    let Some(record) = record else { return Err(Error::not_found("API key", id)) };
    let change = Change::new()
        .vital()
        .write(statement::key::revoke(id, origin.now))
        .event(origin.event(EventKind::KeyRevoked, json!({ "key": record.key })))
        .audit(origin.done("key.revoke", format!("key/{id}"), json!({ "name": record.key.name })));
    store.commit(change).await?;
    Ok(())
}

/// Recognizes the holder of a key, and until when it holds unless it is revoked; `None` when it is unknown, revoked or
/// expired.
///
/// # Errors
/// The store cannot serve.
pub async fn recognize(
    records: &dyn Records,
    secret: &str,
    now: Timestamp,
) -> Result<Option<(Caller, Timestamp)>, Error> {
    let Some(record) = records.key_by_hash(&sha256_hex(secret.as_bytes())).await? else { return Ok(None) };
    if record.revoked_at.is_some() || record.user_disabled_at.is_some() || record.holds_until <= now {
        return Ok(None);
    }
    let until = record.holds_until;
    let caller = Caller {
        user: record.user,
        username: record.key.username.clone(),
        role: record.key.role.min(record.user_role),
        key: Some(record.key),
        session: None,
    };
    Ok(Some((caller, until)))
}
