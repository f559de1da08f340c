//! Containers: which one is meant, and what changed between two full reports.

use std::collections::BTreeMap;

use super::{error::Error, fleet::Fleet};
use crate::{
    id::AgentId,
    proto::{
        container::{Container, ContainerFacts, ContainerState},
        event::EventKind,
    },
};

/// Finds the container that a person means: `node/name` or `node/id-prefix`, the engine's id or a unique prefix of it,
/// or a name that only one node has.
///
/// # Errors
/// Not found, or a conflict that lists the candidates.
pub fn resolve<'a>(reference: &str, fleet: &'a Fleet) -> Result<&'a Container, Error> {
    let Some((node, wanted)) = reference.split_once('/') else {
        return find(reference, reference, fleet.containers());
    };
    let agent = fleet.agent(node).map_err(|_| Error::not_found("container", reference))?;
    find(reference, wanted, fleet.containers_of(agent.id))
}

/// Finds the container of one node that a person means, by name, id or a unique prefix of it.
///
/// # Errors
/// Not found, or a conflict that lists the candidates.
pub fn resolve_on<'a>(reference: &str, agent: AgentId, fleet: &'a Fleet) -> Result<&'a Container, Error> {
    find(reference, reference, fleet.containers_of(agent))
}

fn find<'a>(
    reference: &str,
    wanted: &str,
    containers: impl Iterator<Item = &'a Container>,
) -> Result<&'a Container, Error> {
    let may_be_prefix = is_id_prefix(wanted);
    let (mut exact, mut alike) = (Found::default(), Found::default());
    for container in containers {
        let id = &container.facts.id;
        if id == wanted {
            exact.add(container);
        } else if container.facts.name == wanted || (may_be_prefix && id.starts_with(wanted)) {
            alike.add(container);
        }
    }
    let found = if exact.count > 0 { exact } else { alike };
    match found.first {
        [None, ..] => Err(Error::not_found("container", reference)),
        [Some(one), ..] if found.count == 1 => Ok(one),
        _ => Err(Error::Conflict {
            code: "container_ambiguous",
            detail: format!("'{reference}' may be any of: {}; name one in full", found.list()),
        }),
    }
}

/// The first few that were found, and how many they are.
#[derive(Default)]
struct Found<'a> {
    first: [Option<&'a Container>; 5],
    count: usize,
}

impl<'a> Found<'a> {
    fn add(&mut self, container: &'a Container) {
        if let Some(place) = self.first.get_mut(self.count) {
            *place = Some(container);
        }
        self.count += 1;
    }

    fn list(&self) -> String {
        let first = self.first.iter().flatten();
        let mut names: Vec<String> =
            first.map(|container| format!("{}/{}", container.node, container.facts.name)).collect();
        if self.count > names.len() {
            names.push(format!("{} more", self.count - names.len()));
        }
        names.join(", ")
    }
}

/// Whether a text can name a container, which its id can too: the engine's own rule. The name becomes part of a path, so
/// nothing else may pass.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.len() <= 255
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

fn is_id_prefix(text: &str) -> bool {
    text.len() >= 3 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A difference between what was known and what a node reports in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It is new or changed.
    Present(EventKind, ContainerFacts),
    /// It is gone; its last facts.
    Gone(ContainerFacts),
}

/// Compares what was known of a node's containers with its full report.
#[must_use]
pub fn differences(known: &[&ContainerFacts], reported: &[ContainerFacts]) -> Vec<Difference> {
    let mut before: BTreeMap<&str, &ContainerFacts> =
        known.iter().map(|facts| (facts.id.as_str(), *facts)).collect();
    let mut found = Vec::new();
    for facts in reported {
        match before.remove(facts.id.as_str()) {
            Some(old) if old == facts => {}
            Some(old) => found.push(Difference::Present(change_kind(old, facts), facts.clone())),
            None => found.push(Difference::Present(EventKind::ContainerUpdated, facts.clone())),
        }
    }
    found.extend(before.into_values().map(|facts| Difference::Gone(facts.clone())));
    found
}

/// What must have happened to a container that was `old` and is `new`.
fn change_kind(old: &ContainerFacts, new: &ContainerFacts) -> EventKind {
    use ContainerState::{Dead, Exited, Paused, Running};
    match (old.state, new.state) {
        (Running | Paused, Exited | Dead) => EventKind::ContainerDied,
        (Paused, Running) => EventKind::ContainerUnpaused,
        (Running, Paused) => EventKind::ContainerPaused,
        (before, Running) if before != Running => EventKind::ContainerStarted,
        _ if old.name != new.name => EventKind::ContainerRenamed,
        _ if old.health != new.health => EventKind::ContainerHealthChanged,
        _ => EventKind::ContainerUpdated,
    }
}

#[cfg(test)]
mod tests;
