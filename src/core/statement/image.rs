//! Writes of images.

use super::{Statement, any, stored};
use crate::{id::AgentId, proto::image::ImageFacts};

/// Puts what an engine says of an image in place of what was known.
#[must_use]
pub fn put(agent: AgentId, facts: &ImageFacts) -> Statement {
    any(
        "image.put",
        "INSERT INTO images (agent, id, facts) VALUES (?1, ?2, ?3)
         ON CONFLICT (agent, id) DO UPDATE SET facts = excluded.facts",
        vec![agent.to_string().into(), facts.id.to_string().into(), stored(facts)],
    )
}

/// Forgets an image.
#[must_use]
pub fn remove(agent: AgentId, id: &str) -> Statement {
    any(
        "image.remove",
        "DELETE FROM images WHERE agent = ?1 AND id = ?2",
        vec![agent.to_string().into(), id.to_owned().into()],
    )
}
