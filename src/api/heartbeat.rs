//! Heartbeats over plain HTTP.

use super::{
    call::{Answer, Call},
    caller::plain_token,
    judgement::judge,
    pulse::Pulse,
    ws::admission::whole_seconds,
};
use crate::{
    core::{
        error::Error,
        plain::is_well,
        usecase::{Origin, admit::Refused, plain},
    },
    proto::{
        agent::AgentStatus,
        heartbeat::{HeartbeatTaken, SendHeartbeat},
        link::LinkErrorCode,
    },
};

pub(super) async fn take(call: Call<SendHeartbeat>) -> Result<Answer<SendHeartbeat>, Error> {
    let (app, request) = (&call.app, &call.request);
    let token = plain_token(&call.credentials, None).ok_or_else(not_shown)?;
    let agent = plain::recognize(&*app.records, &token).await.map_err(refusal)?.agent;
    if request.id != agent.agent_id && request.id.parse() != Ok(agent.id) {
        return Err(Error::field("id", format!("expected '{}', whose token this is", agent.agent_id)));
    }
    let well =
        is_well(&request.status).ok_or_else(|| Error::field("status", "expected ONLINE or DEGRADED"))?;
    for (name, share) in [("cpu", request.cpu), ("ram", request.ram)] {
        if share.is_some_and(|share| !(0.0..=100.0).contains(&share)) {
            return Err(Error::field(name, "expected a percentage, 0 to 100"));
        }
    }
    let origin = Origin { actor: format!("agent:{}", agent.agent_id), ..call.origin.clone() };
    let status = if well { AgentStatus::Online } else { AgentStatus::Degraded };
    app.fleet.heard(agent.id, origin.now);
    // Whoever is told that the agent is there must find when it was heard.
    app.pulses.unlinked(agent.id, Pulse { at: origin.now, cpu: request.cpu, ram: request.ram });
    judge(app, agent.id, status, &origin).await?;
    let stands = app.fleet.read().agent_by_id(agent.id).map(|agent| agent.status);
    let Some(status) = stands else {
        app.pulses.forget(agent.id);
        return Err(refusal(Refused {
            code: LinkErrorCode::Revoked,
            detail: "this agent was removed".into(),
        }));
    };
    Ok(Answer::ok(&HeartbeatTaken {
        status,
        heartbeat_interval_s: whole_seconds(app.heartbeat_interval()),
        server_time: origin.now,
    }))
}

fn not_shown() -> Error {
    Error::Unauthenticated(
        "show the agent's token: send 'Authorization: Bearer wpa_...' (worpen agents invite NAME --plain)"
            .into(),
    )
}

/// A refusal of the link's rules, as HTTP says it.
fn refusal(refused: Refused) -> Error {
    match refused.code {
        LinkErrorCode::Unavailable => Error::Unavailable(refused.detail),
        LinkErrorCode::Quarantined => Error::Forbidden(refused.detail),
        _ => Error::Unauthenticated(refused.detail),
    }
}
