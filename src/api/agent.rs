//! Agents.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    call::{Answer, Call},
    page::{cursor_of, limit_of, not_a_cursor, page},
};
use crate::{
    core::{error::Error, port::links::Links, usecase::presence},
    id::AgentId,
    proto::{
        agent::{
            AgentDetail, AgentHealth, GetAgent, GetAgentHealth, GetAgentTelemetry, ListAgents, RemoveAgent,
        },
        endpoint::Empty,
        link::LinkErrorCode,
        telemetry::DiskUsage,
    },
};

pub(super) async fn list(call: Call<ListAgents>) -> Result<Answer<ListAgents>, Error> {
    let request = &call.request;
    let limit = limit_of(request.limit)?;
    let after: Option<AgentId> = request.cursor.as_deref().map(cursor_of).transpose()?;
    let fleet = call.app.fleet.read();
    let wanted = fleet.agents().filter(|agent| {
        after.is_none_or(|after| agent.id > after)
            && request.status.is_none_or(|status| agent.status == status)
            && request.site.as_ref().is_none_or(|site| agent.site == *site)
    });
    Ok(Answer::ok(&page(wanted.cloned(), limit, |agent| agent.id.to_string())))
}

pub(super) async fn get(call: Call<GetAgent>) -> Result<Answer<GetAgent>, Error> {
    let fleet = call.app.fleet.read();
    let agent = fleet.agent(&call.request.id)?.clone();
    let mut containers = BTreeMap::new();
    for container in fleet.containers_of(agent.id) {
        *containers.entry(container.facts.state.as_str().to_owned()).or_insert(0) += 1;
    }
    let telemetry = fleet.telemetry(agent.id).map(|latest| (*latest).clone());
    Ok(Answer::ok(&AgentDetail { agent, containers, telemetry }))
}

pub(super) async fn telemetry(call: Call<GetAgentTelemetry>) -> Result<Answer<GetAgentTelemetry>, Error> {
    let request = &call.request;
    let limit = limit_of(request.limit)?;
    let agent = call.app.fleet.read().agent(&request.id)?.id;
    let now = call.origin.now;
    let from = match &request.cursor {
        Some(cursor) => after(cursor)?,
        None => request.from.unwrap_or(now - SignedDuration::from_hours(1)),
    };
    // A node's clock may be ahead: what it just measured is wanted all the same.
    let to = request.to.unwrap_or(now + SignedDuration::from_hours(1));
    if request.cursor.is_none() && from >= to {
        return Err(Error::field("from", "expected a moment before 'to'"));
    }
    let measured = call.app.telemetry.history(agent, from, to, limit + 1).await?;
    Ok(Answer::ok(&page(measured.into_iter(), limit, |last| last.timestamp.to_string())))
}

/// The moment right after a cursor.
fn after(cursor: &str) -> Result<Timestamp, Error> {
    let last: Timestamp = cursor_of(cursor)?;
    last.checked_add(SignedDuration::from_micros(1)).map_err(|_| not_a_cursor())
}

pub(super) async fn health(call: Call<GetAgentHealth>) -> Result<Answer<GetAgentHealth>, Error> {
    let app = &call.app;
    let interval = app.heartbeat_interval();
    let fleet = app.fleet.read();
    let agent = fleet.agent(&call.request.id)?;
    let latest = fleet.telemetry(agent.id);
    let fullest =
        |disks: &BTreeMap<String, DiskUsage>| disks.values().map(|disk| disk.percent).max_by(f32::total_cmp);
    // Of a heartbeat and a measurement the later one tells.
    let pulse = app.pulses.latest(agent.id);
    let pulse = pulse.filter(|pulse| latest.as_ref().is_none_or(|latest| pulse.at > latest.timestamp));
    Ok(Answer::ok(&AgentHealth {
        id: agent.id,
        agent_id: agent.agent_id.clone(),
        status: agent.status,
        status_since: agent.status_since,
        last_seen_at: agent.last_seen_at,
        linked: app.hub.is_linked(agent.id),
        heartbeat_interval_s: u32::try_from(interval.as_secs()).unwrap_or(u32::MAX),
        cpu_usage: pulse.map_or_else(|| latest.as_ref().map(|latest| latest.cpu_usage), |pulse| pulse.cpu),
        memory_usage: pulse
            .map_or_else(|| latest.as_ref().map(|latest| latest.memory_usage.percent), |pulse| pulse.ram),
        disk_usage: latest.as_ref().and_then(|latest| fullest(&latest.disk_usage)),
    }))
}

pub(super) async fn remove(call: Call<RemoveAgent>) -> Result<Answer<RemoveAgent>, Error> {
    let app = &call.app;
    let agent = app.fleet.read().agent(&call.request.id)?.clone();
    presence::remove(&*app.store, &*app.records, &agent, &call.origin).await?;
    app.hub.end(agent.id, LinkErrorCode::Revoked, "this agent was removed");
    app.pulses.forget(agent.id);
    Ok(Answer::ok(&Empty {}))
}
