//! One plain agent's link: the documents' protocol, for agents that are not ours. A bearer token proves it, so it is given
//! only the verbs that it announced, and never those of our own agents.

use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep_until, timeout},
};

use super::{
    super::{app::App, authority, clock, connection::Slot, judgement::judge, pulse::Pulse, random::random},
    admission::{ATTEMPTS, HELLO_TIMEOUT, contest, take_place, whole_seconds},
    agent::{MAX_BAD_FRAMES, MAX_WORDS, Over, TELEMETRY_PATIENCE, end, with_secrets},
    fault,
    hub::{Handle, Said},
    place, send,
};
use crate::{
    core::{
        error::Error,
        liveness::dead_link_after,
        plain::{PlainFrame, PlainMessage, read, telemetry},
        queue::{Assignment, Handout},
        telemetry::bounds,
        usecase::{
            Origin,
            admit::{Admitted, Refused},
            plain,
        },
    },
    proto::{
        agent::AgentStatus,
        endpoint::Empty,
        link::{Ack, Cancel, Hello, LinkError, LinkErrorCode, ServerFrame, Welcome},
        plain::{MAX_PLAIN_FRAME_BYTES, PlainCommand, PlainPulse, PlainServerFrame},
    },
};

/// The most bytes of a HELLO, which is kept and told in every event about the agent.
const MAX_HELLO_BYTES: usize = 32 * 1024;
/// The most bytes of a measurement, which is kept for weeks.
const MAX_TELEMETRY_BYTES: usize = 64 * 1024;

/// Serves a connection that showed a plain agent's token, of which this is the hash.
pub(super) async fn serve(
    app: Arc<App>,
    mut socket: WebSocket,
    slot: Option<Arc<Slot>>,
    token: &str,
    origin: Origin,
) {
    let admitted = tokio::select! {
        admitted = admission(&app, &mut socket, slot.as_deref(), token, &origin) => admitted,
        () = app.shutdown.cancelled() => return,
    };
    match admitted {
        Ok(Some((admitted, instance))) => {
            let node = admitted.agent.agent_id.clone();
            // Its connection holds the place from now on.
            drop(slot);
            tracing::info!(node, "plain agent {node} linked");
            PlainLink::new(app, socket, instance, admitted, origin).run().await;
            tracing::info!(node, "the link of plain agent {node} ended");
        }
        Ok(None) => {}
        Err(refused) => {
            tracing::warn!(address = origin.address, code = ?refused.code, "a plain link was refused: {}", refused.detail);
            super::agent::note_denial(&app, &refused, &origin);
            end(&mut socket, refused.code, refused.detail).await;
        }
    }
}

/// Judges the token, takes the HELLO, settles who holds the identity, admits and welcomes. `None` when the peer left.
async fn admission(
    app: &App,
    socket: &mut WebSocket,
    slot: Option<&Slot>,
    token: &str,
    origin: &Origin,
) -> Result<Option<(Admitted, String)>, Refused> {
    let record = plain::recognize(&*app.records, token).await?;
    let Some(hello) = first_frame(socket).await? else { return Ok(None) };
    let actor = format!("agent:{}", record.agent.agent_id);
    let origin = Origin { actor, now: clock::now(), ..origin.clone() };
    // A plain agent has no nonce of its process: each connection counts as one.
    let instance = URL_SAFE_NO_PAD.encode(random::<16>());
    let mut attempt = 1;
    let admitted = loop {
        let record = plain::recognize(&*app.records, token).await?;
        contest(app, &record, &instance, &origin).await?;
        take_place(slot)?;
        match plain::admit(&*app.store, record, &hello, &origin).await {
            Err(refused) if refused.code == LinkErrorCode::Replaced && attempt < ATTEMPTS => attempt += 1,
            admitted => break admitted?,
        }
    };
    let welcome = ServerFrame::Welcome(Welcome {
        heartbeat_interval_s: whole_seconds(app.heartbeat_interval()),
        telemetry_interval_s: whole_seconds(app.settings.telemetry_interval),
        server_time: clock::now(),
        proof: None,
        successions: Vec::new(),
    });
    if send(socket, &welcome).await && tell_withheld(socket, &hello, &admitted).await {
        return Ok(Some((admitted, instance)));
    }
    let id = admitted.agent.id;
    place::lost(app, id, "left at once", &origin).await?;
    Ok(None)
}

/// Tells of verbs that were announced and will not be sent; `false` when the peer is gone.
async fn tell_withheld(socket: &mut WebSocket, hello: &Hello, admitted: &Admitted) -> bool {
    let withheld = hello.capabilities.len() - admitted.agent.capabilities.len();
    if withheld == 0 {
        return true;
    }
    let detail = format!(
        "/payload/capabilities: {withheld} of these verbs (docker.*, agent.*, exec) are never sent to a plain agent"
    );
    send(socket, &ServerFrame::Error(LinkError { code: LinkErrorCode::Refused, detail })).await
}

async fn first_frame(socket: &mut WebSocket) -> Result<Option<Hello>, Refused> {
    let refused = |code, detail: &str| Refused { code, detail: detail.into() };
    let late = |_| refused(LinkErrorCode::NotProven, "no HELLO came within 10 s");
    let text = match timeout(HELLO_TIMEOUT, first_text(socket)).await.map_err(late)? {
        Some(Ok(text)) => text,
        Some(Err((code, detail))) => return Err(refused(code, &detail)),
        None => return Ok(None),
    };
    if text.len() > MAX_HELLO_BYTES {
        return Err(refused(
            LinkErrorCode::BadFrame,
            &format!("HELLO may have at most {MAX_HELLO_BYTES} bytes"),
        ));
    }
    match read(&text) {
        Ok(PlainMessage { frame: PlainFrame::Hello(hello), .. }) => Ok(Some(*hello)),
        Ok(_) => Err(refused(LinkErrorCode::OutOfOrder, "the first frame must be HELLO")),
        Err(error) => Err(refused(LinkErrorCode::BadFrame, &words(&error))),
    }
}

/// The first text; `None` when the peer left.
async fn first_text(socket: &mut WebSocket) -> Option<Result<String, (LinkErrorCode, String)>> {
    loop {
        return match socket.recv().await? {
            Ok(Message::Text(text)) => Some(Ok(text.as_str().to_owned())),
            Ok(Message::Ping(_) | Message::Pong(_)) => continue,
            Ok(Message::Close(_)) => None,
            Ok(Message::Binary(_)) => {
                Some(Err((LinkErrorCode::OutOfOrder, "the first frame must be HELLO, as text".into())))
            }
            Err(error) => fault(&error).map(Err),
        };
    }
}

/// An error in few words: it may hold the peer's own.
fn words(error: &Error) -> String {
    error.to_string().chars().take(MAX_WORDS).collect()
}

/// An admitted link.
struct PlainLink {
    app: Arc<App>,
    socket: WebSocket,
    admitted: Admitted,
    origin: Origin,
    handle: Arc<Handle>,
    /// The last number of a frame, where the agent numbers them.
    last: Option<u64>,
    probes: Vec<oneshot::Sender<()>>,
    bad_frames: u32,
}

impl PlainLink {
    fn new(app: Arc<App>, socket: WebSocket, instance: String, admitted: Admitted, origin: Origin) -> Self {
        let handle = Handle::new(instance, None);
        place::enter(&app, admitted.agent.id, &handle);
        let origin = Origin { actor: format!("agent:{}", admitted.agent.agent_id), ..origin };
        Self { app, socket, admitted, origin, handle, last: None, probes: Vec::new(), bad_frames: 0 }
    }

    async fn run(mut self) {
        let id = self.admitted.agent.id;
        let handle = self.handle.clone();
        let over = tokio::select! {
            biased;
            // Whatever the link is at: who was cut off is heard no more.
            (code, detail) = handle.cut() => Over::Told(code, detail),
            over = self.listen() => over,
        };
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
        if let Err(error) = place::stand(&self.app, self.admitted.agent.id, &self.now()).await {
            tracing::error!("agent {} could not be marked ONLINE: {error}", self.admitted.agent.agent_id);
        }
        let patience = dead_link_after(self.app.heartbeat_interval());
        let mut heard = Instant::now();
        let handle = self.handle.clone();
        let app = self.app.clone();
        loop {
            let step = tokio::select! {
                message = self.socket.recv() => {
                    heard = Instant::now();
                    self.take(message).await
                }
                said = handle.said() => self.obey(said).await,
                () = handle.orders.notified() => self.deliver().await,
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
            Some(Ok(Message::Text(text))) => self.frame(&text).await,
            Some(Ok(Message::Pong(_))) => {
                for probe in self.probes.drain(..) {
                    let _ = probe.send(());
                }
                Ok(())
            }
            Some(Ok(Message::Ping(_))) => Ok(()),
            Some(Ok(Message::Binary(_))) => {
                self.complain(LinkErrorCode::BadFrame, "no binary frame is expected here".into()).await
            }
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

    /// Takes one frame: read, judged, done, and acknowledged where it has a number.
    async fn frame(&mut self, text: &str) -> Result<(), Over> {
        self.standing()?;
        if text.len() > MAX_PLAIN_FRAME_BYTES {
            let detail = format!("a frame may have at most {MAX_PLAIN_FRAME_BYTES} bytes");
            return self.complain(LinkErrorCode::BadFrame, detail).await;
        }
        if let Err(wait) = self.app.limits.plain_frame(self.admitted.agent.id, text.len()) {
            let detail = format!("too many frames; send this one again in {} ms", wait.as_millis() + 1);
            return self.complain(LinkErrorCode::Refused, detail).await;
        }
        let message = match read(text) {
            Ok(message) => message,
            Err(error) => return self.complain(LinkErrorCode::BadFrame, words(&error)).await,
        };
        let agent = &self.admitted.agent;
        if message.agent_id.as_ref().is_some_and(|name| *name != agent.agent_id) {
            let detail = format!("/payload/agent_id: expected '{}', whose link this is", agent.agent_id);
            return self.complain(LinkErrorCode::BadFrame, detail).await;
        }
        if let (Some(sequence), Some(last)) = (message.sequence, self.last)
            && sequence <= last
        {
            let detail = format!("/payload/sequence: expected more than {last}, which was taken already");
            return self.complain(LinkErrorCode::OutOfOrder, detail).await;
        }
        let origin = self.now();
        self.app.fleet.heard(agent.id, origin.now);
        self.app.meters.plain_frame(&message.frame);
        let done = match message.frame {
            PlainFrame::Hello(_) => {
                return self.complain(LinkErrorCode::OutOfOrder, "HELLO comes once".into()).await;
            }
            PlainFrame::Ack => return Ok(()),
            PlainFrame::Error(_) => {
                tracing::warn!(node = agent.agent_id, "plain agent {} refused a frame", agent.agent_id);
                return Ok(());
            }
            PlainFrame::Heartbeat(pulse) => self.pulse(pulse).await,
            PlainFrame::Telemetry(payload) => self.measured(&payload, text.len()).await,
            PlainFrame::Result(result) => {
                let (store, records) = (&*self.app.store, &*self.app.records);
                plain::settle(store, records, agent.id, &result, &origin).await
            }
        };
        self.answer(message.sequence, done).await
    }

    async fn pulse(&mut self, pulse: PlainPulse) -> Result<(), Error> {
        let told = Pulse { at: clock::now(), cpu: pulse.cpu, ram: pulse.ram };
        self.app.pulses.linked(self.admitted.agent.id, told);
        let Some(well) = pulse.well else {
            // It says nothing of how it is, but it is there.
            return place::stand(&self.app, self.admitted.agent.id, &self.now()).await;
        };
        let status = if well { AgentStatus::Online } else { AgentStatus::Degraded };
        judge(&self.app, self.admitted.agent.id, status, &self.now()).await
    }

    /// Stores a measurement. A plain agent keeps nothing, so one that cannot be stored is lost, and it is told.
    async fn measured(&mut self, payload: &Value, bytes: usize) -> Result<(), Error> {
        if bytes > MAX_TELEMETRY_BYTES {
            let detail = format!("expected at most {MAX_TELEMETRY_BYTES} bytes of TELEMETRY");
            return Err(Error::field("payload", detail));
        }
        let agent = &self.admitted.agent;
        let measured = telemetry(payload, &agent.agent_id, clock::now())?;
        bounds::check(&measured)?;
        let stored = self.app.telemetry.append(agent.id, measured.clone());
        let late = |_| Error::Unavailable("telemetry cannot be stored just now".into());
        let stored = timeout(TELEMETRY_PATIENCE, stored).await.map_err(late).and_then(|it| Ok(it?));
        stored.inspect_err(|_| self.app.meters.not_measured())?;
        let measured = Arc::new(measured);
        self.app.meters.measured(agent.id, &measured);
        self.app.fleet.measured(agent.id, measured.clone());
        self.app.feed.measured(measured);
        Ok(())
    }

    /// Acknowledges a frame that has a number, once what it says is committed; tells of one that was not taken.
    async fn answer(&mut self, sequence: Option<u64>, done: Result<(), Error>) -> Result<(), Over> {
        match done {
            Ok(()) => self.bad_frames = 0,
            Err(error @ Error::Invalid(_)) => {
                return self.complain(LinkErrorCode::BadFrame, words(&error)).await;
            }
            Err(error @ Error::Conflict { .. }) => {
                return self.complain(LinkErrorCode::OutOfOrder, words(&error)).await;
            }
            Err(error) => {
                tracing::error!("a frame of agent {} was not stored: {error}", self.admitted.agent.agent_id);
                let detail = "the server cannot store just now; send it again".into();
                return self.complain(LinkErrorCode::Unavailable, detail).await;
            }
        }
        let Some(sequence) = sequence else { return Ok(()) };
        self.last = Some(sequence);
        self.send(&ServerFrame::Ack(Ack { sequence })).await
    }

    /// Whether the agent may still be linked: one that was removed or quarantined may not.
    fn standing(&self) -> Result<(), Over> {
        match self.app.fleet.read().agent_by_id(self.admitted.agent.id).map(|agent| agent.status) {
            None | Some(AgentStatus::Revoked) => {
                Err(Over::Told(LinkErrorCode::Revoked, "this agent was removed".into()))
            }
            Some(AgentStatus::Quarantined) => {
                Err(Over::Told(LinkErrorCode::Quarantined, "this identity is quarantined".into()))
            }
            Some(_) => Ok(()),
        }
    }

    /// Sends every execution that waits for this agent. Each is noted as started before it is sent: an agent without a
    /// journal must never be told twice.
    async fn deliver(&mut self) -> Result<(), Over> {
        self.standing()?;
        let id = self.admitted.agent.id;
        let unavailable =
            || Over::Told(LinkErrorCode::Unavailable, "the server cannot serve just now; come again".into());
        let (app, number) = (self.app.clone(), self.handle.number);
        loop {
            let said = app.queue.lock().take(id, number, clock::now());
            let assignment = match said {
                None => return Ok(()),
                // It was told before, and an agent without a journal must never be told twice.
                Some(Handout::Order(Assignment { has_begun: true, .. })) => continue,
                Some(Handout::Order(assignment)) => assignment,
                Some(Handout::Cancel { command, .. }) => {
                    let cancel = Cancel { command_id: command, execution_id: None };
                    self.send(&ServerFrame::Cancel(cancel)).await?;
                    continue;
                }
            };
            if !authority::lets(&app, &assignment, id).await.map_err(|_| unavailable())? {
                continue;
            }
            let Assignment { execution, job, .. } = assignment;
            let origin = Origin::server(clock::now(), app.server.to_string());
            let found = app.records.execution(execution).await.map_err(|_| unavailable())?;
            let Some(record) = found else { continue };
            let args = with_secrets(&app, &job).await.map_err(|_| unavailable())?;
            let begun = plain::begin(&*app.store, &self.admitted.agent, &record, &origin).await;
            if !begun.map_err(|_| unavailable())? {
                continue;
            }
            let command =
                PlainCommand { id: record.command, verb: record.verb, args, timeout_s: record.timeout_s };
            self.send(&PlainServerFrame::Command(command)).await?;
        }
    }

    async fn complain(&mut self, code: LinkErrorCode, detail: String) -> Result<(), Over> {
        self.bad_frames += 1;
        if self.bad_frames > MAX_BAD_FRAMES {
            return Err(Over::Told(code, "too many frames that are not of the protocol".into()));
        }
        self.send(&ServerFrame::Error(LinkError { code, detail })).await
    }

    async fn send(&mut self, frame: &impl serde::Serialize) -> Result<(), Over> {
        if send(&mut self.socket, frame).await { Ok(()) } else { Err(Over::Gone("it did not take a frame")) }
    }

    fn now(&self) -> Origin {
        Origin { now: clock::now(), ..self.origin.clone() }
    }
}
