//! The control plane: its parts wired together, and the loops beside its API.

mod first_start;
mod job;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::serve::ListenerExt;
use serde_json::json;
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    api::{
        self,
        app::{App, Settings},
        clock,
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
        seed::read_or_make,
        store::{OpenError, SqliteStore, SqliteTelemetry},
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
    admin_password: PathBuf,
}

/// Whoever sees events right after their commit.
struct Observers {
    fleet: Arc<SharedFleet>,
    feed: Arc<Feed>,
}

impl Observer for Observers {
    fn committed(&self, events: &[Event]) {
        self.fleet.committed(events);
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
        let observers = Observers { fleet: fleet.clone(), feed: feed.clone() };
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
            store,
            telemetry,
            fleet,
            feed,
            hub: Arc::new(Hub::default()),
            docs: api::api().docs(),
            command_key,
            token_key,
            settings: Settings {
                heartbeat_interval: config.heartbeat_interval,
                telemetry_interval: config.telemetry_interval,
                telemetry_retention_days: config.telemetry_retention_days,
                token_life: config.token_life,
                command_timeout_s: config.command_timeout_s,
            },
            hashing: Semaphore::new(2),
            shutdown,
        });
        load(&app).await.map_err(ServerError::Start)?;
        let admin_password = first_start::ensure_admin(&app, &folder).await?;
        Ok(Self { app, admin_password })
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
    /// The listener broke.
    pub async fn serve(self, listener: TcpListener) -> Result<(), ServerError> {
        let app = self.app;
        let mut jobs = JoinSet::new();
        jobs.spawn(job::liveness::run(app.clone()));
        jobs.spawn(job::expiry::run(app.clone()));
        jobs.spawn(job::sealing::run(app.clone()));
        let listener = listener.tap_io(|stream| {
            // Without it an answer may wait 40 ms for its last packet; the connection works all the same.
            let _ = stream.set_nodelay(true);
        });
        let router = api::api().into_router(app.clone());
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let served = axum::serve(listener, service)
            .with_graceful_shutdown(app.shutdown.clone().cancelled_owned())
            .into_future();
        let overdue = async {
            app.shutdown.cancelled().await;
            tokio::time::sleep(DRAIN_TIMEOUT).await;
        };
        let result = tokio::select! {
            result = served => result.map_err(ServerError::Listener),
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
    let request = InviteRequest { name: name.to_owned(), site: Some("local".into()), expires_in: None };
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
