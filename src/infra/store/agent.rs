//! Agents, read.

use rusqlite::Connection;

use super::row::{Columns, all, one};
use crate::{
    core::port::{StoreError, records::AgentLinkRecord},
    id::AgentId,
    proto::agent::Agent,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, agent_id, site, status, status_since, version, capabilities, verbs, labels, host,
                container_engine, created_at, last_seen_at, address,
                public_key, epoch, offered_epoch, ingested, removed_at
            FROM agents ",
            $rest
        )
    };
}

pub(super) fn list(connection: &Connection) -> Result<Vec<Agent>, StoreError> {
    all(connection, "agents", select!("WHERE removed_at IS NULL ORDER BY agent_id"), [], agent)
}

pub(super) fn link(connection: &Connection, id: AgentId) -> Result<Option<AgentLinkRecord>, StoreError> {
    one(connection, "agents", select!("WHERE id = ?1"), [id.to_string()], record)
}

/// The agent that last had a name: ids rise with time.
pub(super) fn link_by_name(
    connection: &Connection,
    name: &str,
) -> Result<Option<AgentLinkRecord>, StoreError> {
    let sql = select!("WHERE agent_id = ?1 ORDER BY removed_at IS NULL DESC, id DESC LIMIT 1");
    one(connection, "agents", sql, [name], record)
}

/// The plain agent whose token has this hash.
pub(super) fn link_by_bearer(
    connection: &Connection,
    token_hash: &str,
) -> Result<Option<AgentLinkRecord>, StoreError> {
    let sql = select!("WHERE id = (SELECT agent FROM bearers WHERE token_hash = ?1)");
    one(connection, "agents", sql, [token_hash], record)
}

fn record(row: &mut Columns<'_>) -> Result<AgentLinkRecord, StoreError> {
    Ok(AgentLinkRecord {
        agent: agent(row)?,
        public_key: row.next()?,
        epoch: row.next()?,
        offered_epoch: row.next()?,
        ingested: row.next()?,
        removed_at: row.next()?,
    })
}

fn agent(row: &mut Columns<'_>) -> Result<Agent, StoreError> {
    Ok(Agent {
        id: row.next()?,
        agent_id: row.next()?,
        site: row.next()?,
        status: row.word()?,
        status_since: row.next()?,
        version: row.next()?,
        capabilities: row.json()?,
        site_verbs: row.json()?,
        labels: row.json()?,
        host: row.json()?,
        container_engine: row.json_or_null()?,
        created_at: row.next()?,
        last_seen_at: row.next()?,
        address: row.next()?,
    })
}
