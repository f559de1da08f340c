//! Signing in, and the API keys that scripts hold.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    endpoint::{Empty, endpoints},
    example,
    page::{Page, PageRequest},
    user::Role,
};
use crate::id::{KeyId, UserId};

endpoints! {
    /// Exchanges a name and a password for a short-lived token.
    Login: POST "/api/v1/auth/login", Anyone, LoginRequest => LoginResponse {
        ALIASES: &'static [&'static str] = &["/api/auth/login"];
    };
    /// Says who the caller is.
    WhoAmI: GET "/api/v1/auth/me", Viewer, Empty => Identity;
    /// Issues an API key for a caller who signed in with a password, never above the caller's own role.
    IssueKey: POST "/api/v1/auth/keys", Viewer, IssueKeyRequest => IssuedKey {
        SUCCESS: &'static [u16] = &[201];
        REFUSALS: &'static [u16] = &[403, 409];
        KEYED: bool = true;
    };
    /// Lists the caller's API keys; an admin sees everybody's.
    ListKeys: GET "/api/v1/auth/keys", Viewer, PageRequest => Page<ApiKey>;
    /// Revokes an API key of the caller; an admin revokes anybody's.
    RevokeKey: DELETE "/api/v1/auth/keys/{id}", Viewer, KeyRef => Empty { REFUSALS: &'static [u16] = &[409]; };
}

/// A name and a password.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::login())]
pub struct LoginRequest {
    /// The user's name.
    pub username: String,
    /// The user's password.
    pub password: String,
}

/// A token, and for how long it holds.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::signed_in())]
pub struct LoginResponse {
    /// A compact JWS (RFC 7515) signed with EdDSA (RFC 8037); send it as `Authorization: Bearer`.
    pub token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until the token expires.
    pub expires_in: u64,
    /// Who signed in.
    pub user: Identity,
}

/// Who a caller is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::identity())]
pub struct Identity {
    /// The user.
    pub id: UserId,
    /// The user's name.
    pub username: String,
    /// What the caller may do: of the user and the key, the lesser.
    pub role: Role,
}

/// Asks for an API key.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::issue_key())]
pub struct IssueKeyRequest {
    /// What the key is for, 1 to 64 printable characters.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[^\x00-\x1f\x7f-\x9f]+$"))]
    pub name: String,
    /// The key's role; the caller's own unless told, never above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Seconds until the key expires, 60 to 31,536,000 (a year); 30 days unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 60, max = 31_536_000))]
    pub expires_in: Option<u64>,
}

/// A fresh API key; its secret is shown this once.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::issued_key())]
pub struct IssuedKey {
    /// The secret, `wpk_...`; the server keeps only its hash.
    pub secret: String,
    /// The key as the list shows it.
    pub key: ApiKey,
}

/// An API key without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::api_key())]
pub struct ApiKey {
    /// The key's id.
    pub id: KeyId,
    /// What it is for.
    pub name: String,
    /// Whose it is.
    pub username: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// Names an API key.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::key_ref())]
pub struct KeyRef {
    /// The key's id.
    pub id: KeyId,
}
