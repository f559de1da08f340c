//! [`Lines`]: one calm line for each thing that happens.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use super::super::{measure, printer::calm};
use crate::{
    id::EventId,
    proto::{event::Event, telemetry::Telemetry},
};

/// Events whose number is remembered, to be named as a cause.
const REMEMBERED: usize = 10_000;

/// Writes lines, and remembers which number an event had.
#[derive(Debug, Default)]
pub(super) struct Lines {
    numbers: HashMap<EventId, u64>,
    order: VecDeque<EventId>,
}

impl Lines {
    /// Time, number, node, type, actor, the facts in short, and the cause's number if this stream had it.
    pub(super) fn event(&mut self, event: &Event) -> String {
        let number = event.sequence.parse().unwrap_or_default();
        let cause = event.causationid.and_then(|cause| self.numbers.get(&cause));
        let cause = cause.map_or_else(String::new, |cause| format!("  after #{cause}"));
        self.remember(event.id, number);
        let line = format!(
            "{}  {:>6}  {:<16}  {:<24}  {:<16}  {}{cause}",
            measure::moment(event.time),
            format!("#{number}"),
            event.subject.as_deref().unwrap_or("-"),
            event.kind.as_str(),
            event.actor,
            summary(event),
        );
        calm(line.trim_end()).replace('\n', " ")
    }

    /// The same shape for a measurement, which has no number.
    #[expect(clippy::unused_self, reason = "the two shapes belong side by side")]
    pub(super) fn telemetry(&self, telemetry: &Telemetry) -> String {
        let line = format!(
            "{}  {:>6}  {:<16}  {:<24}  {:<16}  cpu {}  memory {}",
            measure::moment(telemetry.timestamp),
            "-",
            telemetry.agent_id,
            "telemetry",
            format!("agent:{}", telemetry.agent_id),
            measure::percent(telemetry.cpu_usage),
            measure::percent(telemetry.memory_usage.percent),
        );
        calm(&line).replace('\n', " ")
    }

    fn remember(&mut self, id: EventId, number: u64) {
        self.numbers.insert(id, number);
        self.order.push_back(id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.numbers.remove(&oldest);
        }
    }
}

/// What a person looks for first: in the record that the event is about, or beside it.
fn summary(event: &Event) -> String {
    let noun = event.kind.as_str().split('.').next().unwrap_or_default();
    let fields: &[&str] = match noun {
        "container" => &["name", "state", "exit_code", "health"],
        "command" => &["verb", "status", "error_message"],
        "agent" => &["site", "version", "reason"],
        "image" => &["tags"],
        "user" => &["username", "role"],
        "key" => &["name", "role"],
        _ => &[],
    };
    let find =
        |field: &str| event.data.get(noun).and_then(|record| record.get(field)).or(event.data.get(field));
    fields.iter().filter_map(|field| word(find(field)?)).collect::<Vec<_>>().join(" ")
}

/// A fact as one word or a few; a number as Docker writes an exit code, `exited (137)`.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(format!("({number})")),
        Value::Array(values) => values.first().and_then(word),
        _ => None,
    }
}
