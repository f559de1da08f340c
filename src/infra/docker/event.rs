//! The engine's event stream in our words.

use std::collections::HashMap;

use bollard::models::{EventMessage, EventMessageTypeEnum};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::proto::{
    container::{ContainerFacts, ContainerState},
    event::EventKind,
    labels::Labels,
};

/// The events that are asked for. Health checks run an `exec` every few seconds, which nobody needs to hear of.
const ACTIONS: [&str; 20] = [
    "create",
    "start",
    "die",
    "stop",
    "kill",
    "oom",
    "restart",
    "pause",
    "unpause",
    "rename",
    "update",
    "health_status",
    "destroy",
    "pull",
    "tag",
    "untag",
    "import",
    "load",
    "delete",
    "commit",
];

/// Something that happened in the engine.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineEvent {
    /// When, by the engine's clock.
    pub time: Timestamp,
    /// What.
    pub kind: EventKind,
    /// To what.
    pub subject: Subject,
    /// Further facts, such as `exit_code` or `signal`.
    pub attributes: Map<String, Value>,
    /// The container's name and image as the event itself tells them.
    called: (String, String),
}

impl EngineEvent {
    /// What the event alone tells of its container: one that lives for a moment is gone before it can be read.
    #[must_use]
    pub fn outline(&self, id: &str) -> ContainerFacts {
        let state = match self.kind {
            EventKind::ContainerCreated => ContainerState::Created,
            EventKind::ContainerDied | EventKind::ContainerStopped | EventKind::ContainerRemoved => {
                ContainerState::Exited
            }
            EventKind::ContainerPaused => ContainerState::Paused,
            _ => ContainerState::Running,
        };
        let (name, image) = self.called.clone();
        ContainerFacts {
            id: id.to_owned(),
            name,
            image: image.into(),
            image_id: "".into(),
            command: None,
            state,
            health: None,
            exit_code: self.attributes.get("exit_code").and_then(Value::as_i64),
            created_at: None,
            started_at: None,
            finished_at: None,
            ports: Vec::new(),
            labels: Labels::default(),
        }
    }
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A container, by its id.
    Container(String),
    /// An image, by its id or a name.
    Image(String),
}

/// What to ask the engine for.
pub(super) fn filters() -> HashMap<&'static str, Vec<&'static str>> {
    HashMap::from([("type", vec!["container", "image"]), ("event", ACTIONS.to_vec())])
}

/// Reads a message of the stream; `None` of one that says nothing to us.
pub(super) fn read(message: EventMessage) -> Option<EngineEvent> {
    let (actor, action) = (message.actor?, message.action?);
    let time = Timestamp::from_nanosecond(i128::from(message.time_nano?)).ok()?;
    let id = actor.id?;
    let given = actor.attributes.unwrap_or_default();
    let (word, detail) = action.split_once(": ").unwrap_or((&action, ""));
    let (kind, subject) = match message.typ? {
        EventMessageTypeEnum::CONTAINER => (container_kind(word)?, Subject::Container(id)),
        EventMessageTypeEnum::IMAGE => (image_kind(word)?, Subject::Image(id)),
        _ => return None,
    };
    let called = ["name", "image"].map(|word| given.get(word).cloned().unwrap_or_default()).into();
    Some(EngineEvent { time, kind, subject, attributes: attributes(kind, detail, &given), called })
}

fn container_kind(action: &str) -> Option<EventKind> {
    Some(match action {
        "create" => EventKind::ContainerCreated,
        "start" => EventKind::ContainerStarted,
        "die" => EventKind::ContainerDied,
        "stop" => EventKind::ContainerStopped,
        "kill" => EventKind::ContainerKilled,
        "oom" => EventKind::ContainerOom,
        "restart" => EventKind::ContainerRestarted,
        "pause" => EventKind::ContainerPaused,
        "unpause" => EventKind::ContainerUnpaused,
        "rename" => EventKind::ContainerRenamed,
        "update" => EventKind::ContainerUpdated,
        "health_status" => EventKind::ContainerHealthChanged,
        "destroy" => EventKind::ContainerRemoved,
        _ => return None,
    })
}

fn image_kind(action: &str) -> Option<EventKind> {
    Some(match action {
        "pull" | "tag" | "untag" | "import" | "load" | "commit" => EventKind::ImageUpdated,
        "delete" => EventKind::ImageRemoved,
        _ => return None,
    })
}

/// The facts that belong to a kind. Everything else that the engine adds are the container's labels.
fn attributes(kind: EventKind, detail: &str, given: &HashMap<String, String>) -> Map<String, Value> {
    let number = |name: &str| {
        given.get(name).map(|text| text.parse::<i64>().map_or_else(|_| text.as_str().into(), Value::from))
    };
    let text = |name: &str| given.get(name).map(|text| Value::from(text.trim_start_matches('/')));
    let found = match kind {
        EventKind::ContainerDied => number("exitCode").map(|value| ("exit_code", value)),
        EventKind::ContainerKilled => number("signal").map(|value| ("signal", value)),
        EventKind::ContainerRenamed => text("oldName").map(|value| ("old_name", value)),
        EventKind::ContainerHealthChanged => Some(("health", detail.into())),
        _ => None,
    };
    found.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests;
