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

/// Admits an agent's link; `agent.link` conflicts when another link was admitted, or the agent's status changed, since
/// they were read.
#[must_use]
pub fn link(agent: &Agent, from: AgentStatus, step: EpochStep) -> Statement {
    one(
        "agent.link",
        "UPDATE agents SET status = ?2, status_since = ?3, version = ?4, capabilities = ?5, labels = ?6, host = ?7,
             container_engine = ?8, last_seen_at = ?9, address = ?10, epoch = ?11, offered_epoch = ?12, verbs = ?16
         WHERE id = ?1 AND removed_at IS NULL AND epoch = ?13 AND offered_epoch = ?14 AND status = ?15",
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

/// Gives an agent's place to another machine, whose key proves it from now on; `agent.replace` conflicts when the agent stands
/// otherwise than it was read. Its epochs and sequences go on, so that nothing of the machine before can come again.
#[must_use]
pub fn replace(agent: &Agent, from: AgentStatus, public_key: String, epoch: u64) -> Statement {
    one(
        "agent.replace",
        "UPDATE agents SET status = ?2, status_since = ?3, public_key = ?4, epoch = ?5, offered_epoch = ?5
         WHERE id = ?1 AND status = ?6 AND removed_at IS NULL",
        vec![
            agent.id.to_string().into(),
            stored(&agent.status),
            agent.status_since.into(),
            public_key.into(),
            epoch.into(),
            stored(&from),
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
