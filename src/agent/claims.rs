//! [`Claims`]: which execution acts on which container, so that what happens to it is told with its cause.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::{id::ExecutionId, proto::event::EventKind};

/// How long after its end a claim is kept: the engine's events may come late.
const KEPT: SignedDuration = SignedDuration::from_secs(60);
/// How far an event's time may lie outside the run: the engine writes it down a moment after the fact.
const SLACK: SignedDuration = SignedDuration::from_millis(250);

#[derive(Debug)]
struct Claim {
    container: String,
    execution: ExecutionId,
    from: Timestamp,
    until: Option<Timestamp>,
    seen: Vec<EventKind>,
}

/// The containers that executions act on, or did a moment ago.
#[derive(Debug, Default)]
pub(super) struct Claims {
    held: Mutex<Vec<Claim>>,
    seen: watch::Sender<()>,
}

impl Claims {
    /// Notes that an execution acts on a container from now on, until the guard goes.
    pub(super) fn hold(&self, container: &str, execution: ExecutionId) -> Held<'_> {
        let from = Timestamp::now();
        let mut held = self.held();
        held.retain(|claim| claim.until.is_none_or(|until| from.duration_since(until) < KEPT));
        held.push(Claim { container: container.to_owned(), execution, from, until: None, seen: Vec::new() });
        Held { claims: self, execution }
    }

    /// The execution that caused an event, when its time lies within a run on that container.
    pub(super) fn cause(&self, container: &str, time: Timestamp) -> Option<ExecutionId> {
        let held = self.held();
        let within = |claim: &&Claim| {
            claim.container == container
                && time >= claim.from - SLACK
                && claim.until.is_none_or(|until| time <= until + SLACK)
        };
        held.iter().rev().find(within).map(|claim| claim.execution)
    }

    /// Notes that an event that an execution caused is on its way to the server.
    pub(super) fn saw(&self, execution: ExecutionId, kind: EventKind) {
        if let Some(claim) = self.held().iter_mut().find(|claim| claim.execution == execution) {
            claim.seen.push(kind);
        }
        self.seen.send_replace(());
    }

    fn has_seen(&self, execution: ExecutionId, kind: EventKind) -> bool {
        self.held().iter().any(|claim| claim.execution == execution && claim.seen.contains(&kind))
    }

    fn held(&self) -> MutexGuard<'_, Vec<Claim>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A claim while its execution acts.
pub(super) struct Held<'a> {
    claims: &'a Claims,
    execution: ExecutionId,
}

impl Held<'_> {
    /// Waits until an event of this kind is on its way, but no longer than `most`: so that the log tells first what
    /// happened and then that the command ended.
    pub(super) async fn until_seen(&self, kind: EventKind, most: Duration) {
        let mut changes = self.claims.seen.subscribe();
        let seen = changes.wait_for(|()| self.claims.has_seen(self.execution, kind));
        let _in_time = tokio::time::timeout(most, seen).await.is_ok();
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let now = Timestamp::now();
        if let Some(claim) = self.claims.held().iter_mut().find(|claim| claim.execution == self.execution) {
            claim.until = Some(now);
        }
    }
}

#[cfg(test)]
mod tests;
