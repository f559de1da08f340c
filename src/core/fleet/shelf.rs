//! [`Shelves`]: what the nodes' engines hold, a shelf for each node, in the order of the engines' ids.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use super::texts::Texts;
use crate::{
    id::AgentId,
    proto::{container::Container, image::Image},
};

/// A record of a node.
pub(super) trait Record {
    /// The agent of the node.
    fn agent(&self) -> AgentId;
    /// The engine's id.
    fn id(&self) -> &str;
    /// Every text that other records may have too, to be replaced by an equal one.
    fn texts(&mut self) -> impl Iterator<Item = &mut Arc<str>>;
}

impl Record for Container {
    fn agent(&self) -> AgentId {
        self.agent
    }

    fn id(&self) -> &str {
        &self.facts.id
    }

    fn texts(&mut self) -> impl Iterator<Item = &mut Arc<str>> {
        let facts = &mut self.facts;
        [&mut self.node, &mut facts.image, &mut facts.image_id]
            .into_iter()
            .chain(&mut facts.command)
            .chain(&mut facts.health)
            .chain(&mut facts.ports)
            .chain(facts.labels.texts())
    }
}

impl Record for Image {
    fn agent(&self) -> AgentId {
        self.agent
    }

    fn id(&self) -> &str {
        &self.facts.id
    }

    fn texts(&mut self) -> impl Iterator<Item = &mut Arc<str>> {
        let facts = &mut self.facts;
        [&mut self.node, &mut facts.id].into_iter().chain(&mut facts.tags).chain(&mut facts.digests)
    }
}

/// The records of every node. A record is held once, in as little as it needs: there are hundreds of thousands. A shelf is
/// shared with the parts of a fleet that were made of it, and copied when it changes while one of them is looked at.
#[derive(Debug)]
pub(super) struct Shelves<T>(BTreeMap<AgentId, Arc<Vec<Arc<T>>>>);

impl<T> Default for Shelves<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Record> Shelves<T> {
    /// Puts a record in its place.
    pub(super) fn put(&mut self, mut record: T, texts: &mut Texts) {
        record.texts().for_each(|text| texts.share(text));
        let shelf = Arc::make_mut(self.0.entry(record.agent()).or_default());
        match find(shelf, record.id()) {
            Ok(at) => shelf[at] = Arc::new(record),
            Err(at) => {
                // A report comes record after record: growing by an eighth wastes little and copies little.
                if shelf.len() == shelf.capacity() {
                    shelf.reserve_exact(1 + shelf.len() / 8);
                }
                shelf.insert(at, Arc::new(record));
            }
        }
    }

    /// Takes a record out.
    pub(super) fn remove(&mut self, agent: AgentId, id: &str) {
        if let Some(shelf) = self.0.get_mut(&agent)
            && let Ok(at) = find(shelf, id)
        {
            Arc::make_mut(shelf).remove(at);
        }
    }

    /// Takes a node's records out.
    pub(super) fn clear(&mut self, agent: AgentId) {
        self.0.remove(&agent);
    }

    /// The shelves of some nodes.
    pub(super) fn narrowed<'a>(&self, nodes: impl Iterator<Item = &'a AgentId>) -> Self {
        Self(nodes.filter_map(|agent| Some((*agent, self.0.get(agent)?.clone()))).collect())
    }

    /// Every record, by agent and id.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        self.0.values().flat_map(|shelf| shelf.iter())
    }

    /// How many records each node has that has any, by agent.
    pub(super) fn counts(&self) -> impl Iterator<Item = (AgentId, usize)> {
        self.0.iter().map(|(agent, shelf)| (*agent, shelf.len()))
    }

    /// The records of one node, by id.
    pub(super) fn of(&self, agent: AgentId) -> impl Iterator<Item = &Arc<T>> {
        self.0.get(&agent).into_iter().flat_map(|shelf| shelf.iter())
    }

    /// The records after an agent's record of this id; all of them after none.
    pub(super) fn after(&self, key: Option<(AgentId, &str)>) -> impl Iterator<Item = &Arc<T>> {
        let shelf = key.and_then(|(agent, _)| self.0.get(&agent)).map_or(&[][..], |shelf| shelf.as_slice());
        let start = key.map_or(0, |(_, id)| find(shelf, id).map_or_else(|next| next, |at| at + 1));
        let later = key.map_or(Bound::Unbounded, |(agent, _)| Bound::Excluded(agent));
        shelf[start..]
            .iter()
            .chain(self.0.range((later, Bound::Unbounded)).flat_map(|(_, shelf)| shelf.iter()))
    }
}

/// Where a record is, or would be.
fn find<T: Record>(shelf: &[Arc<T>], id: &str) -> Result<usize, usize> {
    shelf.binary_search_by(|record| record.id().cmp(id))
}
