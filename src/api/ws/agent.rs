//! One agent's link, from its first frame to its end.

use std::{collections::HashSet, sync::Arc, time::Duration};

use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, close_code},
    http::{HeaderName, HeaderValue},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    super::{
        app::App,
        call::{Answer, Call},
        caller::plain_token,
        clock,
        connection::Slot,
        judgement::judge,
        random::random,
    },
    admission::admission,
    fault,
    hub::{Handle, Said},
    output::{Outputs, Say},
    place, plain, progress, send, small,
};
use crate::{
    core::{
        envelope,
        error::Error,
        liveness::dead_link_after,
        node_time::believable,
        plain::is_well,
        telemetry::bounds,
        usecase::{
            Origin,
            admit::{Admitted, Proven},
            ingest, settle,
        },
    },
    id::{AgentId, ExecutionId},
    proto::{
        agent::AgentStatus,
        endpoint::Empty,
        envelope::{COMMAND_TYPE, CommandOrder},
        link::{
            Ack, AgentFrame, AgentLink, CHALLENGE_HEADER, Heartbeat, LinkError, LinkErrorCode,
            MAX_FRAME_BYTES, ServerFrame,
        },
        telemetry::Telemetry,
    },
};

/// A telemetry store that takes longer is taken for broken.
pub(super) const TELEMETRY_PATIENCE: Duration = Duration::from_secs(5);
/// The most characters of a peer's own words that are told back.
pub(super) const MAX_WORDS: usize = 200;
/// How far a sequence may lie beyond the last that is committed: nothing honest leaves such a hole.
const MAX_HOLE: u64 = 1 << 32;
/// Frames in a row that are not of the protocol before the link ends.
pub(super) const MAX_BAD_FRAMES: u32 = 16;
/// How far an agent's clock may lie behind the server's before it takes an order for one from the future.
pub(super) const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(30);

pub(in crate::api) async fn open(mut call: Call<AgentLink>) -> Result<Answer<AgentLink>, Error> {
    let challenge = URL_SAFE_NO_PAD.encode(random::<32>());
    let (app, origin, slot) = (call.app.clone(), call.origin.clone(), call.slot.take());
    let token = plain_token(&call.credentials, call.request.token.as_deref());
    let upgrade =
        call.upgrade.take().ok_or_else(|| Error::Internal("a WebSocket endpoint without upgrade".into()))?;
    let shown = HeaderValue::from_str(&challenge).expect("base64url is a header value");
    let mut response = small(upgrade, MAX_FRAME_BYTES).on_upgrade(move |socket| async move {
        match token {
            Some(token) => Box::pin(plain::serve(app, socket, slot, &token, origin)).await,
            // Each step is on the heap while it lasts: a link mostly waits, and there are thousands.
            None => {
                if let Some(link) = Box::pin(enter(app, socket, slot, &challenge, origin)).await {
                    Box::pin(link.run()).await;
                }
            }
        }
    });
    response.headers_mut().insert(HeaderName::from_static(CHALLENGE_HEADER), shown);
    Ok(Answer::upgraded(response))
}

/// Makes a link of a connection whose HELLO is proven.
async fn enter(
    app: Arc<App>,
    mut socket: WebSocket,
    slot: Option<Arc<Slot>>,
    challenge: &str,
    origin: Origin,
) -> Option<Box<Link>> {
    let admitted = tokio::select! {
        admitted = admission(&app, &mut socket, slot.as_deref(), challenge, &origin) => admitted,
        () = app.shutdown.cancelled() => return None,
    };
    match admitted {
        Ok(admitted) => admitted.map(|admitted| Box::new(Link::new(app, socket, *admitted, origin))),
        Err(refused) => {
            tracing::warn!(address = origin.address, code = ?refused.code, "a link was refused: {}", refused.detail);
            end(&mut socket, refused.code, refused.detail).await;
            None
        }
    }
}

/// Tells a peer why its link ends, and ends it.
pub(super) async fn end(socket: &mut WebSocket, code: LinkErrorCode, detail: String) {
    if send(socket, &ServerFrame::Error(LinkError { code, detail })).await {
        let close = CloseFrame { code: close_code::POLICY, reason: "".into() };
        let _ = timeout(super::SEND_TIMEOUT, socket.send(Message::Close(Some(close)))).await;
    }
}

/// An admitted link.
struct Link {
    app: Arc<App>,
    socket: WebSocket,
    admitted: Admitted,
    origin: Origin,
    handle: Arc<Handle>,
    /// The questions that are open on it.
    outputs: Arc<Outputs>,
    /// The highest sequence that is committed.
    committed: u64,
    /// The sequence of the last order of this epoch.
    ordered: u64,
    /// Orders sent on this link that the store still shows as queued.
    sent: HashSet<ExecutionId>,
    /// The agent spoke after its WELCOME, so it has synced the epoch.
    confirmed: bool,
    /// A measurement is not stored, so nothing after it may be acknowledged.
    holds_back: bool,
    probes: Vec<oneshot::Sender<()>>,
    /// Executions whose progress is shown.
    shown: progress::Shown,
    bad_frames: u32,
}

/// Why a link is over; what is to be told to the agent, if anything.
pub(super) enum Over {
    Gone(&'static str),
    Told(LinkErrorCode, String),
    Shutdown,
}

impl Link {
    fn new(app: Arc<App>, socket: WebSocket, (proven, admitted): (Proven, Admitted), origin: Origin) -> Self {
        let outputs = Arc::new(Outputs::default());
        let handle = Handle::new(proven.proof.instance_nonce, Some(outputs.clone()));
        place::enter(&app, admitted.agent.id, &handle);
        let origin = Origin { actor: format!("agent:{}", admitted.agent.agent_id), ..origin };
        Self {
            app,
            socket,
            committed: admitted.acknowledged,
            admitted,
            origin,
            handle,
            outputs,
            ordered: 0,
            sent: HashSet::new(),
            confirmed: false,
            holds_back: false,
            probes: Vec::new(),
            shown: progress::Shown::default(),
            bad_frames: 0,
        }
    }

    /// Serves it to its end.
    async fn run(mut self: Box<Self>) {
        let node = self.admitted.agent.agent_id.clone();
        tracing::info!(node, epoch = self.admitted.epoch, "agent {node} linked");
        let over = self.listen().await;
        Box::pin(self.leave(over)).await;
        tracing::info!(node, "the link of agent {node} ended");
    }

    /// Ends it on this side, and says that nothing is heard of the agent.
    async fn leave(&mut self, over: Over) {
        self.outputs.close();
        let id = self.admitted.agent.id;
        let reason = match over {
            Over::Gone(reason) => reason.to_owned(),
            Over::Told(code, detail) => {
                end(&mut self.socket, code, detail.clone()).await;
                detail
            }
            Over::Shutdown => {
                let away = CloseFrame { code: close_code::AWAY, reason: "the server ends".into() };
                let _ = timeout(super::SEND_TIMEOUT, self.socket.send(Message::Close(Some(away)))).await;
                place::leave(&self.app, id, &self.handle);
                return;
            }
        };
        if place::leave(&self.app, id, &self.handle)
            && let Err(error) = place::lost(&self.app, id, &reason, &self.now()).await
        {
            tracing::error!("agent {} could not be marked UNKNOWN: {error}", self.admitted.agent.agent_id);
        }
    }

    /// Listens until the link is over.
    async fn listen(&mut self) -> Over {
        // Between its admission and its entry nobody could reach the link.
        if let Err(over) = self.standing() {
            return over;
        }
        if let Err(error) = Box::pin(place::stand(&self.app, self.admitted.agent.id, &self.now())).await {
            tracing::error!("agent {} could not be marked ONLINE: {error}", self.admitted.agent.agent_id);
        }
        let patience = dead_link_after(self.app.heartbeat_interval());
        let mut heard = Instant::now();
        let (handle, outputs) = (self.handle.clone(), self.outputs.clone());
        let app = self.app.clone();
        loop {
            let step = tokio::select! {
                message = self.socket.recv() => {
                    heard = Instant::now();
                    Box::pin(self.take(message)).await
                }
                said = handle.said() => Box::pin(self.obey(said)).await,
                () = handle.orders.notified(), if self.confirmed => Box::pin(self.deliver()).await,
                () = outputs.due(), if self.confirmed => Box::pin(self.ask()).await,
                () = sleep_until(heard + patience) => Err(Over::Gone("nothing was heard of it")),
                () = app.shutdown.cancelled() => Err(Over::Shutdown),
            };
            if let Err(over) = step {
                return over;
            }
        }
    }

    async fn take(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), Over> {
        match message {
            Some(Ok(Message::Text(text))) => {
                let limits = &self.app.limits;
                while let Err(wait) = limits.frame(self.admitted.agent.id, text.len()) {
                    sleep(wait).await;
                }
                self.frame(&text).await
            }
            Some(Ok(Message::Pong(_))) => {
                for probe in self.probes.drain(..) {
                    let _ = probe.send(());
                }
                Ok(())
            }
            Some(Ok(Message::Ping(_))) => Ok(()),
            Some(Ok(Message::Binary(piece))) => match self.outputs.put(&piece) {
                Ok(()) => Ok(()),
                Err(detail) => self.complain(LinkErrorCode::BadFrame, detail).await,
            },
            Some(Ok(Message::Close(_))) | None => Err(Over::Gone("the agent closed its link")),
            Some(Err(error)) => Err(match fault(&error) {
                Some((code, detail)) => Over::Told(code, detail),
                None => Over::Gone("the connection broke"),
            }),
        }
    }

    async fn obey(&mut self, said: Said) -> Result<(), Over> {
        if let Some((code, detail)) = said.end {
            return Err(Over::Told(code, detail));
        }
        if !said.probes.is_empty() {
            self.probes.extend(said.probes);
            super::ping(&mut self.socket).await.map_err(Over::Gone)?;
        }
        if said.sync { self.send(&ServerFrame::Sync(Empty {})).await } else { Ok(()) }
    }

    async fn frame(&mut self, text: &str) -> Result<(), Over> {
        let frame = match serde_json::from_str(text) {
            Ok(frame) => frame,
            Err(error) => {
                let words: String = error.to_string().chars().take(MAX_WORDS).collect();
                return self.complain(LinkErrorCode::BadFrame, words).await;
            }
        };
        self.app.meters.frame(&frame);
        self.confirmed = true;
        let id = self.admitted.agent.id;
        let origin = self.now();
        self.app.fleet.heard(id, origin.now);
        let app = self.app.clone();
        let (store, records) = (&*app.store, &*app.records);
        if let Some(detail) = bad_sequence(&frame, self.committed) {
            return self.complain(LinkErrorCode::BadFrame, detail.to_owned()).await;
        }
        let (sequence, written) = match frame {
            AgentFrame::Heartbeat(pulse) => (None, heartbeat(&app, id, &pulse, &origin).await),
            AgentFrame::Telemetry(frame) => return self.measured(frame.sequence, frame.body).await,
            AgentFrame::Inventory(frame) => {
                let taken =
                    ingest::inventory(store, &app.fleet, id, frame.sequence, frame.body, &origin).await;
                (frame.sequence, taken)
            }
            AgentFrame::Event(frame) => {
                let node = &self.admitted.agent.agent_id;
                let taken =
                    ingest::event(store, records, id, frame.sequence, frame.body, node, &origin).await;
                (frame.sequence, taken)
            }
            AgentFrame::CommandResult(frame) => {
                let taken = settle::settle(store, records, id, frame.sequence, &frame.body, &origin).await;
                (frame.sequence, taken)
            }
            AgentFrame::Progress(progress) => {
                progress::show(&app, &self.admitted.agent, &mut self.shown, *progress).await;
                return Ok(());
            }
            AgentFrame::Ack(_) => return Ok(()),
            AgentFrame::Error(error) => {
                let node = &self.admitted.agent.agent_id;
                tracing::warn!(node, code = ?error.code, "agent {node} refused a frame: {}", error.detail);
                return Ok(());
            }
            AgentFrame::Hello(_) => {
                return self.complain(LinkErrorCode::OutOfOrder, "HELLO comes once".into()).await;
            }
        };
        self.answer(sequence, written).await
    }

    /// Takes a measurement. A telemetry store that is slow or broken must not stop commands: nothing is acknowledged
    /// while it is, and once it is well the link ends, so that the agent sends everything again that it kept.
    async fn measured(&mut self, sequence: Option<u64>, mut telemetry: Telemetry) -> Result<(), Over> {
        let agent = &self.admitted.agent;
        telemetry.agent_id.clone_from(&agent.agent_id);
        telemetry.timestamp = believable(telemetry.timestamp, clock::now());
        if let Err(refused) = bounds::check(&telemetry) {
            return self.answer(sequence, Err(refused)).await;
        }
        let stored =
            timeout(TELEMETRY_PATIENCE, self.app.telemetry.append(agent.id, telemetry.clone())).await;
        match stored {
            Ok(Ok(())) if self.holds_back => {
                Err(Over::Told(LinkErrorCode::Unavailable, "telemetry can be stored again".into()))
            }
            Ok(Ok(())) => {
                let telemetry = Arc::new(telemetry);
                self.app.meters.measured(agent.id, &telemetry);
                self.app.fleet.measured(agent.id, telemetry.clone());
                self.app.feed.measured(telemetry);
                self.answer(sequence, Ok(())).await
            }
            failed => {
                self.app.meters.not_measured();
                if !self.holds_back {
                    let node = &agent.agent_id;
                    tracing::error!(node, ?failed, "telemetry of {node} is not stored; its agent keeps it");
                }
                self.holds_back = true;
                Ok(())
            }
        }
    }

    /// Acknowledges a frame that is committed, and tells of one that is not.
    async fn answer(&mut self, sequence: Option<u64>, written: Result<(), Error>) -> Result<(), Over> {
        match written {
            Ok(()) => self.bad_frames = 0,
            Err(Error::Invalid(fields)) => {
                // The agent would send it again for ever: it is refused, and taken as far as the spool is concerned.
                self.complain(LinkErrorCode::BadFrame, Error::Invalid(fields).to_string()).await?;
            }
            Err(error) => {
                tracing::error!("a frame of agent {} was not stored: {error}", self.admitted.agent.agent_id);
                return Err(Over::Told(
                    LinkErrorCode::Unavailable,
                    "the server cannot store just now".into(),
                ));
            }
        }
        if self.holds_back {
            return Ok(());
        }
        self.committed = self.committed.max(sequence.unwrap_or_default());
        self.send(&ServerFrame::Ack(Ack { sequence: self.committed })).await
    }

    /// Whether the agent may still be linked: one that was removed or quarantined may not.
    fn standing(&self) -> Result<(), Over> {
        let status = self.app.fleet.read().agent_by_id(self.admitted.agent.id).map(|agent| agent.status);
        match status {
            None | Some(AgentStatus::Revoked) => {
                Err(Over::Told(LinkErrorCode::Revoked, "this agent was removed".into()))
            }
            Some(AgentStatus::Quarantined) => {
                Err(Over::Told(LinkErrorCode::Quarantined, "this identity is quarantined".into()))
            }
            Some(_) => Ok(()),
        }
    }

    /// Signs and sends every execution that waits for this agent and was not sent on this link.
    async fn deliver(&mut self) -> Result<(), Over> {
        self.standing()?;
        let agent = self.admitted.agent.id;
        let Ok(waiting) = self.app.records.queued_executions(agent).await else {
            return Err(Over::Told(LinkErrorCode::Unavailable, "the server cannot read just now".into()));
        };
        self.sent.retain(|sent| waiting.iter().any(|execution| execution.id == *sent));
        for execution in waiting {
            if execution.expires_at <= clock::now() || !self.sent.insert(execution.id) {
                continue;
            }
            self.ordered += 1;
            let order = CommandOrder {
                agent,
                execution: execution.id,
                command: execution.command,
                verb: execution.verb,
                args: execution.args,
                not_before: execution.created_at - CLOCK_TOLERANCE,
                expires_at: execution.expires_at,
                timeout_s: execution.timeout_s,
                epoch: self.admitted.epoch,
                sequence: self.ordered,
            };
            let sealed = envelope::seal(&self.app.command_key, COMMAND_TYPE, &order);
            self.send(&ServerFrame::Command(sealed)).await?;
        }
        Ok(())
    }

    /// Signs and sends what is asked of this agent, and what is said about answers.
    async fn ask(&mut self) -> Result<(), Over> {
        self.standing()?;
        let (agent, epoch, outputs) = (self.admitted.agent.id, self.admitted.epoch, self.outputs.clone());
        let ordered = &mut self.ordered;
        let due = outputs.take(agent, epoch, clock::now(), || {
            *ordered += 1;
            *ordered
        });
        for say in due {
            let frame = match say {
                Say::Ask(order) => {
                    ServerFrame::Command(envelope::seal(&self.app.command_key, COMMAND_TYPE, &*order))
                }
                Say::Frame(frame) => frame,
            };
            self.send(&frame).await?;
        }
        Ok(())
    }

    async fn complain(&mut self, code: LinkErrorCode, detail: String) -> Result<(), Over> {
        self.bad_frames += 1;
        if self.bad_frames > MAX_BAD_FRAMES {
            return Err(Over::Told(code, "too many frames that are not of the protocol".into()));
        }
        self.send(&ServerFrame::Error(LinkError { code, detail })).await
    }

    async fn send(&mut self, frame: &ServerFrame) -> Result<(), Over> {
        if send(&mut self.socket, frame).await { Ok(()) } else { Err(Over::Gone("it did not take a frame")) }
    }

    fn now(&self) -> Origin {
        Origin { now: clock::now(), ..self.origin.clone() }
    }
}

/// Takes a pulse; an agent that is not well says so itself.
async fn heartbeat(app: &App, id: AgentId, pulse: &Heartbeat, origin: &Origin) -> Result<(), Error> {
    let well = is_well(&pulse.status).ok_or_else(|| Error::field("status", "expected ONLINE or DEGRADED"))?;
    let status = if well { AgentStatus::Online } else { AgentStatus::Degraded };
    judge(app, id, status, origin).await
}

/// What is wrong with a frame's sequence: what must not be lost has one, and it does not leap.
fn bad_sequence(frame: &AgentFrame, committed: u64) -> Option<&'static str> {
    let sequence = match frame {
        AgentFrame::Telemetry(frame) => frame.sequence,
        AgentFrame::Inventory(frame) => frame.sequence,
        AgentFrame::Event(frame) => frame.sequence,
        AgentFrame::CommandResult(frame) => frame.sequence,
        AgentFrame::Hello(_)
        | AgentFrame::Heartbeat(_)
        | AgentFrame::Progress(_)
        | AgentFrame::Ack(_)
        | AgentFrame::Error(_) => return None,
    };
    match sequence {
        None => Some("/payload/sequence: expected a number with this frame"),
        Some(sequence) if sequence > committed.saturating_add(MAX_HOLE) => {
            Some("/payload/sequence: expected the one after the last, or a little more")
        }
        Some(_) => None,
    }
}
