//! Users, read.

use rusqlite::{Connection, named_params};

use super::row::{Columns, all, one, rows};
use crate::{
    core::port::{StoreError, records::UserRecord},
    id::UserId,
    proto::user::User,
};

pub(super) fn by_name(connection: &Connection, username: &str) -> Result<Option<UserRecord>, StoreError> {
    let sql =
        "SELECT id, username, role, created_at, disabled_at, password_hash FROM users WHERE username = ?1";
    one(connection, "users", sql, [username], record)
}

pub(super) fn by_id(connection: &Connection, id: UserId) -> Result<Option<UserRecord>, StoreError> {
    let sql = "SELECT id, username, role, created_at, disabled_at, password_hash FROM users WHERE id = ?1";
    one(connection, "users", sql, [id.to_string()], record)
}

pub(super) fn list(
    connection: &Connection,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<User>, StoreError> {
    let sql = "SELECT id, username, role, created_at, disabled_at FROM users
        WHERE username > coalesce(:after, '') ORDER BY username LIMIT :limit";
    all(connection, "users", sql, named_params! {":after": after, ":limit": rows(limit)}, user)
}

/// Whether the first admin was made, ever.
pub(super) fn had_first_admin(connection: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) AS n FROM settings WHERE name = 'first_admin'";
    Ok(one(connection, "settings", sql, [], |row| row.next::<u64>())?.is_some_and(|made| made > 0))
}

fn user(row: &mut Columns<'_>) -> Result<User, StoreError> {
    Ok(User {
        id: row.next()?,
        username: row.next()?,
        role: row.word()?,
        created_at: row.next()?,
        disabled_at: row.next()?,
    })
}

fn record(row: &mut Columns<'_>) -> Result<UserRecord, StoreError> {
    Ok(UserRecord { user: user(row)?, password_hash: row.next()? })
}
