//! Writes of users.

use jiff::Timestamp;

use super::{Statement, one, stored};
use crate::{
    id::UserId,
    proto::user::{Role, User},
};

/// Creates a user; `user.create` conflicts when the name is taken.
#[must_use]
pub fn create(user: &User, password_hash: String) -> Statement {
    one(
        "user.create",
        "INSERT INTO users (id, username, role, password_hash, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
        vec![
            user.id.to_string().into(),
            user.username.clone().into(),
            stored(&user.role),
            password_hash.into(),
            user.created_at.into(),
        ],
    )
}

/// Disables a user; `user.disable` conflicts when it is disabled, or is the last admin who is not.
#[must_use]
pub fn disable(id: UserId, now: Timestamp) -> Statement {
    one(
        "user.disable",
        "UPDATE users SET disabled_at = ?2 WHERE id = ?1 AND disabled_at IS NULL AND (role <> 'admin' OR EXISTS (
             SELECT 1 FROM users AS other WHERE other.id <> ?1 AND other.role = 'admin' AND other.disabled_at IS NULL))",
        vec![id.to_string().into(), now.into()],
    )
}

/// Enables a user; `user.enable` conflicts when it is not disabled.
#[must_use]
pub fn enable(id: UserId) -> Statement {
    one(
        "user.enable",
        "UPDATE users SET disabled_at = NULL WHERE id = ?1 AND disabled_at IS NOT NULL",
        vec![id.to_string().into()],
    )
}

/// Gives a user another role; `user.set_role` conflicts when no admin who is not disabled would be left.
#[must_use]
pub fn set_role(id: UserId, role: Role) -> Statement {
    one(
        "user.set_role",
        "UPDATE users SET role = ?2 WHERE id = ?1 AND (?2 = 'admin' OR role <> 'admin' OR EXISTS (
             SELECT 1 FROM users AS other WHERE other.id <> ?1 AND other.role = 'admin' AND other.disabled_at IS NULL))",
        vec![id.to_string().into(), stored(&role)],
    )
}

/// Sets a user's password, if it is still the one that was looked at; `user.set_password` conflicts when it is not.
#[must_use]
pub fn set_password(id: UserId, before: String, hash: String) -> Statement {
    one(
        "user.set_password",
        "UPDATE users SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2",
        vec![id.to_string().into(), before.into(), hash.into()],
    )
}
