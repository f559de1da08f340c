//! [`Outputs`]: the questions that are open on one link, and the way of each answer to whoever asked.
//!
//! An answer may come only as fast as it is read: the agent has credit for [`WINDOW_BYTES`], and gets more of it for what
//! was read. What waits to be read waits as it came, and is unpacked piece by piece: so a slow reader holds a window in
//! memory and no more, whatever the pieces unpack to, and never the link's other frames.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::{
    Notify,
    mpsc::{self, UnboundedReceiver, UnboundedSender},
};

use crate::{
    api::limit::answers::Place,
    core::{
        output::{Body, Frame, Peek, WINDOW_BYTES, execution_of, peek},
        queue::CLOCK_TOLERANCE,
    },
    id::{AgentId, CommandId, ExecutionId},
    proto::{
        envelope::CommandOrder,
        link::{Cancel, LinkError, LinkErrorCode, ServerFrame},
        output::Credit,
    },
};

/// The most questions that are open on one link.
const AT_A_TIME: usize = 64;
/// How long an agent may take to take a question up.
const EXPIRY: SignedDuration = SignedDuration::from_secs(60);

/// What is asked of a node.
#[derive(Clone, Debug)]
pub(in crate::api) struct Question {
    /// The verb.
    pub(in crate::api) verb: &'static str,
    /// Its arguments.
    pub(in crate::api) args: Value,
    /// Who asks.
    pub(in crate::api) actor: String,
    /// Seconds that a document may take.
    pub(in crate::api) timeout_s: u32,
}

impl Question {
    /// The order that asks it, to be signed for a link.
    fn order(self, ids: Ids, agent: AgentId, epoch: u64, sequence: u64, now: Timestamp) -> CommandOrder {
        CommandOrder {
            agent,
            execution: ids.execution,
            command: ids.command,
            verb: self.verb.to_owned(),
            args: self.args,
            not_before: now - CLOCK_TOLERANCE,
            expires_at: now + EXPIRY,
            timeout_s: self.timeout_s,
            epoch,
            sequence,
            actor: self.actor,
            is_question: true,
            has_begun: false,
            precondition: None,
            output_bytes: 0,
        }
    }
}

#[derive(Clone, Copy)]
struct Ids {
    execution: ExecutionId,
    command: CommandId,
}

/// What is to be said to the agent.
pub(super) enum Say {
    /// A question, to be signed.
    Ask(Box<CommandOrder>),
    /// Anything else.
    Frame(ServerFrame),
}

/// The questions of one link.
#[derive(Default)]
pub(in crate::api) struct Outputs {
    inner: Mutex<Inner>,
    due: Notify,
}

#[derive(Default)]
struct Inner {
    open: HashMap<ExecutionId, Open>,
    asked: Vec<(Ids, Question)>,
    frames: Vec<ServerFrame>,
    closed: bool,
}

struct Open {
    answer: UnboundedSender<Piece>,
    /// Bytes that the agent may still send.
    credit: u32,
}

/// A piece of an answer that waits to be read.
enum Piece {
    /// A frame as it came, and what it costs.
    Frame(Box<[u8]>, u32),
    /// What is wrong with a frame, after which there are no more.
    Malformed(String),
}

/// Why a question was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) enum NotAsked {
    /// The link has ended.
    Gone,
    /// Too many are open on it.
    TooMany,
}

/// An answer that cannot be read to its end, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::api) struct Unreadable(pub(in crate::api) String);

/// An answer as it comes. Dropping it tells the agent to stop.
pub(in crate::api) struct Answering {
    outputs: Arc<Outputs>,
    ids: Ids,
    /// Its place among the answers that are open.
    _place: Place,
    pieces: UnboundedReceiver<Piece>,
    /// Read, and not yet given back as credit.
    owed: u32,
    ended: bool,
}

impl Outputs {
    /// Asks the agent behind this link, for a caller who has a place for the answer.
    pub(in crate::api) fn ask(
        self: &Arc<Self>,
        question: Question,
        place: Place,
    ) -> Result<Answering, NotAsked> {
        let ids = Ids { execution: ExecutionId::generate(), command: CommandId::generate() };
        // Its length is bounded by the credit, in which every frame counts.
        let (answer, pieces) = mpsc::unbounded_channel();
        {
            let mut inner = self.inner();
            if inner.closed {
                return Err(NotAsked::Gone);
            }
            if inner.open.len() >= AT_A_TIME {
                return Err(NotAsked::TooMany);
            }
            inner.open.insert(ids.execution, Open { answer, credit: WINDOW_BYTES });
            inner.asked.push((ids, question));
        }
        self.due.notify_one();
        Ok(Answering { outputs: Arc::clone(self), ids, _place: place, pieces, owed: 0, ended: false })
    }

    /// Waits until something is to be said to the agent.
    pub(super) async fn due(&self) {
        self.due.notified().await;
    }

    /// Takes what is to be said to the agent; a question takes the sequence that `number` gives.
    pub(super) fn take(
        &self,
        agent: AgentId,
        epoch: u64,
        now: Timestamp,
        mut number: impl FnMut() -> u64,
    ) -> Vec<Say> {
        let mut inner = self.inner();
        let asked = std::mem::take(&mut inner.asked);
        let asked = asked
            .into_iter()
            .map(|(ids, question)| Say::Ask(Box::new(question.order(ids, agent, epoch, number(), now))));
        asked.chain(std::mem::take(&mut inner.frames).into_iter().map(Say::Frame)).collect()
    }

    /// Takes a binary frame of the agent. One of an answer that nobody reads any more is passed over unread.
    ///
    /// # Errors
    /// Says what is wrong with it. The answer that it belongs to ends with the same words; so does one that outruns its
    /// credit.
    pub(super) fn put(&self, bytes: &[u8]) -> Result<(), String> {
        let Peek { execution, cost, ends } = match peek(bytes) {
            Ok(peek) => peek,
            Err(error) => {
                let open = execution_of(bytes).and_then(|execution| self.inner().open.remove(&execution));
                return Err(broken_off(open, error.to_string()));
            }
        };
        let mut inner = self.inner();
        let Some(open) = inner.open.get_mut(&execution) else { return Ok(()) };
        let Some(credit) = open.credit.checked_sub(cost) else {
            let open = inner.open.remove(&execution);
            return Err(broken_off(open, format!("the output of {execution} is more than was asked for")));
        };
        open.credit = credit;
        // Whoever asked may have gone this moment; then the agent is told so already.
        let _ = open.answer.send(Piece::Frame(bytes.into(), cost));
        if ends {
            inner.open.remove(&execution);
        }
        Ok(())
    }

    /// Ends every answer: the link is over.
    pub(super) fn close(&self) {
        let mut inner = self.inner();
        inner.closed = true;
        inner.open.clear();
        inner.asked.clear();
        inner.frames.clear();
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the agent what is wrong with a frame.
    fn complain(&self, detail: String) {
        let complaint = LinkError { code: LinkErrorCode::BadFrame, detail };
        self.inner().frames.push(ServerFrame::Error(complaint));
        self.due.notify_one();
    }

    fn credit(&self, execution: ExecutionId, bytes: u32) {
        {
            let mut inner = self.inner();
            let Some(open) = inner.open.get_mut(&execution) else { return };
            open.credit = open.credit.saturating_add(bytes).min(WINDOW_BYTES);
            inner.frames.push(ServerFrame::Credit(Credit { execution_id: execution, bytes }));
        }
        self.due.notify_one();
    }
}

/// Tells whoever waits for an answer that it broke off.
fn broken_off(open: Option<Open>, why: String) -> String {
    if let Some(open) = open {
        let _ = open.answer.send(Piece::Malformed(why.clone()));
    }
    why
}

impl Answering {
    /// The next piece; `None` when the link ended before the answer did. May be dropped at any point without a loss.
    ///
    /// # Errors
    /// The agent sent something else; there is no more to come.
    pub(in crate::api) async fn next(&mut self) -> Option<Result<Body, Unreadable>> {
        let (bytes, cost) = match self.pieces.recv().await? {
            Piece::Frame(bytes, cost) => (bytes, cost),
            Piece::Malformed(why) => return Some(Err(Unreadable(why))),
        };
        let body = match Frame::decode(&bytes) {
            Ok(frame) => frame.body,
            Err(why) => {
                self.outputs.complain(why.to_string());
                return Some(Err(Unreadable(why.to_string())));
            }
        };
        self.ended = matches!(body, Body::Ended(_));
        self.owed = self.owed.saturating_add(cost);
        if self.owed >= WINDOW_BYTES / 2 && !self.ended {
            self.outputs.credit(self.ids.execution, std::mem::take(&mut self.owed));
        }
        Some(Ok(body))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        {
            let mut inner = self.outputs.inner();
            inner.open.remove(&self.ids.execution);
            if inner.closed {
                return;
            }
            inner
                .frames
                .push(ServerFrame::Cancel(Cancel { command_id: self.ids.command, execution_id: None }));
        }
        self.outputs.due.notify_one();
    }
}

#[cfg(test)]
mod tests;
