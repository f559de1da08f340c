//! Agents.

use std::{collections::BTreeMap, sync::Arc};

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::{
    call::{Answer, Call},
    fixed::Fixed,
    listing::{self, Asked, List, Scan, State},
    page::{cursor_of, limit_of, not_a_cursor, page},
    random::random,
    ws::admission::whole_seconds,
};
use crate::{
    core::{
        error::Error,
        fleet::Fleet,
        port::links::Links,
        selector::{
            Field, Needs,
            agent::{AgentRow, FIELDS},
        },
        statistics,
        usecase::{
            enroll::{self, Enroll},
            presence, sync,
        },
    },
    id::AgentId,
    proto::{
        agent::{
            Agent, AgentDetail, AgentHealth, GetAgent, GetAgentHealth, GetAgentStatistics, GetAgentTelemetry,
            ListAgents, ListAgentsRequest, RemoveAgent, ReplaceAgent, RevokeAgent, SetAgentStatus,
            SyncAgents,
        },
        endpoint::{Empty, Endpoint},
        link::LinkErrorCode,
        telemetry::DiskUsage,
    },
};

pub(super) async fn list(call: Call<ListAgents>) -> Result<Answer<ListAgents>, Error> {
    listing::list(call).await
}

impl List for ListAgents {
    type Row = AgentRow;
    type Item = Arc<Agent>;
    const NOUN: &'static str = "agents";
    const FIELDS: &'static [Field<AgentRow>] = FIELDS;
    const SHOWS: Needs = Needs::HEARD;

    fn asked(request: &ListAgentsRequest) -> Asked<'_> {
        Asked {
            selector: request.selector.as_deref(),
            sort: request.sort.as_deref(),
            limit: request.limit,
            cursor: request.cursor.as_deref(),
        }
    }

    fn rows(scan: &Scan<'_>, request: &ListAgentsRequest) -> Result<Vec<AgentRow>, Error> {
        let start: Option<AgentId> = scan.after.map(cursor_of).transpose()?;
        let os = request.os.as_ref().map(|os| os.to_lowercase());
        Ok(scan.gather(start, |fleet, after, most, rows| {
            let (mut last, mut seen) = (None, 0);
            for agent in fleet.agents_after(*after).take(most) {
                (last, seen) = (Some(agent.id), seen + 1);
                if is_asked_for(agent, request, os.as_deref()) {
                    rows.push(row(scan, fleet, agent));
                }
            }
            (seen == most).then_some(last)
        }))
    }

    fn item(row: AgentRow) -> Arc<Agent> {
        row.agent
    }
}

/// Whether the filters let an agent through; `os` is in lower case.
fn is_asked_for(agent: &Agent, request: &ListAgentsRequest, os: Option<&str>) -> bool {
    let engine = agent.container_engine.as_ref().map(|engine| engine.name.as_str());
    request.status.is_none_or(|status| agent.status == status)
        && request.site.as_ref().is_none_or(|site| agent.site == *site)
        && request
            .capability
            .as_ref()
            .is_none_or(|verb| agent.capabilities.iter().any(|known| **known == **verb))
        && request
            .engine
            .as_ref()
            .is_none_or(|wanted| engine.is_some_and(|engine| engine.eq_ignore_ascii_case(wanted)))
        && os.is_none_or(|os| agent.host.os.as_ref().is_some_and(|its| its.to_lowercase().contains(os)))
}

/// An agent with as much of its node as the request reads.
fn row(scan: &Scan<'_>, fleet: &Fleet, agent: &Arc<Agent>) -> AgentRow {
    let mut row = AgentRow {
        agent: agent.clone(),
        telemetry: None,
        containers: BTreeMap::new(),
        linked: false,
        now: scan.now,
    };
    if scan.needs.include(Needs::TELEMETRY) {
        row.telemetry = fleet.telemetry(agent.id);
    }
    if scan.needs.include(Needs::CONTAINERS) {
        for container in fleet.containers_of(agent.id) {
            *row.containers.entry(container.facts.state).or_default() += 1;
        }
    }
    if scan.needs.include(Needs::LINK) {
        row.linked = scan.app.hub.is_linked(agent.id);
    }
    row
}

pub(super) async fn get(call: Call<GetAgent>) -> Result<Answer<GetAgent>, Error> {
    let (agent, containers, latest) = {
        let fleet = call.sight.fleet();
        let fleet = fleet.read();
        let agent = fleet.agent(&call.request.id)?.clone();
        let mut containers = BTreeMap::new();
        for container in fleet.containers_of(agent.id) {
            *containers.entry(container.facts.state.as_str().to_owned()).or_insert(0) += 1;
        }
        let latest = fleet.telemetry(agent.id);
        (agent, containers, latest)
    };
    let telemetry = latest.map(|latest| (*latest).clone());
    Ok(Answer::tagged(&AgentDetail { agent, containers, telemetry }))
}

pub(super) async fn statistics(call: Call<GetAgentStatistics>) -> Result<Answer<GetAgentStatistics>, Error> {
    let app = &call.app;
    let state = State::of(app, Needs::CONTAINERS.and(Needs::LINK));
    let key = format!("{} {}", GetAgentStatistics::PATH, call.sight.key());
    if let Some(state) = state
        && let Some(kept) = app.lists.kept.recall(&key, state)
    {
        return Ok(Answer::fixed(&kept));
    }
    let counted = statistics::of_agents(&call.sight.fleet().read(), |id| app.hub.is_linked(id));
    let body = serde_json::to_vec(&counted).map_err(|error| Error::Internal(error.to_string()))?;
    let made = Arc::new(Fixed::new("application/json", body).private());
    if let Some(state) = state {
        app.lists.kept.keep(key, state, &made);
    }
    Ok(Answer::fixed(&made))
}

pub(super) async fn sync(call: Call<SyncAgents>) -> Result<Answer<SyncAgents>, Error> {
    let app = &call.app;
    let asked = sync::ask(
        &call.store,
        &call.sight.fleet(),
        &*app.hub,
        &call.request.target,
        &call.caller()?.rights(),
        &call.origin,
    )
    .await?;
    Ok(Answer::ok(&asked))
}

pub(super) async fn set_status(call: Call<SetAgentStatus>) -> Result<Answer<SetAgentStatus>, Error> {
    let app = &call.app;
    let agent = presence::set(&call.store, &app.fleet, &*app.hub, &call.request, &call.origin).await?;
    Ok(Answer::ok(&*agent))
}

pub(super) async fn telemetry(call: Call<GetAgentTelemetry>) -> Result<Answer<GetAgentTelemetry>, Error> {
    let request = &call.request;
    let limit = limit_of(request.limit)?;
    let agent = call.sight.fleet().read().agent(&request.id)?.id;
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
    let fleet = call.sight.fleet();
    let fleet = fleet.read();
    let agent = fleet.agent(&call.request.id)?;
    let latest = fleet.telemetry(agent.id);
    let fullest =
        |disks: &BTreeMap<String, DiskUsage>| disks.values().map(|disk| disk.percent).max_by(f32::total_cmp);
    // Of a heartbeat and a measurement the later one tells, as far as it says anything.
    let pulse = app.pulses.latest(agent.id);
    let pulse = pulse.filter(|pulse| latest.as_ref().is_none_or(|latest| pulse.at > latest.timestamp));
    Ok(Answer::ok(&AgentHealth {
        id: agent.id,
        agent_id: agent.agent_id.clone(),
        status: agent.status,
        status_since: agent.status_since,
        last_seen_at: agent.last_seen_at,
        linked: app.hub.is_linked(agent.id),
        heartbeat_interval_s: whole_seconds(interval),
        cpu_usage: pulse.and_then(|pulse| pulse.cpu).or(latest.as_ref().map(|latest| latest.cpu_usage)),
        memory_usage: pulse
            .and_then(|pulse| pulse.ram)
            .or(latest.as_ref().map(|latest| latest.memory_usage.percent)),
        disk_usage: latest.as_ref().and_then(|latest| fullest(&latest.disk_usage)),
    }))
}

pub(super) async fn revoke(call: Call<RevokeAgent>) -> Result<Answer<RevokeAgent>, Error> {
    let app = &call.app;
    let agent = app.fleet.read().agent(&call.request.id)?.clone();
    let reason = call.request.reason.as_deref();
    let revoked = presence::revoke(&call.store, &*app.records, &agent, reason, &call.origin).await?;
    app.hub.end(agent.id, LinkErrorCode::Revoked, "this agent was revoked");
    app.pulses.forget(agent.id);
    Ok(Answer::ok(&revoked))
}

pub(super) async fn replace(call: Call<ReplaceAgent>) -> Result<Answer<ReplaceAgent>, Error> {
    let (claim, current) = (call.claim.as_ref(), call.app.trust.current());
    let ports = Enroll { store: &call.store, ..call.app.enroll(&current) };
    let invitation = enroll::replace(ports, &call.request, random(), claim, &call.origin).await?;
    Ok(Answer::with_status(StatusCode::CREATED, &invitation))
}

pub(super) async fn remove(call: Call<RemoveAgent>) -> Result<Answer<RemoveAgent>, Error> {
    let app = &call.app;
    let agent = app.fleet.read().agent(&call.request.id)?.clone();
    presence::remove(&call.store, &*app.records, &agent, &call.origin).await?;
    app.hub.end(agent.id, LinkErrorCode::Revoked, "this agent was removed");
    app.pulses.forget(agent.id);
    Ok(Answer::ok(&Empty {}))
}
