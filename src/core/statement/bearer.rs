//! Writes of the tokens that plain agents prove themselves by.

use jiff::Timestamp;

use super::{Statement, any, one};
use crate::id::AgentId;

/// Gives an agent the token with this hash; it has no other.
#[must_use]
pub fn give(agent: AgentId, token_hash: String, now: Timestamp) -> Statement {
    one(
        "bearer.give",
        "INSERT INTO bearers (agent, token_hash, created_at) VALUES (?1, ?2, ?3)",
        vec![agent.to_string().into(), token_hash.into(), now.into()],
    )
}

/// Forgets the token of a removed agent, if it had one.
#[must_use]
pub fn forget(agent: AgentId) -> Statement {
    any("bearer.forget", "DELETE FROM bearers WHERE agent = ?1", vec![agent.to_string().into()])
}
