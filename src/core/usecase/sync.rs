//! Asking agents to report everything now.

use serde_json::json;

use super::Origin;
use crate::{
    core::{
        access::{Act, Rights},
        change::Change,
        error::Error,
        fleet::SharedFleet,
        port::{links::Links, store::Store},
        target::{Repeats, named},
    },
    id::AgentId,
    proto::agent::{AgentsAsked, SyncTarget},
};

/// What a scope has to hold for this.
const VERB: &str = "agent.sync";

/// Asks the agents that are meant, of those that the caller is shown; those that have no link report by themselves when they come back.
///
/// # Errors
/// The caller may not, there is no such agent (then none is asked), too many are named, or the store cannot write.
pub async fn ask(
    store: &dyn Store,
    fleet: &SharedFleet,
    links: &dyn Links,
    target: &SyncTarget,
    rights: &Rights,
    origin: &Origin,
) -> Result<AgentsAsked, Error> {
    rights.permit_verb(Act::Give(VERB))?;
    let meant = meant(fleet, target)?;
    let resource = match target {
        SyncTarget::One(name) if name == "all" => "agents".to_owned(),
        _ => {
            let names: Vec<&str> = meant.iter().take(10).map(|(_, name)| name.as_str()).collect();
            format!("agent/{}", names.join(","))
        }
    };
    let entry = origin.done("agent.sync", resource, json!({ "agents": meant.len() }));
    store.commit(Change::new().audit(entry)).await?;
    let not_linked: Vec<String> =
        meant.iter().filter(|(id, _)| !links.sync(*id)).map(|(_, name)| name.clone()).collect();
    let asked = u32::try_from(meant.len() - not_linked.len()).unwrap_or(u32::MAX);
    Ok(AgentsAsked { asked, not_linked })
}

/// The agents that are meant, each once.
fn meant(fleet: &SharedFleet, target: &SyncTarget) -> Result<Vec<(AgentId, String)>, Error> {
    let fleet = fleet.read();
    let meant = match target {
        SyncTarget::One(name) if name == "all" => fleet.agents().collect(),
        SyncTarget::One(name) => vec![fleet.agent(name)?],
        SyncTarget::These(names) => named(&fleet, "target", names, Repeats::Merged)?,
    };
    Ok(meant.into_iter().map(|agent| (agent.id, agent.agent_id.clone())).collect())
}
