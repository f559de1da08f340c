//! What a server is told at its start.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::{
    folder::default_data,
    layer::{Flags, Layers},
    network::Networks,
    problem::SettingsError,
    recipient::Recipient,
    secret::Secret,
    settings::Settings,
    transport::Tls,
};

/// The file of signed heads of the audit log in the data folder, unless told.
pub const HEADS_FILE: &str = "audit-heads.jsonl";

/// What a server needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// How the API is encrypted.
    pub tls: Tls,
    /// Names and addresses under which it is reached, besides those that it knows itself.
    pub names: Vec<String>,
    /// How many seconds browsers are to remember that the API speaks TLS alone, where it does; `None` not to tell them.
    pub hsts: Option<u32>,
    /// Whether the API may speak plain HTTP beyond this machine.
    pub allow_plain_http: bool,
    /// Where agents join and link, with certificates.
    pub agents: SocketAddr,
    /// Whether agents may join and link without certificates where callers call, beyond this machine and unencrypted.
    pub allow_plain_agents: bool,
    /// How long an agent's certificate holds.
    pub certificate_life: Duration,
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
    /// Executions that may be with their nodes at once.
    pub max_concurrent_commands: usize,
    /// Executions that may be with one node at once.
    pub max_concurrent_per_agent: usize,
    /// Executions that may wait.
    pub max_command_queue_size: usize,
    /// How long commands are kept once they ended.
    pub command_retention: Duration,
    /// How many commands are kept.
    pub command_count: u64,
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
    /// Bytes that must be free on the disk; 0 to never look.
    pub min_free_bytes: u64,
    /// Bytes of the file that keeps room for what must go on when there is none.
    pub ballast_bytes: u64,
    /// Whom backups are encrypted for.
    pub backup_recipients: Vec<Recipient>,
    /// How long events are kept.
    pub event_retention: Duration,
    /// How many events are kept.
    pub event_count: u64,
    /// The file that heads of the audit log are added to.
    pub audit_heads: PathBuf,
    /// How long the audit log is kept; for ever unless told.
    pub audit_retention: Option<Duration>,
    /// How long entries of the audit log may wait for a signed head.
    pub audit_heads_interval: Duration,
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
        let Settings {
            server, database, backup, security, agent_management, audit, command, telemetry, ..
        } = settings;
        let named = if server.cors_origins.list().is_empty() {
            &security.allowed_origins
        } else {
            &server.cors_origins
        };
        let origins = named.list().to_vec();
        let days = |days: u32| Duration::from_secs(u64::from(days) * 24 * 3600);
        let port = u16::try_from(server.port.get()).expect("the type of the port ends at 65535");
        let data = server.data.unwrap_or_else(|| default_data(part));
        let agents_port =
            u16::try_from(agent_management.port.get()).expect("the type of the port ends at 65535");
        Self {
            listen: SocketAddr::new(server.bind_address, port),
            audit_heads: audit.heads_file.unwrap_or_else(|| data.join(HEADS_FILE)),
            audit_heads_interval: audit.heads_interval.duration(),
            audit_retention: Some(audit.retention_days.get()).filter(|kept| *kept > 0).map(days),
            data,
            tls: server.tls,
            names: server.names.list().to_vec(),
            hsts: Some(server.hsts.get()).filter(|seconds| *seconds > 0),
            allow_plain_http: server.allow_plain_http.get(),
            agents: SocketAddr::new(agent_management.bind_address, agents_port),
            allow_plain_agents: agent_management.allow_plain.get(),
            certificate_life: agent_management.certificate_life.duration(),
            jwt_secret: security.jwt_secret.map(|secret| secret.secret().clone()),
            token_life: security.jwt_expiration.duration(),
            heartbeat_interval: agent_management.heartbeat_interval.duration(),
            telemetry_interval: telemetry.collection_interval.duration(),
            telemetry_retention_days: telemetry.retention_days.get(),
            command_timeout_s: command.command_timeout.get(),
            max_concurrent_commands: command.max_concurrent_commands.get() as usize,
            max_concurrent_per_agent: command.max_concurrent_per_agent.get() as usize,
            max_command_queue_size: command.max_command_queue_size.get() as usize,
            command_retention: days(command.retention_days.get()),
            command_count: command.retention_count.get().into(),
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
            min_free_bytes: database.min_free_bytes.get().into(),
            ballast_bytes: database.ballast_bytes.get().into(),
            backup_recipients: backup.recipients.list().to_vec(),
            event_retention: days(database.event_retention_days.get()),
            event_count: database.event_retention_count.get().into(),
        }
    }
}

#[cfg(test)]
mod tests;
