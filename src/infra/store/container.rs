//! Containers, read.

use rusqlite::Connection;

use super::row::all;
use crate::{core::port::StoreError, proto::container::Container};

pub(super) fn list(connection: &Connection) -> Result<Vec<Container>, StoreError> {
    let sql = "SELECT facts, agent_id AS node, agent
        FROM containers JOIN agents ON agents.id = containers.agent AND removed_at IS NULL
        ORDER BY agent, containers.id";
    all(connection, "containers", sql, [], |row| {
        Ok(Container { facts: row.json()?, node: row.next()?, agent: row.next()?, stale_since: None })
    })
}
