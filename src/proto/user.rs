//! The people and service accounts that sign in.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    endpoint::endpoints,
    example,
    page::{Page, PageRequest},
};
use crate::id::UserId;

endpoints! {
    /// Lists the users.
    ListUsers: GET "/api/v1/users", Admin, PageRequest => Page<User>;
    /// Creates a user.
    CreateUser: POST "/api/v1/users", Admin, CreateUserRequest => User {
        SUCCESS: &'static [u16] = &[201];
        REFUSALS: &'static [u16] = &[409];
        KEYED: bool = true;
    };
}

/// What a caller may do; each role may do what the roles before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Acts on nodes and containers.
    Operator,
    /// Admits agents and callers.
    Admin,
}

impl Role {
    /// The role as the wire spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// A user without the password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::user())]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// The name to sign in with.
    pub username: String,
    /// What the user may do.
    pub role: Role,
    /// When the user was made.
    pub created_at: Timestamp,
}

/// Asks for a new user.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::create_user())]
pub struct CreateUserRequest {
    /// The name to sign in with: 1 to 64 of `a-z 0-9 . _ -`.
    #[schemars(regex(pattern = r"^[a-z0-9._-]{1,64}$"))]
    pub username: String,
    /// The password, 12 to 1,024 characters.
    #[schemars(length(min = 12, max = 1024))]
    pub password: String,
    /// What the user may do.
    pub role: Role,
}
