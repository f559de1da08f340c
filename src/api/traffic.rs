//! [`Traffic`]: how many bytes the nodes move each second, told by their two latest measurements.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use crate::{
    core::telemetry::{increase, is_virtual},
    id::AgentId,
    proto::telemetry::{NetworkStats, Telemetry},
};

/// The latest rate of each node.
#[derive(Debug, Default)]
pub(super) struct Traffic(Mutex<HashMap<AgentId, Seen>>);

/// A node's latest measurement and the rate since the one before.
#[derive(Debug)]
struct Seen {
    time: Timestamp,
    counters: HashMap<String, (f64, f64)>,
    rate: Option<Rate>,
}

/// Bytes each second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rate {
    /// That came.
    pub(super) received: f64,
    /// That went.
    pub(super) transmitted: f64,
}

impl Traffic {
    /// Takes a measurement; one that is not newer than the latest (replayed from a spool) changes nothing.
    pub(super) fn measured(&self, agent: AgentId, telemetry: &Telemetry) {
        let counters = telemetry.network_stats.iter().filter(|(name, _)| !is_virtual(name));
        let counters: HashMap<String, (f64, f64)> =
            counters.map(|(name, stats)| (name.clone(), totals(stats))).collect();
        let mut nodes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = nodes.get(&agent);
        if before.is_some_and(|before| before.time >= telemetry.timestamp) {
            return;
        }
        let rate = before.and_then(|before| rate(before, &counters, telemetry.timestamp));
        nodes.insert(agent, Seen { time: telemetry.timestamp, counters, rate });
    }

    /// What the nodes of this kind move together, and how many they are; `None` when no rate of any is known.
    pub(super) fn total(&self, is_meant: impl Fn(AgentId) -> bool) -> (Option<Rate>, u64) {
        let mut nodes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What is not meant was removed, or is not heard of: its rate is of the past.
        nodes.retain(|agent, _| is_meant(*agent));
        let rates: Vec<Rate> = nodes.values().filter_map(|seen| seen.rate).collect();
        let sum = rates.iter().fold(Rate::default(), |sum, rate| Rate {
            received: sum.received + rate.received,
            transmitted: sum.transmitted + rate.transmitted,
        });
        ((!rates.is_empty()).then_some(sum), rates.len() as u64)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate; counts stay far below 2^52")]
const fn totals(stats: &NetworkStats) -> (f64, f64) {
    (stats.received_bytes as f64, stats.transmitted_bytes as f64)
}

/// The rate over the interfaces that both measurements have; `None` where they share none.
fn rate(before: &Seen, now: &HashMap<String, (f64, f64)>, time: Timestamp) -> Option<Rate> {
    let seconds = time.duration_since(before.time).as_secs_f64();
    let moved = now.iter().filter_map(|(name, (received, transmitted))| {
        let (received_before, transmitted_before) = before.counters.get(name)?;
        Some((increase(*received_before, *received), increase(*transmitted_before, *transmitted)))
    });
    let moved: Vec<(f64, f64)> = moved.collect();
    let sum = |part: fn(&(f64, f64)) -> f64| moved.iter().map(part).sum::<f64>() / seconds;
    (!moved.is_empty() && seconds > 0.0)
        .then(|| Rate { received: sum(|(received, _)| *received), transmitted: sum(|(_, sent)| *sent) })
}

#[cfg(test)]
mod tests;
