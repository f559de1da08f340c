//! The control plane: its parts wired together, and the loops beside its API.

mod first_start;
mod job;
mod serve;

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use serde_json::json;
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    api::{
        self, Api,
        app::{App, Outside, Settings},
        caller::Callers,
        clock,
        connection::Connections,
        hashing::Hashing,
        limit::Limits,
        listing::Lists,
        meter::Meters,
        pulse::Pulses,
        ws::{feed::Feed, hub::Hub},
    },
    config::{private, server::ServerConfig},
    core::{
        access::Caller,
        change::Change,
        error::Error,
        fleet::{Fleet, SharedFleet},
        port::{records::Records, store::Observer, telemetry::TelemetryStore},
        signing::SigningKey,
        token,
        usecase::{Origin, enroll, key, presence},
    },
    infra::{
        process,
        seed::read_or_make,
        store::{self, OpenError, SqliteStore, SqliteTelemetry},
    },
    proto::{
        auth::{IssueKeyRequest, IssuedKey},
        event::{Event, EventKind},
        invitation::{Invitation, InviteRequest},
        user::Role,
    },
};

/// How long open requests may take once the server is told to end.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Open files besides connections: the stores, the log, the runtime.
const FILES_BESIDES: usize = 64;

/// Why a server cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The store cannot be opened.
    #[error("the store in {folder} cannot be opened")]
    Store {
        /// The data folder.
        folder: PathBuf,
        /// Why.
        source: OpenError,
    },
    /// A file in the data folder cannot be read or written.
    #[error("{path} cannot be used")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The rules or the store refuse what every start does.
    #[error("the server cannot start")]
    Start(#[source] Error),
    /// A background job failed; without it the server would serve wrongly.
    #[error("a background job failed")]
    Job(#[source] tokio::task::JoinError),
    /// The listener broke.
    #[error("the listener broke")]
    Listener(#[source] std::io::Error),
}

/// An open server that does not serve yet.
pub struct Server {
    app: Arc<App>,
    api: Api,
    admin_password: PathBuf,
}

/// Whoever sees events right after their commit.
struct Observers {
    callers: Arc<Callers>,
    fleet: Arc<SharedFleet>,
    meters: Arc<Meters>,
    feed: Arc<Feed>,
}

impl Observer for Observers {
    fn committed(&self, events: &[Event]) {
        self.callers.committed(events);
        self.fleet.committed(events);
        self.meters.committed(events);
        self.feed.committed(events);
    }
}

impl Server {
    /// Opens the store, loads the fleet, reads or makes the keys, and makes the first admin where there is no user.
    ///
    /// # Errors
    /// Says which file or part cannot be used.
    pub async fn open(config: &ServerConfig, shutdown: CancellationToken) -> Result<Self, ServerError> {
        let folder = config.data.clone();
        private::folder(&folder).map_err(|source| ServerError::File { path: folder.clone(), source })?;
        let fleet = Arc::new(SharedFleet::default());
        let feed = Arc::new(Feed::new(0));
        let api = api::api();
        let callers = Arc::new(Callers::default());
        let meters = Arc::new(api.meters());
        let observers = Observers {
            callers: callers.clone(),
            fleet: fleet.clone(),
            meters: meters.clone(),
            feed: feed.clone(),
        };
        let opened = |source| ServerError::Store { folder: folder.clone(), source };
        let store = Arc::new(SqliteStore::open(&folder, Arc::new(observers)).map_err(opened)?);
        let telemetry = Arc::new(SqliteTelemetry::open(&folder).map_err(opened)?);
        let seed = |name: &str| {
            let path = folder.join(name);
            read_or_make(&path).map_err(|source| ServerError::File { path, source })
        };
        let command_key = SigningKey::from_seed(&*seed("command.key")?);
        let token_key = match &config.jwt_secret {
            Some(secret) => token::key_from_secret(secret.expose().as_bytes()),
            None => token::key_from_secret(&*seed("token.key")?),
        };
        let app = Arc::new(App {
            server: store.server_id(),
            records: store.clone(),
            store_meter: store.meter().clone(),
            store,
            telemetry,
            fleet,
            feed,
            hub: Arc::new(Hub::default()),
            callers,
            lists: Lists::new(),
            pulses: Pulses::default(),
            docs: api.docs(),
            command_key,
            token_key,
            settings: Settings {
                heartbeat_interval: config.heartbeat_interval,
                telemetry_interval: config.telemetry_interval,
                telemetry_retention_days: config.telemetry_retention_days,
                token_life: config.token_life,
                command_timeout_s: config.command_timeout_s,
                request_timeout: config.request_timeout,
                rate_limits: config.rate_limits,
                event_retention: config.event_retention,
                event_count: config.event_count,
            },
            limits: Limits::new(&config.rate_limits),
            connections: Arc::new(connections(config)),
            trusted_proxies: config.trusted_proxies.clone(),
            origins: config.origins.clone(),
            meters,
            counted: api::Cached::default(),
            probe: api::Probe::default(),
            data: folder.clone(),
            listen: OnceLock::new(),
            outside: Outside { process: process::usage, sizes: store::sizes },
            hashing: Hashing::new(2),
            ranges: Semaphore::new(2),
            shutdown,
        });
        load(&app).await.map_err(ServerError::Start)?;
        let admin_password = first_start::ensure_admin(&app, &folder).await?;
        Ok(Self { app, api, admin_password })
    }

    /// What its handlers reach.
    #[must_use]
    pub const fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The file that holds the first admin's password.
    #[must_use]
    pub const fn admin_password(&self) -> &PathBuf {
        &self.admin_password
    }

    /// Serves until shut down; then lets open requests end and says good-bye in the log.
    ///
    /// # Errors
    /// The listener has no address, a job failed, or the store cannot write.
    pub async fn serve(self, listener: TcpListener) -> Result<(), ServerError> {
        let Self { app, api, .. } = self;
        let address = listener.local_addr().map_err(ServerError::Listener)?;
        // It is set here and nowhere else.
        let _ = app.listen.set(address);
        make_room(&app.connections);
        let mut jobs = JoinSet::new();
        jobs.spawn(job::liveness::run(app.clone()));
        jobs.spawn(job::expiry::run(app.clone()));
        jobs.spawn(job::pulse::run(app.clone()));
        jobs.spawn(job::retention::run(app.clone()));
        jobs.spawn(job::sealing::run(app.clone()));
        let served = serve::serve(listener, api.into_router(app.clone()), app.clone());
        let overdue = async {
            app.shutdown.cancelled().await;
            tokio::time::sleep(DRAIN_TIMEOUT).await;
        };
        let result = tokio::select! {
            () = served => Ok(()),
            () = overdue => Ok(()),
            // The jobs end when the server does; one that ends before has failed.
            Some(ended) = jobs.join_next(), if !app.shutdown.is_cancelled() => match ended {
                Err(error) => Err(ServerError::Job(error)),
                Ok(()) => Ok(()),
            },
        };
        app.shutdown.cancel();
        let _ = timeout(DRAIN_TIMEOUT, async { while jobs.join_next().await.is_some() {} }).await;
        say(&app, EventKind::ServerStopped).await.map_err(ServerError::Start)?;
        result
    }
}

/// The connections that the settings allow.
fn connections(config: &ServerConfig) -> Connections {
    let (callers, agents) = (config.max_connections, config.max_agent_connections);
    Connections::new(callers, agents, config.request_timeout, config.trusted_proxies.clone())
}

/// Lets this process have as many open files as it may, and warns where that is fewer than it may have connections.
fn make_room(connections: &Connections) {
    let most = connections.max() + connections.max_agents() + connections.max_knocking();
    let needed = (most + FILES_BESIDES) as u64;
    if let Some(files) = process::raise_open_files().filter(|files| *files < needed) {
        tracing::warn!(
            files,
            needed,
            "{files} open files are allowed (RLIMIT_NOFILE), and the connections that the settings allow need {needed}"
        );
    }
}

/// Loads the fleet into memory, and notes that a start knows nothing of who is linked.
async fn load(app: &App) -> Result<(), Error> {
    let records: &dyn Records = &*app.records;
    let fleet = Fleet::load(
        records.agents().await?,
        records.containers().await?,
        records.images().await?,
        TelemetryStore::latest(&*app.telemetry).await?,
    );
    app.fleet.replace(fleet);
    say(app, EventKind::ServerStarted).await?;
    let origin = Origin::server(clock::now(), app.server.to_string());
    presence::unknown_after_start(&*app.store, &app.fleet, &origin).await
}

/// Writes down that the server started or stopped.
async fn say(app: &App, kind: EventKind) -> Result<(), Error> {
    let origin = Origin::server(clock::now(), app.server.to_string());
    let event = origin.event(kind, json!({ "version": env!("CARGO_PKG_VERSION") }));
    app.store.commit(Change::new().event(event)).await?;
    Ok(())
}

/// Makes an invitation on the server's own behalf, for the agent of the same machine.
///
/// # Errors
/// The name is taken or not a name, or the store cannot write.
pub async fn invite_locally(app: &App, name: &str) -> Result<Invitation, Error> {
    let request =
        InviteRequest { name: name.to_owned(), site: Some("local".into()), expires_in: None, plain: false };
    let origin = Origin::server(clock::now(), app.server.to_string());
    enroll::invite(app.enroll(), &request, random()?, None, &origin).await
}

/// Issues an API key of an admin on the server's own behalf, for the terminals of the same machine.
///
/// # Errors
/// There is no admin, or the store cannot write.
pub async fn issue_key_locally(app: &App, name: &str) -> Result<IssuedKey, Error> {
    let users = app.records.users(None, 1000).await?;
    let admin = users.into_iter().find(|user| user.role == Role::Admin);
    let admin = admin.ok_or_else(|| Error::not_found("user", "with the role admin"))?;
    let caller = Caller { user: admin.id, username: admin.username, role: admin.role, key: None };
    let request = IssueKeyRequest { name: name.to_owned(), role: None, expires_in: None };
    let origin = Origin::server(clock::now(), app.server.to_string());
    key::issue(&*app.store, &*app.records, &caller, &request, random()?, None, &origin).await
}

/// Random bytes from the operating system.
fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(bytes)
}
