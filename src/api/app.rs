//! [`App`]: what every handler may reach.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

use super::{
    caller::Callers,
    connection::Connections,
    denials::Denials,
    docs::Docs,
    hashing::Hashing,
    heads::Heads,
    limit::Limits,
    listing::Lists,
    meter::Meters,
    probe::Probe,
    pulse::Pulses,
    random::random,
    sight::{Narrowed, Sight},
    statistics::{Cached, command::Figures},
    trust::{Current, Trusted},
    ws::{feed::Feed, hub::Hub, window::Windows},
};
use crate::{
    config::{network::Networks, server::RateLimits},
    core::{
        audit::head::HeadKey,
        fleet::SharedFleet,
        liveness,
        meter::{ProcessUsage, StoreMeter},
        port::{
            backup::Backups, outputs::Outputs, records::Records, store::Store, telemetry::TelemetryStore,
        },
        queue::SharedQueue,
        room::Room,
        sealing::SealingKey,
        signing::{PublicKey, SigningKey},
        trust::AnchorKind,
        usecase::{
            certify::Certify,
            dispatch::Dispatch,
            enroll::{Enroll, Host},
            order::Ground,
        },
    },
    id::{ExecutionId, ServerId},
    proto::auth::Scope,
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
    /// Parts of the fleet, for keys with a scope.
    pub narrowed: Arc<Narrowed>,
    /// The links.
    pub hub: Arc<Hub>,
    /// The executions that have not ended.
    pub queue: Arc<SharedQueue>,
    /// Whether there is room for it.
    pub room: Arc<Room>,
    /// Makes copies of all of it.
    pub backups: Arc<dyn Backups>,
    /// What executions printed.
    pub outputs: Arc<dyn Outputs>,
    /// Tells which execution just printed something that is kept now.
    pub printed: broadcast::Sender<ExecutionId>,
    /// Seals secrets that rest in the store.
    pub sealing: SealingKey,
    /// Callers who were recognized lately.
    pub callers: Arc<Callers>,
    /// Pages of lists that were made, and the expressions they were asked for with.
    pub lists: Lists,
    /// What all windows on lists share.
    pub windows: Arc<Windows>,
    /// The latest pulses of plain agents.
    pub pulses: Pulses,
    /// The API, described.
    pub docs: Docs,
    /// This server.
    pub server: ServerId,
    /// Strangers who were turned away.
    pub denials: Denials,
    /// Heads of the audit log that were given away.
    pub heads: Heads,
    /// What the fleet trusts, and what signs for it.
    pub trust: Trusted,
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
    /// How commands went, counted a moment ago.
    pub command_figures: Figures,
    /// Tries out whether the store can do its work.
    pub probe: Probe,
    /// The folder of its data.
    pub data: PathBuf,
    /// Where it listens, once it does.
    pub listen: OnceLock<SocketAddr>,
    /// Where it manages agents, once it does.
    pub agents_listen: OnceLock<SocketAddr>,
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
    /// Whether agents may link without a certificate, where callers call.
    pub plain_agents: bool,
    /// How long a command may take.
    pub command_timeout_s: u32,
    /// How long commands are kept once they ended.
    pub command_retention: Duration,
    /// How many commands are kept.
    pub command_count: u64,
    /// How long the body of a request may take, and its answer.
    pub request_timeout: Duration,
    /// How often callers may call.
    pub rate_limits: RateLimits,
    /// How long events are kept.
    pub event_retention: Duration,
    /// How many events are kept.
    pub event_count: u64,
    /// How long the audit log is kept; for ever unless told.
    pub audit_retention: Option<Duration>,
    /// How long entries of the audit log may wait for a signed head.
    pub audit_heads_interval: Duration,
}

impl App {
    /// What inviting and joining need, with what is trusted.
    #[must_use]
    pub fn enroll<'a>(&'a self, current: &'a Current) -> Enroll<'a> {
        let Current { set, signing, issuer, .. } = current;
        let port = self.agents_listen.get().map(SocketAddr::port);
        let host = Host { id: self.server, key: signing.public(), trust: set, issuer: &**issuer, port };
        Enroll { store: &*self.store, records: &*self.records, fleet: &self.fleet, host }
    }

    /// The keys that sign heads of the audit log, the current one first; those before it signed heads that still stand.
    #[must_use]
    pub fn audit_keys(&self) -> Vec<HeadKey> {
        let current = self.trust.current();
        let every = current.set.anchors().iter().filter(|anchor| anchor.kind == AnchorKind::Signing);
        let before = every.filter_map(|anchor| {
            Some(HeadKey { key: PublicKey::parse(&anchor.material)?, until: anchor.audit_until })
        });
        let now = HeadKey { key: current.signing.public(), until: None };
        std::iter::once(now).chain(before.filter(|before| before.key != now.key)).collect()
    }

    /// What certifying needs, with what is trusted.
    #[must_use]
    pub fn certify<'a>(&'a self, current: &'a Current) -> Certify<'a> {
        Certify {
            store: &*self.store,
            records: &*self.records,
            issuer: &*current.issuer,
            server: self.server,
        }
    }

    /// The ports that giving a command needs.
    #[must_use]
    pub fn dispatch(&self) -> Dispatch<'_> {
        Dispatch {
            store: &*self.store,
            records: &*self.records,
            queue: &self.queue,
            fleet: &self.fleet,
            sealing: &self.sealing,
            nonce: random(),
        }
    }

    /// The fleet as a scope shows it.
    #[must_use]
    pub fn fleet_of(&self, scope: Option<&Scope>) -> Arc<SharedFleet> {
        Sight::within(self, scope.cloned()).fleet()
    }

    /// What a request for a command is held against: the fleet as whoever asks is shown it.
    #[must_use]
    pub fn ground<'a>(&'a self, fleet: &'a SharedFleet, now: Timestamp) -> Ground<'a> {
        Ground {
            fleet,
            selectors: &self.lists.selectors,
            queue: &self.queue,
            timeout_s: self.settings.command_timeout_s,
            now,
        }
    }

    /// The heartbeat interval for the fleet as large as it is now.
    #[must_use]
    pub fn heartbeat_interval(&self) -> Duration {
        liveness::heartbeat_interval(self.settings.heartbeat_interval, self.fleet.read().agents().count())
    }
}
