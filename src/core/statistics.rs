//! The fleet in numbers, counted from memory.

use std::collections::BTreeMap;

use super::fleet::Fleet;
use crate::{
    id::AgentId,
    proto::agent::{AgentStatistics, Count},
};

/// Counts the agents and their containers; `is_linked` tells whose link is open.
#[must_use]
pub fn of_agents(fleet: &Fleet, is_linked: impl Fn(AgentId) -> bool) -> AgentStatistics {
    let agents = || fleet.agents();
    let containers = || fleet.containers();
    AgentStatistics {
        total: number(agents().count()),
        linked: number(agents().filter(|agent| is_linked(agent.id)).count()),
        stale: number(agents().filter(|agent| fleet.stale_since(agent.id).is_some()).count()),
        by_status: counts(agents().map(|agent| Some(agent.status.as_str()))),
        by_site: counts(agents().map(|agent| Some(agent.site.as_str()))),
        by_os: counts(agents().map(|agent| agent.host.os.as_deref())),
        by_arch: counts(agents().map(|agent| agent.host.arch.as_deref())),
        by_engine: counts(
            agents().map(|agent| agent.container_engine.as_ref().map(|engine| engine.name.as_str())),
        ),
        by_version: counts(agents().map(|agent| agent.version.as_deref())),
        by_capability: counts(agents().flat_map(|agent| agent.capabilities.iter().map(|verb| Some(&**verb)))),
        containers: number(containers().count()),
        containers_by_state: counts(containers().map(|container| Some(container.facts.state.as_str()))),
    }
}

/// How often each value comes, the most frequent first.
fn counts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> Vec<Count> {
    let mut found: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for value in values {
        *found.entry(value).or_default() += 1;
    }
    let mut counts: Vec<Count> = found
        .into_iter()
        .map(|(value, count)| Count { value: value.map(str::to_owned), count: number(count) })
        .collect();
    counts.sort_by_key(|one| std::cmp::Reverse(one.count));
    counts
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
