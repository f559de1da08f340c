//! Which agents a request is for.

use std::collections::HashSet;

use super::{error::Error, fleet::Fleet};
use crate::{id::AgentId, proto::agent::Agent};

/// The most agents that one request may name.
pub const MAX_NAMED: usize = 1000;

/// What becomes of an agent that is named more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// It is meant once.
    Merged,
    /// The request is wrong.
    Refused,
}

/// The agents that a request names in a field, by id or name, each once.
///
/// # Errors
/// None or too many are named, a name that no agent has, or one that is repeated where it may not be.
pub fn named<'a>(
    fleet: &'a Fleet,
    field: &str,
    names: &[String],
    repeats: Repeats,
) -> Result<Vec<&'a Agent>, Error> {
    if !(1..=MAX_NAMED).contains(&names.len()) {
        return Err(Error::field(field, format!("expected 1 to {MAX_NAMED} agents, by id or name")));
    }
    let mut known = HashSet::with_capacity(names.len());
    let mut meant = Vec::with_capacity(names.len());
    for (place, name) in names.iter().enumerate() {
        let agent = fleet.agent(name)?;
        if known.insert(agent.id) {
            meant.push(agent);
        } else if repeats == Repeats::Refused {
            let detail = format!("'{name}' is named more than once");
            return Err(Error::field(&format!("{field}/{place}"), detail));
        }
    }
    Ok(meant)
}

/// The nodes with a container engine that a request means: those it names, else every one that is linked.
///
/// # Errors
/// Too many names, a name that no agent has, a node without an engine, or no node at all.
pub fn with_engine(
    fleet: &Fleet,
    agents: &[String],
    node: Option<&str>,
    is_linked: impl Fn(AgentId) -> bool,
) -> Result<Vec<(AgentId, String)>, Error> {
    let meant: Vec<&Agent> = match (agents, node) {
        ([], None) => {
            let engines = fleet.agents().filter(|agent| agent.container_engine.is_some());
            engines.filter(|agent| is_linked(agent.id)).collect()
        }
        ([], Some(node)) => vec![fleet.agent(node)?],
        (agents, None) => named(fleet, "agents", agents, Repeats::Merged)?,
        _ => return Err(Error::field("node", "expected either node or agents, not both")),
    };
    if let Some(without) = meant.iter().find(|agent| agent.container_engine.is_none()) {
        return Err(no_engine(format!("node {} has no container engine", without.agent_id)));
    }
    if meant.is_empty() {
        return Err(no_engine("no linked node has a container engine".into()));
    }
    Ok(meant.into_iter().map(|agent| (agent.id, agent.agent_id.clone())).collect())
}

fn no_engine(detail: String) -> Error {
    Error::Conflict { code: "no_container_engine", detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_named_than_one_request_may() {
        let names = vec!["web-1".to_owned(); MAX_NAMED + 1];
        let refused = with_engine(&Fleet::default(), &names, None, |_| true).unwrap_err();
        assert!(matches!(&refused, Error::Invalid(fields) if fields[0].pointer == "/agents"), "{refused}");
        assert!(named(&Fleet::default(), "target", &[], Repeats::Merged).is_err());
        let unknown = named(&Fleet::default(), "target", &names[..1], Repeats::Merged).unwrap_err();
        assert!(matches!(unknown, Error::NotFound { .. }));
    }
}
