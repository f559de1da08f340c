//! What travels on an open link: whatever is due is said, whatever comes is taken, until either side ends it.

use std::time::Duration;

use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message, protocol::frame::coding::Data};

use super::{
    Agreement, End, Socket, broken, closed, end_of, flush,
    question::{Asked, Questions, refusal},
    say, say_bytes, say_text, send,
};
use crate::{
    proto::{
        command::CommandStatus,
        envelope::{CommandOrder, Envelope},
        link::{Ack, AgentFrame, Heartbeat, LinkError, LinkErrorCode, NodeEvent, Sequenced, ServerFrame},
        output::{Ended, Outcome},
    },
    sim::{
        agent::{Agent, World},
        host::Happening,
        order::{Question, Refusal, Standing, Work, check},
        tally::{FrameKind, count},
    },
};

mod work;

/// After so many intervals without a word the server is taken for dead.
const SILENT_INTERVALS: u32 = 3;
/// How long the server may take to see an agent off.
const FAREWELL: Duration = Duration::from_secs(5);

struct Link<'a> {
    agent: &'a mut Agent,
    world: &'a World,
    socket: Socket,
    agreement: Agreement,
    /// The last order of this epoch.
    last: u64,
    heard: Instant,
    beats: Instant,
    churns: Option<Instant>,
    cut: Option<Instant>,
    questions: Questions,
}

/// Carries frames both ways until the link ends.
pub(super) async fn carry(agent: &mut Agent, world: &World, socket: Socket, agreement: Agreement) -> End {
    let now = Instant::now();
    let churns = agent.random.until_next(world.plan.churn).map(|wait| now + wait);
    let cut = agent.random.until_next(world.plan.drops).map(|wait| now + wait);
    agent.measures.get_or_insert(now);
    let questions = Questions::default();
    let mut link =
        Link { agent, world, socket, agreement, last: 0, heard: now, beats: now, churns, cut, questions };
    link.report();
    let served = async {
        link.print_again().await?;
        link.serve().await
    };
    match served.await {
        Ok(()) => link.farewell().await,
        Err(end) => end,
    }
}

impl Link<'_> {
    /// Serves until the run is over.
    async fn serve(&mut self) -> Result<(), End> {
        loop {
            self.say_what_is_due().await?;
            let next = self.next_due();
            tokio::select! {
                () = self.world.stop.cancelled() => return Ok(()),
                message = self.socket.next() => self.take(message).await?,
                () = sleep_until(next) => {}
            }
        }
    }

    fn next_due(&self) -> Instant {
        let silent = self.heard + self.agreement.heartbeat * SILENT_INTERVALS;
        let obeyed = self.agent.running.iter().map(|running| running.due).min();
        let others = [self.agent.measures, self.churns, self.cut, obeyed, self.questions.due()];
        others.into_iter().flatten().fold(silent.min(self.beats), Instant::min)
    }

    /// Does and says everything whose time has come.
    async fn say_what_is_due(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if self.cut.is_some_and(|due| due <= now) {
            return Err(End::Cut);
        }
        let silence = self.agreement.heartbeat * SILENT_INTERVALS;
        if now >= self.heard + silence {
            return Err(End::Lost("silent", format!("the server was silent for {} s", silence.as_secs())));
        }
        self.measure(now);
        if self.churns.is_some_and(|due| due <= now) {
            self.churns = self.agent.random.until_next(self.world.plan.churn).map(|wait| now + wait);
            let Agent { host, name, random, .. } = &mut *self.agent;
            if let Some(happening) = host.churn(name, Timestamp::now(), random) {
                self.tell(happening, None);
            }
        }
        while let Some(index) = self.agent.running.iter().position(|running| running.due <= now) {
            let running = self.agent.running.swap_remove(index);
            Box::pin(self.obey(running)).await?;
        }
        if self.beats <= now {
            self.beats = now + self.agreement.heartbeat;
            self.pulse().await?;
        }
        while let Some(outgoing) = self.agent.outbox.next() {
            if outgoing.again {
                count(&self.world.tally.resent);
            }
            say_text(&mut self.socket, self.world, outgoing.kind, outgoing.text).await?;
        }
        if self.questions.due().is_some_and(|due| due <= Instant::now()) {
            let pieces = self.questions.go_on(&self.agent.host, &self.world.tally);
            // An agent that is asked nothing must not pay for its size.
            Box::pin(self.answer(pieces)).await?;
        }
        flush(&mut self.socket).await
    }

    /// Measures at each interval; what fell due without a link is measured then, under its own time.
    fn measure(&mut self, now: Instant) {
        while let Some(due) = self.agent.measures.filter(|due| *due <= now) {
            self.agent.measures = Some(due + self.agreement.telemetry);
            let Agent { host, name, random, outbox, .. } = &mut *self.agent;
            let body = host.measure(name, wall_clock(due), random);
            let kept = outbox.push(FrameKind::Telemetry, |sequence| {
                AgentFrame::Telemetry(Box::new(Sequenced { sequence: Some(sequence), body }))
            });
            self.shed_unless(kept);
        }
    }

    /// Reports in full.
    fn report(&mut self) {
        let body = self.agent.host.inventory(&self.agent.name, Timestamp::now());
        let kept = self.agent.outbox.push(FrameKind::Inventory, |sequence| {
            AgentFrame::Inventory(Sequenced { sequence: Some(sequence), body })
        });
        self.shed_unless(kept);
    }

    fn tell(&mut self, (kind, container): Happening, cause: Option<&CommandOrder>) {
        self.questions.wake();
        let body = NodeEvent {
            time: Timestamp::now(),
            kind,
            container: Some(container),
            image: None,
            attributes: serde_json::Map::new(),
            execution: cause.map(|order| order.execution),
        };
        let kept = self.agent.outbox.push(FrameKind::Event, |sequence| {
            AgentFrame::Event(Box::new(Sequenced { sequence: Some(sequence), body }))
        });
        self.shed_unless(kept);
    }

    fn shed_unless(&self, kept: bool) {
        if !kept {
            count(&self.world.tally.shed);
        }
    }

    /// A heartbeat, and a ping that a living server answers even when it has nothing to say.
    async fn pulse(&mut self) -> Result<(), End> {
        let (cpu, ram) = self.agent.host.pulse();
        let frame = AgentFrame::Heartbeat(Heartbeat {
            agent_id: self.agent.name.clone(),
            status: "ONLINE".into(),
            cpu: Some(cpu),
            ram: Some(ram),
        });
        say(&mut self.socket, self.world, FrameKind::Heartbeat, &frame).await?;
        send(&mut self.socket, Message::Ping(Bytes::new())).await
    }

    async fn take(&mut self, message: Option<Result<Message, Error>>) -> Result<(), End> {
        let text = match message {
            None | Some(Ok(Message::Close(_))) => return Err(closed()),
            Some(Err(error)) => return Err(broken(error)),
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(_)) => {
                self.heard = Instant::now();
                return Ok(());
            }
        };
        self.heard = Instant::now();
        self.world.tally.received(text.len());
        match serde_json::from_str(&text) {
            Ok(ServerFrame::Ack(Ack { sequence })) => {
                let tally = &self.world.tally;
                count(&tally.acks);
                let heard = self.heard;
                self.agent.outbox.acknowledge(sequence, |said| tally.acknowledged.record(heard - said));
                Ok(())
            }
            Ok(ServerFrame::Command(envelope)) => self.order(&envelope).await,
            Ok(ServerFrame::Cancel(cancel)) => {
                self.cancel(cancel);
                Ok(())
            }
            Ok(ServerFrame::Credit(credit)) => {
                self.questions.credit(credit);
                Ok(())
            }
            Ok(ServerFrame::Kept(kept)) => Box::pin(self.kept(kept)).await,
            // Its HELLO does not ask for heads of the audit log.
            Ok(ServerFrame::AuditHead(_)) => {
                self.complain(LinkErrorCode::OutOfOrder, "an AUDIT_HEAD that nobody asked for").await
            }
            Ok(ServerFrame::Sync(_)) => {
                self.report();
                Ok(())
            }
            // Simulated agents have no certificates, and do not follow rotations.
            Ok(ServerFrame::Certificate(_) | ServerFrame::Trust(_)) => Ok(()),
            Ok(ServerFrame::Error(error)) => self.heed(error),
            Ok(ServerFrame::Welcome(_)) => {
                self.complain(LinkErrorCode::OutOfOrder, "WELCOME came twice").await
            }
            Err(error) => {
                self.world.tally.error("unreadable", || error.to_string());
                self.complain(LinkErrorCode::BadFrame, "it is not one of the protocol's frames").await
            }
        }
    }

    fn heed(&self, error: LinkError) -> Result<(), End> {
        match error.code {
            LinkErrorCode::BadFrame | LinkErrorCode::Refused => {
                self.world.tally.error("bad_frame", || error.detail);
                Ok(())
            }
            _ => Err(end_of(error)),
        }
    }

    /// Takes an order that holds; says why of any other.
    async fn order(&mut self, envelope: &Envelope) -> Result<(), End> {
        let standing = Standing {
            agent: self.agent.membership.agent,
            trusted: &self.agent.trusted,
            epoch: self.agent.membership.epoch,
            last: self.last,
            now: self.agreement.now(),
        };
        match check(envelope, &standing) {
            Ok((order, Work::Question(question))) => {
                self.last = order.sequence;
                Box::pin(self.ask(&order, &question)).await
            }
            Ok((order, Work::Act(act))) => {
                self.last = order.sequence;
                let sequence = order.sequence;
                Box::pin(self.begin(order, act)).await?;
                say(&mut self.socket, self.world, FrameKind::Ack, &AgentFrame::Ack(Ack { sequence })).await
            }
            Err(refused) => {
                let (status, why) = match refused.why {
                    Refusal::Ignored(why) => (None, why),
                    Refusal::Expired => (Some(CommandStatus::Expired), "the order expired"),
                    Refusal::Refused(why) => (Some(CommandStatus::Refused), why),
                };
                if let (Some(order), Some(status)) = (refused.order, status) {
                    self.last = order.sequence;
                    if order.is_question {
                        let pieces = refusal(&order, no(why), &self.world.tally);
                        Box::pin(self.answer(pieces)).await?;
                        return self.complain(LinkErrorCode::Refused, why).await;
                    }
                    self.end(&order, None, status, Err(why.to_owned()));
                }
                count(&self.world.tally.refused);
                self.complain(LinkErrorCode::Refused, why).await
            }
        }
    }

    /// Answers a question, or says why not.
    async fn ask(&mut self, order: &CommandOrder, question: &Question) -> Result<(), End> {
        let Agent { host, name, random, .. } = &mut *self.agent;
        let tally = &self.world.tally;
        let pieces = if random.unit() < self.world.plan.failures {
            refusal(order, no("the simulation leaves this question unanswered"), tally)
        } else {
            let asked = Asked { host, name, log_lines: self.world.plan.log_lines, tally };
            self.questions.take(order, question, &asked)
        };
        self.answer(pieces).await?;
        let sequence = order.sequence;
        say(&mut self.socket, self.world, FrameKind::Ack, &AgentFrame::Ack(Ack { sequence })).await
    }

    /// Sends what was encoded of answers.
    async fn answer(&mut self, pieces: Vec<Vec<u8>>) -> Result<(), End> {
        for piece in pieces {
            let piece = (Data::Binary, Bytes::from(piece));
            say_bytes(&mut self.socket, self.world, FrameKind::Output, piece).await?;
        }
        Ok(())
    }

    async fn complain(&mut self, code: LinkErrorCode, detail: &str) -> Result<(), End> {
        let frame = AgentFrame::Error(LinkError { code, detail: detail.to_owned() });
        say(&mut self.socket, self.world, FrameKind::Error, &frame).await
    }

    /// Closes the link; acknowledgements that are on their way still count.
    async fn farewell(mut self) -> End {
        let leave = async {
            self.socket.close(None).await.ok()?;
            loop {
                match self.socket.next().await?.ok()? {
                    message @ Message::Text(_) => self.take(Some(Ok(message))).await.ok()?,
                    Message::Close(_) => return Some(()),
                    _ => {}
                }
            }
        };
        // It ends either way.
        let _ = timeout(FAREWELL, leave).await;
        End::Stopped
    }
}

/// A question that is answered with a no.
fn no(why: &str) -> Ended {
    Ended { outcome: Outcome::Refused, detail: Some(why.to_owned()) }
}

/// The wall clock's time at a moment of the monotonic one that is over.
fn wall_clock(moment: Instant) -> Timestamp {
    let age = SignedDuration::try_from(moment.elapsed()).unwrap_or(SignedDuration::ZERO);
    Timestamp::now().checked_sub(age).unwrap_or_default()
}
