//! Writes of API keys.

use jiff::Timestamp;

use super::{Statement, Value, any, one, stored};
use crate::{
    id::{KeyId, UserId},
    proto::auth::ApiKey,
};

/// Issues a key; `key.issue` conflicts when the user holds so many already, if told.
#[must_use]
pub fn issue(key: &ApiKey, user: UserId, secret_hash: String, most: Option<u64>) -> Statement {
    one(
        "key.issue",
        "INSERT INTO api_keys (id, user_id, name, role, secret_hash, created_at, expires_at, scope)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE ?9 IS NULL OR ?9 > (
             SELECT count(*) FROM api_keys WHERE user_id = ?2 AND revoked_at IS NULL AND expires_at > ?6)",
        vec![
            key.id.to_string().into(),
            user.to_string().into(),
            key.name.clone().into(),
            stored(&key.role),
            secret_hash.into(),
            key.created_at.into(),
            key.expires_at.into(),
            key.scope.as_ref().map_or(Value::Null, stored),
            most.into(),
        ],
    )
}

/// Revokes a key; `key.revoke` conflicts when it already is.
#[must_use]
pub fn revoke(id: KeyId, now: Timestamp) -> Statement {
    one(
        "key.revoke",
        "UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
        vec![id.to_string().into(), now.into()],
    )
}

/// Revokes every key of everybody.
#[must_use]
pub fn revoke_every(now: Timestamp) -> Statement {
    any("key.revoke_every", "UPDATE api_keys SET revoked_at = ?1 WHERE revoked_at IS NULL", vec![now.into()])
}

/// Revokes every key of a user, but one.
#[must_use]
pub fn revoke_all(user: UserId, but: Option<KeyId>, now: Timestamp) -> Statement {
    any(
        "key.revoke_all",
        "UPDATE api_keys SET revoked_at = ?2 WHERE user_id = ?1 AND revoked_at IS NULL AND id <> coalesce(?3, '')",
        vec![user.to_string().into(), now.into(), but.map(|id| id.to_string()).into()],
    )
}

/// Gives a key another secret, and lets the one before hold until a moment, if told; `key.rotate` conflicts when it is revoked
/// or has expired.
#[must_use]
pub fn rotate(id: KeyId, secret_hash: String, until: Option<Timestamp>, now: Timestamp) -> Statement {
    one(
        "key.rotate",
        "UPDATE api_keys SET previous_hash = CASE WHEN ?3 IS NULL THEN NULL ELSE secret_hash END, previous_until = ?3,
             secret_hash = ?2
         WHERE id = ?1 AND revoked_at IS NULL AND expires_at > ?4",
        vec![id.to_string().into(), secret_hash.into(), until.into(), now.into()],
    )
}
