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
    /// Ends what the caller showed: the session of a token, or the API key, at once and for good.
    Logout: POST "/api/v1/auth/logout", Viewer, Empty => Empty { SCOPED: bool = true; };
    /// Says who the caller is.
    WhoAmI: GET "/api/v1/auth/me", Viewer, Empty => Identity { SCOPED: bool = true; };
    /// Issues an API key for a caller who signed in with a password, never above the caller's own role.
    IssueKey: POST "/api/v1/auth/keys", Viewer, IssueKeyRequest => IssuedKey {
        SUCCESS: &'static [u16] = &[201];
        REFUSALS: &'static [u16] = &[403, 409];
        KEYED: bool = true;
    };
    /// Lists the caller's API keys; an admin sees everybody's.
    ListKeys: GET "/api/v1/auth/keys", Viewer, PageRequest => Page<ApiKey>;
    /// Gives an API key of the caller, who signed in with a password, another secret; its rights and its end stay.
    RotateKey: POST "/api/v1/auth/keys/{id}/rotate", Viewer, RotateKeyRequest => IssuedKey {
        REFUSALS: &'static [u16] = &[403, 404, 409];
    };
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
    /// The API key that the caller showed; absent when it was not a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<ApiKey>,
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
    /// What the key is narrowed to, beside its role; the whole fleet unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

/// What a key is narrowed to. A pattern is of a whole name: `*` is any characters, `?` one. What is not named is not
/// narrowed. Nodes that are not in it are not there for the key, in no answer and no stream. All patterns together have
/// 4096 bytes at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::scope())]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// It gives and asks nothing but verbs like these, 1 to 64 patterns: `docker.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), inner(length(min = 1, max = 128)))]
    pub verbs: Option<Vec<String>>,
    /// It knows nodes of sites like these alone, 1 to 64 patterns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), inner(length(min = 1, max = 128)))]
    pub sites: Option<Vec<String>>,
    /// It knows nodes with names like these alone, 1 to 64 patterns: `web-*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), inner(length(min = 1, max = 128)))]
    pub nodes: Option<Vec<String>>,
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
    /// What it is narrowed to; absent when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

/// Asks for another secret of an API key.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::rotate_key())]
pub struct RotateKeyRequest {
    /// The key's id.
    pub id: KeyId,
    /// Seconds for which the secret before holds too, 0 to 604,800 (a week); 0 unless told: it ends at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 604_800))]
    pub overlap: Option<u64>,
}

/// Names an API key.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::key_ref())]
pub struct KeyRef {
    /// The key's id.
    pub id: KeyId,
}
