//! The fleet as it is now, in memory: loaded once, then folded from the event log. Reads of agents, containers, images
//! and latest telemetry are answered from here.

mod shelf;
mod texts;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    ops::Bound,
    sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard},
};

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use self::{shelf::Shelves, texts::Texts};
use super::{error::Error, port::store::Observer, selector::Needs};
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
    agents: BTreeMap<AgentId, Arc<Agent>>,
    names: BTreeMap<String, AgentId>,
    containers: Shelves<Container>,
    images: Shelves<Image>,
    texts: Texts,
    telemetry: HashMap<AgentId, Arc<Telemetry>>,
    judgements: HashMap<AgentId, AgentStatus>,
    linked: HashSet<AgentId>,
    versions: Versions,
}

/// How often each part of the fleet has changed since the start: what was made of one version holds while it lasts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// Agents, other than when they were last heard of.
    pub agents: u64,
    /// Containers.
    pub containers: u64,
    /// Images.
    pub images: u64,
    /// Latest telemetry.
    pub telemetry: u64,
    /// When agents were last heard of.
    pub heard: u64,
    /// Which agents there are, their names and their sites.
    pub names: u64,
}

impl Versions {
    /// Other versions of everything.
    const fn after(self) -> Self {
        Self {
            agents: self.agents + 1,
            containers: self.containers + 1,
            images: self.images + 1,
            telemetry: self.telemetry + 1,
            heard: self.heard + 1,
            names: self.names + 1,
        }
    }

    /// The versions of what is shown where this is read: of agents, and of what else is needed.
    #[must_use]
    pub const fn of(self, needs: Needs) -> Self {
        const fn one(needed: bool, version: u64) -> u64 {
            if needed { version } else { 0 }
        }
        Self {
            agents: self.agents,
            containers: one(needs.include(Needs::CONTAINERS), self.containers),
            images: one(needs.include(Needs::IMAGES), self.images),
            telemetry: one(needs.include(Needs::TELEMETRY), self.telemetry),
            heard: one(needs.include(Needs::HEARD), self.heard),
            names: self.names,
        }
    }
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
        for container in containers {
            fleet.containers.put(container, &mut fleet.texts);
        }
        for image in images {
            fleet.images.put(image, &mut fleet.texts);
        }
        fleet.telemetry = telemetry.into_iter().map(|(id, latest)| (id, Arc::new(latest))).collect();
        fleet
    }

    /// The part of it that these agents make, as it is now. It costs as much as they are many, whatever lies on their shelves.
    #[must_use]
    pub fn narrowed(&self, members: &[AgentId]) -> Self {
        let kept = members.iter().filter_map(|id| Some((*id, self.agents.get(id)?.clone())));
        let agents: BTreeMap<AgentId, Arc<Agent>> = kept.collect();
        Self {
            names: agents.values().map(|agent| (agent.agent_id.clone(), agent.id)).collect(),
            containers: self.containers.narrowed(agents.keys()),
            images: self.images.narrowed(agents.keys()),
            // Whatever is narrowed is not written to.
            texts: Texts::default(),
            telemetry: agents.keys().filter_map(|id| Some((*id, self.telemetry(*id)?))).collect(),
            judgements: agents.keys().filter_map(|id| Some((*id, *self.judgements.get(id)?))).collect(),
            linked: agents.keys().copied().filter(|id| self.linked.contains(id)).collect(),
            versions: self.versions,
            agents,
        }
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
        self.versions.containers += 1;
        if event.kind == EventKind::ContainerRemoved {
            self.containers.remove(agent, &facts.id);
        } else {
            self.containers.put(Container { facts, node, agent, stale_since: None }, &mut self.texts);
        }
    }

    fn apply_image(&mut self, event: &Event) {
        let Some((agent, node)) = self.node_of(event) else { return };
        let Some(facts) = carried::<ImageFacts>(event, "image") else { return };
        self.versions.images += 1;
        if event.kind == EventKind::ImageRemoved {
            self.images.remove(agent, &facts.id);
        } else {
            self.images.put(Image { facts, node, agent, stale_since: None }, &mut self.texts);
        }
    }

    /// The agent that an event is about, and its name.
    fn node_of(&self, event: &Event) -> Option<(AgentId, Arc<str>)> {
        let node = event.subject.as_deref()?;
        Some((*self.names.get(node)?, node.into()))
    }

    fn put_agent(&mut self, mut agent: Agent) {
        let host = &mut agent.host;
        [&mut host.os, &mut host.kernel, &mut host.arch, &mut host.cpu_model]
            .into_iter()
            .flatten()
            .chain(&mut agent.capabilities)
            .chain(agent.labels.texts())
            .for_each(|text| self.texts.share(text));
        self.versions.agents += 1;
        let moved = self.agents.get(&agent.id).is_none_or(|known| known.site != agent.site);
        if self.names.insert(agent.agent_id.clone(), agent.id) != Some(agent.id) || moved {
            self.versions.names += 1;
        }
        self.agents.insert(agent.id, Arc::new(agent));
    }

    fn remove_agent(&mut self, id: AgentId) {
        if let Some(agent) = self.agents.remove(&id) {
            self.names.remove(&agent.agent_id);
        }
        self.versions.agents += 1;
        self.versions.names += 1;
        self.versions.containers += 1;
        self.versions.images += 1;
        self.versions.telemetry += 1;
        self.containers.clear(id);
        self.images.clear(id);
        self.telemetry.remove(&id);
        self.judgements.remove(&id);
        self.linked.remove(&id);
    }

    /// Takes a measurement; an older one than is known (replayed from a spool) changes nothing.
    pub fn measured(&mut self, agent: AgentId, telemetry: Arc<Telemetry>) {
        let newest = self.telemetry.get(&agent).is_none_or(|known| known.timestamp <= telemetry.timestamp);
        if newest && self.agents.contains_key(&agent) {
            self.versions.telemetry += 1;
            self.telemetry.insert(agent, telemetry);
        }
    }

    /// Notes that an agent was heard of.
    pub fn heard(&mut self, agent: AgentId, now: Timestamp) {
        if let Some(agent) = self.agents.get_mut(&agent) {
            self.versions.heard += 1;
            // Whoever looks at the list just now keeps the record as it was.
            Arc::make_mut(agent).last_seen_at = Some(now);
        }
    }

    /// Notes what an agent says of itself: `ONLINE` or `DEGRADED`.
    pub fn judged(&mut self, agent: AgentId, status: AgentStatus) {
        if self.agents.contains_key(&agent) {
            self.judgements.insert(agent, status);
        }
    }

    /// Notes whether an agent's link is open. Its status says so too, except in maintenance.
    pub fn linked(&mut self, agent: AgentId, open: bool) {
        let changed = if open { self.linked.insert(agent) } else { self.linked.remove(&agent) };
        if changed {
            self.versions.agents += 1;
        }
    }

    /// What an agent last said of itself; `ONLINE` when it said nothing.
    #[must_use]
    pub fn judgement(&self, agent: AgentId) -> AgentStatus {
        self.judgements.get(&agent).copied().unwrap_or(AgentStatus::Online)
    }

    /// How often each part has changed.
    #[must_use]
    pub fn versions(&self) -> Versions {
        self.versions
    }

    /// Every agent, by id.
    pub fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.agents.values().map(|agent| &**agent)
    }

    /// The agents after an id, by id; all of them after none.
    pub fn agents_after(&self, id: Option<AgentId>) -> impl Iterator<Item = &Arc<Agent>> {
        let start = id.map_or(Bound::Unbounded, Bound::Excluded);
        self.agents.range((start, Bound::Unbounded)).map(|(_, agent)| agent)
    }

    /// The agent that `reference` names, by id or name.
    ///
    /// # Errors
    /// Not found.
    pub fn agent(&self, reference: &str) -> Result<&Agent, Error> {
        let id = self.names.get(reference).copied().or_else(|| reference.parse().ok());
        id.and_then(|id| self.agent_by_id(id)).ok_or_else(|| Error::not_found("agent", reference))
    }

    /// The agent with this id.
    #[must_use]
    pub fn agent_by_id(&self, id: AgentId) -> Option<&Agent> {
        self.agents.get(&id).map(|agent| &**agent)
    }

    /// The record of the agent with this id, to keep while the fleet goes on.
    #[must_use]
    pub fn agent_record(&self, id: AgentId) -> Option<&Arc<Agent>> {
        self.agents.get(&id)
    }

    /// Every container, by agent and id.
    pub fn containers(&self) -> impl Iterator<Item = &Container> {
        self.containers.iter().map(|item| &**item)
    }

    /// The containers after a key (`agent/id`, or empty for all); `None` when it is no key.
    pub fn containers_after(&self, key: &str) -> Option<impl Iterator<Item = &Arc<Container>>> {
        Some(self.containers.after(key_of(key)?))
    }

    /// The images after a key (`agent/id`, or empty for all); `None` when it is no key.
    pub fn images_after(&self, key: &str) -> Option<impl Iterator<Item = &Arc<Image>>> {
        Some(self.images.after(key_of(key)?))
    }

    /// The containers of one agent.
    pub fn containers_of(&self, agent: AgentId) -> impl Iterator<Item = &Container> {
        self.containers.of(agent).map(|item| &**item)
    }

    /// Every image, by agent and id.
    pub fn images(&self) -> impl Iterator<Item = &Image> {
        self.images.iter().map(|item| &**item)
    }

    /// The images of one agent.
    pub fn images_of(&self, agent: AgentId) -> impl Iterator<Item = &Image> {
        self.images.of(agent).map(|item| &**item)
    }

    /// The records of the containers of one agent, by id, to keep while the fleet goes on.
    pub fn container_records(&self, agent: AgentId) -> impl Iterator<Item = &Arc<Container>> {
        self.containers.of(agent)
    }

    /// The records of the images of one agent, by id, to keep while the fleet goes on.
    pub fn image_records(&self, agent: AgentId) -> impl Iterator<Item = &Arc<Image>> {
        self.images.of(agent)
    }

    /// How many containers each agent has that has any, by the agents' ids.
    pub fn container_counts(&self) -> impl Iterator<Item = (AgentId, usize)> {
        self.containers.counts()
    }

    /// How many images each agent has that has any, by the agents' ids.
    pub fn image_counts(&self) -> impl Iterator<Item = (AgentId, usize)> {
        self.images.counts()
    }

    /// Whether an agent's link is open.
    #[must_use]
    pub fn is_linked(&self, agent: AgentId) -> bool {
        self.linked.contains(&agent)
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
        match agent.status {
            AgentStatus::Online | AgentStatus::Degraded => None,
            AgentStatus::Maintenance if self.linked.contains(&agent.id) => None,
            AgentStatus::Maintenance => Some(agent.last_seen_at.unwrap_or(agent.status_since)),
            AgentStatus::Unknown | AgentStatus::Offline | AgentStatus::Quarantined | AgentStatus::Revoked => {
                Some(agent.status_since)
            }
        }
    }
}

/// The record that an event carries under its noun's name.
fn carried<T: DeserializeOwned>(event: &Event, noun: &str) -> Option<T> {
    T::deserialize(event.data.get(noun)?).ok()
}

/// The agent and id that a key names; the empty key names none. `None` when it is no key.
fn key_of(key: &str) -> Option<Option<(AgentId, &str)>> {
    if key.is_empty() {
        return Some(None);
    }
    let (agent, id) = key.split_once('/')?;
    Some(Some((agent.parse().ok()?, id)))
}

/// The fleet, shared: the store's writer folds events in, handlers read.
#[derive(Default)]
pub struct SharedFleet {
    fleet: RwLock<Fleet>,
    changed: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl fmt::Debug for SharedFleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fleet.fmt(f)
    }
}

impl SharedFleet {
    /// A fleet that is known already.
    #[must_use]
    pub fn holding(fleet: Fleet) -> Self {
        Self { fleet: RwLock::new(fleet), changed: OnceLock::new() }
    }

    /// Has this called after whatever changes the fleet, at once and by whoever changed it; once set, it stays.
    pub fn on_change(&self, changed: impl Fn() + Send + Sync + 'static) {
        // Whoever listens first listens for as long as the fleet lives.
        let _ = self.changed.set(Box::new(changed));
    }

    /// Looks at the fleet. Hold it briefly: the writer waits.
    pub fn read(&self) -> RwLockReadGuard<'_, Fleet> {
        self.fleet.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts what the store holds in place of what is known, at the start.
    pub fn replace(&self, fleet: Fleet) {
        self.change(|known| {
            let versions = known.versions.after();
            *known = fleet;
            // What was made of the fleet before is of another one, however often that had changed.
            known.versions = versions;
        });
    }

    /// Notes what an agent says of itself: `ONLINE` or `DEGRADED`.
    pub fn judged(&self, agent: AgentId, status: AgentStatus) {
        self.change(|fleet| fleet.judged(agent, status));
    }

    /// Takes a measurement.
    pub fn measured(&self, agent: AgentId, telemetry: Arc<Telemetry>) {
        self.change(|fleet| fleet.measured(agent, telemetry));
    }

    /// Notes that an agent was heard of.
    pub fn heard(&self, agent: AgentId, now: Timestamp) {
        self.change(|fleet| fleet.heard(agent, now));
    }

    /// Notes whether an agent's link is open.
    pub fn linked(&self, agent: AgentId, open: bool) {
        self.change(|fleet| fleet.linked(agent, open));
    }

    fn change(&self, act: impl FnOnce(&mut Fleet)) {
        act(&mut self.fleet.write().unwrap_or_else(PoisonError::into_inner));
        if let Some(changed) = self.changed.get() {
            changed();
        }
    }
}

impl Observer for SharedFleet {
    fn committed(&self, events: &[Event]) {
        self.change(|fleet| events.iter().for_each(|event| fleet.apply(event)));
    }
}
