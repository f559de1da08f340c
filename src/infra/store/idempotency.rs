//! Claims of idempotency keys, read.

use rusqlite::Connection;

use super::row::one;
use crate::core::port::{StoreError, records::IdempotencyRecord};

pub(super) fn find(
    connection: &Connection,
    caller: &str,
    endpoint: &str,
    key: &str,
) -> Result<Option<IdempotencyRecord>, StoreError> {
    let sql = "SELECT body_hash, resource, created_at FROM idempotency
        WHERE caller = ?1 AND endpoint = ?2 AND key = ?3";
    one(connection, "idempotency", sql, [caller, endpoint, key], |row| {
        Ok(IdempotencyRecord { body_hash: row.next()?, resource: row.next()?, created_at: row.next()? })
    })
}
