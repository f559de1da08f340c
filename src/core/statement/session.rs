//! Writes of sessions.

use jiff::Timestamp;

use super::{Statement, any, one};
use crate::{
    core::port::records::SessionRecord,
    id::{SessionId, UserId},
};

/// Begins a session.
#[must_use]
pub fn begin(session: &SessionRecord, now: Timestamp) -> Statement {
    one(
        "session.begin",
        "INSERT INTO sessions (id, user_id, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)",
        vec![
            session.id.to_string().into(),
            session.user.to_string().into(),
            now.into(),
            session.expires_at.into(),
        ],
    )
}

/// Ends a session; `session.end` conflicts when it has ended.
#[must_use]
pub fn end(id: SessionId, now: Timestamp) -> Statement {
    one(
        "session.end",
        "UPDATE sessions SET ended_at = ?2 WHERE id = ?1 AND ended_at IS NULL",
        vec![id.to_string().into(), now.into()],
    )
}

/// Ends every session of a user, but one.
#[must_use]
pub fn end_all(user: UserId, but: Option<SessionId>, now: Timestamp) -> Statement {
    any(
        "session.end_all",
        "UPDATE sessions SET ended_at = ?2 WHERE user_id = ?1 AND ended_at IS NULL AND id <> coalesce(?3, '')",
        vec![user.to_string().into(), now.into(), but.map(|id| id.to_string()).into()],
    )
}

/// Forgets the sessions that expired before a moment.
#[must_use]
pub fn forget(before: Timestamp) -> Statement {
    any("session.forget", "DELETE FROM sessions WHERE expires_at < ?1", vec![before.into()])
}
