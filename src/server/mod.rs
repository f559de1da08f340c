//! The control plane: its parts wired together, and the loops beside its API.

mod first_start;
mod job;
mod restore;
mod serve;
mod tls;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use self::{
    serve::Door,
    tls::{Shelf, Source},
};
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, broadcast},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

pub use self::restore::{How, RestoreError, Restored, restore};
use crate::{
    api::{
        self, Api,
        app::{App, Outside, Settings},
        caller::Callers,
        clock,
        connection::Connections,
        denials::Denials,
        hashing::Hashing,
        heads::{HeadFiles, Heads},
        limit::Limits,
        listing::Lists,
        meter::Meters,
        pulse::Pulses,
        trust::Trusted,
        ws::{feed::Feed, hub::Hub, window::Windows},
    },
    config::{private, server::ServerConfig, transport::Tls},
    core::{
        access::Caller,
        change::Change,
        error::Error,
        fleet::{Fleet, SharedFleet},
        port::{
            keys::Keys,
            links::Links,
            records::{OpenOf, Records},
            store::{Observer, Store},
            telemetry::TelemetryStore,
        },
        queue::{self, SharedQueue},
        room::Marks,
        sealing::SealingKey,
        signing::SigningKey,
        token,
        trust::{AnchorKind, TrustSet},
        usecase::{Origin, enroll, key, presence, trust},
    },
    infra::{
        audit::{self, HeadsFile},
        backup::Keeper,
        disk::Disk,
        keys::{FIRST_SIGNING, KeyFolder},
        process,
        seed::read_or_make,
        store::{self, OpenError, SqliteOutputs, SqliteStore, SqliteTelemetry},
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
/// How many pieces of output a reader may lag behind before it looks through all that it reads.
const PRINTED: usize = 1024;
/// Open files besides connections: the stores, the log, the runtime.
const FILES_BESIDES: usize = 64;

/// How the file of heads is read, and added to.
const HEAD_FILES: HeadFiles =
    HeadFiles { newest: audit::newest_heads, from: audit::heads_from, add: audit::add_head };

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
    /// A restore into the data folder was broken off.
    #[error("a restore into {folder} was broken off; run it again with --force")]
    HalfRestored {
        /// The data folder.
        folder: PathBuf,
    },
    /// It would send passwords and keys through a network for everybody to read.
    #[error(
        "{0} is not this machine alone, and the API would speak plain HTTP there: everybody on the way reads passwords and \
         keys; set server.tls to \"ca\" or to your certificate's files, or put a TLS proxy before 127.0.0.1, or say \
         server.allow_plain_http = true"
    )]
    PlainHttp(SocketAddr),
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
    disk: Arc<Disk>,
    admin_password: PathBuf,
    heads_file: HeadsFile,
    tls: Tls,
    names: Vec<String>,
    agents: Option<TcpListener>,
}

/// Whoever sees events right after their commit.
struct Observers {
    callers: Arc<Callers>,
    fleet: Arc<SharedFleet>,
    meters: Arc<Meters>,
    feed: Arc<Feed>,
    queue: Arc<SharedQueue>,
    hub: Arc<Hub>,
}

impl Observer for Observers {
    fn committed(&self, events: &[Event]) {
        self.callers.committed(events);
        self.fleet.committed(events);
        self.meters.committed(events);
        let nudged = self.queue.lock().committed(events);
        self.feed.committed(events);
        nudged.into_iter().for_each(|agent| self.hub.nudge(agent));
    }
}

impl Server {
    /// Opens the store, loads the fleet, reads or makes the keys, and makes the first admin where there is no user.
    ///
    /// # Errors
    /// Says which file or part cannot be used.
    pub async fn open(config: &ServerConfig, shutdown: CancellationToken) -> Result<Self, ServerError> {
        let is_here = config.listen.ip().is_loopback();
        if config.tls == Tls::Off && !is_here && !config.allow_plain_http {
            return Err(ServerError::PlainHttp(config.listen));
        }
        let folder = config.data.clone();
        private::folder(&folder).map_err(|source| ServerError::File { path: folder.clone(), source })?;
        if folder.join(restore::UNDER_WAY).exists() {
            return Err(ServerError::HalfRestored { folder });
        }
        let fleet = Arc::new(SharedFleet::default());
        let windows = Arc::new(Windows::default());
        fleet.on_change({
            let windows = windows.clone();
            move || windows.changed()
        });
        let feed = Arc::new(Feed::new(0));
        let api = api::api();
        let callers = Arc::new(Callers::default());
        let hub = Arc::new(Hub::default());
        let queue = Arc::new(SharedQueue::new(queue::Limits {
            per_agent: config.max_concurrent_per_agent,
            in_all: config.max_concurrent_commands,
            waiting: config.max_command_queue_size,
        }));
        let meters = Arc::new(api.meters());
        let observers = Observers {
            callers: callers.clone(),
            fleet: fleet.clone(),
            meters: meters.clone(),
            feed: feed.clone(),
            queue: queue.clone(),
            hub: hub.clone(),
        };
        let marks = Marks { ballast: config.ballast_bytes, least: config.min_free_bytes };
        let disk = Disk::watch(&folder, marks)
            .map_err(|source| ServerError::File { path: folder.clone(), source })?;
        let opened = |source| ServerError::Store { folder: folder.clone(), source };
        let store = SqliteStore::open_on(&folder, Arc::new(observers), disk.clone()).map_err(opened)?;
        let store = Arc::new(store);
        let telemetry = Arc::new(SqliteTelemetry::open_on(&folder, disk.clone()).map_err(opened)?);
        let outputs = Arc::new(SqliteOutputs::open_on(&folder, disk.clone()).map_err(opened)?);
        let damaged: Vec<PathBuf> =
            [telemetry.damaged(), outputs.damaged()].into_iter().flatten().map(Into::into).collect();
        let seed = |name: &str| {
            let path = folder.join(name);
            read_or_make(&path).map_err(|source| ServerError::File { path, source })
        };
        let sealing = SealingKey::of(&SigningKey::from_seed(&*seed(FIRST_SIGNING)?));
        let keys = Arc::new(KeyFolder::new(&folder, config.certificate_life));
        let trust = trusted(&*store, &*store, keys).await.map_err(ServerError::Start)?;
        let token_key = match &config.jwt_secret {
            Some(secret) => token::key_from_secret(secret.expose().as_bytes()),
            None => token::key_from_secret(&*seed("token.key")?),
        };
        let heads_file = open_heads(config)?;
        let chain = store.audit_chain();
        let app = Arc::new(App {
            server: store.server_id(),
            records: store.clone(),
            store_meter: store.meter().clone(),
            store,
            telemetry,
            fleet,
            narrowed: Arc::default(),
            feed,
            hub,
            queue,
            room: disk.room().clone(),
            backups: Arc::new(Keeper::new(folder.clone(), config.backup_recipients.clone())),
            outputs,
            printed: broadcast::Sender::new(PRINTED),
            sealing,
            callers,
            lists: Lists::new(),
            windows,
            pulses: Pulses::default(),
            docs: api.docs(),
            denials: Denials::default(),
            heads: Heads::new(config.audit_heads.clone(), HEAD_FILES, chain),
            trust,
            token_key,
            settings: Settings {
                heartbeat_interval: config.heartbeat_interval,
                telemetry_interval: config.telemetry_interval,
                telemetry_retention_days: config.telemetry_retention_days,
                token_life: config.token_life,
                plain_agents: is_here || config.tls != Tls::Off || config.allow_plain_agents,
                command_timeout_s: config.command_timeout_s,
                command_retention: config.command_retention,
                command_count: config.command_count,
                request_timeout: config.request_timeout,
                rate_limits: config.rate_limits,
                event_retention: config.event_retention,
                event_count: config.event_count,
                audit_retention: config.audit_retention,
                audit_heads_interval: config.audit_heads_interval,
            },
            limits: Limits::new(&config.rate_limits),
            connections: Arc::new(connections(config)),
            trusted_proxies: config.trusted_proxies.clone(),
            origins: config.origins.clone(),
            meters,
            counted: api::Cached::default(),
            command_figures: api::Figures::default(),
            probe: api::Probe::default(),
            data: folder.clone(),
            listen: OnceLock::new(),
            agents_listen: OnceLock::new(),
            outside: Outside { process: process::usage, sizes: store::sizes },
            hashing: Hashing::new(2),
            ranges: Semaphore::new(2),
            shutdown,
        });
        load(&app).await.map_err(ServerError::Start)?;
        for file in damaged {
            tell_damaged(&app, &file).await.map_err(ServerError::Start)?;
        }
        let admin_password = first_start::ensure_admin(&app, &folder).await?;
        let (tls, names) = (config.tls.clone(), config.names.clone());
        Ok(Self { app, api, disk, admin_password, heads_file, tls, names, agents: None })
    }

    /// Lets agents join and link at this listener, with certificates.
    #[must_use]
    pub fn managing_agents_at(self, listener: TcpListener) -> Self {
        Self { agents: Some(listener), ..self }
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
        let Self { app, api, disk, heads_file, tls, names, agents, .. } = self;
        let address = listener.local_addr().map_err(ServerError::Listener)?;
        // It is set here and nowhere else.
        let _ = app.listen.set(address);
        make_room(&app.connections);
        let mut jobs = JoinSet::new();
        jobs.spawn(job::liveness::run(app.clone()));
        jobs.spawn(job::disk::run(app.clone(), disk));
        jobs.spawn(job::expiry::run(app.clone()));
        jobs.spawn(job::rollout::run(app.clone()));
        jobs.spawn(job::pulse::run(app.clone()));
        jobs.spawn(job::retention::run(app.clone()));
        jobs.spawn(job::schedule::run(app.clone()));
        jobs.spawn(job::history::run(app.clone()));
        jobs.spawn(job::sealing::run(app.clone()));
        jobs.spawn(job::denials::run(app.clone()));
        if let Some(kept) = app.settings.audit_retention {
            jobs.spawn(job::archive::run(app.clone(), kept));
        }
        let last = CancellationToken::new();
        let notary = tokio::spawn(job::notary::run(app.clone(), heads_file, last.clone()));
        let at_agents = match agents {
            None => None,
            Some(listener) => {
                let _ = app.agents_listen.set(listener.local_addr().map_err(ServerError::Listener)?);
                let shelf = show(&app, Source::Agents, &mut jobs)?;
                let router = api.agents_router(app.clone());
                Some(serve::serve(listener, router, app.clone(), Door::Agents(shelf)))
            }
        };
        let door = match Source::of(&tls, &names, address) {
            None => Door::Plain,
            Some(source) => Door::Tls(show(&app, source, &mut jobs)?),
        };
        let at_callers = serve::serve(listener, api.into_router(app.clone()), app.clone(), door);
        let served = async {
            match at_agents {
                Some(at_agents) => {
                    tokio::join!(at_callers, at_agents);
                }
                None => at_callers.await,
            }
        };
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
        job::denials::write(&app).await;
        // It signs last, so that its head stands for all that was written.
        last.cancel();
        let _ = timeout(DRAIN_TIMEOUT, notary).await;
        result
    }
}

/// Opens the file that heads of the audit log are added to.
fn open_heads(config: &ServerConfig) -> Result<HeadsFile, ServerError> {
    let path = &config.audit_heads;
    HeadsFile::open(path).map_err(|source| ServerError::File { path: path.clone(), source })
}

/// What is shown to whoever shakes hands, and a job that keeps it good.
fn show(app: &Arc<App>, source: Source, jobs: &mut JoinSet<()>) -> Result<Arc<Shelf>, ServerError> {
    let shelf = source.open(app).map_err(ServerError::Start)?;
    jobs.spawn(source.keep(app.clone(), shelf.clone()));
    Ok(shelf)
}

/// What the fleet trusts; the first keys are made where there are none.
async fn trusted(store: &dyn Store, records: &dyn Records, keys: Arc<dyn Keys>) -> Result<Trusted, Error> {
    let mut anchors = records.anchors().await?;
    let missing =
        AnchorKind::ALL.into_iter().filter(|kind| anchors.iter().all(|anchor| anchor.kind != *kind));
    let made = missing.map(|kind| keys.make(kind, None, clock::now())).collect::<Result<Vec<_>, _>>()?;
    if !made.is_empty() {
        trust::begin(store, &made).await?;
        anchors.extend(made);
    }
    Trusted::new(keys, TrustSet::new(anchors))
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
    for execution in records.open_executions(OpenOf::All).await? {
        let (job, entry) = execution.queue_entry(clock::now());
        app.queue.lock().restore(job, entry);
    }
    say(app, EventKind::ServerStarted).await?;
    let origin = Origin::server(clock::now(), app.server.to_string());
    presence::unknown_after_start(&*app.store, &app.fleet, &origin).await
}

/// Writes down that the server started or stopped.
async fn say(app: &App, kind: EventKind) -> Result<(), Error> {
    let origin = Origin::server(clock::now(), app.server.to_string());
    let event = origin.event(kind, json!({ "version": env!("CARGO_PKG_VERSION") }));
    app.store.commit(Change::new().vital().event(event)).await?;
    Ok(())
}

/// Writes down that a file was found damaged and put aside.
async fn tell_damaged(app: &App, file: &Path) -> Result<(), Error> {
    let file = file.display().to_string();
    tracing::error!(
        "a damaged file was put aside as {file}, and a new one takes its place: what it held is missing"
    );
    let origin = Origin::server(clock::now(), app.server.to_string());
    let event = origin.event(EventKind::ServerStoreDamaged, json!({ "put_aside": file }));
    app.store.commit(Change::new().vital().event(event)).await?;
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
    let current = app.trust.current();
    enroll::invite(app.enroll(&current), &request, random()?, None, &origin).await
}

/// Issues an API key of an admin on the server's own behalf, for the terminals of the same machine.
///
/// # Errors
/// There is no admin, or the store cannot write.
pub async fn issue_key_locally(app: &App, name: &str) -> Result<IssuedKey, Error> {
    let users = app.records.users(None, 1000).await?;
    let admin = users.into_iter().find(|user| user.role == Role::Admin && user.disabled_at.is_none());
    let admin = admin.ok_or_else(|| Error::not_found("user", "with the role admin"))?;
    let caller =
        Caller { user: admin.id, username: admin.username, role: admin.role, key: None, session: None };
    let request = IssueKeyRequest { name: name.to_owned(), role: None, expires_in: None, scope: None };
    let origin = Origin::server(clock::now(), app.server.to_string());
    key::issue(&*app.store, &*app.records, &caller, &request, random()?, None, &origin).await
}

/// Random bytes from the operating system.
fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(bytes)
}
