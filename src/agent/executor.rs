//! [`Executor`]: runs what orders ask, each in its own task, and survives the link that brought them; [`act`] does it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{broadcast, watch};
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
    proto::{command::CommandStatus, envelope::CommandOrder, link::CommandResult, output::Progress},
};

mod act;

/// How much progress may wait for a link; what is older counts no more.
const PROGRESS: usize = 64;

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
    progress: broadcast::Sender<Progress>,
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
            progress: broadcast::Sender::new(PROGRESS),
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
        tracing::info!(execution = %order.execution, verb = %order.verb, subject = %act.subject(), "began");
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

    /// How far the executions are, from now on.
    pub(super) fn progress(&self) -> broadcast::Receiver<Progress> {
        self.progress.subscribe()
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

    fn running(&self) -> MutexGuard<'_, HashMap<ExecutionId, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
