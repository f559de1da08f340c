//! What a scope leaves of records that several nodes share: commands, and events.

use std::sync::Arc;

use serde_json::Value;

use super::Node;
use crate::{
    core::{
        command::{aggregate_of, has_ended},
        fleet::Fleet,
    },
    id::AgentId,
    proto::{
        auth::Scope,
        command::Command,
        event::{Event, EventKind},
    },
};

/// Whether an agent is in a scope; of one that was removed no more than its name is known.
fn holds(scope: &Scope, fleet: &Fleet, agent: AgentId, name: &str) -> bool {
    let node = fleet.agent_by_id(agent).map_or(Node { name, site: None }, Node::from);
    scope.holds_node(node)
}

/// The user about whose account an event is: what `GET /users` and `GET /auth/keys` show to admins, and to others of their own.
#[must_use]
pub fn account_of(event: &Event) -> Option<&str> {
    let noun = event.kind.as_str().split('.').next();
    noun.filter(|noun| matches!(*noun, "user" | "key"))?;
    let told = ["/user/username", "/key/username", "/username"];
    Some(told.iter().find_map(|place| event.data.pointer(place)?.as_str()).unwrap_or_default())
}

/// A command as a scope shows it: the executions on its nodes, and how those stand. `None` when there are none.
#[must_use]
pub fn command_for(scope: Option<&Scope>, fleet: &Fleet, mut command: Command) -> Option<Command> {
    let Some(scope) = scope else { return Some(command) };
    command.executions.retain(|execution| holds(scope, fleet, execution.agent, &execution.node));
    if command.executions.is_empty() {
        return None;
    }
    command.status = aggregate_of(&command.executions);
    command.ended_at = match has_ended(command.status) {
        true => command.executions.iter().filter_map(|execution| execution.ended_at).max(),
        false => None,
    };
    Some(command)
}

/// An event as a scope shows it: what is about one of its nodes, and of a command to several nodes those that it holds. What
/// is about nobody's node is shown to nobody with a scope, but for the server's own starts and ends.
#[must_use]
pub fn event_for(scope: Option<&Scope>, fleet: &Fleet, event: &Arc<Event>) -> Option<Arc<Event>> {
    let Some(scope) = scope else { return Some(Arc::clone(event)) };
    match (&event.subject, event.kind) {
        (Some(name), _) => {
            // An agent's own record says where it was then; else where the node of that name is now.
            let told = ["/agent/site", "/site"].iter().find_map(|place| event.data.pointer(place)?.as_str());
            let site = told.or_else(|| fleet.agent(name).ok().map(|agent| agent.site.as_str()));
            scope.holds_node(Node { name, site }).then(|| Arc::clone(event))
        }
        (None, EventKind::ServerStarted | EventKind::ServerStopped) => Some(Arc::clone(event)),
        (None, EventKind::CommandQueued) => {
            let mut event = Event::clone(event);
            let targets = event.data.get_mut("targets")?.as_array_mut()?;
            targets.retain(|target| {
                let agent = target.get("agent").and_then(Value::as_str).and_then(|id| id.parse().ok());
                let name = target.get("node").and_then(Value::as_str);
                agent.zip(name).is_some_and(|(agent, name)| holds(scope, fleet, agent, name))
            });
            (!targets.is_empty()).then(|| Arc::new(event))
        }
        (None, _) => None,
    }
}
