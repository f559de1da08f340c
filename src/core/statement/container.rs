//! Writes of containers.

use super::{Statement, any, stored};
use crate::{id::AgentId, proto::container::ContainerFacts};

/// Puts what an engine says of a container in place of what was known.
#[must_use]
pub fn put(agent: AgentId, facts: &ContainerFacts) -> Statement {
    any(
        "container.put",
        "INSERT INTO containers (agent, id, facts) VALUES (?1, ?2, ?3)
         ON CONFLICT (agent, id) DO UPDATE SET facts = excluded.facts",
        vec![agent.to_string().into(), facts.id.clone().into(), stored(facts)],
    )
}

/// Forgets a container.
#[must_use]
pub fn remove(agent: AgentId, id: &str) -> Statement {
    any(
        "container.remove",
        "DELETE FROM containers WHERE agent = ?1 AND id = ?2",
        vec![agent.to_string().into(), id.to_owned().into()],
    )
}
