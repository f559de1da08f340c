//! How an agent stands: lost, silent for too long, well again, quarantined, removed.

use serde_json::json;

use super::{Origin, settle};
use crate::{
    core::{
        change::Change,
        error::Error,
        fleet::SharedFleet,
        port::{records::Records, store::Store},
        statement,
    },
    id::AgentId,
    proto::{
        agent::{Agent, AgentStatus},
        event::EventKind,
    },
};

/// Moves an agent to another status, if it still stands as the fleet says. A lost race is no error: whoever won knew
/// more.
///
/// # Errors
/// The store cannot write.
pub async fn move_to(
    store: &dyn Store,
    fleet: &SharedFleet,
    id: AgentId,
    status: AgentStatus,
    reason: &str,
    origin: &Origin,
) -> Result<bool, Error> {
    let Some(agent) = fleet.read().agent_by_id(id).cloned() else { return Ok(false) };
    if !may_move(agent.status, status) {
        return Ok(false);
    }
    match store.commit(moved(&agent, status, reason, origin)).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_conflict_of("agent.set_status") => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether an agent that stands as `from` may come to stand as `to` by what its link does or says.
const fn may_move(from: AgentStatus, to: AgentStatus) -> bool {
    use AgentStatus::{Degraded, Offline, Online, Unknown};
    matches!(
        (from, to),
        (Online | Degraded, Unknown)
            | (Unknown, Offline)
            | (Degraded | Unknown | Offline, Online)
            | (Online | Unknown | Offline, Degraded)
    )
}

/// The change that moves an agent to another status.
fn moved(agent: &Agent, status: AgentStatus, reason: &str, origin: &Origin) -> Change {
    let kind = match status {
        AgentStatus::Online => EventKind::AgentOnline,
        AgentStatus::Degraded => EventKind::AgentDegraded,
        AgentStatus::Unknown => EventKind::AgentUnknown,
        AgentStatus::Offline => EventKind::AgentOffline,
        AgentStatus::Maintenance => EventKind::AgentMaintenance,
        AgentStatus::Quarantined => EventKind::AgentQuarantined,
        AgentStatus::Revoked => EventKind::AgentRemoved,
    };
    let next = Agent { status, status_since: origin.now, ..agent.clone() };
    let facts = json!({ "agent": next, "reason": reason });
    Change::new()
        .write(statement::agent::set_status(&next, agent.status))
        .event(origin.event(kind, facts).about(next.agent_id.clone()))
}

/// Quarantines an agent: neither of two processes with one identity is believed.
///
/// # Errors
/// The store cannot write.
pub async fn quarantine(
    store: &dyn Store,
    agent: &Agent,
    reason: &str,
    origin: &Origin,
) -> Result<(), Error> {
    let change = moved(agent, AgentStatus::Quarantined, reason, origin).audit(origin.done(
        "agent.quarantine",
        format!("agent/{}", agent.agent_id),
        json!({ "reason": reason }),
    ));
    store.commit(change).await?;
    Ok(())
}

/// After a server start nothing is known of any agent: all that were linked become UNKNOWN, in one change.
///
/// # Errors
/// The store cannot write.
pub async fn unknown_after_start(
    store: &dyn Store,
    fleet: &SharedFleet,
    origin: &Origin,
) -> Result<(), Error> {
    let linked: Vec<Agent> =
        fleet.read().agents().filter(|agent| may_move(agent.status, AgentStatus::Unknown)).cloned().collect();
    let mut change = Change::new();
    for agent in &linked {
        let one = moved(agent, AgentStatus::Unknown, "the server started", origin);
        change.statements.extend(one.statements);
        change.events.extend(one.events);
    }
    if !linked.is_empty() {
        store.commit(change).await?;
    }
    Ok(())
}

/// Removes an agent and what is known of its node; what it had still to do will never be known to have ended. Its id is
/// never used again.
///
/// # Errors
/// It is removed already, or the store cannot write.
pub async fn remove(
    store: &dyn Store,
    records: &dyn Records,
    agent: &Agent,
    origin: &Origin,
) -> Result<(), Error> {
    let mut change = Change::new();
    for execution in records.open_executions(agent.id).await? {
        change = settle::abandon(change, &execution, "the agent was removed", origin);
    }
    let gone = Agent { status: AgentStatus::Revoked, status_since: origin.now, ..agent.clone() };
    let change = change
        .write(statement::agent::remove(agent.id, origin.now))
        .write(statement::agent::forget_containers(agent.id))
        .write(statement::agent::forget_images(agent.id))
        .write(statement::bearer::forget(agent.id))
        .event(origin.event(EventKind::AgentRemoved, json!({ "agent": gone })).about(agent.agent_id.clone()))
        .audit(origin.done("agent.remove", format!("agent/{}", agent.agent_id), json!({ "id": agent.id })));
    match store.commit(change).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_conflict_of("agent.remove") => Err(Error::not_found("agent", &agent.agent_id)),
        Err(error) => Err(error.into()),
    }
}
