//! Engines under test: each opens the same data again and again.

use std::{
    path::Path,
    sync::{Arc, Mutex, mpsc},
};

use tempfile::TempDir;
use worpen::{
    core::port::{
        records::{EventFilter, Records},
        store::{Observer, Store},
    },
    infra::store::SqliteStore,
    proto::event::Event,
};

/// An open store.
pub(super) trait Engine: Store + Records {}

impl<T: Store + Records> Engine for T {}

/// Data that a store can be opened on.
pub(super) struct Data {
    dir: TempDir,
    open: fn(&Path, Arc<dyn Observer>) -> Box<dyn Engine>,
}

impl Data {
    pub(super) fn open(&self) -> Box<dyn Engine> {
        self.observed(Arc::new(Seen::default()))
    }

    pub(super) fn observed(&self, observer: Arc<dyn Observer>) -> Box<dyn Engine> {
        (self.open)(self.dir.path(), observer)
    }
}

pub(super) fn sqlite_engine() -> Data {
    Data {
        dir: tempfile::tempdir().unwrap(),
        open: |dir, observer| Box::new(SqliteStore::open(dir, observer).unwrap()),
    }
}

/// Remembers every event that was committed.
#[derive(Default)]
pub(super) struct Seen(Mutex<Vec<Event>>);

impl Seen {
    pub(super) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    pub(super) fn last(&self) -> u64 {
        self.0.lock().unwrap().last().map_or(0, sequence)
    }
}

impl Observer for Seen {
    fn committed(&self, events: &[Event]) {
        self.0.lock().unwrap().extend_from_slice(events);
    }
}

/// Holds the writer after each batch until it is told to go on, so that a test decides what makes up the next.
pub(super) struct Gate {
    go: Mutex<mpsc::Receiver<()>>,
    reached: mpsc::Sender<()>,
}

/// The test's side of a [`Gate`].
pub(super) struct Keeper {
    go: mpsc::Sender<()>,
    reached: mpsc::Receiver<()>,
}

impl Gate {
    pub(super) fn new() -> (Arc<Self>, Keeper) {
        let ((go, may_go), (has_reached, reached)) = (mpsc::channel(), mpsc::channel());
        (Arc::new(Self { go: Mutex::new(may_go), reached: has_reached }), Keeper { go, reached })
    }
}

impl Observer for Gate {
    fn committed(&self, _: &[Event]) {
        // Once the keeper is gone the gate stands open.
        let _ = self.reached.send(());
        let _ = self.go.lock().unwrap().recv();
    }
}

impl Keeper {
    /// Waits until the writer stands at the gate.
    pub(super) fn wait(&self) {
        self.reached.recv().unwrap();
    }

    /// Opens the gate for good.
    pub(super) fn open(self) {
        drop(self.go);
    }
}

pub(super) fn sequence(event: &Event) -> u64 {
    assert_eq!(event.sequence.len(), 20, "{}", event.sequence);
    event.sequence.parse().unwrap()
}

pub(super) async fn all_events(store: &dyn Engine) -> Vec<Event> {
    let found = store.events(0, &EventFilter::default(), usize::MAX).await.unwrap();
    assert!(!found.more, "they are too large to be read at once");
    found.items
}

/// Asserts that the events are those from `first` on, without a hole.
pub(super) fn assert_whole(events: &[Event], first: u64) {
    for (event, wanted) in events.iter().zip(first..) {
        assert_eq!(sequence(event), wanted);
    }
}
