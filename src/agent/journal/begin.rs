//! How executions begin: what arrives together is looked up and written down in one transaction with one sync.

use std::sync::{Arc, MutexGuard, PoisonError};

use jiff::Timestamp;
use rusqlite::{Transaction, params};
use tokio::sync::oneshot;

use super::{Entry, Journal, find, outcome};
use crate::{
    agent::state::{Durability, StateError, vouches},
    proto::{command::CommandStatus, envelope::CommandOrder, verb::Effect},
};

/// How many ended executions are remembered; far more than a server may still have in flight.
const REMEMBERED: i64 = 10_000;
/// After so many beginnings the oldest make room.
const TIDY_EVERY: usize = 256;
/// The most that begin in one transaction.
const BATCH: usize = 256;

/// Whether an execution may begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::agent) enum Begin {
    /// It began at this moment: it may act now.
    Now(Timestamp),
    /// The journal knows it; how it ended is on its way.
    Answered,
}

/// What waits to begin.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Vec<Waiting>,
    is_served: bool,
    since_tidied: usize,
}

struct Waiting {
    id: String,
    command: String,
    verb: String,
    effect: Effect,
    has_begun: bool,
    made_at_ms: Option<u64>,
    answer: oneshot::Sender<Result<Found, Arc<StateError>>>,
}

/// What the journal said of an execution.
#[derive(Clone, Debug)]
enum Found {
    Nothing(Timestamp),
    Known(Entry),
    /// The server heard that it began, and the journal knows nothing of it.
    Forgotten,
}

impl Journal {
    /// Notes that an execution begins, unless it did before: on disk when this returns, where doing it twice is not the
    /// same as doing it once.
    ///
    /// # Errors
    /// Says that the journal cannot be written; then nothing may be done.
    pub(in crate::agent) async fn begin(
        self: &Arc<Self>,
        order: &CommandOrder,
        effect: Effect,
    ) -> Result<Begin, Arc<StateError>> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            id: order.execution.to_string(),
            command: order.command.to_string(),
            verb: order.verb.clone(),
            effect,
            has_begun: order.has_begun,
            made_at_ms: order.execution.made_at_ms(),
            answer,
        };
        let must_serve = {
            let mut queue = self.queue();
            queue.waiting.push(waiting);
            !std::mem::replace(&mut queue.is_served, true)
        };
        if must_serve {
            let journal = Arc::clone(self);
            tokio::task::spawn_blocking(move || journal.serve());
        }
        match answered.await {
            Ok(Ok(Found::Nothing(began))) => {
                // Of one that only looks, and broke off: what it printed then is no part of what it prints now.
                if effect == Effect::Reads && self.lane.holds(order.execution)? {
                    self.lane.forget(order.execution, u64::MAX)?;
                }
                crash_point!("agent.began");
                return Ok(Begin::Now(began));
            }
            Ok(Ok(Found::Known(Entry::Ended(result)))) => self.repeat(&result)?,
            Ok(Ok(Found::Known(Entry::Began))) => {
                let why = "it began before and its outcome was lost".to_owned();
                self.enter_end(&outcome(order, CommandStatus::Unknown, None, Some(why)), &order.verb)?;
            }
            Ok(Ok(Found::Forgotten)) => {
                let why = "the journal of this node was lost, or knows nothing of an execution that began here; it may \
                           have taken effect"
                    .to_owned();
                self.enter_end(&outcome(order, CommandStatus::Unknown, None, Some(why)), &order.verb)?;
            }
            Ok(Err(error)) => return Err(error),
            // Only an agent that ends drops an answer; the next one looks into the journal.
            Err(_) => {}
        }
        Ok(Begin::Answered)
    }

    /// Ends an order that does not begin, and tells the server; one that did before is answered as it ended.
    ///
    /// # Errors
    /// Says that the journal cannot be written; then nothing is told.
    pub(in crate::agent) async fn turn_down(
        self: &Arc<Self>,
        order: &CommandOrder,
        status: CommandStatus,
        why: String,
    ) -> Result<(), Arc<StateError>> {
        // Of one that began once and of which nothing is known here, it cannot be said that it did not.
        let effect = if order.has_begun { Effect::Acts } else { Effect::Reads };
        if let Begin::Now(_) = self.begin(order, effect).await? {
            let mut result = outcome(order, status, None, Some(why));
            // What the server heard of before may have begun, whatever this journal knows.
            result.not_begun = !order.has_begun;
            self.enter_end(&result, &order.verb)?;
        }
        Ok(())
    }

    /// Writes what waits until nothing does.
    fn serve(&self) {
        loop {
            let (batch, tidies) = {
                let mut queue = self.queue();
                let many = queue.waiting.len().min(BATCH);
                if many == 0 {
                    queue.is_served = false;
                    return;
                }
                queue.since_tidied += many;
                let tidies = queue.since_tidied >= TIDY_EVERY;
                if tidies {
                    queue.since_tidied = 0;
                }
                (queue.waiting.drain(..many).collect::<Vec<_>>(), tidies)
            };
            let acts = batch.iter().any(|waiting| waiting.effect == Effect::Acts);
            let durability = if acts { Durability::Synced } else { Durability::Written };
            let found = self.state.write(durability, |transaction| {
                // As it is read back, so that it is the same whoever tells it.
                let now = Timestamp::now();
                let began = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
                if tidies {
                    tidy(transaction)?;
                }
                batch.iter().map(|waiting| look(transaction, waiting, began)).collect::<Result<Vec<_>, _>>()
            });
            match found {
                Ok(found) => batch.into_iter().zip(found).for_each(|(waiting, found)| {
                    let _ = waiting.answer.send(Ok(found));
                }),
                Err(error) => {
                    let error = Arc::new(error);
                    for waiting in batch {
                        let _ = waiting.answer.send(Err(Arc::clone(&error)));
                    }
                }
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks an execution up; one that nothing is known of is entered, unless it only looks.
fn look(transaction: &Transaction<'_>, waiting: &Waiting, began: Timestamp) -> rusqlite::Result<Found> {
    if let Some(entry) = find(transaction, &waiting.id)? {
        return Ok(Found::Known(entry));
    }
    if waiting.effect == Effect::Acts && (waiting.has_begun || !vouches(transaction, waiting.made_at_ms)?) {
        return Ok(Found::Forgotten);
    }
    if waiting.effect != Effect::Reads {
        transaction
            .prepare_cached("INSERT INTO execution (id, command, verb, began) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![waiting.id, waiting.command, waiting.verb, began.as_microsecond()])?;
    }
    Ok(Found::Nothing(began))
}

/// The oldest that ended make room.
fn tidy(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction
        .execute(
            "DELETE FROM execution WHERE result IS NOT NULL AND told = 1
             AND began < (SELECT began FROM execution ORDER BY began DESC LIMIT 1 OFFSET ?1)",
            [REMEMBERED],
        )
        .map(drop)
}
