//! One agent's link, from its first frame to its end.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, close_code},
    http::{HeaderName, HeaderValue},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::Value;
use tokio::{
    sync::{oneshot, watch},
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    super::{
        app::App,
        authority,
        call::{Answer, Call},
        caller::plain_token,
        clock,
        connection::Slot,
        denials::Door,
        judgement::judge,
        random::random,
    },
    admission::{Entered, admission},
    fault,
    hub::{Handle, Said},
    output::{Outputs, Say},
    place, plain,
    printing::{NotKept, Printing, is_printed},
    progress, send, small,
};
use crate::{
    core::{
        audit::head::SignedHead,
        command::has_ended,
        envelope,
        error::Error,
        liveness::dead_link_after,
        node_time::believable,
        plain::is_well,
        queue::{Handout, Job, Place},
        telemetry::bounds,
        usecase::{
            Origin,
            admit::{Admitted, Refused},
            certify::{self, Shown},
            ingest,
            settle::{self, Settled},
        },
    },
    id::AgentId,
    proto::{
        agent::AgentStatus,
        endpoint::Empty,
        envelope::{AuditWitness, COMMAND_TYPE},
        link::{
            Ack, AgentFrame, AgentLink, CHALLENGE_HEADER, Cancel, Heartbeat, LinkError, LinkErrorCode,
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
/// How long an agent is given no further head of the audit log: each is written to its disk.
const HEADS_REST: Duration = Duration::from_secs(60);
/// Frames in a row that are not of the protocol before the link ends.
pub(super) const MAX_BAD_FRAMES: u32 = 16;

pub(in crate::api) async fn open(mut call: Call<AgentLink>) -> Result<Answer<AgentLink>, Error> {
    let challenge = URL_SAFE_NO_PAD.encode(random::<32>());
    let (app, origin, slot) = (call.app.clone(), call.origin.clone(), call.slot.take());
    let certificate = call.peer.take().and_then(|peer| peer.certificate.clone());
    // Who shows a certificate is an agent of ours, whatever else it shows.
    let token =
        plain_token(&call.credentials, call.request.token.as_deref()).filter(|_| certificate.is_none());
    let upgrade =
        call.upgrade.take().ok_or_else(|| Error::Internal("a WebSocket endpoint without upgrade".into()))?;
    let shown = HeaderValue::from_str(&challenge).expect("base64url is a header value");
    let mut response = small(upgrade, MAX_FRAME_BYTES).on_upgrade(move |socket| async move {
        match token {
            Some(token) => Box::pin(plain::serve(app, socket, slot, &token, origin)).await,
            // Each step is on the heap while it lasts: a link mostly waits, and there are thousands.
            None => {
                let shown = (challenge.as_str(), certificate.as_ref());
                if let Some(link) = Box::pin(enter(app, socket, slot, shown, origin)).await {
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
    shown: (&str, Option<&Shown>),
    origin: Origin,
) -> Option<Box<Link>> {
    let admitted = tokio::select! {
        admitted = admission(&app, &mut socket, slot.as_deref(), shown, &origin) => admitted,
        () = app.shutdown.cancelled() => return None,
    };
    match admitted {
        Ok(admitted) => admitted.map(|admitted| Box::new(Link::new(app, socket, *admitted, origin))),
        Err(refused) => {
            tracing::warn!(address = origin.address, code = ?refused.code, "a link was refused: {}", refused.detail);
            note_denial(&app, &refused, &origin);
            end(&mut socket, refused.code, refused.detail).await;
            None
        }
    }
}

/// Counts a link that was refused because of who would link.
pub(super) fn note_denial(app: &App, refused: &Refused, origin: &Origin) {
    use LinkErrorCode::{NotProven, Quarantined, Revoked};
    if matches!(refused.code, NotProven | Revoked | Quarantined) {
        app.denials.note(origin.address.as_ref().and_then(|address| address.parse().ok()), Door::Agent);
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
    /// What executions print on it.
    printing: Printing,
    /// The agent spoke after its WELCOME, so it has synced the epoch.
    confirmed: bool,
    /// A measurement is not stored, so nothing after it may be acknowledged.
    holds_back: bool,
    /// A frame was refused since the disk is full. Ends are still written, but without their sequences: what was refused comes
    /// again with them, once there is room.
    is_held: bool,
    probes: Vec<oneshot::Sender<()>>,
    /// Executions whose progress is shown.
    shown: progress::Shown,
    bad_frames: u32,
    /// How many frames the agent refused.
    refused: u64,
    /// What it keeps of the audit log, until that was looked at.
    witness: Option<AuditWitness>,
    keeps_heads: bool,
    /// Tells of each step of what is trusted.
    trust: watch::Receiver<u64>,
    /// When the certificate ends by which the agent was let in, or its successor.
    outlives: Option<Instant>,
    /// The key that the agent proved, until that was looked at.
    key: String,
}

/// The heads of the audit log on their way to an agent: the newest, and not one after the other.
struct Given {
    heads: watch::Receiver<Option<Arc<SignedHead>>>,
    rests_until: Instant,
}

impl Given {
    fn new(app: &App) -> Self {
        let mut heads = app.heads.subscribe();
        heads.mark_changed();
        Self { heads, rests_until: Instant::now() }
    }

    /// The next; none is lost when this is dropped.
    async fn next(&mut self) -> Arc<SignedHead> {
        loop {
            sleep_until(self.rests_until).await;
            if self.heads.changed().await.is_err() {
                return std::future::pending().await;
            }
            if let Some(head) = self.heads.borrow_and_update().clone() {
                self.rests_until = Instant::now() + HEADS_REST;
                return head;
            }
        }
    }
}

/// Why a link is over; what is to be told to the agent, if anything.
pub(super) enum Over {
    Gone(&'static str),
    Told(LinkErrorCode, String),
    Shutdown,
}

impl Link {
    fn new(app: Arc<App>, socket: WebSocket, entered: Entered, origin: Origin) -> Self {
        let Entered { proven, admitted, certified_until, revision } = entered;
        let (mut trust, outlives) = (app.trust.changes(), certified_until.map(until));
        if *trust.borrow() != revision {
            // A step was taken right after WELCOME was made.
            trust.mark_changed();
        }
        let outputs = Arc::new(Outputs::default());
        let handle = Handle::new(proven.proof.instance_nonce, Some(outputs.clone()));
        place::enter(&app, admitted.agent.id, &handle);
        let origin = Origin { actor: format!("agent:{}", admitted.agent.agent_id), ..origin };
        let witness = proven.proof.audit;
        Self {
            app,
            socket,
            committed: admitted.acknowledged,
            admitted,
            origin,
            handle,
            outputs,
            ordered: 0,
            printing: Printing::default(),
            confirmed: false,
            holds_back: false,
            is_held: false,
            probes: Vec::new(),
            shown: progress::Shown::default(),
            bad_frames: 0,
            refused: 0,
            keeps_heads: witness.is_some(),
            witness,
            trust,
            outlives,
            key: proven.record.public_key,
        }
    }

    /// Serves it to its end.
    async fn run(mut self: Box<Self>) {
        let node = self.admitted.agent.agent_id.clone();
        tracing::info!(node, epoch = self.admitted.epoch, "agent {node} linked");
        let handle = self.handle.clone();
        let over = tokio::select! {
            biased;
            // Whatever the link is at: who was cut off is heard no more.
            (code, detail) = handle.cut() => Over::Told(code, detail),
            over = self.listen() => over,
        };
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
        let stands = match self.standing() {
            Ok(()) => Box::pin(self.holds_its_place()).await,
            gone => gone,
        };
        if let Err(over) = stands {
            return over;
        }
        if let Err(error) = Box::pin(place::stand(&self.app, self.admitted.agent.id, &self.now())).await {
            tracing::error!("agent {} could not be marked ONLINE: {error}", self.admitted.agent.agent_id);
        }
        if let Err(error) = Box::pin(self.witness()).await {
            tracing::error!("the head that {} holds could not be looked at: {error}", self.origin.actor);
        }
        let patience = dead_link_after(self.app.heartbeat_interval());
        let mut heard = Instant::now();
        let mut heads = Given::new(&self.app);
        let (handle, outputs) = (self.handle.clone(), self.outputs.clone());
        let app = self.app.clone();
        let mut trust = self.trust.clone();
        loop {
            let step = tokio::select! {
                Ok(()) = trust.changed(), if self.confirmed => Box::pin(self.tell_trust()).await,
                () = end_of_certificate(self.outlives) => {
                    Err(Over::Told(LinkErrorCode::CertificateRefused, "the certificate of this link ended".into()))
                }
                message = self.socket.recv() => {
                    heard = Instant::now();
                    Box::pin(self.take(message)).await
                }
                said = handle.said() => Box::pin(self.obey(said)).await,
                () = handle.orders.notified(), if self.confirmed => Box::pin(self.deliver()).await,
                () = outputs.due(), if self.confirmed => Box::pin(self.ask()).await,
                head = heads.next(), if self.confirmed && self.keeps_heads =>
                    self.send(&ServerFrame::AuditHead(Box::new(head.envelope.clone()))).await,
                () = sleep_until(heard + patience) => Err(Over::Gone("nothing was heard of it")),
                () = app.shutdown.cancelled() => Err(Over::Shutdown),
            };
            if let Err(over) = step {
                return over;
            }
        }
    }

    /// Looks at the head of the audit log that the agent gave back.
    async fn witness(&mut self) -> Result<(), Error> {
        let Some(head) = self.witness.take().and_then(|witness| witness.last) else { return Ok(()) };
        self.app.heads.take(&self.app, &head, &self.origin.actor).await
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
            Some(Ok(Message::Binary(piece))) if is_printed(&piece) => self.printed(&piece).await,
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
        self.standing()?;
        if let Some(detail) = bad_sequence(&frame, self.committed) {
            return self.complain(LinkErrorCode::BadFrame, detail.to_owned()).await;
        }
        if self.is_held && !app.room.is_full() {
            return Err(Over::Told(LinkErrorCode::Unavailable, "there is room on the disk again".into()));
        }
        let (sequence, written) = match frame {
            AgentFrame::Heartbeat(pulse) => (None, heartbeat(&app, id, &pulse, &origin).await),
            AgentFrame::Telemetry(frame) => return self.measured(frame.sequence, frame.body).await,
            // They come again.
            AgentFrame::Inventory(_) | AgentFrame::Event(_) if self.is_held => return Ok(()),
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
                let sequence = frame.sequence.filter(|_| !self.is_held);
                let taken = settle::settle(store, records, id, sequence, &frame.body, &origin).await;
                crash_point!("server.result_committed");
                let (command_id, execution_id) = (frame.body.command_id, frame.body.execution_id);
                if let Some(execution) = execution_id.filter(|_| has_ended(frame.body.status)) {
                    self.printing.ended(execution);
                }
                if matches!(taken, Ok(Settled::Unwanted)) {
                    self.send(&ServerFrame::Cancel(Cancel { command_id, execution_id })).await?;
                }
                (frame.sequence, taken.map(|_| ()))
            }
            AgentFrame::Progress(progress) => {
                progress::show(&app, &self.admitted.agent, &mut self.shown, *progress).await;
                return Ok(());
            }
            AgentFrame::Ack(_) => return Ok(()),
            AgentFrame::Certify(wanted) => return self.certify(&wanted.tls_key, &origin).await,
            AgentFrame::Holds(held) => {
                let on_disk = (held.serial.as_deref(), held.revision);
                let noted = certify::holds(store, records, id, on_disk).await;
                if let (Ok(Some(end)), Some(outlives)) = (&noted, &mut self.outlives) {
                    *outlives = until(*end);
                }
                return match noted {
                    Ok(_) => Ok(()),
                    Err(error) => self.answer(None, Err(error)).await,
                };
            }
            AgentFrame::Error(error) => {
                let node = &self.admitted.agent.agent_id;
                tracing::warn!(node, code = ?error.code, "agent {node} refused a frame: {}", error.detail);
                let written = self.refused(&error, &origin).await;
                return match written {
                    Ok(()) => Ok(()),
                    Err(_) => self.answer(None, written).await,
                };
            }
            AgentFrame::Hello(_) => {
                return self.complain(LinkErrorCode::OutOfOrder, "HELLO comes once".into()).await;
            }
        };
        self.answer(sequence, written).await
    }

    /// Writes down that the agent refused what was said in the server's name. Who says it again and again is counted: each
    /// time that the count has doubled there is an entry.
    async fn refused(&mut self, error: &LinkError, origin: &Origin) -> Result<(), Error> {
        if error.code != LinkErrorCode::Refused {
            return Ok(());
        }
        self.refused += 1;
        if !self.refused.is_power_of_two() {
            return Ok(());
        }
        let words: String = error.detail.chars().take(MAX_WORDS).collect();
        settle::refused(&*self.app.store, &self.admitted.agent.agent_id, self.refused, &words, origin).await
    }

    /// Gives the agent a further certificate, unless it asks without a rest.
    async fn certify(&mut self, tls_key: &str, origin: &Origin) -> Result<(), Over> {
        if let Err(wait) = self.app.limits.certificate(self.admitted.agent.id) {
            let detail = format!("too many certificates; ask again in {} s", wait.as_secs() + 1);
            return self.complain(LinkErrorCode::Refused, detail).await;
        }
        let (app, current) = (self.app.clone(), self.app.trust.current());
        let agent = (self.admitted.agent.id, self.admitted.agent.agent_id.as_str());
        match certify::over_link(app.certify(&current), agent, tls_key, origin).await {
            Ok(certificate) => self.send(&ServerFrame::Certificate(certificate)).await,
            Err(error) => self.answer(None, Err(error)).await,
        }
    }

    /// Tells the agent what it is to trust from now on.
    async fn tell_trust(&mut self) -> Result<(), Over> {
        let frame = self.app.trust.current().order(&self.app, self.admitted.agent.id, self.admitted.epoch);
        self.send(&frame).await
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
            Err(Error::Full { detail }) => {
                if !self.is_held {
                    tracing::warn!("frames of agent {} wait: {detail}", self.admitted.agent.agent_id);
                }
                self.is_held = true;
            }
            Err(error) => {
                tracing::error!("a frame of agent {} was not stored: {error}", self.admitted.agent.agent_id);
                return Err(Over::Told(
                    LinkErrorCode::Unavailable,
                    "the server cannot store just now".into(),
                ));
            }
        }
        if self.holds_back || self.is_held {
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

    /// Whether the key that was proven is the agent's still: another machine may have taken its place.
    async fn holds_its_place(&mut self) -> Result<(), Over> {
        let proven = std::mem::take(&mut self.key);
        let record = self.app.records.agent_link(self.admitted.agent.id).await.map_err(|error| {
            tracing::error!("whose key agent {} has cannot be read: {error}", self.admitted.agent.agent_id);
            Over::Told(LinkErrorCode::Unavailable, "the server cannot read just now".into())
        })?;
        if record.is_some_and(|record| record.public_key == proven) {
            return Ok(());
        }
        Err(Over::Told(LinkErrorCode::Revoked, "another machine took this agent's place".into()))
    }

    /// Signs and sends what the queue has for this agent.
    async fn deliver(&mut self) -> Result<(), Over> {
        self.standing()?;
        let (app, agent) = (self.app.clone(), self.admitted.agent.id);
        loop {
            let said = app.queue.lock().take(agent, self.handle.number, clock::now());
            match said {
                None => return Ok(()),
                Some(Handout::Cancel { command, execution }) => {
                    let cancel = Cancel { command_id: command, execution_id: Some(execution) };
                    self.send(&ServerFrame::Cancel(cancel)).await?;
                }
                Some(Handout::Order(assignment)) => {
                    let lets = authority::lets(&app, &assignment, agent).await.map_err(|error| {
                        tracing::error!("whether an order may be sent cannot be told: {error}");
                        Over::Told(LinkErrorCode::Unavailable, "the server cannot serve just now".into())
                    })?;
                    if !lets {
                        continue;
                    }
                    let job = &assignment.job;
                    let args = with_secrets(&app, job).await.map_err(|error| {
                        tracing::error!("the arguments of command {} cannot be read: {error}", job.id);
                        Over::Told(LinkErrorCode::Unavailable, "the server cannot read just now".into())
                    })?;
                    self.ordered += 1;
                    let place = Place { agent, epoch: self.admitted.epoch, sequence: self.ordered };
                    let order = assignment.order(args, place, clock::now());
                    let sealed = envelope::seal(&app.trust.current().signing, COMMAND_TYPE, &order);
                    self.send(&ServerFrame::Command(sealed)).await?;
                    crash_point!("server.order_sent");
                }
            }
        }
    }

    /// Keeps what an execution printed, and lets the agent forget it.
    async fn printed(&mut self, frame: &[u8]) -> Result<(), Over> {
        let agent = self.admitted.agent.id;
        match self.printing.take(&self.app, agent, frame).await {
            Ok(kept) => {
                crash_point!("server.output_kept");
                self.send(&ServerFrame::Kept(kept)).await
            }
            Err(NotKept::Malformed(detail)) => self.complain(LinkErrorCode::BadFrame, detail).await,
            Err(NotKept::Unavailable(error)) => {
                tracing::error!("output of agent {} was not kept: {error}", self.admitted.agent.agent_id);
                Err(Over::Told(LinkErrorCode::Unavailable, "the server cannot keep output just now".into()))
            }
        }
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
                Say::Ask(order) => ServerFrame::Command(envelope::seal(
                    &self.app.trust.current().signing,
                    COMMAND_TYPE,
                    &*order,
                )),
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

/// The arguments of a job, with their secrets where there are any.
pub(super) async fn with_secrets(app: &App, job: &Job) -> Result<Value, Error> {
    if !job.is_sealed {
        return Ok(job.args.clone());
    }
    let lost = || Error::Internal(format!("the secrets of command {} are not there", job.id));
    let sealed = app.records.sealed_args(job.id).await?.ok_or_else(lost)?;
    let plain = app.sealing.open(&sealed, &job.id.to_string()).ok_or_else(lost)?;
    serde_json::from_slice(&plain).map_err(|_| lost())
}

/// Takes a pulse; an agent that is not well says so itself.
async fn heartbeat(app: &App, id: AgentId, pulse: &Heartbeat, origin: &Origin) -> Result<(), Error> {
    let well = is_well(&pulse.status).ok_or_else(|| Error::field("status", "expected ONLINE or DEGRADED"))?;
    let status = if well { AgentStatus::Online } else { AgentStatus::Degraded };
    judge(app, id, status, origin).await
}

/// When a moment of the clock comes, as far as can be told now.
fn until(end: Timestamp) -> Instant {
    Instant::now() + Duration::try_from(end.duration_since(clock::now())).unwrap_or_default()
}

/// Waits for the end of a certificate; for ever without one.
async fn end_of_certificate(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
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
        | AgentFrame::Certify(_)
        | AgentFrame::Holds(_)
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
