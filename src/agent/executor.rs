//! [`Executor`]: runs what orders ask, each in its own task and so many at once, and survives the link that brought them.
//!
//! An order is written down before it acts ([`Journal::begin`]); [`act`] does it, under its [`Limits`]; its end and the
//! last that it printed are written down together.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, broadcast, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use self::done::{Done, Limits};
use super::{
    cause::chain,
    claims::Claims,
    gate::Gate,
    journal::{Begin, Journal, outcome},
    order::{Act, Refusal},
    output::{Lane, Recorder, weight},
    watcher::Presence,
};
use crate::{
    id::{CommandId, ExecutionId},
    proto::{
        command::CommandStatus,
        envelope::CommandOrder,
        link::{AgentFrame, Cancel, CommandResult, LinkError, LinkErrorCode},
    },
};

mod account;
mod act;
mod container;
mod done;
mod exec;
mod stream;

/// How much that may be lost may wait for a link; what is older counts no more.
const ASIDES: usize = 64;
/// How many orders may wait for their turn.
const WAITING: usize = 1024;
/// What runs for so long is told to have started; what is faster is told by its end alone.
const WORTH_TELLING: Duration = Duration::from_millis(20);
/// How long an end waits for its output to be kept.
const OUTPUT_FIRST: Duration = Duration::from_secs(10);

/// Runs the executions of this node.
pub(super) struct Executor {
    journal: Arc<Journal>,
    lane: Arc<Lane>,
    claims: Arc<Claims>,
    presence: watch::Receiver<Presence>,
    gate: Arc<Gate>,
    /// How many may run at once.
    most: usize,
    desk: Mutex<Desk>,
    running: watch::Sender<usize>,
    freed: Notify,
    asides: broadcast::Sender<AgentFrame>,
    late: Mutex<VecDeque<(Instant, ExecutionId)>>,
    more_late: Notify,
    closed: CancellationToken,
}

/// What came and is not over.
#[derive(Default)]
struct Desk {
    open: HashMap<ExecutionId, Open>,
    waiting: VecDeque<Job>,
}

/// An execution that waits or runs.
struct Open {
    command: CommandId,
    cancel: CancellationToken,
}

/// An order that was checked.
struct Job {
    order: CommandOrder,
    act: Act,
    cancel: CancellationToken,
    /// It does not begin after this moment.
    until: Instant,
}

impl Executor {
    /// An executor that nothing runs in, and `most` may.
    pub(super) fn new(
        journal: Arc<Journal>,
        lane: Arc<Lane>,
        claims: Arc<Claims>,
        presence: watch::Receiver<Presence>,
        gate: Arc<Gate>,
        most: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            journal,
            lane,
            claims,
            presence,
            gate,
            most: most.max(1),
            desk: Mutex::default(),
            running: watch::Sender::new(0),
            freed: Notify::new(),
            asides: broadcast::Sender::new(ASIDES),
            late: Mutex::default(),
            more_late: Notify::new(),
            closed: CancellationToken::new(),
        })
    }

    /// Takes an order that was checked and holds for so long. One that the journal knows is answered from there and never
    /// runs again.
    pub(super) fn take(self: &Arc<Self>, order: CommandOrder, act: Act, holds_for: Duration) {
        crash_point!("agent.order_taken");
        let mut desk = self.desk();
        if self.closed.is_cancelled() || desk.open.contains_key(&order.execution) {
            return;
        }
        let cancel = CancellationToken::new();
        let open = Open { command: order.command, cancel: cancel.clone() };
        let job = Job { until: Instant::now() + holds_for, order, act, cancel };
        if desk.waiting.is_empty() && *self.running.borrow() < self.most {
            desk.open.insert(job.order.execution, open);
            self.running.send_modify(|running| *running += 1);
            drop(desk);
            self.start(job);
        } else if desk.waiting.len() < WAITING {
            desk.open.insert(job.order.execution, open);
            desk.waiting.push_back(job);
        } else {
            drop(desk);
            let why = format!("this node is busy: {} executions run and {WAITING} wait", self.most);
            let mut result = outcome(&job.order, CommandStatus::Failed, None, Some(why));
            result.not_begun = true;
            self.conclude(&result, &job.order.verb);
        }
    }

    /// Tells the server that an order it signed is not obeyed.
    pub(super) fn refuse(self: &Arc<Self>, order: CommandOrder, why: &Refusal) {
        if self.desk().open.contains_key(&order.execution) {
            return;
        }
        let status = if *why == Refusal::Expired { CommandStatus::Expired } else { CommandStatus::Refused };
        let (executor, why) = (Arc::clone(self), why.to_string());
        tokio::spawn(async move { executor.turn_down(&order, status, why).await });
    }

    /// How far the executions are, and other things that may be lost, from now on.
    pub(super) fn asides(&self) -> broadcast::Receiver<AgentFrame> {
        self.asides.subscribe()
    }

    /// The journal, for what the server says of output.
    pub(super) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Stops what waits or runs for a command. An execution that is named and did not come never begins when it comes.
    pub(super) fn cancel(self: &Arc<Self>, cancel: Cancel) {
        let mut desk = self.desk();
        let is_meant = |execution: ExecutionId, command: CommandId| {
            cancel.execution_id.map_or(command == cancel.command_id, |meant| meant == execution)
        };
        let meant = desk.open.iter().filter(|(execution, open)| is_meant(**execution, open.command));
        let mut found = false;
        for (_, open) in meant {
            open.cancel.cancel();
            found = true;
        }
        let (stopped, waiting): (Vec<_>, Vec<_>) =
            desk.waiting.drain(..).partition(|job| is_meant(job.order.execution, job.order.command));
        desk.waiting = waiting.into();
        for job in stopped {
            desk.open.remove(&job.order.execution);
            let executor = Arc::clone(self);
            tokio::spawn(async move { executor.stopped_before(&job.order).await });
        }
        drop(desk);
        if let Some(execution) = cancel.execution_id.filter(|_| !found)
            && let Err(error) = self.journal.forestall(cancel, execution)
        {
            self.complain(&chain(&error));
        }
    }

    /// Takes no more orders, and waits until nothing runs, but no longer than `most`.
    pub(super) async fn drain(&self, most: Duration) {
        self.closed.cancel();
        self.dismiss();
        let mut running = self.running.subscribe();
        if tokio::time::timeout(most, running.wait_for(|running| *running == 0)).await.is_err() {
            tracing::warn!("executions still run; their outcome will be told as unknown at the next start");
        }
    }

    /// Starts what waits whenever a place becomes free.
    pub(super) async fn call_up(self: Arc<Self>) {
        loop {
            self.freed.notified().await;
            while let Some(job) = self.next() {
                self.start(job);
            }
        }
    }

    /// Takes a place for what waits the longest.
    fn next(&self) -> Option<Job> {
        let mut desk = self.desk();
        if self.closed.is_cancelled() || *self.running.borrow() >= self.most {
            return None;
        }
        let job = desk.waiting.pop_front()?;
        self.running.send_modify(|running| *running += 1);
        Some(job)
    }

    /// Tells ends of which the output is not acknowledged in time.
    pub(super) async fn tell_late(self: Arc<Self>) {
        loop {
            let next = self.late().front().copied();
            let Some((due, execution)) = next else {
                self.more_late.notified().await;
                continue;
            };
            tokio::time::sleep_until(due).await;
            self.late().pop_front();
            if let Err(error) = self.journal.tell(execution) {
                tracing::error!(%execution, error = %chain(&error), "the end of an execution cannot be told");
            }
        }
    }

    /// Forgets what waits for its turn. It never began: the server gives it again.
    fn dismiss(&self) {
        let mut desk = self.desk();
        for job in std::mem::take(&mut desk.waiting) {
            desk.open.remove(&job.order.execution);
        }
    }

    /// Starts what has a place. Nothing may be locked: a runtime that ends drops the task, and its place, at once.
    fn start(self: &Arc<Self>, job: Job) {
        let seat = Seat { executor: Arc::clone(self), execution: job.order.execution };
        tokio::spawn(async move { seat.executor.run(job).await });
    }

    async fn run(&self, job: Job) {
        let Job { order, act, cancel, until } = job;
        if cancel.is_cancelled() {
            return self.stopped_before(&order).await;
        }
        if Instant::now() >= until {
            let why = "it waited too long for its turn on this node".to_owned();
            return self.turn_down(&order, CommandStatus::Expired, why).await;
        }
        if let Err(why) = self.gate.admit(&order) {
            tracing::warn!(%why, verb = %order.verb, actor = %order.actor, "refused an order");
            return self.turn_down(&order, CommandStatus::Refused, why.to_string()).await;
        }
        let began = match self.journal.begin(&order, act.effect()).await {
            Ok(Begin::Now(began)) => began,
            Ok(Begin::Answered) => return,
            Err(error) => {
                tracing::error!(error = %chain(&*error), "an order cannot be written down, so it is not obeyed");
                let why = format!("it cannot be written down, so it was not begun: {}", chain(&*error));
                let mut result = outcome(&order, CommandStatus::Failed, None, Some(why));
                result.not_begun = true;
                return self.conclude(&result, &order.verb);
            }
        };
        tracing::info!(execution = %order.execution, verb = %order.verb, subject = %act.subject(), "began");
        self.carry_out(&order, &act, cancel, began).await;
    }

    /// Does what began, and writes down how it ended.
    async fn carry_out(&self, order: &CommandOrder, act: &Act, cancel: CancellationToken, began: Timestamp) {
        let limits = Limits::new(Duration::from_secs(order.timeout_s.max(1).into()), cancel);
        let secrets = act.secrets();
        let mut recorder =
            Recorder::new(Arc::clone(&self.lane), order.execution, order.output_bytes, &secrets);
        let done = {
            let doing = self.act(order, act, &limits, &mut recorder);
            tokio::pin!(doing);
            match tokio::time::timeout(WORTH_TELLING, &mut doing).await {
                Ok(done) => done,
                Err(_) => {
                    if let Err(error) = self.journal.tell_begun(order, began) {
                        tracing::error!(error = %chain(&error), "the start of an execution cannot be told");
                    }
                    doing.await
                }
            }
        };
        crash_point!("agent.acted");
        let printed = recorder.finish();
        let Done { status, result, error, not_begun } = done;
        let mut result = outcome(order, status, result, error);
        (result.started_at, result.not_begun, result.output) = (Some(began), not_begun, printed.size);
        let error = result.error_message.as_deref();
        tracing::info!(execution = %order.execution, status = ?result.status, error, "ended");
        match self.journal.end(order, &result, &printed.last) {
            Ok(told) => {
                crash_point!("agent.done");
                if !told {
                    self.late().push_back((Instant::now() + OUTPUT_FIRST, order.execution));
                    self.more_late.notify_one();
                }
            }
            Err(error) => {
                self.lane.release(weight(&printed.last));
                let error = chain(&error);
                tracing::error!(execution = %order.execution, error, "the end of an execution cannot be written down");
                self.complain(&error);
            }
        }
    }

    /// Ends an order that was stopped before its turn.
    async fn stopped_before(&self, order: &CommandOrder) {
        let why = "somebody stopped it before it began".to_owned();
        self.turn_down(order, CommandStatus::Cancelled, why).await;
    }

    /// Ends an order that does not begin; one that did before is answered from the journal.
    async fn turn_down(&self, order: &CommandOrder, status: CommandStatus, why: String) {
        if let Err(error) = self.journal.turn_down(order, status, why).await {
            self.complain(&chain(&*error));
        }
    }

    /// Writes down and tells what never began.
    fn conclude(&self, result: &CommandResult, verb: &str) {
        if let Err(error) = self.journal.enter_end(result, verb) {
            self.complain(&chain(&error));
        }
    }

    /// Tells the server what cannot be told in a result, since that cannot be written.
    fn complain(&self, why: &str) {
        let error = LinkError { code: LinkErrorCode::Refused, detail: why.to_owned() };
        // Without a link the server gives what it does not know the end of again.
        let _ = self.asides.send(AgentFrame::Error(error));
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn late(&self) -> MutexGuard<'_, VecDeque<(Instant, ExecutionId)>> {
        self.late.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of an execution among those that run; free when it goes, also after a panic.
struct Seat {
    executor: Arc<Executor>,
    execution: ExecutionId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.executor.desk().open.remove(&self.execution);
        self.executor.running.send_modify(|running| *running = running.saturating_sub(1));
        self.executor.freed.notify_one();
    }
}
