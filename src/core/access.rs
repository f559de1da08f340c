//! Who is calling, and what they may do (ledger row V1).

use crate::{
    id::UserId,
    proto::{endpoint::Access, user::Role},
};

/// Somebody whose credentials held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// The user's name.
    pub username: String,
    /// What the credentials allow: of the user and the key, the lesser.
    pub role: Role,
    /// The key's name, when an API key was shown.
    pub key: Option<String>,
}

impl Caller {
    /// The caller as events and audit entries name it: `user:NAME` or `key:NAME/KEY`.
    #[must_use]
    pub fn actor(&self) -> String {
        match &self.key {
            Some(key) => format!("key:{}/{key}", self.username),
            None => format!("user:{}", self.username),
        }
    }
}

/// What an access rule says of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Allowed,
    /// Sign in first.
    SignIn,
    /// This role may not.
    Forbidden,
}

/// Judges a caller by an endpoint's rule. Agents prove themselves to their endpoints' own handlers, by a signature or a
/// token, so that their rule lets the connection through and nothing else.
#[must_use]
pub fn judge(access: Access, role: Option<Role>) -> Verdict {
    let needed = match access {
        Access::Anyone | Access::Agent => return Verdict::Allowed,
        Access::Viewer => Role::Viewer,
        Access::Operator => Role::Operator,
        Access::Admin => Role::Admin,
    };
    match role {
        None => Verdict::SignIn,
        Some(role) if role >= needed => Verdict::Allowed,
        Some(_) => Verdict::Forbidden,
    }
}
