//! The process on each node: one outbound link, through which it is seen and commanded.
//!
//! In reading order: [`identity`] is who it is, [`join()`] how it became that; `link` speaks with the server, and what
//! must not be lost goes through `spool`, what executions print through `output`; `watcher` follows the container engine,
//! `collector` measures the node; `order` judges what the server asks, `gate` what the node lets be done (its `policy`, a
//! `precondition`), `executor` does it, and `journal` remembers that it was done. `verbs` are those that a site added.
//!
//! What is absent: a listening socket, a shell, and any act that no signed order asked for.

use std::{
    fs::{File, TryLockError},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use self::{
    address::Address,
    backoff::{Backoff, random},
    claims::Claims,
    collector::{Collector, INTERVAL},
    executor::Executor,
    gate::Gate,
    heads::Heads,
    journal::Journal,
    link::{End, Node, nonce},
    output::Lane,
    policy::PolicyFile,
    precondition::Facts,
    spool::Spool,
    state::State,
    verbs::Folder,
    watcher::{Presence, Watcher},
};
pub use self::{
    identity::{Identity, IdentityError},
    join::{JoinError, join},
    policy::check_policy,
    state::StateError,
};
use crate::{
    config::{agent::AgentConfig, private},
    infra::telemetry::host_facts,
};

mod address;
mod backoff;
mod cause;
mod certificate;
mod claims;
mod collector;
mod exchange;
mod executor;
mod gate;
mod heads;
pub mod identity;
mod join;
mod journal;
mod link;
#[cfg(test)]
mod model;
mod order;
mod output;
mod policy;
mod precondition;
mod question;
mod spool;
mod state;
mod verbs;
mod watcher;

/// The file of the spool and the journal in the data folder.
const STATE: &str = "state.db";
/// The file that a running agent holds a lock on.
const LOCK: &str = "lock";
/// The file of the node's own policy in the data folder.
const POLICY: &str = "policy.toml";
/// The folder of the site's verbs in the data folder.
const VERBS: &str = "verbs";
/// How long the first look for a container engine may delay the first link.
const FIRST_LOOK: Duration = Duration::from_secs(2);
/// How long running executions may take to end when the agent stops.
const DRAIN: Duration = Duration::from_secs(5);
/// The wait between attempts of a quarantined agent, before jitter.
const QUARANTINE: Duration = Duration::from_secs(60);

/// Why an agent does not run; each says the cause and the cure.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The node's own files.
    #[error(transparent)]
    Identity(IdentityError),
    /// The spool and the journal.
    #[error(transparent)]
    State(StateError),
    /// Another process has this identity.
    #[error("an agent runs already with '{}'; stop it first", .0.display())]
    AlreadyRunning(PathBuf),
    /// The address is not one.
    #[error("'{0}' is not a server's address; expected http://HOST:PORT or https://HOST:PORT")]
    NotAnAddress(String),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
    /// The server withdrew this identity; trying again is useless.
    #[error(
        "{server} has removed this agent: {detail}; to bring the node back, remove its data folder and join with a \
         fresh invitation"
    )]
    Revoked {
        /// The server.
        server: String,
        /// Its words.
        detail: String,
    },
}

/// Runs the agent until `shutdown`: connects, serves the link, and comes back whenever it is lost.
///
/// Stopping lets running executions end for a few seconds; what the server has not acknowledged waits on disk.
///
/// # Errors
/// Says why the agent cannot start, or that the server removed it.
pub async fn run(config: AgentConfig, shutdown: CancellationToken) -> Result<(), RunError> {
    let identity = Identity::load(&config.data).map_err(RunError::Identity)?;
    let _lock = lock(&config)?;
    let server = if config.server.is_empty() { identity.url() } else { &config.server };
    let address = Address::parse(server).ok_or_else(|| RunError::NotAnAddress(server.to_owned()))?;
    let stop = CancellationToken::new();
    let (node, _background) = assemble(config, &identity, address, stop.clone()).await?;
    let linked = keep_linked(&node, identity);
    tokio::pin!(linked);
    tokio::select! {
        ended = &mut linked => return ended,
        () = shutdown.cancelled() => {}
    }
    let drained = async {
        node.executor.drain(DRAIN).await;
        stop.cancel();
    };
    tokio::join!(linked, drained).0
}

/// Takes the data folder for this process alone; the lock goes with the file.
fn lock(config: &AgentConfig) -> Result<File, RunError> {
    let path = config.data.join(LOCK);
    let unusable = |source| RunError::Identity(IdentityError::File { path: path.clone(), source });
    let file = private::touch(&path).map_err(unusable)?;
    match private::lock(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(RunError::AlreadyRunning(config.data.clone())),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}

/// Puts the parts together and starts those that run beside the link.
async fn assemble(
    config: AgentConfig,
    identity: &Identity,
    address: Address,
    stop: CancellationToken,
) -> Result<(Node, JoinSet<()>), RunError> {
    let path = config.data.join(STATE);
    // One that was linked before may have begun things.
    let may_have_begun = identity.epoch().map_err(RunError::Identity)? > 0;
    let state = Arc::new(State::open(&path, may_have_begun).map_err(RunError::State)?);
    let spool = Arc::new(Spool::new(Arc::clone(&state), config.spool_bytes).map_err(RunError::State)?);
    let lane = Lane::new(Arc::clone(&state), config.output_bytes).map_err(RunError::State)?;
    let journal = Journal::new(state, Arc::clone(&spool), Arc::clone(&lane));
    journal.recover().map_err(RunError::State)?;
    let (claims, report, measure) =
        (Arc::new(Claims::default()), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (interval, pulse) = (watch::Sender::new(INTERVAL), watch::Sender::default());
    let watcher = Watcher::new(&config.docker, Arc::clone(&spool), Arc::clone(&claims), Arc::clone(&report));
    let presence = watcher.presence();
    let folder = Folder::open(config.verbs.unwrap_or_else(|| config.data.join(VERBS)));
    let policy = match config.policy {
        Some(path) => PolicyFile::new(path, true),
        None => PolicyFile::new(config.data.join(POLICY), false),
    };
    let host = host_facts();
    let facts = Facts::new(
        identity,
        &config.labels,
        host.clone(),
        presence.clone(),
        pulse.subscribe(),
        folder.verbs(),
    );
    let gate = Arc::new(Gate::new(policy, facts));
    let executor = Executor::new(
        journal,
        Arc::clone(&lane),
        claims,
        presence.clone(),
        Arc::clone(&gate),
        config.max_running,
    );
    let node = Node {
        tls: address.tls().map_err(RunError::Tls)?,
        trust_system_roots: config.trust_system_roots,
        address,
        host,
        labels: config.labels,
        instance: nonce().map_err(RunError::Random)?,
        spool: Arc::clone(&spool),
        lane,
        executor: Arc::clone(&executor),
        heads: Arc::new(Heads::open(&config.data)),
        gate,
        verbs: folder.verbs(),
        presence: presence.clone(),
        pulse: pulse.subscribe(),
        interval,
        report,
        measure: Arc::clone(&measure),
        stop,
    };
    let interval = node.interval.subscribe();
    let collector = Collector {
        name: identity.name().to_owned(),
        spool,
        presence: presence.clone(),
        interval,
        now: measure,
        pulse,
    };
    let mut background = JoinSet::new();
    background.spawn(watcher.run());
    background.spawn(collector.run());
    background.spawn(folder.follow());
    background.spawn(Arc::clone(&executor).call_up());
    background.spawn(executor.tell_late());
    first_look(presence).await;
    Ok((node, background))
}

/// Waits a moment until it is known whether there is an engine, so that HELLO can say so.
async fn first_look(mut presence: watch::Receiver<Presence>) {
    let looked = tokio::time::timeout(FIRST_LOOK, presence.wait_for(|presence| presence.known)).await;
    if looked.is_err() {
        tracing::warn!("the container engine takes long to answer; linking without it");
    }
}

/// Opens one link after the other. Changes of state are logged, attempts are not.
async fn keep_linked(node: &Node, mut identity: Identity) -> Result<(), RunError> {
    let mut backoff = Backoff::default();
    let mut told = None;
    loop {
        let (lasted, end) = link::serve(node, &mut identity).await;
        backoff.lasted(lasted);
        if !lasted.is_zero() {
            told = None;
        }
        let wait = match &end {
            End::Stopped => return Ok(()),
            End::Revoked(detail) => {
                return Err(RunError::Revoked { server: identity.url().to_owned(), detail: detail.clone() });
            }
            End::Quarantined(_) | End::Refused(_) => QUARANTINE.mul_f64(0.75 + random() / 2.0),
            End::Renewed => Duration::ZERO,
            // The server spread the turns; within its whole seconds chance does.
            End::Later(after, _) => *after + Duration::from_secs(1).mul_f64(random()),
            End::Uncertified(_) | End::Lost(_) | End::NotTrusted(_) => backoff.next(random()),
        };
        let state = std::mem::discriminant(&end);
        if told.replace(state) != Some(state) {
            tell(&identity, &end);
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = node.stop.cancelled() => return Ok(()),
        }
    }
}

/// Says in the log how the link stands.
fn tell(identity: &Identity, end: &End) {
    let server = identity.url();
    match end {
        End::NotTrusted(why) => {
            tracing::error!(server, why, "whoever answers is not the server that this node joined")
        }
        End::Refused(why) => tracing::error!(
            server,
            why,
            "whoever answers refuses this agent; trying again each minute. If the server removed it, remove the data \
             folder and join with a fresh invitation"
        ),
        End::Quarantined(why) => tracing::error!(
            server,
            why,
            "the server has quarantined this agent; stop the other process that has a copy of its data folder, or \
             remove the agent and join anew"
        ),
        End::Later(after, why) => {
            tracing::info!(
                server,
                why,
                "the server has no time for a link yet; coming again in {} s",
                after.as_secs()
            )
        }
        End::Lost(why) => {
            tracing::warn!(server, why, "there is no link; trying again, and keeping reports meanwhile")
        }
        End::Uncertified(why) => {
            tracing::warn!(
                server,
                why,
                "the server does not take this agent's certificate; asking for another"
            )
        }
        End::Renewed => tracing::info!(server, "the verbs of this site changed; linking anew"),
        End::Stopped | End::Revoked(_) => {}
    }
}
