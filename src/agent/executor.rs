//! [`Executor`]: does what orders ask, each in its own task, and survives the link that brought them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    claims::Claims,
    journal::{Entry, Journal, outcome},
    order::{Act, Refusal},
    state::{Durability, StateError},
    watcher::Presence,
};
use crate::{
    id::{CommandId, ExecutionId},
    infra::docker::{Engine, EngineError},
    proto::{
        command::CommandStatus, container::ContainerState, envelope::CommandOrder, event::EventKind,
        link::CommandResult,
    },
};

/// How long a result waits for the engine's event of the same act.
const EVENT_FIRST: Duration = Duration::from_millis(300);

/// An execution that runs.
struct Running {
    command: CommandId,
    cancel: CancellationToken,
}

/// Runs the executions of this node.
pub(super) struct Executor {
    journal: Journal,
    claims: Arc<Claims>,
    presence: watch::Receiver<Presence>,
    running: Mutex<HashMap<ExecutionId, Running>>,
    count: watch::Sender<usize>,
    closed: CancellationToken,
}

impl Executor {
    /// An executor that nothing runs in.
    pub(super) fn new(
        journal: Journal,
        claims: Arc<Claims>,
        presence: watch::Receiver<Presence>,
    ) -> Arc<Self> {
        Arc::new(Self {
            journal,
            claims,
            presence,
            running: Mutex::default(),
            count: watch::Sender::new(0),
            closed: CancellationToken::new(),
        })
    }

    /// Takes an order that was checked. One that is in the journal is answered from there and never runs again.
    ///
    /// # Errors
    /// Says that the journal cannot be written; then nothing is done.
    pub(super) fn take(self: &Arc<Self>, order: CommandOrder, act: Act) -> Result<(), StateError> {
        if self.closed.is_cancelled()
            || self.running().contains_key(&order.execution)
            || self.answers(&order)?
        {
            return Ok(());
        }
        let durability = if act.is_idempotent() { Durability::Written } else { Durability::Synced };
        self.journal.begin(&order, durability)?;
        tracing::info!(execution = %order.execution, verb = %order.verb, container = %act.container(), "began");
        let cancel = CancellationToken::new();
        let running = Running { command: order.command, cancel: cancel.clone() };
        self.running().insert(order.execution, running);
        self.count.send_modify(|count| *count += 1);
        let executor = Arc::clone(self);
        tokio::spawn(async move { executor.run(order, act, cancel).await });
        Ok(())
    }

    /// Tells the server that an order it signed is not obeyed.
    ///
    /// # Errors
    /// Says that the journal cannot be written.
    pub(super) fn refuse(&self, order: &CommandOrder, why: &Refusal) -> Result<(), StateError> {
        if self.running().contains_key(&order.execution) || self.answers(order)? {
            return Ok(());
        }
        let status = if *why == Refusal::Expired { CommandStatus::Expired } else { CommandStatus::Refused };
        self.journal.refuse(order, &outcome(order, status, None, Some(why.to_string())))
    }

    /// Stops what runs for a command.
    pub(super) fn cancel(&self, command: CommandId) {
        self.running()
            .values()
            .filter(|running| running.command == command)
            .for_each(|running| running.cancel.cancel());
    }

    /// Takes no more orders, and waits until nothing runs, but no longer than `most`.
    pub(super) async fn drain(&self, most: Duration) {
        self.closed.cancel();
        let mut count = self.count.subscribe();
        if tokio::time::timeout(most, count.wait_for(|count| *count == 0)).await.is_err() {
            tracing::warn!("executions still run; their outcome will be told as unknown at the next start");
        }
    }

    /// Whether the journal knows the execution; if so, its answer is on its way.
    fn answers(&self, order: &CommandOrder) -> Result<bool, StateError> {
        match self.journal.find(order.execution)? {
            Some(Entry::Ended(result)) => self.journal.repeat(*result)?,
            Some(Entry::Began) => {
                let why = "it began before and its outcome was lost".to_owned();
                self.journal.end(&outcome(order, CommandStatus::Unknown, None, Some(why)))?;
            }
            None => return Ok(false),
        }
        Ok(true)
    }

    async fn run(&self, order: CommandOrder, act: Act, cancel: CancellationToken) {
        let limit = Duration::from_secs(order.timeout_s.max(1).into());
        let result = tokio::select! {
            biased;
            done = tokio::time::timeout(limit, self.act(&order, &act)) => match done {
                Ok(Ok(given)) => outcome(&order, CommandStatus::Succeeded, Some(given), None),
                Ok(Err(why)) => outcome(&order, CommandStatus::Failed, None, Some(why)),
                Err(_) => {
                    let why = format!("it took longer than {} s; the engine may still finish it", limit.as_secs());
                    outcome(&order, CommandStatus::TimedOut, None, Some(why))
                }
            },
            () = cancel.cancelled() => {
                let why = "somebody stopped it; the engine may still finish what it began".to_owned();
                outcome(&order, CommandStatus::Cancelled, None, Some(why))
            }
        };
        self.finish(&result);
        self.running().remove(&order.execution);
        self.count.send_modify(|count| *count = count.saturating_sub(1));
    }

    fn finish(&self, result: &CommandResult) {
        let execution = result.execution_id.map(|id| id.to_string());
        tracing::info!(execution, status = ?result.status, error = result.error_message, "ended");
        if let Err(error) = self.journal.end(result) {
            tracing::error!(execution, %error, "the end of an execution cannot be written down");
        }
    }

    /// Does it; the error is in the engine's own words.
    async fn act(&self, order: &CommandOrder, act: &Act) -> Result<Value, String> {
        let engine = self.presence.borrow().engine.clone();
        let engine = engine.ok_or("there is no container engine on this node")?;
        let (id, running) = engine.look(act.container()).await.map_err(words)?;
        let held = self.claims.hold(&id, order.execution);
        let (changed, last_event) = match act {
            Act::Start(_) => (!running, engine.start(&id).await.map(|()| EventKind::ContainerStarted)),
            Act::Stop(halt) => {
                (running, engine.stop(&id, halt.timeout_s).await.map(|()| EventKind::ContainerStopped))
            }
            Act::Restart(halt) => {
                (true, engine.restart(&id, halt.timeout_s).await.map(|()| EventKind::ContainerRestarted))
            }
            Act::Remove(removal) => {
                (true, engine.remove(&id, removal.force).await.map(|()| EventKind::ContainerRemoved))
            }
        };
        let last_event = last_event.map_err(words)?;
        if changed {
            held.until_seen(last_event, EVENT_FIRST).await;
        }
        Ok(json!({"changed": changed, "state": state(&engine, &id).await}))
    }

    fn running(&self) -> MutexGuard<'_, HashMap<ExecutionId, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
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
        other => other.to_string(),
    }
}
