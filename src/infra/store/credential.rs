//! What agents hold, read.

use rusqlite::Connection;

use super::row::{Columns, all, one};
use crate::{
    core::port::{
        StoreError,
        records::{Credential, CredentialRecord},
    },
    id::AgentId,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT serial, authority, not_after, offered_serial, offered_authority, offered_not_after, revision
             FROM credentials ",
            $rest
        )
    };
}

/// What one agent holds.
pub(super) fn of(connection: &Connection, agent: AgentId) -> Result<Option<CredentialRecord>, StoreError> {
    one(connection, "credentials", select!("WHERE agent = ?1"), [agent.to_string()], record)
}

/// What all agents hold that follow: ours, neither removed nor revoked.
pub(super) fn list(connection: &Connection) -> Result<Vec<CredentialRecord>, StoreError> {
    let sql = "SELECT c.serial, c.authority, c.not_after, c.offered_serial, c.offered_authority, c.offered_not_after,
                   coalesce(c.revision, 0)
               FROM agents a LEFT JOIN credentials c ON c.agent = a.id
               WHERE a.removed_at IS NULL AND a.status <> 'REVOKED' AND a.public_key <> ''";
    all(connection, "credentials", sql, [], record)
}

fn record(row: &mut Columns<'_>) -> Result<CredentialRecord, StoreError> {
    Ok(CredentialRecord { used: credential(row)?, offered: credential(row)?, revision: row.next()? })
}

fn credential(row: &mut Columns<'_>) -> Result<Option<Credential>, StoreError> {
    let (serial, authority, not_after) = (row.next()?, row.next()?, row.next()?);
    Ok(match (serial, authority, not_after) {
        (Some(serial), Some(authority), Some(not_after)) => Some(Credential { serial, authority, not_after }),
        _ => None,
    })
}
