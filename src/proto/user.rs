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
    /// Lets a user sign in no more, and ends every session and API key of it. The last admin stays.
    DisableUser: POST "/api/v1/users/{id}/disable", Admin, UserRef => User { REFUSALS: &'static [u16] = &[409]; };
    /// Lets a user sign in again; what ended when it was disabled stays ended.
    EnableUser: POST "/api/v1/users/{id}/enable", Admin, UserRef => User;
    /// Gives a user another role, which counts at once for every session and key. The last admin stays one.
    SetUserRole: PUT "/api/v1/users/{id}/role", Admin, SetUserRoleRequest => User { REFUSALS: &'static [u16] = &[409]; };
    /// Sets the caller's own password, by the present one, or as an admin anybody's. It ends every session and API key of the user but the one that the caller shows.
    SetUserPassword: PUT "/api/v1/users/{id}/password", Viewer, SetUserPasswordRequest => User {
        REFUSALS: &'static [u16] = &[403, 404, 409];
    };
    /// Ends every session and API key of the caller, or as an admin of anybody.
    SignOutUser: POST "/api/v1/users/{id}/sign-out", Viewer, UserRef => User { REFUSALS: &'static [u16] = &[403, 404]; };
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
    /// Every role, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

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
    /// Since when the user may not sign in; absent while it may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
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

/// Names a user.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::user_ref())]
pub struct UserRef {
    /// The user's name or id.
    pub id: String,
}

/// Gives a user another role.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::set_user_role())]
pub struct SetUserRoleRequest {
    /// The user's name or id.
    pub id: String,
    /// What the user may do.
    pub role: Role,
}

/// Sets a password.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::set_user_password())]
pub struct SetUserPasswordRequest {
    /// The user's name or id.
    pub id: String,
    /// The password, 12 to 1,024 characters.
    #[schemars(length(min = 12, max = 1024))]
    pub password: String,
    /// The present password; whoever sets the own one has to tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
}
