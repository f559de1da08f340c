//! [`Queue`]: every execution that has not ended, in memory, and which of them goes to its node next.
//!
//! The rows of the store are the queue; this is what a server knows of them without asking, made from them at the start and
//! kept by the events of every commit, so that it is never behind what a caller was told. Of the executions that wait for one
//! node the highest priority goes first, and the oldest within one; but every [`FAIR_TURN`]th order to a node is the oldest
//! that waits whatever its priority, so that nothing waits for ever. The same holds between nodes where the limit of the whole
//! server is reached.

mod fold;
mod lane;
mod order;
mod words;

pub use self::{
    fold::{Advanced, Queued, Target},
    order::{Assignment, CLOCK_TOLERANCE, Place},
};

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde_json::Value;

use self::lane::Lane;
use crate::{
    core::{access::Principal, error::Error},
    id::{AgentId, CommandId, ExecutionId},
    proto::command::Priority,
};

/// Of so many orders to a node, one is the oldest that waits.
pub const FAIR_TURN: u8 = 8;

/// How much may be open at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Executions that are with one node.
    pub per_agent: usize,
    /// Executions that are with any node.
    pub in_all: usize,
    /// Executions that wait.
    pub waiting: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_agent: 32, in_all: 20_000, waiting: 100_000 }
    }
}

/// What all executions of a command share.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The command.
    pub id: CommandId,
    /// What to do.
    pub verb: String,
    /// With what; secrets are left out.
    pub args: Value,
    /// Whether secrets belong to it, which only the store has, sealed.
    pub is_sealed: bool,
    /// On whose behalf it was given; `None` where that is not known, and then it is not sent.
    pub by: Option<Principal>,
    /// Who gave it.
    pub actor: String,
    /// When it was given.
    pub created_at: Timestamp,
    /// Seconds it may take once started.
    pub timeout_s: u32,
    /// What goes first.
    pub priority: Priority,
    /// What must hold on the node right before the start.
    pub precondition: Option<String>,
    /// Bytes of output to keep.
    pub output_bytes: u32,
}

/// An execution as it is put into the queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The execution.
    pub id: ExecutionId,
    /// Its target.
    pub agent: AgentId,
    /// Which attempt it is.
    pub attempt: u32,
    /// The part of a rollout that it belongs to; 0 without one.
    pub batch: u32,
    /// Where it stands.
    pub stage: Stage,
    /// When the server acts by itself if nothing is heard.
    pub due_at: Option<Timestamp>,
    /// Its node may have had it before.
    pub was_sent: bool,
    /// Somebody asked for it to be stopped.
    pub is_cancelled: bool,
}

/// Where an execution stands on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its part of a rollout has not begun.
    Held,
    /// Its time has not come.
    Unripe(Timestamp),
    /// It waits for its node.
    Ready,
    /// It was sent on the link that its node has now.
    Sent,
    /// Its node said that it began.
    Started,
}

struct Open {
    job: Arc<Job>,
    entry: Entry,
}

/// What is to be said to a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Handout {
    /// Do this.
    Order(Assignment),
    /// Stop that.
    Cancel {
        /// The command.
        command: CommandId,
        /// Its execution on this node.
        execution: ExecutionId,
    },
}

/// The executions that have not ended.
#[derive(Default)]
pub struct Queue {
    limits: Limits,
    jobs: HashMap<CommandId, (Arc<Job>, usize)>,
    /// Commands that may have nothing open any more.
    emptied: Vec<CommandId>,
    open: HashMap<ExecutionId, Open>,
    lanes: HashMap<AgentId, Lane>,
    /// Those whose time has not come.
    unripe: BTreeSet<(Timestamp, ExecutionId)>,
    /// When the server acts by itself.
    due: BTreeSet<(Timestamp, ExecutionId)>,
    /// Sent or started, on all nodes.
    underway: usize,
    /// Nodes with something ready that the limit of the whole server holds back.
    stalled: BTreeSet<(u32, ExecutionId, AgentId)>,
    stalled_turn: u8,
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// How many executions wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.open.len() - self.underway
    }

    /// How many executions are with their nodes.
    #[must_use]
    pub const fn underway(&self) -> usize {
        self.underway
    }

    /// How many executions are open on a node.
    #[must_use]
    pub fn load(&self, agent: AgentId) -> usize {
        self.lanes.get(&agent).map_or(0, |lane| lane.open.len())
    }

    /// How many commands have something open on some nodes.
    #[must_use]
    pub fn commands_on(&self, agents: impl IntoIterator<Item = AgentId>) -> u64 {
        let open = agents.into_iter().filter_map(|agent| self.lanes.get(&agent)).flat_map(|lane| &lane.open);
        let commands: HashSet<CommandId> = open.filter_map(|id| Some(self.open.get(id)?.job.id)).collect();
        commands.len() as u64
    }

    /// Whether so many more may wait.
    ///
    /// # Errors
    /// The queue is full.
    pub fn room(&self, more: usize) -> Result<(), Error> {
        if self.waiting().saturating_add(more) <= self.limits.waiting {
            return Ok(());
        }
        Err(Error::TooMany {
            detail: format!(
                "the queue is full: {} executions wait and {} more were asked for, of {} at most; wait for some to end, \
                 cancel some, or raise commands.max_waiting",
                self.waiting(),
                more,
                self.limits.waiting
            ),
            retry_after_s: 5,
        })
    }

    /// Puts an execution in. Its node is to be nudged when `true` comes back.
    pub fn add(&mut self, job: &Arc<Job>, entry: Entry) -> bool {
        let id = entry.id;
        if self.open.contains_key(&id) {
            return false;
        }
        self.jobs.entry(job.id).or_insert_with(|| (Arc::clone(job), 0)).1 += 1;
        if let Some(due) = entry.due_at {
            self.due.insert((due, id));
        }
        let lane = self.lanes.entry(entry.agent).or_default();
        lane.open.insert(id);
        if matches!(entry.stage, Stage::Sent | Stage::Started) {
            lane.underway += 1;
            self.underway += 1;
        }
        let nudge = match entry.stage {
            _ if entry.is_cancelled => lane.cancels.insert(id),
            Stage::Held => false,
            Stage::Unripe(at) => {
                self.unripe.insert((at, id));
                false
            }
            Stage::Ready => lane.ready(job.priority, id),
            Stage::Sent | Stage::Started => lane.resend.insert(id),
        };
        self.open.insert(id, Open { job: Arc::clone(job), entry });
        nudge
    }

    /// Puts an execution in as a server finds it at its start; those of one command share what they share.
    pub fn restore(&mut self, job: Job, entry: Entry) {
        let shared = self.jobs.get(&job.id).map(|(shared, _)| Arc::clone(shared));
        self.add(&shared.unwrap_or_else(|| Arc::new(job)), entry);
    }

    /// A node has this link from now on, or has none: what was sent on the one before is to be said again. Says which other
    /// nodes are to be nudged, since there is room for them now.
    pub fn relinked(&mut self, agent: AgentId, link: Option<u64>) -> BTreeSet<AgentId> {
        let mut nudged = BTreeSet::new();
        if link.is_none() && !self.lanes.contains_key(&agent) {
            return nudged;
        }
        let lane = self.lanes.entry(agent).or_default();
        lane.link = link;
        for id in &lane.open {
            let Some(open) = self.open.get_mut(id) else { continue };
            let entry = &mut open.entry;
            if entry.stage == Stage::Sent {
                entry.stage = Stage::Ready;
                entry.was_sent = true;
                lane.underway -= 1;
                self.underway -= 1;
            }
            match entry.stage {
                Stage::Ready | Stage::Started if entry.is_cancelled => lane.cancels.insert(*id),
                Stage::Ready => lane.ready[open.job.priority.rank() as usize].insert(*id),
                Stage::Started => lane.resend.insert(*id),
                Stage::Held | Stage::Unripe(_) | Stage::Sent => false,
            };
        }
        if link.is_none() && lane.open.is_empty() {
            self.lanes.remove(&agent);
        }
        self.wake(&mut nudged);
        nudged
    }

    /// What is to be said to a node next on this link; `None` when nothing is, or it may not be yet, or the link is not the
    /// node's any more.
    pub fn take(&mut self, agent: AgentId, link: u64, now: Timestamp) -> Option<Handout> {
        let lane = self.lanes.get_mut(&agent).filter(|lane| lane.link == Some(link))?;
        if let Some((rank, execution)) = lane.stalled.take() {
            self.stalled.remove(&(rank, execution, agent));
        }
        if let Some(execution) = lane.cancels.pop_first() {
            let open = self.open.get_mut(&execution)?;
            open.entry.was_sent = true;
            return Some(Handout::Cancel { command: open.job.id, execution });
        }
        while let Some(execution) = lane.resend.pop_first() {
            let Some(open) = self.open.get(&execution) else { continue };
            return Some(Handout::Order(Assignment {
                execution,
                job: Arc::clone(&open.job),
                has_begun: true,
                was_sent: true,
                // It began in time; what it is worth is the node's to say.
                expires_at: None,
            }));
        }
        if lane.underway >= self.limits.per_agent {
            return None;
        }
        let (rank, next) = lane.next()?;
        if self.underway >= self.limits.in_all {
            lane.stalled = Some((rank, next));
            self.stalled.insert((rank, next, agent));
            return None;
        }
        lane.take(next);
        let open = self.open.get_mut(&next)?;
        if open.entry.due_at.is_some_and(|due| due <= now) {
            // It expires; whoever keeps the time says so.
            return self.take(agent, link, now);
        }
        open.entry.stage = Stage::Sent;
        lane.underway += 1;
        self.underway += 1;
        Some(Handout::Order(Assignment {
            execution: next,
            job: Arc::clone(&open.job),
            has_begun: false,
            was_sent: open.entry.was_sent,
            expires_at: open.entry.due_at,
        }))
    }

    /// What was given on behalf of somebody and has not left.
    #[must_use]
    pub fn waiting_of(&self, by: Principal) -> Vec<ExecutionId> {
        let waits = |open: &Open| !matches!(open.entry.stage, Stage::Sent | Stage::Started);
        let of = |open: &Open| open.job.by == Some(by) && waits(open);
        self.open.iter().filter(|(_, open)| of(open)).map(|(id, _)| *id).collect()
    }

    /// Takes an execution that no node has out of every line, so that it can be ended without asking its node; `false` when a
    /// node may have it. It must then end, or be put [back](Self::put_back).
    pub fn withdraw(&mut self, id: ExecutionId) -> bool {
        let Some(open) = self.open.get_mut(&id) else { return false };
        if open.entry.was_sent || matches!(open.entry.stage, Stage::Sent | Stage::Started) {
            return false;
        }
        let agent = open.entry.agent;
        if let Stage::Unripe(at) = open.entry.stage {
            self.unripe.remove(&(at, id));
        }
        if let Some(lane) = self.lanes.get_mut(&agent) {
            lane.forget(id);
        }
        true
    }

    /// Lets an execution that was withdrawn wait again.
    pub fn put_back(&mut self, id: ExecutionId) {
        let Some(open) = self.open.get(&id) else { return };
        let (agent, priority) = (open.entry.agent, open.job.priority);
        match open.entry.stage {
            Stage::Unripe(at) => {
                self.unripe.insert((at, id));
            }
            Stage::Ready => {
                self.lanes.entry(agent).or_default().ready(priority, id);
            }
            Stage::Held | Stage::Sent | Stage::Started => {}
        }
    }

    /// Lets those wait for their nodes whose time has come, and says which nodes are to be nudged.
    pub fn ripen(&mut self, now: Timestamp) -> BTreeSet<AgentId> {
        let mut nudged = BTreeSet::new();
        while let Some(&(at, id)) = self.unripe.first()
            && at <= now
        {
            self.unripe.pop_first();
            let Some(open) = self.open.get_mut(&id) else { continue };
            open.entry.stage = Stage::Ready;
            let (agent, priority) = (open.entry.agent, open.job.priority);
            if self.lanes.entry(agent).or_default().ready(priority, id) {
                nudged.insert(agent);
            }
        }
        nudged
    }

    /// Executions about which the server must act by itself now.
    #[must_use]
    pub fn overdue(&self, now: Timestamp) -> Vec<ExecutionId> {
        self.due.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| *id).collect()
    }

    /// The server has nothing to do about an execution until something else is heard of it. A later moment, which came with
    /// what was heard meanwhile, stays.
    pub fn dismiss(&mut self, id: ExecutionId, now: Timestamp) {
        let Some(open) = self.open.get_mut(&id) else { return };
        if let Some(due) = open.entry.due_at.take_if(|due| *due <= now) {
            self.due.remove(&(due, id));
        }
    }

    /// Bytes of output that may be kept of an execution of this node; `None` for one that is not open there.
    #[must_use]
    pub fn output_bytes(&self, id: ExecutionId, agent: AgentId) -> Option<u32> {
        let open = self.open.get(&id).filter(|open| open.entry.agent == agent)?;
        Some(open.job.output_bytes)
    }

    /// When something ripens or is due next.
    #[must_use]
    pub fn next_moment(&self) -> Option<Timestamp> {
        let moments = self.unripe.first().into_iter().chain(self.due.first());
        moments.map(|(at, _)| *at).min()
    }

    /// Notes that a node said that an execution began.
    fn started(&mut self, id: ExecutionId, due_at: Option<Timestamp>) {
        let Some(open) = self.open.get_mut(&id) else { return };
        let was_underway = matches!(open.entry.stage, Stage::Sent | Stage::Started);
        open.entry.stage = Stage::Started;
        let before = std::mem::replace(&mut open.entry.due_at, due_at);
        let agent = open.entry.agent;
        if let Some(before) = before {
            self.due.remove(&(before, id));
        }
        self.due.extend(due_at.map(|due| (due, id)));
        if let Some(lane) = self.lanes.get_mut(&agent)
            && !was_underway
        {
            let is_to_be_stopped = lane.cancels.contains(&id);
            lane.forget(id);
            if is_to_be_stopped {
                lane.cancels.insert(id);
            }
            lane.underway += 1;
            self.underway += 1;
        }
    }

    /// Takes an execution that ended out, and says which nodes are to be nudged.
    fn ended(&mut self, id: ExecutionId, nudged: &mut BTreeSet<AgentId>) {
        let Some(Open { job, entry }) = self.open.remove(&id) else { return };
        if let Some(due) = entry.due_at {
            self.due.remove(&(due, id));
        }
        if let Stage::Unripe(at) = entry.stage {
            self.unripe.remove(&(at, id));
        }
        if let Some((_, open)) = self.jobs.get_mut(&job.id) {
            *open -= 1;
            if *open == 0 {
                self.emptied.push(job.id);
            }
        }
        let Some(lane) = self.lanes.get_mut(&entry.agent) else { return };
        lane.open.remove(&id);
        lane.forget(id);
        if matches!(entry.stage, Stage::Sent | Stage::Started) {
            let was_full = self.underway >= self.limits.in_all;
            lane.underway -= 1;
            self.underway -= 1;
            if lane.next().is_some() {
                nudged.insert(entry.agent);
            }
            if was_full {
                self.stalled_turn = (self.stalled_turn + 1) % FAIR_TURN;
            }
        }
        if self.lanes.get(&entry.agent).is_some_and(|lane| lane.link.is_none() && lane.open.is_empty()) {
            self.lanes.remove(&entry.agent);
        }
    }

    /// Nudges as many nodes that the limit of the whole server held back as there is room for. They stay in line until they
    /// take something, so that the room of one whose link breaks is the next one's.
    fn wake(&mut self, nudged: &mut BTreeSet<AgentId>) {
        let mut room = self.limits.in_all.saturating_sub(self.underway);
        if room == 0 || self.stalled.is_empty() {
            return;
        }
        let (lanes, most) = (&self.lanes, self.limits.per_agent);
        let may_take = |agent: &AgentId| lanes.get(agent).is_some_and(|lane| lane.may_take(most));
        if self.stalled_turn == 0
            && let Some((_, _, agent)) = (self.stalled.iter())
                .filter(|(_, _, agent)| may_take(agent))
                .min_by_key(|(_, execution, _)| *execution)
        {
            nudged.insert(*agent);
            room -= 1;
        }
        let mut left = Vec::new();
        for waiting in &self.stalled {
            if room == 0 {
                break;
            }
            if may_take(&waiting.2) {
                nudged.insert(waiting.2);
                room -= 1;
            } else {
                left.push(*waiting);
            }
        }
        for waiting in left {
            self.stalled.remove(&waiting);
            if let Some(lane) = self.lanes.get_mut(&waiting.2) {
                lane.stalled = None;
            }
        }
    }
}

/// The queue, shared.
#[derive(Default)]
pub struct SharedQueue(Mutex<Queue>);

impl SharedQueue {
    /// An empty queue.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self(Mutex::new(Queue::new(limits)))
    }

    /// The queue, for a moment: nothing is waited for while it is held.
    pub fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
