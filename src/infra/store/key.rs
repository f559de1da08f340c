//! API keys, read.

use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::row::{Columns, all, one, rows};
use crate::{
    core::port::{StoreError, records::KeyRecord},
    id::{KeyId, UserId},
    proto::auth::ApiKey,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT api_keys.id, api_keys.name, users.username, api_keys.role, api_keys.created_at,
                api_keys.expires_at, api_keys.scope, api_keys.user_id, users.role AS user_role, users.disabled_at AS user_disabled_at, api_keys.revoked_at,
                api_keys.previous_until
            FROM api_keys JOIN users ON users.id = api_keys.user_id ",
            $rest
        )
    };
}

pub(super) fn by_hash(connection: &Connection, hash: &str) -> Result<Option<KeyRecord>, StoreError> {
    let found = one(connection, "api_keys", select!("WHERE api_keys.secret_hash = ?1"), [hash], record)?;
    if found.is_some() {
        return Ok(found);
    }
    // The secret before the present one holds for a while.
    let sql = select!("WHERE api_keys.previous_hash = ?1");
    one(connection, "api_keys", sql, [hash], |row| {
        let record = record(row)?;
        let until: Timestamp = row.next()?;
        Ok(KeyRecord { holds_until: record.holds_until.min(until), ..record })
    })
}

pub(super) fn by_id(connection: &Connection, id: KeyId) -> Result<Option<KeyRecord>, StoreError> {
    one(connection, "api_keys", select!("WHERE api_keys.id = ?1"), [id.to_string()], record)
}

pub(super) fn list(
    connection: &Connection,
    user: Option<UserId>,
    after: Option<KeyId>,
    limit: usize,
) -> Result<Vec<ApiKey>, StoreError> {
    let sql = select!(
        "WHERE api_keys.revoked_at IS NULL AND (:user IS NULL OR api_keys.user_id = :user)
            AND api_keys.id > coalesce(:after, '')
        ORDER BY api_keys.id LIMIT :limit"
    );
    let values = named_params! {
        ":user": user.map(|id| id.to_string()),
        ":after": after.map(|id| id.to_string()),
        ":limit": rows(limit),
    };
    all(connection, "api_keys", sql, values, key)
}

fn key(row: &mut Columns<'_>) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        id: row.next()?,
        name: row.next()?,
        username: row.next()?,
        role: row.word()?,
        created_at: row.next()?,
        expires_at: row.next()?,
        scope: row.json_or_null()?,
    })
}

fn record(row: &mut Columns<'_>) -> Result<KeyRecord, StoreError> {
    let key = key(row)?;
    Ok(KeyRecord {
        holds_until: key.expires_at,
        key,
        user: row.next()?,
        user_role: row.word()?,
        user_disabled_at: row.next()?,
        revoked_at: row.next()?,
    })
}
