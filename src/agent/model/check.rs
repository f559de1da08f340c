//! What must hold, whatever happened.

use std::collections::{BTreeMap, BTreeSet};

use super::{Done, FORBIDDEN, Run, effect_of, had_no_effect};
use crate::{
    core::{
        command::has_ended,
        port::records::{EventFilter, OpenOf, Records},
    },
    id::{AgentId, ExecutionId},
    proto::{
        command::{CommandStatus, Execution},
        envelope::CommandOrder,
        event::{Event, EventKind},
        link::CommandResult,
        verb::Effect,
    },
};

impl Run {
    /// An execution took effect: not after its node said that it never will, and not twice.
    pub(super) fn took_effect(&mut self, order: &CommandOrder) {
        let acts = effect_of(&order.verb) == Effect::Acts;
        // One that only looks is not journalled: it may look again.
        let looks = effect_of(&order.verb) == Effect::Reads;
        assert!(
            looks || !self.never.contains(&order.execution),
            "{} was told never to begin",
            order.execution
        );
        assert!(!super::is_forbidden(order), "{} is forbidden", order.execution);
        let before =
            self.done.iter().filter(|done| done.command == order.command && done.agent == order.agent);
        assert!(!acts || before.count() == 0, "{} took effect twice on {}", order.command, order.agent);
        self.done.push(Done {
            execution: order.execution,
            command: order.command,
            agent: order.agent,
            verb: order.verb.clone(),
        });
    }

    /// The server took what a node says of an execution.
    pub(super) fn heard(&mut self, result: &CommandResult, agent: AgentId) {
        let execution = result.execution_id.unwrap();
        let node = self.nodes.iter().find(|node| node.id == agent).unwrap();
        if result.not_begun && !node.lost_power {
            let done = self.done.iter().find(|done| done.execution == execution);
            let acted = done.is_some_and(|done| effect_of(&done.verb) != Effect::Reads);
            assert!(!acted, "{execution} took effect, and its node says that it did not begin");
            self.never.insert(execution);
        }
    }

    fn effects(&self, execution: ExecutionId) -> usize {
        self.done.iter().filter(|done| done.execution == execution).count()
    }

    /// The queue in memory holds what the store holds open, and nothing else.
    pub(super) async fn compare_queue(&self) {
        let open = self.server().store.open_executions(OpenOf::All).await.unwrap();
        let queue = self.server().queue.lock();
        assert_eq!(queue.waiting() + queue.underway(), open.len(), "the queue is what the store holds");
        for execution in open {
            assert!(
                queue.output_bytes(execution.id, execution.agent).is_some(),
                "{} is queued",
                execution.id
            );
        }
    }

    /// What must hold in the end.
    pub(super) async fn check(&mut self) {
        self.compare_queue().await;
        let waiting = self.server().queue.lock().waiting();
        assert_eq!(waiting, 0, "nothing waits");
        let ids: BTreeSet<_> = self.given.iter().map(|given| given.id).collect();
        let events = self.events().await;
        let mut executions = 0;
        for id in ids {
            let command = self.server().store.command(id).await.unwrap();
            let command = command.unwrap_or_else(|| panic!("{id} was acknowledged and is lost"));
            let targets = self.given.iter().find(|given| given.id == id).unwrap().targets;
            let first = command.executions.iter().filter(|execution| execution.attempt == 1).count();
            assert_eq!(first, targets, "{id} has each of its targets");
            let is_forbidden = command.args.pointer("/argv/0").is_some_and(|word| word == FORBIDDEN);
            for execution in &command.executions {
                executions += 1;
                self.check_execution(execution, effect_of(&command.verb), is_forbidden);
                let story =
                    events.get(&execution.id).unwrap_or_else(|| panic!("{} has events", execution.id));
                check_story(execution, story);
            }
        }
        self.counts.executions += executions;
    }

    fn check_execution(&self, execution: &Execution, effect: Effect, is_forbidden: bool) {
        let (id, status, effects) = (execution.id, execution.status, self.effects(execution.id));
        let lost_power = self.nodes.iter().any(|node| node.id == execution.agent && node.lost_power);
        assert!(has_ended(status), "{id} ended");
        if status == CommandStatus::Succeeded {
            assert!(effects >= 1, "{id} succeeded and did nothing");
            let exactly = effect == Effect::Acts || effect == Effect::Idempotent && !lost_power;
            assert!(!exactly || effects == 1, "{id} succeeded and did it {effects} times");
        }
        if effect != Effect::Reads && (had_no_effect(status) || execution.started_at.is_none()) {
            let unknown = status == CommandStatus::Unknown || lost_power;
            assert!(effects == 0 || unknown, "{id} is {status:?} and took effect");
        }
        assert!(status != CommandStatus::Refused || is_forbidden, "{id} is refused, and nothing forbids it");
        if status == CommandStatus::Succeeded && effect != Effect::Reads && !lost_power {
            let kept = execution.output.map_or(0, |output| output.kept);
            assert_eq!(self.printed.bytes(id), kept, "{id} has its output");
        }
    }

    /// The events of each execution.
    async fn events(&self) -> BTreeMap<ExecutionId, Vec<Event>> {
        let mut stories: BTreeMap<ExecutionId, Vec<Event>> = BTreeMap::new();
        let mut last = 0;
        loop {
            let filter = EventFilter::default();
            let found = self.server().store.events(last, &filter, 1000).await.unwrap();
            for event in found.items {
                last = event.sequence.parse().unwrap();
                for execution in executions_of(&event) {
                    stories.entry(execution).or_default().push(event.clone());
                }
            }
            if !found.more {
                return stories;
            }
        }
    }
}

/// The executions whose story an event belongs to.
fn executions_of(event: &Event) -> Vec<ExecutionId> {
    let id = |value: &serde_json::Value| value.as_str().and_then(|text| text.parse().ok());
    match event.kind {
        EventKind::CommandQueued => {
            let targets = event.data["targets"].as_array().unwrap();
            targets.iter().filter_map(|target| id(&target["execution"])).collect()
        }
        EventKind::CommandRetried => id(&event.data["target"]["execution"]).into_iter().collect(),
        EventKind::CommandStarted | EventKind::CommandEnded => {
            id(&event.data["execution_id"]).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Queued, started, ended, each caused by the one before; only what the server concluded from silence may be corrected.
fn check_story(execution: &Execution, story: &[Event]) {
    let id = execution.id;
    let told = story.iter().map(|event| (event.kind, event.actor.as_str(), event.data["status"].as_str()));
    let told: Vec<_> = told.collect();
    for pair in story.windows(2) {
        let [before, after] = pair else { continue };
        assert_eq!(after.causationid, Some(before.id), "{id}: each is caused by the one before: {told:?}");
        let fits = match (before.kind, after.kind) {
            (EventKind::CommandQueued | EventKind::CommandRetried, EventKind::CommandStarted)
            | (
                EventKind::CommandQueued | EventKind::CommandRetried | EventKind::CommandStarted,
                EventKind::CommandEnded,
            ) => true,
            (EventKind::CommandEnded, EventKind::CommandEnded) => {
                matches!(before.data["status"].as_str(), Some("expired" | "unknown"))
            }
            _ => false,
        };
        assert!(fits, "{id}: {told:?}");
    }
    let first = story.first().map(|event| event.kind);
    let wanted = if execution.attempt == 1 { EventKind::CommandQueued } else { EventKind::CommandRetried };
    assert_eq!(first, Some(wanted), "{id}: {told:?}");
    assert_eq!(story.last().map(|event| event.kind), Some(EventKind::CommandEnded), "{id}: {told:?}");
}
