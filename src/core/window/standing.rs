//! [`Standing`]: the agents in the order of their names, made once for all who look while no agent comes or goes.

use std::cmp::Ordering;

use super::super::{fleet::Fleet, selector::natural};
use crate::id::AgentId;

/// The agents in the order of their names, in which digits count as numbers.
#[derive(Debug, Default)]
pub struct Standing {
    /// What the fleet's `names` were when this was made.
    version: u64,
    by_name: Vec<AgentId>,
    /// The place of each, by id.
    places: Vec<(AgentId, usize)>,
}

impl Standing {
    /// The order of a fleet's agents.
    #[must_use]
    pub fn of(fleet: &Fleet) -> Self {
        let mut named: Vec<_> = fleet.agents().map(|agent| (agent.agent_id.as_str(), agent.id)).collect();
        named.sort_unstable_by(|left, right| match natural(left.0, right.0) {
            Ordering::Equal => left.1.cmp(&right.1),
            by => by,
        });
        let by_name: Vec<_> = named.into_iter().map(|(_, id)| id).collect();
        let mut places: Vec<_> = by_name.iter().copied().zip(0..).collect();
        places.sort_unstable();
        Self { version: fleet.versions().names, by_name, places }
    }

    /// Whether it still holds.
    #[must_use]
    pub fn is_of(&self, fleet: &Fleet) -> bool {
        self.version == fleet.versions().names
    }

    /// The agents, in order.
    #[must_use]
    pub fn agents(&self) -> &[AgentId] {
        &self.by_name
    }

    /// The place of an agent.
    #[must_use]
    pub fn place(&self, agent: AgentId) -> Option<usize> {
        let found = self.places.binary_search_by_key(&agent, |(id, _)| *id);
        found.ok().map(|at| self.places[at].1)
    }

    /// What is counted by agent, in the order of the agents' ids, put into the order of their names.
    #[must_use]
    pub fn arranged(&self, counted: impl Iterator<Item = (AgentId, usize)>) -> Vec<usize> {
        let mut counts = vec![0; self.by_name.len()];
        let mut places = self.places.iter().peekable();
        for (agent, count) in counted {
            while places.next_if(|(id, _)| *id < agent).is_some() {}
            if let Some((_, place)) = places.next_if(|(id, _)| *id == agent) {
                counts[*place] = count;
            }
        }
        counts
    }
}
