//! [`Plan`]: what a simulation is asked to do.

use std::{path::PathBuf, time::Duration};

use super::SimError;
use crate::core::agent::check_name;

/// The most agents that one process simulates.
pub const MAX_AGENTS: u32 = 100_000;
/// The most containers that one agent pretends to have.
pub const MAX_CONTAINERS: u32 = 1_000;

/// The most bytes that a simulated program prints.
pub const MAX_PRINTED: u32 = 16 * 1024 * 1024;

/// What a simulation is asked to do.
#[derive(Clone)]
pub struct Plan {
    /// The server, `http://HOST:PORT` or `https://HOST:PORT`.
    pub server: String,
    /// Where agents are managed, `https://HOST:PORT`: each gets a certificate there and links with it.
    pub managed: Option<String>,
    /// An admin's API key; needed when agents must be invited.
    pub token: Option<String>,
    /// How many agents.
    pub agents: u32,
    /// What their names start with.
    pub prefix: String,
    /// Containers of each.
    pub containers: u32,
    /// The interval between measurements; what the server's WELCOME says unless told.
    pub telemetry: Option<Duration>,
    /// Over how long they come.
    pub ramp: Duration,
    /// How long they stay once the ramp is over.
    pub duration: Duration,
    /// Container events of each agent per minute, on average.
    pub churn: f64,
    /// How often per minute a link is cut, on average; 0.05 is one link in twenty.
    pub drops: f64,
    /// Lines that each running container writes per minute.
    pub log_lines: f64,
    /// The share of orders and questions that fail, 0 to 1.
    pub failures: f64,
    /// How long programs run; one that runs no time at all ends where it begins.
    pub exec_time: Duration,
    /// Bytes that each program prints; no more than its command keeps.
    pub output_bytes: u32,
    /// What names, keys, containers, measurements and logs follow from.
    pub seed: u64,
    /// Where identities are kept for the next run, mode 0600.
    pub keep: Option<PathBuf>,
}

impl Plan {
    /// A plan with the defaults.
    #[must_use]
    pub fn new(server: impl Into<String>, agents: u32, seed: u64) -> Self {
        Self {
            server: server.into(),
            managed: None,
            token: None,
            agents,
            prefix: "sim".into(),
            containers: 10,
            telemetry: None,
            ramp: Duration::from_secs(10),
            duration: Duration::from_secs(60),
            churn: 0.0,
            drops: 0.0,
            log_lines: 6.0,
            failures: 0.0,
            exec_time: Duration::ZERO,
            output_bytes: 0,
            seed,
            keep: None,
        }
    }

    /// Checks that every number is within its bounds.
    ///
    /// # Errors
    /// Names the one that is not, and what was expected.
    pub fn check(&self) -> Result<(), SimError> {
        let day = Duration::from_hours(24);
        let bounds = [
            ((1..=MAX_AGENTS).contains(&self.agents), "--agents: expected 1 to 100000"),
            (self.containers <= MAX_CONTAINERS, "--containers-per-agent: expected 0 to 1000"),
            (
                self.telemetry.is_none_or(|interval| (Duration::from_millis(100)..=day).contains(&interval)),
                "--telemetry-interval: expected 0.1 to 86400 seconds",
            ),
            (self.ramp <= day, "--ramp: expected 0 to 86400 seconds"),
            (self.duration <= day, "--duration: expected 0 to 86400 seconds"),
            ((0.0..=600.0).contains(&self.churn), "--churn: expected 0 to 600 events per minute"),
            ((0.0..=60.0).contains(&self.drops), "--drop-rate: expected 0 to 60 cuts per minute"),
            ((0.0..=6000.0).contains(&self.log_lines), "--log-lines: expected 0 to 6000 lines per minute"),
            ((0.0..=1.0).contains(&self.failures), "--fail-rate: expected 0 to 1"),
            (self.exec_time <= day, "--exec-time: expected 0 to 86400 seconds"),
            (self.output_bytes <= MAX_PRINTED, "--output-bytes: expected 0 to 16777216"),
            (
                check_name(&self.name(MAX_AGENTS)).is_ok(),
                "--prefix: expected at most 48 of a-z, 0-9, '.' and '-', beginning with a letter or digit",
            ),
        ];
        match bounds.into_iter().find(|(holds, _)| !holds) {
            None => Ok(()),
            Some((_, expected)) => Err(SimError::Plan(expected.to_owned())),
        }
    }

    /// What the names have in common. Without a file of identities the seed is part of it, so that no run meets the
    /// names of another.
    #[must_use]
    pub fn stem(&self) -> String {
        match self.keep {
            Some(_) => self.prefix.clone(),
            None => format!("{}-{:06x}", self.prefix, self.seed & 0xff_ffff),
        }
    }

    /// The name of one agent.
    #[must_use]
    pub fn name(&self, index: u32) -> String {
        format!("{}-{index:05}", self.stem())
    }
}
