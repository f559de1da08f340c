//! [`Outputs`]: the questions that are open on one link, and the way of each answer to whoever asked.
//!
//! An answer may come only as fast as it is read: the agent has credit for [`WINDOW_BYTES`], and gets more of it for what
//! was read. So a slow reader holds a window in memory and no more, and never the link's other frames.

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
    core::output::{Body, Frame, Malformed, WINDOW_BYTES, peek},
    id::{AgentId, CommandId, ExecutionId},
    proto::{
        envelope::CommandOrder,
        link::{Cancel, ServerFrame},
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
            not_before: now - super::agent::CLOCK_TOLERANCE,
            expires_at: now + EXPIRY,
            timeout_s: self.timeout_s,
            epoch,
            sequence,
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
    answer: UnboundedSender<(Body, u32)>,
    /// Bytes that the agent may still send.
    credit: u32,
}

/// Why a question was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) enum NotAsked {
    /// The link has ended.
    Gone,
    /// Too many are open on it.
    TooMany,
}

/// An answer as it comes. Dropping it tells the agent to stop.
pub(in crate::api) struct Answering {
    outputs: Arc<Outputs>,
    ids: Ids,
    pieces: UnboundedReceiver<(Body, u32)>,
    /// Read, and not yet given back as credit.
    owed: u32,
    ended: bool,
}

impl Outputs {
    /// Asks the agent behind this link.
    pub(in crate::api) fn ask(self: &Arc<Self>, question: Question) -> Result<Answering, NotAsked> {
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
        Ok(Answering { outputs: Arc::clone(self), ids, pieces, owed: 0, ended: false })
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
    /// Says what is wrong with it; an answer that outruns its credit ends.
    pub(super) fn put(&self, bytes: &[u8]) -> Result<(), String> {
        let (execution, cost) = peek(bytes).map_err(|error| error.to_string())?;
        let answer = {
            let mut inner = self.inner();
            let Some(open) = inner.open.get_mut(&execution) else { return Ok(()) };
            let Some(credit) = open.credit.checked_sub(cost) else {
                inner.open.remove(&execution);
                return Err(format!("the output of {execution} is more than was asked for"));
            };
            open.credit = credit;
            open.answer.clone()
        };
        let frame = Frame::decode(bytes).map_err(|error: Malformed| {
            self.inner().open.remove(&execution);
            error.to_string()
        })?;
        if matches!(frame.body, Body::Ended(_)) {
            self.inner().open.remove(&execution);
        }
        // Whoever asked may have gone this moment; then the agent is told so already.
        let _ = answer.send((frame.body, cost));
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

impl Answering {
    /// The next piece; `None` when the link ended before the answer did. May be dropped at any point without a loss.
    pub(in crate::api) async fn next(&mut self) -> Option<Body> {
        let (body, cost) = self.pieces.recv().await?;
        self.ended = matches!(body, Body::Ended(_));
        self.owed = self.owed.saturating_add(cost);
        if self.owed >= WINDOW_BYTES / 2 && !self.ended {
            self.outputs.credit(self.ids.execution, std::mem::take(&mut self.owed));
        }
        Some(body)
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
            inner.frames.push(ServerFrame::Cancel(Cancel { command_id: self.ids.command }));
        }
        self.outputs.due.notify_one();
    }
}
