//! What holds of a caller at the moment of a write: between the look at its credentials and the commit they may have been
//! revoked.

use super::{Statement, Value, found};
use crate::{core::access::Caller, id::UserId, proto::user::Role};

/// The name of [`stands`].
pub const STANDS: &str = "caller.stands";

/// Requires that what a caller showed holds still, and allows as much as it did.
#[must_use]
pub fn stands(caller: &Caller) -> Statement {
    let enough = Role::ALL.iter().filter(|role| **role >= caller.role).map(|role| role.as_str());
    let enough = enough.collect::<Vec<_>>().join(" ");
    found(
        STANDS,
        "SELECT 1 FROM users WHERE id = ?1 AND disabled_at IS NULL AND ?2 LIKE '%' || role || '%'
             AND (?3 IS NULL OR EXISTS (SELECT 1 FROM sessions WHERE id = ?3 AND ended_at IS NULL))
             AND (?4 IS NULL OR EXISTS (SELECT 1 FROM api_keys WHERE id = ?4 AND revoked_at IS NULL))",
        vec![
            caller.user.to_string().into(),
            enough.into(),
            caller.session.map(|id| id.to_string()).into(),
            caller.key.as_ref().map_or(Value::Null, |key| key.id.to_string().into()),
        ],
    )
}

/// Requires that a user is not disabled and has the password that was looked at.
#[must_use]
pub fn signs_in(user: UserId, password_hash: String) -> Statement {
    found(
        "caller.signs_in",
        "SELECT 1 FROM users WHERE id = ?1 AND disabled_at IS NULL AND password_hash = ?2",
        vec![user.to_string().into(), password_hash.into()],
    )
}
