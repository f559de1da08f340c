//! [`App`]: what every handler may reach.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{
    docs::Docs,
    ws::{feed::Feed, hub::Hub},
};
use crate::{
    core::{
        fleet::SharedFleet,
        liveness,
        port::{records::Records, store::Store, telemetry::TelemetryStore},
        signing::SigningKey,
        usecase::{
            dispatch::Dispatch,
            enroll::{Enroll, Host},
        },
    },
    id::ServerId,
};

/// The parts of a server that its API needs.
pub struct App {
    /// Where changes go.
    pub store: Arc<dyn Store>,
    /// What was written, read.
    pub records: Arc<dyn Records>,
    /// Measurements.
    pub telemetry: Arc<dyn TelemetryStore>,
    /// The fleet in memory.
    pub fleet: Arc<SharedFleet>,
    /// Events and live measurements as they come.
    pub feed: Arc<Feed>,
    /// The links.
    pub hub: Arc<Hub>,
    /// The API, described.
    pub docs: Docs,
    /// This server.
    pub server: ServerId,
    /// Signs commands.
    pub command_key: SigningKey,
    /// Signs tokens.
    pub token_key: SigningKey,
    /// What the operator set.
    pub settings: Settings,
    /// Bounds how many passwords are hashed at once: each takes 19 MiB and a core.
    pub hashing: Semaphore,
    /// Cancelled when the server ends.
    pub shutdown: CancellationToken,
}

/// What the operator set.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The shortest interval between an agent's heartbeats.
    pub heartbeat_interval: Duration,
    /// The interval between an agent's measurements.
    pub telemetry_interval: Duration,
    /// Days that measurements are kept.
    pub telemetry_retention_days: u32,
    /// How long a signed-in user's token holds.
    pub token_life: Duration,
    /// How long a command may take.
    pub command_timeout_s: u32,
}

impl App {
    /// This server as agents know it.
    #[must_use]
    pub fn host(&self) -> Host {
        Host { id: self.server, key: self.command_key.public() }
    }

    /// What inviting and joining need.
    #[must_use]
    pub fn enroll(&self) -> Enroll<'_> {
        Enroll { store: &*self.store, records: &*self.records, fleet: &self.fleet, host: self.host() }
    }

    /// The ports that giving a command needs.
    #[must_use]
    pub fn dispatch(&self) -> Dispatch<'_> {
        Dispatch { store: &*self.store, records: &*self.records, links: &*self.hub }
    }

    /// The heartbeat interval for the fleet as large as it is now.
    #[must_use]
    pub fn heartbeat_interval(&self) -> Duration {
        liveness::heartbeat_interval(self.settings.heartbeat_interval, self.fleet.read().agents().count())
    }
}
