//! Writes of what agents hold.

use super::{Statement, any, one};
use crate::{core::port::keys::Issued, id::AgentId};

/// Notes the certificate that was made for an agent; one that was made before and never used holds no more.
#[must_use]
pub fn offer(agent: AgentId, issued: &Issued) -> Statement {
    one(
        "credential.offer",
        "INSERT INTO credentials (agent, offered_serial, offered_authority, offered_not_after) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (agent) DO UPDATE SET offered_serial = ?2, offered_authority = ?3, offered_not_after = ?4",
        vec![
            agent.to_string().into(),
            issued.serial.clone().into(),
            issued.authority.clone().into(),
            issued.not_after.into(),
        ],
    )
}

/// Notes that an agent uses the certificate that was made for it last; the one before holds no more.
/// `credential.promote` conflicts when another was made since.
#[must_use]
pub fn promote(agent: AgentId, serial: String) -> Statement {
    one(
        "credential.promote",
        "UPDATE credentials SET serial = offered_serial, authority = offered_authority, not_after = offered_not_after,
             offered_serial = NULL, offered_authority = NULL, offered_not_after = NULL
         WHERE agent = ?1 AND offered_serial = ?2",
        vec![agent.to_string().into(), serial.into()],
    )
}

/// Notes up to which revision an agent follows what is trusted.
#[must_use]
pub fn follow(agent: AgentId, revision: u64) -> Statement {
    one(
        "credential.follow",
        "INSERT INTO credentials (agent, revision) VALUES (?1, ?2) ON CONFLICT (agent) DO UPDATE SET revision = ?2",
        vec![agent.to_string().into(), revision.into()],
    )
}

/// Lets no certificate of an agent in any more, if it has one.
#[must_use]
pub fn forget(agent: AgentId) -> Statement {
    any("credential.forget", "DELETE FROM credentials WHERE agent = ?1", vec![agent.to_string().into()])
}
