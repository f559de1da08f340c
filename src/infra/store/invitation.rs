//! Invitations, read.

use rusqlite::Connection;

use super::row::one;
use crate::{
    core::port::{StoreError, records::InvitationRecord},
    id::InvitationId,
};

pub(super) fn by_id(
    connection: &Connection,
    id: InvitationId,
) -> Result<Option<InvitationRecord>, StoreError> {
    let sql =
        "SELECT id, name, site, secret_hash, expires_at, used_by, replaces FROM invitations WHERE id = ?1";
    one(connection, "invitations", sql, [id.to_string()], |row| {
        Ok(InvitationRecord {
            id: row.next()?,
            name: row.next()?,
            site: row.next()?,
            secret_hash: row.next()?,
            expires_at: row.next()?,
            used_by: row.next()?,
            replaces: row.next()?,
        })
    })
}
