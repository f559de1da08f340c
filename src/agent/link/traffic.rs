//! What travels on an open link: one half reads, one half writes, in one task, until either ends.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    sync::{Notify, broadcast, mpsc, watch},
    time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout_at},
};
use tokio_tungstenite::tungstenite::{
    Bytes, Error, Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use super::{End, Node, ServerClock, Session, Socket, end_of};
use crate::{
    agent::{
        backoff::random,
        cause::chain,
        certificate::NewKey,
        identity::Identity,
        order::{Standing, Work, check},
        output::Parcel,
        question::Questions,
        state::StateError,
        verbs::Verbs,
    },
    core::{
        certificate::{renew_after, renew_at},
        envelope::open,
        fragment::{Fragment, fragments},
    },
    id::ExecutionId,
    proto::{
        certificate::Certificate,
        envelope::{Envelope, TRUST_TYPE, TrustOrder},
        link::{Ack, AgentFrame, Certify, Heartbeat, Holds, LinkError, LinkErrorCode, ServerFrame},
        output::Kept,
    },
};

/// How many frames may be on their way without an acknowledgement.
const WINDOW: usize = 512;
/// How many answers may wait to be written.
const ANSWERS: usize = 64;
/// How many pieces of output may wait to be written; whatever makes them waits then.
const PIECES: usize = 4;
/// How much of what executions printed may be on its way without the server having it on disk.
const OUTPUT_WINDOW_BYTES: usize = 256 * 1024;
/// How much of it is read at a time; what is more urgent goes in between.
const OUTPUT_BATCH_BYTES: usize = 64 * 1024;
/// After so many intervals without a word the server is taken for dead.
const SILENT_INTERVALS: u32 = 3;
/// How long to wait for a certificate before another is asked for.
const RENEWAL_PAUSE: Duration = Duration::from_secs(60);
/// The least time between two certificates.
const SHORTEST_RENEWAL: Duration = Duration::from_millis(100);
/// Over how long a fleet spreads when another authority certifies.
const SPREAD: Duration = Duration::from_secs(5);
/// How long the last frames may take when the agent stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// Carries frames both ways until the link ends.
pub(super) async fn carry(node: &Node, identity: &mut Identity, session: Session, socket: Socket) -> End {
    let (sink, stream) = socket.split();
    let (answers, waiting) = mpsc::channel(ANSWERS);
    let (pieces, bulk) = mpsc::channel(PIECES);
    let (acknowledged, progress) = watch::channel(session.acknowledged);
    let (taken, received) = watch::channel(0);
    let silence = session.heartbeat * SILENT_INTERVALS;
    let flight = Flight::default();
    let _linked = Linked::new(node);
    let writer = Writer {
        node,
        sink,
        name: session.name.clone(),
        clock: session.clock,
        cursor: session.acknowledged,
        flying: VecDeque::new(),
        waiting,
        bulk,
        shown: node.executor.asides(),
        verbs: session.verbs.clone(),
        progress,
        received,
        flight: &flight,
        printed: 0,
        may_print: true,
    };
    let heartbeat = session.heartbeat;
    let questions = Questions::new(pieces, node.presence.clone());
    let mut reader = Reader {
        node,
        identity,
        session,
        stream,
        last: 0,
        answers,
        acknowledged,
        taken,
        questions,
        flight: &flight,
        wanted: None,
        renewal: None,
    };
    if let Err(end) = reader.begin() {
        return end;
    }
    let overdue = async {
        node.stop.cancelled().await;
        sleep(FAREWELL).await;
    };
    tokio::select! {
        end = reader.read(silence) => end,
        end = writer.write(heartbeat) => end,
        () = overdue => End::Stopped,
    }
}

/// Notes that there is a link, and that there is none when it goes.
struct Linked<'a>(&'a Node);

impl<'a> Linked<'a> {
    fn new(node: &'a Node) -> Self {
        node.executor.journal().link(true);
        Self(node)
    }
}

impl Drop for Linked<'_> {
    fn drop(&mut self) {
        self.0.executor.journal().link(false);
    }
}

/// What executions printed that is on its way, and that the server does not have yet.
#[derive(Default)]
struct Flight {
    parcels: Mutex<VecDeque<(ExecutionId, u64, usize)>>,
    landed: Notify,
}

impl Flight {
    fn take_off(&self, parcel: &Parcel) {
        self.parcels().push_back((parcel.execution, parcel.end, parcel.cost));
    }

    fn land(&self, kept: Kept) {
        self.parcels().retain(|(execution, end, _)| *execution != kept.execution_id || *end > kept.offset);
        self.landed.notify_one();
    }

    fn room(&self) -> usize {
        let used: usize = self.parcels().iter().map(|(_, _, cost)| cost).sum();
        OUTPUT_WINDOW_BYTES.saturating_sub(used)
    }

    fn parcels(&self) -> MutexGuard<'_, VecDeque<(ExecutionId, u64, usize)>> {
        self.parcels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes what the server says.
struct Reader<'a> {
    node: &'a Node,
    identity: &'a mut Identity,
    session: Session,
    stream: SplitStream<Socket>,
    /// The last order of this epoch.
    last: u64,
    answers: mpsc::Sender<AgentFrame>,
    acknowledged: watch::Sender<u64>,
    /// The last order that was taken: a receipt stands for all before it, so that a burst of orders needs few.
    taken: watch::Sender<u64>,
    questions: Questions,
    flight: &'a Flight,
    /// The key for which a certificate was asked.
    wanted: Option<NewKey>,
    /// When to ask for the next certificate.
    renewal: Option<Instant>,
}

impl Reader<'_> {
    /// Tells what is on disk, and begins to wait for the end of the certificate.
    fn begin(&mut self) -> Result<(), End> {
        if self.identity.revision() > 0 {
            self.tell_what_it_holds()?;
        }
        self.plan_renewal(false);
        Ok(())
    }

    fn tell_what_it_holds(&self) -> Result<(), End> {
        let serial = self.identity.certificate().map(|held| held.certificate.serial.clone());
        self.answer(AgentFrame::Holds(Holds { serial, revision: self.identity.revision() }))
    }

    /// A certificate is renewed at two thirds of its life, where the link was opened with one: by the server's clock when the link
    /// begins, by its length when it came just now. A server whose clock was set back since would be asked without a rest.
    fn plan_renewal(&mut self, came_now: bool) {
        let held = self.identity.certificate().filter(|_| self.node.address.is_encrypted());
        self.renewal = held.map(|held| {
            let (from, until) = (held.certificate.issued_at, held.certificate.not_after);
            let left = if came_now {
                renew_after(from, until)
            } else {
                let left = renew_at(from, until).duration_since(self.session.clock.now());
                Duration::try_from(left).unwrap_or_default()
            };
            // However short its life is, there is time for other frames.
            Instant::now() + left.max(SHORTEST_RENEWAL)
        });
    }

    /// Asks for another certificate, and again later if none comes.
    fn renew(&mut self) -> Result<(), End> {
        self.renewal = Some(Instant::now() + RENEWAL_PAUSE);
        match NewKey::make() {
            Ok(key) => {
                let asked = AgentFrame::Certify(Certify { tls_key: key.public.to_string() });
                self.wanted = Some(key);
                self.answer(asked)
            }
            Err(error) => {
                tracing::error!("no key to be certified can be made: {error}");
                Ok(())
            }
        }
    }

    /// Shakes hands with another certificate from the next link on.
    fn certified(&mut self, certificate: Certificate) -> Result<(), End> {
        let Some(key) = self.wanted.take() else {
            return self.complain(LinkErrorCode::OutOfOrder, "no certificate was asked for".into());
        };
        self.identity.certify(&key, certificate).map_err(|error| End::Lost(chain(&error)))?;
        tracing::info!("the certificate was renewed");
        self.plan_renewal(true);
        self.tell_what_it_holds()
    }

    /// Trusts what a key says that is trusted now.
    fn trust(&mut self, envelope: &Envelope) -> Result<(), End> {
        let refused = |why: &str| End::NotTrusted(format!("what it wants trusted does not hold: {why}"));
        let order: TrustOrder =
            open(&self.session.trusted, TRUST_TYPE, envelope).map_err(|why| refused(&why.to_string()))?;
        let is_for_this_link = order.server == self.identity.server()
            && order.agent == self.session.agent
            && order.epoch == self.session.epoch;
        if !is_for_this_link {
            return Err(refused("it is for another server, agent or link"));
        }
        if order.revision < self.identity.revision() {
            return Ok(());
        }
        let is_other = self.identity.trust(&order.keys, &order.authorities, order.revision);
        let is_other = is_other.map_err(|error| End::Lost(chain(&error)))?;
        self.session.trusted = self.identity.trusted().to_vec();
        tracing::info!(revision = order.revision, "what this agent trusts has changed");
        self.tell_what_it_holds()?;
        if is_other && self.renewal.is_some() {
            // Another authority certifies now: the whole fleet asks, and not at once.
            self.renewal = Some(Instant::now() + SPREAD.mul_f64(random()));
        }
        Ok(())
    }

    async fn read(mut self, silence: Duration) -> End {
        let mut heard = Instant::now();
        loop {
            let message = tokio::select! {
                message = timeout_at(heard + silence, self.stream.next()) => message,
                () = due(self.renewal) => match self.renew() {
                    Ok(()) => continue,
                    Err(end) => return end,
                },
            };
            heard = Instant::now();
            let message = match message {
                Err(_) => return End::Lost(format!("the server was silent for {} s", silence.as_secs())),
                Ok(None | Some(Ok(Message::Close(_)))) => {
                    return End::Lost("the server closed the link".into());
                }
                Ok(Some(Err(error))) => return End::Lost(chain(&error)),
                Ok(Some(Ok(message))) => message,
            };
            let Message::Text(text) = message else { continue };
            let taken = match serde_json::from_str(&text) {
                Ok(frame) => self.take(frame),
                Err(error) => self.complain(LinkErrorCode::BadFrame, error.to_string()),
            };
            if let Err(end) = taken {
                return end;
            }
        }
    }

    fn take(&mut self, frame: ServerFrame) -> Result<(), End> {
        match frame {
            ServerFrame::Command(envelope) => self.order(&envelope),
            ServerFrame::Cancel(cancel) => {
                self.node.executor.cancel(cancel);
                self.questions.cancel(cancel.command_id);
                Ok(())
            }
            ServerFrame::Credit(credit) => {
                self.questions.credit(credit);
                Ok(())
            }
            ServerFrame::Kept(kept) => {
                let Kept { execution_id, offset } = kept;
                let forgotten = self.node.executor.journal().kept(execution_id, offset);
                self.flight.land(kept);
                still_there(forgotten);
                Ok(())
            }
            ServerFrame::Sync(_) => {
                self.node.report.notify_one();
                self.node.measure.notify_one();
                Ok(())
            }
            ServerFrame::AuditHead(envelope) => {
                let Session { trusted, server, .. } = &self.session;
                match self.node.heads.take(&envelope, trusted, *server) {
                    Ok(()) => Ok(()),
                    Err(why) => {
                        self.complain(LinkErrorCode::Refused, format!("a head of the audit log: {why}"))
                    }
                }
            }
            ServerFrame::Ack(Ack { sequence }) => {
                still_there(self.node.spool.acknowledge(sequence));
                self.acknowledged.send_replace(sequence);
                Ok(())
            }
            ServerFrame::Certificate(certificate) => self.certified(certificate),
            ServerFrame::Trust(envelope) => self.trust(&envelope),
            ServerFrame::Error(error) => self.heed(error),
            ServerFrame::Welcome(_) => self.complain(LinkErrorCode::OutOfOrder, "WELCOME came twice".into()),
        }
    }

    /// Obeys an order that holds; refuses any other, and says why.
    fn order(&mut self, envelope: &Envelope) -> Result<(), End> {
        let verbs = Arc::clone(&self.node.verbs.borrow());
        let standing = Standing {
            agent: self.session.agent,
            trusted: &self.session.trusted,
            epoch: self.session.epoch,
            last: self.last,
            now: self.session.clock.now(),
            verbs: &verbs,
        };
        match check(envelope, standing) {
            Ok((order, work)) => {
                self.last = order.sequence;
                let sequence = order.sequence;
                match work {
                    Work::Question(question) => match self.node.gate.admit(&order) {
                        Ok(()) => self.questions.take(&order, question),
                        Err(why) => {
                            tracing::warn!(%why, verb = %order.verb, actor = %order.actor, "refused a question");
                            self.questions.refuse(&order, why.to_string());
                        }
                    },
                    Work::Act(act) => {
                        let holds_for = order.expires_at.duration_since(standing.now);
                        let holds_for = holds_for.try_into().unwrap_or(Duration::ZERO);
                        self.node.executor.take(order, act, holds_for);
                    }
                }
                self.taken.send_replace(sequence);
                Ok(())
            }
            Err(refused) => {
                tracing::warn!(why = %refused.why, "refused an order");
                self.complain(LinkErrorCode::Refused, refused.why.to_string())?;
                let Some(order) = refused.order.filter(|_| !refused.why.is_replay()) else { return Ok(()) };
                self.last = order.sequence;
                if order.is_question {
                    self.questions.refuse(&order, refused.why.to_string());
                } else {
                    self.node.executor.refuse(*order, &refused.why);
                }
                Ok(())
            }
        }
    }

    fn heed(&self, error: LinkError) -> Result<(), End> {
        match error.code {
            LinkErrorCode::BadFrame | LinkErrorCode::Refused => {
                tracing::warn!(code = ?error.code, detail = %error.detail, "the server did not take a frame");
                Ok(())
            }
            _ => Err(end_of(error)),
        }
    }

    fn complain(&self, code: LinkErrorCode, detail: String) -> Result<(), End> {
        self.answer(AgentFrame::Error(LinkError { code, detail }))
    }

    /// Answers without waiting: a reader that waits for the writer could stop both sides for good.
    fn answer(&self, frame: AgentFrame) -> Result<(), End> {
        self.answers.try_send(frame).map_err(|_| End::Lost("the server does not take answers".into()))
    }
}

/// Waits for a moment; for ever without one.
async fn due(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Says what there is to say.
struct Writer<'a> {
    node: &'a Node,
    sink: SplitSink<Socket, Message>,
    name: String,
    clock: ServerClock,
    /// The last frame that was sent.
    cursor: u64,
    /// The frames that were sent and are not acknowledged.
    flying: VecDeque<u64>,
    waiting: mpsc::Receiver<AgentFrame>,
    /// Pieces of output, which come after everything else.
    bulk: mpsc::Receiver<Vec<u8>>,
    /// How far executions are, the latest of it, and what else may be lost.
    shown: broadcast::Receiver<AgentFrame>,
    progress: watch::Receiver<u64>,
    /// The verbs as HELLO told them.
    verbs: watch::Receiver<Arc<Verbs>>,
    /// The last order that was taken.
    received: watch::Receiver<u64>,
    flight: &'a Flight,
    /// The last piece of what executions printed that was sent.
    printed: i64,
    /// Whether there may be a further one, and room for it.
    may_print: bool,
}

impl Writer<'_> {
    async fn write(mut self, heartbeat: Duration) -> End {
        match self.write_until_stopped(heartbeat).await {
            Ok(()) => End::Stopped,
            Err(end) => end,
        }
    }

    async fn write_until_stopped(&mut self, heartbeat: Duration) -> Result<(), End> {
        let mut beat = interval(heartbeat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.replay().await?;
            tokio::select! {
                biased;
                () = self.node.stop.cancelled() => {
                    self.replay().await?;
                    return self.sink.close().await.map_err(lost);
                }
                Ok(()) = self.verbs.changed() => {
                    self.replay().await?;
                    self.sink.close().await.map_err(lost)?;
                    return Err(End::Renewed);
                }
                Ok(()) = self.progress.changed() => self.land(),
                Ok(()) = self.received.changed() => {
                    let sequence = *self.received.borrow_and_update();
                    self.say(&AgentFrame::Ack(Ack { sequence })).await?;
                }
                Some(frame) = self.waiting.recv() => self.say(&frame).await?,
                () = self.node.spool.fresh() => {}
                _ = beat.tick() => self.pulse().await?,
                // One that fell behind goes on with what is left: the latest counts.
                Ok(frame) = self.shown.recv() => self.say(&frame).await?,
                Some(bytes) = self.bulk.recv() => self.send(Data::Binary, bytes.into()).await?,
                () = std::future::ready(()), if self.may_print => self.print().await?,
                () = self.node.lane.fresh() => self.may_print = true,
                () = self.flight.landed.notified() => self.may_print = true,
            }
        }
    }

    /// Sends what waits in the spool, as far as the window allows.
    async fn replay(&mut self) -> Result<(), End> {
        while self.flying.len() < WINDOW {
            let frames = self.node.spool.batch(self.cursor, WINDOW - self.flying.len());
            let frames = frames.map_err(|error| End::Lost(chain(&error)))?;
            if frames.is_empty() {
                break;
            }
            for (sequence, text) in frames {
                for fragment in fragments(text.into()) {
                    self.sink.feed(piece(Data::Text, fragment)).await.map_err(lost)?;
                }
                self.cursor = sequence;
                self.flying.push_back(sequence);
            }
            self.sink.flush().await.map_err(lost)?;
        }
        Ok(())
    }

    /// Sends the next of what executions printed, as far as the window allows.
    async fn print(&mut self) -> Result<(), End> {
        let room = self.flight.room().min(OUTPUT_BATCH_BYTES);
        let parcels = if room == 0 { Ok(Vec::new()) } else { self.node.lane.batch(self.printed, room) };
        let parcels = parcels.map_err(|error| End::Lost(chain(&error)))?;
        self.may_print = !parcels.is_empty();
        for parcel in parcels {
            self.printed = parcel.number;
            self.flight.take_off(&parcel);
            self.send(Data::Binary, parcel.bytes.into()).await?;
        }
        Ok(())
    }

    fn land(&mut self) {
        let acknowledged = *self.progress.borrow_and_update();
        while self.flying.front().is_some_and(|sequence| *sequence <= acknowledged) {
            self.flying.pop_front();
        }
    }

    /// A heartbeat, and a ping that a living server answers even when it has nothing to say.
    async fn pulse(&mut self) -> Result<(), End> {
        let measured = self.node.pulse.borrow().clone();
        let measured = measured.map(|latest| (latest.cpu_usage, latest.memory_usage.percent));
        let (cpu, ram) = measured.unzip();
        // Where the state was lost under this link. Where it cannot be written, that was told, and nothing is vouched for.
        let _ = self.node.spool.vouch_from(self.clock.now());
        let status = if self.node.spool.is_failing() { "DEGRADED" } else { "ONLINE" };
        let (agent_id, status) = (self.name.clone(), status.to_owned());
        self.say(&AgentFrame::Heartbeat(Heartbeat { agent_id, status, cpu, ram })).await?;
        self.sink.send(Message::Ping(Bytes::new())).await.map_err(lost)
    }

    async fn say(&mut self, frame: &AgentFrame) -> Result<(), End> {
        let text = serde_json::to_string(frame).map_err(|error| End::Lost(error.to_string()))?;
        self.send(Data::Text, text.into()).await
    }

    async fn send(&mut self, kind: Data, message: Bytes) -> Result<(), End> {
        for fragment in fragments(message) {
            self.sink.feed(piece(kind, fragment)).await.map_err(lost)?;
        }
        self.sink.flush().await.map_err(lost)
    }
}

/// A piece of a message of this kind as a frame of its own.
fn piece(kind: Data, Fragment { first, last, bytes }: Fragment) -> Message {
    let code = OpCode::Data(if first { kind } else { Data::Continue });
    Message::Frame(Frame::message(bytes, code, last))
}

/// What the server has and could not be forgotten is sent again over another link, and known there. That the disk refuses is said
/// by the state; a link that ended over it could not say so.
fn still_there(forgotten: Result<(), StateError>) {
    if let Err(error) = forgotten {
        tracing::debug!(error = %chain(&error), "what the server has stays here for now");
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn lost(error: Error) -> End {
    End::Lost(chain(&error))
}
