//! How each act is done on the container engine.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{super::cause::chain, Executor};
use crate::{
    agent::order::Act,
    infra::docker::{Engine, EngineError},
    proto::{
        container::ContainerState,
        envelope::CommandOrder,
        event::EventKind,
        output::{Part, Progress},
    },
};

/// How long a result waits for the engine's event of the same act.
const EVENT_FIRST: Duration = Duration::from_millis(300);
/// Progress is told no more often than this; an engine tells it hundreds of times a second.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// What may become of a container, and the seconds of grace that it is given.
#[derive(Clone, Copy)]
enum Steer {
    Start,
    Stop(Option<u32>),
    Restart(Option<u32>),
    Remove { force: bool },
}

impl Executor {
    /// Does it; the error is in the engine's own words.
    pub(super) async fn act(&self, order: &CommandOrder, act: &Act) -> Result<Value, String> {
        let engine = self.presence.borrow().engine.clone();
        let engine = engine.ok_or("there is no container engine on this node")?;
        match act {
            Act::Pull(image) => self.pull(&engine, order, &image.image).await,
            Act::Prune(extent) => engine.prune(extent.all).await.map(|pruned| json!(pruned)).map_err(words),
            Act::Start(target) => self.steer(&engine, order, &target.container, Steer::Start).await,
            Act::Stop(halt) => self.steer(&engine, order, &halt.container, Steer::Stop(halt.timeout_s)).await,
            Act::Restart(halt) => {
                self.steer(&engine, order, &halt.container, Steer::Restart(halt.timeout_s)).await
            }
            Act::Remove(removal) => {
                self.steer(&engine, order, &removal.container, Steer::Remove { force: removal.force }).await
            }
        }
    }

    /// Brings an image, and shows on the way how far it is.
    async fn pull(&self, engine: &Engine, order: &CommandOrder, image: &str) -> Result<Value, String> {
        let mut last: Option<Instant> = None;
        let show = |parts: &[Part]| {
            if last.is_some_and(|last| last.elapsed() < PROGRESS_EVERY) {
                return;
            }
            last = Some(Instant::now());
            let progress = Progress {
                execution_id: order.execution,
                time: Timestamp::now(),
                subject: image.to_owned(),
                parts: parts.to_vec(),
            };
            // Without a link nobody looks, and then nobody misses it.
            let _ = self.progress.send(progress);
        };
        engine.pull(image, show).await.map(|pulled| json!(pulled)).map_err(words)
    }

    /// Starts, stops, restarts or removes a container.
    async fn steer(
        &self,
        engine: &Engine,
        order: &CommandOrder,
        container: &str,
        how: Steer,
    ) -> Result<Value, String> {
        let (id, running) = engine.look(container).await.map_err(words)?;
        let mut held = self.claims.hold(&id, order.execution);
        let (changed, last_event) = match how {
            Steer::Start => (!running, engine.start(&id).await.map(|()| EventKind::ContainerStarted)),
            Steer::Stop(grace) => {
                (running, engine.stop(&id, grace).await.map(|()| EventKind::ContainerStopped))
            }
            Steer::Restart(grace) => {
                (true, engine.restart(&id, grace).await.map(|()| EventKind::ContainerRestarted))
            }
            Steer::Remove { force } => {
                (true, engine.remove(&id, force).await.map(|()| EventKind::ContainerRemoved))
            }
        };
        held.settle();
        let last_event = last_event.map_err(words)?;
        if changed {
            held.until_seen(last_event, EVENT_FIRST).await;
        }
        Ok(json!({"changed": changed, "state": state(engine, &id).await}))
    }
}

/// What the container does now; `null` when it is gone.
async fn state(engine: &Engine, id: &str) -> Option<ContainerState> {
    engine.container(id).await.ok().flatten().map(|facts| facts.state)
}

/// The engine's words, or what stands between it and us.
fn words(error: EngineError) -> String {
    match error {
        EngineError::Unreachable(source) => format!("the container engine cannot be reached: {source}"),
        other => chain(&other),
    }
}
