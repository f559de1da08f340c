//! What a server is told at its start.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::{
    folder::default_data,
    layer::{Flags, Layers},
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
        let Settings { server, security, agent_management, command, telemetry, .. } = settings;
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
        }
    }
}

#[cfg(test)]
mod tests;
