//! How an agent stands: lost, silent for too long, well again, quarantined, removed.

use std::sync::Arc;

use serde_json::json;

use super::{Origin, settle};
use crate::{
    core::{
        change::{Change, NewEvent},
        error::Error,
        fleet::SharedFleet,
        port::{links::Links, records::Records, store::Store},
        statement,
    },
    id::AgentId,
    proto::{
        agent::{Agent, AgentStatus, SetAgentStatusRequest},
        event::EventKind,
    },
};

/// The most characters of a reason.
const MAX_REASON: usize = 500;

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

/// Begins or ends an agent's maintenance, on somebody's word. What it stands as already is no error. Maintenance holds
/// over lost links and restarts; at its end the agent stands as its link says.
///
/// # Errors
/// Another status than MAINTENANCE or ONLINE was asked for, the agent stands so that neither can be, its status changed
/// meanwhile, or the store cannot write.
pub async fn set(
    store: &dyn Store,
    fleet: &SharedFleet,
    links: &dyn Links,
    request: &SetAgentStatusRequest,
    origin: &Origin,
) -> Result<Arc<Agent>, Error> {
    use AgentStatus::{Degraded, Maintenance, Offline, Online, Quarantined, Revoked, Unknown};
    let reason = request.reason.as_deref().unwrap_or("on request");
    if reason.chars().count() > MAX_REASON {
        return Err(Error::field("reason", format!("expected at most {MAX_REASON} characters")));
    }
    let (agent, judgement) = {
        let fleet = fleet.read();
        let agent = fleet.agent(&request.id)?.clone();
        let judgement = fleet.judgement(agent.id);
        (agent, judgement)
    };
    let next = match (agent.status, request.status) {
        (Maintenance, Maintenance) | (Online, Online) => return Ok(Arc::new(agent)),
        (Online | Degraded | Unknown | Offline, Maintenance) => Maintenance,
        (Maintenance, Online) if links.is_linked(agent.id) => judgement,
        (Maintenance, Online) => Unknown,
        (Quarantined | Revoked, Maintenance | Online) => {
            return Err(Error::Conflict {
                code: "agent_quarantined",
                detail: format!(
                    "'{0}' is {1}; remove it (worpen agents rm {0}) and let it join anew",
                    agent.agent_id,
                    agent.status.as_str()
                ),
            });
        }
        (stands, Online) => {
            return Err(Error::Conflict {
                code: "agent_not_in_maintenance",
                detail: format!(
                    "'{}' is {}, which its link decides; only maintenance can be ended",
                    agent.agent_id,
                    stands.as_str()
                ),
            });
        }
        (_, Degraded | Unknown | Offline | Quarantined | Revoked) => {
            return Err(Error::field(
                "status",
                "expected MAINTENANCE, or ONLINE to end it; the other states follow from the agent's link",
            ));
        }
    };
    let resource = format!("agent/{}", agent.agent_id);
    let facts = json!({ "status": next, "before": agent.status, "reason": request.reason });
    let change = moved(&agent, next, reason, origin).audit(origin.done("agent.set_status", resource, facts));
    store.commit(change).await?;
    if next != Maintenance && next != Unknown && !links.is_linked(agent.id) {
        // The link ended just now, while the agent was still in maintenance, and nobody else will say so.
        move_to(store, fleet, agent.id, Unknown, "its link ended", origin).await?;
    }
    let known = fleet.read().agent_record(agent.id).cloned();
    known.ok_or_else(|| Error::not_found("agent", &request.id))
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

/// The change that moves an agent to another status, from the one that it was read with.
fn moved(agent: &Agent, status: AgentStatus, reason: &str, origin: &Origin) -> Change {
    let (next, event) = standing(agent, status, reason, origin);
    Change::new().write(statement::agent::set_status(&next, agent.status)).event(event)
}

/// The change that excludes an agent, however it stands by then; with a key only while that is the agent's.
fn excluded(agent: &Agent, key: Option<&str>, status: AgentStatus, reason: &str, origin: &Origin) -> Change {
    let (next, event) = standing(agent, status, reason, origin);
    Change::new().vital().write(statement::agent::exclude(&next, key)).event(event)
}

/// An agent as it stands from now on, and the event that says so.
fn standing(agent: &Agent, status: AgentStatus, reason: &str, origin: &Origin) -> (Agent, NewEvent) {
    let kind = match status {
        AgentStatus::Online => EventKind::AgentOnline,
        AgentStatus::Degraded => EventKind::AgentDegraded,
        AgentStatus::Unknown => EventKind::AgentUnknown,
        AgentStatus::Offline => EventKind::AgentOffline,
        AgentStatus::Maintenance => EventKind::AgentMaintenance,
        AgentStatus::Quarantined => EventKind::AgentQuarantined,
        AgentStatus::Revoked => EventKind::AgentRevoked,
    };
    let next = Agent { status, status_since: origin.now, ..agent.clone() };
    let facts = json!({ "agent": next, "reason": reason });
    let event = origin.event(kind, facts).about(next.agent_id.clone());
    (next, event)
}

/// Quarantines an agent whose key this is: neither of two processes with one identity is believed. `false` when it was
/// excluded, removed or replaced by another machine meanwhile.
///
/// # Errors
/// The store cannot write.
pub async fn quarantine(
    store: &dyn Store,
    agent: &Agent,
    key: &str,
    reason: &str,
    origin: &Origin,
) -> Result<bool, Error> {
    let resource = format!("agent/{}", agent.agent_id);
    let change = excluded(agent, Some(key), AgentStatus::Quarantined, reason, origin).audit(origin.done(
        "agent.quarantine",
        resource,
        json!({ "reason": reason }),
    ));
    match store.commit(change).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_conflict_of("agent.exclude") => Ok(false),
        Err(error) => Err(error.into()),
    }
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
    let change = linked.iter().fold(Change::new().vital(), |change, agent| {
        change.and(moved(agent, AgentStatus::Unknown, "the server started", origin))
    });
    if !linked.is_empty() {
        store.commit(change).await?;
    }
    Ok(())
}

/// Withdraws an agent's identity for good: no link, certificate or token of it is let in again. What it had still to do will
/// never be known to have ended.
///
/// # Errors
/// The reason is too long, its identity was withdrawn already, or the store cannot write.
pub async fn revoke(
    store: &dyn Store,
    records: &dyn Records,
    agent: &Agent,
    reason: Option<&str>,
    origin: &Origin,
) -> Result<Agent, Error> {
    if reason.is_some_and(|reason| reason.chars().count() > MAX_REASON) {
        return Err(Error::field("reason", format!("expected at most {MAX_REASON} characters")));
    }
    let revoked_already = || Error::Conflict {
        code: "agent_revoked",
        detail: format!("'{}' is revoked already, for good", agent.agent_id),
    };
    if agent.status == AgentStatus::Revoked {
        return Err(revoked_already());
    }
    let resource = format!("agent/{}", agent.agent_id);
    let change = excluded(agent, None, AgentStatus::Revoked, reason.unwrap_or("on request"), origin)
        .write(statement::bearer::forget(agent.id))
        .write(statement::credential::forget(agent.id))
        .audit(origin.done("agent.revoke", resource, json!({ "id": agent.id, "reason": reason })));
    let over = (agent.id, "the agent was revoked");
    match settle::commit_abandoning(store, records, over, &change, origin).await {
        Ok(_) => {}
        Err(error) if error.is_conflict_of("agent.exclude") => return Err(revoked_already()),
        Err(error) => return Err(error.into()),
    }
    Ok(Agent { status: AgentStatus::Revoked, status_since: origin.now, ..agent.clone() })
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
    let gone = Agent { status: AgentStatus::Revoked, status_since: origin.now, ..agent.clone() };
    let change = Change::new()
        .vital()
        .write(statement::agent::remove(agent.id, origin.now))
        .write(statement::agent::forget_containers(agent.id))
        .write(statement::agent::forget_images(agent.id))
        .write(statement::bearer::forget(agent.id))
        .write(statement::credential::forget(agent.id))
        .event(origin.event(EventKind::AgentRemoved, json!({ "agent": gone })).about(agent.agent_id.clone()))
        .audit(origin.done("agent.remove", format!("agent/{}", agent.agent_id), json!({ "id": agent.id })));
    let over = (agent.id, "the agent was removed");
    match settle::commit_abandoning(store, records, over, &change, origin).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_conflict_of("agent.remove") => Err(Error::not_found("agent", &agent.agent_id)),
        Err(error) => Err(error.into()),
    }
}
