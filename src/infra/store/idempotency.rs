//! Claims of idempotency keys, read.

use jiff::Timestamp;
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

pub(super) fn oldest(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT min(created_at) AS created_at FROM idempotency";
    one(connection, "idempotency", sql, [], |row| row.next::<Option<Timestamp>>()).map(Option::flatten)
}
