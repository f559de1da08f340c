//! Writes of agents.

use jiff::Timestamp;

use super::{Statement, Value, any, one, stored};
use crate::{
    id::AgentId,
    proto::agent::{Agent, AgentStatus, ContainerEngine},
};

/// Creates an agent that has never linked; `agent.create` conflicts when its name is taken.
#[must_use]
pub fn create(agent: &Agent, public_key: String) -> Statement {
    one(
        "agent.create",
        "INSERT INTO agents (id, agent_id, site, status, status_since, capabilities, labels, host, created_at,
             public_key, epoch, offered_epoch, ingested)
         VALUES (?1, ?2, ?3, ?4, ?5, '[]', '{}', '{}', ?6, ?7, 0, 0, 0)
         ON CONFLICT DO NOTHING",
        vec![
            agent.id.to_string().into(),
            agent.agent_id.clone().into(),
            agent.site.clone().into(),
            stored(&agent.status),
            agent.status_since.into(),
            agent.created_at.into(),
            public_key.into(),
        ],
    )
}

/// The epochs of a link: as they were read, and as they become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochStep {
    /// `epoch` and `offered_epoch` as they were read.
    pub from: (u64, u64),
    /// `epoch` and `offered_epoch` as they become.
    pub to: (u64, u64),
}

/// Admits an agent's link, which proved this key; `agent.link` conflicts when another link was admitted, another machine took
/// the agent's place, or the agent's status changed, since they were read.
#[must_use]
pub fn link(agent: &Agent, public_key: &str, from: AgentStatus, step: EpochStep) -> Statement {
    one(
        "agent.link",
        "UPDATE agents SET status = ?2, status_since = ?3, version = ?4, capabilities = ?5, labels = ?6, host = ?7,
             container_engine = ?8, last_seen_at = ?9, address = ?10, epoch = ?11, offered_epoch = ?12, verbs = ?16
         WHERE id = ?1 AND removed_at IS NULL AND epoch = ?13 AND offered_epoch = ?14 AND status = ?15
             AND public_key = ?17",
        vec![
            agent.id.to_string().into(),
            stored(&agent.status),
            agent.status_since.into(),
            agent.version.clone().into(),
            stored(&agent.capabilities),
            stored(&agent.labels),
            stored(&agent.host),
            agent.container_engine.as_ref().map_or(Value::Null, stored),
            agent.last_seen_at.into(),
            agent.address.clone().into(),
            step.to.0.into(),
            step.to.1.into(),
            step.from.0.into(),
            step.from.1.into(),
            stored(&from),
            stored(&agent.site_verbs),
            public_key.to_owned().into(),
        ],
    )
}

/// Sets how an agent stands; `agent.set_status` conflicts when it no longer stands as `agent.status` was read.
#[must_use]
pub fn set_status(agent: &Agent, from: AgentStatus) -> Statement {
    one(
        "agent.set_status",
        "UPDATE agents SET status = ?2, status_since = ?3, last_seen_at = ?4
         WHERE id = ?1 AND status = ?5 AND removed_at IS NULL",
        vec![
            agent.id.to_string().into(),
            stored(&agent.status),
            agent.status_since.into(),
            agent.last_seen_at.into(),
            stored(&from),
        ],
    )
}

/// Excludes an agent, which stands QUARANTINED or REVOKED from now on. How it stood before does not matter: who makes its link
/// come and go must not be able to fend this off. With a key it is done only while that is the agent's. `agent.exclude`
/// conflicts when the agent is excluded so already, revoked or removed, or has another key.
#[must_use]
pub fn exclude(agent: &Agent, public_key: Option<&str>) -> Statement {
    one(
        "agent.exclude",
        "UPDATE agents SET status = ?2, status_since = ?3, last_seen_at = ?4
         WHERE id = ?1 AND removed_at IS NULL AND status NOT IN (?2, 'REVOKED') AND public_key = coalesce(?5, public_key)",
        vec![
            agent.id.to_string().into(),
            stored(&agent.status),
            agent.status_since.into(),
            agent.last_seen_at.into(),
            public_key.map(str::to_owned).into(),
        ],
    )
}

/// Gives an agent's place to another machine, whose key proves it from now on, however the agent stands; `agent.replace`
/// conflicts when it is revoked or removed. Its epochs and sequences go on, so that nothing of the machine before can come
/// again.
#[must_use]
pub fn replace(agent: &Agent, public_key: String) -> Statement {
    one(
        "agent.replace",
        "UPDATE agents SET status = ?2, status_since = ?3, public_key = ?4,
             epoch = CASE WHEN offered_epoch > epoch THEN offered_epoch ELSE epoch END,
             offered_epoch = CASE WHEN offered_epoch > epoch THEN offered_epoch ELSE epoch END
         WHERE id = ?1 AND status <> 'REVOKED' AND removed_at IS NULL",
        vec![
            agent.id.to_string().into(),
            stored(&agent.status),
            agent.status_since.into(),
            public_key.into(),
        ],
    )
}

/// Sets a node's container engine; `agent.set_engine` conflicts when the agent no longer stands as it was read.
#[must_use]
pub fn set_engine(id: AgentId, from: AgentStatus, engine: Option<&ContainerEngine>) -> Statement {
    one(
        "agent.set_engine",
        "UPDATE agents SET container_engine = ?2 WHERE id = ?1 AND removed_at IS NULL AND status = ?3",
        vec![id.to_string().into(), engine.map_or(Value::Null, stored), stored(&from)],
    )
}

/// Notes a frame as ingested; `agent.ingest` conflicts when it already was, or when the agent is removed.
#[must_use]
pub fn ingest(id: AgentId, sequence: u64) -> Statement {
    one(
        "agent.ingest",
        "UPDATE agents SET ingested = ?2 WHERE id = ?1 AND ingested < ?2 AND removed_at IS NULL",
        vec![id.to_string().into(), sequence.into()],
    )
}

/// Removes an agent; its row stays, so that its id is never used again.
#[must_use]
pub fn remove(id: AgentId, now: Timestamp) -> Statement {
    one(
        "agent.remove",
        "UPDATE agents SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL",
        vec![id.to_string().into(), now.into()],
    )
}

/// Forgets the containers of a removed agent.
#[must_use]
pub fn forget_containers(id: AgentId) -> Statement {
    any("agent.forget_containers", "DELETE FROM containers WHERE agent = ?1", vec![id.to_string().into()])
}

/// Forgets the images of a removed agent.
#[must_use]
pub fn forget_images(id: AgentId) -> Statement {
    any("agent.forget_images", "DELETE FROM images WHERE agent = ?1", vec![id.to_string().into()])
}
