//! [`Watcher`]: follows the container engine. It subscribes, takes a snapshot, then applies events in their order;
//! it waits for an engine that is not there, and takes up again when one comes back.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use futures_util::{Stream, StreamExt};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{
    cause::chain,
    claims::Claims,
    spool::{Report, Spool},
};
use crate::{
    infra::docker::{Engine, EngineError, EngineEvent, Snapshot, Subject},
    proto::{
        container::{ContainerFacts, ContainerState},
        event::EventKind,
        image::ImageFacts,
        link::{Inventory, NodeEvent},
    },
};

/// How long an engine that went may be away before the node is told to have none: restarting one takes seconds, and
/// its containers are not gone meanwhile.
const GRACE: Duration = Duration::from_secs(30);
/// The wait between looks for an engine that was here a moment ago.
const SOON: Duration = Duration::from_millis(500);
/// The shortest and the longest wait between looks for an engine.
const SELDOM: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));

/// Whether there is an engine.
#[derive(Clone, Debug, Default)]
pub(super) struct Presence {
    /// Whether anybody has looked yet.
    pub(super) known: bool,
    /// The engine.
    pub(super) engine: Option<Engine>,
    /// How many containers it holds.
    pub(super) containers: Option<u32>,
    /// The same by their state.
    pub(super) states: Arc<BTreeMap<ContainerState, u32>>,
}

/// What was read last, so that something that is gone can still be described.
#[derive(Default)]
struct Known {
    containers: HashMap<String, ContainerFacts>,
    images: HashMap<Arc<str>, ImageFacts>,
}

/// Follows the engine on one socket.
pub(super) struct Watcher {
    socket: String,
    spool: Arc<Spool>,
    claims: Arc<Claims>,
    report: Arc<Notify>,
    presence: watch::Sender<Presence>,
    known: Known,
    since: Timestamp,
}

impl Watcher {
    /// A watcher of a socket; `report` asks it for everything anew.
    pub(super) fn new(socket: &str, spool: Arc<Spool>, claims: Arc<Claims>, report: Arc<Notify>) -> Self {
        Self {
            socket: socket.to_owned(),
            spool,
            claims,
            report,
            presence: watch::Sender::default(),
            known: Known::default(),
            since: Timestamp::now(),
        }
    }

    /// Where to read whether there is an engine.
    pub(super) fn presence(&self) -> watch::Receiver<Presence> {
        self.presence.subscribe()
    }

    /// Follows the engine for ever.
    pub(super) async fn run(mut self) {
        let mut lost: Option<Instant> = None;
        let mut wait = SELDOM.0;
        loop {
            match Engine::connect(&self.socket).await {
                Ok(engine) => {
                    tracing::info!(version = %engine.about().version, "the container engine is here");
                    let error = self.follow(&engine).await;
                    tracing::warn!(error = %chain(&error), "the container engine is gone");
                    (lost, wait) = (Some(Instant::now()), SELDOM.0);
                    tokio::time::sleep(SOON).await;
                }
                Err(_) if lost.is_some_and(|since| since.elapsed() < GRACE) => tokio::time::sleep(SOON).await,
                Err(error) => {
                    self.absent(&error);
                    self.wait_without(wait).await;
                    wait = (wait * 2).min(SELDOM.1);
                }
            }
        }
    }

    /// Tells once that there is no engine.
    fn absent(&mut self, error: &EngineError) {
        let before = self.presence.send_replace(Presence { known: true, ..Presence::default() });
        if !before.known || before.engine.is_some() {
            tracing::info!(socket = %self.socket, reason = %chain(error), "there is no container engine; watching for one");
            self.known = Known::default();
            self.tell_inventory(None, Snapshot::default());
        }
    }

    /// Waits before the next look, and answers whoever asks for a report meanwhile.
    async fn wait_without(&self, wait: Duration) {
        let until = Instant::now() + wait;
        while tokio::time::timeout_at(until, self.report.notified()).await.is_ok() {
            self.tell_inventory(None, Snapshot::default());
        }
    }

    /// Follows an engine until it goes; the error says how.
    async fn follow(&mut self, engine: &Engine) -> EngineError {
        let mut events = engine.events(self.since);
        if let Err(error) = self.take_stock(engine, &mut events).await {
            return error;
        }
        loop {
            let done = tokio::select! {
                event = events.next() => match event {
                    Some(Ok(event)) => self.apply(engine, event).await,
                    Some(Err(error)) => Err(error),
                    None => Err(EngineError::Silent),
                },
                () = self.report.notified() => self.take_stock(engine, &mut events).await,
            };
            if let Err(error) = done {
                return error;
            }
        }
    }

    /// Reads everything, while events are already heard, and then applies those.
    async fn take_stock(
        &mut self,
        engine: &Engine,
        events: &mut (impl Stream<Item = Result<EngineEvent, EngineError>> + Unpin),
    ) -> Result<(), EngineError> {
        let mut early = Vec::new();
        let snapshot = {
            let mut snapshot = std::pin::pin!(engine.snapshot());
            loop {
                tokio::select! {
                    taken = &mut snapshot => break taken?,
                    Some(event) = events.next() => early.push(event?),
                }
            }
        };
        self.known.containers =
            snapshot.containers.iter().map(|facts| (facts.id.clone(), facts.clone())).collect();
        self.known.images = snapshot.images.iter().map(|facts| (facts.id.clone(), facts.clone())).collect();
        self.count(Some(engine));
        self.tell_inventory(Some(engine), snapshot);
        for event in early {
            self.apply(engine, event).await?;
        }
        Ok(())
    }

    /// Reads anew what an event is about, and tells of it.
    async fn apply(&mut self, engine: &Engine, event: EngineEvent) -> Result<(), EngineError> {
        let told = match event.subject {
            Subject::Container(ref id) => Some(self.container_event(engine, id, &event).await?),
            Subject::Image(ref name) => self.image_event(engine, name, &event).await?,
        };
        self.since = self.since.max(event.time + SignedDuration::from_nanos(1));
        let Some(told) = told else { return Ok(()) };
        let cause = told.execution;
        self.spool.keep(&Report::Event(Box::new(told)));
        if let Some(execution) = cause {
            self.claims.saw(execution, event.kind);
        }
        self.count(Some(engine));
        Ok(())
    }

    async fn container_event(
        &mut self,
        engine: &Engine,
        id: &str,
        event: &EngineEvent,
    ) -> Result<NodeEvent, EngineError> {
        let container = if event.kind == EventKind::ContainerRemoved {
            self.known.containers.remove(id)
        } else {
            match engine.container(id).await? {
                Some(facts) => {
                    self.known.containers.insert(id.to_owned(), facts.clone());
                    Some(facts)
                }
                None => self.known.containers.get(id).cloned(),
            }
        };
        let container = container.unwrap_or_else(|| event.outline(id));
        let execution = self.claims.cause(id, event.time);
        Ok(NodeEvent { container: Some(container), execution, ..bare(event) })
    }

    async fn image_event(
        &mut self,
        engine: &Engine,
        name: &str,
        event: &EngineEvent,
    ) -> Result<Option<NodeEvent>, EngineError> {
        let image = if event.kind == EventKind::ImageRemoved {
            self.known.images.remove(name)
        } else {
            let facts = engine.image(name).await?;
            facts.inspect(|facts| drop(self.known.images.insert(facts.id.clone(), facts.clone())))
        };
        Ok(image.map(|facts| NodeEvent { image: Some(facts), ..bare(event) }))
    }

    /// Lets others know which engine there is and how many containers it holds.
    fn count(&self, engine: Option<&Engine>) {
        let containers = u32::try_from(self.known.containers.len()).ok();
        let mut states = BTreeMap::new();
        for facts in self.known.containers.values() {
            *states.entry(facts.state).or_default() += 1;
        }
        let states = Arc::new(states);
        self.presence.send_replace(Presence { known: true, engine: engine.cloned(), containers, states });
    }

    fn tell_inventory(&self, engine: Option<&Engine>, snapshot: Snapshot) {
        self.spool.keep(&Report::Inventory(Box::new(Inventory {
            time: Timestamp::now(),
            container_engine: engine.map(|engine| engine.about().clone()),
            containers: snapshot.containers,
            images: snapshot.images,
        })));
    }
}

/// The event without what it is about.
fn bare(event: &EngineEvent) -> NodeEvent {
    let attributes: Map<String, Value> = event.attributes.clone();
    NodeEvent {
        time: event.time,
        kind: event.kind,
        container: None,
        image: None,
        attributes,
        execution: None,
    }
}
