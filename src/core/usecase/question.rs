//! Questions: what a node is asked without anything changing. A question is signed like every order, but nobody queues or
//! journals it: it is answered now, by a node that is linked, or not at all.

use serde_json::Value;

use super::Origin;
use crate::{
    core::{
        change::Change,
        error::Error,
        port::{links::Links, store::Store},
    },
    proto::agent::Agent,
};

/// Notes in the audit log that a caller asks a node something, after a look whether it could answer.
///
/// # Errors
/// The node's agent does not know the verb, is not linked, or the store cannot write.
pub async fn admit(
    store: &dyn Store,
    links: &dyn Links,
    agent: &Agent,
    verb: &str,
    (resource, detail): (String, Value),
    origin: &Origin,
) -> Result<(), Error> {
    let node = &agent.agent_id;
    if !links.is_linked(agent.id) {
        return Err(not_linked(node));
    }
    if !agent.capabilities.iter().any(|known| **known == *verb) {
        let detail = match &agent.container_engine {
            None => format!("node {node} has no container engine that it could ask"),
            Some(_) => format!("the agent of node {node} does not know {verb}; update it"),
        };
        return Err(Error::Conflict { code: "verb_unknown", detail });
    }
    store.commit(Change::new().audit(origin.done(verb, resource, detail))).await?;
    Ok(())
}

/// Nobody can be asked.
#[must_use]
pub fn not_linked(node: &str) -> Error {
    Error::Absent {
        code: "node_not_linked",
        detail: format!("node {node} is not linked, so it cannot be asked; try again when it is back"),
    }
}
