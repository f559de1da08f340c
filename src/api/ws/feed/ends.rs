//! [`Ends`]: who waits for the end of which command. An end costs what it concerns, however many wait for others.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;
use tokio::sync::Notify;

use crate::{
    id::{CommandId, ExecutionId},
    proto::event::{Event, EventKind},
};

/// Those who wait, by the command.
#[derive(Default)]
pub(super) struct Ends(Mutex<HashMap<CommandId, Vec<Arc<Waiting>>>>);

/// Somebody who waits.
struct Waiting {
    /// What has not ended yet.
    running: Mutex<HashSet<ExecutionId>>,
    over: Notify,
}

/// A place among those who wait, for as long as it lives.
pub(super) struct Place<'a> {
    ends: &'a Ends,
    command: CommandId,
    waiting: Arc<Waiting>,
}

impl Ends {
    /// Waits from now on for the end of these executions of a command.
    pub(super) fn wait(&self, command: CommandId, running: HashSet<ExecutionId>) -> Place<'_> {
        let waiting = Arc::new(Waiting { running: Mutex::new(running), over: Notify::new() });
        self.waiting().entry(command).or_default().push(Arc::clone(&waiting));
        Place { ends: self, command, waiting }
    }

    /// Tells those whom events concern.
    pub(super) fn committed(&self, events: &[Event]) {
        let all = self.waiting();
        if all.is_empty() {
            return;
        }
        for (command, execution) in events.iter().filter_map(end_of) {
            for waiting in all.get(&command).into_iter().flatten() {
                waiting.ended(execution);
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<CommandId, Vec<Arc<Waiting>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn ended(&self, execution: ExecutionId) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(&execution);
        if running.is_empty() {
            self.over.notify_one();
        }
    }
}

impl Place<'_> {
    /// Takes an event that was committed before the wait began.
    pub(super) fn heard(&self, event: &Event) {
        if let Some((command, execution)) = end_of(event)
            && command == self.command
        {
            self.waiting.ended(execution);
        }
    }

    /// Returns once all of them ended.
    pub(super) async fn over(&self) {
        self.waiting.over.notified().await;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut all = self.ends.waiting();
        if let Some(of_command) = all.get_mut(&self.command) {
            of_command.retain(|waiting| !Arc::ptr_eq(waiting, &self.waiting));
            if of_command.is_empty() {
                all.remove(&self.command);
            }
        }
    }
}

/// The execution that an event says ended, and its command.
fn end_of(event: &Event) -> Option<(CommandId, ExecutionId)> {
    if event.kind != EventKind::CommandEnded {
        return None;
    }
    let execution = event.data.get("execution_id").and_then(Value::as_str)?;
    Some((event.correlationid.as_deref()?.parse().ok()?, execution.parse().ok()?))
}
