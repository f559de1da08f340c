//! [`Pulses`]: the latest heartbeat of each plain agent. They are no measurements, and are kept in memory alone.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::id::AgentId;

/// What an agent's latest heartbeat said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pulse {
    /// When it came.
    pub at: Timestamp,
    /// CPU in use, percent.
    pub cpu: Option<f32>,
    /// Memory in use, percent.
    pub ram: Option<f32>,
}

/// The latest pulses, and since when each agent that speaks only HTTP is silent.
#[derive(Debug, Default)]
pub struct Pulses {
    known: Mutex<HashMap<AgentId, (Pulse, Option<Instant>)>>,
}

impl Pulses {
    fn known(&self) -> MutexGuard<'_, HashMap<AgentId, (Pulse, Option<Instant>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a pulse that came through a link, whose end will be seen.
    pub(super) fn linked(&self, agent: AgentId, pulse: Pulse) {
        self.known().insert(agent, (pulse, None));
    }

    /// Notes a pulse that came over plain HTTP: only the lack of the next will tell that the agent is gone.
    pub(super) fn unlinked(&self, agent: AgentId, pulse: Pulse) {
        self.known().insert(agent, (pulse, Some(Instant::now())));
    }

    /// The latest pulse of an agent.
    pub(super) fn latest(&self, agent: AgentId) -> Option<Pulse> {
        self.known().get(&agent).map(|(pulse, _)| *pulse)
    }

    /// Agents that speak only HTTP, and when each was heard last.
    #[must_use]
    pub fn unlinked_since(&self) -> Vec<(AgentId, Instant)> {
        self.known().iter().filter_map(|(agent, (_, heard))| Some((*agent, (*heard)?))).collect()
    }

    /// Expects no further pulse of an agent that was heard last at `heard`.
    pub fn given_up(&self, agent: AgentId, heard: Instant) {
        if let Some((_, last)) = self.known().get_mut(&agent).filter(|(_, last)| *last == Some(heard)) {
            *last = None;
        }
    }

    /// Forgets a removed agent.
    pub(super) fn forget(&self, agent: AgentId) {
        self.known().remove(&agent);
    }
}
