//! Sessions, read.

use rusqlite::Connection;

use super::row::one;
use crate::{
    core::port::{StoreError, records::SessionRecord},
    id::SessionId,
};

pub(super) fn by_id(connection: &Connection, id: SessionId) -> Result<Option<SessionRecord>, StoreError> {
    let sql = "SELECT id, user_id, expires_at, ended_at FROM sessions WHERE id = ?1";
    one(connection, "sessions", sql, [id.to_string()], |row| {
        Ok(SessionRecord {
            id: row.next()?,
            user: row.next()?,
            expires_at: row.next()?,
            ended_at: row.next()?,
        })
    })
}
