//! Is the server there, and can it do its work?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    endpoint::{Content, Empty, endpoints},
    example,
};

endpoints! {
    /// Answers `OK` while the server serves.
    GetHealth: GET "/health", Anyone, Empty => String { CONTENT: Content = Content::Text; };
    /// Tells in words whether the server and its parts can do their work; `503` when they cannot.
    GetSystemHealth: GET "/api/v1/health", Anyone, Empty => SystemHealth;
    /// Writes to the database and reads from it, and tells how long that took; `503` when it cannot.
    GetDatabaseHealth: GET "/api/v1/health/database", Anyone, Empty => DatabaseHealth;
    /// Tells that Redis is not configured: events are carried in memory.
    GetRedisHealth: GET "/api/v1/health/redis", Anyone, Empty => RedisHealth;
}

/// How a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It does its work.
    Healthy,
    /// It does its work badly.
    Degraded,
    /// It does not.
    Down,
    /// Nobody can tell.
    Unknown,
    /// There is none, and none is needed.
    NotConfigured,
}

impl Health {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
            Self::NotConfigured => "not_configured",
        }
    }
}

/// How the server stands, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::system_health())]
pub struct SystemHealth {
    /// The whole.
    pub status: Health,
    /// The database.
    pub database: Health,
    /// The audit log: `degraded` when a head that was given away is not in it, or heads cannot be kept.
    pub audit: Health,
    /// Redis.
    pub redis: Health,
}

/// How the database stands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::database_health())]
pub struct DatabaseHealth {
    /// Whether it was written to and read from.
    pub status: Health,
    /// Milliseconds from a write to its being safe on disk.
    pub write_ms: f64,
    /// Milliseconds that a read took.
    pub read_ms: f64,
}

/// How Redis stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::redis_health())]
pub struct RedisHealth {
    /// Always `not_configured`.
    pub status: Health,
}
