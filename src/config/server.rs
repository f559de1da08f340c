//! What a server is told at its start.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::{
    folder::default_data,
    layer::{Flags, Layers},
    network::Networks,
    problem::SettingsError,
    secret::Secret,
    settings::Settings,
};

/// What a server needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The folder of its data, made with mode 0700 when it is missing.
    pub data: PathBuf,
    /// The secret that token keys are derived from; one is made in the data folder unless told.
    pub jwt_secret: Option<Secret>,
    /// How long a token holds.
    pub token_life: Duration,
    /// The shortest interval between an agent's heartbeats.
    pub heartbeat_interval: Duration,
    /// The interval between an agent's measurements.
    pub telemetry_interval: Duration,
    /// Days that measurements are kept.
    pub telemetry_retention_days: u32,
    /// Seconds a command may take.
    pub command_timeout_s: u32,
    /// Connections that callers may hold at once.
    pub max_connections: usize,
    /// Agents that may be linked at once.
    pub max_agent_connections: usize,
    /// How long the head of a request, its body, and its answer may take, each.
    pub request_timeout: Duration,
    /// Websites whose pages may call.
    pub origins: Vec<String>,
    /// Proxies that are believed when they say whom a request came from.
    pub trusted_proxies: Networks,
    /// How often callers may call.
    pub rate_limits: RateLimits,
    /// How long events are kept.
    pub event_retention: Duration,
    /// How many events are kept.
    pub event_count: u64,
}

/// How often callers may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests of one user or key in a window.
    pub caller: u32,
    /// Requests of one address in a window, without credentials that hold.
    pub anonymous: u32,
    /// The window.
    pub window: Duration,
}

impl ServerConfig {
    /// The settings of flags over environment over defaults. `variable` reads the environment.
    ///
    /// # Errors
    /// Names every setting that cannot be used.
    pub fn resolve(
        listen: Option<&str>,
        data: PathBuf,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let flags = Flags { listen: listen.map(str::to_owned), data: Some(data) };
        let resolved = Layers { part: "server", file: None, variable, flags }.resolve()?;
        Ok(Self::of(resolved.settings, "server"))
    }

    /// What the settings tell the server of a part (`server`, `dev`).
    ///
    /// # Panics
    /// Never: the type of the port ends where ports do.
    #[must_use]
    pub fn of(settings: Settings, part: &str) -> Self {
        let Settings { server, database, security, agent_management, command, telemetry, .. } = settings;
        let named = if server.cors_origins.list().is_empty() {
            &security.allowed_origins
        } else {
            &server.cors_origins
        };
        let origins = named.list().to_vec();
        let days = u64::from(database.event_retention_days.get());
        let port = u16::try_from(server.port.get()).expect("the type of the port ends at 65535");
        Self {
            listen: SocketAddr::new(server.bind_address, port),
            data: server.data.unwrap_or_else(|| default_data(part)),
            jwt_secret: security.jwt_secret.map(|secret| secret.secret().clone()),
            token_life: security.jwt_expiration.duration(),
            heartbeat_interval: agent_management.heartbeat_interval.duration(),
            telemetry_interval: telemetry.collection_interval.duration(),
            telemetry_retention_days: telemetry.retention_days.get(),
            command_timeout_s: command.command_timeout.get(),
            max_connections: server.max_connections.get() as usize,
            max_agent_connections: agent_management.max_agent_connections.get() as usize,
            request_timeout: server.request_timeout.duration(),
            origins,
            trusted_proxies: server.trusted_proxies,
            rate_limits: RateLimits {
                caller: security.rate_limit_requests.get(),
                anonymous: security.rate_limit_anonymous.get(),
                window: security.rate_limit_window.duration(),
            },
            event_retention: Duration::from_secs(days * 24 * 3600),
            event_count: database.event_retention_count.get().into(),
        }
    }
}

#[cfg(test)]
mod tests;
