//! [`Traffic`]: how many bytes the nodes move each second, told by their two latest measurements.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use crate::{
    id::AgentId,
    proto::telemetry::{NetworkStats, Telemetry},
};

/// Interfaces that move what another moves too, or what never leaves the node.
const VIRTUAL: &[&str] = &["lo", "veth", "docker", "br-", "virbr", "cni", "flannel", "cali"];

/// The latest rate of each node.
#[derive(Debug, Default)]
pub(super) struct Traffic(Mutex<HashMap<AgentId, Seen>>);

/// A node's latest measurement and the rate since the one before.
#[derive(Debug)]
struct Seen {
    time: Timestamp,
    counters: HashMap<String, (u64, u64)>,
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
        let counters: HashMap<String, (u64, u64)> =
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

fn is_virtual(name: &str) -> bool {
    VIRTUAL.iter().any(|prefix| name.starts_with(prefix))
}

const fn totals(stats: &NetworkStats) -> (u64, u64) {
    (stats.received_bytes, stats.transmitted_bytes)
}

/// The rate over the interfaces that both measurements have; `None` where none goes on where it was: a node that
/// started again counts from zero.
#[expect(clippy::cast_precision_loss, reason = "a rate; the counts of an interval stay far below 2^52")]
fn rate(before: &Seen, now: &HashMap<String, (u64, u64)>, time: Timestamp) -> Option<Rate> {
    let seconds = time.duration_since(before.time).as_secs_f64();
    let moved = now.iter().filter_map(|(name, (received, transmitted))| {
        let (received_before, transmitted_before) = before.counters.get(name)?;
        Some((received.checked_sub(*received_before)?, transmitted.checked_sub(*transmitted_before)?))
    });
    let moved: Vec<(u64, u64)> = moved.collect();
    let sum = |part: fn(&(u64, u64)) -> u64| moved.iter().map(part).sum::<u64>() as f64 / seconds;
    (!moved.is_empty() && seconds > 0.0)
        .then(|| Rate { received: sum(|(received, _)| *received), transmitted: sum(|(_, sent)| *sent) })
}

#[cfg(test)]
mod tests;
