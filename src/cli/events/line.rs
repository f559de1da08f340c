//! [`Lines`]: one calm line for each thing that happens.

use std::collections::{HashMap, VecDeque};

use super::super::{measure, printer::calm};
use crate::{
    client::summary,
    id::EventId,
    proto::{event::Event, telemetry::Telemetry},
};

/// Events whose number is remembered, to be named as a cause.
const REMEMBERED: usize = 10_000;

/// Writes lines, and remembers which number an event had.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    numbers: HashMap<EventId, u64>,
    order: VecDeque<EventId>,
}

impl Lines {
    /// Time, number, node, type, actor, the facts in short, and the cause's number if this stream had it.
    pub(crate) fn event(&mut self, event: &Event) -> String {
        let number = number(event);
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
    pub(crate) fn telemetry(&self, telemetry: &Telemetry) -> String {
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

/// Its place in the log.
pub(super) fn number(event: &Event) -> u64 {
    event.sequence.parse().unwrap_or_default()
}
