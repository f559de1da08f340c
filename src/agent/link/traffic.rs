//! What travels on an open link: one half reads, one half writes, in one task, until either ends.

use std::{collections::VecDeque, time::Duration};

use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    sync::{broadcast, mpsc, watch},
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_tungstenite::tungstenite::{
    Bytes, Error, Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use super::{End, Node, Session, Socket, end_of};
use crate::{
    agent::{
        cause::chain,
        order::{Refusal, Standing, Work, check, is_question},
        question::Questions,
    },
    core::fragment::{Fragment, fragments},
    proto::{
        envelope::Envelope,
        link::{Ack, AgentFrame, Heartbeat, LinkError, LinkErrorCode, ServerFrame},
        output::Progress,
    },
};

/// How many frames may be on their way without an acknowledgement.
const WINDOW: usize = 512;
/// How many answers may wait to be written.
const ANSWERS: usize = 64;
/// How many pieces of output may wait to be written; whatever makes them waits then.
const PIECES: usize = 4;
/// After so many intervals without a word the server is taken for dead.
const SILENT_INTERVALS: u32 = 3;
/// How long the last frames may take when the agent stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// Carries frames both ways until the link ends.
pub(super) async fn carry(node: &Node, session: Session, socket: Socket) -> End {
    let (sink, stream) = socket.split();
    let (answers, waiting) = mpsc::channel(ANSWERS);
    let (pieces, bulk) = mpsc::channel(PIECES);
    let (acknowledged, progress) = watch::channel(session.acknowledged);
    let silence = session.heartbeat * SILENT_INTERVALS;
    let writer = Writer {
        node,
        sink,
        name: session.name.clone(),
        cursor: session.acknowledged,
        flying: VecDeque::new(),
        waiting,
        bulk,
        shown: node.executor.progress(),
        progress,
    };
    let heartbeat = session.heartbeat;
    let questions = Questions::new(pieces, node.presence.clone());
    let reader = Reader { node, session, stream, last: 0, answers, acknowledged, questions };
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

/// Takes what the server says.
struct Reader<'a> {
    node: &'a Node,
    session: Session,
    stream: SplitStream<Socket>,
    /// The last order of this epoch.
    last: u64,
    answers: mpsc::Sender<AgentFrame>,
    acknowledged: watch::Sender<u64>,
    questions: Questions,
}

impl Reader<'_> {
    async fn read(mut self, silence: Duration) -> End {
        loop {
            let message = match timeout(silence, self.stream.next()).await {
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
                self.node.executor.cancel(cancel.command_id);
                self.questions.cancel(cancel.command_id);
                Ok(())
            }
            ServerFrame::Credit(credit) => {
                self.questions.credit(credit);
                Ok(())
            }
            ServerFrame::Sync(_) => {
                self.node.report.notify_one();
                self.node.measure.notify_one();
                Ok(())
            }
            ServerFrame::Ack(Ack { sequence }) => {
                self.node.spool.acknowledge(sequence).map_err(|error| End::Lost(chain(&error)))?;
                self.acknowledged.send_replace(sequence);
                Ok(())
            }
            ServerFrame::Error(error) => self.heed(error),
            ServerFrame::Welcome(_) => self.complain(LinkErrorCode::OutOfOrder, "WELCOME came twice".into()),
        }
    }

    /// Obeys an order that holds; refuses any other, and says why.
    fn order(&mut self, envelope: &Envelope) -> Result<(), End> {
        let standing = Standing {
            agent: self.session.agent,
            trusted: &self.session.trusted,
            epoch: self.session.epoch,
            last: self.last,
            now: self.session.clock.now(),
        };
        let kept = match check(envelope, standing) {
            Ok((order, Work::Question(question))) => {
                self.last = order.sequence;
                self.questions.take(&order, question);
                return self.answer(AgentFrame::Ack(Ack { sequence: order.sequence }));
            }
            Ok((order, Work::Act(act))) => {
                self.last = order.sequence;
                let sequence = order.sequence;
                let taken = self.node.executor.take(order, act);
                if taken.is_ok() {
                    self.answer(AgentFrame::Ack(Ack { sequence }))?;
                }
                taken
            }
            Err(refused) => {
                tracing::warn!(why = %refused.why, "refused an order");
                self.complain(LinkErrorCode::Refused, refused.why.to_string())?;
                let Some(order) = refused.order else { return Ok(()) };
                if !matches!(refused.why, Refusal::OtherEpoch(_) | Refusal::Replayed(_)) {
                    self.last = order.sequence;
                }
                if is_question(&order.verb) {
                    self.questions.refuse(&order, refused.why.to_string());
                    return Ok(());
                }
                self.node.executor.refuse(&order, &refused.why)
            }
        };
        match kept {
            Ok(()) => Ok(()),
            Err(error) => {
                let why = chain(&error);
                tracing::error!(error = %why, "an order cannot be written down, so it is not obeyed");
                self.complain(LinkErrorCode::Refused, why)
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

/// Says what there is to say.
struct Writer<'a> {
    node: &'a Node,
    sink: SplitSink<Socket, Message>,
    name: String,
    /// The last frame that was sent.
    cursor: u64,
    /// The frames that were sent and are not acknowledged.
    flying: VecDeque<u64>,
    waiting: mpsc::Receiver<AgentFrame>,
    /// Pieces of output, which come after everything else.
    bulk: mpsc::Receiver<Vec<u8>>,
    /// How far executions are, the latest of it.
    shown: broadcast::Receiver<Progress>,
    progress: watch::Receiver<u64>,
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
                Ok(()) = self.progress.changed() => self.land(),
                Some(frame) = self.waiting.recv() => self.say(&frame).await?,
                () = self.node.spool.fresh() => {}
                _ = beat.tick() => self.pulse().await?,
                // One that fell behind goes on with what is left: the latest counts.
                Ok(progress) = self.shown.recv() => self.say(&AgentFrame::Progress(Box::new(progress))).await?,
                Some(bytes) = self.bulk.recv() => self.send(Data::Binary, bytes.into()).await?,
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

    fn land(&mut self) {
        let acknowledged = *self.progress.borrow_and_update();
        while self.flying.front().is_some_and(|sequence| *sequence <= acknowledged) {
            self.flying.pop_front();
        }
    }

    /// A heartbeat, and a ping that a living server answers even when it has nothing to say.
    async fn pulse(&mut self) -> Result<(), End> {
        let (cpu, ram) = self.node.pulse.borrow().unzip();
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

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn lost(error: Error) -> End {
    End::Lost(chain(&error))
}
