//! How events change the queue.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Entry, Job, Queue, Stage};
use crate::{
    core::{access::Principal, port::records::ExecutionRecord},
    id::{AgentId, CommandId, ExecutionId},
    proto::{
        command::{Command, CommandStatus, Execution},
        event::{Event, EventKind},
    },
};

/// The facts of `command.queued`: the command without its executions, and its targets in few words.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Queued {
    /// The command; its executions are left out.
    pub command: Command,
    /// Its targets.
    pub targets: Vec<Target>,
    /// Whether secrets belong to its arguments.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_sealed: bool,
    /// On whose behalf it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Principal>,
}

/// A target of a command that was queued.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Target {
    /// The execution.
    pub execution: ExecutionId,
    /// The target's id.
    pub agent: AgentId,
    /// Its name.
    pub node: String,
    /// Which attempt it is.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub attempt: u32,
    /// The part of a rollout; 0 without one.
    #[serde(default, skip_serializing_if = "is_none")]
    pub batch: u32,
    /// Not before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Void from then on; absent while its part of a rollout has not begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

const fn first() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde wants")]
const fn is_first(attempt: &u32) -> bool {
    *attempt == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde wants")]
const fn is_none(batch: &u32) -> bool {
    *batch == 0
}

impl Target {
    /// What is told of an execution that was queued.
    #[must_use]
    pub fn of(execution: &Execution) -> Self {
        Self {
            execution: execution.id,
            agent: execution.agent,
            node: execution.node.clone(),
            attempt: execution.attempt,
            batch: execution.batch,
            not_before: execution.not_before,
            expires_at: execution.expires_at,
        }
    }

    fn entry(&self) -> Entry {
        let stage = match (self.expires_at, self.not_before) {
            (None, _) => Stage::Held,
            (Some(_), Some(at)) => Stage::Unripe(at),
            (Some(_), None) => Stage::Ready,
        };
        Entry {
            id: self.execution,
            agent: self.agent,
            attempt: self.attempt,
            batch: self.batch,
            stage,
            due_at: self.expires_at,
            was_sent: false,
            is_cancelled: false,
        }
    }
}

impl Job {
    /// What all executions of a command share.
    #[must_use]
    pub fn of(command: Command, is_sealed: bool, by: Option<Principal>) -> Self {
        Self {
            id: command.id,
            verb: command.verb,
            args: command.args,
            is_sealed,
            by,
            actor: command.actor,
            created_at: command.created_at,
            timeout_s: command.timeout_s,
            priority: command.priority,
            precondition: command.precondition,
            output_bytes: command.output_bytes,
        }
    }
}

impl ExecutionRecord {
    /// What the queue holds of an execution that was read from the store now: as far as can be told then, its node may have
    /// it once its time has come.
    #[must_use]
    pub fn queue_entry(&self, now: Timestamp) -> (Job, Entry) {
        let stage = match self.status {
            CommandStatus::Started => Stage::Started,
            _ if self.is_held => Stage::Held,
            _ => self.not_before.filter(|at| *at > now).map_or(Stage::Ready, Stage::Unripe),
        };
        let job = Job {
            id: self.command,
            verb: self.verb.clone(),
            args: self.args.clone(),
            is_sealed: self.is_sealed,
            by: self.by,
            actor: self.actor.clone(),
            created_at: self.created_at,
            timeout_s: self.timeout_s,
            priority: self.priority,
            precondition: self.precondition.clone(),
            output_bytes: self.output_bytes,
        };
        let entry = Entry {
            id: self.id,
            agent: self.agent,
            attempt: self.attempt,
            batch: self.batch,
            stage,
            due_at: self.due_at,
            was_sent: stage == Stage::Ready,
            is_cancelled: self.cancelled_at.is_some(),
        };
        (job, entry)
    }
}

/// The facts of `rollout.advanced`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Advanced {
    /// The command.
    pub command_id: CommandId,
    /// The part that begins.
    pub batch: u32,
    /// Its executions.
    pub executions: Vec<ExecutionId>,
    /// When they expire.
    pub expires_at: Timestamp,
}

impl Queue {
    /// Takes what was committed, and says which nodes are to be nudged.
    pub fn committed(&mut self, events: &[Event]) -> BTreeSet<AgentId> {
        let mut nudged = BTreeSet::new();
        for event in events {
            match event.kind {
                EventKind::CommandQueued => self.queued(event, &mut nudged),
                EventKind::CommandRetried => self.retried(event, &mut nudged),
                EventKind::CommandStarted => {
                    if let Some(id) = execution_of(&event.data) {
                        self.started(id, moment_of(&event.data, "due_at"));
                    }
                }
                EventKind::CommandEnded => {
                    if let Some(id) = execution_of(&event.data) {
                        self.ended(id, &mut nudged);
                    }
                }
                EventKind::CommandCancelling => self.cancelling(event, &mut nudged),
                EventKind::RolloutAdvanced => self.advanced(event, &mut nudged),
                _ => {}
            }
        }
        // Not sooner: of one commit, an attempt that ended may be followed by the next.
        for id in std::mem::take(&mut self.emptied) {
            if self.jobs.get(&id).is_some_and(|(_, open)| *open == 0) {
                self.jobs.remove(&id);
            }
        }
        self.wake(&mut nudged);
        nudged
    }

    fn queued(&mut self, event: &Event, nudged: &mut BTreeSet<AgentId>) {
        let Ok(Queued { command, targets, is_sealed, by }) = Queued::deserialize(&event.data) else { return };
        let job = Arc::new(Job::of(command, is_sealed, by));
        for target in targets {
            if self.add(&job, target.entry()) {
                nudged.insert(target.agent);
            }
        }
    }

    fn retried(&mut self, event: &Event, nudged: &mut BTreeSet<AgentId>) {
        let command = event.data.get("command_id").and_then(Value::as_str).and_then(|id| id.parse().ok());
        let job = command.and_then(|id: CommandId| Some(Arc::clone(&self.jobs.get(&id)?.0)));
        let target = event.data.get("target").and_then(|target| Target::deserialize(target).ok());
        if let (Some(job), Some(target)) = (job, target)
            && self.add(&job, target.entry())
        {
            nudged.insert(target.agent);
        }
    }

    fn cancelling(&mut self, event: &Event, nudged: &mut BTreeSet<AgentId>) {
        for id in executions_of(&event.data) {
            let Some(open) = self.open.get_mut(&id) else { continue };
            open.entry.is_cancelled = true;
            if let Some(lane) = self.lanes.get_mut(&open.entry.agent) {
                lane.forget(id);
                lane.cancels.insert(id);
                nudged.insert(open.entry.agent);
            }
        }
    }

    fn advanced(&mut self, event: &Event, nudged: &mut BTreeSet<AgentId>) {
        let Ok(advanced) = Advanced::deserialize(&event.data) else { return };
        for id in advanced.executions {
            let Some(open) = self.open.get_mut(&id).filter(|open| open.entry.stage == Stage::Held) else {
                continue;
            };
            open.entry.stage = Stage::Ready;
            open.entry.due_at = Some(advanced.expires_at);
            self.due.insert((advanced.expires_at, id));
            let (agent, priority) = (open.entry.agent, open.job.priority);
            if self.lanes.entry(agent).or_default().ready(priority, id) {
                nudged.insert(agent);
            }
        }
    }
}

fn execution_of(data: &Value) -> Option<ExecutionId> {
    data.get("execution_id")?.as_str()?.parse().ok()
}

fn moment_of(data: &Value, name: &str) -> Option<Timestamp> {
    data.get(name)?.as_str()?.parse().ok()
}

fn executions_of(data: &Value) -> impl Iterator<Item = ExecutionId> + '_ {
    let ids = data.get("executions").and_then(Value::as_array).into_iter().flatten();
    ids.filter_map(|id| id.as_str()?.parse().ok())
}
