//! Writes of API keys.

use jiff::Timestamp;

use super::{Statement, one, stored};
use crate::{
    id::{KeyId, UserId},
    proto::auth::ApiKey,
};

/// Issues a key.
#[must_use]
pub fn issue(key: &ApiKey, user: UserId, secret_hash: String) -> Statement {
    one(
        "key.issue",
        "INSERT INTO api_keys (id, user_id, name, role, secret_hash, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        vec![
            key.id.to_string().into(),
            user.to_string().into(),
            key.name.clone().into(),
            stored(&key.role),
            secret_hash.into(),
            key.created_at.into(),
            key.expires_at.into(),
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
