//! Writes of users.

use super::{Statement, one, stored};
use crate::proto::user::User;

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
