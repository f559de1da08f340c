//! What a server is told at its start.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::secret::Secret;

/// Where a server listens unless told otherwise (ledger row W16).
pub const DEFAULT_LISTEN: &str = "127.0.0.1:3000";

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
    /// Seconds a command may take.
    pub command_timeout_s: u32,
}

/// A setting that cannot be used: where it came from, what it says, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: '{value}' cannot be used; expected {expected}")]
pub struct SettingError {
    /// `--listen`, `JWT_EXPIRATION` ...
    pub origin: &'static str,
    /// What it says; `***` for a secret.
    pub value: String,
    /// What was expected.
    pub expected: &'static str,
}

impl ServerConfig {
    /// The settings of flags over environment over defaults. `variable` reads the environment.
    ///
    /// # Errors
    /// Names the setting that cannot be used.
    pub fn resolve(
        listen: Option<&str>,
        data: PathBuf,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingError> {
        let (origin, address) = match listen {
            Some(text) => ("--listen", text.to_owned()),
            None => ("WORPEN_LISTEN", variable("WORPEN_LISTEN").unwrap_or_else(|| DEFAULT_LISTEN.to_owned())),
        };
        let listen = address.parse().map_err(|_| SettingError {
            origin,
            value: address,
            expected: "an address and a port, like 127.0.0.1:3000",
        })?;
        let seconds = |origin: &'static str, default: u32, expected: &'static str| match variable(origin) {
            None => Ok(default),
            Some(text) => match text.trim().parse() {
                Ok(seconds @ 1..=86_400) => Ok(seconds),
                _ => Err(SettingError { origin, value: text, expected }),
            },
        };
        let day = "1 to 86400 seconds";
        Ok(Self {
            listen,
            data,
            jwt_secret: jwt_secret(variable("JWT_SECRET"))?,
            token_life: Duration::from_secs(seconds("JWT_EXPIRATION", 3600, day)?.into()),
            heartbeat_interval: Duration::from_secs(seconds("AGENT_HEARTBEAT_INTERVAL", 10, day)?.into()),
            telemetry_interval: Duration::from_secs(
                seconds("TELEMETRY_COLLECTION_INTERVAL", 10, day)?.into(),
            ),
            command_timeout_s: seconds("COMMAND_TIMEOUT", 60, day)?,
        })
    }
}

/// A secret that is long enough and nobody's placeholder.
fn jwt_secret(text: Option<String>) -> Result<Option<Secret>, SettingError> {
    let Some(text) = text else { return Ok(None) };
    let placeholder = ["change-me", "changeme", "your-super-secret", "your-generated-secret"];
    if text.len() < 32 || placeholder.iter().any(|word| text.to_lowercase().contains(word)) {
        return Err(SettingError {
            origin: "JWT_SECRET",
            value: "***".into(),
            expected: "at least 32 bytes that are no placeholder, as 'openssl rand -base64 32' prints",
        });
    }
    Ok(Some(Secret::new(text)))
}

#[cfg(test)]
mod tests;
