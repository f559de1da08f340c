//! [`App`]: what every handler may reach.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{
    caller::Callers,
    connection::Connections,
    docs::Docs,
    hashing::Hashing,
    limit::Limits,
    listing::Lists,
    meter::Meters,
    probe::Probe,
    pulse::Pulses,
    statistics::Cached,
    ws::{feed::Feed, hub::Hub},
};
use crate::{
    config::{network::Networks, server::RateLimits},
    core::{
        fleet::SharedFleet,
        liveness,
        meter::{ProcessUsage, StoreMeter},
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
    /// Callers who were recognized lately.
    pub callers: Arc<Callers>,
    /// Pages of lists that were made, and the expressions they were asked for with.
    pub lists: Lists,
    /// The latest pulses of plain agents.
    pub pulses: Pulses,
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
    /// How often callers may call.
    pub limits: Limits,
    /// The connections that callers and agents hold.
    pub connections: Arc<Connections>,
    /// Proxies that are believed when they say whom a request came from.
    pub trusted_proxies: Networks,
    /// Websites whose pages may call.
    pub origins: Vec<String>,
    /// What the server counts of its own work.
    pub meters: Arc<Meters>,
    /// What the store counts of its own.
    pub store_meter: Arc<StoreMeter>,
    /// What the store holds, counted a moment ago.
    pub counted: Cached,
    /// Tries out whether the store can do its work.
    pub probe: Probe,
    /// The folder of its data.
    pub data: PathBuf,
    /// Where it listens, once it does.
    pub listen: OnceLock<SocketAddr>,
    /// What only the machine can tell.
    pub outside: Outside,
    /// Where passwords are hashed.
    pub hashing: Hashing,
    /// Bounds how many ranges of telemetry are read at once: fewer than there are threads that read telemetry.
    pub ranges: Semaphore,
    /// Cancelled when the server ends.
    pub shutdown: CancellationToken,
}

/// Asks the machine.
#[derive(Clone, Copy, Debug)]
pub struct Outside {
    /// What this process takes.
    pub process: fn() -> ProcessUsage,
    /// Bytes of the control data and of the telemetry in the data folder.
    pub sizes: fn(&Path) -> (u64, u64),
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
    /// How long the body of a request may take, and its answer.
    pub request_timeout: Duration,
    /// How often callers may call.
    pub rate_limits: RateLimits,
    /// How long events are kept.
    pub event_retention: Duration,
    /// How many events are kept.
    pub event_count: u64,
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
