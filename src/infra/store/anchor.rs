//! What the fleet trusts, read.

use rusqlite::Connection;

use super::row::all;
use crate::core::{port::StoreError, trust::Anchor};

pub(super) fn list(connection: &Connection) -> Result<Vec<Anchor>, StoreError> {
    let sql = "SELECT id, kind, state, material, endorsement, revision, created_at, since, audit_until
        FROM anchors ORDER BY created_at";
    all(connection, "anchors", sql, [], |row| {
        Ok(Anchor {
            id: row.next()?,
            kind: row.word()?,
            state: row.word()?,
            material: row.next()?,
            endorsement: row.next()?,
            revision: row.next()?,
            created_at: row.next()?,
            since: row.next()?,
            audit_until: row.next()?,
        })
    })
}
