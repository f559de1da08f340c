//! Writes of invitations.

use jiff::Timestamp;

use super::{Statement, any, one};
use crate::{
    core::port::records::InvitationRecord,
    id::{AgentId, InvitationId},
};

/// Makes an invitation.
#[must_use]
pub fn create(invitation: &InvitationRecord, now: Timestamp) -> Statement {
    one(
        "invitation.create",
        "INSERT INTO invitations (id, name, site, secret_hash, created_at, expires_at, replaces)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        vec![
            invitation.id.to_string().into(),
            invitation.name.clone().into(),
            invitation.site.clone().into(),
            invitation.secret_hash.clone().into(),
            now.into(),
            invitation.expires_at.into(),
            invitation.replaces.map(|agent| agent.to_string()).into(),
        ],
    )
}

/// Spends an invitation; `invitation.spend` conflicts when it is spent or expired: of many that try at once, one
/// touches the row.
#[must_use]
pub fn spend(id: InvitationId, agent: AgentId, now: Timestamp) -> Statement {
    one(
        "invitation.spend",
        "UPDATE invitations SET used_at = ?3, used_by = ?2
         WHERE id = ?1 AND used_at IS NULL AND expires_at > ?3",
        vec![id.to_string().into(), agent.to_string().into(), now.into()],
    )
}

/// Voids every invitation that was not spent.
#[must_use]
pub fn void(now: Timestamp) -> Statement {
    any(
        "invitation.void",
        "UPDATE invitations SET expires_at = ?1 WHERE used_at IS NULL AND expires_at > ?1",
        vec![now.into()],
    )
}
