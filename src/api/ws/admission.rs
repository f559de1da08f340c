//! How a connection becomes an agent's link: HELLO, proof, who holds the identity, WELCOME.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use jiff::Timestamp;
use tokio::time::timeout;

use super::{
    super::{app::App, clock, connection::Slot, trust::Current},
    agent::MAX_WORDS,
    fault,
    hub::Contest,
    place, send,
};
use crate::{
    core::{
        envelope,
        port::{links::Links, records::AgentLinkRecord},
        trust::AnchorKind,
        usecase::{
            Origin,
            admit::{self, Admitted, Proven, Refused, changed_meanwhile},
            certify::{self, Shown},
            presence,
        },
    },
    proto::{
        envelope::{WELCOME_TYPE, WelcomeProof},
        link::{AgentFrame, Hello, LinkErrorCode, ServerFrame, Welcome},
    },
};

/// How long a connection may take to say who it is.
pub(super) const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a proven agent is looked at anew whose record changed just then: its last link may be ending.
pub(super) const ATTEMPTS: usize = 3;

/// An agent that was let in.
pub(super) struct Entered {
    pub(super) proven: Proven,
    pub(super) admitted: Admitted,
    /// The end of the certificate of its connection, where it has one.
    pub(super) certified_until: Option<Timestamp>,
    /// The revision of what it was told to trust.
    pub(super) revision: u64,
}

/// Takes the HELLO, proves it, settles who holds the identity, admits and welcomes. `None` when the peer left.
pub(super) async fn admission(
    app: &App,
    socket: &mut WebSocket,
    slot: Option<&Slot>,
    (challenge, certificate): (&str, Option<&Shown>),
    origin: &Origin,
) -> Result<Option<Box<Entered>>, Refused> {
    let Some(hello) = first_frame(socket).await? else { return Ok(None) };
    let origin = Origin { actor: format!("agent:{}", hello.agent_id), now: clock::now(), ..origin.clone() };
    let mut entered = take_in(app, &hello, slot, (challenge, certificate), &origin).await?;
    let current = app.trust.current();
    entered.revision = current.set.revision();
    if send(socket, &welcome(app, &current, &entered.proven, &entered.admitted)).await {
        return Ok(Some(Box::new(entered)));
    }
    let id = entered.admitted.agent.id;
    place::lost(app, id, "left at once", &origin).await?;
    Ok(None)
}

/// Proves and admits an agent, again when its record changed between the two.
async fn take_in(
    app: &App,
    hello: &Hello,
    slot: Option<&Slot>,
    (challenge, certificate): (&str, Option<&Shown>),
    origin: &Origin,
) -> Result<Entered, Refused> {
    let mut attempt = 1;
    loop {
        let proven = admit::prove(&*app.records, hello, challenge).await?;
        let certified_until = match certificate {
            Some(shown) => {
                Some(certify::let_in(&*app.store, &*app.records, proven.record.agent.id, shown).await?)
            }
            None => None,
        };
        contest(app, &proven.record, &proven.proof.instance_nonce, origin).await?;
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
            Ok(admitted) => return Ok(Entered { proven, admitted, certified_until, revision: 0 }),
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

/// Settles who holds the identity when another process is linked with it: a live one makes both clones. The other's link ends
/// also where that cannot be written down.
pub(super) async fn contest(
    app: &App,
    record: &AgentLinkRecord,
    instance: &str,
    origin: &Origin,
) -> Result<(), Refused> {
    let agent = &record.agent;
    if app.hub.contest(agent.id, instance).await == Contest::Free {
        return Ok(());
    }
    let detail = "two live processes hold this identity";
    let known = app.fleet.read().agent_by_id(agent.id).cloned().unwrap_or_else(|| agent.clone());
    match presence::quarantine(&*app.store, &known, &record.public_key, detail, origin).await {
        Ok(true) => {}
        Ok(false) => return Err(changed_meanwhile()),
        Err(error) => {
            tracing::error!("that agent {} is quarantined could not be written: {error}", agent.agent_id);
        }
    }
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

fn welcome(app: &App, current: &Current, proven: &Proven, admitted: &Admitted) -> ServerFrame {
    let now = clock::now();
    let proof = WelcomeProof {
        server: app.server,
        agent: admitted.agent.id,
        nonce: proven.proof.nonce.clone(),
        epoch: admitted.epoch,
        server_time: now,
        acknowledged: admitted.acknowledged,
        keys: current.set.materials(AnchorKind::Signing),
        authorities: current.set.materials(AnchorKind::Authority),
        revision: current.set.revision(),
    };
    ServerFrame::Welcome(Welcome {
        heartbeat_interval_s: whole_seconds(app.heartbeat_interval()),
        telemetry_interval_s: whole_seconds(app.settings.telemetry_interval),
        server_time: now,
        proof: Some(envelope::seal(&current.signing, WELCOME_TYPE, &proof)),
        successions: current.successions.clone(),
    })
}

pub(in crate::api) fn whole_seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX).max(1)
}
