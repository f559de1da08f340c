//! Plans, read.

use jiff::Timestamp;
use rusqlite::Connection;

use super::{execution::principal, row::one};
use crate::{
    core::port::{StoreError, records::PlanRecord},
    id::PlanId,
    proto::plan::Plan,
};

pub(super) fn by_id(connection: &Connection, id: PlanId) -> Result<Option<PlanRecord>, StoreError> {
    let sql =
        "SELECT id, request, targets, actor, created_at, expires_at, applied_at, sealed, by_user, by_key
        FROM plans WHERE id = ?1";
    one(connection, "plans", sql, [id.to_string()], |row| {
        let plan = Plan {
            id: row.next()?,
            request: row.json()?,
            targets: row.json()?,
            actor: row.next()?,
            created_at: row.next()?,
            expires_at: row.next()?,
            applied_at: row.next()?,
        };
        Ok(PlanRecord { plan, sealed: row.next()?, by: principal(row)? })
    })
}

/// When the first plan expires, or did.
pub(super) fn first_expiry(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT min(expires_at) AS expires_at FROM plans";
    one(connection, "plans", sql, [], |row| row.next::<Option<Timestamp>>()).map(Option::flatten)
}
