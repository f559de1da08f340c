//! The audit chain, read.

use rusqlite::Connection;

use super::row::{all, rows};
use crate::core::{audit::ChainedEntry, port::StoreError};

pub(super) fn after(
    connection: &Connection,
    after: u64,
    limit: usize,
) -> Result<Vec<ChainedEntry>, StoreError> {
    let sql = "SELECT server, number, entry, previous, hash FROM audit
        WHERE number > ?1 ORDER BY number LIMIT ?2";
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    all(connection, "audit", sql, [after, rows(limit)], |row| {
        Ok(ChainedEntry {
            server: row.next()?,
            number: row.next()?,
            entry: row.json()?,
            previous: row.next()?,
            hash: row.next()?,
        })
    })
}
