//! How a connection becomes an agent's link: HELLO, proof, who holds the identity, WELCOME.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use tokio::time::timeout;

use super::{
    super::{app::App, clock, connection::Slot},
    agent::MAX_WORDS,
    fault,
    hub::Contest,
    place, send,
};
use crate::{
    core::{
        envelope,
        port::links::Links,
        usecase::{
            Origin,
            admit::{self, Admitted, Proven, Refused},
            presence,
        },
    },
    proto::{
        agent::Agent,
        envelope::{WELCOME_TYPE, WelcomeProof},
        link::{AgentFrame, Hello, LinkErrorCode, ServerFrame, Welcome},
    },
};

/// How long a connection may take to say who it is.
pub(super) const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a proven agent is looked at anew whose record changed just then: its last link may be ending.
pub(super) const ATTEMPTS: usize = 3;

/// Takes the HELLO, proves it, settles who holds the identity, admits and welcomes. `None` when the peer left.
pub(super) async fn admission(
    app: &App,
    socket: &mut WebSocket,
    slot: Option<&Slot>,
    challenge: &str,
    origin: &Origin,
) -> Result<Option<Box<(Proven, Admitted)>>, Refused> {
    let Some(hello) = first_frame(socket).await? else { return Ok(None) };
    let origin = Origin { actor: format!("agent:{}", hello.agent_id), now: clock::now(), ..origin.clone() };
    let (proven, admitted) = take_in(app, &hello, slot, challenge, &origin).await?;
    if send(socket, &welcome(app, &proven, &admitted)).await {
        return Ok(Some(Box::new((proven, admitted))));
    }
    let id = admitted.agent.id;
    place::lost(app, id, "left at once", &origin).await?;
    Ok(None)
}

/// Proves and admits an agent, again when its record changed between the two.
async fn take_in(
    app: &App,
    hello: &Hello,
    slot: Option<&Slot>,
    challenge: &str,
    origin: &Origin,
) -> Result<(Proven, Admitted), Refused> {
    let mut attempt = 1;
    loop {
        let proven = admit::prove(&*app.records, hello, challenge).await?;
        contest(app, &proven.record.agent, &proven.proof.instance_nonce, origin).await?;
        take_place(slot)?;
        match admit::admit(&*app.store, proven.clone(), hello, origin).await {
            Err(refused) if refused.code == LinkErrorCode::Replaced && attempt < ATTEMPTS => attempt += 1,
            Err(refused) => {
                if refused.code == LinkErrorCode::Quarantined {
                    // Whoever is linked with this identity may be the thief.
                    app.hub.end(proven.record.agent.id, refused.code, &refused.detail);
                }
                return Err(refused);
            }
            Ok(admitted) => return Ok((proven, admitted)),
        }
    }
}

/// Counts the connection of an agent that showed who it is among the links.
pub(super) fn take_place(slot: Option<&Slot>) -> Result<(), Refused> {
    if slot.is_none_or(Slot::becomes_link) {
        return Ok(());
    }
    let detail = "as many agents are linked as may be (agent_management.max_agent_connections)";
    Err(Refused { code: LinkErrorCode::Unavailable, detail: detail.into() })
}

/// Settles who holds the identity when another process is linked with it: a live one makes both clones.
pub(super) async fn contest(
    app: &App,
    agent: &Agent,
    instance: &str,
    origin: &Origin,
) -> Result<(), Refused> {
    if app.hub.contest(agent.id, instance).await == Contest::Free {
        return Ok(());
    }
    let detail = "two live processes hold this identity";
    let known = app.fleet.read().agent_by_id(agent.id).cloned().unwrap_or_else(|| agent.clone());
    presence::quarantine(&*app.store, &known, detail, origin).await?;
    app.hub.end(agent.id, LinkErrorCode::Quarantined, detail);
    Err(Refused { code: LinkErrorCode::Quarantined, detail: detail.into() })
}

async fn first_frame(socket: &mut WebSocket) -> Result<Option<Hello>, Refused> {
    let refused = |code, detail: &str| Refused { code, detail: detail.into() };
    let late = |_| refused(LinkErrorCode::NotProven, "no HELLO came within 10 s");
    match timeout(HELLO_TIMEOUT, socket.recv()).await.map_err(late)? {
        Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
            Ok(AgentFrame::Hello(hello)) => Ok(Some(*hello)),
            Ok(_) => Err(refused(LinkErrorCode::OutOfOrder, "the first frame must be HELLO")),
            Err(error) => {
                let words: String = error.to_string().chars().take(MAX_WORDS).collect();
                Err(refused(LinkErrorCode::BadFrame, &words))
            }
        },
        Some(Err(error)) => match fault(&error) {
            Some((code, detail)) => Err(refused(code, &detail)),
            None => Ok(None),
        },
        Some(Ok(Message::Close(_))) | None => Ok(None),
        Some(Ok(_)) => Err(refused(LinkErrorCode::OutOfOrder, "the first frame must be HELLO, as text")),
    }
}

fn welcome(app: &App, proven: &Proven, admitted: &Admitted) -> ServerFrame {
    let now = clock::now();
    let proof = WelcomeProof {
        server: app.server,
        agent: admitted.agent.id,
        nonce: proven.proof.nonce.clone(),
        epoch: admitted.epoch,
        server_time: now,
        acknowledged: admitted.acknowledged,
        keys: vec![app.command_key.public().to_string()],
    };
    ServerFrame::Welcome(Welcome {
        heartbeat_interval_s: whole_seconds(app.heartbeat_interval()),
        telemetry_interval_s: whole_seconds(app.settings.telemetry_interval),
        server_time: now,
        proof: Some(envelope::seal(&app.command_key, WELCOME_TYPE, &proof)),
    })
}

pub(in crate::api) fn whole_seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX).max(1)
}
