//! Images, read.

use rusqlite::Connection;

use super::row::all;
use crate::{core::port::StoreError, proto::image::Image};

pub(super) fn list(connection: &Connection) -> Result<Vec<Image>, StoreError> {
    let sql = "SELECT facts, agent_id AS node, agent
        FROM images JOIN agents ON agents.id = images.agent AND removed_at IS NULL
        ORDER BY agent, images.id";
    all(connection, "images", sql, [], |row| {
        Ok(Image { facts: row.json()?, node: row.next()?, agent: row.next()?, stale_since: None })
    })
}
