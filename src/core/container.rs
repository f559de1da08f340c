//! Containers: which one is meant, and what changed between two full reports.

use std::collections::BTreeMap;

use super::error::Error;
use crate::proto::{
    container::{Container, ContainerFacts, ContainerState},
    event::EventKind,
};

/// Finds the container that a person means: `node/name` or `node/id-prefix`, the engine's id or a unique prefix of it,
/// or a name that only one node has.
///
/// # Errors
/// Not found, or a conflict that lists the candidates.
pub fn resolve<'a>(
    reference: &str,
    containers: impl Iterator<Item = &'a Container>,
) -> Result<&'a Container, Error> {
    let (node, wanted) = match reference.split_once('/') {
        Some((node, wanted)) => (Some(node), wanted),
        None => (None, reference),
    };
    let mut exact = Vec::new();
    let mut alike = Vec::new();
    for container in containers.filter(|container| node.is_none_or(|node| &*container.node == node)) {
        let id = &container.facts.id;
        if id == wanted {
            exact.push(container);
        } else if container.facts.name == wanted || (is_id_prefix(wanted) && id.starts_with(wanted)) {
            alike.push(container);
        }
    }
    let candidates = if exact.is_empty() { alike } else { exact };
    match candidates.as_slice() {
        [] => Err(Error::not_found("container", reference)),
        [one] => Ok(one),
        several => Err(Error::Conflict {
            code: "container_ambiguous",
            detail: format!("'{reference}' may be any of: {}; name one in full", list(several)),
        }),
    }
}

fn is_id_prefix(text: &str) -> bool {
    text.len() >= 3 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn list(containers: &[&Container]) -> String {
    let mut names: Vec<String> = containers
        .iter()
        .take(5)
        .map(|container| format!("{}/{}", container.node, container.facts.name))
        .collect();
    if containers.len() > names.len() {
        names.push(format!("{} more", containers.len() - names.len()));
    }
    names.join(", ")
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
