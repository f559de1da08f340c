//! [`Feed`]: events as they are committed, and measurements as they come, for whoever follows.

mod ends;

use std::{
    collections::{HashSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use serde_json::Value;
use tokio::sync::{broadcast, watch};

use self::ends::Ends;
use crate::{
    core::port::store::Observer,
    id::{CommandId, ExecutionId},
    proto::{event::Event, image::PullProgress, telemetry::Telemetry},
};

/// Events kept in memory, so that followers who keep up never ask the store: so many at most,
const KEPT: usize = 4096;
/// and no more than weigh this, in bytes.
const KEPT_BYTES: usize = 8 * 1024 * 1024;
/// Measurements that a follower may lag behind before the oldest are dropped.
const LIVE: usize = 1024;
/// The same of how far pulls are.
const PROGRESS: usize = 256;

/// The latest events, who waits for the next, and the live measurements.
pub struct Feed {
    recent: RwLock<Recent>,
    last: watch::Sender<u64>,
    live: broadcast::Sender<Arc<Telemetry>>,
    progress: broadcast::Sender<Arc<PullProgress>>,
    watchers: Mutex<Vec<Weak<AtomicU64>>>,
    ends: Ends,
}

/// The latest events and what they weigh together.
#[derive(Default)]
struct Recent {
    events: VecDeque<(Arc<Event>, usize)>,
    bytes: usize,
}

impl Recent {
    fn push(&mut self, event: Event) {
        let bytes = size_of::<Event>() + weight(&event.data);
        self.bytes += bytes;
        self.events.push_back((Arc::new(event), bytes));
        while self.events.len() > KEPT || (self.bytes > KEPT_BYTES && self.events.len() > 1) {
            let Some((_, bytes)) = self.events.pop_front() else { return };
            self.bytes -= bytes;
        }
    }
}

/// About how many bytes a value holds in memory.
fn weight(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(weight).sum(),
            Value::Object(fields) => fields.iter().map(|(name, value)| 64 + name.len() + weight(value)).sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}

impl Feed {
    /// A feed that goes on after the log's last event.
    #[must_use]
    pub fn new(last: u64) -> Self {
        Self {
            recent: RwLock::default(),
            last: watch::Sender::new(last),
            live: broadcast::Sender::new(LIVE),
            progress: broadcast::Sender::new(PROGRESS),
            watchers: Mutex::default(),
            ends: Ends::default(),
        }
    }

    /// Changes whenever events are committed; its value is the last sequence.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// The sequence of the last event.
    #[must_use]
    pub fn last(&self) -> u64 {
        *self.last.borrow()
    }

    /// Events after a sequence, or `None` when memory does not reach back so far.
    #[must_use]
    pub fn after(&self, sequence: u64, limit: usize) -> Option<Vec<Arc<Event>>> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        let Some((first, _)) = recent.events.front() else { return (sequence >= self.last()).then(Vec::new) };
        let first = sequence_of(first);
        let next = sequence.saturating_add(1);
        if next < first {
            return None;
        }
        let skip = usize::try_from(next - first).unwrap_or(usize::MAX);
        Some(recent.events.iter().skip(skip).take(limit).map(|(event, _)| event.clone()).collect())
    }

    /// Waits until an event of which `wanted` holds stands in the log after a sequence. May be dropped at any point and
    /// waited for again from the same sequence without a loss.
    pub async fn next_where(&self, mut seen: u64, mut wanted: impl FnMut(&Event) -> bool) {
        let mut changes = self.changes();
        loop {
            let last = *changes.borrow_and_update();
            if self.after(seen, usize::MAX).is_none_or(|events| events.iter().any(|event| wanted(event))) {
                return;
            }
            seen = last.max(seen);
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits until these executions of a command ended, in the log after a sequence. It may return sooner, where memory does
    /// not reach back so far. May be dropped at any point and waited for again from the same sequence without a loss.
    pub async fn ended(&self, command: CommandId, running: HashSet<ExecutionId>, seen: u64) {
        // What is committed from now on is told to the place; what was before is looked up.
        let place = self.ends.wait(command, running);
        let Some(events) = self.after(seen, usize::MAX) else { return };
        events.iter().for_each(|event| place.heard(event));
        place.over().await;
    }

    /// Notes that somebody follows, for as long as the answer lives; it holds where the watcher is.
    pub(in crate::api) fn watch(&self, cursor: u64) -> Arc<AtomicU64> {
        let cursor = Arc::new(AtomicU64::new(cursor));
        let mut watching = self.watching();
        watching.retain(|watcher| watcher.strong_count() > 0);
        watching.push(Arc::downgrade(&cursor));
        drop(watching);
        cursor
    }

    /// How many follow, and by how many events the slowest of them is behind.
    pub(in crate::api) fn watchers(&self) -> (usize, Option<u64>) {
        let mut watching = self.watching();
        watching.retain(|watcher| watcher.strong_count() > 0);
        let cursors = watching.iter().filter_map(Weak::upgrade).map(|cursor| cursor.load(Relaxed));
        (watching.len(), cursors.min().map(|slowest| self.last().saturating_sub(slowest)))
    }

    fn watching(&self) -> MutexGuard<'_, Vec<Weak<AtomicU64>>> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows the live measurements.
    #[must_use]
    pub fn live(&self) -> broadcast::Receiver<Arc<Telemetry>> {
        self.live.subscribe()
    }

    /// Follows how far pulls are.
    #[must_use]
    pub fn progress(&self) -> broadcast::Receiver<Arc<PullProgress>> {
        self.progress.subscribe()
    }

    /// Whether anybody follows how far pulls are.
    #[must_use]
    pub fn shows_progress(&self) -> bool {
        self.progress.receiver_count() > 0
    }

    /// Shows how far a pull is to whoever follows.
    pub fn progressed(&self, progress: Arc<PullProgress>) {
        // Nobody may follow, and then nobody misses it.
        let _ = self.progress.send(progress);
    }

    /// Shows a measurement to whoever follows.
    pub fn measured(&self, telemetry: Arc<Telemetry>) {
        // Nobody may follow, and then nobody misses it.
        let _ = self.live.send(telemetry);
    }
}

/// The sequence of an event as a number; the text form is 20 digits.
pub(in crate::api) fn sequence_of(event: &Event) -> u64 {
    event.sequence.parse().unwrap_or_default()
}

impl Observer for Feed {
    fn committed(&self, events: &[Event]) {
        let Some(last) = events.last().map(sequence_of) else { return };
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        events.iter().cloned().for_each(|event| recent.push(event));
        drop(recent);
        self.ends.committed(events);
        self.last.send_replace(last);
    }
}
