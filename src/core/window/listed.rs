//! [`Listed`]: the records that windows show, and how they stand without a sort: by node and name.

use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{
    super::{
        fleet::Fleet,
        selector::{
            Field, Needs, Row,
            agent::{self, AgentRow},
            container::{self, ContainerRow},
            image::{self, ImageRow},
            natural,
        },
    },
    Standing,
};
use crate::{id::AgentId, proto::agent::Agent};

/// A record that windows show. All that an agent has stand together, on its shelf.
pub trait Listed: Row + Clone + 'static {
    /// What the fields are kept under.
    const NOUN: &'static str;
    /// The fields that rows may show.
    const FIELDS: &'static [Field<Self>];

    /// How many each agent has, in the order of the agents' names.
    fn counts(fleet: &Fleet, standing: &Standing) -> Vec<usize>;

    /// Adds those of one agent, with what must be read besides the records.
    fn gather(fleet: &Fleet, agent: &Arc<Agent>, needs: Needs, now: Timestamp, rows: &mut Vec<Self>);

    /// Reads what else its cells need, and sets the moment from which ages count.
    fn complete(&mut self, fleet: &Fleet, needs: Needs, now: Timestamp);

    /// The agent on whose shelf it stands.
    fn agent(&self) -> AgentId;

    /// How it stands to another on the same shelf.
    fn beside(&self, other: &Self) -> Ordering;

    /// Whether this is its id.
    fn is(&self, id: &str) -> bool;
}

impl Listed for AgentRow {
    const NOUN: &'static str = "agents";
    const FIELDS: &'static [Field<Self>] = agent::FIELDS;

    fn counts(_: &Fleet, standing: &Standing) -> Vec<usize> {
        vec![1; standing.agents().len()]
    }

    fn gather(fleet: &Fleet, agent: &Arc<Agent>, needs: Needs, now: Timestamp, rows: &mut Vec<Self>) {
        let mut row =
            Self { agent: agent.clone(), telemetry: None, containers: BTreeMap::new(), linked: false, now };
        row.complete(fleet, needs, now);
        rows.push(row);
    }

    fn complete(&mut self, fleet: &Fleet, needs: Needs, now: Timestamp) {
        let id = self.agent.id;
        self.now = now;
        if needs.include(Needs::TELEMETRY) {
            self.telemetry = fleet.telemetry(id);
        }
        if needs.include(Needs::CONTAINERS) {
            self.containers.clear();
            for container in fleet.containers_of(id) {
                *self.containers.entry(container.facts.state).or_default() += 1;
            }
        }
        if needs.include(Needs::LINK) {
            self.linked = fleet.is_linked(id);
        }
    }

    fn agent(&self) -> AgentId {
        self.agent.id
    }

    fn beside(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }

    fn is(&self, id: &str) -> bool {
        id.parse().is_ok_and(|id: AgentId| id == self.agent.id)
    }
}

impl Listed for ContainerRow {
    const NOUN: &'static str = "containers";
    const FIELDS: &'static [Field<Self>] = container::FIELDS;

    fn counts(fleet: &Fleet, standing: &Standing) -> Vec<usize> {
        standing.arranged(fleet.container_counts())
    }

    fn gather(fleet: &Fleet, agent: &Arc<Agent>, _: Needs, now: Timestamp, rows: &mut Vec<Self>) {
        let stale_since = fleet.stale_since(agent.id);
        rows.extend(fleet.container_records(agent.id).map(|container| Self {
            container: container.clone(),
            agent: agent.clone(),
            stale_since,
            now,
        }));
    }

    fn complete(&mut self, _: &Fleet, _: Needs, now: Timestamp) {
        self.now = now;
    }

    fn agent(&self) -> AgentId {
        self.container.agent
    }

    fn beside(&self, other: &Self) -> Ordering {
        let (one, other) = (&self.container.facts, &other.container.facts);
        natural(&one.name, &other.name).then_with(|| one.id.cmp(&other.id))
    }

    fn is(&self, id: &str) -> bool {
        id.ends_with(&*self.container.facts.id) && self.id() == id
    }
}

impl Listed for ImageRow {
    const NOUN: &'static str = "images";
    const FIELDS: &'static [Field<Self>] = image::FIELDS;

    fn counts(fleet: &Fleet, standing: &Standing) -> Vec<usize> {
        standing.arranged(fleet.image_counts())
    }

    fn gather(fleet: &Fleet, agent: &Arc<Agent>, _: Needs, now: Timestamp, rows: &mut Vec<Self>) {
        let stale_since = fleet.stale_since(agent.id);
        rows.extend(fleet.image_records(agent.id).map(|image| Self {
            image: image.clone(),
            agent: agent.clone(),
            stale_since,
            now,
        }));
    }

    fn complete(&mut self, _: &Fleet, _: Needs, now: Timestamp) {
        self.now = now;
    }

    fn agent(&self) -> AgentId {
        self.image.agent
    }

    fn beside(&self, other: &Self) -> Ordering {
        let (one, other) = (&self.image.facts, &other.image.facts);
        match (one.tags.first(), other.tags.first()) {
            (Some(one), Some(other)) => natural(one, other),
            // What has no name comes last.
            (one, other) => one.is_none().cmp(&other.is_none()),
        }
        .then_with(|| one.id.cmp(&other.id))
    }

    fn is(&self, id: &str) -> bool {
        id.ends_with(&*self.image.facts.id) && self.id() == id
    }
}

/// The agent on whose shelf the record with this id stands, if it is one: ids begin with their agent's.
pub(super) fn agent_of(id: &str) -> Option<AgentId> {
    id.split('/').next()?.parse().ok()
}
