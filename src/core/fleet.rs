//! The fleet as it is now, in memory: loaded once, then folded from the event log. Reads of agents, containers, images
//! and latest telemetry are answered from here.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::{error::Error, port::store::Observer};
use crate::{
    id::AgentId,
    proto::{
        agent::{Agent, AgentStatus},
        container::{Container, ContainerFacts},
        event::{Event, EventKind},
        image::{Image, ImageFacts},
        telemetry::Telemetry,
    },
};

/// What is known of the fleet.
#[derive(Debug, Default)]
pub struct Fleet {
    agents: BTreeMap<AgentId, Agent>,
    names: BTreeMap<String, AgentId>,
    containers: BTreeMap<(AgentId, String), Container>,
    images: BTreeMap<(AgentId, Arc<str>), Image>,
    telemetry: HashMap<AgentId, Arc<Telemetry>>,
}

impl Fleet {
    /// The fleet that the store holds.
    #[must_use]
    pub fn load(
        agents: Vec<Agent>,
        containers: Vec<Container>,
        images: Vec<Image>,
        telemetry: Vec<(AgentId, Telemetry)>,
    ) -> Self {
        let mut fleet = Self::default();
        for agent in agents {
            fleet.put_agent(agent);
        }
        fleet.containers =
            containers.into_iter().map(|item| ((item.agent, item.facts.id.clone()), item)).collect();
        fleet.images = images.into_iter().map(|item| ((item.agent, item.facts.id.clone()), item)).collect();
        fleet.telemetry = telemetry.into_iter().map(|(id, latest)| (id, Arc::new(latest))).collect();
        fleet
    }

    /// Folds an event in.
    ///
    /// Events about agents, containers and images carry the whole record after the change, so that the order of the
    /// log is all that is needed to be right.
    pub fn apply(&mut self, event: &Event) {
        match event.kind.as_str().split('.').next() {
            Some("agent") => self.apply_agent(event),
            Some("container") => self.apply_container(event),
            Some("image") => self.apply_image(event),
            _ => {}
        }
    }

    fn apply_agent(&mut self, event: &Event) {
        let Some(agent) = carried::<Agent>(event, "agent") else { return };
        if event.kind == EventKind::AgentRemoved {
            self.remove_agent(agent.id);
        } else {
            self.put_agent(agent);
        }
    }

    fn apply_container(&mut self, event: &Event) {
        let Some((agent, node)) = self.node_of(event) else { return };
        let Some(facts) = carried::<ContainerFacts>(event, "container") else { return };
        let key = (agent, facts.id.clone());
        if event.kind == EventKind::ContainerRemoved {
            self.containers.remove(&key);
        } else {
            self.containers.insert(key, Container { facts, node, agent, stale_since: None });
        }
    }

    fn apply_image(&mut self, event: &Event) {
        let Some((agent, node)) = self.node_of(event) else { return };
        let Some(facts) = carried::<ImageFacts>(event, "image") else { return };
        let key = (agent, facts.id.clone());
        if event.kind == EventKind::ImageRemoved {
            self.images.remove(&key);
        } else {
            self.images.insert(key, Image { facts, node, agent, stale_since: None });
        }
    }

    /// The agent that an event is about, and its name.
    fn node_of(&self, event: &Event) -> Option<(AgentId, Arc<str>)> {
        let node = event.subject.as_ref()?;
        Some((*self.names.get(node)?, node.as_str().into()))
    }

    fn put_agent(&mut self, agent: Agent) {
        self.names.insert(agent.agent_id.clone(), agent.id);
        self.agents.insert(agent.id, agent);
    }

    fn remove_agent(&mut self, id: AgentId) {
        if let Some(agent) = self.agents.remove(&id) {
            self.names.remove(&agent.agent_id);
        }
        self.containers.retain(|(agent, _), _| *agent != id);
        self.images.retain(|(agent, _), _| *agent != id);
        self.telemetry.remove(&id);
    }

    /// Takes a measurement; an older one than is known (replayed from a spool) changes nothing.
    pub fn measured(&mut self, agent: AgentId, telemetry: Arc<Telemetry>) {
        let newest = self.telemetry.get(&agent).is_none_or(|known| known.timestamp <= telemetry.timestamp);
        if newest && self.agents.contains_key(&agent) {
            self.telemetry.insert(agent, telemetry);
        }
    }

    /// Notes that an agent was heard of.
    pub fn heard(&mut self, agent: AgentId, now: Timestamp) {
        if let Some(agent) = self.agents.get_mut(&agent) {
            agent.last_seen_at = Some(now);
        }
    }

    /// Every agent, by id.
    pub fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.agents.values()
    }

    /// The agent that `reference` names, by id or name.
    ///
    /// # Errors
    /// Not found.
    pub fn agent(&self, reference: &str) -> Result<&Agent, Error> {
        let id = self.names.get(reference).copied().or_else(|| reference.parse().ok());
        id.and_then(|id| self.agents.get(&id)).ok_or_else(|| Error::not_found("agent", reference))
    }

    /// The agent with this id.
    #[must_use]
    pub fn agent_by_id(&self, id: AgentId) -> Option<&Agent> {
        self.agents.get(&id)
    }

    /// Every container, by agent and id.
    pub fn containers(&self) -> impl Iterator<Item = &Container> {
        self.containers.values()
    }

    /// The containers after a key (`agent/id`, or empty for all); `None` when it is no key.
    pub fn containers_after(&self, key: &str) -> Option<impl Iterator<Item = &Container>> {
        let start = key_of(key)?;
        Some(self.containers.range((start, Bound::Unbounded)).map(|(_, item)| item))
    }

    /// The images after a key (`agent/id`, or empty for all); `None` when it is no key.
    pub fn images_after(&self, key: &str) -> Option<impl Iterator<Item = &Image>> {
        let start = key_of(key)?.map(|(agent, id)| (agent, id.into()));
        Some(self.images.range((start, Bound::Unbounded)).map(|(_, item)| item))
    }

    /// The containers of one agent.
    pub fn containers_of(&self, agent: AgentId) -> impl Iterator<Item = &Container> {
        self.containers
            .range((agent, String::new())..)
            .map(|(_, item)| item)
            .take_while(move |item| item.agent == agent)
    }

    /// Every image, by agent and id.
    pub fn images(&self) -> impl Iterator<Item = &Image> {
        self.images.values()
    }

    /// The images of one agent.
    pub fn images_of(&self, agent: AgentId) -> impl Iterator<Item = &Image> {
        self.images
            .range((agent, "".into())..)
            .map(|(_, item)| item)
            .take_while(move |item| item.agent == agent)
    }

    /// The latest measurement of an agent.
    #[must_use]
    pub fn telemetry(&self, agent: AgentId) -> Option<Arc<Telemetry>> {
        self.telemetry.get(&agent).cloned()
    }

    /// Since when nothing is heard of the node that a record came from; `None` while it is.
    #[must_use]
    pub fn stale_since(&self, agent: AgentId) -> Option<Timestamp> {
        let agent = self.agents.get(&agent)?;
        let silent = matches!(
            agent.status,
            AgentStatus::Unknown | AgentStatus::Offline | AgentStatus::Quarantined | AgentStatus::Revoked
        );
        silent.then_some(agent.status_since)
    }
}

/// The record that an event carries under its noun's name.
fn carried<T: DeserializeOwned>(event: &Event, noun: &str) -> Option<T> {
    T::deserialize(event.data.get(noun)?).ok()
}

/// Where a range over `(agent, id)` starts: after the key, or at the beginning.
fn key_of(key: &str) -> Option<Bound<(AgentId, String)>> {
    if key.is_empty() {
        return Some(Bound::Unbounded);
    }
    let (agent, id) = key.split_once('/')?;
    Some(Bound::Excluded((agent.parse().ok()?, id.to_owned())))
}

/// The fleet, shared: the store's writer folds events in, handlers read.
#[derive(Debug, Default)]
pub struct SharedFleet(RwLock<Fleet>);

impl SharedFleet {
    /// Looks at the fleet. Hold it briefly: the writer waits.
    pub fn read(&self) -> RwLockReadGuard<'_, Fleet> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts what the store holds in place of what is known.
    pub fn replace(&self, fleet: Fleet) {
        self.change(|known| *known = fleet);
    }

    /// Takes a measurement.
    pub fn measured(&self, agent: AgentId, telemetry: Arc<Telemetry>) {
        self.change(|fleet| fleet.measured(agent, telemetry));
    }

    /// Notes that an agent was heard of.
    pub fn heard(&self, agent: AgentId, now: Timestamp) {
        self.change(|fleet| fleet.heard(agent, now));
    }

    fn change(&self, act: impl FnOnce(&mut Fleet)) {
        act(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Observer for SharedFleet {
    fn committed(&self, events: &[Event]) {
        self.change(|fleet| events.iter().for_each(|event| fleet.apply(event)));
    }
}
