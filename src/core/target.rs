//! Which nodes a command is for.

use super::{error::Error, fleet::Fleet};
use crate::id::AgentId;

/// The nodes with a container engine that a request means: those it names, else every one that is linked.
///
/// # Errors
/// A name that no agent has, a node without an engine, or no node at all.
pub fn with_engine(
    fleet: &Fleet,
    agents: &[String],
    node: Option<&str>,
    is_linked: impl Fn(AgentId) -> bool,
) -> Result<Vec<(AgentId, String)>, Error> {
    if node.is_some() && !agents.is_empty() {
        return Err(Error::field("node", "expected either node or agents, not both"));
    }
    let mut targets: Vec<(AgentId, String)> = Vec::new();
    for name in agents.iter().map(String::as_str).chain(node) {
        let agent = fleet.agent(name)?;
        if agent.container_engine.is_none() {
            return Err(no_engine(format!("node {} has no container engine", agent.agent_id)));
        }
        if targets.iter().all(|(id, _)| *id != agent.id) {
            targets.push((agent.id, agent.agent_id.clone()));
        }
    }
    if targets.is_empty() {
        let all = fleet.agents().filter(|agent| agent.container_engine.is_some() && is_linked(agent.id));
        targets.extend(all.map(|agent| (agent.id, agent.agent_id.clone())));
    }
    if targets.is_empty() {
        return Err(no_engine("no linked node has a container engine".into()));
    }
    Ok(targets)
}

fn no_engine(detail: String) -> Error {
    Error::Conflict { code: "no_container_engine", detail }
}
