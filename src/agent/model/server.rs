//! The server of a run: the real store, queue and usecases; a crash drops all that is in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use jiff::Timestamp;

use crate::{
    core::{
        port::{
            links::Links,
            records::{OpenOf, Records},
            store::Observer,
        },
        queue::{Limits, SharedQueue},
        sealing::SealingKey,
        signing::SigningKey,
        usecase::Origin,
    },
    id::{AgentId, ExecutionId},
    infra::store::SqliteStore,
    proto::{event::Event, link::LinkErrorCode, output::Piece},
};

/// How much may be with the nodes: little, so that a run meets the limits.
pub(super) const LIMITS: Limits = Limits { per_agent: 2, in_all: 4, waiting: 1000 };

/// The links that are to look into the queue.
#[derive(Default)]
pub(super) struct Nudges(Mutex<BTreeSet<AgentId>>);

impl Nudges {
    pub(super) fn take(&self, agent: AgentId) -> bool {
        self.0.lock().unwrap().remove(&agent)
    }
}

impl Links for Nudges {
    fn nudge(&self, agent: AgentId) {
        self.0.lock().unwrap().insert(agent);
    }

    fn end(&self, _: AgentId, _: LinkErrorCode, _: &str) -> bool {
        false
    }

    fn sync(&self, _: AgentId) -> bool {
        false
    }

    fn is_linked(&self, _: AgentId) -> bool {
        false
    }

    fn linked_since(&self, _: AgentId) -> Option<Timestamp> {
        None
    }
}

struct Watch(Arc<SharedQueue>, Arc<Nudges>);

impl Observer for Watch {
    fn committed(&self, events: &[Event]) {
        let nudged = self.0.lock().committed(events);
        nudged.into_iter().for_each(|agent| self.1.nudge(agent));
    }
}

/// A server that runs.
pub(super) struct Server {
    pub(super) store: Arc<SqliteStore>,
    pub(super) queue: Arc<SharedQueue>,
    pub(super) nudges: Arc<Nudges>,
    pub(super) key: SigningKey,
    pub(super) sealing: SealingKey,
    folder: PathBuf,
}

impl Server {
    /// Starts on what the folder holds.
    pub(super) async fn start(folder: &Path, now: Timestamp) -> Self {
        let (queue, nudges) = (Arc::new(SharedQueue::new(LIMITS)), Arc::new(Nudges::default()));
        let observer = Arc::new(Watch(Arc::clone(&queue), Arc::clone(&nudges)));
        let store = Arc::new(SqliteStore::open(folder, observer).unwrap());
        for execution in store.open_executions(OpenOf::All).await.unwrap() {
            let (job, entry) = execution.queue_entry(now);
            queue.lock().restore(job, entry);
        }
        let key = SigningKey::from_seed(&[7; 32]);
        let sealing = SealingKey::of(&key);
        Self { store, queue, nudges, key, sealing, folder: folder.to_owned() }
    }

    /// Ends at once and starts again.
    pub(super) async fn crash(self, now: Timestamp) -> Self {
        let folder = self.folder.clone();
        drop(self);
        Self::start(&folder, now).await
    }

    /// What the server does on its own behalf.
    pub(super) fn origin(now: Timestamp) -> Origin {
        Origin::server(now, "model")
    }
}

/// What executions printed, as the server has it on disk.
#[derive(Default)]
pub(super) struct Printed(BTreeMap<ExecutionId, BTreeMap<u64, Vec<u8>>>);

impl Printed {
    /// Keeps a piece; one that is there already changes nothing.
    pub(super) fn keep(&mut self, execution: ExecutionId, piece: Piece) {
        self.0.entry(execution).or_default().entry(piece.offset).or_insert(piece.bytes);
    }

    /// How many bytes there are of an execution.
    pub(super) fn bytes(&self, execution: ExecutionId) -> u64 {
        let pieces = self.0.get(&execution).into_iter().flat_map(BTreeMap::values);
        pieces.map(|bytes| bytes.len() as u64).sum()
    }
}
