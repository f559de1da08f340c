//! The fleet in numbers, counted from memory.

pub mod command;

use std::collections::BTreeMap;

use super::fleet::Fleet;
use crate::{
    id::AgentId,
    proto::agent::{AgentStatistics, Count},
};

/// Counts the agents and their containers; `is_linked` tells whose link is open.
#[must_use]
pub fn of_agents(fleet: &Fleet, is_linked: impl Fn(AgentId) -> bool) -> AgentStatistics {
    let (mut total, mut linked, mut stale) = (0, 0, 0);
    let mut by_status = Tally::new();
    let (mut by_site, mut by_capability) = (Tally::new(), Tally::new());
    let (mut by_os, mut by_arch, mut by_engine, mut by_version) =
        (Tally::new(), Tally::new(), Tally::new(), Tally::new());
    for agent in fleet.agents() {
        total += 1;
        linked += usize::from(is_linked(agent.id));
        stale += usize::from(fleet.stale_since(agent.id).is_some());
        *by_status.entry(agent.status).or_default() += 1;
        count(&mut by_site, Some(agent.site.as_str()));
        count(&mut by_os, agent.host.os.as_deref());
        count(&mut by_arch, agent.host.arch.as_deref());
        count(&mut by_engine, agent.container_engine.as_ref().map(|engine| engine.name.as_str()));
        count(&mut by_version, agent.version.as_deref());
        agent.capabilities.iter().for_each(|verb| count(&mut by_capability, Some(&**verb)));
    }
    let mut by_state = Tally::new();
    for container in fleet.containers() {
        *by_state.entry(container.facts.state).or_default() += 1;
    }
    AgentStatistics {
        total: number(total),
        linked: number(linked),
        stale: number(stale),
        by_status: counts(by_status.into_iter().map(|(status, count)| (Some(status.as_str()), count))),
        by_site: counts(by_site),
        by_os: counts(by_os),
        by_arch: counts(by_arch),
        by_engine: counts(by_engine),
        by_version: counts(by_version),
        by_capability: counts(by_capability),
        containers: number(by_state.values().sum()),
        containers_by_state: counts(by_state.into_iter().map(|(state, count)| (Some(state.as_str()), count))),
    }
}

/// How often each value comes.
type Tally<T> = BTreeMap<T, usize>;

fn count<'a>(tally: &mut Tally<Option<&'a str>>, value: Option<&'a str>) {
    *tally.entry(value).or_default() += 1;
}

/// The most frequent first; of those that come as often, by their words.
fn counts<'a>(tally: impl IntoIterator<Item = (Option<&'a str>, usize)>) -> Vec<Count> {
    let mut tally: Vec<_> = tally.into_iter().collect();
    tally.sort_unstable_by_key(|(value, count)| (std::cmp::Reverse(*count), *value));
    tally
        .into_iter()
        .map(|(value, count)| Count { value: value.map(str::to_owned), count: number(count) })
        .collect()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
